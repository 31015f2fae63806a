"""A motion clip: canonical rotations over time, in memory and in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from dressform.assets.atomic import write_bytes
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.joints import CANONICAL_JOINTS
from dressform.runtime.body.protocol import Pose
from dressform.schemas.documents import check_document, dump_json, load_document, parse_json
from dressform.schemas.errors import InputError

Floats = NDArray[np.float32]

SCHEMA = "dressform/motion/1"
_JOINTS = len(CANONICAL_JOINTS)
_CURE = "make it again with `dressform motion make`"


@dataclass(frozen=True)
class MotionClip:
    """A motion of the 22 canonical joints, for any body.

    Attributes:
        name: Short name.
        fps: Frames per second of the keys.
        rotations: float32 [T, 22, 4] xyzw, local rotations from the T-pose.
        root: float32 [T, 3] pelvis position minus its position in the standing T-pose, of the reference skeleton [m].
        contacts: bool [T, 2], whether the left and right foot is planted.
        loop: Whether the last frame is followed by the first.
        reference_joints: float32 [22, 3] standing T-pose of the skeleton that the clip was made on [m].
    """

    name: str
    fps: float
    rotations: Floats
    root: Floats
    contacts: NDArray[np.bool_]
    loop: bool
    reference_joints: Floats

    @property
    def reference_pelvis_height(self) -> float:
        """Height of the reference skeleton's pelvis joint in the standing T-pose [m]."""
        return float(self.reference_joints[0, 2])

    @property
    def seconds(self) -> float:
        """Length of one pass [s]."""
        return len(self.rotations) / self.fps

    def __len__(self) -> int:
        return len(self.rotations)

    def pose(self, frame: int) -> Pose:
        """Return one key as it stands, for a body with the reference skeleton's proportions."""
        return Pose(self.rotations[frame], self.root[frame])

    def write(self, path: Path) -> None:
        """Write the clip: `.json` as one document, anything else as safetensors with the document as its header.

        The file appears whole or not at all.
        """
        header = {
            "schema": SCHEMA,
            "name": self.name,
            "fps": float(self.fps),
            "frames": len(self),
            "loop": self.loop,
            "reference_pelvis_height": self.reference_pelvis_height,
            "joints": list(CANONICAL_JOINTS),
        }
        if path.suffix == ".json":
            arrays = {"rotations": self.rotations, "root": self.root, "contacts": self.contacts}
            data = dump_json(header | {name: array.tolist() for name, array in arrays.items()})
        else:
            data = save(
                {
                    "rotations": np.ascontiguousarray(self.rotations, dtype=np.float32),
                    "root": np.ascontiguousarray(self.root, dtype=np.float32),
                    "contacts": np.ascontiguousarray(self.contacts, dtype=np.uint8),
                    "reference_joints": np.ascontiguousarray(self.reference_joints, dtype=np.float32),
                },
                metadata={"motion": dump_json(header).decode()},
            )
        if not path.parent.is_dir():
            raise InputError(f"{path}: the folder {path.parent} does not exist; make it first")
        write_bytes(path, data)


def read_clip(path: Path) -> MotionClip:
    """Read a clip written by `MotionClip.write`, or any document of motion.schema.json with its arrays.

    Raises:
        InputError: The file is absent, broken, or not a motion clip.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such motion file; write one with `dressform motion make catwalk -o {path.name}`")
    header, arrays = _read_json(path) if path.suffix == ".json" else _read_safetensors(path)
    _check_arrays(path, header["frames"], arrays)
    height = float(header["reference_pelvis_height"])
    return MotionClip(
        name=str(header["name"]),
        fps=float(header["fps"]),
        rotations=arrays["rotations"].astype(np.float32),
        root=arrays["root"].astype(np.float32),
        contacts=arrays["contacts"].astype(bool),
        loop=bool(header["loop"]),
        reference_joints=arrays.get("reference_joints", _canonical_skeleton(height)).astype(np.float32),
    )


def _canonical_skeleton(pelvis_height: float) -> Floats:
    """Return the canonical body's T-pose joints [22, 3], scaled to a pelvis height [m]."""
    rest = canonical_rest()
    return rest.posed_joints(Pose.t_pose()) * np.float32(pelvis_height / rest.pelvis_height)


def _read_json(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    document = load_document("motion", path)
    if "rotations" not in document:
        raise InputError(f"{path}: at $.rotations: a clip needs its arrays, found only the header; {_CURE}")
    kinds = {"rotations": np.float32, "root": np.float32, "contacts": np.bool_}
    return document, {name: np.array(document[name], dtype=kind) for name, kind in kinds.items()}


def _read_safetensors(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    try:
        with safe_open(str(path), framework="numpy") as file:
            header = (file.metadata() or {}).get("motion")
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: not a motion clip ({error}); {_CURE}") from error
    if header is None:
        raise InputError(f"{path}: a motion clip needs a `motion` header, found none; {_CURE}")
    document = parse_json(header.encode(), f"{path} (header)")
    check_document("motion", document, f"{path} (header)")
    return document, arrays


def _check_arrays(path: Path, frames: int, arrays: Mapping[str, NDArray[Any]]) -> None:
    wanted = {"rotations": (frames, _JOINTS, 4), "root": (frames, 3), "contacts": (frames, 2)}
    if "reference_joints" in arrays:
        wanted["reference_joints"] = (_JOINTS, 3)
    for name, shape in wanted.items():
        found = list(arrays[name].shape) if name in arrays else "none"
        if found != list(shape):
            raise InputError(f"{path}: {name} must have shape {list(shape)}, found {found}; {_CURE}")
        if not np.isfinite(arrays[name]).all():
            raise InputError(f"{path}: {name} must be finite, found NaN or infinity; {_CURE}")
    lengths = np.linalg.norm(arrays["rotations"], axis=-1)
    worst = float(lengths.ravel()[np.abs(lengths - 1).argmax()])
    if abs(worst - 1) > 1e-3:
        raise InputError(f"{path}: rotations must be quaternions of length 1, found length {worst:.3f}; {_CURE}")
