"""The artist's corrections of a rig: read, checked, and turned into orders for single points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.body.joints import CANONICAL_JOINTS, JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.distance import Surface
from dressform.schemas.documents import is_number
from dressform.schemas.errors import UsageError

from ._rig_mask import sample_mask
from ._rig_painted import dense_rows

COPY, INPAINT = 1, -1

_PLACES = ("part", "sphere", "box", "joint")
_ORDERS = ("copy", "inpaint", "rigid", "weights", "smooth", "exclude")
_LONGEST_SMOOTHING = 0.5  # [m]


@dataclass(frozen=True)
class Corrections:
    """What an artist wants otherwise.

    Attributes:
        regions: Places with what to do there, JSON objects as the guide describes them.
        mask: A PNG painted over the garment's UVs, or None.
        mask_uv: The UV set it is painted over, 0 or 1; None takes UV0 where there is one.
        painted: Weights by joint name of points that were painted in another tool.
    """

    regions: tuple[Mapping[str, Any], ...] = ()
    mask: bytes | None = None
    mask_uv: int | None = None
    painted: Mapping[int, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Orders:
    """Corrections, point by point.

    Attributes:
        match: int8 [V] `COPY`, `INPAINT` or 0 where the rig decides.
        fixed: float64 [V, J] rows of weights that are given; zero rows where none are.
        excluded: bool [V, J] joints that a point must not follow.
        smooth: float64 [V] length over which to even out [m].
        touched: bool [V] under any order.
    """

    match: NDArray[np.int8]
    fixed: NDArray[np.float64]
    excluded: NDArray[np.bool_]
    smooth: NDArray[np.float64]
    touched: NDArray[np.bool_]

    @property
    def is_fixed(self) -> NDArray[np.bool_]:
        """bool [V] whether a point's weights are given."""
        return np.asarray(self.fixed.any(axis=1))


def read_regions(document: object, where: str) -> tuple[Mapping[str, Any], ...]:
    """Return the regions of a JSON document `{"regions": [...]}` or of a bare list or region, checked as far as a
    file alone can be.

    Args:
        document: Parsed JSON.
        where: For messages.
    """
    if isinstance(document, Mapping) and "regions" in document:
        unknown = sorted(set(document) - {"regions", "mask_uv"})
        if unknown:
            raise UsageError(f"{where}: there is no key {unknown[0]!r}; use regions and mask_uv")
        document = document["regions"]
    regions = [document] if isinstance(document, Mapping) else document
    if not isinstance(regions, Sequence) or isinstance(regions, str):
        raise UsageError(f"{where}: needs a list of regions, found {type(document).__name__}")
    for number, region in enumerate(regions):
        _check_region(region, f"{where}: $.regions[{number}]")
    return tuple(regions)


def orders_of(
    corrections: Corrections,
    mesh: GarmentMesh,
    rest: RestBody,
    where: str = "rig",
    *,
    named_on: tuple[GarmentMesh, RestBody] | None = None,
) -> Orders:
    """Return what the corrections say for each point of a garment.

    Later regions go over earlier ones and over the mask, painted weights over all; they do nothing on a body without
    their joints.

    Args:
        corrections: See there.
        mesh: The garment on the rest body.
        rest: The body whose joints are to be followed.
        where: For messages.
        named_on: The garment and body that places are of, when those are not `mesh` and `rest`.
    """
    count, joints = len(mesh.points), len(rest.body.joint_names)
    orders = Orders(
        np.zeros(count, np.int8),
        np.zeros((count, joints)),
        np.zeros((count, joints), bool),
        np.zeros(count),
        np.zeros(count, bool),
    )
    if corrections.mask is not None:
        orders.match[:] = sample_mask(corrections.mask, mesh, corrections.mask_uv, f"{where}: the mask")
        orders.touched[:] = orders.match != 0
    for number, region in enumerate(corrections.regions):
        name = f"{where}: $.regions[{number}]"
        inside = _inside(region, *(named_on or (mesh, rest)), name)
        if not inside.any():
            raise UsageError(f"{name}: no point of the garment lies in it; move it or take it out")
        _apply(orders, inside, region, rest, name)
    joint_names = rest.body.joint_names
    if corrections.painted and all(name in joint_names for row in corrections.painted.values() for name in row):
        rows = dense_rows(corrections.painted, joint_names, count, where)
        given = rows.any(axis=1)
        orders.fixed[given], orders.excluded[given], orders.touched[given] = rows[given], False, True
    return orders


def _apply(orders: Orders, inside: NDArray[np.bool_], region: Mapping[str, Any], rest: RestBody, where: str) -> None:
    orders.touched[inside] = True
    if region.get("copy") or region.get("inpaint"):
        orders.match[inside] = COPY if region.get("copy") else INPAINT
        orders.fixed[inside] = 0
    given = {region["rigid"]: 1.0} if "rigid" in region else region.get("weights")
    if given is not None:
        row = np.zeros(orders.fixed.shape[1])
        for joint, value in given.items():
            row[_leading_joint(joint, rest, where)] += float(value)
        orders.fixed[inside] = row / row.sum()
    if "smooth" in region:
        orders.smooth[inside] = float(region["smooth"])
    for joint in region.get("exclude", ()):
        orders.excluded[np.ix_(inside, _joints_of(joint, rest, where))] = True


