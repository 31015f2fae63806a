"""Seams by the names of panels and edges."""

from __future__ import annotations

from .pattern import EdgeRef, Seam, SeamFinish


def refs(names: str) -> tuple[EdgeRef, ...]:
    """Return references from "panel.edge", several parted by blanks."""
    return tuple(EdgeRef(*name.split(".", 1)) for name in names.split())


def sewn(first: str, second: str, finish: SeamFinish = "plain", *, gathers: float = 0.0) -> Seam:
    """Return a seam of two chains, each of one or more "panel.edge" parted by blanks."""
    return Seam(refs(first), refs(second), gathers=gathers, finish=finish)


def body_seams(shoulder: SeamFinish = "twin") -> tuple[Seam, ...]:
    """Return side and shoulder seams of the panels "front" and "back"; "twin" rows hold a tape on the shoulders."""
    return (
        sewn("front.side_left", "back.side_left"),
        sewn("front.side_right", "back.side_right"),
        sewn("back.shoulder_left", "front.shoulder_left", shoulder),
        sewn("back.shoulder_right", "front.shoulder_right", shoulder),
    )


def sleeve_seams() -> tuple[Seam, ...]:
    """Return the seams of "sleeve_left" and "sleeve_right": into the armholes of "front" and "back", and closed."""
    return tuple(
        seam
        for side in ("left", "right")
        for seam in (
            sewn(f"front.armscye_{side}", f"sleeve_{side}.cap_front"),
            sewn(f"back.armscye_{side}", f"sleeve_{side}.cap_back"),
            sewn(f"sleeve_{side}.under_back", f"sleeve_{side}.under_front"),
        )
    )
