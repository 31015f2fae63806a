"""The rules on weights are silent where cloth moves well, and say where it does not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from dressform.assets.library import Library
from dressform.runtime.body.anny_body import load_anny
from dressform.validators.examples.builder import Parts
from dressform.validators.rule import Defect, Measured
from dressform.validators.rules import skin
from dressform.validators.skin_weights import distance_to_part, joint_steps, table
from dressform.validators.targets import find_subjects


def test_the_table_holds_what_the_indices_say() -> None:
    names = load_anny().joint_names
    held = table(
        (names[5], "tail", names[2]), np.int32([[0, 2, 1], [2, 2, 9]]), np.float32([[0.5, 0.25, 0.25], [0.5, 0.5, 1]])
    )
    assert held.shape == (2, len(names))
    assert held[0, 5] == 0.5
    assert held[0, 2] == 0.25  # the tail is nobody's
    assert held[1, 2] == 1.0
    assert held.sum() == 1.75
    assert table((names[5],), np.int32([[0, 0]]), np.float32([[np.nan, 0.5]]))[0, 5] == 0.5


def test_bones_are_counted_along_the_skeleton() -> None:
    names, steps = load_anny().joint_names, joint_steps()
    parents = load_anny().joint_parents
    assert (steps == steps.T).all()
    assert (np.diag(steps) == 0).all()
    child = np.flatnonzero(parents >= 0)
    assert (steps[child, parents[child]] == 1).all()
    left, right = names.index("wrist.L"), names.index("wrist.R")
    assert steps[left, right] > steps[left, names.index("spine01")] > 2


def test_distances_are_to_the_part_that_a_joint_moves() -> None:
    names = load_anny().joint_names
    above = np.float32([[0, 0, 3.0]])
    assert distance_to_part(names.index("head"), above) == pytest.approx(distance_to_part(None, above), abs=0.02)
    assert distance_to_part(names.index("foot.L"), above)[0] > 2.5


@pytest.mark.parametrize("check", [skin.has_no_islands, skin.changes_softly, skin.follows_what_is_near])
def test_weights_that_are_no_numbers_break_nothing(parts: Parts, tmp_path: Path, check: object) -> None:
    weights, indices = parts.rig.joint_weights.copy(), parts.rig.joint_indices.copy()
    weights[3], indices[4, 0] = np.nan, -7
    indices[5, 0] = 999
    parts.change_rig(joint_weights=weights, joint_indices=indices)
    (subject,) = find_subjects(parts.write(tmp_path / "draft"))
    assert callable(check)
    list(check(subject))


def test_a_rigid_button_may_differ_from_its_cloth(parts: Parts, tmp_path: Path) -> None:
    from dressform.assets.files.garment import Part

    weights = np.zeros_like(parts.rig.joint_weights)
    weights[:, 1] = 1
    weights[parts.mesh.faces[0], :2] = [1, 0]
    parts.change_rig(joint_weights=weights)
    (torn,) = find_subjects(parts.write(tmp_path / "torn"))
    assert any(isinstance(found, Defect) for found in skin.changes_softly(torn))
    touching = np.isin(parts.mesh.faces, parts.mesh.faces[0]).any(axis=1)
    parts.change_mesh(parts=(Part("cloth"), Part("button", rigid=True)), part_ids=touching.astype(np.int32))
    (sewn,) = find_subjects(parts.write(tmp_path / "sewn"))
    assert all(isinstance(found, Measured) for found in skin.changes_softly(sewn))


def test_a_size_with_another_skin_is_named(parts: Parts, tmp_path: Path) -> None:
    parts.further["L"] = dataclasses.replace(parts.mesh, points=parts.mesh.points * np.float32(1.05))
    draft = parts.write(tmp_path / "draft")
    assert parts.skin is not None
    parts.skin = dataclasses.replace(parts.skin, joint_weights=np.roll(parts.skin.joint_weights, 1, axis=0))
    other = parts.write(tmp_path / "other")
    (draft / "sizes" / "L" / "garment.glb").write_bytes((other / "sizes" / "L" / "garment.glb").read_bytes())
    (subject,) = find_subjects(draft)
    (found,) = skin.agrees_with_the_file(subject)
    assert found.path == "sizes/L/garment.glb"


def test_the_starter_library_is_weighted_well() -> None:
    for subject in find_subjects(Library.embedded().folder)[:2]:
        for check in (skin.agrees_with_the_file, skin.has_no_islands, skin.changes_softly, skin.follows_what_is_near):
            assert not [found for found in check(subject) if isinstance(found, Defect)]
