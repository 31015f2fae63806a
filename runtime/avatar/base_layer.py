"""The neutral base layer that a body wears under garments: a tank top and shorts, as colour on the skin.

Its borders are drawn on the average adult, where they are planes and arcs between joints; topology carries them to
every other shape.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.joints import JOINT_INDEX

from .canvas import Texels

Floats = NDArray[np.float32]

BASE_LAYER_COLOUR = (0.115, 0.118, 0.125)  # linear: a plain mid grey
HEM = 0.012  # [m] width of the hems


def base_layer(joints: Floats, texels: Texels) -> tuple[Floats, Floats]:
    """Return the base layer's coverage [N] in [0, 1] and colour [N, 3] (linear) at texels.

    Args:
        joints: Canonical joints of the average adult, float32 [22, 3] [m].
        texels: Of the same adult.
    """
    at, arm = texels.points, texels.limb
    inside = np.maximum(_tank(at, arm, joints), _shorts(at, arm, joints))
    texel = 0.0016  # [m] a texel of the body's chart, so that borders are one texel soft
    coverage = np.clip(inside / texel + 0.5, 0, 1)
    stitch = np.exp(-(((inside - HEM) / 0.0012) ** 2))
    waist = np.exp(-(((at[:, 2] - _waist(joints)) / 0.0016) ** 2))
    shade = 1 - 0.28 * np.maximum(stitch, waist)
    return coverage.astype(np.float32), (shade[:, None] * np.array(BASE_LAYER_COLOUR)).astype(np.float32)


def _joint(joints: Floats, name: str) -> Floats:
    return np.asarray(joints[JOINT_INDEX[name]], np.float32)


def _waist(joints: Floats) -> float:
    pelvis, hip = _joint(joints, "pelvis"), _joint(joints, "left_hip")
    return float(max(pelvis[2], hip[2]) + 0.07)


def _tank(at: Floats, arm: Floats, joints: Floats) -> Floats:
    """Signed distance [m] into the top: below a neckline arc, off the shoulder's arc, above the waist."""
    shoulder, neck = _joint(joints, "left_shoulder"), _joint(joints, "neck")
    x, y, z = np.abs(at[:, 0]), at[:, 1], at[:, 2]
    depth = np.where(y < neck[1], 0.150, 0.085)  # a scoop, lower in front, that no dress or T-shirt lets be seen
    across = 0.66 * shoulder[0]
    neckline = neck[2] + 0.03 - depth * np.sqrt(np.clip(1 - (x / across) ** 2, 0, 1))
    from_neck = np.where(x < across, (neckline - z) * 0.8, x - across + 0.8 * np.maximum(neck[2] + 0.03 - z, 0))
    armhole = np.hypot((x - shoulder[0] - 0.03) / 0.92, z - (shoulder[2] + 0.005)) - 0.098
    from_arm = np.minimum(armhole, (0.5 - arm) * 0.06)
    above_waist = z - (_waist(joints) - 0.02)
    return np.asarray(np.minimum(np.minimum(from_neck, from_arm), above_waist), np.float32)


def _shorts(at: Floats, arm: Floats, joints: Floats) -> Floats:
    """Signed distance [m] into the shorts: from the waist to a third of the thigh."""
    hip, knee = _joint(joints, "left_hip"), _joint(joints, "left_knee")
    x, z = np.abs(at[:, 0]), at[:, 2]
    end = hip + 0.36 * (knee - hip)
    axis = (knee - hip) / np.linalg.norm(knee - hip)
    above_hem = -((x - end[0]) * axis[0] + (z - end[2]) * axis[2])
    above_hem = np.minimum(above_hem, _waist(joints) - z)
    return np.asarray(np.minimum(above_hem, (0.5 - arm) * 0.06), np.float32)
