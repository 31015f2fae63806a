"""Trying garments on: sizes, holes, layers, and what cannot be tried on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dressform.runtime.body.body_range import BODIES
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.motion.sweep_poses import SWEEP
from dressform.schemas.errors import UsageError
from dressform.validators.budgets import Budgets
from dressform.validators.examples.builder import Parts
from dressform.validators.examples.sweep import hang_on_the_body
from dressform.validators.holes import find_holes
from dressform.validators.rule import NotTestableError
from dressform.validators.slip import slip
from dressform.validators.targets import find_subjects
from dressform.validators.trial import swept_over_slip, try_on
from dressform.validators.wearable import Wearable, girths_of, wearable


@pytest.fixture(scope="module")
def rest() -> RestBody:
    return canonical_rest()


def worn(parts: Parts, folder: Path) -> Wearable:
    (subject,) = find_subjects(parts.write(folder))
    return wearable(subject)


def ball(radius: float, centre: tuple[float, float, float], steps: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """A sphere with outward triangles."""
    turn, lift = np.linspace(0, 2 * np.pi, steps, endpoint=False), np.linspace(-np.pi / 2, np.pi / 2, steps)
    grid = [[np.cos(b) * np.cos(a), np.cos(b) * np.sin(a), np.sin(b)] for b in lift for a in turn]
    faces = []
    for row in range(steps - 1):
        for column in range(steps):
            a, b = row * steps + column, row * steps + (column + 1) % steps
            faces += [[a, b, b + steps], [a, b + steps, a + steps]]
    return (radius * np.array(grid) + centre).astype(np.float32), np.array(faces, np.int32)


def test_a_hole_is_what_hidden_skin_leaves_to_be_seen() -> None:
    centre = (0.0, 0.0, 1.0)
    body, faces = ball(0.10, centre)
    cloth, cloth_faces = ball(0.12, centre)
    everything = np.ones(len(faces), bool)
    covered = find_holes([body, cloth], [faces, cloth_faces], everything)
    assert covered.area == 0.0

    torn = cloth_faces[cloth[cloth_faces].mean(axis=1)[:, 1] > -0.10]  # a round opening in front
    hole = find_holes([body, cloth], [faces, torn], everything)
    opening = np.pi * (0.12**2 - 0.10**2)
    assert hole.area == pytest.approx(opening, rel=0.35)
    assert hole.points

    drawn_in_front = body[faces].mean(axis=1)[:, 1] > -0.02
    assert find_holes([body, cloth], [faces, torn], drawn_in_front).area == 0.0
    assert find_holes([body, cloth], [faces, torn], ~everything).area == 0.0


def test_cloth_that_has_sunk_into_hidden_skin_is_no_hole() -> None:
    body, faces = ball(0.10, (0.0, 0.0, 1.0))
    cloth, cloth_faces = ball(0.095, (0.0, 0.0, 1.0))
    assert find_holes([body, cloth], [faces, cloth_faces], np.ones(len(faces), bool)).area == 0.0


def test_every_body_gets_the_size_nearest_to_its_girths(parts: Parts, tmp_path: Path) -> None:
    thin, heavy = girths_of("thin woman"), girths_of("heavy man")
    assert thin["waist"] < heavy["waist"]
    parts.manifest["sizes"] = {
        "S": {"garment": "sizes/S/garment.glb", "measures": dict(thin)},
        "M": {"garment": "sizes/M/garment.glb"},
        "XL": {"garment": "sizes/XL/garment.glb", "measures": dict(heavy)},
    }
    parts.further = {"S": parts.mesh, "XL": parts.mesh}
    garment = worn(parts, tmp_path / "draft")
    assert garment.default_size == "M"
    assert [garment.size_for(body) for body in ("thin woman", "heavy man")] == ["S", "XL"]
    assert replace(garment, measures={}).size_for("heavy man") == "M"


def test_the_figures_are_those_of_the_posed_garment(parts: Parts, tmp_path: Path) -> None:
    hang_on_the_body(parts)
    garment = worn(parts, tmp_path / "draft")
    bent, again = (try_on(garment, ["average woman"], ["bend"]) for _ in range(2))
    assert bent == again
    assert 0.0 <= bent[0].penetrating < bent[0].penetrating_before < 0.1
    twice = replace(garment, meshes={"M": replace(garment.meshes["M"], points=garment.meshes["M"].points / 2)})
    assert try_on(twice, ["average woman"], ["bend"])[0].stretch == pytest.approx(1 + 2 * bent[0].stretch, abs=1e-4)


def test_the_close_fitting_layer_lies_over_the_skin(rest: RestBody) -> None:
    mesh = slip().meshes["M"]
    heights = mesh.points[:, 2]
    assert rest.vertices[:, 2].max() - heights.max() > 0.15  # the head is bare
    assert np.allclose(slip().rig.joint_weights.sum(axis=1), 1, atol=1e-5)


def test_what_lies_on_the_skin_is_not_tried_over_a_layer(parts: Parts, tmp_path: Path) -> None:
    hang_on_the_body(parts)
    parts.manifest["layer"] = 0
    (subject,) = find_subjects(parts.write(tmp_path / "draft"))
    with pytest.raises(NotTestableError, match="lies on the skin"):
        swept_over_slip(subject)


@pytest.mark.parametrize("what", ["digest", "joints", "points", "triangles", "binding"])
def test_a_rig_too_broken_to_pose_is_not_tested(parts: Parts, tmp_path: Path, what: str) -> None:
    if what == "digest":
        parts.change_rig(body_digest="another")
    elif what == "joints":
        parts.change_rig(joints=("tail", *parts.rig.joints[1:]))
    elif what == "points":
        weights = parts.rig.joint_weights.copy()
        weights[3] = np.nan
        parts.change_rig(joint_weights=weights)
    elif what == "binding":
        parts.change_rig(binding_triangles=parts.rig.binding_triangles + 10**6)
    else:
        parts.change_rig(joint_indices=parts.rig.joint_indices[:-1], joint_weights=parts.rig.joint_weights[:-1])
    with pytest.raises(NotTestableError):
        worn(parts, tmp_path / "draft")


def test_bodies_and_poses_that_there_are_not_are_named(parts: Parts, tmp_path: Path) -> None:
    garment = worn(parts, tmp_path / "draft")
    with pytest.raises(UsageError, match=r"no body 'giant'.*thin woman"):
        try_on(garment, ["giant"], ["bend"])
    with pytest.raises(UsageError, match=r"no pose 'fly'.*arms_up"):
        try_on(garment, ["thin man"], ["fly"])


def test_the_default_sweep_names_bodies_and_poses_that_there_are() -> None:
    assert set(Budgets().sweep_bodies) <= set(BODIES)
    assert set(Budgets().sweep_poses) <= set(SWEEP)
