"""The waistband of a garment that no shoulder holds up: where it is, and how it keeps its length on other bodies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.adjacency import boundary_loops, ring_length
from dressform.runtime.geometry.distance import Surface

Points = NDArray[np.floating]
Integers = NDArray[np.integer]

# Cloth on these holds a garment up without a waistband.
SHOULDERS = ("neck", "head", *(f"{s}_{n}" for s in ("left", "right") for n in ("collar", "shoulder", "elbow", "wrist")))
LEAST_LENGTH = 0.3  # a border shorter than this, beside the longest, is a loop's or a pocket's
BELOW = 0.15  # [m] from a waistband on down the cloth comes in with it, less and less
SLACK = 1e-3  # share of its length by which a waistband may be longer
HALVINGS = 12  # of the range in which the share is sought


def waistband(
    points: Points, faces: Integers, joint_indices: Integers, joint_weights: NDArray[np.float32], rest: RestBody
) -> NDArray[np.intp]:
    """Return the points [K], in order, of the border that a garment hangs from at the waist.

    None where shoulders hold it up.

    Args:
        points: The cloth at rest [P, 3] [m].
        faces: [F, 3] into the points.
        joint_indices: [P, J] into the body's joints.
        joint_weights: [P, J].
        rest: The body.
    """
    used = np.unique(faces)
    holding = np.isin(rest.rig.segment_of_bone, [JOINT_INDEX[name] for name in SHOULDERS])[joint_indices[used]]
    if (np.where(holding, joint_weights[used], 0).sum(axis=1) > 0.5).any():
        return np.zeros(0, np.intp)
    return top_border(points, faces)


def top_border(points: Points, faces: Integers) -> NDArray[np.intp]:
    """Return the points [K], in order, of the highest border but for loops and pockets; none where all is closed.

    Args:
        points: The cloth [P, 3] [m].
        faces: [F, 3] into the points.
    """
    loops = boundary_loops(faces)
    if not loops:
        return np.zeros(0, np.intp)
    lengths = [ring_length(points[loop]) for loop in loops]
    around = [loop for loop, length in zip(loops, lengths, strict=True) if length >= LEAST_LENGTH * max(lengths)]
    return max(around, key=lambda loop: float(points[loop, 2].mean())).astype(np.intp)


def drawn_in(
    points: Points, faces: Integers, band: NDArray[np.intp], length: float, skin: Surface, gap: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Bring a waistband that is longer than it was cut nearer to the skin; cloth below it follows.

    Carrying a garment to a larger body keeps its height over the skin; a waistband keeps its length instead, so that it
    lies the closer the larger its wearer is.

    Args:
        points: The garment on the body [V, 3] [m].
        faces: [F, 3] of its outer cloth.
        band: Its border at the waist [K], in order.
        length: That it was cut with [m].
        skin: The body.
        gap: Height over the skin below which no point is brought [V] [m].

    Returns:
        float32 [V, 3].
    """
    drawn = np.array(points, np.float32)
    if not len(band) or ring_length(points[band]) <= (1 + SLACK) * length:
        return drawn
    used = np.unique(faces)
    away = np.asarray(cKDTree(points[band]).query(points[used])[0])
    near, away = used[away < BELOW], away[away < BELOW]
    found = skin.closest(points[near])
    off = np.asarray(points[near] - found.points, np.float64)
    heights = np.linalg.norm(off, axis=1)
    spare = 1 - gap[near] / np.maximum(heights, gap[near])
    along = away / BELOW
    follow = 1 - along * along * (3 - 2 * along)
    inward = -(spare * follow)[:, None] * off

    def moved(share: float) -> NDArray[np.float32]:
        drawn[near] = points[near] + share * inward
        return drawn

    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if ring_length(moved(middle)[band]) > length else (low, middle)
    return moved(high)
