"""Examples that break the rules on how a garment moves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.garment.shape_transfer import bind
from dressform.runtime.geometry.normals import vertex_normals

from .broken import breaks
from .builder import Parts

POSE = {"body": "average woman", "pose": "bend"}  # the one trial that these examples are checked by
LAYER = 30


def hang_on_the_body(parts: Parts) -> None:
    """Bind the tube to the body and let each point follow the skin below it."""
    rest = canonical_rest()
    body, mesh = rest.body, parts.mesh
    binding = bind(mesh.points, rest.vertices, body.faces, normals=vertex_normals(mesh.points, mesh.faces))
    nearest = body.faces[binding.triangles][np.arange(len(mesh.points)), binding.barycentrics.argmax(axis=1)]
    order = np.argsort(-body.joint_weights[nearest], axis=1, kind="stable")[:, :8]
    weights = np.take_along_axis(body.joint_weights[nearest], order, axis=1)
    indices = np.take_along_axis(body.joint_indices[nearest], order, axis=1)
    _follow(parts, indices, weights / weights.sum(axis=1, keepdims=True))
    parts.change_rig(
        binding_triangles=binding.triangles,
        binding_barycentrics=binding.barycentrics,
        binding_offsets=binding.offsets,
    )
    parts.manifest["layer"] = LAYER


def _follow(parts: Parts, indices: NDArray[np.integer], weights: NDArray[np.floating]) -> None:
    """Give the rig, and the skin in the garment's file, these joints and weights [V, 8]."""
    parts.change_rig(joint_indices=indices.astype(np.int32), joint_weights=weights.astype(np.float32))
    parts.skin = parts.rig


def _make_rigid(parts: Parts) -> None:
    weights = np.zeros_like(parts.rig.joint_weights)
    weights[:, 0] = 1
    _follow(parts, np.zeros_like(parts.rig.joint_indices), weights)


@breaks("sweep.penetration", at="sizes/M", place=POSE, prepare=hang_on_the_body)
def break_penetration(parts: Parts) -> None:
    """A top that follows the hips alone, and does not bend with the body."""
    _make_rigid(parts)


@breaks("sweep.stretch", at="sizes/M", place=POSE, prepare=hang_on_the_body)
def break_stretch(parts: Parts) -> None:
    """Every other point follows the hips instead of the skin below it."""
    indices, weights = parts.rig.joint_indices.copy(), parts.rig.joint_weights.copy()
    indices[::2], weights[::2] = 0, 0
    weights[::2, 0] = 1
    _follow(parts, indices, weights)


@breaks("sweep.layers", at="sizes/M", place=POSE, prepare=hang_on_the_body)
def break_layers(parts: Parts) -> None:
    """A top as stiff as a board, and too narrow for what is worn below it."""
    parts.change_mesh(points=(parts.mesh.points * [0.8, 0.8, 1]).astype(np.float32))
    hang_on_the_body(parts)
    _make_rigid(parts)


@breaks("sweep.hide-mask", at="rig.anny", place=POSE, prepare=hang_on_the_body)
def break_hide_mask(parts: Parts) -> None:
    """A mask that leaves out the head, which no top covers."""
    rest = canonical_rest()
    heights = rest.vertices[rest.body.faces].mean(axis=1)[:, 2]
    parts.change_rig(hide=heights > 1.6)
