"""How long work tells its caller how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called with the finished fraction in [0, 1] and a few words on what is being done."""

    def __call__(self, fraction: float, message: str, /) -> None:
        """Report."""


def silent(fraction: float, message: str, /) -> None:
    """Report nothing."""


def part(progress: Progress, start: float, end: float, prefix: str = "") -> Progress:
    """Return what a part of long work is told to call: its 0 … 1 becomes `start` … `end` of the whole."""

    def told(fraction: float, message: str, /) -> None:
        progress(start + (end - start) * fraction, f"{prefix}{message}")

    return told
