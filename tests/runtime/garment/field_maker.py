"""Synthetic fields: smooth random modes on a real garment, a model over a handful of poses. Nothing is learned."""

import numpy as np

from dressform.assets.files.digests import topology_digest
from dressform.assets.files.field import Field, FieldModel, Wrinkles
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import Pose
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.field_base import field_base
from dressform.runtime.garment.field_features import FEATURES, body_features, pose_features
from dressform.runtime.geometry.adjacency import averaging_matrix
from dressform.runtime.geometry.rotations import quat_from_rotvec

BEND = {"left_shoulder": 0.5, "right_shoulder": 0.5, "left_elbow": 0.4, "right_elbow": 0.4, "left_hip": 0.4,
        "right_hip": 0.4, "left_knee": 0.4, "spine1": 0.15, "spine3": 0.15}  # fmt: skip


def some_poses(rest, count, seed=0):
    """Random poses around the rest pose, the rest pose first."""
    rng = np.random.default_rng(seed)
    poses = [rest.rest_pose()]
    for _ in range(count - 1):
        vectors = np.zeros((len(JOINT_INDEX), 3), np.float32)
        for joint, most in BEND.items():
            vectors[JOINT_INDEX[joint]] = rng.uniform(-most, most, 3)
        turns = quat_from_rotvec(vectors).astype(np.float32)
        poses.append(Pose(turns, np.zeros(3, np.float32)))
    return poses


def make_model(rest, poses, modes, seed=0, coefficient=0.5):
    """A model with one centre a pose, of unit-size coefficients, that is sure of itself on these poses."""
    rng = np.random.default_rng(seed)
    body = body_features(rest, 1.0)
    features = np.stack([np.concatenate([pose_features(rest, pose), body]) for pose in poses])
    wide = len(FEATURES)
    scale = np.full(wide, 0.8, np.float32)
    centres = (features * scale).astype(np.float32)
    squared = np.sum((centres[:, None] - centres[None]) ** 2, axis=-1)
    values, vectors = np.linalg.eigh(np.exp(-0.5 * squared) + 1e-4 * np.eye(len(poses)))
    return FieldModel(
        shift=np.zeros(wide, np.float32),
        scale=scale,
        low=np.full(wide, -2.0, np.float32),
        high=np.full(wide, 2.0, np.float32),
        centres=centres,
        coefficients=rng.normal(0, coefficient, (len(poses), modes)).astype(np.float32),
        linear=rng.normal(0, 0.05 * coefficient, (wide, modes)).astype(np.float32),
        offset=rng.normal(0, 0.1 * coefficient, modes).astype(np.float32),
        lowest=np.full(modes, -4 * coefficient, np.float32),
        highest=np.full(modes, 4 * coefficient, np.float32),
        support=(vectors / np.sqrt(values)).astype(np.float32),
        doubt_full=0.5,
        doubt_none=0.95,
        doubt_reach=0.8,
    )


def make_field(rest, mesh, rig, *, modes=6, poses=8, amplitude=0.01, bound=0.08, seed=0, sizes=None):
    """A field of smooth random modes, `amplitude` [m] each."""
    rng = np.random.default_rng(seed)
    base = field_base(DressedGarment("garment", mesh, rig, 0), rest.body)
    row = np.full(len(mesh.points), -1)
    row[base.points] = np.arange(len(base.points))
    faces = row[mesh.faces]
    averaging = averaging_matrix(faces[(faces >= 0).all(axis=1)], len(base.points))
    noise = rng.normal(size=(len(base.points), 3 * (modes + 1)))
    for _ in range(60):
        noise = 0.5 * noise + 0.5 * (averaging @ noise)
    noise *= amplitude / noise.std(axis=0)
    shapes = noise.reshape(len(base.points), modes + 1, 3).transpose(1, 0, 2).astype(np.float32)
    return Field(
        body=rig.body,
        body_digest=rig.body_digest,
        topology=topology_digest(mesh),
        joints=base.joints,
        sizes=sizes or {"M": 1.0},
        features=FEATURES,
        points=base.points,
        joint_indices=base.joint_indices,
        joint_weights=base.joint_weights,
        mean=0.2 * shapes[0],
        modes=shapes[1:],
        model=make_model(rest, some_poses(rest, poses, seed), modes, seed),
        bound=bound,
    )


def make_wrinkles(field, *, modes=5, share=0.6, seed=0):
    """Wrinkles of random modes around normals that all look forward."""
    rng = np.random.default_rng(seed)
    points = len(field.points)
    return Wrinkles(
        points=field.points,
        mean=np.tile(np.float32([0, -1, 0]), (points, 1)),
        modes=rng.normal(0, 0.05, (modes, points, 3)).astype(np.float32),
        mix=rng.normal(size=(modes, len(field.modes))).astype(np.float32),
        share=share,
    )
