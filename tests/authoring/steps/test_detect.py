from __future__ import annotations

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh
from dressform.authoring.steps._detect import category_from_name, category_from_shape, guess_units, guess_up
from dressform.schemas.errors import InputError


@pytest.mark.parametrize(
    ("longest", "category", "expected"),
    [(65.1, "shirt", 0.01), (651.0, "tee", 0.001), (6.5, "tee", 0.1), (0.65, "tee", 1.0), (14.5, "suit", 0.1),
     (25.6, "tee", 0.0254), (104.0, "trousers", 0.01), (65.1, None, 0.01), (0.27, "hat", 1.0)],
)  # fmt: skip
def test_units_by_size(longest: float, category: str | None, expected: float) -> None:
    metres, reason = guess_units(longest, None, "", category)
    assert metres == expected
    assert f"{longest * expected:.2f} m" in reason


def test_the_file_is_believed_unless_absurd() -> None:
    assert guess_units(0.7, 1.0, "glTF is in metres", "tee") == (1.0, "glTF is in metres")
    metres, reason = guess_units(65.0, 1.0, "glTF is in metres", "tee")
    assert metres == 0.01
    assert "glTF is in metres, but that makes the tee 65 m long" in reason


def test_no_unit_fits() -> None:
    with pytest.raises(InputError, match="scale it to the size of a person"):
        guess_units(1e6, None, "", "tee")


def test_up_axis() -> None:
    line = np.array([[0, 1, 0]])  # no opening to ask
    box = np.array([[0, 0, 0], [0.5, 0.7, 0.2]])
    assert guess_up(box, line, None, "").value == "y"
    assert guess_up(box[:, [0, 2, 1]], line, None, "").value == "z"
    assert guess_up(box, line, "z", "the stage says so").value == "z"
    shoe = np.array([[0, 0, 0], [0.1, 0.28, 0.12]])
    assert guess_up(shoe, line, None, "", "shoes").value == "z"
    assert guess_up(shoe[:, [0, 2, 1]], line, None, "", "hat").value == "y"
    assert "alike" in guess_up(np.array([[0, 0, 0], [0.5, 0.3, 0.3]]), line, None, "").reason


def test_a_skirt_wider_than_tall_stands_on_its_hem() -> None:
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    rings = [np.stack([r * np.cos(turn), np.full(24, h), r * np.sin(turn)], axis=1) for r, h in ((40, 0), (13.5, 55))]
    points = np.concatenate(rings)
    k, n = np.arange(24), np.roll(np.arange(24), -1)
    faces = np.concatenate([np.stack([k, k + 24, n], axis=1), np.stack([n, k + 24, n + 24], axis=1)])
    assert guess_up(points, faces, None, "").value == "y"
    assert guess_up(points[:, [0, 2, 1]], faces, None, "").value == "z"
    cape = points * [1, 0.3, 1]
    assert guess_up(cape, faces, None, "").value == "y"
    assert "level" in guess_up(cape, faces, None, "").reason


@pytest.mark.parametrize(
    ("name", "expected"),
    [("unisex_shirt", "shirt"), ("T-Shirt final", "tee"), ("slimJeans", "trousers"), ("maxi_dress02", "dress"),
     ("hoodie", "sweater"), ("male_casualsuit01", "suit"), ("model_17", None), ("topology", None)],
)  # fmt: skip
def test_category_by_name(name: str, expected: str | None) -> None:
    found = category_from_name(name)
    assert (found.value if found else None) == expected


def test_category_by_shape(tee: GarmentMesh, skirt: GarmentMesh) -> None:
    assert category_from_shape(tee.points.astype(float), tee.faces.astype(np.int64)).value == "top"
    assert category_from_shape(skirt.points.astype(float), skirt.faces.astype(np.int64)).value == "skirt"
    long = skirt.points.astype(float) * (1, 1, 1.6)
    assert category_from_shape(long, skirt.faces.astype(np.int64)).value == "dress"
    upside_down = tee.points.astype(float) * (0.6, 1, -1)
    assert category_from_shape(upside_down, tee.faces[:, ::-1].astype(np.int64)).value != "trousers"
    small = skirt.points.astype(float) * (0.5, 0.5, 0.2)
    assert category_from_shape(small, skirt.faces.astype(np.int64)).value == "hat"
