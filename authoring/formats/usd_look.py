"""The materials of a USD stage: UsdPreviewSurface with its textures."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import InputError

from .pieces import Findings
from .raw import MAX_FILE_BYTES
from .shading import Look, Role, Texture, inverted_green, texture_bytes, texture_file, unit
from .usd_paths import relative_to

_ROLES: dict[str, Role] = {
    "diffuseColor": "color",
    "normal": "normal",
    "roughness": "roughness",
    "metallic": "metallic",
    "occlusion": "occlusion",
    "emissiveColor": "emissive",
    "opacity": "opacity",
}
_WRAPS = {"repeat": "repeat", "clamp": "clamp", "black": "clamp", "mirror": "mirror"}


class Surfaces:
    """The materials that meshes of a stage are bound to.

    Args:
        path: The file; its textures lie beside or inside it.
        found: Takes what is dropped or converted.
    """

    def __init__(self, path: Path, found: Findings) -> None:
        self.looks: list[Look] = []
        self._path, self._found = path, found
        self._ids: dict[object, int] = {}

    def of_faces(self, prim: Any, n_faces: int) -> NDArray[np.int64]:
        """Return the material of each polygon, by subset and else by the mesh."""
        from pxr import UsdGeom, UsdShade

        whole = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()[0]
        ids = np.full(n_faces, -1, np.int64)
        for subset in UsdGeom.Subset.GetAllGeomSubsets(UsdGeom.Imageable(prim)):
            faces = np.array(subset.GetIndicesAttr().Get() or [], np.int64)
            material = UsdShade.MaterialBindingAPI(subset.GetPrim()).ComputeBoundMaterial()[0]
            if str(subset.GetElementTypeAttr().Get()) != "face" or not material:
                continue
            if len(faces) and not 0 <= faces.min() <= faces.max() < n_faces:
                self._found.dropped(str(subset.GetPath()), f"it names faces beyond the {n_faces} there are")
                continue
            ids[faces] = self._id(prim, material)
        if (ids < 0).any():
            ids[ids < 0] = self._id(prim, whole)
        return ids

    def _id(self, prim: Any, material: Any) -> int:
        key: object = str(material.GetPath()) if material else self._plain(prim)
        if key not in self._ids:
            look = self._look(material) if material else Look(color=key if isinstance(key, tuple) else (0.8,) * 3)
            sided = prim.GetAttribute("doubleSided")
            look.double_sided = bool(sided.Get()) if sided and sided.HasAuthoredValue() else True
            self._ids[key] = len(self.looks)
            self.looks.append(look)
        return self._ids[key]

    def _plain(self, prim: Any) -> object:
        """Return the one colour of a mesh without a material, or "" where there is none."""
        from pxr import UsdGeom

        values = UsdGeom.Gprim(prim).GetDisplayColorPrimvar().Get()
        if values is None or len(values) != 1:
            return ""
        return tuple(unit(float(v)) for v in values[0])

    def _look(self, material: Any) -> Look:
        look = Look(name=material.GetPrim().GetName())
        shader = material.ComputeSurfaceSource()[0]
        if not shader or shader.GetIdAttr().Get() != "UsdPreviewSurface":
            self._found.dropped(f"material {look.name}", "it has no UsdPreviewSurface; it gets a plain grey")
            return look
        values = {i.GetBaseName(): _value(i) for i in shader.GetInputs()}
        look.roughness, look.metallic = _number(values, "roughness", 0.5), _number(values, "metallic", 0.0)
        look.opacity = _number(values, "opacity", 1.0)
        look.color = _color(values, "diffuseColor", (0.18, 0.18, 0.18))
        look.emissive = _color(values, "emissiveColor", (0.0, 0.0, 0.0))
        threshold = _number(values, "opacityThreshold", 0.0)
        look.cutoff = threshold if threshold > 0 else None
        coat = _number(values, "clearcoat", 0.0)
        if coat > 0:
            look.extensions["KHR_materials_clearcoat"] = {
                "clearcoatFactor": coat,
                "clearcoatRoughnessFactor": _number(values, "clearcoatRoughness", 0.01),
            }
        ior = values.get("ior")
        if isinstance(ior, float) and math.isfinite(ior) and ior >= 1 and abs(ior - 1.5) > 1e-6:
            look.extensions["KHR_materials_ior"] = {"ior": ior}
        if values.get("useSpecularWorkflow"):
            self._found.dropped(f"specular workflow of {look.name}", "roughness and metallic say how it shines")
        for entry in shader.GetInputs():
            if entry.HasConnectedSource():
                self._connect(look, entry)
        return look

    def _connect(self, look: Look, entry: Any) -> None:
        from pxr import UsdShade

        role = _ROLES.get(entry.GetBaseName())
        sources = UsdShade.Utils.GetValueProducingAttributes(entry)
        shader = UsdShade.Shader(sources[0].GetPrim()) if sources else None
        if not shader or shader.GetIdAttr().Get() != "UsdUVTexture":
            return
        if role is None:
            self._found.dropped(f"{entry.GetBaseName()} texture of {look.name}", "no place for it in glTF materials")
            return
        texture = self._texture(look, shader, role, sources[0].GetName().rpartition(":")[2])
        if texture is None:
            return
        scale = _vector(shader, "scale", (1.0, 1.0, 1.0, 1.0))
        if role == "color":
            look.color = (scale[0], scale[1], scale[2])
        elif role == "emissive":
            look.emissive = (scale[0], scale[1], scale[2])
        elif role == "opacity":
            look.opacity = 1.0
        look.textures[role] = texture

    def _texture(self, look: Look, shader: Any, role: Role, output: str) -> Texture | None:
        image = self._image(look, shader, role)
        if image is None:
            return None
        scale, strength = _vector(shader, "scale", (1.0, 1.0, 1.0, 1.0)), 1.0
        if role == "normal" and abs(scale[0]) > 1e-6:
            strength = abs(scale[0]) / 2.0 if abs(scale[0]) != 1.0 else 1.0
            if scale[0] * scale[1] < 0:
                image = inverted_green(image)
                self._found.converted(f"normal texture of {look.name}", "green turned round: it counts downwards")
        uv, place = _coordinates(shader)
        wraps = [_WRAPS.get(str(_value(shader.GetInput(f"wrap{axis}"))), "repeat") for axis in "ST"]
        channel = output if output in ("r", "g", "b", "a") and role not in ("color", "normal", "emissive") else ""
        return Texture(
            image,
            uv=uv,
            scale=place["scale"],
            rotation=math.radians(place["rotation"]),
            offset=place["translation"],
            wrap=(wraps[0], wraps[1]),
            channel=channel,
            strength=strength,
        )

    def _image(self, look: Look, shader: Any, role: Role) -> bytes | None:
        from pxr import Sdf, UsdShade

        source = shader.GetInput("file")
        producers = UsdShade.Utils.GetValueProducingAttributes(source) if source else []
        file = producers[0].Get() if producers else None
        what = f"{role} texture of {look.name}"
        if not isinstance(file, Sdf.AssetPath) or not file.path:
            self._found.dropped(what, "it names no file")
            return None
        name = file.path.replace("<UDIM>", "1001")
        if name != file.path:
            self._found.converted(what, "of its UDIM tiles the first is read")
        if self._path.suffix.lower() == ".usdz":
            return self._packed(name, what)
        stack = producers[0].GetPropertyStack()
        layer = Path(stack[0].layer.realPath) if stack and stack[0].layer.realPath else self._path
        return texture_file(self._path, relative_to(self._path, layer, name), self._found, what)

    def _packed(self, name: str, what: str) -> bytes | None:
        """Read a texture that lies in the usdz."""
        if name.startswith(("/", "\\", "~")) or ":" in name or ".." in name.split("/"):
            raise InputError(
                f"{self._path} refers to {name!r}, outside its package; only what lies in a usdz is read, pack it again"
            )
        with zipfile.ZipFile(self._path) as package:
            plain = name.removeprefix("./")
            entry = next(
                (e for e in package.infolist() if e.filename == plain or e.filename.endswith("/" + plain)), None
            )
            if entry is None or entry.file_size > MAX_FILE_BYTES:
                self._found.dropped(what, f"{name} is not there; the material keeps its plain value")
                return None
            data = package.read(entry)
        return texture_bytes(data, f"{self._path}[{name}]", self._found, what)


def _value(entry: Any) -> Any:
    """Return what an input is worth at last, through the connections of node graphs."""
    from pxr import UsdShade

    if not entry:
        return None
    attributes = UsdShade.Utils.GetValueProducingAttributes(entry)
    if attributes and UsdShade.Utils.GetType(attributes[0].GetName()) == UsdShade.AttributeType.Output:
        return entry.GetAttr().Get() if entry.GetAttr().HasAuthoredValue() else None
    return attributes[0].Get() if attributes else entry.Get()


def _number(values: dict[str, Any], key: str, otherwise: float) -> float:
    value = values.get(key)
    return unit(float(value)) if isinstance(value, (int, float)) else otherwise


def _color(values: dict[str, Any], key: str, otherwise: tuple[float, float, float]) -> tuple[float, float, float]:
    value = values.get(key)
    if value is None or not hasattr(value, "__len__") or len(value) != 3:
        return otherwise
    return unit(float(value[0])), unit(float(value[1])), unit(float(value[2]))


def _vector(shader: Any, key: str, otherwise: tuple[float, ...]) -> tuple[float, ...]:
    value = _value(shader.GetInput(key))
    if value is None or not hasattr(value, "__len__") or len(value) != len(otherwise):
        return otherwise
    numbers = tuple(float(v) for v in value)
    return numbers if all(map(math.isfinite, numbers)) else otherwise


def _coordinates(texture: Any) -> tuple[str, dict[str, Any]]:
    """Return the UV set that a texture reads and how its coordinates are moved on the way."""
    from pxr import UsdShade

    place: dict[str, Any] = {"scale": (1.0, 1.0), "rotation": 0.0, "translation": (0.0, 0.0)}
    at = texture
    for _ in range(8):  # a chain of transforms ends in a primvar reader
        source = at.GetInput("st") if at.GetIdAttr().Get() == "UsdUVTexture" else at.GetInput("in")
        attributes = UsdShade.Utils.GetValueProducingAttributes(source) if source else []
        node = UsdShade.Shader(attributes[0].GetPrim()) if attributes else None
        if not node or node.GetPrim() == at.GetPrim():
            break
        kind = str(node.GetIdAttr().Get())
        if kind.startswith("UsdPrimvarReader"):
            name = _value(node.GetInput("varname"))
            return str(name or ""), place
        if kind == "UsdTransform2d":
            place["scale"] = _vector(node, "scale", (1.0, 1.0))
            place["translation"] = _vector(node, "translation", (0.0, 0.0))
            angle = _value(node.GetInput("rotation"))
            place["rotation"] = float(angle) if isinstance(angle, (int, float)) and math.isfinite(angle) else 0.0
        at = node
    return "", place
