"""Stills and turntables: which frames of a motion are drawn and shown, and from where."""

from __future__ import annotations

import itertools
import math

import pytest

from dressform.runtime.render.shot import AS_IT_RUNS, Shot, check_written, plan, take
from dressform.schemas.errors import UsageError


def test_a_motion_as_it_runs_is_left_alone() -> None:
    planned = plan(AS_IT_RUNS, 30, 2.0, 12.6)
    taken = list(take(iter(range(60)), AS_IT_RUNS, planned))
    assert [each.item for each in taken] == list(range(60))
    assert all(each.drawn and each.shown and each.turn_rad == 0 for each in taken)


def test_a_still_is_the_frame_of_its_time_after_one_that_only_tells_velocity() -> None:
    shot = Shot(at=0.5)
    taken = list(take(itertools.count(), shot, plan(shot, 10, 3.0, 1.0)))
    assert [(each.item, each.drawn, each.shown) for each in taken] == [
        *((number, number == 4, False) for number in range(5)),
        (5, True, True),
    ]
    ended = list(take(iter(range(3)), shot, plan(shot, 10, 3.0, None)))
    assert (ended[-1].item, ended[-1].shown) == (2, True)  # a clip that ends holds its last pose


def test_a_held_pose_is_gone_around_once_and_the_end_meets_the_beginning() -> None:
    shot = Shot(at=0.2, turntable=True)
    taken = list(take(itertools.count(), shot, plan(shot, 10, 0.8, 1.0)))
    assert [each.item for each in taken] == [2] * 9
    drawn = [each for each in taken if each.drawn]
    turns = [each.turn_rad for each in drawn]
    assert turns == pytest.approx([2 * math.pi * number / 8 for number in range(-1, 8)])
    assert [each.shown for each in drawn] == [False, *([True] * 8)]


def test_a_lap_in_motion_takes_whole_loops_and_one_before_to_settle() -> None:
    shot = Shot(turntable=True)
    planned = plan(shot, 10, 5.0, 2.33)
    assert (planned.frames, planned.lead) == (47, 47)
    assert planned.frames / planned.rate == pytest.approx(2 * 2.33)
    taken = list(take(itertools.count(), shot, planned))
    assert [each.item for each in taken if each.shown] == list(range(47, 94))
    assert [each.item for each in taken if each.drawn and not each.shown] == [46]
    assert plan(shot, 10, 0.1, 2.33).frames == 23
    once = plan(shot, 10, 3.0, None)
    assert (once.frames, once.lead) == (30, 0)


def test_wrong_times_are_refused() -> None:
    for at in (-1.0, math.nan, math.inf):
        with pytest.raises(UsageError, match="--at must be a time"):
            Shot(at=at)
    for at in (None, 0.0, 2.0):
        with pytest.raises(UsageError, match="needs its length"):
            plan(Shot(at=at, turntable=True), 30, None, 1.0)


def test_no_more_is_played_before_than_shows() -> None:
    late = plan(Shot(at=86400.0), 30, None, 1.0, remembered_s=3.0)
    assert (late.first, late.lead) == (30 * 86400 - 91, 91)
    early = plan(Shot(at=2.0), 30, None, 1.0, remembered_s=3.0)
    assert (early.first, early.lead) == (0, 60)
    lap = plan(Shot(turntable=True), 10, 600.0, 2.0, remembered_s=3.0)
    assert (lap.frames, lap.first, lap.lead) == (6000, 5969, 31)
    assert plan(Shot(at=9.0), 1e-3, None, 1.0, remembered_s=3.0).lead == 0


@pytest.mark.parametrize(
    ("shot", "kind", "said"),
    [
        (Shot(turntable=True), "picture", "--turntable makes many pictures, and 'a' is one; name a video or a folder"),
        (Shot(at=1.0, turntable=True), "picture", "--turntable makes many pictures"),
        (Shot(at=1.0), "video", "--at is for a still or a turntable, and 'a' is a video"),
    ],
)
def test_a_shot_that_its_target_does_not_hold_is_refused(shot: Shot, kind: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_written(shot, kind, "a")
    check_written(shot, "folder", "a")
