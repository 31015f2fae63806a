"""A pattern as a DXF file for cutting rooms: AutoCAD R12 with the layers of ASTM D6673 (AAMA)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dressform.assets.atomic import write_bytes

from ._cut_lines import NOTCH, Piece, drawn, stacks
from .pattern import Pattern

Points = NDArray[np.float64]

BOUNDARY, TURN_POINTS, CURVE_POINTS, NOTCHES, GRAIN, INTERNAL, DRILL, SEW = 1, 2, 3, 4, 7, 8, 13, 14  # ASTM D6673
_LAYERS = (BOUNDARY, TURN_POINTS, CURVE_POINTS, NOTCHES, GRAIN, INTERNAL, DRILL, SEW)
_TEXT = 8.0  # [mm] height of letters

Group = tuple[int, str | int | float]


def write_dxf(path: Path, patterns: Sequence[Pattern]) -> None:
    """Write a pattern as a DXF in millimetres: one block for each panel and size, nested sizes over each other.

    Args:
        path: The file.
        patterns: One size, or several of the same kind.
    """
    write_bytes(path, dxf(patterns).encode("ascii", "replace"))


def dxf(patterns: Sequence[Pattern]) -> str:
    """Return the text of the DXF.

    Layers: 1 cut line and names, 2 corners, 3 points of curves, 4 notches (Z is their depth), 7 grain line, 8 lines
    worked on the panel, 13 drill holes (buttons, rivets), 14 sewing line.
    """
    pieces, extent = stacks(patterns)
    groups: list[Group] = [*_header(extent), *_tables(), (0, "SECTION"), (2, "BLOCKS")]
    for stack in pieces:
        for piece in stack.pieces:
            groups += _block(piece)
    groups += [(0, "ENDSEC"), (0, "SECTION"), (2, "ENTITIES")]
    for stack in pieces:
        for piece in stack.pieces:
            groups += [(0, "INSERT"), (8, str(BOUNDARY)), (2, _block_name(piece)), *_at(stack.shift)]
    style = (
        f"STYLE NAME: {patterns[0].name}",
        f"SAMPLE SIZE: {patterns[0].size}",
        "UNITS: METRIC",
    )
    for k, text in enumerate(style):
        groups += _text(text, np.array([0.0, -0.02 - 0.012 * k]))
    groups += [(0, "ENDSEC"), (0, "EOF")]
    return "".join(f"{code:3d}\r\n{_value(value)}\r\n" for code, value in groups)


def _value(value: str | int | float) -> str:
    if isinstance(value, float):
        text = f"{value:.4f}"
        return "0.0000" if text == "-0.0000" else text
    return str(value)


def _at(point: Points, code: int = 10) -> list[Group]:
    return [(code, float(point[0]) * 1000), (code + 10, float(point[1]) * 1000), (code + 20, 0.0)]


def _header(extent: Points) -> list[Group]:
    return [
        (0, "SECTION"),
        (2, "HEADER"),
        (9, "$ACADVER"),
        (1, "AC1009"),
        (9, "$EXTMIN"),
        *_at(np.zeros(2)),
        (9, "$EXTMAX"),
        *_at(extent),
        (0, "ENDSEC"),
    ]


def _tables() -> list[Group]:
    groups: list[Group] = [(0, "SECTION"), (2, "TABLES")]
    groups += [(0, "TABLE"), (2, "LTYPE"), (70, 1), (0, "LTYPE"), (2, "CONTINUOUS"), (70, 0), (3, "Solid line")]
    groups += [(72, 65), (73, 0), (40, 0.0), (0, "ENDTAB")]
    groups += [(0, "TABLE"), (2, "LAYER"), (70, len(_LAYERS))]
    for number, layer in enumerate(_LAYERS):
        groups += [(0, "LAYER"), (2, str(layer)), (70, 0), (62, number % 7 + 1), (6, "CONTINUOUS")]
    return [*groups, (0, "ENDTAB"), (0, "ENDSEC")]


def _block_name(piece: Piece) -> str:
    return "".join(c if c.isalnum() or c in "_-" else "_" for c in f"{piece.panel.name}_{piece.size}").upper()


def _block(piece: Piece) -> list[Group]:
    groups: list[Group] = [
        (0, "BLOCK"),
        (8, str(BOUNDARY)),
        (2, _block_name(piece)),
        (70, 0),
        *_at(np.zeros(2)),
        *_polyline(piece.cut, True, BOUNDARY),
        *_polyline(piece.sew, True, SEW),
        *_line(piece.grain, GRAIN),
    ]
    for point, corner in zip(piece.cut, piece.corners, strict=True):
        groups += _point(point, TURN_POINTS if corner else CURVE_POINTS)
    for notch in piece.notches:
        groups += _point(notch.place, NOTCHES, depth=NOTCH)
    for mark in piece.panel.marks:
        points, closed = drawn(mark)
        if len(points) == 1:
            groups += _point(points[0], DRILL)
        else:
            groups += _polyline(points, closed, INTERNAL)
    texts = (
        f"PIECE NAME: {piece.panel.name}",
        f"SIZE: {piece.size}",
        "QUANTITY: 1",
        f"MATERIAL: {piece.panel.slot}",
    )
    middle = piece.grain.mean(axis=0) + np.array([0.005, 0.0])
    for k, text in enumerate(texts):
        groups += _text(text, middle - np.array([0.0, 0.012 * k]))
    return [*groups, (0, "ENDBLK"), (8, str(BOUNDARY))]


def _polyline(points: Points, closed: bool, layer: int) -> list[Group]:
    groups: list[Group] = [(0, "POLYLINE"), (8, str(layer)), (66, 1), (70, int(closed)), *_at(np.zeros(2))]
    for point in points:
        groups += [(0, "VERTEX"), (8, str(layer)), *_at(point)]
    return [*groups, (0, "SEQEND"), (8, str(layer))]


def _line(ends: Points, layer: int) -> list[Group]:
    return [(0, "LINE"), (8, str(layer)), *_at(ends[0]), *_at(ends[1], 11)]


def _point(place: Points, layer: int, depth: float = 0.0) -> list[Group]:
    x, y, _ = _at(place)
    return [(0, "POINT"), (8, str(layer)), x, y, (30, depth * 1000)]


def _text(text: str, place: Points) -> list[Group]:
    return [(0, "TEXT"), (8, str(BOUNDARY)), *_at(place), (40, _TEXT), (1, text)]
