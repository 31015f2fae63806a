"""SMPL-X bodies, through the `smplx` package and a model file that the user brings (both are licensed separately)."""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.rotations import matrix_to_quat, quat_from_rotvec, quat_to_matrix, rotvec_from_quat
from dressform.schemas.errors import InputError, ModelFileError, UsageError

from .joints import CANONICAL_JOINTS, CANONICAL_PARENTS
from .protocol import Pose, RestBody, stand
from .segments import Hands, SegmentMap, SegmentRig, segments_from_parents, t_pose_alignment

Floats = NDArray[np.float32]

# the files are y up and face +z
_FROM_FILE = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], dtype=np.float32)
_BODY = len(CANONICAL_JOINTS)
_KEYS = {"v_template": 2, "f": 2, "shapedirs": 3, "posedirs": 3, "J_regressor": 2, "weights": 2, "kintree_table": 2}
_MOST_BETAS = 300  # what follows in the file are expressions
_MAX_BYTES = 2**31
_LEAST_WEIGHT = 1e-6  # smaller skin weights are rounding


@dataclass(frozen=True)
class SmplxParameters:
    """A pose in SMPL-X's own terms (y up): what `smplx.SMPLX.forward` takes."""

    betas: Floats
    global_orient: Floats
    body_pose: Floats
    transl: Floats


@dataclass(frozen=True)
class SmplxRest(RestBody):
    """A shaped SMPL-X body.

    `vertices` hold the relaxed hands of the file (fingers then follow the wrist rigidly; that differs from the package
    by some 0.1 mm at the few vertices that follow both finger and forearm). Skinning alone leaves out SMPL-X's pose
    blend shapes (a few millimetres at bent joints, and too slow for every frame); add `pose_offsets(pose)` to
    `vertices` to include them.

    Attributes:
        betas: Shape [B].
        shaped: Vertices before the hands relax, file frame [V, 3] [m].
        file_joints: Joints before the hands relax, file frame [J, 3] [m].
        hand_turns: Local rotations of the relaxed hands, file frame [J, 3, 3].
        linear: Rotation part of the relaxed hands at each vertex, world frame [V, 3, 3].
    """

    betas: Floats
    shaped: Floats
    file_joints: Floats
    hand_turns: Floats
    linear: Floats

    def _local_turns(self, pose: Pose) -> Floats:
        """Return local rotations of all joints in the file's terms [J, 3, 3]."""
        turned = self.rig.posed(pose.rotations, pose.root)[0]
        local = turned.copy()
        parents = np.array(CANONICAL_PARENTS[1:])
        local[1:] = turned[parents].transpose(0, 2, 1) @ turned[1:]
        turns = self.hand_turns.copy()
        turns[:_BODY] = _FROM_FILE.T @ local @ _FROM_FILE
        return turns

    def pose_offsets(self, pose: Pose) -> Floats:
        """Return what SMPL-X's pose blend shapes add to `vertices` in a pose [V, 3] [m]."""
        assert isinstance(self.body, SmplxBody)
        bends = self._local_turns(pose)[1:_BODY] - np.eye(3, dtype=np.float32)
        offsets = np.tensordot(bends.ravel(), self.body.pose_directions, axes=1) @ _FROM_FILE.T
        moved: Floats = np.einsum("vab,vb->va", self.linear, offsets).astype(np.float32)
        return moved

    def parameters(self, pose: Pose) -> SmplxParameters:
        """Return a pose as the arguments of `smplx.SMPLX.forward`."""
        turns = rotvec_from_quat(matrix_to_quat(self._local_turns(pose)[:_BODY])).astype(np.float32)
        place = self.posed_joints(pose)[0] @ _FROM_FILE
        return SmplxParameters(self.betas, turns[0], turns[1:], (place - self.file_joints[0]).astype(np.float32))


