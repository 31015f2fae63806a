"""Texels of a body's atlas: which surface point each one shows, and the filling of what lies between charts."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import cv2
import numpy as np
import warp as wp
from numpy.typing import NDArray

from . import _kernels


@dataclass(frozen=True)
class TexelGrid:
    """The covered texels of a square texture, or of a window of it.

    Rows run from the top of the picture, as in image files: row 0 is v = 1.

    Attributes:
        size: Texels along a side of the whole texture.
        row0: First row of the window.
        column0: First column of the window.
        shape: (rows, columns) of the window.
        rows: int32 [N] row of each covered texel within the window.
        columns: int32 [N].
        nearest: int32 [rows, columns] covered texel (0..N-1) nearest to each texel of the window; -1 where the nearest
            was left out.
    """

    size: int
    row0: int
    column0: int
    shape: tuple[int, int]
    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    nearest: NDArray[np.int32]

    def paste(self, values: NDArray[np.uint8], picture: NDArray[np.uint8]) -> None:
        """Write values of the covered texels [N, C] into a picture of the whole texture; gaps take the nearest's."""
        rows, columns = self.shape
        window = picture[self.row0 : self.row0 + rows, self.column0 : self.column0 + columns]
        np.copyto(window, values[self.nearest], where=(self.nearest >= 0)[..., None])

    def sample(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Read a picture of the whole texture, [H, W] or [H, W, C], at the covered texels."""
        height, width = picture.shape[:2]
        x = ((self.columns + self.column0 + 0.5) * width / self.size - 0.5).astype(np.float32)
        y = ((self.rows + self.row0 + 0.5) * height / self.size - 0.5).astype(np.float32)
        # cv2.remap keeps pictures below 32768 rows: fold the list of texels into a square.
        side = int(np.ceil(np.sqrt(len(x))))
        pad = side * side - len(x)
        fold = [np.pad(part, (0, pad)).reshape(side, side) for part in (x, y)]
        read = cv2.remap(picture, fold[0], fold[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(read.reshape(side * side, *picture.shape[2:])[: len(x)], np.float32)


@dataclass(frozen=True)
class UvRaster(TexelGrid):
    """Covered texels and the surface points that they show.

    Attributes:
        triangles: int32 [N] the face each texel shows.
        barycentrics: float32 [N, 3].
    """

    triangles: NDArray[np.int32]
    barycentrics: NDArray[np.float32]

    def interpolate(self, faces: NDArray[np.int32], values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return values given per vertex, [V] or [V, C], at the covered texels, [N] or [N, C]."""
        corners = faces[self.triangles]
        weights = self.barycentrics.T if values.ndim == 1 else self.barycentrics.T[..., None]
        out = values[corners[:, 0]] * weights[0]
        out += values[corners[:, 1]] * weights[1]
        out += values[corners[:, 2]] * weights[2]
        return np.asarray(out, np.float32)

    def keep(self, faces: NDArray[np.bool_]) -> UvRaster:
        """Return the texels of these faces alone, with the gaps nearest to them."""
        kept = faces[self.triangles]
        renumbered = np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
        return replace(
            self,
            rows=self.rows[kept],
            columns=self.columns[kept],
            triangles=self.triangles[kept],
            barycentrics=self.barycentrics[kept],
            nearest=renumbered[self.nearest],
        )

    def grid(self) -> TexelGrid:
        """Return the texels without what they show."""
        return TexelGrid(*(getattr(self, own.name) for own in fields(TexelGrid)))


def rasterise_uv(
    uv: NDArray[np.float32],
    uv_faces: NDArray[np.int32],
    size: int,
    *,
    window: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0),
) -> UvRaster:
    """Find the surface point of every texel.

    Args:
        uv: Coordinates, origin bottom-left, float32 [N, 2].
        uv_faces: Corners into `uv`, int32 [F, 3].
        size: Texels along a side of the whole texture.
        window: (u0, v0, u1, v1) of the part wanted.

    Returns:
        The covered texels; at least one, or the atlas is empty and a ValueError says so.
    """
    column0, row0 = int(window[0] * size), int((1.0 - window[3]) * size)
    columns, rows = int(np.ceil(window[2] * size)) - column0, int(np.ceil((1.0 - window[1]) * size)) - row0
    corners = np.stack([uv[:, 0], 1.0 - uv[:, 1]], axis=1).astype(np.float32)[uv_faces] * np.float32(size)
    ids = wp.full((rows, columns), -1, dtype=wp.int32, device="cpu")
    weights = wp.zeros((rows, columns), dtype=wp.vec2, device="cpu")
    wp.launch(
        _kernels.rasterise_triangles,
        dim=len(uv_faces),
        inputs=[wp.array(corners, dtype=wp.vec2, device="cpu"), column0, row0, columns, rows],
        outputs=[ids, weights],
        device="cpu",
    )
    triangle_image = ids.numpy()
    covered = triangle_image >= 0
    if not covered.any():
        raise ValueError(f"no UV triangle covers the window {window} of a texture of {size} texels")
    at_rows, at_columns = np.nonzero(covered)
    pair = weights.numpy()[at_rows, at_columns]
    barycentrics = np.concatenate([pair, 1.0 - pair.sum(axis=1, keepdims=True)], axis=1).astype(np.float32)
    return UvRaster(
        size,
        row0,
        column0,
        (rows, columns),
        at_rows.astype(np.int32),
        at_columns.astype(np.int32),
        _nearest(covered),
        triangle_image[covered],
        barycentrics,
    )


def _nearest(covered: NDArray[np.bool_]) -> NDArray[np.int32]:
    _, labels = cv2.distanceTransformWithLabels(
        (~covered).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    # Labels count the zero pixels (the covered texels) in an order of cv2's own: look each label's texel up.
    index_of_label = np.zeros(int(labels.max()) + 1, np.int32)
    index_of_label[labels[covered]] = np.arange(int(covered.sum()))
    return np.asarray(index_of_label[labels], np.int32)
