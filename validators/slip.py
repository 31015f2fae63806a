"""A close-fitting layer made from the body itself: what a garment of a higher layer is tried on over."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.rig import Rig
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.garment.shape_transfer import bind
from dressform.runtime.geometry.normals import vertex_normals

from .wearable import FAMILY, Wearable

HEIGHT = 0.006  # [m] over the skin: a close knit and the gap that the runtime keeps under it
BARE = ("head", "neck", "left_wrist", "right_wrist", "left_ankle", "right_ankle", "left_foot", "right_foot")
INFLUENCES = 8


@functools.cache
def slip() -> Wearable:
    """Return the layer: the canonical body's skin from neck to wrists and ankles, 6 mm further out."""
    rest = canonical_rest()
    body = rest.body
    bare = np.isin(rest.vertex_segments, [JOINT_INDEX[name] for name in BARE])
    covered = body.faces[~bare[body.faces].any(axis=1)]
    used, corners = np.unique(covered, return_inverse=True)
    normals = vertex_normals(rest.vertices, body.faces)[used]
    points = (rest.vertices[used] + HEIGHT * normals).astype(np.float32)
    faces: NDArray[np.int32] = corners.reshape(-1, 3).astype(np.int32)
    mesh = GarmentMesh(points, faces, None, None, None, None, (Material(),), np.zeros(len(faces), np.int32))
    indices, weights = _strongest(body.joint_indices[used], body.joint_weights[used])
    binding = bind(points, rest.vertices, body.faces, normals=normals)
    rig = Rig(
        FAMILY,
        body.topology_digest,
        tuple(body.joint_names),
        indices,
        weights,
        binding.triangles,
        binding.barycentrics,
        binding.offsets,
        np.zeros(len(body.faces), np.bool_),
    )
    return Wearable("close-fitting layer", "underwear", 0, "M", {"M": mesh}, rig, {})


def _strongest(
    indices: NDArray[np.int32], weights: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the strongest eight joints of each row, weights summing to 1 [V, 8]."""
    order = np.argsort(-weights, axis=1, kind="stable")[:, :INFLUENCES]
    kept = np.take_along_axis(weights, order, axis=1)
    room = ((0, 0), (0, INFLUENCES - kept.shape[1]))
    kept = np.pad(kept / kept.sum(axis=1, keepdims=True), room)
    return np.pad(np.take_along_axis(indices, order, axis=1), room).astype(np.int32), kept.astype(np.float32)
