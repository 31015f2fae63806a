from __future__ import annotations

import numpy as np
import pytest

from dressform.assets.files.garment import inner_points
from dressform.authoring.patterns.finish import ROWS, THICKNESS, finish
from dressform.authoring.patterns.meshing import mesh_pattern
from dressform.authoring.patterns.regrade import regrade
from dressform.runtime.geometry.adjacency import boundary_loops, edges
from dressform.runtime.geometry.normals import face_normals
from dressform.runtime.geometry.uv_measures import uv_measures
from dressform.schemas.errors import InputError

from .sewing_samples import apron, pattern, polygon, skirt, worn_skirt


@pytest.fixture(scope="module")
def sewn():
    return mesh_pattern(skirt())


@pytest.fixture(scope="module")
def worn(sewn):
    return finish(sewn, worn_skirt(sewn))


def flat_garment(sample):
    """Lying on the table, its outside up."""
    mesh = mesh_pattern(sample)
    points = np.zeros((mesh.point_count, 3))
    points[mesh.points, :2] = mesh.flat
    return mesh, finish(mesh, points)


def test_hems_continue_the_cloth(sewn, worn):
    assert set(edges(worn.faces).face_counts) == {1, 2}
    assert len(boundary_loops(worn.faces)) == 2
    directed = np.stack([worn.faces, np.roll(worn.faces, -1, axis=1)], axis=-1).reshape(-1, 2)
    assert len(np.unique(directed, axis=0)) == len(directed)  # neighbours run the same way around
    assert (worn.faces[: len(sewn.faces)] == sewn.faces).all()
    assert worn.points[: sewn.point_count] == pytest.approx(worn_skirt(sewn), abs=1e-6)


def test_hems_lie_under_the_cloth(sewn, worn):
    inner = inner_points(worn)
    assert inner.sum() == len(worn.points) - sewn.point_count
    assert [part.name for part in worn.parts] == ["cloth", "hems"]
    radius = 0.88 / (2 * np.pi)
    x, y, z = worn.points[inner].astype(np.float64).T
    depth = radius - np.hypot(x, y)
    assert depth.min() > 0.3 * THICKNESS
    assert depth.max() < 1.1 * THICKNESS
    hem = z < 0.1
    assert z[hem].reshape(-1, ROWS)[:, -1] == pytest.approx(0.03, abs=2e-4)  # as deep as the turn
    assert z[hem].min() == pytest.approx(-0.4 * THICKNESS, abs=2e-4)  # the fold stands out a little
    strips = face_normals(worn.points, worn.faces)[worn.part_ids == 1]
    centres = worn.points[worn.faces[worn.part_ids == 1]].mean(axis=1)
    level = np.abs(strips[:, 2]) < 0.5
    assert (strips[level, :2] * centres[level, :2]).sum(axis=1).max() < 0  # seen from inside


def test_hems_lie_on_the_sheet_beyond_their_edge(sewn, worn):
    found = uv_measures(worn.points, worn.faces, worn.uv0, worn.uv0_faces)
    assert len(found.overlapping) == 0
    assert not found.flipped.any()
    assert not found.collapsed.any()
    assert found.anisotropy_p95 < 1.1
    own = worn.uv0[np.unique(worn.uv0_faces[worn.part_ids == 1])] * sewn.sheet
    hem = sewn.layout[sewn.edges["front", "hem"]] * sewn.sheet
    below = own[(np.abs(own[:, 0] - hem[:, 0].mean()) < 0.2) & (own[:, 1] < hem[0, 1] + 1e-4)]
    assert hem[0, 1] - below[:, 1].min() == pytest.approx(0.03 + 1.07 * THICKNESS, abs=1e-4)
    assert worn.uv1 is worn.uv0
    assert worn.uv1_faces is worn.uv0_faces


def test_slots_become_materials(sewn, worn):
    assert [material.name for material in worn.materials] == ["main", "rib"]
    assert set(worn.material_ids[: len(sewn.faces)][sewn.face_panels == 2]) == {1}
    assert set(worn.material_ids[worn.part_ids == 1]) == {0, 1}


def test_sizes_share_triangles_and_uvs(sewn, worn):
    large = regrade(sewn, skirt(0.5, 0.32, "L"))
    other = finish(large, worn_skirt(large))
    assert (other.faces == worn.faces).all()
    assert (other.uv0 == worn.uv0).all()
    assert (other.uv0_faces == worn.uv0_faces).all()
    assert (other.material_ids == worn.material_ids).all()


def test_corners_of_two_hems_are_mitred():
    mesh, garment = flat_garment(apron(0.03))
    found = uv_measures(garment.points, garment.faces, garment.uv0, garment.uv0_faces)
    assert len(found.overlapping) == 0
    assert set(edges(garment.faces).face_counts) == {1, 2}
    corner = int(mesh.points[mesh.edges["front", "hem"][0]])
    ends = garment.points[mesh.point_count :].reshape(-1, ROWS, 3)[:, -1]
    mitre = ends[np.argmin(np.linalg.norm(ends - garment.points[corner], axis=1))]
    near = np.linalg.norm(ends[:, :2] - [-0.07, 0.03], axis=1).min()
    assert near < 1e-6
    assert mitre[2] < 0
    inside = ends[:, :2]
    assert (np.abs(inside[:, 0]) <= 0.07 + 1e-6).all()
    assert (np.abs(inside[:, 1] - 0.1) <= 0.07 + 1e-6).all()


def test_a_wide_hem_beside_a_short_edge_does_not_fold_over():
    corners = [(-0.1, 0.0), (0.1, 0.0), (0.1, 0.05), (-0.1, 0.05)]
    sample = pattern([polygon("collar", corners, ["hem", "right", "top", "left"], {"top": 0.035})])
    _, garment = flat_garment(sample)
    found = uv_measures(garment.points, garment.faces, garment.uv0, garment.uv0_faces)
    assert len(found.overlapping) == 0
    assert not found.flipped.any()


def test_a_hem_wider_than_its_panel_stays_inside():
    names = ["hem", "right", "top", "left"]
    corners = [(-0.1, 0.0), (0.1, 0.0), (0.1, 0.02), (-0.1, 0.02)]
    mesh, garment = flat_garment(pattern([polygon("band", corners, names, {"hem": 0.05})]))
    rows = garment.points[mesh.point_count :]
    assert rows[:, 1].max() < 0.021
    assert rows[:, 1].min() > -0.002


def test_a_slit_keeps_its_hems_apart_on_the_sheet():
    names = ["hem", "right", "top", "slit_right", "slit_left", "top_left", "left"]
    corners = [(-0.1, 0.0), (0.1, 0.0), (0.1, 0.2), (0.004, 0.2), (0.0, 0.1), (-0.004, 0.2), (-0.1, 0.2)]
    turns = {"slit_left": 0.015, "slit_right": 0.015}
    _, garment = flat_garment(pattern([polygon("front", corners, names, turns)]))
    found = uv_measures(garment.points, garment.faces, garment.uv0, garment.uv0_faces)
    assert len(found.overlapping) == 0


def test_points_of_another_mesh_are_refused(sewn):
    with pytest.raises(InputError, match=r"pattern sample: needed \d+ finite draped points \[V, 3\], found the shape"):
        finish(sewn, np.zeros((3, 3)))
