"""Boxes of pixels: (x0, y0, x1, y1), the last two beyond the end."""

from __future__ import annotations

Box = tuple[int, int, int, int]

NOTHING: Box = (0, 0, 0, 0)


def is_empty(box: Box) -> bool:
    """Say whether a box holds no pixel."""
    return box[2] <= box[0] or box[3] <= box[1]


def around(a: Box, b: Box) -> Box:
    """Return the smallest box around two; an empty one does not count."""
    if is_empty(a) or is_empty(b):
        return b if is_empty(a) else a
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def halves(box: Box) -> tuple[Box, Box]:
    """Part a box at a whole number of pairs of rows below its top."""
    x0, y0, x1, y1 = box
    middle = y0 + (y1 - y0) // 4 * 2
    return (x0, y0, x1, middle), (x0, middle, x1, y1)


def strips(box: Box, strip: int) -> tuple[int, int]:
    """Return the launch size of kernels that work along strips of a box's rows."""
    return box[3] - box[1], -(-(box[2] - box[0]) // strip)
