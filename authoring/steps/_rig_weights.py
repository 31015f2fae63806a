"""All that decides a garment's skin weights, in its order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.body.protocol import RestBody
from dressform.schemas.progress import Progress, silent

from ._rig_loose import hang
from ._rig_overrides import COPY, INPAINT, Orders
from ._rig_pieces import Cloth, Following, cloth_of, follow, following, rigid_rows
from ._rig_refine import RefineOptions, eased, refine
from ._rig_source import SourceUse, blend_source
from ._rig_transfer import (
    Match,
    TransferOptions,
    carry,
    cloth_joint_map,
    dense_weights,
    diffused,
    inpaint,
    match_skin,
    strongest,
)

Floats = NDArray[np.float64]

_SURE_SHARE = 0.08  # a piece with fewer sure matches than this hangs on the cloth it touches
_SMALL = 0.25  # ... unless it is more than this share of the garment


class Origin(IntEnum):
    """Where a point's weights come from."""

    COPIED = 0
    SOLVED = 1
    HANGING = 2
    LAYER = 3
    RIGID = 4
    SOURCE = 5
    CORRECTED = 6


@dataclass(frozen=True)
class Weights:
    """Skin weights of a garment and where they come from.

    Attributes:
        dense: float64 [V, J], non-negative, rows sum to 1, at most 8 above zero.
        origin: int8 [V] an `Origin` each.
        matched: bool [V] copied from the skin below.
        lost_pieces: Pieces with neither skin nor cloth to follow; they took the nearest skin's weights.
        hung_pieces: Pieces without a sure match that follow the cloth they touch.
        rigid_parts: Parts that move as one.
        source: What the artist's own skin gave.
    """

    dense: Floats
    origin: NDArray[np.int8]
    matched: NDArray[np.bool_]
    lost_pieces: int
    hung_pieces: int
    rigid_parts: int
    source: SourceUse


def find_weights(
    mesh: GarmentMesh,
    rest: RestBody,
    orders: Orders,
    transfer: TransferOptions,
    tuning: RefineOptions | None,
    *,
    progress: Progress = silent,
) -> Weights:
    """Find a garment's weights.

    Coinciding points are joined first, so the two sides of any seam agree.

    Args:
        mesh: The garment on the rest body.
        rest: The body.
        orders: The artist's corrections.
        transfer: What a sure match is, and how far weights are evened out.
        tuning: How they are tuned over poses; None leaves them as carried.
        progress: Told how far it is.
    """
    cloth = cloth_of(mesh)
    own = _joined_orders(orders, cloth)
    body_weights = dense_weights(
        rest.body.joint_indices,
        rest.body.joint_weights,
        cloth_joint_map(rest.body.joint_names, rest.body.joint_parents),
    )
    faces = cloth.soft_faces
    match = match_skin(cloth.points, cloth.faces, rest.vertices, rest.body.faces, body_weights, transfer)
    match = _ordered(match, own)
    unsure = _unsure_pieces(cloth, match, own)
    layers = following(cloth, unsure)
    match = match._replace(sure=match.sure & ~(layers.hung & (own.match != COPY)))
    carried = carry(cloth.points, faces, match, transfer)
    weights = carried.weights
    weights, source, sourced = blend_source(weights, mesh.skin, cloth.vertex, rest, own.match == COPY)
    weights, loose = hang(weights, cloth.points, faces, rest, body_weights)
    weights = _fixed(weights, own)
    progress(0.4, "tuning over poses")
    if tuning is not None:
        free = (cloth.rigid < 0) & (own.match != COPY) & ~own.is_fixed & ~sourced & ~loose
        start = eased(weights, cloth.points, faces, rest, match.away)
        start = np.where(free[:, None], start, weights)
        weights = refine(start, cloth.points, faces, rest, match.away, tuning, free=free, home=weights)
    weights = _finished(weights, cloth, layers, own)
    return Weights(
        strongest(weights)[cloth.vertex],
        _origins(match.sure, loose, layers, cloth, own, sourced)[cloth.vertex],
        match.sure[cloth.vertex],
        len(np.unique(cloth.piece[carried.lost & ~layers.hung & (cloth.rigid < 0)])),
        len(np.unique(cloth.piece[layers.hung])),
        len(np.unique(cloth.rigid[cloth.rigid >= 0])),
        source,
    )


