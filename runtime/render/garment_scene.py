"""A garment as the renderer draws it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Material

from .colour import linear_to_srgb, srgb_to_linear
from .scene import SceneMesh, SurfaceMaterial
from .weave import Weave

Info = Mapping[str, Any]

_TRANSFORM = "KHR_texture_transform"
_COAT = "KHR_materials_clearcoat"
_SPECULAR = "KHR_materials_specular"
# A map that repeats at least so often over the UVs is a tile of cloth, not a picture of the whole garment.
_TILE_REPEATS = 1.5


def garment_scene(mesh: GarmentMesh, name: str, hidden: NDArray[np.bool_] | None = None) -> list[SceneMesh]:
    """Return one scene mesh a material; all share the garment's vertices.

    Args:
        mesh: The garment.
        name: For messages.
        hidden: bool [F] triangles left out of the picture, or None.

    Returns:
        Scene meshes to hand to the renderer one after another, with vertex counts [V, 0, 0 …].
    """
    scene = []
    for index, material in enumerate(mesh.materials):
        own = mesh.material_ids == index
        if not own.any():
            continue
        info = material.record.get("pbrMetallicRoughness", {}).get("baseColorTexture", {})
        uv, uv_faces = _uv_set(mesh, info)
        weave, weave_uv = None, None
        relief = _weave_info(material)
        if relief is not None and mesh.uv0 is not None:
            weave = _weave(material, relief)
            set_uv, set_faces = _uv_set(mesh, relief)
            weave_uv = transformed_uv(set_uv, relief)[set_faces[own]]
        scene.append(
            SceneMesh(
                *(name, mesh.faces[own], transformed_uv(uv, info), uv_faces[own]),
                _surface(material, weave),
                hidden=None if hidden is None else hidden[own],
                weave_uv=weave_uv,
            )
        )
    return scene


def with_wrinkles(scene: Sequence[SceneMesh], mesh: GarmentMesh, side: int) -> list[SceneMesh]:
    """Return the scene meshes that `garment_scene` gave, with wrinkles of this many texels a side; 0 for none."""
    if not side or mesh.uv1 is None or mesh.uv1_faces is None:
        return list(scene)
    corners = mesh.uv1[mesh.uv1_faces]
    parts = zip(scene, np.unique(mesh.material_ids), strict=True)
    return [replace(part, atlas_uv=corners[mesh.material_ids == own], wrinkle_side=side) for part, own in parts]


def with_hidden(scene: Sequence[SceneMesh], mesh: GarmentMesh, hidden: NDArray[np.bool_]) -> list[SceneMesh]:
    """Return the scene meshes that `garment_scene` gave, with triangles of the garment bool [F] left out."""
    used = np.unique(mesh.material_ids)
    parts = zip(scene, used, strict=True)
    return [replace(part, hidden=hidden[mesh.material_ids == material]) for part, material in parts]


def transformed_uv(uv: NDArray[np.float32], info: Info) -> NDArray[np.float32]:
    """Return UVs [N, 2] as a texture reference reads them: moved, turned and repeated.

    After the glTF extension KHR_texture_transform, which counts v from the top.
    """
    transform = info.get("extensions", {}).get(_TRANSFORM)
    if not transform:
        return uv
    angle = float(transform.get("rotation", 0.0))
    u, v = uv[:, 0] * transform.get("scale", (1, 1))[0], (1 - uv[:, 1]) * transform.get("scale", (1, 1))[1]
    across, down = transform.get("offset", (0, 0))
    turned_u = across + np.cos(angle) * u + np.sin(angle) * v
    turned_v = down - np.sin(angle) * u + np.cos(angle) * v
    return np.stack([turned_u, 1 - turned_v], axis=1).astype(np.float32)


def garment_counts(mesh: GarmentMesh) -> list[int]:
    """Return the vertex counts that go with `garment_scene`."""
    used = len(np.unique(mesh.material_ids))
    return [len(mesh.points), *([0] * (used - 1))]


def material_texture(material: Material) -> NDArray[np.uint8]:
    """Return base colour times factor as sRGB, uint8 [H, W, 3], or [H, W, 4] where the image has alpha."""
    factor = np.asarray(material.base_color, np.float32)
    if material.base_color_image is None:
        return np.asarray(np.rint(255 * linear_to_srgb(factor[None, None, :3])), np.uint8)
    with Image.open(io.BytesIO(material.base_color_image)) as image:
        has_alpha = "A" in image.getbands() or "transparency" in image.info
        pixels = np.asarray(image.convert("RGBA" if has_alpha else "RGB"), np.uint8)
    if bool((factor == 1).all()):
        return pixels
    levels = srgb_to_linear(np.arange(256, dtype=np.uint8))[:, None] * factor[:3]
    tint = np.asarray(np.rint(255 * linear_to_srgb(levels)), np.uint8)
    tinted = np.stack([tint[pixels[..., channel], channel] for channel in range(3)], axis=-1)
    return np.concatenate([tinted, pixels[..., 3:]], axis=-1)


def _uv_set(mesh: GarmentMesh, info: Info) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return the UVs that a texture reference names, with the triangles' indices into them."""
    number = int(info.get("texCoord", 0))
    layers = [layer for layer in mesh.layers if layer.kind == "uv"]
    if 0 < number <= len(layers):
        return layers[number - 1].values, layers[number - 1].faces
    if mesh.uv0 is not None and mesh.uv0_faces is not None:
        return mesh.uv0, mesh.uv0_faces
    return np.zeros((1, 2), np.float32), np.zeros_like(mesh.faces)


