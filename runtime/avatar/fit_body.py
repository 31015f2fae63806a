"""A body small enough to fit: a few landmarks and surface points that move with the 22 canonical joints.

Every shape parameter moves the body between a few anchors, so that its shape is a weighted mean of the bodies at the
grid of anchors. The grid is baked once per topology and kept in the cache; after that neither the mesh nor the family's
own model takes part in the fit.
"""

from __future__ import annotations

import functools
import importlib.util
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from dressform.assets.atomic import replacing
from dressform.assets.cache import cache_dir
from dressform.runtime.body.anny_body import AnnyBody, load_anny
from dressform.runtime.body.joints import CANONICAL_JOINTS, CANONICAL_PARENTS, JOINT_INDEX
from dressform.runtime.body.measures import BODY_DENSITY, volume
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.schemas.progress import Progress, silent

from .detect import LANDMARKS

FORMAT = 2  # of the cached file; raise it when what is baked changes
SURFACE_POINTS = 900
# Values of each shape parameter between which Anny's bodies vary linearly.
ANCHORS: Mapping[str, tuple[float, ...]] = {
    "gender": (0.0, 1.0),
    "muscle": (0.0, 0.5, 1.0),
    "weight": (0.0, 0.5, 1.0),
    "height": (0.0, 1.0),
    "proportions": (0.0, 1.0),
}
SHAPE_KEYS: tuple[str, ...] = tuple(ANCHORS)
# Landmark of the detector -> Anny's regressed keypoints whose mean it is.
REGRESSED: Mapping[str, tuple[str, ...]] = {
    **{name: (name,) for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")},
    **{
        f"{side}_{name}": (f"{side}_{name}",)
        for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel")
        for side in ("left", "right")
    },
    **{f"{side}_foot_index": (f"{side}_big_toe", f"{side}_small_toe") for side in ("left", "right")},
}
# Landmark of the detector -> bone of Anny whose head it is near.
BONE_HEADS: Mapping[str, str] = {
    f"{side}_{name}": f"{bone}.{side[0].upper()}"
    for name, bone in (("pinky", "finger5-1"), ("index", "finger2-1"), ("thumb", "finger1-2"))
    for side in ("left", "right")
}
FIT_LANDMARKS: tuple[str, ...] = tuple(REGRESSED) + tuple(BONE_HEADS)
FIT_LANDMARK_INDICES: NDArray[np.int32] = np.array([LANDMARKS.index(name) for name in FIT_LANDMARKS], np.int32)


@dataclass(frozen=True)
class FitBody:
    """The baked grid. N grid bodies, K landmarks, J = 22 joints, P surface points; rest frame [m].

    Attributes:
        joints: Rest positions of the canonical joints, [N, J, 3].
        alignments: Rotation of each joint's segment from the rest pose to the T-pose, [N, J, 3, 3].
        landmarks: Landmark positions times the share of each joint, [N, K, J, 3].
        landmark_shares: How much of a landmark moves with each joint, [K, J].
        surface: Points spread over the skin, [N, P, 3].
        surface_shares: How much of a surface point moves with each joint, [P, J].
        stature: Standing height, [N].
        mass: Body mass [kg], [N].
    """

    joints: Tensor
    alignments: Tensor
    landmarks: Tensor
    landmark_shares: Tensor
    surface: Tensor
    surface_shares: Tensor
    stature: Tensor
    mass: Tensor


@dataclass(frozen=True)
class ShapedFitBody:
    """`FitBody` at B shapes; the arrays of `FitBody` with B in place of N."""

    joints: Tensor
    alignments: Tensor
    landmarks: Tensor
    landmark_shares: Tensor
    surface: Tensor
    surface_shares: Tensor
    stature: Tensor
    mass: Tensor


def grid_shapes() -> list[dict[str, float]]:
    """Return the shapes of the grid, the last key fastest."""
    return [dict(zip(SHAPE_KEYS, values, strict=True)) for values in itertools.product(*ANCHORS.values())]


def grid_weights(shape: Tensor) -> Tensor:
    """Return the weight of each grid body, [B, N], for shape values [B, len(SHAPE_KEYS)] inside the anchors' range."""
    total = torch.ones(len(shape), 1)
    for column, anchors in zip(shape.unbind(1), ANCHORS.values(), strict=True):
        nodes = torch.tensor(anchors)
        gaps = nodes.diff()
        rise = ((column[:, None] - nodes[:-1]) / gaps).clamp(0.0, 1.0)
        one = torch.ones(len(column), 1)
        # weight of node i: what has risen up to it less what has risen past it
        weight = torch.cat([one, rise], 1) - torch.cat([rise, 0 * one], 1)
        total = (total[:, :, None] * weight[:, None, :]).flatten(1)
    return total


def shaped(body: FitBody, shape: Tensor) -> ShapedFitBody:
    """Mix the grid to shapes [B, len(SHAPE_KEYS)]; differentiable in the shape."""
    weights = grid_weights(shape)

    def mix(grid: Tensor) -> Tensor:
        return (weights @ grid.reshape(len(grid), -1)).view(len(weights), *grid.shape[1:])

    joints = mix(body.joints)
    return ShapedFitBody(
        joints=joints,
        alignments=_alignments(joints, _orthonormal(mix(body.alignments))),
        landmarks=mix(body.landmarks),
        landmark_shares=body.landmark_shares,
        surface=mix(body.surface),
        surface_shares=body.surface_shares,
        stature=mix(body.stature),
        mass=mix(body.mass ** (1 / 3)) ** 3,  # a volume's cube root is far nearer to linear than the volume
    )


def pose_joints(body: ShapedFitBody, rotations: Tensor) -> tuple[Tensor, Tensor]:
    """Pose the joints about the pelvis, which stays at the origin.

    Args:
        body: Shaped bodies.
        rotations: Local rotations from the T-pose, [B, J, 3, 3].

    Returns:
        Rotation of each joint from the rest pose to the posed one, [B, J, 3, 3], and posed positions, [B, J, 3].
    """
    local = rotations.unbind(1)
    alignments = body.alignments.unbind(1)
    joints = body.joints.unbind(1)
    turned = [local[0]]
    moves = [local[0] @ alignments[0]]
    places = [torch.zeros_like(joints[0])]
    for j, parent in enumerate(CANONICAL_PARENTS[1:], start=1):
        turned.append(turned[parent] @ local[j])
        places.append(places[parent] + (moves[parent] @ (joints[j] - joints[parent])[..., None])[..., 0])
        moves.append(turned[j] @ alignments[j])
    return torch.stack(moves, 1), torch.stack(places, 1)


def pose_landmarks(body: ShapedFitBody, moves: Tensor, places: Tensor, offsets: Tensor | None = None) -> Tensor:
    """Return posed landmarks about the pelvis.

    Args:
        body: Shaped bodies.
        moves: From `pose_joints`.
        places: From `pose_joints`.
        offsets: Added to each landmark, in the T-pose's axes of the segment it mostly moves with, [K, 3] [m].

    Returns:
        Landmarks, [B, K, 3] [m].
    """
    local = body.landmarks - body.landmark_shares[None, :, :, None] * body.joints[:, None]
    points = torch.einsum("bjxy,bkjy->bkx", moves, local) + torch.einsum("kj,bjx->bkx", body.landmark_shares, places)
    if offsets is None:
        return points
    segment = body.landmark_shares.argmax(1)
    turned = moves[:, segment] @ body.alignments[:, segment].transpose(-1, -2)
    return points + (turned @ offsets[None, :, :, None])[..., 0]


def pose_surface(body: ShapedFitBody, moves: Tensor, places: Tensor) -> Tensor:
    """Return posed surface points [B, P, 3] about the pelvis; `moves`, `places` from `pose_joints`."""
    offsets = places - (moves @ body.joints[..., None])[..., 0]
    transforms = torch.cat([moves, offsets[..., None]], -1)
    blended = torch.einsum("pj,bjxy->bpxy", body.surface_shares, transforms)
    return (blended[..., :3] @ body.surface[..., None])[..., 0] + blended[..., 3]


def _orthonormal(matrices: Tensor) -> Tensor:
    """Return the rotations nearest to slightly non-orthogonal matrices (Newton steps of the polar decomposition)."""
    for _ in range(2):
        matrices = 1.5 * matrices - 0.5 * matrices @ matrices.transpose(-1, -2) @ matrices
    return matrices


def _alignments(joints: Tensor, mixed: Tensor) -> Tensor:
    """Replace the limbs' mixed rotations by exact ones: mixing rotations is off by a degree, and limbs are long."""
    starts, ends, targets = _limbs()
    direction = joints[:, ends] - joints[:, starts]
    direction = direction / direction.norm(dim=-1, keepdim=True)
    axis = torch.linalg.cross(direction, targets.expand_as(direction))
    cosine = (direction * targets).sum(-1)[..., None, None]
    zero = torch.zeros_like(axis[..., 0])
    x, y, z = axis.unbind(-1)
    skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).view(*x.shape, 3, 3)
    exact = torch.eye(3) + skew + skew @ skew / (1.0 + cosine)
    return mixed.index_copy(1, starts, exact)


