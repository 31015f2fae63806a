"""What a fix is and what it tells of its work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .workpiece import Workpiece


@dataclass(frozen=True)
class Mended:
    """One thing that a fix changed.

    Attributes:
        what: What was done, in words.
        path: File or JSON path, as in a finding.
        before: How it was, in words or numbers.
        after: How it is now.
    """

    what: str
    path: str
    before: str
    after: str


@dataclass(frozen=True)
class Fix:
    """A repair that is safe without a person's eye: it cannot change what the garment is meant to be.

    Attributes:
        rule: Name of the rule whose findings it mends.
        needs: Parts of the draft that must be readable: "manifest", "mesh", "rig".
        what: What it does, in one line.
        mend: Changes the workpiece and yields what it changed; nothing where nothing is safe.
    """

    rule: str
    needs: tuple[str, ...]
    what: str
    mend: Callable[[Workpiece], Iterator[Mended]]


def points(count: int) -> str:
    """Return "1 point", "2 points" …"""
    return f"{count} point" if count == 1 else f"{count} points"


def triangles(count: int) -> str:
    """Return "1 triangle", "2 triangles" …"""
    return f"{count} triangle" if count == 1 else f"{count} triangles"
