"""Sizes have an order where their names have one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from dressform.validators.examples.builder import Parts
from dressform.validators.rule import Defect, NotTestableError

Find = Callable[[str, Parts], list[Defect]]


def with_sizes(parts: Parts, widths: dict[str, float]) -> None:
    """Add sizes of a width beside the tube's."""
    for size, width in widths.items():
        parts.manifest["sizes"][size] = {"garment": f"sizes/{size}/garment.glb"}
        points = (parts.mesh.points * np.array([width, width, 1.0])).astype(np.float32)
        parts.further[size] = replace(parts.mesh, points=points)


@pytest.mark.parametrize(
    ("widths", "wrong"),
    [
        ({"L": 1.1, "2XL": 1.3, "XXXL": 1.4, "XS": 0.8}, []),
        ({"L": 1.1, "2XL": 1.05}, ["2XL"]),
        ({"XL": 1.3, "2XL": 1.2}, ["2XL"]),
        ({"36": 1.2, "38": 1.3}, []),
        ({"36": 1.2, "38": 1.1, "40": 1.15}, ["38"]),
        ({"36": 0.5}, []),  # letters and numbers are not compared
        ({"tall": 0.5, "S": 0.9}, []),
    ],
)
def test_sizes_grow(parts: Parts, defects: Find, widths: dict[str, float], wrong: list[str]) -> None:
    with_sizes(parts, widths)
    assert [found.path for found in defects("sizes.order", parts)] == [f"sizes/{size}" for size in wrong]


def test_names_without_an_order_are_not_tested(parts: Parts, defects: Find) -> None:
    with_sizes(parts, {"tall": 1.1})
    with pytest.raises(NotTestableError, match="no two sizes"):
        defects("sizes.order", parts)


def test_others_are_compared_with_the_default_size(parts: Parts, defects: Find) -> None:
    with_sizes(parts, {"A": 1.0, "B": 1.0})
    parts.further["B"] = replace(parts.further["B"], faces=parts.mesh.faces[::-1].copy())
    parts.manifest["default_size"] = "B"
    assert [found.path for found in defects("sizes.topology", parts)] == ["sizes/A", "sizes/M"]


def test_mass_is_in_kilograms(parts: Parts, defects: Find) -> None:
    parts.manifest["sizes"]["M"]["measures"] = {"mass": 72.0, "waist": 0.8}
    assert defects("sizes.measures", parts) == []
    parts.manifest["sizes"]["M"]["measures"] = {"mass": 0.8}
    assert [found.value for found in defects("sizes.measures", parts)] == [0.8]
