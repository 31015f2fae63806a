"""A garment as the renderer draws it."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Material

from .colour import linear_to_srgb, srgb_to_linear
from .scene import SceneMesh, SurfaceMaterial


def garment_scene(mesh: GarmentMesh, name: str) -> list[SceneMesh]:
    """Return one scene mesh a material; all share the garment's vertices.

    Args:
        mesh: The garment.
        name: For messages.

    Returns:
        Scene meshes to hand to the renderer one after another, with vertex counts [V, 0, 0 …].
    """
    if mesh.uv0 is not None and mesh.uv0_faces is not None:
        uv, uv_faces = mesh.uv0, mesh.uv0_faces
    else:
        uv, uv_faces = np.zeros((1, 2), np.float32), np.zeros_like(mesh.faces)
    scene = []
    for index, material in enumerate(mesh.materials):
        own = mesh.material_ids == index
        if own.any():
            moved = transformed_uv(uv, material)
            scene.append(SceneMesh(name, mesh.faces[own], moved, uv_faces[own], _surface(material)))
    return scene


def transformed_uv(uv: NDArray[np.float32], material: Material) -> NDArray[np.float32]:
    """Return UVs [N, 2] as the material's base colour reads them: moved, turned and repeated.

    After the glTF extension KHR_texture_transform, which counts v from the top.
    """
    info = material.record.get("pbrMetallicRoughness", {}).get("baseColorTexture", {})
    transform = info.get("extensions", {}).get("KHR_texture_transform")
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


def _surface(material: Material) -> SurfaceMaterial:
    # the inside of open cloth is seen at hems and collars, whatever the file says about back faces
    return SurfaceMaterial(
        material_texture(material), roughness=material.roughness, sheen=material.sheen, double_sided=True
    )


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
    tinted = linear_to_srgb(srgb_to_linear(pixels[..., :3]) * factor[:3])
    return np.concatenate([np.asarray(np.rint(255 * tinted), np.uint8), pixels[..., 3:]], axis=-1)
