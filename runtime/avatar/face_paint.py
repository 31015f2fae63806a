"""Brows, lids, lips and beard shadow, as coverages over the texels of the head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .canvas import BodyCanvas, along

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class FaceMasks:
    """Coverages in [0, 1] at the head's texels, each float32 [N].

    Attributes:
        brows: Hair of the brows.
        lashes: Dark line of the lids' edges.
        lids: Skin of the lids.
        lips: Red of the lips.
        mouth_line: Shadow where the lips meet.
        corner: Moist red at the eyes' inner corners.
        beard: Where a shaven beard shades the skin.
        under_eyes: Thin skin below the eyes.
    """

    brows: Floats
    lashes: Floats
    lids: Floats
    lips: Floats
    mouth_line: Floats
    corner: Floats
    beard: Floats
    under_eyes: Floats


def face_masks(canvas: BodyCanvas, femininity: float) -> FaceMasks:
    """Return the coverages for a face between masculine (0) and feminine (1); the canvas must know its face."""
    assert canvas.face is not None
    assert canvas.head is not None
    at = canvas.face.coordinates(canvas.head.points)
    lips = canvas.masks["lips"]
    return FaceMasks(
        brows=_brows(at, femininity),
        lashes=_lashes(at, _lid_lines(canvas), femininity),
        lids=canvas.masks["eyelids"],
        lips=lips,
        mouth_line=_near(at, canvas.face.mouth_rim, 0.028),
        corner=_corner(at),
        beard=_beard(at) * (1 - lips),
        under_eyes=_blob(at, (0.5, -0.1, -0.2), (0.28, 0.3, 0.1)),
    )


def _smooth_step(values: NDArray[np.floating], low: float, high: float) -> Floats:
    t = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _blob(at: Floats, centre: tuple[float, float, float], radii: tuple[float, float, float]) -> Floats:
    mirrored = np.concatenate([np.abs(at[:, :1]), at[:, 1:]], axis=1)
    scaled = (mirrored - np.array(centre, np.float32)) / np.array(radii, np.float32)
    return np.asarray(np.exp(-(scaled**2).sum(axis=1)), np.float32)


def _near(at: Floats, rim: Floats, width: float) -> Floats:
    """Coverage of a soft line of this half width along sampled points."""
    distance = np.full(len(at), np.inf, np.float32)
    low, high = rim.min(axis=0) - 4 * width, rim.max(axis=0) + 4 * width
    inside = np.flatnonzero(((at > low) & (at < high)).all(axis=1))
    distance[inside] = cKDTree(rim).query(at[inside])[0]
    return np.asarray(np.exp(-((distance / width) ** 2)), np.float32)


def _brows(at: Floats, femininity: float) -> Floats:
    x, z = np.abs(at[:, 0]), at[:, 2]
    inner, outer, peak = 0.2, 0.92, 0.62
    along = (x - inner) / (outer - inner)
    rise = 0.045 + 0.045 * femininity
    fall = np.where(along < peak, (along - peak) / peak, (along - peak) / (1 - peak) * 1.15)
    centre = (0.185 + 0.03 * femininity) + rise * (1 - fall**2)
    half = (0.062 - 0.02 * femininity) * (1 - 0.62 * np.clip(along, 0, 1) ** 1.6)
    across = (z - centre) / half
    ends = _smooth_step(along, -0.03, 0.16) * _smooth_step(1 - along, -0.02, 0.22)
    body = _smooth_step(1 - np.abs(across), 0.0, 0.75) * ends
    # Hairs lean outwards; their direction turns from upright at the nose to level at the tail.
    lean = 0.35 + 1.5 * np.clip(along, 0, 1)
    phase = (x - lean * (z - centre)) * 105
    lattice = np.random.default_rng(5).uniform(0.35, 1.0, 512).astype(np.float32)
    hairs = np.interp(np.mod(phase, 512), np.arange(513), np.append(lattice, lattice[0]))
    front = (at[:, 1] < 0.6) & (z < 0.6)
    return np.asarray(front * body * (0.45 + 0.55 * hairs), np.float32)


def _lid_lines(canvas: BodyCanvas) -> tuple[Floats, Floats]:
    """Points along the edges of the upper and of the lower lids, in face coordinates."""
    assert canvas.face is not None
    lines = []
    for lids in (canvas.face.upper_lids, canvas.face.lower_lids):
        edges = np.concatenate([np.stack([lid[:-1], lid[1:]], axis=1) for lid in lids])
        lines.append(canvas.face.coordinates(along(canvas.points[edges])))
    return lines[0], lines[1]


def _lashes(at: Floats, lids: tuple[Floats, Floats], femininity: float) -> Floats:
    outward = _smooth_step(np.abs(at[:, 0]), 0.36, 0.60)
    above = _near(at, lids[0], 0.016 + 0.008 * femininity) * (0.4 + 0.5 * outward)
    below = _near(at, lids[1], 0.012) * (0.12 + 0.2 * outward) * (0.7 + 0.5 * femininity)
    return np.asarray(np.maximum(above, below), np.float32)


def _corner(at: Floats) -> Floats:
    return np.asarray(_blob(at, (0.345, -0.18, -0.05), (0.035, 0.1, 0.035)), np.float32)


def _beard(at: Floats) -> Floats:
    x, y, z = np.abs(at[:, 0]), at[:, 1], at[:, 2]
    # Below a line from under the nose along the cheek to the ear, above the throat.
    cheek = -0.98 + 0.42 * np.clip(x - 0.35, 0, 1)
    moustache = _smooth_step(-z, 0.86, 0.95) * _smooth_step(0.5 - x, 0.0, 0.12)
    jaw = _smooth_step(cheek - z, 0.0, 0.35)
    throat = _smooth_step(z + 0.55 * np.clip(y, 0, 2), -2.25, -1.75)
    ahead = _smooth_step(1.15 - y, 0.0, 0.3)
    return np.asarray(np.maximum(moustache, jaw) * throat * ahead, np.float32)
