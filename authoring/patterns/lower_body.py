"""Heights and girths between the natural waist and the crotch, for what hangs on waist and hips."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.measures import girth

from .sizing import canonical_measures

# Body rise (natural waist to crotch) of the canonical body: 0.302 m at a stature of 1.844 m. Fuller hips need more:
# 4 mm for 40 mm of hip, judged on the draped garment.
_RISE_SHARE = 0.1637
_RISE_PER_HIP = 0.10
_HIP_SHARE = 0.5523
_LEVELS = 25  # sections between waist and crotch
_ARM_CLEAR = 0.26  # [m] from the mid plane: the hips end before it, the hands hang beyond


@dataclass(frozen=True)
class LowerBody:
    """The part of a body that trousers and skirts are drafted for.

    Attributes:
        waist: Girth at the natural waist [m].
        hip: Largest girth of the hips [m].
        rise: Natural waist to crotch, upright [m].
        inseam: Crotch to ground [m].
    """

    waist: float
    hip: float
    rise: float
    inseam: float

    def girth(self, drop: float) -> float:
        """Return the girth at a distance below the natural waist [m]; between waist and hip as the canonical body's."""
        depths, shares = _profile()
        return float(self.waist + (self.hip - self.waist) * np.interp(drop / self.rise, depths, shares))


def lower_body(measures: Mapping[str, float]) -> LowerBody:
    """Return heights and girths of a body from its measures (by the names of `runtime.body.measures.Measures`) [m]."""
    height, hip = measures["height"], measures["hip"]
    rise = _RISE_SHARE * height + _RISE_PER_HIP * (hip - _HIP_SHARE * height)
    return LowerBody(waist=measures["waist"], hip=hip, rise=rise, inseam=measures["inseam"])


def stand_height(body: LowerBody, drop: float) -> float:
    """Return where on the canonical body, which all sizes are draped on, a level lies [m above the ground].

    Args:
        body: The body that is drafted for.
        drop: How far the level lies below that body's natural waist [m].
    """
    waist, crotch = _waist_height(), canonical_measures()["inseam"]
    return waist - drop / body.rise * (waist - crotch)


@functools.cache
def _waist_height() -> float:
    neck = float(canonical_rest().canonical_joints()[JOINT_INDEX["neck"], 2])
    return neck - canonical_measures()["back"]


@functools.cache
def _profile() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return depths below the waist as shares of the rise, and how far the girth there has come from waist to hip."""
    rest = canonical_rest()
    points, faces = rest.vertices, np.asarray(rest.body.faces, np.int32)
    trunk = faces[(np.abs(points[faces][:, :, 0]) < _ARM_CLEAR).all(axis=1)]
    known = canonical_measures()
    depths = np.linspace(0.0, 1.0, _LEVELS)
    heights = _waist_height() - depths * (_waist_height() - known["inseam"])
    up = np.array([0, 0, 1], np.float32)
    girths = np.array([girth(points, trunk, np.array([0, 0, z], np.float32), up) for z in heights])
    return depths, (girths - known["waist"]) / (known["hip"] - known["waist"])