@functools.cache
def _limbs() -> tuple[Tensor, Tensor, Tensor]:
    """Return start joints, end joints and T-pose directions of the limbs' segments."""
    rows = []
    for side, outward in (("left", 1.0), ("right", -1.0)):
        for start, end, target in (
            ("hip", "knee", (0.0, 0.0, -1.0)),
            ("knee", "ankle", (0.0, 0.0, -1.0)),
            ("shoulder", "elbow", (outward, 0.0, 0.0)),
            ("elbow", "wrist", (outward, 0.0, 0.0)),
        ):
            rows.append((JOINT_INDEX[f"{side}_{start}"], JOINT_INDEX[f"{side}_{end}"], target))
    starts, ends, targets = zip(*rows, strict=True)
    return torch.tensor(starts), torch.tensor(ends), torch.tensor(targets)


@functools.cache
def _shared(path: Path) -> FitBody:
    return FitBody(**load_file(path))


def load_fit_body(progress: Progress = silent) -> FitBody:
    """Return the baked grid; the first call on a machine bakes it from Anny (some seconds)."""
    anny = load_anny(progress)
    path = cache_dir("avatar") / f"fit-body-{anny.topology_digest[:16]}-{FORMAT}.safetensors"
    if not path.is_file():
        progress(0.0, "preparing the body for fitting (once)")
        baked = _bake(anny)
        with replacing(path) as temporary:
            save_file({field.name: getattr(baked, field.name).contiguous() for field in fields(baked)}, temporary)
    return _shared(path)


