"""Backgrounds by name, and how the new ones look."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.runtime.render.backdrop import backdrop_key, paint_backdrop
from dressform.runtime.render.background_named import background_named
from dressform.runtime.render.colour import linear_to_srgb
from dressform.runtime.render.scene import Background, Camera
from dressform.schemas.errors import InputError, UsageError

CAMERA = Camera.look_at((0, -4, 1), (0, 0, 1), 0.6, (40, 300))


def test_names_colours_and_files(tmp_path: Path) -> None:
    assert background_named("studio") == Background.studio()
    assert background_named("transparent", ground=0.3) == Background.transparent(ground=0.3)
    assert background_named("#336699") == Background.plain((0.2, 0.4, 0.6))
    assert background_named("#fff, black") == Background.gradient((1, 1, 1), (0, 0, 0))
    assert background_named("rgb(51, 102,153)") == Background.plain((0.2, 0.4, 0.6))
    assert background_named("hsl(0,100%,50%), rgb(0,0,255)") == Background.gradient((1, 0, 0), (0, 0, 1))
    turned = Image.new("RGB", (4, 2), (9, 8, 7))
    exif = turned.getexif()
    exif[0x0112] = 6  # a phone held upright
    turned.save(tmp_path / "photo.jpg", exif=exif)
    photo = background_named(str(tmp_path / "photo.jpg"), ground=0.5)
    assert (photo.kind, photo.ground) == ("image", 0.5)
    assert photo.image is not None
    assert photo.image.shape == (4, 2, 3)


@pytest.mark.parametrize(
    "text", ["", "none.png", "#12345", "#fff,#000,#fff", "#fff,blu", ".", "rgb(300,0,0)", "x" * 5000, "a\0"]
)
def test_what_is_no_background_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--background must be studio, transparent, a colour") as caught:
        background_named(text)
    assert "\n" not in str(caught.value)


def test_a_broken_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n no")
    with pytest.raises(InputError, match=r"a\.png: needed a picture"):
        background_named(str(tmp_path / "a.png"))


def test_a_gradient_goes_evenly_from_top_to_bottom_without_bands() -> None:
    gradient = Background.gradient((0.2, 0.2, 0.2), (0.3, 0.5, 0.2))
    srgb = 255 * linear_to_srgb(paint_backdrop(gradient, CAMERA, (300, 40)))
    want = 51 + (np.arange(300) + 0.5) / 300 * np.array([25.5, 76.5, 0.0])[:, None]
    assert np.abs(srgb.mean(axis=1).T - want)[:2].max() < 1.0
    assert np.abs(np.diff(srgb.reshape(30, 10, 40, 3).mean(axis=(1, 2)), axis=0)).max() < 2.7
    assert srgb[:, :, 0].std(axis=1).max() > 0.2  # the noise that hides the steps
    assert backdrop_key(gradient, CAMERA) != backdrop_key(Background.gradient((0.2,) * 3, (0.3, 0.5, 0.3)), CAMERA)


def test_a_transparent_backdrop_is_black() -> None:
    assert not paint_backdrop(Background.transparent(), CAMERA, (300, 40)).any()
