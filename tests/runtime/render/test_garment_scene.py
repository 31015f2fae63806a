from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.runtime.geometry.normals import vertex_normals
from dressform.runtime.render.garment_scene import garment_counts, garment_scene, material_texture, transformed_uv
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting


def banner() -> GarmentMesh:
    """A square facing −y, red on its left half and blue on its right."""
    points = np.array([[x, 0, z] for z in (0, 1) for x in (-0.5, 0, 0.5)], np.float32)
    faces = np.array([[0, 1, 4], [0, 4, 3], [1, 2, 5], [1, 5, 4]], np.int32)
    materials = (Material("red", base_color=(0.8, 0, 0, 1)), Material("blue", base_color=(0, 0, 0.8, 1)))
    return GarmentMesh(points, faces, None, None, None, None, materials, np.array([0, 0, 1, 1], np.int32))


def test_every_material_is_drawn_and_the_mask_names_the_garment() -> None:
    mesh = banner()
    scene, counts = garment_scene(mesh, "banner"), garment_counts(mesh)
    assert counts == [6, 0]
    renderer = Renderer(scene, counts, size=(64, 64))
    renderer.set_vertices(mesh.points)
    camera = Camera.look_at((0, -2, 0.5), (0, 0, 0.5), 0.6, (64, 64))
    frame = renderer.render(camera, Lighting.studio(), Background.plain()).copy()
    left, right = frame.rgb[32, 20], frame.rgb[32, 44]
    assert left[0] > 2 * left[2]
    assert right[2] > 2 * right[0]
    assert frame.mask[32, 20] == frame.mask[32, 44] == 1


def test_the_seam_between_materials_is_smooth() -> None:
    """Shared vertices share their normals: one bent square lights evenly across its materials."""
    mesh = banner()
    bent = mesh.points.copy()
    bent[[1, 4], 1] = -0.2
    renderer = Renderer(garment_scene(mesh, "banner"), garment_counts(mesh), size=(64, 64))
    renderer.set_vertices(bent)
    renderer.render(Camera.look_at((0, -2, 0.5), (0, 0, 0.5), 0.6, (64, 64)), Lighting.studio(), Background.plain())
    np.testing.assert_allclose(renderer._normals.numpy(), vertex_normals(bent, mesh.faces), atol=1e-5)


def test_the_texture_is_tinted_in_linear_light() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.full((2, 2, 3), 188, np.uint8)).save(buffer, "png")
    plain = Material(base_color=(1, 1, 1, 1), base_color_image=buffer.getvalue())
    assert (material_texture(plain) == 188).all()
    half = material_texture(replace(plain, base_color=(0.5, 1, 1, 1)))
    linear = ((188 / 255 + 0.055) / 1.055) ** 2.4 / 2  # IEC 61966-2-1
    assert abs(int(half[0, 0, 0]) - 255 * (1.055 * linear ** (1 / 2.4) - 0.055)) <= 1
    assert (half[..., 1:] == 188).all()


def test_a_texture_transform_moves_turns_and_repeats() -> None:
    def moved(uv: list[float], **transform: object) -> list[float]:
        extensions = {"extensions": {"KHR_texture_transform": transform}}
        material = Material(record={"pbrMetallicRoughness": {"baseColorTexture": extensions}})
        return [round(float(x), 6) for x in transformed_uv(np.array([uv], np.float32), material)[0]]

    assert moved([0.25, 0.5]) == [0.25, 0.5]
    assert moved([0.25, 0.5], scale=[4, 2]) == [1.0, 0.0]  # v counts from the top: 1 - 2 · (1 - 0.5)
    assert moved([0.25, 1.0], offset=[0.5, 0.25]) == [0.75, 0.75]
    # a quarter turn takes the picture's right to its top, as the extension's own figure shows
    assert moved([1.0, 1.0], rotation=np.pi / 2) == [0.0, 2.0]
