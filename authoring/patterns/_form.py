"""Where the neck, shoulders, armpits, waist and hips lie on the dress form that patterns are drafted for."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.measures import section
from dressform.runtime.body.protocol import RestBody

from .sizing import canonical_measures

_TRUNK = ("pelvis", "left_hip", "right_hip", "spine1", "spine2", "spine3", "left_collar", "right_collar", "neck")
_TIP = 0.013  # the shoulder point lies this far outside the shoulder joint [m]
_WAIST = 0.8  # as in runtime.body.measures
_PIT, _NAPE = 0.88, 0.27  # how far pit and nape stand below the side of the neck, as shares of the neck's half breadth
_FLAT_DROP = 0.8  # of the shoulder's drop remains in the flat cloth; the way over chest and blade is longer at the neck


@dataclass(frozen=True)
class Stand:
    """Heights on the canonical body, on which every size is draped [m].

    Attributes:
        neck: Where the side of the neck meets the shoulder.
        shoulder: The shoulder point, above the end of the collar bone.
        armpit: Top of the hollow under the arm.
        waist: The natural waist.
        hip: The fullest seat.
        crotch: Top of the inseam.
        tip_along_arm: The shoulder point's distance from the shoulder joint along the upper arm; negative before it.
    """

    neck: float
    shoulder: float
    armpit: float
    waist: float
    hip: float
    crotch: float
    tip_along_arm: float


@dataclass(frozen=True)
class Form:
    """Drafting lengths of one body, over its skin [m].

    Attributes:
        half_neck: From the centre to the side of the neck.
        half_shoulder: From the centre to the shoulder point.
        shoulder_drop: How much lower the shoulder point lies than the side of the neck, in the flat cloth.
        armpit: From the side of the neck down to armpit level, over chest or shoulder blade.
        waist: From the side of the neck down to the waist.
        hip: From the side of the neck down to the fullest seat.
        pit: How much lower the pit of the throat stands than the side of the neck.
        throat: How much shorter the way to armpit level is from the pit of the throat than from the side of the neck:
            how deep a neckline through the pit is cut into the flat front.
        nape: The same for the nape and the flat back.
        balance: How much longer the way to the waist is in front than at the back.
    """

    half_neck: float
    half_shoulder: float
    shoulder_drop: float
    armpit: float
    waist: float
    hip: float
    pit: float
    throat: float
    nape: float
    balance: float


@functools.cache
def stand() -> Stand:
    """Return the heights of the canonical body."""
    rest = canonical_rest()
    joints = rest.canonical_joints().astype(np.float64)
    shoulder, elbow = joints[JOINT_INDEX["left_shoulder"]], joints[JOINT_INDEX["left_elbow"]]
    hips, spine = joints[JOINT_INDEX["left_hip"], 2], joints[JOINT_INDEX["spine2"], 2]
    tip = _ridge(rest, float(shoulder[0]) + _TIP)
    along = (elbow - shoulder) / np.linalg.norm(elbow - shoulder)
    neck = _side_neck(rest)
    crotch = float(rest.measures().inseam)
    return Stand(
        neck=float(neck[2]),
        shoulder=float(tip[2]),
        armpit=_armpit(rest),
        waist=float(hips + _WAIST * (spine - hips)),
        hip=crotch + 0.03,
        crotch=crotch,
        tip_along_arm=float((tip - shoulder) @ along),
    )


@functools.cache
def _canonical_form() -> Form:
    rest, heights = canonical_rest(), stand()
    neck = _side_neck(rest)
    half = float(neck[0])
    to_armpit = [_way_down(rest, half, heights.armpit, front=side) for side in (True, False)]
    to_waist = [_way_down(rest, half, heights.waist, front=side) for side in (True, False)]
    tip = float(rest.canonical_joints()[JOINT_INDEX["left_shoulder"], 0]) + _TIP
    waist = float(np.mean(to_waist))
    return Form(
        half_neck=half,
        half_shoulder=tip,
        shoulder_drop=_FLAT_DROP * (heights.neck - heights.shoulder),
        armpit=float(np.mean(to_armpit)),
        waist=waist,
        hip=waist + heights.waist - heights.hip,
        pit=_PIT * half,
        throat=to_armpit[0] - _way_down(rest, 0.0, heights.armpit, front=True, top=heights.neck - _PIT * half),
        nape=to_armpit[1] - _way_down(rest, 0.0, heights.armpit, front=False, top=heights.neck - _NAPE * half),
        balance=to_waist[0] - to_waist[1],
    )


def form(measures: Mapping[str, float]) -> Form:
    """Return the drafting lengths of a body, scaled by its measures from those taken on the canonical one.

    Args:
        measures: By the names of `runtime.body.measures.Measures` [m].
    """
    base, own = canonical_measures(), _canonical_form()
    ratio = {name: measures[name] / base[name] for name in ("neck", "shoulder", "back", "chest", "height")}
    over_chest = 0.6 * ratio["back"] + 0.4 * ratio["chest"]  # the cloth's way lengthens as the chest grows deeper
    waist = own.waist * (0.85 * ratio["back"] + 0.15 * ratio["chest"])
    return Form(
        half_neck=own.half_neck * ratio["neck"],
        half_shoulder=own.half_shoulder * ratio["shoulder"],
        shoulder_drop=own.shoulder_drop * ratio["shoulder"],
        armpit=own.armpit * over_chest,
        waist=waist,
        hip=waist + (own.hip - own.waist) * ratio["height"],
        pit=own.pit * ratio["neck"],
        throat=own.throat * ratio["neck"],
        nape=own.nape * ratio["neck"],
        balance=own.balance * ratio["chest"],
    )


def _part(rest: RestBody, *names: str) -> NDArray[np.int32]:
    faces = rest.body.faces
    wanted = [JOINT_INDEX[name] for name in names]
    return np.asarray(faces[np.isin(rest.vertex_segments[faces], wanted).all(axis=1)], np.int32)


def _cut(rest: RestBody, faces: NDArray[np.int32], axis: int, value: float) -> NDArray[np.float64]:
    """Return the points where a plane across an axis cuts faces, [N, 3] [m]."""
    origin, normal = np.zeros(3, np.float32), np.zeros(3, np.float32)
    origin[axis], normal[axis] = value + 1e-4, 1.0  # not through a column of vertices
    return np.asarray(section(rest.vertices, faces, origin, normal), np.float64)


def _ridge(rest: RestBody, x: float) -> NDArray[np.float64]:
    """Return the highest point of trunk and arm at a distance from the mid plane, [3] [m]."""
    points = _cut(rest, _part(rest, *_TRUNK, "left_shoulder"), 0, x)
    return np.asarray(points[points[:, 2].argmax()], np.float64)


def _side_neck(rest: RestBody) -> NDArray[np.float64]:
    """Return where the outline seen from the front turns from the neck to the shoulder: where it slopes by 45°."""
    ridge = np.array([_ridge(rest, float(x)) for x in np.arange(0.045, 0.14, 0.003)])
    return np.asarray(ridge[(ridge[:, 2] + ridge[:, 0]).argmin()], np.float64)


def _armpit(rest: RestBody) -> float:
    """Return the highest point of the underside between trunk and arm in the frontal plane of the shoulder joint."""
    joint = rest.canonical_joints()[JOINT_INDEX["left_shoulder"]]
    points = _cut(rest, rest.body.faces, 1, float(joint[1]))
    columns = np.arange(float(joint[0]) - 0.03, float(joint[0]) + 0.04, 0.01)
    lowest = []
    for x in columns:
        near = points[(np.abs(points[:, 0] - x) < 0.006) & (points[:, 2] > joint[2] - 0.25)]
        lowest.append(near[:, 2].min() if len(near) else 0.0)
    return float(np.max(lowest))


def _way_down(rest: RestBody, x: float, height: float, *, front: bool, top: float | None = None) -> float:
    """Return the length of a thread down to a height, taut over the front or the back [m].

    Args:
        rest: The body.
        x: Distance from the mid plane in which the thread runs [m].
        height: Where it ends [m].
        front: Over the front; False over the back.
        top: Where it starts; None takes the top of the shoulder [m].
    """
    points = _cut(rest, _part(rest, *_TRUNK), 0, x)[:, 1:]
    sign = -1.0 if front else 1.0
    if top is None:
        middle = float(points[points[:, 1].argmax(), 0])
    else:
        middle = 0.0
        side = points[sign * points[:, 0] > 0]
        side = side[side[:, 1].argsort()]
        start = (np.interp(top, side[:, 1], side[:, 0]), top)
        points = np.concatenate([side[side[:, 1] < top], [start]])
    outside = points[(sign * (points[:, 0] - middle) > -1e-6) & (points[:, 1] > height)]
    peak = outside[outside[:, 1].argmax()]
    # two corners behind and below close the hull so that only the outer chain is walked
    reach = sign * (sign * outside[:, 0]).max()
    hull = np.concatenate([outside, [[middle, peak[1]], [middle, height], [reach, height]]])
    ring = hull[ConvexHull(hull).vertices]
    ring = ring if front else ring[::-1]  # from the top over the outside down
    ring = np.roll(ring, -int(np.linalg.norm(ring - peak, axis=1).argmin()), axis=0)
    bottom = int(np.linalg.norm(ring - (reach, height), axis=1).argmin())
    return float(np.linalg.norm(np.diff(ring[: bottom + 1], axis=0), axis=1).sum())
