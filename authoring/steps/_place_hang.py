"""What hangs from waist or chest: how high its top may be, and whether its opening goes round the body there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.adjacency import boundary_loops

from ._place_articulate import Stand

Floats = NDArray[np.float64]

# where the upper opening may lie, in parts of the way from the hip joints to the shoulder joints
_WAIST, _CHEST = (0.0, 0.36), (0.62, 1.05)
_RANGES = {"skirt": (_WAIST,), "trousers": (_WAIST,), "shorts": (_WAIST,), "dress": (_CHEST,)}
_TUBES = ("skirt", "dress")
_LEAST_GIRTH = 0.55  # [m] a shorter opening is for a neck or a limb
_ROOM, _EASE = 0.008, 0.01  # [m] usual between skin and opening, and how much more or less is as good
_HEIGHT_COST = 15.0  # [cm] for each metre too high or too low
_GIRTH_COST = 0.25  # [cm] for each centimetre of radius that the opening is too wide or too tight
_MOST = 4.0  # [cm]
_STEP, _SLICE = 0.02, 0.015  # [m] between heights at which the body is measured, and half the height of a slice
_ARMS = ("shoulder", "elbow", "wrist")


class Hang:
    """Judges how a garment hangs.

    Args:
        points: Of the garment in its own frame [V, 3] [m].
        faces: int32 [F, 3].
        category: What it is; only what hangs from waist or chest is judged.
        rest: The body.
        sure: Whether the category is known; a tube that was taken for a dress may be a long skirt.
    """

    def __init__(
        self,
        points: NDArray[np.floating],
        faces: NDArray[np.int32],
        category: str,
        rest: RestBody,
        *,
        sure: bool = True,
    ) -> None:
        self._centers = np.zeros((0, 3))
        self._girths = np.zeros(0)
        if category not in _RANGES:
            return
        rings = [points[loop].astype(np.float64) for loop in boundary_loops(faces)]
        self._centers = np.array([ring.mean(axis=0) for ring in rings]).reshape(-1, 3)
        self._girths = np.array([_hull_girth(ring) for ring in rings])
        joints = rest.canonical_joints()
        hip, shoulder = (joints[JOINT_INDEX[f"left_{name}"], 2] for name in ("hip", "shoulder"))
        ranges = _RANGES[category] if sure or category not in _TUBES else (_WAIST, _CHEST)
        self._ranges = [(float(hip + a * (shoulder - hip)), float(hip + b * (shoulder - hip))) for a, b in ranges]
        self._middle = (points.min(axis=0) + points.max(axis=0)) / 2
        arms = [JOINT_INDEX[f"{side}_{name}"] for side in ("left", "right") for name in _ARMS]
        trunk = rest.vertices[~np.isin(rest.vertex_segments, arms)]
        self._heights = np.arange(self._ranges[0][0] - 0.2, self._ranges[-1][1] + 0.2, _STEP)
        slices = [trunk[np.abs(trunk[:, 2] - z) < _SLICE, :2] for z in self._heights]
        self._around = np.array([_flat_girth(points_at.astype(np.float64)) for points_at in slices])

    def cost(self, stand: Stand) -> float:
        """Return what speaks against hanging there [cm]."""
        wide = self._girths * stand.scale > _LEAST_GIRTH
        heights = (stand.apply(self._centers) if len(self._centers) else self._centers)[:, 2]
        upper = wide & (heights > float(stand.apply(self._middle[None])[0, 2])) if wide.any() else wide
        if not upper.any():
            return 0.0
        top = int(np.argmax(np.where(upper, heights, -np.inf)))
        z = float(heights[top])
        out = min(max(0.0, low - z, z - high) for low, high in self._ranges)
        body = float(np.interp(z, self._heights, self._around))
        room = (float(self._girths[top]) * stand.scale - body) / (2 * np.pi) - _ROOM
        return min(_MOST, _HEIGHT_COST * out + _GIRTH_COST * 100 * max(0.0, abs(room) - _EASE))


def _hull_girth(ring: Floats) -> float:
    """Return the girth of a loop's convex hull in its own plane [m]: pleats and folds do not count."""
    if len(ring) < 4:
        return 0.0
    _, _, axes = np.linalg.svd(ring - ring.mean(axis=0), full_matrices=False)
    return _flat_girth((ring - ring.mean(axis=0)) @ axes[:2].T)


def _flat_girth(points: Floats) -> float:
    try:
        return float(ConvexHull(points).area) if len(points) > 3 else 0.0  # of a flat hull the "area" is its girth
    except QhullError:
        return 0.0