def _joined_orders(orders: Orders, cloth: Cloth) -> Orders:
    """Return the orders for the joined points; of points that coincide, the last has its way."""
    count = len(cloth.points)
    joined = Orders(
        np.zeros(count, np.int8),
        np.zeros((count, orders.fixed.shape[1])),
        np.zeros((count, orders.fixed.shape[1]), bool),
        np.zeros(count),
        np.zeros(count, bool),
    )
    said = np.flatnonzero(orders.touched)
    where = cloth.vertex[said]
    joined.match[where] = orders.match[said]
    joined.fixed[where] = orders.fixed[said]
    joined.excluded[where] = orders.excluded[said]
    joined.smooth[where] = orders.smooth[said]
    joined.touched[where] = True
    return joined


def _ordered(match: Match, own: Orders) -> Match:
    """Return the matches as the artist wants them, without the joints that are excluded."""
    nearest = np.where(own.excluded, 0.0, match.nearest)
    total = nearest.sum(axis=1, keepdims=True)
    gone = total[:, 0] < 1e-3
    nearest = np.where(gone[:, None], match.nearest, nearest / np.maximum(total, 1e-3))
    sure = (match.sure & (own.match != INPAINT) & ~gone) | (own.match == COPY)
    return Match(nearest, sure, match.away)


def _unsure_pieces(cloth: Cloth, match: Match, own: Orders) -> NDArray[np.bool_]:
    """Return which pieces have too few sure matches to be believed, bool [pieces]."""
    pieces = len(cloth.areas)
    share = np.bincount(cloth.piece, match.sure, minlength=pieces) / np.maximum(np.bincount(cloth.piece), 1)
    told = np.bincount(cloth.piece, own.match == COPY, minlength=pieces) > 0
    return np.asarray((share < _SURE_SHARE) & (cloth.areas < _SMALL * cloth.areas.sum()) & ~told)


def _fixed(weights: Floats, own: Orders) -> Floats:
    return np.where(own.is_fixed[:, None], own.fixed, weights)


def _finished(weights: Floats, cloth: Cloth, layers: Following, own: Orders) -> Floats:
    """Let layers, hanging pieces and rigid parts follow, then carry out the orders that have the last word."""
    faces = cloth.soft_faces
    weights = follow(weights, layers)
    if layers.hung.any():
        seeds = ~layers.hung | (layers.share > 0.5)
        weights, _ = inpaint(cloth.points, faces[layers.hung[faces].all(axis=1)], weights, seeds)
    weights = _fixed(rigid_rows(weights, cloth), own)
    if own.smooth.any() and len(faces):
        weights = np.where(own.smooth[:, None] > 0, diffused(weights, cloth.points, faces, own.smooth), weights)
    if own.excluded.any():
        weights = np.where(own.excluded, 0.0, weights)
        known = weights.sum(axis=1) > 1e-6
        if not known.all() and len(faces):
            weights, _ = inpaint(cloth.points, faces, weights, known)
            weights = _from_nearest(np.where(own.excluded, 0.0, weights), cloth.points)
            weights = np.where(own.excluded, 0.0, weights)
    total = weights.sum(axis=1, keepdims=True)
    return np.where(total > 1e-6, weights / np.maximum(total, 1e-6), own.fixed)


def _from_nearest(weights: Floats, points: Floats) -> Floats:
    """Return weights where points that follow nothing take those of the nearest that follows something."""
    lost = weights.sum(axis=1) <= 1e-6
    if lost.all() or not lost.any():
        return weights
    found = np.flatnonzero(~lost)
    filled = weights.copy()
    filled[lost] = weights[found[cKDTree(points[found]).query(points[lost])[1]]]
    return filled


def _origins(
    sure: NDArray[np.bool_],
    loose: NDArray[np.bool_],
    layers: Following,
    cloth: Cloth,
    own: Orders,
    sourced: NDArray[np.bool_],
) -> NDArray[np.int8]:
    origin = np.where(sure, Origin.COPIED, Origin.SOLVED)
    origin = np.where(loose, Origin.HANGING, origin)
    origin = np.where(sourced, Origin.SOURCE, origin)
    origin = np.where((layers.share > 0.5) | layers.hung, Origin.LAYER, origin)
    origin = np.where(cloth.rigid >= 0, Origin.RIGID, origin)
    return np.where(own.touched, Origin.CORRECTED, origin).astype(np.int8)
