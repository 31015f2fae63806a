from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dressform.assets.library import Library
from dressform.authoring.learn import sampling_worker
from dressform.authoring.learn.bodies import SET_INSIDE, SET_OUTSIDE, TRAINING
from dressform.authoring.learn.cloth_on_body import Rested
from dressform.authoring.learn.plan import Group, Plan
from dressform.authoring.learn.sampling import make_samples
from dressform.authoring.learn.specimen import Specimen
from dressform.authoring.learn.study import DOMAIN, LearnOptions, learning_plan
from dressform.benchmarks import cloth_set
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.geometry.rotations import quat_from_rotvec
from dressform.schemas.documents import dump_json
from dressform.schemas.errors import InputError

RECORD: dict[str, Any] = {
    "recipe": "r",
    "garments": {
        "tee": {
            "garments": ["g"],
            "plan": "p",
            "simulation": {"finish": 12},
            "digest": "d",
            "lies_mm": {"a": [1.0, 2, 3, 4], "b": [5.0, 6, 7, 8]},
        }
    },
}


@pytest.fixture(scope="module")
def rows() -> list[cloth_set.Entry]:
    return cloth_set.entries(Library.embedded())


def test_the_set_has_five_garments_three_splits_and_ten_clips(rows: list[cloth_set.Entry]) -> None:
    assert [row.name for row in rows] == ["tight-tee", "loose-tee", "trousers", "circle-skirt", "jacket-over-tee"]
    assert [version.name for version in rows[-1].below] == ["tee"]
    assert sum(len(row.motions) for row in rows) == 10
    for row in rows:
        assert {group.split for group in row.plan.groups} == {"poses", "bodies", "outside"}


def test_sizes_are_those_that_fit_or_one_beside(rows: list[cloth_set.Entry]) -> None:
    worn = {row.name: {group.body: group.size for group in row.plan.groups} for row in rows}
    assert worn["jacket-over-tee"]["middle"] == "M"
    assert (worn["tight-tee"]["middle"], worn["loose-tee"]["middle"]) == ("S", "L")
    assert worn["loose-tee"]["stout man"] == "L"
    assert worn["tight-tee"]["slender man"] == "S"


def test_no_training_draws_what_the_set_holds(rows: list[cloth_set.Entry]) -> None:
    kept = {figure.name for figure in (*SET_INSIDE, *SET_OUTSIDE)}
    trained = {figure.name for figure in TRAINING}
    in_the_set = {float(row.plan.random(*each).random()) for row in rows for each in row.plan}
    assert len(in_the_set) == sum(len(row.plan) for row in rows)
    sizes = {size: {"chest": chest} for size, chest in (("S", 0.94), ("M", 0.98), ("L", 1.02))}
    for seed in (0, 1, 2):
        plan = learning_plan(sizes, "M", LearnOptions(poses=120, bodies=len(trained), seed=seed))
        assert not {group.body for group in plan.groups} & kept
        assert not {float(plan.random(*each).random()) for each in plan} & in_the_set
    for row in rows:
        for group in row.plan.groups:
            assert group.body in (trained if group.split == "poses" else kept)


class Stiff:
    """Cloth that hangs the same in every pose."""

    def __init__(self, garments: Sequence[Specimen], size: str, rest: RestBody) -> None:
        self._points = [garment.meshes[size].points for garment in garments]

    def settle(self) -> Sequence[np.ndarray]:
        return self._points

    def pose(self, pose: Pose) -> Rested:
        return Rested(self._points, 0.0)


def turned(rest: RestBody, random: np.random.Generator) -> Pose:
    """Poses that cost nothing to draw."""
    return Pose(quat_from_rotvec(random.normal(0, 0.3, (22, 3))).astype(np.float32), np.zeros(3, np.float32))


def test_a_training_by_the_sets_own_seed_shares_no_sample_with_it(
    rows: list[cloth_set.Entry], tube_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling_worker, "draw_pose", turned)
    tube, own = Library.open(tube_library).resolve("tube"), rows[0].plan
    groups = (Group("poses", "middle", dict(cloth_set.figure_named("middle").shape), "M", 4),)
    plans = {"set": replace(own, groups=groups), "training": Plan(DOMAIN, own.seed, groups)}
    made = {name: make_samples(tube, plan, tmp_path / name, dress=Stiff, workers=1) for name, plan in plans.items()}
    assert cloth_set.shared_samples(made["set"], made["training"]) == []
    assert len(cloth_set.shared_samples(made["set"], made["set"])) == 4


def test_builds_are_told_apart_by_more_than_the_last_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = tmp_path / "frozen.json"
    monkeypatch.setattr(cloth_set, "FROZEN", frozen)
    with pytest.raises(InputError, match="has not been frozen"):
        cloth_set.compare(RECORD)
    frozen.write_bytes(dump_json(RECORD))
    other = deepcopy(RECORD)
    tee = other["garments"]["tee"]
    assert cloth_set.compare(other) == []
    tee["digest"] = "e"
    tee["lies_mm"]["a"] = [1.0, 2, 3, 4.2]
    assert cloth_set.compare(other) == []
    tee["lies_mm"]["a"] = [1.0, 2, 3, 5.5]
    assert cloth_set.compare(other) == ["tee lies up to 1.5 mm elsewhere than when it was frozen"]
    del tee["lies_mm"]["a"]
    assert cloth_set.compare(other) == ["tee has other samples than were frozen"]
    tee["garments"] = ["h"]
    assert cloth_set.compare(other) == ["tee is another garment than was frozen"]
    tee["simulation"] = {"finish": 4}
    assert cloth_set.compare(other) == ["tee was simulated in another way than when it was frozen"]
    assert cloth_set.compare({**other, "recipe": "s"}) == ["the recipe is another one than was frozen"]


def test_where_cloth_lies_is_its_middle_and_spread() -> None:
    points = np.array([[0, 0, 1], [0, 0, 3]], np.float32)
    assert cloth_set._lies(points) == [0, 0, 2000, 1000]
