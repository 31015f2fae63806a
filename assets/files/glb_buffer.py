"""The binary chunk of a GLB in the making, and the turn from our frame to glTF's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pygltflib as gltf
from numpy.typing import NDArray

# glTF's y up from our z up: (x, y, z) → (x, z, -y)
Y_UP = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]], dtype=np.float64)
_COMPONENTS = {"float32": gltf.FLOAT, "uint32": gltf.UNSIGNED_INT, "uint16": gltf.UNSIGNED_SHORT,
               "uint8": gltf.UNSIGNED_BYTE}  # fmt: skip


@dataclass
class GlbBuffer:
    """The binary chunk in the making."""

    data: bytearray = field(default_factory=bytearray)
    views: list[gltf.BufferView] = field(default_factory=list)
    accessors: list[gltf.Accessor] = field(default_factory=list)
    _known: dict[tuple[object, ...], int] = field(default_factory=dict)

    def add_view(self, data: bytes, *, target: int | None = None) -> int:
        """Append bytes at a multiple of four and return the view's index."""
        self.data.extend(b"\0" * (-len(self.data) % 4))
        self.views.append(gltf.BufferView(buffer=0, byteOffset=len(self.data), byteLength=len(data), target=target))
        self.data.extend(data)
        return len(self.views) - 1

    def add_accessor(
        self, array: NDArray[np.generic], *, target: int | None = None, bounds: bool = False, normalized: bool = False
    ) -> int:
        """Append an array [N] or [N, K] (or [N, 16] for matrices) and return the accessor's index.

        `normalized` whole numbers stand for parts of their type's largest value.

        An array that is there already (UV1 is often UV0) is not stored again.
        """
        component = _COMPONENTS[array.dtype.name]
        kind = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}[1 if array.ndim == 1 else array.shape[1]]
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        columns = array.reshape(len(array), -1)
        key = (hashlib.sha256(little.tobytes()).digest(), component, kind, target, bounds, normalized)
        if key in self._known:
            return self._known[key]
        accessor = gltf.Accessor(
            bufferView=self.add_view(little.tobytes(), target=target),
            byteOffset=0,
            componentType=component,
            count=len(array),
            type=kind,
            normalized=normalized or None,
            min=columns.min(axis=0).tolist() if bounds else None,
            max=columns.max(axis=0).tolist() if bounds else None,
        )
        self.accessors.append(accessor)
        self._known[key] = len(self.accessors) - 1
        return self._known[key]


def narrow(counts: NDArray[np.integer], *types: type[np.unsignedinteger[Any]]) -> NDArray[np.generic]:
    """Return counts in the first of the unsigned types that holds them; the type's largest value is left free."""
    largest = int(counts.max(initial=0))
    return counts.astype(next(each for each in types if largest < np.iinfo(each).max))


def parts_of_one(weights: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return weights [N, K] whose rows sum to one as parts of 65535 that sum to 65535, the nearest there are."""
    exact = weights.astype(np.float64) * 65535
    parts = np.floor(exact).astype(np.int64)
    missing = 65535 - parts.sum(axis=1, keepdims=True)
    rank = np.argsort(np.argsort(parts - exact, axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray(np.clip(parts + (rank < missing), 0, 65535), np.uint16)


def turned(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors [N, 3 or more] in glTF's y up; what follows the first three columns stays."""
    return np.concatenate([vectors[:, [0, 2]], -vectors[:, 1:2], vectors[:, 3:]], axis=1).astype(np.float32)


def turned_back(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return glTF's vectors [N, 3 or more] in our z up."""
    return np.concatenate([vectors[:, :1], -vectors[:, 2:3], vectors[:, 1:2], vectors[:, 3:]], axis=1)


def flipped(uv: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move the UV origin from bottom left to top left, or back."""
    return np.stack([uv[:, 0], np.float32(1) - uv[:, 1]], axis=1).astype(np.float32)
