"""Stands in for cloth: the garment skinned and waved by its pose; quick, smooth, the same each time."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.authoring.learn.cloth_on_body import ClothOnBody, Lost, Rested
from dressform.authoring.learn.specimen import Specimen
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.outfit import Outfit

Floats = NDArray[np.float32]


class SkinnedCloth:
    """Garments that follow the skin, with waves that shoulders and hips move."""

    def __init__(self, garments: Sequence[Specimen], size: str, rest: RestBody) -> None:
        own = [garment.size_like(size) for garment in garments[:-1]] + [size]
        self._rest = rest
        self._outfit = Outfit(
            rest,
            [
                DressedGarment(garment.name, garment.meshes[each], garment.rig_of(each), layer, keeps_size=True)
                for layer, (garment, each) in enumerate(zip(garments, own, strict=True))
            ],
        )

    def settle(self) -> list[Floats]:
        return list(self._outfit.rest_points)

    def pose(self, pose: Pose) -> Rested | Lost:
        out = wp.zeros(sum(self._outfit.vertex_counts), dtype=wp.vec3)
        self._outfit.pose(self._rest.skin_transforms(pose), out, push_out=False)
        turned = pose.rotations[[1, 2, 16, 17], :3]
        return Rested([self._waved(points, turned) for points in self._outfit.split(out.numpy())[1:]], 0.5)

    def _waved(self, points: Floats, turned: Floats) -> Floats:
        waves = np.sin(points @ np.array([[9.0, 0, 4], [0, 7, 5], [3, 6, 0]]) + turned.sum(axis=0))
        return np.asarray(points + 0.01 * waves * np.abs(turned).sum(), np.float32)


def dress_in_skin(garments: Sequence[Specimen], size: str, rest: RestBody) -> ClothOnBody:
    """Return the garments on a body."""
    return SkinnedCloth(garments, size, rest)


def dress_for_ever(garments: Sequence[Specimen], size: str, rest: RestBody) -> ClothOnBody:
    """Never return."""
    while True:
        time.sleep(1.0)
