"""`rig.<body>.safetensors`: the rig's arrays, and its names as one JSON entry of the metadata."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.atomic import write_bytes
from dressform.schemas.errors import InputError

from .checks import check_rig, check_rig_shapes, check_rig_values
from .rig import Rig, SizeBinding, rig_size_arrays
from .safetensors_file import encode, is_texts, read_arrays, read_limited, read_names

SCHEMA = "dressform/rig/1"
MAX_BYTES = 512 * 2**20

_DTYPES: dict[str, type[np.generic]] = {
    "joint_indices": np.int32,
    "joint_weights": np.float32,
    "binding_triangles": np.int32,
    "binding_barycentrics": np.float32,
    "binding_offsets": np.float32,
    "hide": np.bool_,
}
_TEXTS = ("body", "body_digest")
_BINDING = ("binding_triangles", "binding_barycentrics", "binding_offsets")  # once more for every further size


def rig_bytes(rig: Rig, *, check_values: bool = True) -> bytes:
    """Encode a rig; equal rigs give equal bytes.

    Args:
        rig: The rig.
        check_values: Whether an unsound rig is refused; a maker of faulty examples writes without.
    """
    if check_values:
        check_rig(rig, f"rig for {rig.body}")
    held = {**{name: getattr(rig, name) for name in _DTYPES}, **rig_size_arrays(rig)}
    arrays = {name: np.ascontiguousarray(held[name], dtype=_DTYPES[name.split(".")[0]]) for name in held}
    if _fits_a_byte(rig.joint_indices):
        arrays["joint_indices"] = arrays["joint_indices"].astype(np.uint8)
    names = {"schema": SCHEMA, "body": rig.body, "body_digest": rig.body_digest, "joints": list(rig.joints)}
    return encode(arrays, names)


def write_rig(path: Path, rig: Rig) -> None:
    """Write a rig atomically."""
    write_bytes(path, rig_bytes(rig))


def read_rig(path: Path, *, check_values: bool = True) -> Rig:
    """Read and check a rig.

    Args:
        path: The file.
        check_values: Whether weights and indices must be sound too; a validator reads without, to list every defect.

    Raises:
        InputError: When the file is missing, too big, truncated, or its arrays do not make a rig.
    """
    where = str(path)
    data = read_limited(path, MAX_BYTES)
    names = _names(data, where)
    arrays = read_arrays(data, where)
    needed = {*_DTYPES, *(f"{name}.{size}" for size in _sizes(arrays) for name in _BINDING)}
    if set(arrays) != needed:
        raise InputError(f"{where}: holds {sorted(arrays)}, needed {sorted(needed)}")
    for name in sorted(needed):
        dtype = _DTYPES[name.split(".")[0]]
        narrow = name == "joint_indices" and arrays[name].dtype == np.uint8
        if arrays[name].dtype != dtype and not narrow:
            raise InputError(f"{where}: {name} is {arrays[name].dtype}, needed {np.dtype(dtype)}")
    rig = _rig(names, arrays)
    check_rig_shapes(rig, where)
    if check_values:
        check_rig_values(rig, where)
    return rig


def _fits_a_byte(indices: NDArray[np.integer]) -> bool:
    return bool(indices.size) and int(indices.min()) >= 0 and int(indices.max()) <= np.iinfo(np.uint8).max


def _rig(names: Mapping[str, Any], arrays: dict[str, NDArray[np.generic]]) -> Rig:
    # the dtypes were compared with the table by the caller
    return Rig(
        **{name: names[name] for name in _TEXTS},
        joints=tuple(names["joints"]),
        joint_indices=arrays["joint_indices"].astype(np.int32),
        joint_weights=arrays["joint_weights"].astype(np.float32),
        binding_triangles=arrays["binding_triangles"].astype(np.int32),
        binding_barycentrics=arrays["binding_barycentrics"].astype(np.float32),
        binding_offsets=arrays["binding_offsets"].astype(np.float32),
        hide=arrays["hide"].astype(np.bool_),
        sizes={size: _size_binding(arrays, size) for size in _sizes(arrays)},
    )


def _sizes(arrays: Mapping[str, NDArray[np.generic]]) -> list[str]:
    """Return the further sizes that arrays are named for."""
    return sorted({name.split(".", 1)[1] for name in arrays if "." in name})


def _size_binding(arrays: Mapping[str, NDArray[np.generic]], size: str) -> SizeBinding:
    return SizeBinding(
        arrays[f"binding_triangles.{size}"].astype(np.int32),
        arrays[f"binding_barycentrics.{size}"].astype(np.float32),
        arrays[f"binding_offsets.{size}"].astype(np.float32),
    )


def _names(data: bytes, where: str) -> dict[str, Any]:
    """Read body, joints and schema from the header."""
    names = read_names(data, where, SCHEMA, "run `dressform garment rig` again")
    if not (all(isinstance(names.get(name), str) for name in _TEXTS) and is_texts(names.get("joints"))):
        raise InputError(f"{where}: body, body_digest or joints are missing or not text")
    return names
