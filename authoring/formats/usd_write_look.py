"""A garment's materials as UsdPreviewSurface."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.images import image_has_alpha

from .obj_write import texture_name

_WRAPS = {10497: "repeat", 33071: "clamp", 33648: "mirror"}
_CUTOFF = 0.5  # glTF's, where a mask does not say its own


def write_materials(
    stage: Any, mesh: Any, garment: GarmentMesh, faces: NDArray[np.int64], uv_names: list[str], stem: str
) -> dict[str, bytes]:
    """Write and bind every material; returns the textures by name.

    Args:
        stage: The stage.
        mesh: Its UsdGeomMesh.
        garment: The garment.
        faces: A triangle of each polygon.
        uv_names: Primvars of UV0 and the further sets.
        stem: Names the folder of textures.
    """
    from pxr import Tf, UsdGeom, UsdShade

    textures: dict[str, bytes] = {}
    scope = UsdGeom.Scope.Define(stage, mesh.GetPath().GetParentPath().AppendChild("materials"))
    ids = garment.material_ids[faces]
    names: list[str] = []
    for k, material in enumerate(garment.materials):
        name = Tf.MakeValidIdentifier(material.name)
        names.append(f"{name}_{k}" if name in names else name)
        surface = _Surface(stage, scope.GetPath().AppendChild(names[-1]), material, uv_names, stem, textures)
        bound = surface.write()
        if len(garment.materials) == 1:
            UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).Bind(bound)
            continue
        if not (ids == k).any():
            continue
        index = np.flatnonzero(ids == k).astype(np.int32)
        api = UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim())
        subset = api.CreateMaterialBindSubset(names[-1], index.tolist())
        UsdShade.MaterialBindingAPI.Apply(subset.GetPrim()).Bind(bound)
    if len(garment.materials) > 1:
        family = UsdGeom.Tokens.partition
        UsdShade.MaterialBindingAPI(mesh.GetPrim()).SetMaterialBindSubsetsFamilyType(family)
    return textures


class _Surface:
    """One material in the making."""

    def __init__(
        self, stage: Any, path: Any, material: Material, uv_names: list[str], stem: str, textures: dict[str, bytes]
    ) -> None:
        from pxr import UsdShade

        self._stage, self._path, self._material = stage, path, material
        self._uv_names, self._stem, self._textures = uv_names, stem, textures
        self._material_prim = UsdShade.Material.Define(stage, path)
        self._shader = UsdShade.Shader.Define(stage, path.AppendChild("surface"))

    def write(self) -> Any:
        from pxr import Gf, Sdf

        types, material, record = Sdf.ValueTypeNames, self._material, self._material.record
        self._shader.CreateIdAttr("UsdPreviewSurface")
        self._material_prim.CreateSurfaceOutput().ConnectToSource(self._shader.ConnectableAPI(), "surface")
        self._set("roughness", types.Float, material.roughness)
        self._set("metallic", types.Float, material.metallic)
        self._set("opacity", types.Float, material.base_color[3])
        self._set("diffuseColor", types.Color3f, Gf.Vec3f(*material.base_color[:3]))
        if record.get("emissiveFactor"):
            self._set("emissiveColor", types.Color3f, Gf.Vec3f(*record["emissiveFactor"]))
        coat = record.get("extensions", {}).get("KHR_materials_clearcoat", {})
        if coat.get("clearcoatFactor"):
            self._set("clearcoat", types.Float, coat["clearcoatFactor"])
            self._set("clearcoatRoughness", types.Float, coat.get("clearcoatRoughnessFactor", 0.0))
        self._images()
        return self._material_prim

    def _set(self, name: str, kind: Any, value: Any) -> None:
        self._shader.CreateInput(name, kind).Set(value)

    def _images(self) -> None:
        material, record = self._material, self._material.record
        pbr = record.get("pbrMetallicRoughness", {})
        if material.base_color_image is not None:
            image, color = material.base_color_image, material.base_color
            info = pbr.get("baseColorTexture", {})
            wires = {"diffuseColor": "rgb"}
            mode = record.get("alphaMode", "MASK" if image_has_alpha(image) else "OPAQUE")
            if image_has_alpha(image) and mode != "OPAQUE":
                wires["opacity"] = "a"
                if mode == "MASK":
                    self._shader.CreateInput("opacityThreshold", _float()).Set(record.get("alphaCutoff", _CUTOFF))
            self._image("color", image, info, wires, scale=color)
        if material.normal_image is not None:
            info = record.get("normalTexture", {})
            size = 2.0 * float(info.get("scale", 1.0))
            half = -size / 2
            scale, bias = (size, size, 2.0, 1.0), (half, half, -1.0, 0.0)
            self._image("normal", material.normal_image, info, {"normal": "rgb"}, scale=scale, bias=bias)
        for role, info, wires in (
            ("surface", pbr.get("metallicRoughnessTexture"), {"roughness": "g", "metallic": "b"}),
            ("occlusion", record.get("occlusionTexture"), {"occlusion": "r"}),
            ("emissive", record.get("emissiveTexture"), {"emissiveColor": "rgb"}),
        ):
            if info is not None:
                glow = (*record.get("emissiveFactor", (1.0, 1.0, 1.0)), 1.0)
                factors: tuple[float, ...] | None = (
                    glow if role == "emissive" else _surface_scale(material) if role == "surface" else None
                )
                self._image(role, material.images[info["index"]], info, wires, scale=factors)

    def _image(
        self,
        role: str,
        image: bytes,
        info: dict[str, Any],
        wires: dict[str, str],
        scale: tuple[float, ...] | None = None,
        bias: tuple[float, ...] | None = None,
    ) -> None:
        from pxr import Gf, Sdf, UsdShade

        types = Sdf.ValueTypeNames
        name = texture_name(self._stem, self._path.name, role, image)
        self._textures[name] = image
        shader = UsdShade.Shader.Define(self._stage, self._path.AppendChild(f"{role}_texture"))
        shader.CreateIdAttr("UsdUVTexture")
        shader.CreateInput("file", types.Asset).Set(Sdf.AssetPath(f"./{name}"))
        shader.CreateInput("sourceColorSpace", types.Token).Set("sRGB" if role in ("color", "emissive") else "raw")
        sampler = info.get("sampler", {})
        for axis in "ST":
            shader.CreateInput(f"wrap{axis}", types.Token).Set(_WRAPS.get(sampler.get(f"wrap{axis}"), "repeat"))
        if scale is not None and scale != (1.0, 1.0, 1.0, 1.0):
            shader.CreateInput("scale", types.Float4).Set(Gf.Vec4f(*scale))
        if bias is not None:
            shader.CreateInput("bias", types.Float4).Set(Gf.Vec4f(*bias))
        shader.CreateInput("st", types.Float2).ConnectToSource(self._coordinates(role, info), "result")
        for target, output in wires.items():
            kind = types.Float3 if output == "rgb" else types.Float
            shader.CreateOutput(output, kind)
            entry_kind = {"normal": types.Normal3f, "diffuseColor": types.Color3f, "emissiveColor": types.Color3f}
            entry = self._shader.CreateInput(target, entry_kind.get(target, types.Float))
            entry.ConnectToSource(shader.ConnectableAPI(), output)

    def _coordinates(self, role: str, info: dict[str, Any]) -> Any:
        """Return what gives a texture its coordinates: a primvar, moved where the material says so."""
        from pxr import Gf, Sdf, UsdShade

        types = Sdf.ValueTypeNames
        number = int(info.get("texCoord", 0))
        reader = UsdShade.Shader.Define(self._stage, self._path.AppendChild(f"{role}_st"))
        reader.CreateIdAttr("UsdPrimvarReader_float2")
        name = self._uv_names[number] if number < len(self._uv_names) else "st"
        reader.CreateInput("varname", types.String).Set(name)
        reader.CreateOutput("result", types.Float2)
        place = info.get("extensions", {}).get("KHR_texture_transform")
        if not place:
            return reader.ConnectableAPI()
        scale, angle = place.get("scale", [1.0, 1.0]), float(place.get("rotation", 0.0))
        across, down = place.get("offset", [0.0, 0.0])
        moved = UsdShade.Shader.Define(self._stage, self._path.AppendChild(f"{role}_place"))
        moved.CreateIdAttr("UsdTransform2d")
        moved.CreateInput("in", types.Float2).ConnectToSource(reader.ConnectableAPI(), "result")
        moved.CreateInput("scale", types.Float2).Set(Gf.Vec2f(*scale))
        moved.CreateInput("rotation", types.Float).Set(math.degrees(angle))
        # glTF counts coordinates from the top, USD from the bottom
        offset = (across + math.sin(angle) * scale[1], 1 - math.cos(angle) * scale[1] - down)
        moved.CreateInput("translation", types.Float2).Set(Gf.Vec2f(*offset))
        moved.CreateOutput("result", types.Float2)
        return moved.ConnectableAPI()


def _surface_scale(material: Material) -> tuple[float, ...] | None:
    if material.roughness == 1.0 and material.metallic == 1.0:
        return None
    return (1.0, material.roughness, material.metallic, 1.0)


def _float() -> Any:
    from pxr import Sdf

    return Sdf.ValueTypeNames.Float
