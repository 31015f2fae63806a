"""Materials are judged by what is seen of them."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dressform.assets.files.garment import Variant
from dressform.validators.examples.builder import Parts
from dressform.validators.rules import material
from dressform.validators.targets import find_subjects


def see_through(least: int, greatest: int) -> bytes:
    pixels = np.full((16, 16, 4), 150, np.uint8)
    pixels[..., 3] = greatest
    pixels[0, 0, 3] = least
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("opacity", "changes", "says"),
    [
        ((0, 255), {}, None),  # a cut-out: MASK goes without saying
        ((0, 255), {"record": {"alphaMode": "BLEND"}}, None),
        ((0, 255), {"record": {"alphaMode": "OPAQUE"}}, "is not shown"),
        ((255, 255), {"record": {"alphaMode": "BLEND"}}, "wrong order"),
        ((0, 90), {"record": {"alphaMode": "MASK"}}, "nothing of it is seen"),
        ((0, 90), {"record": {"alphaMode": "MASK", "alphaCutoff": 0.2}}, None),
        ((255, 255), {"base_color": (0.5, 0.5, 0.5, 0.4)}, None),
        ((255, 255), {"base_color": (0.5, 0.5, 0.5, 0.0)}, "nothing of it is seen"),
    ],
)
def test_alpha(
    parts: Parts, tmp_path: Path, opacity: tuple[int, int], changes: dict[str, Any], says: str | None
) -> None:
    first = dataclasses.replace(parts.mesh.materials[0], base_color_image=see_through(*opacity), **changes)
    parts.change_mesh(materials=(first,))
    (subject,) = find_subjects(parts.write(tmp_path / "draft"))
    messages = [defect.message for defect in material.blends_as_it_says(subject)]
    assert len(messages) == (says is not None)
    assert all(str(says) in message for message in messages)


def test_what_a_look_wears_is_not_unused(parts: Parts, tmp_path: Path) -> None:
    other = dataclasses.replace(parts.mesh.materials[0], name="other", base_color=(0.1, 0.2, 0.1, 1.0))
    third = dataclasses.replace(other, name="third", base_color=(0.2, 0.2, 0.1, 1.0))
    parts.change_mesh(materials=(parts.mesh.materials[0], other, third), variants=(Variant("green", (1, 1, 2)),))
    parts.manifest["variants"] = {"brown": {"materials": {"fabric": {"material": "third"}}}}
    (subject,) = find_subjects(parts.write(tmp_path / "worn"))
    assert [defect.message for defect in material.is_worn(subject)] == []
    parts.change_mesh(variants=())
    (subject,) = find_subjects(parts.write(tmp_path / "not-worn"))
    assert [defect.message for defect in material.is_worn(subject)] == ["other is worn by no triangle and no look"]


def test_a_picture_that_no_look_names_is_told(parts: Parts, tmp_path: Path) -> None:
    parts.files["looks/old/sheet.png"] = see_through(255, 255)
    (subject,) = find_subjects(parts.write(tmp_path / "draft"))
    assert [defect.path for defect in material.is_worn(subject)] == ["looks/old/sheet.png"]


@pytest.mark.parametrize(
    ("record", "count"),
    [
        ({"extensions": {"KHR_materials_clearcoat": {"clearcoatFactor": 1.0}}}, 0),
        ({"extensions": {"KHR_materials_ior": {"ior": 0.4}}}, 1),
        ({"extensions": {"KHR_materials_ior": {"ior": 0}}}, 0),
        ({"alphaCutoff": 1.2, "emissiveFactor": [0.1, -0.1, 2.0]}, 3),
        ({"extras": {"strength": 9}}, 0),
        ({"alphaCutoff": "half"}, 0),
    ],
)
def test_ranges(parts: Parts, tmp_path: Path, record: dict[str, Any], count: int) -> None:
    parts.change_mesh(materials=(dataclasses.replace(parts.mesh.materials[0], record=record),))
    (subject,) = find_subjects(parts.write(tmp_path / "draft"))
    assert len(list(material.keeps_to_the_ranges(subject))) == count
