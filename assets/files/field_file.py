"""`field.<body>.safetensors`: the field's arrays, the large ones as small integers, and its names in the metadata.

The modes are int8 steps of a size per mode (at most 0.4 % of the mode's largest displacement), centres int16 steps of a
size per feature, weights 65535ths. Wrinkles are optional: all of their arrays, or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.atomic import write_bytes
from dressform.schemas.documents import is_number
from dressform.schemas.errors import InputError

from .field import Field, FieldModel, Wrinkles
from .field_checks import check_field
from .safetensors_file import encode, is_texts, read_arrays, read_limited, read_names

SCHEMA = "dressform/field/1"
MAX_BYTES = 64 * 2**20

_WEIGHT_STEPS = np.iinfo(np.uint16).max
_PLAIN = ("shift", "scale", "low", "high", "coefficients", "linear", "offset", "lowest", "highest")
_DTYPES: dict[str, type[np.generic]] = {
    "points": np.int32,
    "joint_indices": np.uint16,
    "joint_weights": np.uint16,
    "mean": np.float32,
    "modes": np.int8,
    "mode_steps": np.float32,
    **dict.fromkeys(_PLAIN, np.float32),
    "centres": np.int16,
    "centre_steps": np.float32,
    "support": np.float32,
}
_WRINKLE_DTYPES: dict[str, type[np.generic]] = {
    "wrinkle_mean": np.float32,
    "wrinkle_modes": np.int8,
    "wrinkle_steps": np.float32,
    "wrinkle_mix": np.float32,
}
_TEXTS = ("body", "body_digest", "topology")
_NUMBERS = ("bound", "doubt_full", "doubt_none", "doubt_reach")
_AGAIN = "run `dressform garment learn` again"


def field_bytes(field: Field) -> bytes:
    """Encode a field; equal fields give equal bytes."""
    check_field(field, f"field for {field.body}")
    model = field.model
    modes, mode_steps = _packed(field.modes, (1, 2), np.int8)
    centres, centre_steps = _packed(model.centres, (0,), np.int16)
    arrays: dict[str, NDArray[Any]] = {
        "points": field.points,
        "joint_indices": field.joint_indices,
        "joint_weights": np.rint(field.joint_weights.astype(np.float64) * _WEIGHT_STEPS),
        "mean": field.mean,
        "modes": modes,
        "mode_steps": mode_steps,
        **{name: getattr(model, name) for name in _PLAIN},
        "centres": centres,
        "centre_steps": centre_steps,
        "support": model.support,
    }
    names = {
        "schema": SCHEMA,
        **{name: getattr(field, name) for name in _TEXTS},
        "joints": list(field.joints),
        "sizes": dict(field.sizes),
        "features": list(field.features),
        "bound": field.bound,
        "doubt_full": model.doubt_full,
        "doubt_none": model.doubt_none,
        "doubt_reach": model.doubt_reach,
    }
    dtypes = dict(_DTYPES)
    if (wrinkles := field.wrinkles) is not None:
        packed, steps = _packed(wrinkles.modes, (1, 2), np.int8)
        own = zip(_WRINKLE_DTYPES, (wrinkles.mean, packed, steps, wrinkles.mix), strict=True)
        arrays |= dict(own)
        names["wrinkle_share"] = wrinkles.share
        dtypes |= _WRINKLE_DTYPES
    held = {name: np.ascontiguousarray(arrays[name], dtype) for name, dtype in dtypes.items()}
    return encode(held, names)


def as_written(field: Field) -> Field:
    """Return a field as it will be read back, with what its file's small integers lose."""
    return _decoded(field_bytes(field), f"field for {field.body}")


def write_field(path: Path, field: Field) -> None:
    """Write a field atomically."""
    write_bytes(path, field_bytes(field))


def read_field(path: Path) -> Field:
    """Read and check a field.

    Raises:
        InputError: When the file is missing, too big, truncated, or its arrays do not make a field.
    """
    return _decoded(read_limited(path, MAX_BYTES), str(path))


