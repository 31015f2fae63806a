"""Where the time of a frame goes: all of it, and none of it twice."""

from __future__ import annotations

import time

import pytest

from dressform.benchmarks import frame_profile


def test_parts_add_up_to_the_cores_time_and_none_counts_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_profile, "WARM_UP", 4)
    monkeypatch.setattr(frame_profile, "FRAMES", 12)
    found = frame_profile.profile((96, 96))
    parts = found["parts_ms"]
    assert sum(parts.values()) == pytest.approx(found["core_ms"], abs=0.01 + 0.0005 * len(parts))
    assert {"shade", "draw_triangles", "resolve", "encoder", "convert", frame_profile.REST} <= set(parts)
    assert 0.0 < parts[frame_profile.REST] < 0.6 * found["core_ms"]
    assert found["core_ms"] <= 1.05 * found["wall_ms"]  # on one core


def test_a_part_that_calls_another_is_told_apart() -> None:
    """Time goes to the innermost part that is named."""
    spent: dict[str, float] = {}
    with frame_profile.timed_parts(spent) as timed:
        inner = timed("inner", lambda: _busy(0.03))
        timed("outer", lambda: (_busy(0.01), inner()))()
    assert spent["inner"] == pytest.approx(0.03, rel=0.5)
    assert spent["outer"] == pytest.approx(0.01, rel=0.8)


def _busy(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
