"""Fewer triangles within a tolerance."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.geometry.coarse import coarse_faces
from dressform.runtime.geometry.distance import Surface


def dome(side: int = 24) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A square metre of cap, its triangles, and UVs that lie flat above it."""
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, side), np.linspace(-0.5, 0.5, side))
    points = np.stack([x, y, 0.2 - 0.2 * (x**2 + y**2)], axis=-1).reshape(-1, 3).astype(np.float32)
    corner = np.arange(side * side).reshape(side, side)
    a, b, c, d = (part.ravel() for part in (corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]))
    faces = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)]).astype(np.int32)
    return points, faces, (points[:, :2] + 0.5).astype(np.float32)


@pytest.mark.parametrize("tolerance", [0.001, 0.004])
def test_what_is_left_lies_within_the_tolerance(tolerance: float) -> None:
    points, faces, uv = dome()
    made = coarse_faces(points, faces, uv, faces, tolerance)
    assert len(made.faces) < 0.85 * len(faces)
    off = Surface(points, made.faces, sign="normal").closest(points).distances
    assert np.quantile(off, 0.99) <= tolerance
    assert off.max() <= 3 * tolerance
    assert np.array_equal(made.faces, made.uv_faces)  # a corner keeps its UV


def test_more_tolerance_leaves_fewer() -> None:
    points, faces, uv = dome()
    counts = [len(coarse_faces(points, faces, uv, faces, tolerance).faces) for tolerance in (0.0003, 0.001, 0.004)]
    assert counts[0] > counts[1] > counts[2]


def test_what_nothing_can_be_taken_from_stays_as_it_is() -> None:
    points, faces, uv = dome()
    made = coarse_faces(points, faces, uv, faces, 1e-7)
    assert np.array_equal(made.faces, faces)


def test_the_seams_of_a_body_stay_seams() -> None:
    rest = canonical_rest()
    body = rest.body
    made = coarse_faces(rest.vertices, body.faces, body.uv, body.uv_faces, 0.0012)
    assert len(made.faces) < 0.75 * len(body.faces)
    known = {*zip(body.faces.ravel().tolist(), body.uv_faces.ravel().tolist(), strict=True)}
    assert {*zip(made.faces.ravel().tolist(), made.uv_faces.ravel().tolist(), strict=True)} <= known
