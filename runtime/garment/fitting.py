"""Fitting garments to a body's shape, in its rest pose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import Body, RestBody
from dressform.runtime.geometry.adjacency import ring_length
from dressform.runtime.geometry.distance import Surface
from dressform.schemas.errors import AssetError

from .contacts import CLOTH_GAP, SKIN_GAP
from .dressed import DressedGarment
from .rest_fit import settle
from .shape_transfer import Binding, transfer
from .stiff import cleared_as_one, kept_stiff
from .turn_up import turned_up
from .under import followed
from .waistband import drawn_in, waistband

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]

REST_GAP = 0.005  # [m] least height of cloth over skin in the rest pose: bending joints take some of it away
FOLDS = 0.08  # [m] cloth comes out of folds of the layer below that are up to this deep
_THIN = 0.003  # [m] hems and linings up to this depth fit between the gap and the skin
_THICKEST = 0.01  # [m] cloth is not lifted by more than this for what lies under it


def _check(garment: DressedGarment, body: Body) -> None:
    rig = garment.rig
    if rig.body_digest != body.topology_digest:
        raise AssetError(
            f"{garment.name}: its rig is for another version of the {rig.body} body ({rig.body_digest[:12]} instead of "
            f"{body.topology_digest[:12]}); run `dressform garment rig` on it again"
        )
    if len(rig.joint_weights) != len(garment.mesh.points):
        raise AssetError(
            f"{garment.name}: its rig has {len(rig.joint_weights)} points, its mesh {len(garment.mesh.points)}; "
            "run `dressform garment rig` on it again"
        )
    missing = set(rig.joints) - set(body.joint_names)
    if missing:
        raise AssetError(
            f"{garment.name}: its rig names the joint {min(missing)}, which the {body.family} body lacks; "
            "run `dressform garment rig` on it again"
        )


def fit_garments(rest: RestBody, garments: Sequence[DressedGarment]) -> tuple[Floats, ...]:
    """Carry each garment to the body's shape, let it find its own size, and settle it over skin and layers below.

    Args:
        rest: The body.
        garments: From the innermost to the outermost.

    Returns:
        For each its points float32 [V, 3] in the body's rest frame [m].

    Raises:
        AssetError: When a rig is not for this body or not for its mesh.
    """
    body = rest.body
    for garment in garments:
        _check(garment, body)
    source = template_body(body).vertices
    nude = Surface(rest.vertices, body.faces)
    fitted: list[Floats] = []
    for position, garment in enumerate(garments):
        rig, faces, cloth = garment.rig, garment.mesh.faces, garment.cloth
        binding = Binding(rig.binding_triangles, rig.binding_barycentrics, rig.binding_offsets)
        carried = transfer(binding, faces, source, rest.vertices, body.faces, stiff=garment.stiff)
        if garment.is_stiff:  # a hat clears the skin as it is, it does not mould itself to it
            points = cleared_as_one(carried, nude, SKIN_GAP).astype(np.float32)
        else:
            gap, band = _gap(garment), band_of(garment, rest)
            held = drawn_in(carried, cloth, band, ring_length(garment.mesh.points[band]), nude, gap)
            points = settle(held, cloth, rest.vertices, body.faces, gap)
            if garment.keeps_size:
                worn = garment.real_size.worn(points, rest.vertices, body.faces, band=band)
                points = settle(worn.points, cloth, rest.vertices, body.faces, gap)
        for below in range(position):
            points = settle(points, cloth, fitted[below], garments[below].mesh.faces, CLOTH_GAP, folds=FOLDS)
        points = kept_stiff(carried, points, garment.stiff)
        fitted.append(followed(followed(points, garment.under), garment.trims))
    return tuple(fitted)


def off_the_floor(garment: DressedGarment, points: Floats) -> Floats:
    """Return a fitted garment's points [V, 3] with cloth that would reach below the floor turned up [m].

    Args:
        garment: What is stiff of it keeps its shape.
        points: Fitted to a body that stands on z = 0 [V, 3] [m].
    """
    if garment.is_stiff or (raised := turned_up(points, garment.cloth)) is points:
        return points
    return followed(followed(kept_stiff(points, raised, garment.stiff), garment.under), garment.trims)


def _gap(garment: DressedGarment) -> Floats:
    """Return the least height of each point over the skin [V] [m]: what lies under the cloth has to clear it too."""
    gap = np.full(len(garment.mesh.points), REST_GAP, np.float32)
    depth = -garment.under.offsets[:, 2:]
    np.maximum.at(gap, garment.under.corners, REST_GAP + np.clip(depth - _THIN, 0.0, _THICKEST))
    return gap


def band_of(garment: DressedGarment, rest: RestBody) -> NDArray[np.intp]:
    """Return the points [K] of a garment's waistband, in order; none where shoulders hold it up."""
    ((indices, weights),) = skins(rest.body, [garment])
    return waistband(garment.mesh.points, garment.cloth, indices, weights, rest)


def template_body(body: Body) -> RestBody:
    """Return the body of this family that rigs are made on: for Anny the canonical one, else the family's mean."""
    return canonical_rest() if body.family == "anny" else body.rest({})


def skins(body: Body, garments: Sequence[DressedGarment]) -> list[tuple[Integers, Floats]]:
    """Return each garment's joint indices [V, K] into the body's own joints, and weights [V, K]."""
    number = {name: index for index, name in enumerate(body.joint_names)}
    renumbered = [np.array([number[name] for name in garment.rig.joints], np.int32) for garment in garments]
    return [(new[g.rig.joint_indices], g.rig.joint_weights) for new, g in zip(renumbered, garments, strict=True)]
