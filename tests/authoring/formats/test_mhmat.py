from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.authoring.formats.mhmat import material_of
from dressform.schemas.errors import InputError


def picture(path: Path, values: np.ndarray) -> Path:
    Image.fromarray(values.astype(np.uint8)).save(path)
    return path


def pixels(image: bytes | None) -> np.ndarray:
    assert image is not None
    return np.asarray(Image.open(io.BytesIO(image)))


def test_colours_textures_and_transparency(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    color, mask = rng.integers(0, 256, (5, 7, 3)), rng.integers(0, 256, (5, 7))
    picture(tmp_path / "c.png", color)
    picture(tmp_path / "t.png", mask)
    picture(tmp_path / "ao.png", mask)
    (tmp_path / "m.mhmat").write_text(
        "# a comment\nname velvet\ndiffuseColor 0.5 1 0\nopacity 0.75\nshininess 0.3\nemissiveColor 0 0 1\n"
        "transparent True\ndiffuseTexture c.png\ntransparencymapTexture t.png\naomapTexture ao.png\n"
        "aomapIntensity 0.5\nspecularmapTexture s.png\n"
    )
    material, reader = material_of(tmp_path / "a.mhclo", "m.mhmat", "thing")
    assert material.name == "velvet"
    np.testing.assert_allclose(material.base_color, (((0.5 + 0.055) / 1.055) ** 2.4, 1, 0, 0.75))
    assert material.roughness == pytest.approx(0.7)
    np.testing.assert_array_equal(pixels(material.base_color_image)[..., :3], color)
    np.testing.assert_array_equal(pixels(material.base_color_image)[..., 3], mask)
    assert material.record == {
        "alphaMode": "BLEND",
        "occlusionTexture": {"index": 0, "strength": 0.5},
        "emissiveFactor": [0, 0, 1],
    }
    np.testing.assert_array_equal(pixels(material.images[0]), mask)
    assert [path.name for path in reader.companions] == ["m.mhmat", "c.png", "t.png", "ao.png"]
    said = {entry.what: entry.outcome for entry in reader.record}
    assert said["specularmapTexture s.png"] == "dropped"


def test_a_bump_map_becomes_a_normal_map(tmp_path: Path) -> None:
    ramp = np.tile(np.arange(0, 160, 10), (16, 1))  # rises to the right
    picture(tmp_path / "b.png", ramp)
    (tmp_path / "m.mhmat").write_text("bumpmapTexture b.png\n")
    normal = pixels(material_of(tmp_path / "a.mhclo", "m.mhmat", "x")[0].normal_image).astype(float) / 255 * 2 - 1
    slope = 4 * 10 / 255
    expected = np.array([-slope, 0, 1]) / np.hypot(slope, 1)
    np.testing.assert_allclose(normal[8, 8], expected, atol=0.01)
    picture(tmp_path / "n.png", np.full((4, 4, 3), 128))
    (tmp_path / "m.mhmat").write_text("bumpmapTexture b.png\nnormalmapTexture n.png\nnormalmapIntensity 0.5\n")
    material, _ = material_of(tmp_path / "a.mhclo", "m.mhmat", "x")
    assert material.normal_image == (tmp_path / "n.png").read_bytes()
    assert material.record == {"normalTexture": {"scale": 0.5}}


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    material, reader = material_of(tmp_path / "a.mhclo", "gone.mhmat", "hat")
    assert material.name == "hat"
    assert "gone.mhmat is not there" in reader.notes[0]
    (tmp_path / "m.mhmat").write_text("diffuseColor 1 1 1\ndiffuseTexture gone.png\nshininess shiny\n")
    material, reader = material_of(tmp_path / "a.mhclo", "m.mhmat", "hat")
    assert material.base_color[0] == pytest.approx(0.8, abs=0.001), "white was meant for the texture"
    assert {entry.what for entry in reader.record if entry.outcome == "dropped"} == {
        "diffuseTexture gone.png",
        "shininess shiny",
    }


@pytest.mark.parametrize("name", ["../m.mhmat", "/etc/passwd", "http://example.com/m.mhmat"])
def test_nothing_outside_the_folder_is_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"outside its folder|a URL"):
        material_of(tmp_path / "a.mhclo", name, "x")
    (tmp_path / "m.mhmat").write_text(f"diffuseTexture {name}\n")
    with pytest.raises(InputError, match=r"outside its folder|a URL"):
        material_of(tmp_path / "a.mhclo", "m.mhmat", "x")
