"""What part of a motion is shown, and from where: a clip as it runs, a still, or a lap around the person."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from dressform.schemas.errors import UsageError

Item = TypeVar("Item")


@dataclass(frozen=True)
class Shot:
    """Which moments are shown.

    Attributes:
        at: The moment that time stands still at [s], or None where it runs: a still, or with `turntable` the person
            held in that pose.
        turntable: Whether the camera goes once around the person, so that the end meets the beginning.
    """

    at: float | None = None
    turntable: bool = False

    def __post_init__(self) -> None:
        if self.at is not None and not (math.isfinite(self.at) and 0.0 <= self.at <= 86400.0):
            raise UsageError(f"--at must be a time from 0 to 86400 seconds, got {self.at}")


AS_IT_RUNS = Shot()


class Taken(NamedTuple, Generic[Item]):
    """One frame of a shot.

    Attributes:
        item: What moves.
        turn_rad: How far the camera has gone around.
        drawn: Whether it is rendered; the camera follows it in any case.
        shown: Whether it is given out. One that is only drawn comes before the first shown, whose velocity is from it.
    """

    item: Item
    turn_rad: float = 0.0
    drawn: bool = True
    shown: bool = True


class Plan(NamedTuple):
    """How a shot is played.

    Attributes:
        frames: How many are shown; None: as many as there are.
        lead: How many of the motion's frames are played before the first that is shown.
        rate: Frames per second of the motion; near what was asked for, so that a lap is a whole number of frames.
        held: Whether all frames that are shown are of one moment.
        first: Number of the motion's frame that is played first.
    """

    frames: int | None
    lead: int
    rate: float
    held: bool
    first: int = 0


def plan(
    shot: Shot, fps: float, seconds: float | None, loop_s: float | None, *, remembered_s: float = math.inf
) -> Plan:
    """Plan a shot.

    Args:
        shot: What is wanted.
        fps: Frames per second.
        seconds: Length, or None for as long as the motion goes [s].
        loop_s: Length after which the motion comes again, or None for one that does not [s]. A lap in motion takes the
            whole number of loops that is nearest to `seconds`.
        remembered_s: How much of what came before shows in a frame, in the camera or through a filter [s]; no more of
            it is played.

    Raises:
        UsageError: When a turntable has no length.
    """
    if shot.turntable and seconds is None:
        raise UsageError("a turntable needs its length in seconds")
    if shot.at is not None:
        frames = max(1, round((seconds or 0.0) * fps)) if shot.turntable else 1
        return _begun_late(Plan(frames, round(shot.at * fps), fps, held=True), remembered_s)
    if not shot.turntable or seconds is None:
        return Plan(None, 0, fps, held=False)
    if loop_s is None:
        return Plan(max(1, round(seconds * fps)), 0, fps, held=False)
    length = loop_s * max(1, round(seconds / loop_s))
    frames = max(1, round(length * fps))
    return _begun_late(Plan(frames, frames, frames / length, held=False), remembered_s)


def _begun_late(planned: Plan, remembered_s: float) -> Plan:
    """Leave out what nothing of the shot remembers."""
    needed = 1.0 + remembered_s * planned.rate  # one at least, which velocity is from
    lead = planned.lead if planned.lead <= needed else math.ceil(needed)
    return planned._replace(lead=lead, first=planned.lead - lead)


def check_written(shot: Shot, kind: str, name: str) -> None:
    """Raise a UsageError unless a shot can be written as what its target is: "video", "picture" or "folder"."""
    if shot.turntable and kind == "picture":
        raise UsageError(
            f"--turntable makes many pictures, and {name!r} is one; name a video or a folder, or leave --turntable out"
        )
    if shot.at is not None and not shot.turntable and kind == "video":
        raise UsageError(f"--at is for a still or a turntable, and {name!r} is a video")


def take(items: Iterator[Item], shot: Shot, planned: Plan) -> Iterator[Taken[Item]]:
    """Yield the frames of a shot from those of its motion, from the first played on; fewer where the motion ends."""
    step = 2.0 * math.pi / planned.frames if shot.turntable and planned.frames else 0.0
    held: Item | None = None
    for number in range(planned.lead):
        held = next(items, held)
        if held is None:
            return
        if not (planned.held and shot.turntable):  # the camera has nothing to follow in a pose that is held
            yield Taken(held, -step, drawn=number == planned.lead - 1, shown=False)
    if planned.held:
        held = next(items, held)
        if held is None:
            return
        if shot.turntable:
            yield Taken(held, -step, shown=False)
        items = itertools.repeat(held)
    for number, item in enumerate(items):
        if number == planned.frames:
            return
        yield Taken(item, number * step)


def check_length(fps: float, seconds: float | None) -> None:
    """Raise UsageError unless a rate and a length are numbers above zero; None is no length."""
    for name, value in (("--fps", fps), ("--seconds", 1.0 if seconds is None else seconds)):
        if not 0.0 < value < math.inf:
            raise UsageError(f"{name} must be a number above zero, got {value}")
