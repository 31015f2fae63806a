"""What follows from triangles alone."""

from __future__ import annotations

import numpy as np

from dressform.validators.examples.builder import tube
from dressform.validators.topology import Topology

TWO_IN_A_POINT = np.array([[0, 1, 2], [2, 3, 4]], np.int32)


def test_an_open_tube_is_one_piece_with_two_borders_and_nowhere_pinched() -> None:
    mesh = tube(rings=3, around=8)
    found = Topology(mesh.faces, len(mesh.points))
    assert set(found.pieces.tolist()) == {0}
    assert len(found.border) == 16
    assert sorted(np.bincount(found.loops)) == [8, 8]
    assert len(found.pinched) == 0
    ends = found.edges.vertices[found.border]
    assert all(set(pair) <= set(mesh.faces[face]) for pair, face in zip(ends, found.border_faces, strict=True))


def test_triangles_that_share_a_point_are_one_piece_pinched_there() -> None:
    found = Topology(TWO_IN_A_POINT, 6)
    assert found.pieces.tolist() == [0, 0]
    assert found.pinched.tolist() == [2]


def test_a_fan_and_triangles_apart_are_not_pinched() -> None:
    fan = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 4]], np.int32)
    assert len(Topology(fan, 5).pinched) == 0
    apart = Topology(np.array([[0, 1, 2], [3, 4, 5]], np.int32), 6)
    assert apart.pieces.tolist() == [0, 1]
    assert apart.loops.max() == 1


def test_a_tube_pinched_to_itself_is_found_though_its_fans_hang_together_elsewhere() -> None:
    mesh = tube(rings=3, around=8)
    faces = np.where(mesh.faces == 4, 0, mesh.faces).astype(np.int32)
    assert Topology(faces, len(mesh.points)).pinched.tolist() == [0]
