"""A pattern as a drawing at true size, to print and cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from dressform.assets.atomic import write_text

from ._cut_lines import NOTCH, Piece, Stack, drawn, stacks
from .pattern import Mark, Pattern

Points = NDArray[np.float64]
Placer = Callable[[Points], Points]  # a panel's points on the page [m]

SQUARE = 0.1  # [m] side of the square that shows whether a print kept its size
_MARGIN = 0.015  # [m] around everything
_SQUARE_ROW = SQUARE + 0.03  # [m]
_COLOURS = ("#111111", "#b3261e", "#1a56b0", "#1d7a3a", "#8a4bb0", "#a86400")  # one a size
_STYLE = (
    "path,line,circle{fill:none;stroke-width:.35}.cut{stroke-width:.6}.sew{stroke-dasharray:4 2}"
    ".mark{stroke-dasharray:2 1;stroke-width:.25}.grain,.square{stroke:#555}"
    "text{font-family:sans-serif;fill:#333}"
)


def write_svg(path: Path, patterns: Sequence[Pattern]) -> None:
    """Write a pattern as an SVG in millimetres; several sizes are drawn over each other.

    Args:
        path: The file.
        patterns: One size, or several of the same kind.
    """
    write_text(path, svg(patterns))


def svg(patterns: Sequence[Pattern]) -> str:
    """Return the text of the SVG: cut lines, dashed sewing lines, notches, grain lines, names, a square of 10 cm."""
    pieces, extent = stacks(patterns)
    width = max(float(extent[0]), SQUARE) + 2 * _MARGIN
    height = float(extent[1]) + _SQUARE_ROW + 2 * _MARGIN
    sizes = " ".join(pattern.size for pattern in patterns)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_mm(width)}mm" height="{_mm(height)}mm" '
        f'viewBox="0 0 {_mm(width)} {_mm(height)}">',
        f"<title>{escape(patterns[0].name)}, size {escape(sizes)}</title>",
        f"<style>{_STYLE}</style>",
        *_square(patterns[0].name, sizes),
        *_legend([pattern.size for pattern in patterns]),
    ]
    bottom = height - _MARGIN
    for stack in pieces:
        lines += _stack(stack, bottom)
    return "\n".join([*lines, "</svg>", ""])


def _mm(metres: float) -> str:
    text = f"{metres * 1000:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _square(name: str, sizes: str) -> list[str]:
    x, y = _mm(_MARGIN), _mm(_MARGIN)
    side = _mm(SQUARE)
    text = f'<text x="{_mm(_MARGIN + SQUARE + 0.01)}" font-size="8"'
    return [
        f'<path id="test-square" class="square" d="M{x} {y}h{side}v{side}h-{side}z"/>',
        f'<text x="{_mm(_MARGIN + 0.03)}" y="{_mm(_MARGIN + 0.053)}" font-size="8">10 cm</text>',
        f'{text} y="{_mm(_MARGIN + 0.02)}">{escape(name)}, size {escape(sizes)}</text>',
        f'{text} y="{_mm(_MARGIN + 0.035)}">Solid: cut line, allowances are included. Dashed: sewing line.</text>',
        f'{text} y="{_mm(_MARGIN + 0.05)}">Print at 100 %: the square is 10 cm wide.</text>',
    ]


def _legend(sizes: Sequence[str]) -> list[str]:
    """Say which colour is which size, where there are several."""
    if len(sizes) < 2:
        return []
    y, x = _mm(_MARGIN + 0.07), _MARGIN + SQUARE + 0.01
    return [
        f'<text x="{_mm(x + 0.03 * k)}" y="{y}" font-size="8" style="fill:{_COLOURS[k % len(_COLOURS)]}">'
        f"{escape(size)}</text>"
        for k, size in enumerate(sizes)
    ]


def _stack(stack: Stack, bottom: float) -> list[str]:
    first = stack.pieces[0]
    origin = stack.shift + np.array([_MARGIN, 0.0])

    def place(points: Points) -> Points:
        moved = np.asarray(points, np.float64) + origin
        return np.stack([moved[..., 0], bottom - moved[..., 1]], axis=-1)

    lines = [f"<g id={quoteattr(first.panel.name)}>", f"<title>{escape(first.panel.name)}</title>"]
    for number, piece in enumerate(stack.pieces):
        lines += _piece(piece, place, _COLOURS[number % len(_COLOURS)])
    lines += _label(stack, place)
    return [*lines, "</g>"]


def _piece(piece: Piece, place: Placer, colour: str) -> list[str]:
    lines = [
        f'<g class="size" data-size={quoteattr(piece.size)} stroke="{colour}">',
        f'<path class="cut" d="{_path(place(piece.cut), True)}"/>',
        f'<path class="sew" d="{_path(place(piece.sew), True)}"/>',
    ]
    for notch in piece.notches:
        ends = place(np.stack([notch.place, notch.place + notch.inward * NOTCH]))
        lines.append(f'<path class="notch" d="{_path(ends, False)}"/>')
    for mark in piece.panel.marks:
        lines.append(_mark(mark, place))
    return [*lines, "</g>"]


def _mark(mark: Mark, place: Placer) -> str:
    points, closed = drawn(mark)
    if len(points) == 1:
        x, y = place(points)[0]
        radius = float(mark.options.get("radius", 0.004))
        return f'<circle class="mark {mark.kind}" cx="{_mm(x)}" cy="{_mm(y)}" r="{_mm(radius)}"/>'
    return f'<path class="mark {mark.kind}" d="{_path(place(points), closed)}"/>'


def _label(stack: Stack, place: Placer) -> list[str]:
    piece = stack.pieces[0]
    ends = place(piece.grain)
    (x, low), (_, high) = ends
    length = float(low - high)
    head = min(0.006, length / 4)
    tips = [
        np.array([[x - head / 2, end + way * head], [x, end], [x + head / 2, end + way * head]])
        for end, way in ((high, 1.0), (low, -1.0))
    ]
    size = min(0.008, max(0.003, length / 6))
    sizes = " ".join(p.size for p in stack.pieces)
    texts = (f"{piece.panel.name}", f"size {sizes}", f"cut 1, {piece.panel.slot}")
    middle = (low + high) / 2 - size * 1.3
    return [
        f'<path class="grain" d="{_path(ends, False)}"/>',
        *(f'<path class="grain" d="{_path(tip, False)}"/>' for tip in tips),
        *(
            f'<text x="{_mm(x + 0.004)}" y="{_mm(middle + k * size * 1.3)}" font-size="{_mm(size)}">{text}</text>'
            for k, text in enumerate(map(escape, texts))
        ),
    ]


def _path(points: Points, closed: bool) -> str:
    text = "L".join(f"{_mm(x)} {_mm(y)}" for x, y in points)
    return f"M{text}{'z' if closed else ''}"
