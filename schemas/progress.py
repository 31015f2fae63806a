"""How long work tells its caller how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called with the finished fraction in [0, 1] and a few words on what is being done."""

    def __call__(self, fraction: float, message: str, /) -> None:
        """Report."""


def silent(fraction: float, message: str, /) -> None:
    """Report nothing."""
