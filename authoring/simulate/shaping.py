"""Shaping sleeves with the iron: what is too long inside a bent elbow is shrunk out, as a tailor does it.

A straight sleeve around a bent arm is too long inside the bend and too short outside it. Left as cut, all of that
length ends up in one sharp fold across the elbow. Cloth is shaped there with steam: shrunk inside the bend and
stretched a little outside it, so that the sleeve follows the arm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.adjacency import averaging_matrix

from .membrane import Membrane, flat_corners

Floats = NDArray[np.float64]

SHRUNK, STRETCHED = 0.76, 1.04  # least and largest length left of a piece of cloth along the arm
WHOLE, REACH = 0.06, 0.18  # so far from the elbow along the arm cloth is shaped wholly, and so far at all [m]
EVEN = 0.022  # standard deviation over which the shaping is evened out [m]


def shaped(mesh: FlatMesh, smooth: Floats, rest: RestBody) -> Floats:
    """Return each triangle's corners laid flat [F, 3, 2] [m], shaped along the arms as they lie on a smooth sleeve.

    Args:
        mesh: The garment.
        smooth: Its points [P, 3] around the body without a fold, strained where the cloth is too long or short [m].
        rest: The body.
    """
    corners = flat_corners(mesh)
    joints = rest.canonical_joints().astype(np.float64)
    near = np.zeros(len(mesh.faces))  # 1 at the elbow, 0 beyond reach
    for index, panel in enumerate(mesh.pattern.panels):
        limb = panel.placement.limb
        if limb.endswith("_arm") and not panel.formed:
            side = limb.removesuffix("_arm")
            upper = np.linalg.norm(joints[JOINT_INDEX[f"{side}_elbow"]] - joints[JOINT_INDEX[f"{side}_shoulder"]])
            mine = mesh.face_panels == index
            off = np.abs(corners[mine, :, 1].mean(axis=1) - panel.placement.height + upper)
            near[mine] = 0.5 + 0.5 * np.cos(np.pi * np.clip((off - WHOLE) / (REACH - WHOLE), 0, 1))
    if not near.any():
        return corners
    membrane = Membrane(corners, mesh.faces, mesh.point_count)
    lengths = np.linalg.norm(membrane.gradients(smooth)[:, :, 1], axis=1)
    change = near * (np.clip(lengths, SHRUNK, STRETCHED) - 1)
    even = averaging_matrix(mesh.faces, mesh.point_count)
    around = np.maximum(np.bincount(mesh.faces.reshape(-1), minlength=mesh.point_count), 1)
    at_points = np.bincount(mesh.faces.reshape(-1), np.repeat(change, 3), minlength=mesh.point_count) / around
    edge = np.sqrt(4 / np.sqrt(3) * np.median(membrane.areas))
    for _ in range(max(1, round(2 * (EVEN / edge) ** 2))):  # one averaging spreads by edge/√2
        at_points = even @ at_points
    corners = corners.copy()
    corners[..., 1] *= 1 + np.where(near > 0, at_points[mesh.faces].mean(axis=1), 0.0)[:, None]
    return corners
