"""Which samples a field is learned from."""

import itertools

import pytest

from dressform.assets.sizes import nearest_size
from dressform.authoring.learn.bodies import CARD_INSIDE, CARD_OUTSIDE, SET_INSIDE, SET_OUTSIDE, TRAINING
from dressform.authoring.learn.study import DOMAIN, JUDGED, LearnOptions, learning_plan
from dressform.schemas.errors import UsageError

SIZES = {"S": {"chest": 0.86}, "M": {"chest": 0.94}, "L": {"chest": 1.04}}


def _sizes_of(plan, split):
    worn = {}
    for group in plan.groups:
        if group.split == split:
            worn.setdefault(group.body, []).append(group.size)
    return worn


def test_poses_are_shared_evenly_and_add_up():
    plan = learning_plan(SIZES, "M", LearnOptions(poses=125, bodies=6))
    train = [group.poses for group in plan.groups if group.split == "train"]
    assert sum(train) == 125
    assert max(train) - min(train) == 1
    assert len(plan) == 125 + sum(JUDGED.values())
    assert plan.domain == DOMAIN


def test_every_second_body_wears_the_nearest_size_the_others_one_beside_it_and_every_size_is_worn():
    options = LearnOptions(poses=60, bodies=16)
    worn = _sizes_of(learning_plan(SIZES, "M", options), "train")
    order = list(SIZES)
    for number, figure in enumerate(options.figures):
        (size,) = worn[figure.name]
        nearest = nearest_size(SIZES, figure.rest.measures().as_dict(), "M")
        assert abs(order.index(size) - order.index(nearest)) == number % 2
    assert all(sum(size in sizes for sizes in worn.values()) >= 2 for size in SIZES)


def test_the_poses_say_how_many_bodies_unless_they_are_given():
    assert len(LearnOptions(poses=60).figures) == 24
    assert len(LearnOptions(poses=60, bodies=5).figures) == 5
    assert len(LearnOptions(poses=4).figures) == 2
    assert LearnOptions(poses=60).figures[:10] == TRAINING


def test_bodies_that_judge_neither_train_nor_belong_to_the_benchmark_set():
    plan = learning_plan(SIZES, "M", LearnOptions(bodies=16))
    trained, judged = _sizes_of(plan, "train"), {**_sizes_of(plan, "bodies"), **_sizes_of(plan, "outside")}
    assert set(judged) == {figure.name for figure in (*CARD_INSIDE, *CARD_OUTSIDE)}
    assert not set(judged) & set(trained)
    assert not {figure.name for figure in (*SET_INSIDE, *SET_OUTSIDE)} & (set(judged) | set(trained))


def test_unseen_poses_are_judged_on_bodies_and_sizes_that_were_trained():
    plan = learning_plan(SIZES, "M", LearnOptions())
    pairs = {split: {(g.body, g.size) for g in plan.groups if g.split == split} for split in ("train", "poses")}
    assert pairs["poses"] < pairs["train"]


@pytest.mark.parametrize("sizes", [{"M": {}}, {"S": {}, "M": {}}])
def test_a_garment_whose_sizes_state_no_measures_is_worn_in_its_default(sizes):
    worn = _sizes_of(learning_plan(sizes, "M", LearnOptions()), "train")
    assert all(each == ["M"] for each in list(worn.values())[::2])
    assert set(itertools.chain(*worn.values())) == set(sizes)


def test_minutes_say_how_many_poses_on_any_machine():
    assert LearnOptions.of_minutes(6).poses > LearnOptions.of_minutes(4).poses > 0
    with pytest.raises(UsageError, match=r"--minutes 2 is too little for 6 bodies; needed at least 2\.9"):
        LearnOptions.of_minutes(2, bodies=6)


@pytest.mark.parametrize("minutes", [float("nan"), float("inf"), 1e300, -1.0, -float("inf")])
def test_minutes_that_nobody_has_are_refused(minutes):
    with pytest.raises(UsageError, match="--minutes"):
        LearnOptions.of_minutes(minutes)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bodies": 1}, "--bodies 1 must be from 2 to 64"),
        ({"bodies": 65}, "--bodies 65 must be from 2 to 64"),
        ({"poses": 11, "bodies": 6}, "--poses 11 must be at least 12, two for each body"),
        ({"poses": 3}, "--poses 3 must be at least 4, two for each body"),
        ({"poses": 10_001}, "--poses 10001 must be at most 10000, which is what a field can hold"),
        ({"seed": -1}, "--seed -1 must not be negative"),
    ],
)
def test_options_that_make_no_sense(options, words):
    with pytest.raises(UsageError, match=words):
        LearnOptions(**options)
