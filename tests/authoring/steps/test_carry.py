from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, Layer, Material, MorphTarget, SourceSkin
from dressform.authoring.steps._carry import carried
from dressform.runtime.geometry.rotations import quat_from_rotvec, quat_to_matrix

TURN = np.asarray(quat_to_matrix(quat_from_rotvec(np.array([0.4, -0.9, 0.3]))), np.float64)


def sheet(count: int = 5) -> GarmentMesh:
    """A bent sheet with normals, tangents, colours, a morph and a skin of two joints."""
    x, y = np.meshgrid(np.linspace(0, 1, count), np.linspace(0, 1, count))
    points = np.stack([x.ravel(), y.ravel(), 0.1 * np.sin(3 * x.ravel())], axis=1).astype(np.float32)
    ids = np.arange(count * count).reshape(count, count)
    a, b, c, d = ids[:-1, :-1].ravel(), ids[:-1, 1:].ravel(), ids[1:, 1:].ravel(), ids[1:, :-1].ravel()
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)
    rng = np.random.default_rng(5)
    normals = rng.normal(size=points.shape).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    tangents = np.column_stack([normals[:, [1, 2, 0]], np.tile([1, -1], len(points))[: len(points)]])
    offsets = rng.normal(scale=0.1, size=points.shape).astype(np.float32)
    rest = np.tile(np.eye(4, dtype=np.float32), (3, 1, 1))
    rest[:, :3, 3] = [(0, 0, 0), (1, 0, 0), (1, 1, 0)]
    indices = (points[:, :1] > 0.5).astype(np.int32)
    skin = SourceSkin(("a", "b", "c"), np.array([-1, 0, 1], np.int32), rest, indices, np.ones_like(points[:, :1]))
    return GarmentMesh(
        points, faces, None, None, None, None, (Material(),), np.zeros(len(faces), np.int32),
        layers=(
            Layer("n", "normal", normals, faces),
            Layer("t", "tangent", tangents.astype(np.float32), faces),
            Layer("c", "color", np.abs(normals), faces),
        ),
        morphs=(MorphTarget("wide", offsets, layers=(Layer("n", "normal", normals, faces),)),),
        skin=skin,
    )  # fmt: skip


def test_what_has_a_direction_turns_and_what_has_none_stays() -> None:
    mesh = sheet()
    moved = carried(mesh, mesh.points @ TURN.T + (1, 2, 3))
    normals, tangents, colors = (layer.values for layer in mesh.layers)
    np.testing.assert_allclose(moved.layers[0].values, normals @ TURN.T, atol=1e-5)
    np.testing.assert_allclose(moved.layers[1].values[:, :3], tangents[:, :3] @ TURN.T, atol=1e-5)
    assert np.array_equal(moved.layers[1].values[:, 3], tangents[:, 3])
    assert np.array_equal(moved.layers[2].values, colors)
    np.testing.assert_allclose(moved.morphs[0].offsets, mesh.morphs[0].offsets @ TURN.T, atol=1e-5)
    np.testing.assert_allclose(moved.morphs[0].layers[0].values, normals @ TURN.T, atol=1e-5)


def test_joints_go_with_the_points_they_hold() -> None:
    mesh = sheet()
    moved = carried(mesh, mesh.points @ TURN.T + (1, 2, 3))
    assert moved.skin is not None
    np.testing.assert_allclose(moved.skin.rest[2, :3, 3], TURN @ (1, 1, 0) + (1, 2, 3), atol=1e-4)  # held by nothing
    np.testing.assert_allclose(moved.skin.rest[1, :3, :3], TURN, atol=1e-4)


def test_morphs_grow_with_the_cloth_and_normals_do_not() -> None:
    mesh = sheet()
    moved = carried(mesh, 1.5 * mesh.points)
    np.testing.assert_allclose(moved.morphs[0].offsets, 1.5 * mesh.morphs[0].offsets, rtol=1e-4)
    np.testing.assert_allclose(moved.layers[0].values, mesh.layers[0].values, atol=1e-5)


def test_a_hard_edge_stays_hard_where_one_side_turns() -> None:
    points = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (2, 0, 0), (2, 1, 0)], np.float32)
    faces = np.array([(0, 1, 2), (0, 2, 3), (1, 4, 5), (1, 5, 2)], np.int32)
    folded = points.copy()
    folded[4:] = [(1, 0, 1), (1, 1, 1)]  # the right half stands up
    up = np.tile(np.float32([0, 0, 1]), (2, 1))
    layer = Layer("n", "normal", up, np.repeat([[0], [0], [1], [1]], 3, axis=1).astype(np.int32))
    mesh = replace(sheet(), points=points, faces=faces, material_ids=np.zeros(4, np.int32), layers=(layer,), morphs=())
    moved = carried(replace(mesh, skin=None), folded)
    np.testing.assert_allclose(moved.layers[0].values, [(0, 0, 1), (-1, 0, 0)], atol=1e-5)


def test_collapsed_triangles_do_no_harm() -> None:
    mesh = sheet()
    flat = mesh.points.copy()
    flat[:] = flat[0]
    moved = carried(mesh, flat)
    assert np.isfinite(moved.morphs[0].offsets).all()
    assert np.isfinite(moved.layers[0].values).all()
    assert carried(mesh, mesh.points).layers is mesh.layers
    with pytest.raises(ValueError, match="points_after must be"):
        carried(mesh, flat[:3])
