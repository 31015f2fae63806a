from __future__ import annotations

import json

import pytest

from dressform.authoring.learn.plan import Group, Plan
from dressform.schemas.errors import UsageError

SLIM, STOUT = {"weight": 0.2}, {"weight": 0.9}


def plan(domain: str = "learn", seed: int = 3, poses: int = 2) -> Plan:
    groups = (Group("train", "slim", SLIM, "M", poses), Group("train", "slim", SLIM, "L", poses))
    return Plan(domain, seed, (*groups, Group("bodies", "stout one", STOUT, "L", poses)))


def draws(of: Plan) -> list[float]:
    return [float(of.random(group, index).random()) for group, index in of]


def test_every_sample_has_a_name_of_its_own() -> None:
    names = [group.sample_id(index) for group, index in plan()]
    assert len(set(names)) == len(plan()) == 6
    assert names[-1] == "bodies.stout-one.L.001"


def test_a_sample_draws_the_same_whatever_else_is_in_the_plan() -> None:
    more = draws(plan(poses=5))
    assert draws(plan()) == [more[0], more[1], more[5], more[6], more[10], more[11]]


def test_domains_and_seeds_share_no_random_numbers() -> None:
    everything = draws(plan()) + draws(plan(domain="set")) + draws(plan(seed=4))
    assert len(set(everything)) == 18


def test_a_plan_survives_json() -> None:
    assert Plan.from_document(json.loads(json.dumps(plan().document()))) == plan()


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ((), "at least one group"),
        ((Group("train", "a", SLIM, "M", 1), Group("train", "a", SLIM, "M", 2)), "train.a.M is there twice"),
        ((Group("train", "a", SLIM, "M", 1), Group("train", "a", STOUT, "L", 2)), "'a' has two shapes"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(groups: tuple[Group, ...], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Plan("learn", 0, groups)


def test_groups_and_seeds_are_checked() -> None:
    with pytest.raises(UsageError, match="at least 1 pose, got 0"):
        Group("train", "a", SLIM, "M", 0)
    with pytest.raises(UsageError, match="no split 'test'"):
        Group("test", "a", SLIM, "M", 1)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="must not be negative, got -1"):
        plan(seed=-1)
