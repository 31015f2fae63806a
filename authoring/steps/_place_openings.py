"""A garment's openings: found as boundary loops, named by where they lie."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dressform.runtime.geometry.adjacency import boundary_loops, ring_area, ring_length

TOPS = frozenset({"tee", "shirt", "top", "sweater", "vest", "jacket", "coat", "dress", "suit"})
BOTTOMS = frozenset({"trousers", "shorts", "skirt", "underwear"})
RIGID = frozenset({"hat", "shoes", "socks", "gloves", "accessory"})  # what no neck or waist carries

_SMALLEST_GIRTH = 0.12  # [m] shorter loops are buttonholes and modelling gaps, not openings


@dataclass(frozen=True)
class Opening:
    """One boundary loop of a garment.

    Attributes:
        kind: neck, waist, hem, left_sleeve, right_sleeve, left_ankle, right_ankle or other.
        loop: int32 [n] vertices in order.
        center: Mean of the loop [m], [3].
        normal: Unit normal of the loop's plane, out of the garment, [3].
        girth: Length of the loop [m].
    """

    kind: str
    loop: NDArray[np.int32]
    center: NDArray[np.float64]
    normal: NDArray[np.float64]
    girth: float


def _measure(points: NDArray[np.float64], faces: NDArray[np.int32], loop: NDArray[np.int32]) -> Opening:
    ring = points[loop]
    center = ring.mean(axis=0)
    normal = ring_area(ring)
    normal /= max(float(np.linalg.norm(normal)), 1e-12)
    touching = np.isin(faces, loop).any(axis=1)
    inward = points[faces[touching]].mean(axis=(0, 1)) - center
    return Opening("other", loop, center, -normal if normal @ inward > 0 else normal, ring_length(ring))


def find_openings(points: NDArray[np.floating], faces: NDArray[np.int32], category: str) -> list[Opening]:
    """Find and name the openings of a garment that stands upright and is symmetric about x = its middle.

    A pair of loops at mirrored places are sleeves or ankles, a loop in the middle is a neck, waist or hem; what the
    category is not known to have is inferred from the loops themselves.

    Args:
        points: [V, 3], metres, z up.
        faces: int32 [F, 3].
        category: Such as "tee" or "trousers"; an unknown word leaves it to the loops.
    """
    place = points.astype(np.float64)
    middle = float(place[:, 0].min() + place[:, 0].max()) / 2
    found = [_measure(place, faces, loop) for loop in boundary_loops(faces)]
    found = [opening for opening in found if opening.girth > _SMALLEST_GIRTH]
    if category in RIGID:
        return found
    pairs, single = _pair(found, middle, float(np.ptp(place, axis=0).max()))
    central = sorted((o for o in single if abs(o.center[0] - middle) < 0.05), key=lambda o: -o.center[2])
    other = [o for o in single if abs(o.center[0] - middle) >= 0.05]
    pairs.sort(key=lambda pair: -pair[0].center[2])
    named: list[Opening] = []
    bottoms = category in BOTTOMS or (category not in TOPS and _looks_like_trousers(central, pairs))
    if central:
        named.append(replace(central[0], kind="waist" if bottoms else "neck"))
        named += [replace(o, kind="hem" if o is central[-1] else "other") for o in central[1:]]
    sleeves = None if bottoms or not pairs else max(pairs, key=lambda pair: abs(pair[0].center[0] - pair[1].center[0]))
    if sleeves is not None and len(pairs) == 1 and central and _below(sleeves, place):
        sleeves = None  # a suit without sleeves
    for pair in pairs:
        lowest = pair is pairs[-1]
        limb = "sleeve" if pair is sleeves else "ankle" if lowest else "other"
        left, right = (pair[0], pair[1]) if pair[0].center[0] > pair[1].center[0] else (pair[1], pair[0])
        named.append(replace(left, kind=limb if limb == "other" else f"left_{limb}"))
        named.append(replace(right, kind=limb if limb == "other" else f"right_{limb}"))
    return named + other


def _pair(found: list[Opening], middle: float, size: float) -> tuple[list[tuple[Opening, Opening]], list[Opening]]:
    """Match loops with their mirror images; return the pairs and what is left over."""
    pairs: list[tuple[Opening, Opening]] = []
    left_over = list(found)
    for opening in sorted(found, key=lambda o: -o.girth):
        if not any(opening is o for o in left_over) or abs(opening.center[0] - middle) < 0.03:
            continue
        mirrored = opening.center * (-1, 1, 1) + (2 * middle, 0, 0)
        partners = [
            o for o in left_over if o is not opening and (o.center[0] - middle) * (opening.center[0] - middle) < 0
        ]
        if not partners:
            continue
        best = min(partners, key=lambda o: float(np.linalg.norm(o.center - mirrored)))
        if np.linalg.norm(best.center - mirrored) < 0.1 * size and 0.6 < best.girth / opening.girth < 1.6:
            pairs.append((opening, best))
            left_over = [o for o in left_over if o is not opening and o is not best]
    return pairs, left_over


def _below(pair: tuple[Opening, Opening], points: NDArray[np.float64]) -> bool:
    """Say whether a pair lies at the garment's lower end."""
    low, high = float(points[:, 2].min()), float(points[:, 2].max())
    return bool(max(pair[0].center[2], pair[1].center[2]) < low + 0.1 * (high - low))


def _looks_like_trousers(central: list[Opening], pairs: list[tuple[Opening, Opening]]) -> bool:
    """Say whether there is one middle opening above one pair that points down and spreads little."""
    if len(central) != 1 or len(pairs) != 1:
        return False
    left, right = pairs[0]
    drop = float(central[0].center[2] - (left.center[2] + right.center[2]) / 2)
    return drop > 0.8 * abs(float(left.center[0] - right.center[0])) and central[0].girth > 0.55


def asymmetry(points: NDArray[np.floating]) -> float:
    """Return the mean distance [m] between a garment and its mirror image about the middle of x."""
    sample = points[:: max(1, len(points) // 2000)].astype(np.float64)
    middle = float(points[:, 0].min() + points[:, 0].max()) / 2
    mirrored = sample * (-1, 1, 1) + (2 * middle, 0, 0)
    return float(np.mean(cKDTree(points).query(mirrored)[0]))


def front_tilt(openings: list[Opening]) -> float:
    """Return how far the upper opening leans towards -y: necklines and waists are lower in front than behind."""
    for opening in openings:
        if opening.kind in ("neck", "waist"):
            upward = opening.normal if opening.normal[2] > 0 else -opening.normal
            return float(-upward[1])
    return 0.0
