"""Rules on the surface are silent on what only looks like their defect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from dressform.assets.files.garment import Part
from dressform.validators.examples.builder import Parts
from dressform.validators.examples.mesh import break_self_intersection, tear, with_faces
from dressform.validators.examples.sizes import two_sizes
from dressform.validators.rule import Defect, NotTestableError

Find = Callable[[str, Parts], list[Defect]]


def test_parts_that_are_rigid_may_go_through_cloth(parts: Parts, defects: Find) -> None:
    break_self_intersection(parts)
    assert defects("mesh.self-intersection", parts)
    faces = len(parts.mesh.faces)
    parts.change_mesh(parts=(Part("button", rigid=True),), part_ids=np.zeros(faces, np.int32))
    assert defects("mesh.self-intersection", parts) == []


def test_an_inner_shell_may_look_inward(parts: Parts, defects: Find) -> None:
    faces = parts.mesh.faces[:, ::-1].copy()
    parts.change_mesh(faces=faces)
    assert defects("mesh.inside-out", parts)
    parts.change_mesh(parts=(Part("lining", inner=True),), part_ids=np.zeros(len(faces), np.int32))
    assert defects("mesh.inside-out", parts) == []


def test_borders_a_millimetre_apart_are_no_crack(parts: Parts, defects: Find) -> None:
    tear(parts)
    (found,) = defects("mesh.crack", parts)
    assert found.value == 32  # a ring of sixteen, on both sides
    points = parts.mesh.points.copy()
    points[-16:, :2] *= 1.005
    parts.change_mesh(points=points)
    assert defects("mesh.crack", parts) == []


def test_a_triangle_at_an_edge_of_three_is_not_called_misoriented(parts: Parts, defects: Find) -> None:
    a, b, _ = parts.mesh.faces[40].tolist()
    with_faces(parts, [[a, b, 100]])
    assert defects("mesh.orientation", parts) == []
    assert defects("mesh.manifold", parts)


def test_normals_that_follow_from_the_triangles_are_not_tested(parts: Parts, defects: Find) -> None:
    with pytest.raises(NotTestableError, match="no normals of its own"):
        defects("mesh.normal-length", parts)


def test_sizes_that_share_triangles_are_told_once_and_others_by_themselves(parts: Parts, defects: Find) -> None:
    with_faces(parts, [parts.mesh.faces[5].tolist()])
    two_sizes(parts)
    assert [found.path for found in defects("mesh.duplicate", parts)] == ["sizes/M"]
    other = parts.further["L"]
    parts.further["L"] = replace(other, faces=np.roll(other.faces, 1, axis=0))
    assert [found.path for found in defects("mesh.duplicate", parts)] == ["sizes/M", "sizes/L"]


def test_one_triangle_is_told_in_the_singular(parts: Parts, defects: Find) -> None:
    with_faces(parts, [[3, 3, 4]])
    assert defects("mesh.degenerate", parts)[0].message == "1 triangle has no area"
    with_faces(parts, [[3, 3, 4]])
    assert defects("mesh.degenerate", parts)[0].message == "2 triangles have no area"