class SmplxBody:
    """The SMPL-X family of one model file; see `protocol.Body` for the attributes.

    Shape parameters: beta0, beta1 … as many as the file has, 0 by default.
    """

    family = "smplx"

    def __init__(self, model: Any, uv: Floats, uv_faces: NDArray[np.int32]) -> None:
        from smplx.joint_names import JOINT_NAMES

        def floats(name: str) -> Floats:
            return np.asarray(getattr(model, name).detach().numpy(), dtype=np.float32)

        weights = floats("lbs_weights")
        self.template, self._regressor = floats("v_template"), floats("J_regressor")
        self._shape_directions = floats("shapedirs")
        directions = floats("posedirs").reshape(-1, *self.template.shape)
        self.pose_directions, self._hand_directions = directions[: 9 * (_BODY - 1)], directions[9 * (_BODY - 1) :]
        self.joint_names = tuple(JOINT_NAMES[: weights.shape[1]])
        self.joint_parents = np.asarray(model.parents.numpy(), dtype=np.int32)
        self.faces = np.asarray(model.faces, dtype=np.int32)
        self.uv, self.uv_faces = uv, uv_faces
        self.joint_indices, self.joint_weights = _sparse(weights)
        self._weights = weights
        mean = floats("pose_mean").reshape(-1, 3)
        self._hand_turns = quat_to_matrix(quat_from_rotvec(mean)).astype(np.float32)
        digest = hashlib.sha256(b"smplx")
        digest.update(self.faces.tobytes())
        digest.update("\n".join(self.joint_names).encode())
        self.topology_digest = digest.hexdigest()
        starts = {name: name for name in CANONICAL_JOINTS}
        self._segment_map = SegmentMap(segments_from_parents(self.joint_names, self.joint_parents.tolist(), starts))

    @property
    def shape_names(self) -> tuple[str, ...]:
        """Names of all shape parameters."""
        return tuple(f"beta{k}" for k in range(self._shape_directions.shape[-1]))

    def rest(self, shape: Mapping[str, float], /) -> SmplxRest:
        """Return the body of this shape in the T-pose of the file with relaxed hands, standing on z = 0."""
        betas = self._betas(shape)
        shaped = self.template + self._shape_directions @ betas
        file_joints = self._regressor @ shaped
        frames = self._relaxed(file_joints)
        bends = (self._hand_turns[_BODY:] - np.eye(3, dtype=np.float32)).ravel()
        file_vertices = shaped + np.tensordot(bends, self._hand_directions, axes=1)
        moves = frames.copy()
        moves[:, :3, 3] -= np.einsum("jab,jb->ja", frames[:, :3, :3], file_joints)
        blended = np.tensordot(self._weights, moves, axes=1)
        file_vertices = np.einsum("vab,vb->va", blended[:, :3, :3], file_vertices) + blended[:, :3, 3]
        vertices, joints = file_vertices @ _FROM_FILE.T, frames[:, :3, 3] @ _FROM_FILE.T
        origin = np.array([joints[0, 0], joints[0, 1], vertices[:, 2].min()], dtype=np.float32)
        vertices, joints = (vertices - origin).astype(np.float32), (joints - origin).astype(np.float32)
        joint_poses = np.tile(np.eye(4, dtype=np.float32), (len(joints), 1, 1))
        joint_poses[:, :3, :3] = _FROM_FILE @ frames[:, :3, :3] @ _FROM_FILE.T
        joint_poses[:, :3, 3] = joints
        rest = SmplxRest(
            body=self,
            shape=dict(shape),
            vertices=vertices,
            joint_poses=joint_poses,
            rig=self._rig(joints),
            betas=betas,
            shaped=shaped.astype(np.float32),
            file_joints=file_joints,
            hand_turns=self._hand_turns,
            linear=(_FROM_FILE @ blended[:, :3, :3] @ _FROM_FILE.T).astype(np.float32),
        )
        stand(rest)
        return rest

    def _relaxed(self, joints: Floats) -> Floats:
        """Return the joints' frames with relaxed hands, file frame [J, 4, 4]."""
        frames = np.tile(np.eye(4, dtype=np.float32), (len(joints), 1, 1))
        frames[:, :3, :3] = self._hand_turns
        frames[1:, :3, 3] = joints[1:] - joints[self.joint_parents[1:]]
        frames[0, :3, 3] = joints[0]
        for joint, parent in enumerate(self.joint_parents[1:], start=1):
            frames[joint] = frames[parent] @ frames[joint]
        return frames

    def _rig(self, joints: Floats) -> SegmentRig:
        def knuckles(finger: str) -> Floats:
            return joints[[self.joint_names.index(f"{side}_{finger}1") for side in ("left", "right")]]

        hands = Hands(knuckles("middle"), knuckles("index"), knuckles("pinky"))
        canonical = joints[:_BODY]
        return SegmentRig(canonical, t_pose_alignment(canonical, hands), self.joint_names, self._segment_map)

    def _betas(self, shape: Mapping[str, float]) -> Floats:
        count = self._shape_directions.shape[-1]
        betas = np.zeros(count, dtype=np.float32)
        for name, value in shape.items():
            match = re.fullmatch(r"beta(\d+)", name)
            if match is None or int(match[1]) >= count:
                raise UsageError(f"body shape: SMPL-X has no parameter {name!r}; use beta0 … beta{count - 1}")
            if not np.isfinite(value):
                raise UsageError(f"body shape: {name} must be a finite number, got {value}")
            betas[int(match[1])] = value
        return betas


