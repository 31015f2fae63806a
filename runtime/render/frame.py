"""One rendered frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .colour import encode_table
from .scene import Camera

# What is worked out when asked for, by the name of its attribute.
OUTPUTS = (
    *("depth", "mask", "normals", "uv", "velocity"),
    *("alpha", "shadow", "coverage", "linear", "premultiplied", "seen_vertices"),
)
# Widths over which colour goes on beyond an edge [px]: a codec's blocks of 16 reach no farther.
_SPREAD_PX = (1, 3, 9, 16)
_SRGB = encode_table()


class Frame:
    """What one call of `Renderer.render` gives. Arrays are valid until the next call; `copy` keeps them.

    All but `rgb` is worked out when first asked for, which has to be before the next frame is rendered. What names or
    measures a surface (depth, mask, normals, uv, velocity) is of one sample of each pixel, unfiltered; what is a share
    of a pixel or light (alpha, shadow, coverage, linear, premultiplied) is antialiased exactly as `rgb` is. Sheer cloth
    shares the latter with what is behind it; the former are of the nearest surface, sheer or not.

    Attributes:
        rgb: sRGB uint8 [H, W, 3]; over black where the background is transparent.
        camera: What it was seen with.
        segments: Names of what `mask` tells apart: its values index them. The first is "background".
        sample_px: Where in a pixel the unfiltered outputs are of, from its upper left corner, along both axes [px].
    """

    def __init__(
        self,
        rgb: NDArray[np.uint8],
        camera: Camera,
        segments: tuple[str, ...],
        read: Callable[[str], Any],
        sample_px: float = 0.5,
    ) -> None:
        self.rgb, self.camera, self.segments, self.sample_px = rgb, camera, segments, sample_px
        self._read = read
        self._kept: dict[str, Any] = {}

    def output(self, name: str) -> Any:
        """Return an output by its name, one of `OUTPUTS`."""
        if name not in self._kept:
            self._kept[name] = self._read(name)
        return self._kept[name]

    @property
    def depth(self) -> NDArray[np.float32]:
        """Distance along the camera's axis [m], float32 [H, W]; infinite where nothing is."""
        depth: NDArray[np.float32] = self.output("depth")
        return depth

    @property
    def mask(self) -> NDArray[np.uint8]:
        """uint8 [H, W]: which of `segments` is seen; 0 is the background."""
        mask: NDArray[np.uint8] = self.output("mask")
        return mask

    @property
    def normals(self) -> NDArray[np.float32]:
        """Unit normals of what is seen, world, float32 [H, W, 3]; 0 where nothing is.

        Smooth over the mesh, with learned wrinkles and without the relief of threads; of the inside of cloth, the
        inside's.
        """
        normals: NDArray[np.float32] = self.output("normals")
        return normals

    @property
    def view_normals(self) -> NDArray[np.float32]:
        """The normals along the picture: x right, y up, z towards the eye; float32 [H, W, 3]."""
        to_view = np.asarray(self.camera.T_world_cam, np.float32)[:3, :3] * np.array([1, -1, -1], np.float32)
        turned: NDArray[np.float32] = self.normals @ to_view
        return turned

    @property
    def uv(self) -> NDArray[np.float32]:
        """Where the texture is read that is seen, float32 [H, W, 2], origin bottom-left; 0 where nothing is.

        Of cloth whose texture repeats they go beyond [0, 1].
        """
        uv: NDArray[np.float32] = self.output("uv")
        return uv

    @property
    def velocity(self) -> NDArray[np.float32]:
        """Motion of what is seen since the frame before, (x, y) [px], float32 [H, W, 2]; y points down.

        The point seen at p was at p - velocity then; the camera's own motion counts. 0 in a stream's first frame.
        """
        velocity: NDArray[np.float32] = self.output("velocity")
        return velocity

    @property
    def alpha(self) -> NDArray[np.float32]:
        """Share of what is behind that people and cloth hide, float32 [H, W] in [0, 1]; linear, without shadows."""
        alpha: NDArray[np.float32] = self.output("alpha")
        return alpha

    @property
    def shadow(self) -> NDArray[np.float32]:
        """Share of each pixel's light from behind that the shadow on the ground takes, float32 [H, W]; linear.

        A picture over B is `premultiplied[..., :3] + (1 - alpha - shadow) * B`, all linear.
        """
        shadow: NDArray[np.float32] = self.output("shadow")
        return shadow

    @property
    def coverage(self) -> NDArray[np.float32]:
        """Share of each pixel that shows each segment, float32 [H, W, len(segments)]; they add up to 1."""
        coverage: NDArray[np.float32] = self.output("coverage")
        return coverage

    @property
    def linear(self) -> NDArray[np.float32]:
        """The picture as linear light, float32 [H, W, 3]: what `rgb` shows, before 8 bits (BT.709 primaries)."""
        linear: NDArray[np.float32] = self.output("linear")
        return linear

    @property
    def premultiplied(self) -> NDArray[np.float32]:
        """People without what is behind, linear rgb times coverage and alpha with the shadow, float32 [H, W, 4]."""
        premultiplied: NDArray[np.float32] = self.output("premultiplied")
        return premultiplied

    @property
    def rgba(self) -> NDArray[np.uint8]:
        """People and their shadow without what is behind, sRGB and straight alpha, uint8 [H, W, 4].

        Made for programs that blend encoded values, as browsers and players do: the shadow, black, darkens a white
        page by as much as it darkens a white floor. Colour goes on for some pixels beyond the edge, so that no dark
        fringe comes from scaling or coding.
        """
        return straight_srgb(self.premultiplied[..., :3], self.alpha, self.shadow)

    @property
    def seen_vertices(self) -> dict[str, NDArray[np.bool_]]:
        """By segment, which of its vertices are corners of a triangle seen at any sample, bool [V]."""
        seen: dict[str, NDArray[np.bool_]] = self.output("seen_vertices")
        return seen

    @property
    def visible(self) -> dict[str, float]:
        """By segment that is seen, the share of the picture's pixels that show it."""
        counts = np.bincount(self.mask.ravel(), minlength=len(self.segments)) / self.mask.size
        return {name: float(share) for name, share in zip(self.segments, counts, strict=True) if share > 0}

    def copy(self, *names: str) -> Frame:
        """Return the same frame with arrays of its own.

        Args:
            names: Which of `OUTPUTS` to keep; all of them when none is named. Others cannot be asked for later.
        """
        kept = {name: _owned(self.output(name)) for name in names or OUTPUTS}

        def read(name: str) -> Any:
            if name not in kept:
                raise ValueError(f"this copy of a frame has no {name}; name it in copy({', '.join(map(repr, names))})")
            return kept[name]

        return Frame(self.rgb.copy(), self.camera, self.segments, read, self.sample_px)