def _check_region(region: object, where: str) -> None:
    if not isinstance(region, Mapping):
        raise UsageError(f"{where}: needs an object with a place and an order, found {type(region).__name__}")
    unknown = sorted(set(region) - {*_PLACES, *_ORDERS})
    if unknown:
        raise UsageError(f"{where}: there is no key {unknown[0]!r}; use {', '.join((*_PLACES, *_ORDERS))}")
    places = [key for key in _PLACES if key in region]
    if len(places) != 1:
        raise UsageError(f"{where}: needs one of {', '.join(_PLACES)}, found {' and '.join(places) or 'none'}")
    if not any(key in region for key in _ORDERS):
        raise UsageError(f"{where}: says nothing to do; needs some of {', '.join(_ORDERS)}")
    for key in ("part", "joint", "rigid"):
        if key in region and not isinstance(region[key], str):
            raise UsageError(f"{where}.{key}: needs a name, found {region[key]!r}")
    for key in ("copy", "inpaint"):
        if key in region and not isinstance(region[key], bool):
            raise UsageError(f"{where}.{key}: needs true or false, found {region[key]!r}")
    exclusive = [key for key in ("copy", "inpaint", "rigid", "weights") if region.get(key)]
    if len(exclusive) > 1:
        raise UsageError(f"{where}: {' and '.join(exclusive)} contradict each other; keep one")
    _check_values(region, where)


def _check_values(region: Mapping[str, Any], where: str) -> None:
    sphere, box = region.get("sphere", {}), region.get("box", {})
    for value, keys, name in ((sphere, ("center", "radius"), "sphere"), (box, ("low", "high"), "box")):
        if name in region and (not isinstance(value, Mapping) or set(value) != set(keys)):
            raise UsageError(f"{where}.{name}: needs {' and '.join(keys)}, found {value!r}")
    for owner, key in ((sphere, "center"), (box, "low"), (box, "high")):
        if key in owner and not (
            isinstance(owner[key], list) and len(owner[key]) == 3 and all(is_number(v) for v in owner[key])
        ):
            raise UsageError(f"{where}: {key} needs three numbers [m], found {owner[key]!r}")
    if "radius" in sphere and not (is_number(sphere["radius"]) and sphere["radius"] > 0):
        raise UsageError(f"{where}: radius needs a number above zero [m], found {sphere['radius']!r}")
    smooth = region.get("smooth", 0)
    if not (is_number(smooth) and 0 <= smooth <= _LONGEST_SMOOTHING):
        raise UsageError(f"{where}.smooth: needs a length from 0 to {_LONGEST_SMOOTHING} m, found {smooth!r}")
    exclude = region.get("exclude", [])
    if not (isinstance(exclude, list) and all(isinstance(name, str) for name in exclude)):
        raise UsageError(f"{where}.exclude: needs a list of joints, found {exclude!r}")
    if "weights" in region:
        weights = region["weights"]
        fine = isinstance(weights, Mapping) and weights and all(is_number(v) and v >= 0 for v in weights.values())
        if not fine or sum(weights.values()) <= 0:
            raise UsageError(
                f"{where}.weights: needs joints with numbers of which one is above zero, found {weights!r}"
            )


def _inside(region: Mapping[str, Any], mesh: GarmentMesh, rest: RestBody, where: str) -> NDArray[np.bool_]:
    points = mesh.points
    if "sphere" in region:
        away = points - np.array(region["sphere"]["center"])
        return np.asarray(np.linalg.norm(away, axis=1) <= region["sphere"]["radius"])
    if "box" in region:
        low, high = np.array(region["box"]["low"]), np.array(region["box"]["high"])
        return np.asarray(((points >= low) & (points <= high)).all(axis=1))
    if "part" in region:
        names = [part.name for part in mesh.parts]
        if region["part"] not in names or mesh.part_ids is None:
            known = ", ".join(names) or "none; name a place by sphere, box or joint"
            raise UsageError(f"{where}: the garment has no part {region['part']!r}; it has {known}")
        chosen = np.zeros(len(points), bool)
        chosen[mesh.faces[mesh.part_ids == names.index(region["part"])].ravel()] = True
        return chosen
    bones = _joints_of(region["joint"], rest, where)
    closest = Surface(rest.vertices, rest.body.faces).closest(points)
    follows = np.zeros(len(rest.vertices))
    for column in range(rest.body.joint_indices.shape[1]):
        held = np.isin(rest.body.joint_indices[:, column], bones)
        follows += rest.body.joint_weights[:, column] * held
    corners = rest.body.faces[closest.triangles]
    return np.asarray(np.einsum("vc,vc->v", closest.barycentrics, follows[corners]) > 0.5)


def _joints_of(name: str, rest: RestBody, where: str) -> NDArray[np.intp]:
    """Return the body's joints that a name means: one of its own, or all that follow a canonical joint."""
    if name in rest.body.joint_names:
        return np.array([rest.body.joint_names.index(name)])
    if name in JOINT_INDEX:
        return np.flatnonzero(rest.rig.segment_of_bone == JOINT_INDEX[name])
    raise UsageError(
        f"{where}: the {rest.body.family} body has no joint {name!r}; use one of its own "
        f"(such as {rest.body.joint_names[len(rest.body.joint_names) // 2]}) or {', '.join(CANONICAL_JOINTS)}"
    )


def _leading_joint(name: str, rest: RestBody, where: str) -> int:
    """Return the one joint that a name means; the first rigid bone speaks for a canonical joint."""
    bones = _joints_of(name, rest, where)
    return int(bones[0]) if len(bones) == 1 else int(rest.rig.leaders[JOINT_INDEX[name]])
