"""The sheet of cloth under the brush: which texel belongs to which panel, and what colour it has."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.schemas.errors import InputError

from .lines import Line
from .look import Rgb

Floats = NDArray[np.float32]
Index = NDArray[np.int64]

MARGIN = 0.030  # [m] cloth painted beyond a panel's edge: turned hems and small mip levels read there
_BASE = 0.08  # sRGB by which even black cloth reflects light, so that its folds and seams are seen
_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates


class Sheet:
    """A square of painted cloth.

    Args:
        mesh: Panels and where they lie.
        pixels: Side of the picture [px].

    Attributes:
        mesh: Panels and where they lie.
        metres: Side of the sheet [m].
        pixels: Side of the picture [px].
        texel: Side of a texel [m].
        offsets: float64 [panels, 2] from a panel's frame to the sheet [m].
        owner: int16 [H, W] the panel that each texel belongs to: the nearest.
        beyond: float32 [H, W] distance from that panel's cloth [m], 0 on it.
        color: float32 [H, W, 3] sRGB; the first row is the sheet's top.
        ground: float32 [H, W, 3] the cloth alone, without seams and what is worked on it.
    """

    def __init__(self, mesh: FlatMesh, pixels: int) -> None:
        if pixels % 4 or not 64 <= pixels <= 8192:
            raise InputError(f"paint: {pixels} pixels; give a multiple of 4 from 64 to 8192")
        self.mesh = mesh
        self.metres = float(mesh.sheet)
        self.pixels = pixels
        self.texel = self.metres / pixels
        self.offsets = sheet_offsets(mesh)
        self.owner, self.beyond = self._owners()
        self.color = np.zeros((pixels, pixels, 3), np.float32)
        self.ground = self.color

    def on_sheet(self, panel: int, points: Line) -> Line:
        """Return points of a panel's frame on the sheet [m]."""
        return np.asarray(points + self.offsets[panel], np.float64)

    def shade(self, index: Index, amount: Floats) -> None:
        """Make texels lighter (positive) or darker (negative) by a share of the light they reflect.

        Args:
            index: int64 [n] flat indices of texels, each once.
            amount: float32 [n].
        """
        flat = self.color.reshape(-1, 3)
        under = flat[index]
        flat[index] = np.maximum(under + amount[:, None] * (under + _BASE), 0)

    def tint(self, index: Index, color: Rgb | Floats, share: Floats) -> None:
        """Blend a colour in: index int64 [n], sRGB [3] or [n, 3], share float32 [n] in [0, 1]."""
        flat = self.color.reshape(-1, 3)
        under = flat[index]
        flat[index] = under + (np.asarray(color, np.float32) - under) * share[:, None]

    def texels(self, panel: int) -> Index:
        """Return the flat indices of the texels that a panel owns within its margin."""
        return np.flatnonzero((self.owner.reshape(-1) == panel) & (self.beyond.reshape(-1) <= MARGIN))

    def places(self, index: Index) -> Line:
        """Return the centres of texels on the sheet [m], float64 [n, 2]."""
        row, column = np.divmod(index, self.pixels)
        return np.stack([(column + 0.5) * self.texel, self.metres - (row + 0.5) * self.texel], axis=1)

    def window(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> tuple[slice, slice]:
        """Return rows and columns that hold a rectangle of the sheet [m]; empty where it lies outside."""
        left, right = np.floor(low[0] / self.texel), np.ceil(high[0] / self.texel)
        top, bottom = np.floor((self.metres - high[1]) / self.texel), np.ceil((self.metres - low[1]) / self.texel)
        top, bottom, left, right = (int(np.clip(value, 0, self.pixels)) for value in (top, bottom, left, right))
        return slice(top, bottom), slice(left, right)

    def area(self, outline: Line, panel: int) -> tuple[Index, Floats]:
        """Return the texels of a panel inside a closed outline [n, 2] on the sheet [m] and how far it covers each."""
        room = 2 * self.texel
        rows, columns = self.window(outline.min(axis=0) - room, outline.max(axis=0) + room)
        drawn = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
        if drawn.size == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        cv2.fillPoly(drawn, [self._fixed(outline, np.array([columns.start, rows.start]))], 255, cv2.LINE_AA, _SHIFT)
        own = (drawn > 0) & (self.owner[rows, columns] == panel)
        row, column = np.nonzero(own)
        index = (row + rows.start) * self.pixels + column + columns.start
        return index.astype(np.int64), np.asarray(drawn[own] / np.float32(255), np.float32)

    def image(self) -> NDArray[np.uint8]:
        """Return the colour, sRGB uint8 [H, W, 3], first row at the top."""
        return np.asarray(np.clip(self.color * 255 + 0.5, 0, 255), np.uint8)

    def _fixed(self, line: Line, origin: NDArray[np.int64]) -> NDArray[np.int32]:
        corners = np.stack([line[:, 0], self.metres - line[:, 1]], axis=1) / self.texel - 0.5 - origin
        return np.asarray(np.round(corners * (1 << _SHIFT)), np.int32)

    def _owners(self) -> tuple[NDArray[np.int16], Floats]:
        drawn = np.full((self.pixels, self.pixels), -1, np.int16)
        nowhere = np.zeros(2, np.int64)
        for number, panel in enumerate(self.mesh.pattern.panels):
            outline = self._fixed(self.on_sheet(number, panel.outline), nowhere)
            cv2.fillPoly(drawn, [outline], number, cv2.LINE_8, _SHIFT)
        empty = np.asarray(drawn < 0, np.uint8)
        distance, labels = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_CCOMP)
        panel_of = np.zeros(int(labels.max()) + 1, np.int16)
        panel_of[labels[empty == 0]] = drawn[empty == 0]
        return np.asarray(panel_of[labels], np.int16), np.asarray(distance * self.texel, np.float32)


def sheet_offsets(mesh: FlatMesh) -> NDArray[np.float64]:
    """Return how far each panel is moved from its own frame to the sheet [m], [panels, 2]."""
    moved = np.asarray(mesh.layout, np.float64) * mesh.sheet - mesh.flat
    offsets = np.zeros((len(mesh.pattern.panels), 2))
    for number, panel in enumerate(mesh.pattern.panels):
        own = moved[mesh.panel_ids == number]
        if len(own) == 0:
            raise InputError(f"paint: panel {panel.name!r} has no points on the sheet; mesh the pattern again")
        offsets[number] = np.median(own, axis=0)
        if float(np.abs(own - offsets[number]).max()) > 0.002:
            raise InputError(
                f"paint: panel {panel.name!r} does not lie on the sheet in the size it was cut;"
                " paint the size that the sheet was laid out for"
            )
    return offsets
