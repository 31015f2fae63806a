"""Parts of a woven top: placket, buttons, pocket, cuffs and the slits above them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from . import _curves as curves
from ._curves import Points
from ._sewing import sewn
from .pattern import Edge, Mark, Panel, Placement, Seam
from .sleeves import ARMS, Sleeve

_PLACKET = 0.032  # width of the button stand down the front [m]
_FIRST_BUTTON, _LAST_BUTTON = 0.065, 0.15  # below the neck, above the hem [m]
_BUTTON_COUNT = 6  # in every size, as sizes share their triangles
BUTTON: Mapping[str, float | str] = {"painted": 0.0, "radius": 0.0055}  # the button itself is set on as a trim
_ROW = 0.005  # topstitching from the edge [m]
_POCKET_WIDTH, _POCKET_DEPTH, _POCKET_TIP = 0.112, 0.115, 0.016  # [m]
_SLIT, _SLIT_WIDTH = 0.125, 0.022  # [m]
_SLIT_PLACE = 0.27  # of the sleeve's breadth behind its middle


def placket(neckline: Points, hem: Points) -> tuple[Mark]:
    """Return the button stand down the centre of a front from its left neckline to its left hem [m]."""
    half = _PLACKET / 2
    top = float(np.interp(half, neckline[::-1, 0], neckline[::-1, 1]))
    low = float(np.interp(half, hem[:, 0], hem[:, 1]))
    across = np.linspace(-half, half, 9)
    upper = np.interp(np.abs(across), neckline[::-1, 0], neckline[::-1, 1])
    ring = np.concatenate([[[-half, low], [half, low], [half, top]], np.stack([across, upper], axis=1)[-2::-1]])
    return (Mark("patch", ring, {"rows": 1.0, "inset": _ROW}),)


def button_row(top: float, low: float) -> list[Mark]:
    """Return buttons in their holes down the centre front, from the neckline's height to the hem's [m]."""
    heights = np.linspace(top - _FIRST_BUTTON, low + _LAST_BUTTON, _BUTTON_COUNT)
    marks = []
    for y in heights:
        point = np.array([[0.0, float(y)]])
        marks.append(Mark("buttonhole", point, {"angle": float(np.pi / 2)}))
        marks.append(Mark("button", point, BUTTON))
    return marks


def patch_pocket(middle: float, top: float) -> list[Mark]:
    """Return a patch pocket with a pointed lower edge.

    Args:
        middle: Its centre line from the centre front [m].
        top: Height of its opening in the panel's frame [m].
    """
    left, right, low = middle - _POCKET_WIDTH / 2, middle + _POCKET_WIDTH / 2, top - _POCKET_DEPTH
    ring = [[left, low], [middle, low - _POCKET_TIP], [right, low], [right, top], [left, top]]
    return [Mark("patch", np.array(ring), {"rows": 1.0, "inset": 0.002, "hem": 0.026})]


def sleeve_placket(arm: Sleeve, sign: float) -> tuple[Mark]:
    """Return the faced slit above the cuff, at the back of the sleeve.

    Args:
        arm: The left sleeve.
        sign: 1 for the left, −1 for the right.
    """
    start, end = arm.hem[0], arm.hem[-1]
    x = float(0.5 * (start[0] + end[0]) + _SLIT_PLACE * (end[0] - start[0]))
    half = _SLIT_WIDTH / 2
    low = [float(np.interp(x + side, arm.hem[:, 0], arm.hem[:, 1])) for side in (-half, half)]
    top = low[0] + _SLIT
    ring = np.array([[x - half, low[0]], [x + half, low[1]], [x + half, top], [x, top + half], [x - half, top]])
    return (Mark("patch", ring if sign > 0 else curves.mirrored(ring), {"rows": 1.0, "inset": 0.002}),)


def cuff(side: str, girth: float, height: float, along: float) -> Panel:
    """Return the cuff "cuff_left" or "cuff_right": edges end (free, below), side_right, top (sewn on), side_left.

    Args:
        side: "left" or "right".
        girth: Around the wrist, buttoned [m].
        height: Along the arm [m].
        along: Where its top lies from the shoulder joint along the arm [m].
    """
    half = girth / 2
    corners = np.array([[-half, -height], [half, -height], [half, 0.0], [-half, 0.0], [-half, -height]])
    names = ("end", "side_right", "top", "side_left")
    edges = tuple(
        Edge(name, curves.sampled(corners[k : k + 2]), turn=0.012 if name == "end" else 0.0)
        for k, name in enumerate(names)
    )
    sign = 1.0 if side == "left" else -1.0
    lap = sign * _SLIT_PLACE * girth + sign * _SLIT_WIDTH / 2
    low, high = sorted((-sign * half, lap))
    over = np.array([[low, -height], [high, -height], [high, 0.0], [low, 0.0]])
    button = np.array([[lap - sign * 0.013, -height / 2]])
    marks = (
        Mark("stitch", np.array([[-half, _ROW - height], [half, _ROW - height]]), {"rows": 1.0}),
        Mark("stitch", np.array([[-half, -_ROW], [half, -_ROW]]), {"rows": 1.0}),
        Mark("patch", over, {"rows": 1.0, "inset": _ROW}),
        Mark("buttonhole", button, {}),
        Mark("button", button, BUTTON),
    )
    return Panel(f"cuff_{side}", edges, Placement(ARMS[side], 0.0, along), marks=marks)


def cuff_seams(side: str, pleats: float) -> tuple[Seam, Seam]:
    """Return the seams of a cuff: to its pleated sleeve, and closed.

    Args:
        side: "left" or "right".
        pleats: By how much the sleeve is wider, as a share of the cuff.
    """
    return (
        sewn(f"cuff_{side}.top", f"sleeve_{side}.hem", "edge", gathers=pleats),
        sewn(f"cuff_{side}.side_right", f"cuff_{side}.side_left"),
    )
