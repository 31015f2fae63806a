"""What a fit follows from, so that it can be kept between runs."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Sequence

import numpy as np
import scipy
import warp as wp
from numpy.typing import NDArray

from dressform.assets import files
from dressform.assets.derived import derived_key
from dressform.runtime import body, geometry
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry import simd

from .dressed import DressedGarment

# The code and the packages that decide how a garment lies on a body, and what it can meet there.
_MADE_BY = (sys.modules[str(__package__)], geometry, simd, body, files, np, scipy, wp)


def fit_key(
    rest: RestBody,
    garments: Sequence[DressedGarment],
    made_on: RestBody,
    poses: Sequence[NDArray[np.float32]],
    shod: NDArray[np.float32] | None,
    device: str,
) -> str:
    """Return the key of garments on a body.

    Args:
        rest: The body.
        garments: In layer order.
        made_on: The body that the garments were made on.
        poses: The skinning transforms [J, 4, 4] in which is sought what they can meet; they say how the body moves.
        shod: The body's vertices in shoes [V, 3] [m], or None.
        device: Warp device.
    """
    family = rest.body
    bodies = [[each.vertices, each.joint_poses] for each in (rest, made_on)]
    skin = [family.faces, family.joint_names, family.joint_parents, family.joint_indices, family.joint_weights]
    segments = [rest.rig.joints, rest.rig.segment_of_bone]
    igl = importlib.metadata.version("libigl")  # the module itself does not say
    return derived_key(_MADE_BY, igl, family.family, skin, bodies, segments, list(poses), list(garments), shod, device)
