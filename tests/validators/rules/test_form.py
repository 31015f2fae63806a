"""Rules on a garment as a whole know what clothes are made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dressform.assets.files.garment import Part
from dressform.validators.examples.builder import Parts
from dressform.validators.examples.form import break_debris, break_hole, break_stray, lined, with_piece
from dressform.validators.rule import Defect, NotTestableError

Find = Callable[[str, Parts], list[Defect]]


def test_a_flat_patch_is_no_hole(parts: Parts, defects: Find) -> None:
    with_piece(parts, [[0, -0.25, 1], [0.01, -0.25, 1], [0.01, -0.25, 1.01], [0, -0.25, 1.01]], [[0, 1, 2], [0, 2, 3]])
    assert defects("mesh.hole", parts) == []


def test_a_hole_larger_than_the_limit_is_an_opening(parts: Parts, defects: Find) -> None:
    break_hole(parts)
    assert defects("mesh.hole", parts)
    parts.change_mesh(points=parts.mesh.points * np.float32(2))
    assert defects("mesh.hole", parts) == []


def test_a_named_button_is_no_debris(parts: Parts, defects: Find) -> None:
    break_debris(parts)
    assert [found.place for found in defects("mesh.debris", parts)] == [{"size": "M", "faces": [224]}]
    part_ids = np.zeros(225, np.int32)
    part_ids[224] = 1
    parts.change_mesh(parts=(Part("cloth"), Part("button", rigid=True)), part_ids=part_ids)
    assert defects("mesh.debris", parts) == []


def test_the_pieces_of_a_pair_may_lie_apart(parts: Parts, defects: Find) -> None:
    break_stray(parts)
    assert [found.value for found in defects("mesh.stray", parts)] == [4]
    parts.manifest["category"] = "gloves"
    with pytest.raises(NotTestableError, match="gloves may lie apart"):
        defects("mesh.stray", parts)


def test_a_lining_is_open_without_adding_openings(parts: Parts, defects: Find) -> None:
    lined(parts)
    parts.manifest["category"] = "trousers"
    (found,) = defects("mesh.openings", parts)
    assert found.message == "2 openings, a trousers needs at least 3"


def test_cloth_of_one_layer_has_no_shells(parts: Parts, defects: Find) -> None:
    with pytest.raises(NotTestableError, match="one layer"):
        defects("mesh.shell-order", parts)