def _surface(material: Material, weave: Weave | None) -> SurfaceMaterial:
    extensions = material.record.get("extensions", {})
    mode = material.alpha_mode
    coat, specular = extensions.get(_COAT, {}), extensions.get(_SPECULAR, {})
    # the inside of open cloth is seen at hems and collars, whatever the file says about back faces
    return SurfaceMaterial(
        _with_alpha(material_texture(material), material, mode),
        roughness=material.roughness,
        specular=0.04 * float(specular.get("specularFactor", 1.0)),
        sheen=material.sheen,
        double_sided=True,
        metallic=material.metallic * _metal_share(material),
        coat=float(coat.get("clearcoatFactor", 0.0)),
        coat_roughness=float(coat.get("clearcoatRoughnessFactor", 0.0)),
        weave=weave,
        opacity=float(np.clip(material.base_color[3], 0.0, 1.0)) if mode == "BLEND" else 1.0,
        blended=mode == "BLEND",
    )


def _with_alpha(texture: NDArray[np.uint8], material: Material, mode: str) -> NDArray[np.uint8]:
    """Return a texture with the alpha that its mode asks for: none, or 0 and 255 below and from `alphaCutoff` on."""
    if texture.shape[2] == 3 or mode == "BLEND":
        return texture
    if mode == "OPAQUE":
        return np.ascontiguousarray(texture[..., :3])
    cutoff = float(material.record.get("alphaCutoff", 0.5))
    kept = texture[..., 3].astype(np.float32) * np.float32(material.base_color[3] / 255.0) >= cutoff
    return np.dstack([texture[..., :3], np.where(kept, np.uint8(255), np.uint8(0))])


def _pbr_info(material: Material) -> Info | None:
    info: Info | None = material.record.get("pbrMetallicRoughness", {}).get("metallicRoughnessTexture")
    return info


def _weave_info(material: Material) -> Info | None:
    """Return the texture reference that says where on the UVs the weave lies."""
    if material.normal_image is not None:
        info: Info = material.record.get("normalTexture", {})
        return info
    return _pbr_info(material) or material.record.get("occlusionTexture")


def _weave(material: Material, place: Info) -> Weave:
    """Return the maps of a material that lie where `place` says; one that lies elsewhere is left out."""
    lies = _lies(place)
    normal, occlusion, pbr = material.record.get("normalTexture", {}), material.record.get("occlusionTexture"), None
    if (found := _pbr_info(material)) is not None and _lies(found) == lies:
        pbr = found
    scale = place.get("extensions", {}).get(_TRANSFORM, {}).get("scale", (1, 1))
    with_hollows = occlusion is not None and _lies(occlusion) == lies
    return Weave(
        None if material.normal_image is None else _decoded(material.normal_image),
        _decoded(material.images[occlusion["index"]])[..., 0] if occlusion is not None and with_hollows else None,
        None if pbr is None else _decoded(material.images[pbr["index"]])[..., 1],
        normal_scale=float(normal.get("scale", 1.0)),
        cavity_strength=float(occlusion.get("strength", 1.0)) if occlusion is not None else 1.0,
        tiled=min(abs(float(scale[0])), abs(float(scale[1]))) >= _TILE_REPEATS,
    )


def _lies(info: Info) -> tuple[object, ...]:
    """Return what says where a texture lies on the garment, to compare."""
    transform = info.get("extensions", {}).get(_TRANSFORM, {})
    scale, offset = transform.get("scale", (1, 1)), transform.get("offset", (0, 0))
    return int(info.get("texCoord", 0)), tuple(scale), tuple(offset), float(transform.get("rotation", 0.0))


def _metal_share(material: Material) -> float:
    """Return the mean of the metal channel, which scales the material's factor."""
    info = _pbr_info(material)
    if info is None or material.metallic == 0.0:
        return 1.0
    return float(_decoded(material.images[info["index"]])[..., 2].mean()) / 255.0


def _decoded(image: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(image)) as opened:
        return np.asarray(opened.convert("RGB"), np.uint8)
