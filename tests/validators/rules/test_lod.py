"""Levels of detail are held against their own size's garment."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dressform.assets.files.glb import glb_bytes
from dressform.validators.examples.builder import Parts
from dressform.validators.examples.lod import COARSE, level_of, two_sizes_with_levels, with_levels
from dressform.validators.rule import Defect, NotTestableError

Find = Callable[[str, Parts], list[Defect]]
NAMES = ("files", "readable", "points", "budget", "order", "place", "distance", "uv", "openings", "materials", "sizes")


@pytest.mark.parametrize("name", NAMES)
def test_levels_made_of_the_garment_s_points_are_sound_in_every_size(parts: Parts, defects: Find, name: str) -> None:
    two_sizes_with_levels(parts)
    assert defects(f"lod.{name}", parts) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_garment_without_levels_is_not_tested(parts: Parts, defects: Find, name: str) -> None:
    with pytest.raises(NotTestableError, match="no levels of detail"):
        defects(f"lod.{name}", parts)


def test_a_file_that_nobody_names_is_found(parts: Parts, defects: Find) -> None:
    with_levels(parts)
    parts.files["sizes/M/lod3.glb"] = parts.files["sizes/M/lod2.glb"]
    assert [found.path for found in defects("lod.files", parts)] == ["sizes/M/lod3.glb"]


def test_another_size_s_level_lies_elsewhere(parts: Parts, defects: Find) -> None:
    two_sizes_with_levels(parts)
    parts.files["sizes/L/lod1.glb"] = glb_bytes(level_of(parts.mesh, 1, COARSE))
    assert [found.path for found in defects("lod.place", parts)] == ["sizes/L/lod1.glb"]


def test_messages_do_not_depend_on_where_the_draft_lies(parts: Parts, defects: Find) -> None:
    with_levels(parts)
    parts.files["sizes/M/lod1.glb"] = b"nothing"
    (found,) = defects("lod.readable", parts)
    assert found.message.startswith("level of detail 1 cannot be read: not a GLB file")
