"""Where panels start, and the mirror image of a garment."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.authoring.patterns.meshing import mesh_pattern
from dressform.authoring.simulate.arrange import arrange
from dressform.authoring.simulate.membrane import Membrane, flat_corners
from dressform.authoring.simulate.mirror import Mirror
from dressform.authoring.simulate.relax import relax
from dressform.authoring.simulate.supports import Tubes
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals
from dressform.schemas.errors import InputError

from .conftest import EDGE_LENGTH, top_pattern


@pytest.mark.parametrize(
    ("limb", "angle", "looks"),
    [
        ("torso", 0.0, (0, -1, 0)),
        ("torso", np.pi / 2, (1, 0, 0)),
        ("left_leg", np.pi / 2, (1, 0, 0)),
        ("right_leg", np.pi, (0, 1, 0)),
        ("left_arm", 0.0, (0.7, 0, 0.7)),
        ("right_arm", 0.0, (-0.7, 0, 0.7)),
        ("left_arm", np.pi / 2, (0, -1, 0)),
        ("right_arm", np.pi / 2, (0, -1, 0)),
    ],
)
def test_a_placements_angle_looks_where_it_says(
    rest: RestBody, limb: str, angle: float, looks: tuple[float, ...]
) -> None:
    tube = Tubes(rest)[limb]
    station = tube.stations[[len(tube.stations) * 3 // 4]]
    offsets = np.full(len(tube.stations), 0.02)
    here, right, above = (
        tube.at(station + up, np.array([along]), angle, offsets)[0] for along, up in ((0, 0), (0.02, 0), (0, 0.02))
    )
    center = tube.centers[np.abs(tube.stations - station).argmin()]
    outward = (here - center) / np.linalg.norm(here - center)
    assert outward @ np.array(looks) > 0.85
    # the panel is seen from outside: x to the right, y up, and the third way towards the onlooker
    assert np.cross(right - here, above - here) @ outward > 0.8 * 0.02**2


def test_panels_stand_clear_of_the_trunk_with_sewn_edges_together(top: FlatMesh, rest: RestBody) -> None:
    start = arrange(top, rest)
    front = top.points[top.edges["front", "hem"]]
    back = top.points[top.edges["back", "hem"]]
    assert start[front, 1].mean() < -0.05 < 0.05 < start[back, 1].mean()
    assert np.ptp(start[front, 2]) < 1e-9
    outward = vertex_normals(start, top.faces)
    sides = start[:, :2] - start[:, :2].mean(axis=0)
    low = start[:, 2] < 1.2
    assert (np.einsum("pk,pk->p", outward[low][:, :2], sides[low]) > 0).all()


def test_a_panel_put_far_from_its_seams_is_refused(rest: RestBody) -> None:
    mesh = mesh_pattern(top_pattern(front_height=0.7), EDGE_LENGTH)
    with pytest.raises(InputError, match=r"panel front: its edge \w+ starts 0\.\d+ m from what it is sewn to"):
        arrange(mesh, rest)


def test_the_mirror_pairs_both_sides_of_a_panel(top: FlatMesh, rest: RestBody) -> None:
    mirror = Mirror(top)
    assert mirror.matched.all()
    start = arrange(top, rest)
    assert mirror.off(start).max() < 1e-3
    bent = start + np.array([0.0, 0.0, 0.1]) * (start[:, :1] > 0)
    assert mirror.off(bent).max() > 0.09
    evened = mirror.even(bent)
    assert mirror.off(evened).max() < 0.5 * mirror.off(bent).max()
    assert np.allclose(evened[start[:, 0] > 0.02, 2], start[start[:, 0] > 0.02, 2] + 0.05, atol=2e-3)


def test_relaxing_brings_lengths_back_and_leaves_the_body(top: FlatMesh, rest: RestBody) -> None:
    membrane = Membrane(flat_corners(top), top.faces, top.point_count)
    start = arrange(top, rest)
    mirror = Mirror(top)
    relaxed = relax(top, start, rest, mirror=mirror)
    before, after = (np.sqrt((membrane.strains(points) ** 2).mean()) for points in (start, relaxed))
    assert after < 0.6 * before
    assert Surface(rest.vertices, rest.body.faces).signed_distance(relaxed).min() > 0.003
    assert np.percentile(mirror.off(relaxed), 99) < 0.004
    shoulder = rest.canonical_joints()[JOINT_INDEX["left_shoulder"]]
    assert relaxed[:, 2].max() > shoulder[2]


def test_a_membrane_knows_a_stretch_from_a_turn() -> None:
    corners = np.array([[[0.0, 0.0], [0.1, 0.0], [0.0, 0.1]]])
    membrane = Membrane(corners, np.array([[0, 1, 2]], np.int32), 3)
    turned = np.array([[0.0, 0.0, 0.0], [0.0, 0.1, 0.0], [0.0, 0.0, 0.1]])
    assert np.allclose(membrane.strains(turned), 0, atol=1e-12)
    assert np.allclose(membrane.strains(turned * (1.0, 1.2, 0.9)), [[0.2, -0.1]], atol=1e-12)
    assert np.allclose(membrane.stiffness @ turned, membrane.pull(turned), atol=1e-12)
