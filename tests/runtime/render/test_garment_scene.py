from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Layer, Material
from dressform.authoring.fabrics.fabric import fabric
from dressform.authoring.fabrics.material import fabric_material
from dressform.runtime.geometry.normals import vertex_normals
from dressform.runtime.render.garment_scene import garment_counts, garment_scene, material_texture, transformed_uv
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SurfaceMaterial


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
    np.testing.assert_allclose(renderer.drawings[0].normals.numpy(), vertex_normals(bent, mesh.faces), atol=1e-5)


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
        return [round(float(x), 6) for x in transformed_uv(np.array([uv], np.float32), extensions)[0]]

    assert moved([0.25, 0.5]) == [0.25, 0.5]
    assert moved([0.25, 0.5], scale=[4, 2]) == [1.0, 0.0]  # v counts from the top: 1 - 2 · (1 - 0.5)
    assert moved([0.25, 1.0], offset=[0.5, 0.25]) == [0.75, 0.75]
    # a quarter turn takes the picture's right to its top, as the extension's own figure shows
    assert moved([1.0, 1.0], rotation=np.pi / 2) == [0.0, 2.0]


def encoded(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "png")
    return buffer.getvalue()


def woven(**transform: object) -> Material:
    """A material whose normal and ORM tiles share a transform, as the fabrics write them."""
    place = {"extensions": {"KHR_texture_transform": transform}}
    random = np.random.default_rng(0)
    return Material(
        normal_image=encoded(random.integers(100, 156, (8, 8, 3))),
        roughness=0.8,
        metallic=0.5,
        images=(encoded(np.dstack([np.full((8, 8), value) for value in (200, 255, 51)])),),
        record={
            "normalTexture": {"scale": 0.5, **place},
            "occlusionTexture": {"index": 0, "strength": 0.25, **place},
            "pbrMetallicRoughness": {"metallicRoughnessTexture": {"index": 0, **place}},
            "extensions": {"KHR_materials_clearcoat": {"clearcoatFactor": 0.6, "clearcoatRoughnessFactor": 0.3}},
        },
    )


def sheet(material: Material, layers: tuple[Layer, ...] = ()) -> GarmentMesh:
    mesh = banner()
    uv = np.array([[0, 0], [0.5, 0], [1, 0], [0, 1], [0.5, 1], [1, 1]], np.float32)
    ids = np.zeros(4, np.int32)
    return replace(mesh, uv0=uv, uv0_faces=mesh.faces, materials=(material,), material_ids=ids, layers=layers)


def test_tiles_of_normals_hollows_and_roughness_make_a_weave() -> None:
    mesh = sheet(woven(scale=[20, 10]))
    (drawn,) = garment_scene(mesh, "sheet")
    look, weave = drawn.material, drawn.material.weave
    assert weave is not None
    assert weave.tiled
    assert (weave.normal_scale, weave.cavity_strength) == (0.5, 0.25)
    assert weave.normal is not None
    assert weave.normal.shape == (8, 8, 3)
    assert weave.cavity is not None
    assert (weave.cavity == 200).all()
    assert weave.roughness is not None
    assert (weave.roughness == 255).all()
    assert abs(look.metallic - 0.1) < 1e-6
    assert (look.coat, look.coat_roughness) == (0.6, 0.3)
    assert drawn.weave_uv is not None
    np.testing.assert_allclose(np.ptp(drawn.weave_uv, axis=(0, 1)), [20, 10], atol=1e-5)
    np.testing.assert_allclose(np.ptp(drawn.uv, axis=0), [1, 1], atol=1e-6)  # the base colour has no transform


def test_a_map_that_covers_the_garment_once_is_no_tile_and_one_that_lies_elsewhere_is_left_out() -> None:
    material = woven()
    pbr = {"metallicRoughnessTexture": {"index": 0, "texCoord": 1}}
    elsewhere = replace(material, record={**material.record, "pbrMetallicRoughness": pbr})
    weave = garment_scene(sheet(elsewhere), "sheet")[0].material.weave
    assert weave is not None
    assert not weave.tiled
    assert weave.cavity is not None
    assert weave.roughness is None


def test_a_texture_reads_the_uv_set_that_it_names() -> None:
    mesh = sheet(Material())
    assert mesh.uv0 is not None
    second = Layer("detail", "uv", mesh.uv0 * np.float32(3.0), mesh.faces)
    colour = {"pbrMetallicRoughness": {"baseColorTexture": {"texCoord": 1}}}
    image = encoded(np.full((4, 4, 3), 90))
    textured = Material(base_color_image=image, normal_image=image, record=colour)
    (drawn,) = garment_scene(sheet(textured, (second,)), "sheet")
    assert drawn.uv.max() == 3.0
    assert drawn.weave_uv is not None
    assert drawn.weave_uv.max() == 1.0


def test_alpha_does_what_its_mode_says() -> None:
    pixels = np.full((8, 8, 4), 200)
    pixels[:, :4, 3] = 90
    image = encoded(pixels)

    def drawn(color: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0), **record: object) -> SurfaceMaterial:
        material = Material(base_color_image=image, base_color=color, record=record)
        return garment_scene(sheet(material), "sheet")[0].material

    opaque, blended = drawn(alphaMode="OPAQUE"), drawn((1.0, 1.0, 1.0, 0.6), alphaMode="BLEND")
    assert opaque.texture.shape[2] == 3
    assert not opaque.is_sheer
    assert blended.is_sheer
    assert blended.blended
    assert blended.opacity == pytest.approx(0.6)
    assert blended.texture[0, 0, 3] == 90
    for cutoff, kept in ((0.3, 255), (0.5, 0)):
        masked = drawn(alphaMode="MASK", alphaCutoff=cutoff)
        assert not masked.is_sheer
        assert masked.texture[0, 0, 3] == kept
        assert masked.texture[0, 7, 3] == 255
    # what the file does not say follows from the values, as files are written
    assert not drawn().is_sheer
    assert drawn().texture[0, 0, 3] == 0
    assert drawn((1.0, 1.0, 1.0, 0.6)).opacity == pytest.approx(0.6)


def test_chiffon_of_the_fabric_library_is_sheer_and_denim_is_not() -> None:
    sheers = {}
    for name in ("chiffon", "denim"):
        material = fabric_material(fabric(name), "main", sheet_m=1.0, pixels=64)
        sheers[name] = garment_scene(sheet(material), "sheet")[0].material
    assert sheers["chiffon"].opacity == pytest.approx(0.6)
    assert sheers["chiffon"].is_sheer
    assert not sheers["denim"].is_sheer
