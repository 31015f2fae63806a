"""What painting a body family needs: texels, landmarks and fields over the skin of its average adult."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .uv_raster import TexelGrid

Floats = NDArray[np.float32]

TEXTURE_SIZE = 2048  # about 0.6 mm per texel in the face
BODY_SIZE = 1024  # below the neck nothing is finer than this


@dataclass(frozen=True)
class Face:
    """Landmarks of the average face, for families whose face the painter knows.

    Attributes:
        origin: Midpoint of the eyeballs [m].
        unit: Distance between the eyeballs [m]; face coordinates are (point - origin) / unit.
        mouth_rim: Points along the line between the lips, float32 [M, 3].
        upper_lids, lower_lids: Body vertices along the front edges of the left and the right eye's lids, from the nose
            outwards.
    """

    origin: Floats
    unit: float
    mouth_rim: Floats
    upper_lids: tuple[NDArray[np.intp], NDArray[np.intp]]
    lower_lids: tuple[NDArray[np.intp], NDArray[np.intp]]

    def coordinates(self, points: Floats) -> Floats:
        """Return points [N, 3] in face coordinates: x left, y back, z up, in distances between the eyes."""
        return np.asarray((points - self.origin) / self.unit, np.float32)


@dataclass(frozen=True)
class Texels:
    """The texels of a part of the atlas and what they show of the average body.

    Attributes:
        grid: Which texels.
        points: Surface points, float32 [N, 3] [m].
        openness: Share of the light that reaches them past near skin, float32 [N].
        flush: How much blood shows through (cheeks, knuckles, knees), float32 [N] in [0, 1].
        limb: Share of the arms (1: arm, 0: torso, legs, head), float32 [N].
        mottle: The skin's uneven tone, float32 [N] around 0.
    """

    grid: TexelGrid
    points: Floats
    openness: Floats
    flush: Floats
    limb: Floats
    mottle: Floats


@dataclass(frozen=True)
class BodyCanvas:
    """A body family's texels and the fields over its average skin.

    Attributes:
        points: The average adult in its rest pose, float32 [V, 3] [m].
        joints: Its canonical joints, float32 [22, 3].
        body: All texels at `BODY_SIZE`.
        head: Texels of the head's chart at `TEXTURE_SIZE`, or None when the face is unknown.
        face: Landmarks, or None when the face is unknown.
        masks: MakeHuman's masks in [0, 1], float32 [N]: "inside-mouth" at the body's texels, "lips" and "eyelids" at
            the head's; none when the face is unknown.
    """

    points: Floats
    joints: Floats
    body: Texels
    head: Texels | None
    face: Face | None
    masks: Mapping[str, Floats]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the canvas as named arrays, to be kept in a file."""
        named: dict[str, NDArray[Any]] = {
            "points": self.points,
            "joints": self.joints,
            **_texel_arrays("body", self.body),
        }
        if self.head is not None and self.face is not None:
            named |= _texel_arrays("head", self.head)
            named |= {f"mask.{name}": values for name, values in self.masks.items()}
            named |= {"face.origin": self.face.origin, "face.unit": np.array([self.face.unit], np.float64)}
            named |= {"face.mouth_rim": self.face.mouth_rim}
            for name in _LIDS:
                left, right = getattr(self.face, name)
                named |= {f"face.{name}.left": left, f"face.{name}.right": right}
        return named

    @classmethod
    def of_arrays(cls, named: Mapping[str, NDArray[Any]]) -> BodyCanvas:
        """Return the canvas that `arrays` gave."""
        head, face = None, None
        if "face.origin" in named:
            head = _texels("head", named)
            upper, lower = ((named[f"face.{name}.left"], named[f"face.{name}.right"]) for name in _LIDS)
            face = Face(named["face.origin"], float(named["face.unit"][0]), named["face.mouth_rim"], upper, lower)
        masks = {name.removeprefix("mask."): values for name, values in named.items() if name.startswith("mask.")}
        return cls(named["points"], named["joints"], _texels("body", named), head, face, masks)


_LIDS = ("upper_lids", "lower_lids")


def _texel_arrays(part: str, texels: Texels) -> dict[str, NDArray[Any]]:
    grid = texels.grid
    named: dict[str, NDArray[Any]] = {
        f"{part}.window": np.array([grid.size, grid.row0, grid.column0], np.int32),
        **{f"{part}.{name}": getattr(grid, name) for name in ("rows", "columns", "nearest")},
    }
    return named | {f"{part}.{own.name}": getattr(texels, own.name) for own in fields(texels) if own.name != "grid"}


def _texels(part: str, named: Mapping[str, NDArray[Any]]) -> Texels:
    size, row0, column0 = (int(value) for value in named[f"{part}.window"])
    rows, columns, nearest = (named[f"{part}.{name}"] for name in ("rows", "columns", "nearest"))
    grid = TexelGrid(size, row0, column0, (nearest.shape[0], nearest.shape[1]), rows, columns, nearest)
    return Texels(grid, *(named[f"{part}.{own.name}"] for own in fields(Texels) if own.name != "grid"))


def along(ends: NDArray[np.floating]) -> Floats:
    """Return points sampled finely along edges [E, 2, 3]."""
    steps = np.linspace(0, 1, 16, dtype=np.float32)[:, None, None]
    return np.asarray((ends[None, :, 0] * (1 - steps) + ends[None, :, 1] * steps).reshape(-1, 3), np.float32)