def _decoded(data: bytes, where: str) -> Field:
    names = _names(data, where)
    arrays = read_arrays(data, where)
    wrinkled = not _WRINKLE_DTYPES.keys().isdisjoint(arrays)
    dtypes = _DTYPES | (_WRINKLE_DTYPES if wrinkled else {})
    if set(arrays) != set(dtypes):
        raise InputError(f"{where}: holds {sorted(arrays)}, needed {sorted(dtypes)}")
    if wrinkled and not is_number(names.get("wrinkle_share")):
        raise InputError(f"{where}: wrinkle_share is missing or of another type; {_AGAIN}")
    for name, dtype in sorted(dtypes.items()):
        if arrays[name].dtype != dtype:
            raise InputError(f"{where}: {name} is {arrays[name].dtype}, needed {np.dtype(dtype)}")
    stepped = [("modes", "mode_steps", 0), ("centres", "centre_steps", -1)]
    for name, steps, axis in [*stepped, ("wrinkle_modes", "wrinkle_steps", 0)] if wrinkled else stepped:
        if not arrays[name].ndim or arrays[steps].shape != (arrays[name].shape[axis],):
            found = f"{list(arrays[steps].shape)} for {name} {list(arrays[name].shape)}"
            raise InputError(f"{where}: {steps} must be one for each of the {name}, found {found}")
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is told by the check
        field = _field(names, arrays)
    check_field(field, where)
    return field


def _field(names: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Field:
    weights = arrays["joint_weights"].astype(np.float64)
    sums = weights.sum(axis=-1, keepdims=True)
    model = FieldModel(
        **{name: arrays[name] for name in _PLAIN},
        centres=arrays["centres"] * arrays["centre_steps"],
        support=arrays["support"],
        doubt_full=float(names["doubt_full"]),
        doubt_none=float(names["doubt_none"]),
        doubt_reach=float(names["doubt_reach"]),
    )
    return Field(
        **{name: names[name] for name in _TEXTS},
        joints=tuple(names["joints"]),
        sizes={size: float(ratio) for size, ratio in names["sizes"].items()},
        features=tuple(names["features"]),
        points=arrays["points"],
        joint_indices=arrays["joint_indices"].astype(np.int32),
        joint_weights=(weights / np.maximum(sums, 1)).astype(np.float32),
        mean=arrays["mean"],
        modes=_unpacked(arrays["modes"], arrays["mode_steps"]),
        model=model,
        bound=float(names["bound"]),
        wrinkles=_wrinkles(names, arrays),
    )


def _wrinkles(names: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Wrinkles | None:
    if "wrinkle_modes" not in arrays:
        return None
    return Wrinkles(
        points=arrays["points"],
        mean=arrays["wrinkle_mean"],
        modes=_unpacked(arrays["wrinkle_modes"], arrays["wrinkle_steps"]),
        mix=arrays["wrinkle_mix"],
        share=float(names["wrinkle_share"]),
    )


def _unpacked(values: NDArray[Any], steps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows of whole steps in their own unit."""
    return np.asarray(values * steps.reshape(-1, *[1] * (values.ndim - 1)), np.float32)


def _packed(
    values: NDArray[np.floating], over: tuple[int, ...], dtype: type[np.signedinteger[Any]]
) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """Return values as whole steps, and the size of a step: one for each row that is left when `over` is reduced."""
    most = np.iinfo(dtype).max
    largest = np.abs(values).max(axis=over, keepdims=True, initial=0)
    steps = np.where(largest > 0, largest / most, 1).astype(np.float32)
    return np.rint(values / steps).clip(-most, most).astype(dtype), steps.reshape(-1)


def _names(data: bytes, where: str) -> dict[str, Any]:
    """Read the names from the header, of the right types."""
    names = read_names(data, where, SCHEMA, _AGAIN)
    sizes = names.get("sizes")
    sound = all(isinstance(names.get(name), str) for name in _TEXTS)
    sound &= all(is_number(names.get(name)) for name in _NUMBERS)
    sound &= all(is_texts(names.get(name)) for name in ("joints", "features"))
    sound &= isinstance(sizes, dict) and bool(sizes) and all(map(is_number, sizes.values()))
    if not sound:
        needed = ", ".join(("joints", "features", "sizes", *_TEXTS, *_NUMBERS))
        raise InputError(f"{where}: one of {needed} is missing or of another type; {_AGAIN}")
    return names
