"""What a writer asks of a frame, and the outputs that it can write of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dressform.schemas.errors import UsageError

# What can be written of a frame, by the name that it is asked for with; what it is in each format stands in
# docs/formats.md.
OUTPUTS = {
    "rgb": "the picture; with alpha where the background is transparent",
    "alpha": "share of the pixel that people and cloth cover, linear",
    "shadow": "share of the light from behind that the shadow on the ground takes, linear",
    "depth": "distance along the camera's axis [m]",
    "normals": "unit normals, world: x, y, z up",
    "view-normals": "unit normals: x right, y up, z towards the eye",
    "segments": "which of the named segments is seen",
    "coverage": "share of the pixel that each segment covers",
    "uv": "where the texture is read, origin bottom-left",
    "velocity": "motion on the screen since the frame before, x right, y down [px]",
    "vertices": "which vertices of each segment are corners of a triangle that is seen",
}


class Viewpoint(Protocol):
    """A pinhole camera."""

    @property
    def T_world_cam(self) -> ArrayLike:  # noqa: N802
        """Camera to world [4, 4]: x right, y down, z forward."""

    @property
    def focal_px(self) -> float:
        """Focal length [px]."""

    @property
    def center_px(self) -> tuple[float, float]:
        """Principal point [px]."""


class Pictured(Protocol):
    """A frame, as the renderer gives it; see `Frame` there."""

    rgb: NDArray[np.uint8]
    segments: tuple[str, ...]
    sample_px: float

    @property
    def camera(self) -> Viewpoint:
        """What it was seen with."""

    @property
    def rgba(self) -> NDArray[np.uint8]:
        """Straight sRGB [H, W, 4]."""

    @property
    def linear(self) -> NDArray[np.float32]:
        """Linear rgb [H, W, 3]."""

    @property
    def premultiplied(self) -> NDArray[np.float32]:
        """Linear rgb times coverage, and alpha with the shadow [H, W, 4]."""

    @property
    def alpha(self) -> NDArray[np.float32]:
        """Coverage [H, W]."""

    @property
    def shadow(self) -> NDArray[np.float32]:
        """Share taken by the shadow [H, W]."""

    @property
    def depth(self) -> NDArray[np.float32]:
        """[H, W] [m]."""

    @property
    def mask(self) -> NDArray[np.uint8]:
        """Index of the segment [H, W]."""

    @property
    def normals(self) -> NDArray[np.float32]:
        """World [H, W, 3]."""

    @property
    def view_normals(self) -> NDArray[np.float32]:
        """Along the picture [H, W, 3]."""

    @property
    def uv(self) -> NDArray[np.float32]:
        """[H, W, 2]."""

    @property
    def velocity(self) -> NDArray[np.float32]:
        """[H, W, 2] [px]."""

    @property
    def coverage(self) -> NDArray[np.float32]:
        """[H, W, segments]."""

    @property
    def visible(self) -> Mapping[str, float]:
        """By segment, the share of the picture that shows it."""

    @property
    def seen_vertices(self) -> Mapping[str, NDArray[np.bool_]]:
        """By segment, bool [V]."""


def checked_outputs(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of `OUTPUTS`, each once.

    Raises:
        UsageError: When there is none, or one that is not known.
    """
    unknown = [name for name in names if name not in OUTPUTS]
    if unknown or not names:
        raise UsageError(f"--outputs must be some of {','.join(OUTPUTS)}, got {','.join(unknown) or 'nothing'}")
    return tuple(dict.fromkeys(names))


def plain(frame: Pictured, name: str, *, transparent: bool) -> NDArray[Any]:
    """Return an output as it is in memory; the picture as 8-bit sRGB, `segments` as indices, not `vertices`."""
    if name == "rgb":
        return frame.rgba if transparent else frame.rgb
    values: NDArray[Any] = getattr(frame, {"segments": "mask", "view-normals": "view_normals"}.get(name, name))
    return values
