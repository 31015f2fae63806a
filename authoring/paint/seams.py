"""Seams, turned hems and free edges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from dressform.authoring.patterns.pattern import EdgeRef, Pattern

from .grain import grain_of
from .lines import Line, joined
from .look import ClothLook
from .ribbon import Ribbon, ribbon
from .sheet import Floats, Sheet
from .stitches import sew

HEM = "hem"  # turned edges whose names start so are topstitched
EDGE_ROW = 0.002  # [m] from a seam to its first row of topstitches
ROW_GAP = 0.006  # [m] between two rows, as twin needles stand on jeans
HEM_ROW = 0.002  # [m] from the end of a hem's turn to its stitches, towards the fold
SEAM_REACH = 0.022  # [m] as far as a seam shades the cloth
_GROOVE = 0.0007  # [m]
_RIDGE = 0.0022  # [m] where the allowance under the cloth ends the groove
_PUCKER = 0.0095  # [m] from one pucker to the next
_TIP = 0.018  # [m] a dart's seam runs out over this before its tip, where its two sides lie on each other
_SEED = 17


def paint_seams(sheet: Sheet, looks: Mapping[str, ClothLook]) -> None:
    """Paint every seam on both of its panels."""
    pattern = sheet.mesh.pattern
    numbers = {panel.name: number for number, panel in enumerate(pattern.panels)}
    for seam in pattern.seams:
        sides = [list(_lines(pattern, seam.first)), list(_lines(pattern, seam.second[::-1]))]
        for side, finish in zip((0, 1), (seam.finish, "plain"), strict=True):
            for name, line in sides[side]:
                number = numbers[name]
                look = looks[pattern.panels[number].slot]
                near = ribbon(sheet, sheet.on_sheet(number, line), number, SEAM_REACH)
                strength = _runs_out(near, name, line, sides[1 - side])
                paint_seam(sheet, near, look, finish, joins=seam.finish != "plain", strength=strength)


def paint_hems(sheet: Sheet, looks: Mapping[str, ClothLook]) -> None:
    """Paint every edge that is turned, and every free edge that is not."""
    pattern = sheet.mesh.pattern
    sewn = {ref for seam in pattern.seams for ref in (*seam.first, *seam.second)}
    for number, panel in enumerate(pattern.panels):
        look = looks[panel.slot]
        for edge in panel.edges:
            if EdgeRef(panel.name, edge.name) in sewn:
                continue
            near = ribbon(sheet, sheet.on_sheet(number, edge.points), number, max(edge.turn, 0) + SEAM_REACH)
            if edge.turn > 0:
                # facings have their stitches where the pattern marks them, if any
                _hem(sheet, near, edge.turn, look, look.hem_rows if edge.name.startswith(HEM) else 0)
            else:
                _free(sheet, near)


def _runs_out(near: Ribbon, panel: str, line: Line, other: list[tuple[str, Line]]) -> Floats:
    """Return how strongly a seam shows along itself, float32 [n]: less and less towards the tip of a dart."""
    strength = np.ones(len(near.along), np.float32)
    for end, left in ((line[0], near.along), (line[-1], near.length - near.along)):
        if any(name == panel and _meets(end, each) for name, each in other):
            strength = strength * np.clip(left / np.float32(_TIP), 0, 1)
    return np.asarray(strength, np.float32)


def _meets(end: Floats, line: Line) -> bool:
    return bool(min(np.linalg.norm(line[0] - end), np.linalg.norm(line[-1] - end)) < 1e-6)


def paint_seam(
    sheet: Sheet,
    near: Ribbon,
    look: ClothLook,
    finish: str,
    *,
    joins: bool = True,
    strength: Floats | float = 1.0,
) -> None:
    """Paint one side of a seam.

    Args:
        sheet: Under the brush.
        near: The seam's line; its left is the cloth that is painted on.
        look: Of the cloth.
        finish: Of this side: "plain", "edge" or "twin".
        joins: Whether the seam is topstitched on either side and so draws the cloth up.
        strength: Of its shade, one number or one along the ribbon [n].
    """
    inside = np.maximum(near.beside, 0)
    groove = np.exp(-((inside / np.float32(_GROOVE)) ** 2))
    ridge = np.exp(-(((inside - np.float32(_RIDGE)) / np.float32(0.0014)) ** 2))
    hollow = np.exp(-inside / np.float32(0.007))
    grain = grain_of(look.fabric)
    amount = grain.depth * (-0.42 * groove + 0.055 * ridge - 0.055 * hollow)
    drawn = puckers(near, grain.pucker if joins else 0.5 * grain.pucker)
    width = {"plain": 0.004, "edge": 0.005, "twin": 0.010}[finish]
    amount = amount + drawn * np.exp(-((inside / np.float32(width)) ** 2))
    if finish == "twin":  # four layers lie flat between the seam and its outer row, and end just past it
        end = np.float32(EDGE_ROW + ROW_GAP + 0.0020)
        amount = amount + 0.025 * (inside < end) - 0.10 * np.exp(-(((inside - end) / np.float32(0.0010)) ** 2))
    amount = strength * amount
    sheet.shade(near.index, np.asarray(amount * _fades_outside(near), np.float32))
    if look.wash:
        worn = strength * ridge * np.clip(0.6 + drawn / max(grain.pucker, 1e-6), 0, 1.6)
        sheet.tint(
            near.index, look.fade, np.asarray(np.clip(0.28 * look.wash * worn * _fades_outside(near), 0, 1), np.float32)
        )
    rows = {"plain": (), "edge": (EDGE_ROW,), "twin": (EDGE_ROW, EDGE_ROW + ROW_GAP)}[finish]
    sew(sheet, near, rows, look)


def puckers(near: Ribbon, strength: float) -> Floats:
    """Return soft light and shade along a seam where the stitches draw the cloth up, float32 [n]."""
    count = max(2, int(near.length / 0.03))
    drift = np.random.default_rng(_SEED).uniform(-1.1, 1.1, count + 1)
    swell = np.random.default_rng(_SEED + 1).uniform(0.45, 1.0, count + 1)
    knots = np.linspace(0, max(near.length, 1e-6), count + 1)
    phase = np.interp(near.along, knots, drift)
    size = np.interp(near.along, knots, swell)
    return np.asarray(strength * size * np.sin(2 * np.pi * near.along / _PUCKER + phase), np.float32)


def _hem(sheet: Sheet, near: Ribbon, turn: float, look: ClothLook, count: int) -> None:
    """Paint a turned hem: the fold at the edge, the step where the turned cloth ends, its rows of stitches."""
    inside = np.maximum(near.beside, 0)
    grain = grain_of(look.fabric)
    fold = np.exp(-((inside / np.float32(0.0009)) ** 2))
    crown = np.exp(-(((inside - np.float32(0.0020)) / np.float32(0.0012)) ** 2))
    beyond = inside - np.float32(turn)
    step = np.exp(-((beyond / np.float32(0.0011)) ** 2)) * (beyond > -0.0003)
    amount = -0.16 * fold + 0.05 * crown - (0.08 if count else 0.025) * step + 0.012 * (beyond < 0)
    # the turn creeps against the cloth above it and ropes aslant between fold and stitches
    slanted = np.asarray(near.along + np.float32(0.7) * inside, np.float32)
    slant = Ribbon(near.index, slanted, near.beside, near.length)
    roped = puckers(slant, (1.0 if count else 0.0) * grain.pucker)
    within = np.clip(inside / np.float32(0.3 * turn), 0, 1) * np.clip((turn + 0.004 - inside) / 0.004, 0, 1)
    sheet.shade(near.index, np.asarray((amount + roped * within) * _fades_outside(near), np.float32))
    if look.wash:
        worn = crown + 0.5 * np.clip(roped / max(grain.pucker, 1e-6), 0, 1) * within
        sheet.tint(
            near.index, look.fade, np.asarray(np.clip(0.34 * look.wash * worn * _fades_outside(near), 0, 1), np.float32)
        )
    first = max(turn - HEM_ROW, 0.5 * turn)
    rows = [first - k * 0.75 * ROW_GAP for k in range(count)]
    sew(sheet, near, [row for row in rows if row > 0.001], look)


def _free(sheet: Sheet, near: Ribbon) -> None:
    """Paint an edge that is only folded or faced."""
    inside = np.maximum(near.beside, 0)
    fold = np.exp(-((inside / np.float32(0.0008)) ** 2))
    crown = np.exp(-(((inside - np.float32(0.0018)) / np.float32(0.0010)) ** 2))
    sheet.shade(near.index, np.asarray((-0.14 * fold + 0.045 * crown) * _fades_outside(near), np.float32))


def _fades_outside(near: Ribbon) -> Floats:
    """Return 1 on the panel and just beside it, 0 further out, where turned hems read plain cloth."""
    return np.asarray(np.clip((near.beside + np.float32(0.004)) / np.float32(0.002), 0, 1), np.float32)


def _lines(pattern: Pattern, chain: tuple[EdgeRef, ...]) -> Iterator[tuple[str, Line]]:
    """Yield the edges of a chain in their panels' direction, joined where one panel's follow each other."""
    held: tuple[str, list[Line]] | None = None
    for ref in chain:
        line = pattern.edge(ref).points
        if held is not None and held[0] == ref.panel and np.allclose(held[1][-1][-1], line[0], atol=1e-6):
            held[1].append(line)
            continue
        if held is not None:
            yield held[0], joined(held[1])
        held = (ref.panel, [line])
    if held is not None:
        yield held[0], joined(held[1])
