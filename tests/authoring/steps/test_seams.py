from __future__ import annotations

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh
from dressform.authoring.steps._panels import cut_open, is_disk, open_to_disks
from dressform.authoring.steps._seam_paths import edge_costs, seam_arcs, straightened
from dressform.authoring.steps._seams import middle_of, mirrored, tailored_cut
from dressform.authoring.steps._sleeves import find_sleeve, tube_length
from dressform.runtime.geometry.adjacency import boundary_loops, boundary_vertices, edges


def arrays(mesh: GarmentMesh) -> tuple[np.ndarray, np.ndarray]:
    return mesh.points.astype(np.float64), mesh.faces.astype(np.int64)


def test_a_tee_gets_a_front_a_back_and_two_sleeves(tee: GarmentMesh) -> None:
    points, faces = arrays(tee)
    found = edges(faces)
    cut = tailored_cut(points, faces)
    charts = cut_open(faces, found, cut)
    assert charts.count == 4
    assert all(is_disk(charts.faces[charts.chart == k]) for k in range(4))
    centers = np.array([points[faces[charts.chart == k]].mean(axis=(0, 1)) for k in range(4)])
    assert (np.abs(centers[:, 0]) > 0.15).sum() == 2, "one sleeve on each side"
    body = centers[np.abs(centers[:, 0]) < 0.15]
    assert np.ptp(body[:, 1]) > 0.08, "a front and a back"


def test_sleeves_are_tubes_and_hems_are_not(tee: GarmentMesh, skirt: GarmentMesh) -> None:
    for mesh, expected in ((tee, 2), (skirt, 0)):
        points, faces = arrays(mesh)
        found = edges(faces)
        costs = edge_costs(points, faces, found, None)
        aside = [loop for loop in boundary_loops(faces) if abs(points[loop, 0].mean()) > 0.05]
        tubes = [(loop, tube_length(points, faces, found, loop)) for loop in aside]
        assert len([reach for _, reach in tubes if reach is not None]) == expected
        for cuff, reach in tubes:
            assert reach is not None
            sleeve = find_sleeve(points, faces, found, costs, cuff, reach, middle_of(points))
            assert sleeve is not None
            assert np.abs(points[sleeve.armpit, 0]) < np.abs(points[sleeve.underarm[-1], 0])
            assert points[sleeve.armpit, 2] < points[sleeve.top, 2]


def test_straightening_shortens_a_wobbly_seam_and_changes_nothing_else(skirt: GarmentMesh) -> None:
    points, faces = arrays(skirt)
    found = edges(faces)
    costs = edge_costs(points, faces, found, None)
    random = np.random.default_rng(1)
    rough = open_to_disks(
        points + random.normal(0, 0.02, points.shape), faces, found, np.zeros(len(found.vertices), bool)
    )

    def length(cut: np.ndarray) -> float:
        ends = points[found.vertices[cut]]
        return float(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1).sum())

    smooth = straightened(points, faces, found, rough, costs, np.zeros(0, np.int64))
    assert length(smooth) <= length(rough) + 1e-9
    assert length(smooth) < 0.6 * 1.1, "hardly longer than the tube is high"
    charts = cut_open(faces, found, smooth)
    assert charts.count == 1
    assert is_disk(charts.faces)


def test_arcs_end_at_borders_and_where_they_meet(tee: GarmentMesh) -> None:
    points, faces = arrays(tee)
    found = edges(faces)
    cut = tailored_cut(points, faces)
    border = boundary_vertices(tee.faces, len(points))
    arcs = seam_arcs(found, cut, border)
    assert sum(len(arc) - 1 for arc in arcs) == (cut & (found.face_counts == 2)).sum(), "each edge in one arc"
    degree = np.bincount(found.vertices[cut].reshape(-1), minlength=len(points))
    for arc in arcs:
        assert all(border[end] or degree[end] != 2 for end in arc[[0, -1]])


def test_a_symmetric_mesh_is_cut_symmetrically(skirt: GarmentMesh) -> None:
    points, faces = arrays(skirt)
    found = edges(faces)
    cut = mirrored(points, faces, found, tailored_cut(points, faces), middle_of(points))
    ends = points[found.vertices[cut]].mean(axis=1)
    reflected = ends * (-1, 1, 1)
    apart = np.linalg.norm(ends[:, None] - reflected[None], axis=2).min(axis=1)
    assert apart.max() < 0.03


@pytest.mark.parametrize("rings", [12, 30])
def test_closed_surfaces_are_cut_into_disks(rings: int) -> None:
    a, b = np.meshgrid(np.linspace(0, 2 * np.pi, rings, endpoint=False), np.linspace(0, np.pi, rings)[1:-1])
    ball = np.stack([np.sin(b) * np.cos(a), np.sin(b) * np.sin(a), np.cos(b)], -1).reshape(-1, 3)
    from scipy.spatial import ConvexHull

    hull = ConvexHull(ball).simplices.astype(np.int64)
    outward = np.einsum("ij,ij->i", np.cross(ball[hull[:, 1]] - ball[hull[:, 0]], ball[hull[:, 2]] - ball[hull[:, 0]]),
                        ball[hull].mean(axis=1)) > 0  # fmt: skip
    faces = np.where(outward[:, None], hull, hull[:, ::-1])
    charts = cut_open(faces, edges(faces), tailored_cut(ball * 0.2, faces))
    assert all(is_disk(charts.faces[charts.chart == k]) for k in range(charts.count))
