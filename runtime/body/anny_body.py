"""The Anny body family: open (Apache-2.0 code, CC0 data), installed by pip, adults only."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.rotations import nearest_rotations
from dressform.schemas.errors import UsageError
from dressform.schemas.progress import Progress, silent

from .anny_data import AnnyData, load_anny_data
from .hands import relaxed_hands
from .joints import CANONICAL_JOINTS
from .protocol import RestBody, stand
from .segments import (
    Bend,
    Hands,
    SegmentMap,
    SegmentRig,
    Twist,
    segments_from_parents,
    t_pose_alignment,
)

Floats = NDArray[np.float32]

# Anny's ages: 0 baby, 1/3 child, 2/3 young adult, 1 old; between child and young it is not a grown body
ADULT_AGE = 2 / 3

# anchors of each phenotype's interpolation, in the order of the model's mask (after the three ethnicities)
_ANCHORS: dict[str, NDArray[np.float64]] = {
    "gender": np.linspace(0, 1, 2),
    "age": np.linspace(-1 / 3, 1, 5),
    "muscle": np.linspace(0, 1, 3),
    "weight": np.linspace(0, 1, 3),
    "height": np.linspace(0, 1, 2),
    "proportions": np.linspace(0, 1, 2),
    "cupsize": np.linspace(0, 1, 3),
    "firmness": np.linspace(0, 1, 3),
}

_SEGMENT_STARTS = {
    "root": "pelvis",
    "spine05": "spine1",
    "spine03": "spine2",
    "spine01": "spine3",
    "neck01": "neck",
    "head": "head",
    **{
        f"{bone}.{end}": f"{side}_{joint}"
        for side, end in (("left", "L"), ("right", "R"))
        for bone, joint in (
            ("upperleg01", "hip"),
            ("lowerleg01", "knee"),
            ("foot", "ankle"),
            *((f"toe{n}-1", "foot") for n in range(1, 6)),
            ("clavicle", "collar"),
            ("upperarm01", "shoulder"),
            ("lowerarm01", "elbow"),
            ("wrist", "wrist"),
        )
    },
}

# bones whose heads are the canonical joints
_JOINT_BONES = {
    "pelvis": ("root",),
    "spine1": ("spine04",),
    "spine2": ("spine02",),
    "spine3": ("spine01",),
    "neck": ("neck01",),
    "head": ("head",),
    **{
        f"{side}_{joint}": tuple(f"{bone}.{end}" for bone in bones)
        for side, end in (("left", "L"), ("right", "R"))
        for joint, bones in (
            ("hip", ("upperleg01",)),
            ("knee", ("lowerleg01",)),
            ("ankle", ("foot",)),
            ("foot", tuple(f"toe{n}-1" for n in range(1, 6))),
            ("collar", ("clavicle",)),
            ("shoulder", ("upperarm01",)),
            ("elbow", ("lowerarm01",)),
            ("wrist", ("wrist",)),
        )
    },
}

_BENDS = (
    Bend("spine05", "spine1", 0.5),
    Bend("spine03", "spine2", 0.5),
    Bend("neck01", "neck", 0.5),
    Bend("neck03", "head", 0.5),
)
_TWISTS = tuple(
    Twist(f"{bone}.{end}", f"{side}_{joint}", fraction, above)
    for side, end in (("left", "L"), ("right", "R"))
    for bone, joint, fraction, above in (
        ("upperarm01", "shoulder", 0.4, False),
        ("lowerarm02", "wrist", 0.6, True),
        ("upperleg01", "hip", 0.5, False),
        ("lowerleg02", "ankle", 0.5, True),
    )
)


class AnnyBody:
    """The Anny family; see `protocol.Body` for the attributes.

    Shape parameters (all optional, in [0, 1], 0.5 by default): gender (1 = female), age (2/3 = young adult … 1 = old;
    younger is clamped to 2/3), muscle, weight, height, proportions; and Anny's local changes in [−1, 1], 0 by default.
    """

    family = "anny"

    def __init__(self, data: AnnyData) -> None:
        self.data = data
        self.joint_names = data.bone_names
        self.joint_parents = data.bone_parents
        self.faces = data.faces
        self.uv = data.uv
        self.uv_faces = data.uv_faces
        self.joint_indices = data.joint_indices
        self.joint_weights = data.joint_weights
        digest = hashlib.sha256(b"anny")
        digest.update(self.faces.tobytes())
        digest.update("\n".join(self.joint_names).encode())
        self.topology_digest = digest.hexdigest()
        self._bone_index = {name: index for index, name in enumerate(self.joint_names)}
        starts = segments_from_parents(self.joint_names, self.joint_parents.tolist(), _SEGMENT_STARTS)
        self._segment_map = SegmentMap(starts, _BENDS, _TWISTS)

    @property
    def shape_names(self) -> tuple[str, ...]:
        """Names of all shape parameters, phenotypes first."""
        return self.data.phenotypes + self.data.local_changes

    def coefficients(self, shape: Mapping[str, float]) -> tuple[Floats, Floats]:
        """Return the coefficients of the phenotype basis [B] and of the local changes [L] for a (clamped) shape."""
        values = {"cupsize": 0.5, "firmness": 0.5, **{name: shape.get(name, 0.5) for name in self.data.phenotypes}}
        weights = [np.full(3, 1 / 3)]  # the three ethnicities in equal parts
        for name, anchors in _ANCHORS.items():
            weights.append(np.array([np.interp(values[name], anchors, row) for row in np.eye(len(anchors))]))
        products = np.where(self.data.phenotype_mask > 0, np.concatenate(weights), 1).prod(axis=1)
        local = np.array([shape.get(name, 0.0) for name in self.data.local_changes])
        split = np.stack([np.maximum(local, 0), np.maximum(-local, 0)], axis=1).ravel()
        return (products @ self.data.phenotype_projection).astype(np.float32), split.astype(np.float32)

    def rest(self, shape: Mapping[str, float], /) -> RestBody:
        """Return the body of this shape in Anny's rest pose (arms and legs apart), standing on z = 0."""
        clamped = self._clamp(shape)
        basis, local = self.coefficients(clamped)
        data = self.data
        vertices = data.template + np.tensordot(basis, data.blendshapes, axes=1)
        for change in np.flatnonzero(local):
            rows = slice(data.local_starts[change], data.local_starts[change + 1])
            vertices[data.local_vertices[rows]] += local[change] * data.local_offsets[rows]
        all_coefficients = np.concatenate([basis, local])
        heads = data.heads + np.tensordot(all_coefficients, data.heads_basis, axes=1)
        frames = nearest_rotations(data.frames + np.tensordot(all_coefficients, data.frames_basis, axes=1)).astype(
            np.float32
        )
        origin = np.array([heads[0, 0], heads[0, 1], vertices[:, 2].min()], dtype=np.float32)
        vertices -= origin
        heads -= origin
        joint_poses = np.tile(np.eye(4, dtype=np.float32), (len(heads), 1, 1))
        joint_poses[:, :3, :3] = frames
        joint_poses[:, :3, 3] = heads
        return stand(RestBody(self, clamped, vertices.astype(np.float32), joint_poses, self._rig(joint_poses)))

    def _rig(self, joint_poses: Floats) -> SegmentRig:
        heads = joint_poses[:, :3, 3]

        def at(*bones: str) -> Floats:
            place: Floats = heads[[self._bone_index[bone] for bone in bones]].mean(axis=0)
            return place

        joints = np.stack([at(*_JOINT_BONES[name]) for name in CANONICAL_JOINTS])
        hands = Hands(*(np.stack([at(f"finger{n}-1.L"), at(f"finger{n}-1.R")]) for n in (3, 2, 5)))
        alignment = t_pose_alignment(joints, hands)
        fingers = relaxed_hands(joint_poses, alignment, self.joint_names)
        return SegmentRig(joints, alignment, self.joint_names, self._segment_map, fingers)

    def _clamp(self, shape: Mapping[str, float]) -> dict[str, float]:
        known = set(self.shape_names)
        unknown = sorted(set(shape) - known)
        if unknown:
            raise UsageError(
                f"body shape: Anny has no parameter {unknown[0]!r}; "
                f"use {', '.join(self.data.phenotypes)} or one of its local changes"
            )
        clamped: dict[str, float] = {"age": ADULT_AGE}
        for name, value in shape.items():
            if not np.isfinite(value):
                raise UsageError(f"body shape: {name} must be a finite number, got {value}")
            low, high = (0.0, 1.0) if name in self.data.phenotypes else (-1.0, 1.0)
            clamped[name] = float(np.clip(value, ADULT_AGE if name == "age" else low, high))
        return clamped


@functools.cache
def _shared() -> AnnyBody:
    return AnnyBody(load_anny_data())


def load_anny(progress: Progress = silent) -> AnnyBody:
    """Return the Anny family; the first call on a machine takes about a minute and reports to `progress`."""
    if not _shared.cache_info().currsize:
        load_anny_data(progress)
    return _shared()