def _bake(anny: AnnyBody) -> FitBody:
    bodies = [anny.rest(shape) for shape in grid_shapes()]
    joint_count = len(CANONICAL_JOINTS)
    segment_of_bone = bodies[0].rig.segment_of_bone
    vertex_shares = np.zeros((len(bodies[0].vertices), joint_count), np.float32)
    rows = np.arange(len(vertex_shares))
    for k in range(anny.joint_indices.shape[1]):
        np.add.at(vertex_shares, (rows, segment_of_bone[anny.joint_indices[:, k]]), anny.joint_weights[:, k])
    regressor = _regressor(anny)
    heads = [anny.joint_names.index(bone) for bone in BONE_HEADS.values()]
    head_shares = np.eye(joint_count, dtype=np.float32)[segment_of_bone[heads]]
    spread = regressor[:, :, None] * vertex_shares  # [K, V, J]
    chosen = _spread_points(bodies[0], anny.faces)

    def landmarks(rest: RestBody) -> NDArray[np.float32]:
        regressed = np.einsum("kvj,vx->kjx", spread, rest.vertices, optimize=True)
        fingers = rest.joint_poses[heads, :3, 3][:, None] * head_shares[:, :, None]
        return np.concatenate([regressed, fingers]).astype(np.float32)

    def stack(arrays: list[NDArray[np.float32]]) -> Tensor:
        return torch.from_numpy(np.stack(arrays).astype(np.float32))

    standing = [np.ptp(rest.posed_vertices(Pose.t_pose())[:, 2]) for rest in bodies]
    return FitBody(
        joints=stack([rest.rig.joints for rest in bodies]),
        alignments=stack([rest.rig.alignment for rest in bodies]),
        landmarks=stack([landmarks(rest) for rest in bodies]),
        landmark_shares=torch.from_numpy(np.concatenate([spread.sum(1), head_shares]).astype(np.float32)),
        surface=stack([rest.vertices[chosen] for rest in bodies]),
        surface_shares=torch.from_numpy(vertex_shares[chosen]),
        stature=torch.tensor(np.array(standing, np.float32)),
        mass=torch.tensor([volume(rest.vertices, anny.faces) * BODY_DENSITY for rest in bodies], dtype=torch.float32),
    )


def _regressor(anny: AnnyBody) -> NDArray[np.float32]:
    """Return the weights [K, V] of Anny's own keypoint regressor for the landmarks in `REGRESSED`."""
    spec = importlib.util.find_spec("anny")  # the package itself takes seconds to import
    assert spec is not None
    assert spec.origin is not None
    stored = torch.load(Path(spec.origin).parent / "data" / "keypoints" / "coco.pth", weights_only=True)
    rows = [
        np.mean([stored[key].numpy()[anny.data.base_vertices] for key in keys], axis=0) for keys in REGRESSED.values()
    ]
    return np.stack(rows).astype(np.float32)


def _spread_points(rest: RestBody, faces: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return vertices spread evenly over the skin (farthest-point sampling over those that faces use)."""
    used = np.unique(faces)
    points = rest.vertices[used].astype(np.float32)
    chosen = [int(points[:, 2].argmax())]
    gap = np.full(len(points), np.inf, np.float32)
    for _ in range(SURFACE_POINTS - 1):
        gap = np.minimum(gap, ((points - points[chosen[-1]]) ** 2).sum(1))
        chosen.append(int(gap.argmax()))
    return np.asarray(used[np.sort(chosen)], np.intp)
