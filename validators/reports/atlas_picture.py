"""Pictures of a UV set with what a finding names in red: the whole sheet, and close up."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .ink import RED, draw_dots, draw_lines, draw_rings

SIDE = 440  # [px] of a picture
_MARGIN = 0.06  # of what is shown, left free around it
_LARGEST = 8.0  # [UV units] shown at most: farther UVs leave the picture
_TINY_PX = 4.0  # narrower triangles are marked by dots
_CLOSE = 0.4  # largest share of the sheet that a close-up shows
_PAPER, _SHEET, _WIRE, _EDGE = (246, 246, 245), (255, 255, 255), (150, 154, 162), (120, 124, 132)
_DARK_RED = (int(0.7 * RED[0]), int(0.7 * RED[1]), int(0.7 * RED[2]))
_CHARTS = ((206, 219, 232), (214, 228, 214), (232, 222, 206), (224, 214, 230), (210, 228, 230), (232, 226, 226))
_SHIFT = 4

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]


class AtlasPicture:
    """Draws a UV set with marks.

    Args:
        uv: float32 [N, 2], origin bottom-left; it may hold anything.
        uv_faces: int32 [F, 3] into it.
        faces: Marked triangles.
        corners: Marked UVs.
        heat: float64 [F] from 0 to 1, how red each triangle is, or None.
    """

    def __init__(
        self,
        uv: NDArray[np.floating],
        uv_faces: NDArray[np.integer],
        faces: NDArray[np.int64],
        corners: NDArray[np.int64],
        heat: NDArray[np.floating] | None = None,
    ) -> None:
        inside = np.asarray(((uv_faces >= 0) & (uv_faces < len(uv))).all(axis=1))
        finite = np.asarray(np.isfinite(uv).all(axis=1))
        usable = inside.copy()
        usable[inside] = finite[uv_faces[inside]].all(axis=1)
        self._uv = np.where(finite[:, None], uv, 0.0).astype(np.float64)
        self._drawn = np.flatnonzero(usable)
        self._faces = np.asarray(uv_faces)[self._drawn]
        self._red = np.isin(self._drawn, faces)
        self._heat = None if heat is None else np.nan_to_num(np.asarray(heat, np.float64)[self._drawn])
        marked = self._faces[self._red]
        self._marks = np.concatenate([self._uv[marked].mean(axis=1), self._uv[corners[finite[corners]]]])
        self._dots = self._uv[corners[finite[corners]]]
        self._reach = np.concatenate([self._uv[marked].reshape(-1, 2), self._dots])
        self._charts = self._chart_numbers()

    def whole(self, *, rings: bool = True) -> Pixels:
        """Return the unit square and what lies beside it, sRGB uint8 [SIDE, SIDE, 3]."""
        used = self._uv[self._faces.reshape(-1)] if len(self._faces) else np.zeros((1, 2))
        low = np.maximum(np.minimum(used.min(axis=0), 0.0), 0.5 - _LARGEST / 2)
        high = np.minimum(np.maximum(used.max(axis=0), 1.0), 0.5 + _LARGEST / 2)
        width = float((high - low).max()) * (1.0 + 2.0 * _MARGIN)
        return self._draw((low + high) / 2, width, rings=rings)

    def close(self) -> Pixels | None:
        """Return the neighbourhood of the first mark; None where there is no mark or it is most of the sheet."""
        if not len(self._marks):
            return None
        near = self._marks[np.linalg.norm(self._marks - self._marks[0], axis=1) < 0.05]
        middle = near.mean(axis=0)
        around = self._faces[np.argsort(np.linalg.norm(self._uv[self._faces].mean(axis=1) - middle, axis=1))[:12]]
        edge = float(np.median(np.linalg.norm(self._uv[around] - self._uv[np.roll(around, 1, 1)], axis=2)))
        own = self._reach[np.linalg.norm(self._reach - middle, axis=1) < 0.1 + edge]
        reach = float(np.ptp(own, axis=0).max()) if len(own) else 0.0
        width = max(1.8 * reach, 8.0 * edge, 0.01)
        return self._draw(middle, width, rings=False) if width < _CLOSE else None

    def _draw(self, middle: Floats, width: float, *, rings: bool) -> Pixels:
        """Draw what lies in a square about a point; twice as large first, then smoothed."""
        side = 2 * SIDE
        pixels = np.full((side, side, 3), _PAPER, np.uint8)

        def place(uv: Floats) -> Floats:
            return (uv - middle) * (1, -1) / width * side + side / 2

        sheet = _fixed(place(np.array([[0.0, 1.0], [1.0, 0.0]])))
        cv2.rectangle(pixels, sheet[0].tolist(), sheet[1].tolist(), _SHEET, -1, shift=_SHIFT)
        at = place(self._uv)
        corners = at[self._faces]
        shown = np.all((corners.max(axis=1) > 0) & (corners.min(axis=1) < side), axis=1)
        colors = self._colors()
        order = np.concatenate([np.flatnonzero(shown & ~self._red), np.flatnonzero(shown & self._red)])
        for face in order:
            cv2.fillConvexPoly(pixels, _fixed(corners[face]), colors[face].tolist(), cv2.LINE_8, _SHIFT)
        edges = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
        if shown.any() and float(np.median(edges[shown])) > 8.0:
            closed = np.concatenate([corners, corners[:, :1]], axis=1)
            draw_lines(pixels, closed[shown], _WIRE, 0.8, 2)
            draw_lines(pixels, closed[shown & self._red], _DARK_RED, 1.0, 3)
        cv2.rectangle(pixels, sheet[0].tolist(), sheet[1].tolist(), _EDGE, 2, cv2.LINE_AA, _SHIFT)
        small = np.asarray(cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
        marked = corners[self._red] / 2
        tiny = marked[np.ptp(marked, axis=1).min(axis=1) < _TINY_PX].mean(axis=1)
        dots = np.concatenate([place(self._dots) / 2, tiny])
        draw_dots(small, dots, np.ones(len(dots), bool))
        if rings and len(self._marks):
            draw_rings(small, *self._rings(place(self._reach) / 2))
        return small

    def _rings(self, at: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return centres [K, 2], radii [K] and the visibility of rings about marks that lie close together [px]."""
        left = at
        centers: list[Floats] = []
        radii: list[float] = []
        while len(left) and len(centers) < 6:
            own = np.linalg.norm(left - left[0], axis=1) < 40.0
            middle = left[own].mean(axis=0)
            radius = 10.0 + float(np.linalg.norm(left[own] - middle, axis=1).max())
            if radius < SIDE / 5:
                centers.append(middle)
                radii.append(max(radius, 15.0))
            left = left[~own]
        count = len(centers)
        return np.array(centers).reshape(count, 2), np.array(radii), np.ones(count, bool)

    def _colors(self) -> NDArray[np.int64]:
        colors = np.array(_CHARTS)[self._charts % len(_CHARTS)]
        if self._heat is not None:
            share = np.clip(self._heat, 0.0, 1.0)[:, None]
            colors = np.round(colors * (1.0 - share) + np.array(RED) * share).astype(np.int64)
        colors[self._red] = RED
        return colors

    def _chart_numbers(self) -> NDArray[np.int64]:
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        if not len(self._faces):
            return np.zeros(0, np.int64)
        ends = self._faces[:, [0, 1, 1, 2]].reshape(-1, 2)
        links = coo_array((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), (len(self._uv),) * 2)
        label = connected_components(links, directed=False)[1]
        return np.asarray(label[self._faces[:, 0]], np.int64)


def _fixed(points: Floats) -> NDArray[np.int32]:
    return np.round(np.clip(points * (1 << _SHIFT), -(1 << 24), 1 << 24)).astype(np.int32)