def _sparse(weights: Floats) -> tuple[NDArray[np.int32], Floats]:
    """Return dense skin weights [V, J] as indices and weights [V, K], K the most joints that a vertex follows."""
    slots = max(int((weights > _LEAST_WEIGHT).sum(axis=1).max()), 1)
    indices = np.argsort(-weights, axis=1, kind="stable")[:, :slots].astype(np.int32)
    kept = np.take_along_axis(weights, indices, axis=1)
    kept = np.where(kept > _LEAST_WEIGHT, kept, 0)
    return np.where(kept > 0, indices, 0).astype(np.int32), (kept / kept.sum(axis=1, keepdims=True)).astype(np.float32)


def load_smplx(path: Path) -> SmplxBody:
    """Load an SMPL-X model file (.npz).

    Raises:
        ModelFileError: The `smplx` package is not installed.
        InputError: The file is absent, broken, or not an SMPL-X model.
    """
    try:
        import smplx
    except ImportError:
        raise ModelFileError(
            f"{path}: SMPL-X needs the `smplx` package (non-commercial research licence), which is not installed; "
            "`pip install 'dressform[smplx]'`"
        ) from None
    with _checked_file(path) as (checked, uv, uv_faces), contextlib.redirect_stdout(io.StringIO()):
        try:
            # the package prints remarks on small files; standard output is for results
            model = smplx.SMPLX(str(checked), ext="npz", use_pca=False, num_betas=_MOST_BETAS, flat_hand_mean=False)
            return SmplxBody(model, uv, uv_faces)
        except (AttributeError, KeyError, IndexError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InputError(f"{path}: not a whole SMPL-X model ({reason}); download it again") from error


@contextlib.contextmanager
def _checked_file(path: Path) -> Iterator[tuple[Path, Floats, NDArray[np.int32]]]:
    """Yield a copy of the file with its numeric arrays only, and its texture coordinates.

    The package unpickles whatever a file holds, and a pickle can run code; so it never sees the original.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; an SMPL-X model is called SMPLX_NEUTRAL.npz or the like")
    if path.suffix != ".npz":
        raise InputError(f"{path}: an SMPL-X model must be an .npz file, found {path.suffix or 'no suffix'}")
    arrays: dict[str, NDArray[Any]] = {}
    try:
        with np.load(path, allow_pickle=False) as file:
            total = sum(entry.file_size for entry in file.zip.infolist())
            if total > _MAX_BYTES:
                raise InputError(f"{path}: unpacks to {total / 2**30:.1f} GiB, needed at most {_MAX_BYTES / 2**30:.0f}")
            for name in file.files:
                with contextlib.suppress(ValueError):  # an object array: names of parts, of no use here
                    arrays[name] = file[name]
    except (OSError, ValueError, EOFError, AttributeError) as error:
        raise InputError(f"{path}: not an SMPL-X model ({str(error).splitlines()[0]}); download it again") from error
    except Exception as error:  # zipfile's own error is no subclass of the above
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: broken archive ({error}); download it again") from error
    _check_arrays(path, arrays)
    uv, uv_faces = _texture_coordinates(arrays)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "model.npz"
        np.savez(copy, **arrays)  # type: ignore[arg-type]  # the stub takes the names for its own flag
        yield copy, uv, uv_faces


def _check_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    for name, dimensions in _KEYS.items():
        found = f"{arrays[name].ndim} dimensions" if name in arrays else "none"
        if name not in arrays or arrays[name].ndim != dimensions:
            raise InputError(f"{path}: not an SMPL-X model: {name} must have {dimensions} dimensions, found {found}")
        if not np.isfinite(arrays[name]).all():
            raise InputError(f"{path}: {name} holds NaN or infinity; download the file again")
    vertices, joints = arrays["v_template"].shape[0], arrays["weights"].shape[1]
    if joints < _BODY + 33:
        raise InputError(f"{path}: an SMPL-X model needs 55 joints, found {joints}; SMPL and SMPL-H files do not do")
    if arrays["f"].max() >= vertices or arrays["f"].min() < 0:
        raise InputError(f"{path}: a face names a vertex that is not among the {vertices}; download the file again")


def _texture_coordinates(arrays: Mapping[str, NDArray[Any]]) -> tuple[Floats, NDArray[np.int32]]:
    """Return the file's texture coordinates, else a cylinder's, which will do for plain colours."""
    if "vt" in arrays and "ft" in arrays:
        return arrays["vt"].astype(np.float32), arrays["ft"].astype(np.int32)
    points = arrays["v_template"]
    around = np.arctan2(points[:, 0], points[:, 2]) / (2 * np.pi) + 0.5
    height = points[:, 1] - points[:, 1].min()
    uv = np.stack([around, height / max(float(height.max()), 1e-9)], axis=1)
    return uv.astype(np.float32), arrays["f"].astype(np.int32)
