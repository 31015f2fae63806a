"""Pictures that are made ahead: their order, who waits for whom, and how they end."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from dressform.runtime.render.pipeline import Pipeline, frames_ahead
from dressform.schemas.errors import UsageError

DRAWINGS: Any = ["a", "b", "c"]


def pipeline(count: int, log: list[str]) -> Pipeline[int]:
    numbers = iter(range(count))

    def dress(drawing: Any) -> int | None:
        number = next(numbers, None)
        log.append(f"dress {number} in {drawing}")
        return number

    return Pipeline(DRAWINGS, dress, lambda drawing, number: log.append(f"draw {number} in {drawing}"))


def test_drawings_take_turns_and_come_in_order() -> None:
    log: list[str] = []
    assert list(pipeline(5, log).frames()) == [("a", 0), ("b", 1), ("c", 2), ("a", 3), ("b", 4)]
    assert [line for line in log if line.startswith("draw")] == [f"draw {k} in {'abc'[k % 3]}" for k in range(5)]


def test_a_drawing_is_not_touched_while_it_is_shown() -> None:
    log: list[str] = []
    frames = pipeline(100, log).frames()
    for _ in range(4):
        drawing, number = next(frames)
        since = [line for line in log if line.endswith(f"in {drawing}")]
        assert since[-1] == f"draw {number} in {drawing}"
    frames.close()  # type: ignore[attr-defined]


def test_what_fails_ahead_reaches_who_asks_for_it() -> None:
    def dress(drawing: Any) -> int:
        raise UsageError("no such pose")

    with pytest.raises(UsageError, match="no such pose"):
        list(Pipeline(DRAWINGS, dress, lambda drawing, number: None).frames())


def test_stopping_waits_for_the_drawing_at_hand_and_drops_the_rest() -> None:
    log: list[str] = []
    going, held = pipeline(100, log), threading.Event()
    draw = going._draw

    def slow(drawing: Any, number: int) -> None:
        held.wait(5)
        draw(drawing, number)

    going._draw = slow  # type: ignore[method-assign]
    frames = going.frames()
    threading.Timer(0.2, held.set).start()
    assert next(frames)[1] == 0
    going.stop()
    count = len(log)
    with pytest.raises(UsageError, match="another stream"):
        next(frames)
    assert len(log) == count


def test_fewer_frames_are_made_ahead_where_layers_of_sheer_cloth_take_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dressform.runtime.render.checks.free_bytes", lambda device: 1_700_000_000)
    assert frames_ahead((1400, 1400), 2, "cpu", most=2) == 2
    assert frames_ahead((1400, 1400), 2, "cpu", most=2, layers=3) == 0
    with pytest.raises(UsageError, match=r"^--size 1400x1400"):
        frames_ahead((1400, 1400), 2, "cpu", most=2, layers=8)