def straight_srgb(
    premultiplied: NDArray[np.float32], alpha: NDArray[np.float32], shadow: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Encode linear premultiplied rgb [H, W, 3] with alpha and a shadow's share [H, W] as straight sRGB [H, W, 4]."""
    encoded = np.zeros((*alpha.shape, 4), np.uint8)
    box = _reached(alpha + shadow)
    if not encoded[box].size:
        return encoded
    premultiplied, alpha, shadow = premultiplied[box], alpha[box], shadow[box]
    taken = np.clip(shadow / np.maximum(1.0 - alpha, 1e-6), 0.0, 1.0)
    dark = 1.0 - _encoded(1.0 - taken) / np.float32(255.0)
    total = np.clip(alpha + (1.0 - alpha) * dark, 0.0, 1.0)
    own = np.where(total < 0.5 / 255.0, np.float32(1.0), alpha / np.maximum(total, 1e-6))
    encoded[box][..., :3] = np.rint(_encoded(_spread(premultiplied, alpha)) * own[..., None])
    encoded[box][..., 3] = np.rint(255.0 * total)
    return encoded


def _reached(alpha: NDArray[np.float32]) -> tuple[slice, slice]:
    """Return the rows and columns around what has alpha, as far as its colour goes on beyond."""
    ends = []
    for axis in (1, 0):
        found = np.flatnonzero(alpha.any(axis=axis))
        low, high = (int(found[0]), int(found[-1]) + 1) if len(found) else (0, 0)
        ends.append(slice(max(low - _SPREAD_PX[-1], 0), high + _SPREAD_PX[-1] if len(found) else 0))
    return ends[0], ends[1]


def _encoded(linear: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Encode as the picture is."""
    entries = np.sqrt(np.clip(linear, 0.0, 1.0)) * np.float32(len(_SRGB) - 1) + np.float32(0.5)
    return np.take(_SRGB, entries.astype(np.int32))


def _spread(premultiplied: NDArray[np.float32], alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide by alpha; beyond the edge take the colour of what is nearest, in ever wider circles."""
    straight = premultiplied / np.maximum(alpha, 1e-6)[..., None]
    light, share, unknown = premultiplied, alpha, alpha < 0.5 / 255.0
    for reach in _SPREAD_PX:
        side = (2 * reach + 1, 2 * reach + 1)
        light = np.asarray(cv2.blur(light, side), np.float32)
        share = np.asarray(cv2.blur(share, side), np.float32)
        found = unknown & (share > 1e-4)
        straight[found] = light[found] / share[found][:, None]
        unknown &= ~found
    return np.where(unknown[..., None], np.float32(0.0), straight)


def _owned(value: Any) -> Any:
    return {name: part.copy() for name, part in value.items()} if isinstance(value, dict) else value.copy()
