"""Where a hide mask bares a hole: skin that is left out of the picture though a viewer would see it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_opening

from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.render.raster import Visibility, rasterize
from dressform.runtime.render.scene import Camera

from .rule import LISTED

VIEWS_DEG = tuple((turn, lift) for lift in (0.0, 25.0) for turn in range(0, 360, 45))  # around, and from above
SIZE = (256, 256)  # [px]
BEHIND = 0.02  # [m] what is drawn instead of the skin is nearer than this where cloth has only sunk into it
NARROW = 0.008  # [m] a gap narrower than this is the outline of skin that cloth has sunk into, or not noticed
_FOV = math.radians(20.0)
_MARGIN = 1.1

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


@dataclass(frozen=True)
class Hole:
    """What is seen through where skin was left out.

    Attributes:
        area: Of the view that shows most [m^2], as the viewer sees it.
        points: Where the first of the missing triangles lie on the canonical body, as the garment's mesh does [m].
    """

    area: float
    points: tuple[tuple[float, float, float], ...]


NO_HOLE = Hole(0.0, ())


def find_holes(posed: Sequence[Floats], faces: Sequence[Integers], hidden: NDArray[np.bool_]) -> Hole:
    """Look at a dressed body from all around for skin that is hidden and should not be.

    A pixel counts when hidden skin is the nearest thing there and, without it, nothing is seen until more than 2 cm
    further back: neither cloth that lies on the skin nor cloth that has sunk into it makes a hole.

    Args:
        posed: Points of the body, then of each garment [V, 3] [m].
        faces: Their triangles [F, 3], each counted from its own first point.
        hidden: bool [F_body] triangles of the body that are not drawn.
    """
    if not hidden.any():
        return NO_HOLE
    starts = np.cumsum([0, *(len(points) for points in posed)])
    points = np.concatenate(posed)
    cloth = np.concatenate([own + start for own, start in zip(faces[1:], starts[1:], strict=False)])
    shown = np.concatenate([cloth, faces[0][~hidden]]).astype(np.int32)
    left_out = np.flatnonzero(hidden)
    everything = np.concatenate([shown, faces[0][left_out]]).astype(np.int32)
    worst = NO_HOLE
    for camera in _cameras(points[np.unique(everything[len(shown) :])]):
        projected = camera.project(points)
        screen = np.concatenate([projected[:, :2], 1 / projected[:, 2:]], axis=1).astype(np.float32)
        skin = rasterize(screen, everything, SIZE)
        missing = skin.triangles >= len(shown)
        if not missing.any():
            continue
        gap = missing & (_depth(rasterize(screen, shown, SIZE)) > _depth(skin) + BEHIND)
        gap = _without_slits(gap, NARROW * camera.focal_px / float(np.median(_depth(skin)[missing])))
        area = float(((_depth(skin)[gap] / camera.focal_px) ** 2).sum())
        if area > worst.area:
            worst = Hole(area, _on_canonical(np.unique(left_out[skin.triangles[gap] - len(shown)])[:LISTED]))
    return worst


def _without_slits(gap: NDArray[np.bool_], narrow_px: float) -> NDArray[np.bool_]:
    """Return the pixels [H, W] without strips narrower than `narrow_px`."""
    return np.asarray(binary_opening(gap, iterations=max(1, round(narrow_px / 2))), np.bool_)


def _on_canonical(faces: NDArray[np.integer]) -> tuple[tuple[float, float, float], ...]:
    rest = canonical_rest()
    centres = rest.vertices[rest.body.faces[faces]].mean(axis=1).tolist()
    return tuple((x, y, z) for x, y, z in centres)


def _depth(seen: Visibility) -> NDArray[np.float64]:
    """Return how far away what is seen is, infinite where nothing is [H, W] [m]."""
    away = np.full(seen.inverse_depth.shape, np.inf)
    np.divide(1.0, seen.inverse_depth, out=away, where=seen.inverse_depth > 0)
    return away


def _cameras(points: NDArray[np.floating]) -> list[Camera]:
    """Return cameras all around that hold these points [N, 3] in view."""
    low, high = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
    middle = (low + high) / 2
    distance = _MARGIN * float(np.linalg.norm(high - low)) / 2 / math.sin(_FOV / 2)
    cameras = []
    for turn, lift in np.radians(VIEWS_DEG):
        way = np.array([math.sin(turn) * math.cos(lift), -math.cos(turn) * math.cos(lift), math.sin(lift)])
        cameras.append(Camera.look_at(middle + distance * way, middle, _FOV, SIZE))
    return cameras
