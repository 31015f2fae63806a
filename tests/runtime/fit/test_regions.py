"""Regions of plain tubes around the canonical body, whose girths follow from their radius."""

import numpy as np
import pytest

from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.fit import regions as module
from dressform.runtime.fit.regions import regions

AROUND, RADIUS = 96, 0.3
OPENING = 0.08  # of the way round, in front


def tube(low, high, radius=RADIUS, at=(0.0, 0.0), opening=0.0, slant=0.0):
    """A tube about an upright axis, open in front; its lower edge rises by `slant` from back to front."""
    rest = np.linspace(0.0, 1.0, 41)
    turn = 2 * np.pi * (opening / 2 + (1 - opening) * np.arange(AROUND + 1) / AROUND)
    count = AROUND + 1 if opening else AROUND
    turn = turn[:count]
    circle = np.stack([at[0] + radius * np.sin(turn), at[1] - radius * np.cos(turn)], axis=1)
    bottom = low + slant * (0.5 + 0.5 * np.cos(turn))
    heights = bottom + (high - bottom) * rest[:, None]
    points = np.concatenate([np.broadcast_to(circle, (len(rest), count, 2)), heights[..., None]], axis=2)
    k, j = np.meshgrid(np.arange(len(rest) - 1), np.arange(AROUND), indexing="ij")
    a, b = k * count + j, k * count + (j + 1) % count
    faces = np.stack([np.stack([a, b, b + count], -1), np.stack([a, b + count, a + count], -1)], axis=2)
    return points.reshape(-1, 3), faces.reshape(-1, 3).astype(np.int32)


def joined(*meshes):
    starts = np.cumsum([0, *(len(points) for points, _ in meshes)])
    faces = [faces + start for (_, faces), start in zip(meshes, starts, strict=False)]
    return np.concatenate([points for points, _ in meshes]), np.concatenate(faces).astype(np.int32)


def found(points, faces):
    return regions(canonical_rest(), points, points, faces)


@pytest.mark.parametrize("opening", [0.0, OPENING])
@pytest.mark.parametrize("below", [0.05, 0.019, 0.001])
def test_hips_are_measured_all_the_way_round_where_only_parts_of_the_hem_reach_them(opening, below):
    rest = canonical_rest()
    hip = float(rest.measure_lines()["hip"][0, 2])
    points, faces = tube(hip - below, 1.3, opening=opening, slant=0.02)
    measured = found(points, faces).get("hip")
    girth = 2 * np.pi * RADIUS * (1 - opening)
    if measured is not None:  # a garment of which hardly anything reaches the hips has none
        assert measured.ring.cut == pytest.approx(girth, rel=0.02)
        assert measured.ease == pytest.approx(girth - rest.measures().hip, abs=0.02 * girth)
    assert (measured is None) == (below == 0.001)


def test_what_is_open_all_the_way_down_keeps_its_own_level():
    hip = float(canonical_rest().measure_lines()["hip"][0, 2])
    measured = found(*tube(hip - 0.2, 1.3, opening=OPENING))["hip"]
    assert measured.ring.sweep == pytest.approx(1 - OPENING, abs=0.005)
    points, _ = tube(hip - 0.2, 1.3, opening=OPENING)
    assert np.abs(points[measured.ring.points, 2] - hip).max() < 0.03


def test_a_hem_that_comes_onto_the_foot_is_held_against_the_ankle():
    rest = canonical_rest()
    ankle = rest.canonical_joints()[module.JOINT_INDEX["left_ankle"]]
    girths = []
    for height in (0.0, 0.01, 0.02):
        low = float(ankle[2]) + height
        legs = [tube(low, low + 0.5, radius=0.12, at=(side * ankle[0], ankle[1])) for side in (1, -1)]
        girths.append(found(*joined(*legs))["hem"].body)
    assert max(girths) - min(girths) < 0.002
    assert girths[0] < 0.9 * module.girth(  # the foot's heel goes into the girth at the joint itself
        rest.vertices, all_but_toes(rest), ankle.astype(np.float32), module.UP.astype(np.float32)
    )


def all_but_toes(rest):
    wanted = [module.JOINT_INDEX[f"left_{name}"] for name in ("hip", "knee", "ankle")]
    return rest.body.faces[np.isin(rest.vertex_segments[rest.body.faces], wanted).all(axis=1)]


def test_a_sleeve_that_is_one_with_the_trunk_halfway_down_is_measured_below():
    rest = canonical_rest()
    shoulder, elbow = (rest.canonical_joints()[module.JOINT_INDEX[f"left_{name}"]] for name in ("shoulder", "elbow"))
    way = (elbow - shoulder) / np.linalg.norm(elbow - shoulder)
    arm, faces = tube(0.0, 0.5, radius=0.08)
    # along the arm, from just above the middle of the upper arm
    across = np.cross(way, [0.0, 1.0, 0.0])
    across /= np.linalg.norm(across)
    frame = np.stack([across, np.cross(way, across), way])
    sleeve = (arm @ frame + (shoulder + elbow) / 2 + 0.04 * way, faces)
    cape = tube(0.0, 2.5, radius=0.6)  # the plane through the upper arm cuts it round arm and trunk
    measured = found(*joined(sleeve, cape))["sleeve"]
    assert measured.ring.cut == pytest.approx(2 * np.pi * 0.08, rel=0.01)
    assert "sleeve" not in found(*cape)
