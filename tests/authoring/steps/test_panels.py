from __future__ import annotations

import numpy as np

from dressform.assets.files.garment import GarmentMesh
from dressform.authoring.steps._panels import (
    cut_open,
    facing_along,
    open_to_disks,
    parted,
    seams_between,
)
from dressform.runtime.geometry.adjacency import boundary_loops, edges
from dressform.runtime.geometry.normals import face_areas

FRONT = np.array([0.0, -1.0, 0.0])


def arrays(mesh: GarmentMesh) -> tuple[np.ndarray, np.ndarray]:
    return mesh.points.astype(np.float64), mesh.faces.astype(np.int64)


def is_disk(faces: np.ndarray) -> bool:
    _, local = np.unique(faces, return_inverse=True)
    local = local.reshape(-1, 3)
    euler = local.max() + 1 - len(edges(local).vertices) + len(local)
    return len(boundary_loops(local)) == 1 and euler == 1


def test_no_cut_changes_nothing(tee: GarmentMesh) -> None:
    points, faces = arrays(tee)
    found = edges(faces)
    charts = cut_open(faces, found, np.zeros(len(found.vertices), bool))
    assert charts.count == 1
    assert len(charts.vertices) == len(points)
    np.testing.assert_array_equal(charts.vertices[charts.faces], faces)


def test_cutting_every_edge_parts_every_face(skirt: GarmentMesh) -> None:
    _, faces = arrays(skirt)
    found = edges(faces)
    charts = cut_open(faces, found, np.ones(len(found.vertices), bool))
    assert charts.count == len(faces)
    assert len(charts.vertices) == faces.size
    np.testing.assert_array_equal(charts.vertices[charts.faces], faces)


def test_a_tube_is_parted_along_two_straight_side_seams(skirt: GarmentMesh) -> None:
    points, faces = arrays(skirt)
    found = edges(faces)
    front = parted(points, faces, found, facing_along(points, faces, found, FRONT))
    centers = points[faces].mean(axis=1)
    assert (centers[front][:, 1] < 0.03).all()
    assert (centers[~front][:, 1] > -0.03).all()
    seam = found.vertices[seams_between(found, front.astype(int))]
    length = np.linalg.norm(points[seam[:, 0]] - points[seam[:, 1]], axis=1).sum()
    assert length < 2 * 0.6 * 1.05, "two seams, hardly longer than the tube is high"


def test_a_noisy_lean_still_gives_few_panels(tee: GarmentMesh) -> None:
    points, faces = arrays(tee)
    found = edges(faces)
    noise = np.random.default_rng(0).normal(0, 0.5, len(faces))
    front = parted(points, faces, found, facing_along(points, faces, found, FRONT) + noise)
    cut = open_to_disks(points, faces, found, seams_between(found, front.astype(int)))
    charts = cut_open(faces, found, cut)
    assert charts.count <= 4


def test_charts_are_opened_to_disks(tee: GarmentMesh, skirt: GarmentMesh) -> None:
    for mesh in (tee, skirt):
        points, faces = arrays(mesh)
        found = edges(faces)
        cut = open_to_disks(points, faces, found, np.zeros(len(found.vertices), bool))
        charts = cut_open(faces, found, cut)
        assert charts.count == 1
        assert is_disk(charts.faces)


def test_closed_and_handled_surfaces_become_disks_too() -> None:
    u, v = np.meshgrid(np.arange(16), np.arange(10), indexing="ij")
    a, b = 2 * np.pi * u / 16, 2 * np.pi * v / 10
    torus = np.stack([(1 + 0.3 * np.cos(b)) * np.cos(a), (1 + 0.3 * np.cos(b)) * np.sin(a), 0.3 * np.sin(b)], -1)
    index = lambda i, j: (i % 16) * 10 + j % 10  # noqa: E731
    quads = np.stack([index(u, v), index(u + 1, v), index(u + 1, v + 1), index(u, v + 1)], -1).reshape(-1, 4)
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    points = torus.reshape(-1, 3)
    found = edges(faces)
    charts = cut_open(faces, found, open_to_disks(points, faces, found, np.zeros(len(found.vertices), bool)))
    assert charts.count == 1
    assert is_disk(charts.faces)


def test_areas(skirt: GarmentMesh) -> None:
    side = 2 * 0.2 * np.sin(np.pi / 24)  # chord of a 24-gon
    np.testing.assert_allclose(face_areas(*arrays(skirt)).sum(), 24 * side * 0.6, rtol=1e-5)
