"""Pictures are gathered once each, hostile ones are told instead of decoded, and triangles wear the right colours."""

from __future__ import annotations

import dataclasses
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.assets.files.garment import Material
from dressform.validators.examples.builder import Parts, picture
from dressform.validators.textures import Texture, gather, linear, worn_colours


def encoded(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return buffer.getvalue()


def test_a_picture_is_gathered_once_however_often_it_is_used(parts: Parts, tmp_path: Path) -> None:
    image, look = picture(), encoded(np.full((8, 8, 3), 90, np.uint8))
    record = {"occlusionTexture": {"index": 0}, "pbrMetallicRoughness": {"metallicRoughnessTexture": {"index": 0}}}
    material = Material(base_color_image=image, record=record, images=(look,))
    mesh = dataclasses.replace(parts.mesh, materials=(material,))
    (tmp_path / "sheet.png").write_bytes(look)
    change = {"base_color_image": "looks/red/sheet.png"}
    manifest = {"variants": {"red": {"materials": {"fabric": change}}, "odd": 7, "none": {"materials": []}}}
    found = gather({"M": mesh, "L": mesh}, manifest, {"looks/red/sheet.png": tmp_path / "sheet.png"})
    assert [(texture.place, texture.roles, texture.uses) for texture in found] == [
        ("sizes/M material 0 base colour", ("base colour",), 2),
        ("sizes/M material 0 occlusion", ("base colour", "metallic-roughness", "occlusion"), 5),
    ]
    assert all(texture.is_colour for texture in found)


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that says it has a great many pixels (PNG, third edition, 5.3 and 11.2)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (bomb(9000, 9000), "needed at most"),
        (bomb(60_000, 60_000), "pixels"),
        (bomb(32, 32), "truncated"),
        (b"", "identify"),
        (b"\xff\xd8\xff" + bytes(50), "identify"),
    ],
)
def test_what_is_no_picture_says_why(data: bytes, says: str) -> None:
    found = Texture("place", ("normal",), data, 1).picture
    assert isinstance(found, str)
    assert says in found


def test_triangles_wear_the_colour_under_their_middle(parts: Parts) -> None:
    uv = np.float32([[0.1, 0.6], [0.4, 0.6], [0.2, 0.9], [-0.9, 2.1], [-0.6, 2.1], [-0.8, 2.4]])
    corners = np.int32([[0, 1, 2], [3, 4, 5]])
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0, 0], pixels[1, 0] = (255, 0, 0), (0, 0, 188)  # top left, bottom left
    mesh = dataclasses.replace(
        parts.mesh,
        faces=parts.mesh.faces[:2],
        uv0=uv,
        uv0_faces=corners,
        uv1=None,
        uv1_faces=None,
        materials=(Material(base_color=(0.5, 1.0, 1.0, 1.0), base_color_image=encoded(pixels)),),
        material_ids=np.zeros(2, np.int32),
    )
    found = worn_colours(mesh, 0, Image.fromarray(pixels))
    assert found == pytest.approx(np.array([[0.5, 0, 0], [0, 0, linear(np.array([188 / 255]))[0]]]))
    assert worn_colours(mesh, 0, None) == pytest.approx(np.tile([0.5, 1, 1], (2, 1)))


def test_srgb_is_made_linear_as_the_standard_says() -> None:
    assert linear(np.array([0.0, 0.04045, 0.5, 1.0])) == pytest.approx([0, 0.0031308, 0.2140411, 1], abs=1e-6)
