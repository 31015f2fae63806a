"""A fabric as a glTF material: what a viewer needs, in few bytes, and back again."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.glb import glb_bytes, read_glb, write_glb
from dressform.authoring.fabrics.fabric import fabric, fabric_names
from dressform.authoring.fabrics.material import TILE_BYTES, fabric_material
from dressform.schemas.errors import UsageError


def square(material: Material, side: float) -> GarmentMesh:
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    points = np.stack([corners[:, 0], np.zeros(4, np.float32), corners[:, 1]], axis=1) * np.float32(side)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    return GarmentMesh(points, faces, corners, faces, corners, faces, (material,), np.zeros(2, np.int32))


def painted(color: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), color).save(file, "JPEG")
    return file.getvalue()


@pytest.mark.parametrize("name", ["denim", "poplin", "chiffon"])
def test_both_images_of_a_tile_are_small_and_the_weave_is_at_its_scale(name: str) -> None:
    found = fabric(name)
    sheet = painted((40, 60, 90))
    material = fabric_material(found, "main", 1.2, sheet)
    assert material.normal_image is not None
    assert len(material.normal_image) + sum(map(len, material.images)) <= TILE_BYTES
    assert material.base_color_image == sheet
    pbr = material.record["pbrMetallicRoughness"]
    infos = [material.record["normalTexture"], material.record["occlusionTexture"], pbr["metallicRoughnessTexture"]]
    for info in infos:
        scale = info["extensions"]["KHR_texture_transform"]["scale"]
        assert scale == pytest.approx([1.2 / found.tile_m] * 2)
    assert "baseColorTexture" not in pbr  # the sheet is not scaled
    assert material.name == "main"
    assert material.double_sided
    assert material.roughness == found.shading["roughness"]
    assert material.metallic == 0
    assert Image.open(io.BytesIO(material.images[0])).size == (512, 512)


def test_every_fabric_fits_its_bytes_when_small() -> None:
    for name in fabric_names():
        material = fabric_material(fabric(name), "main", 1.0, pixels=64)
        assert material.normal_image is not None
        assert len(material.normal_image) + len(material.images[0]) <= TILE_BYTES / 8


def test_a_material_goes_through_a_glb_unchanged(tmp_path: Path) -> None:
    for name in ("denim", "leather", "chiffon", "satin"):
        material = fabric_material(fabric(name), "main", 0.5, pixels=64)
        path = tmp_path / f"{name}.glb"
        write_glb(path, square(material, 0.5))
        (back,) = read_glb(path).materials
        assert back.normal_image == material.normal_image
        assert back.images == material.images
        assert back.record == material.record
        assert back.base_color == pytest.approx(material.base_color)
        assert back.sheen == pytest.approx(material.sheen)


def test_only_sheer_cloth_is_blended_and_only_leather_is_coated() -> None:
    chiffon, leather = (fabric_material(fabric(name), "main", 1.0, pixels=64) for name in ("chiffon", "leather"))
    assert b'"alphaMode":"BLEND"' in glb_bytes(square(chiffon, 1.0))
    assert b'"BLEND"' not in glb_bytes(square(leather, 1.0))
    assert 0 < chiffon.base_color[3] < 1
    assert leather.base_color[3] == 1
    assert "KHR_materials_clearcoat" in leather.record["extensions"]
    assert "KHR_materials_clearcoat" not in chiffon.record.get("extensions", {})


def test_without_a_sheet_the_tile_is_the_colour() -> None:
    wanted = (0.3, 0.1, 0.05)
    material = fabric_material(fabric("linen"), "main", 1.0, base_color=wanted, pixels=128)
    assert material.base_color_image is not None
    image = np.asarray(Image.open(io.BytesIO(material.base_color_image)).convert("RGB")) / 255
    linear = np.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4).mean(axis=(0, 1))
    assert linear * material.base_color[:3] == pytest.approx(wanted, rel=0.05)


def test_sheen_takes_the_colour_of_the_sheet() -> None:
    red = fabric_material(fabric("velvet"), "main", 1.0, painted((180, 20, 20)), pixels=64)
    assert red.sheen[0] > 2 * red.sheen[1]


def test_a_sheet_of_no_size_is_refused() -> None:
    with pytest.raises(UsageError, match="material 'main': a sheet of 0 m; needed a positive length"):
        fabric_material(fabric("denim"), "main", 0.0)
