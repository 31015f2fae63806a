"""Colour spaces and normal maps are told from what they are mistaken for."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from dressform.validators.examples.builder import Parts
from dressform.validators.rules.texture import foreign_colour_space, holds_normals
from dressform.validators.targets import find_subjects


def reopened(picture: Image.Image, kind: str, **options: object) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return Image.open(io.BytesIO(buffer.getvalue()))


def test_srgb_is_known_however_it_is_said() -> None:
    plain = Image.new("RGB", (8, 8), (120, 80, 40))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert foreign_colour_space(reopened(plain, "png")) is None
    assert foreign_colour_space(reopened(plain, "png", icc_profile=profile)) is None
    assert foreign_colour_space(reopened(plain, "jpeg", icc_profile=profile)) is None


def test_other_colour_spaces_are_named() -> None:
    plain = Image.new("RGB", (8, 8), (120, 80, 40))
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert foreign_colour_space(reopened(plain.convert("CMYK"), "jpeg")) == "CMYK"
    assert "ICC" in str(foreign_colour_space(reopened(plain, "png", icc_profile=lab)))


def normal_map(strength: float) -> np.ndarray:
    """Return unit vectors of a wavy surface, [64, 64, 3]."""
    slope = strength * np.sin(np.linspace(0, 20, 64))
    vectors = np.stack([np.tile(slope, (64, 1)), np.tile(slope[:, None], (1, 64)), np.ones((64, 64))], axis=2)
    return vectors / np.linalg.norm(vectors, axis=2, keepdims=True)


def srgb(values: np.ndarray) -> np.ndarray:
    return np.where(values <= 0.0031308, 12.92 * values, 1.055 * np.maximum(values, 1e-9) ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(
    ("texels", "sound"),
    [
        (normal_map(0.0) / 2 + 0.5, True),
        (normal_map(1.5) / 2 + 0.5, True),
        (srgb(normal_map(0.3) / 2 + 0.5), False),
        (np.repeat(normal_map(1.0)[..., :1] / 2 + 0.5, 3, axis=2), False),
        (normal_map(0.3)[..., ::-1] / 2 + 0.5, False),  # red and blue swapped
        (np.concatenate([normal_map(0.3)[..., :2] / 2 + 0.5, np.zeros((64, 64, 1))], axis=2), False),
    ],
    ids=["flat", "wavy", "through sRGB", "heights", "swapped", "two channels"],
)
def test_normal_maps(parts: Parts, tmp_path: Path, texels: np.ndarray, sound: bool) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.round(255 * texels).astype(np.uint8)).save(buffer, "png")
    parts.change_mesh(materials=(dataclasses.replace(parts.mesh.materials[0], normal_image=buffer.getvalue()),))
    (subject,) = find_subjects(parts.write(tmp_path / "draft"))
    assert (list(holds_normals(subject)) == []) is sound
