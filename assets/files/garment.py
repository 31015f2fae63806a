"""A garment's mesh in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Material:
    """A PBR metallic-roughness material; colours are linear, textures are encoded image files (PNG or JPEG, sRGB).

    Attributes:
        name: Name in the file.
        base_color: Linear RGBA factor, multiplied with the texture.
        base_color_image: Encoded image, or None.
        normal_image: Encoded tangent-space normal map, or None.
        roughness: In [0, 1].
        metallic: In [0, 1].
        sheen: Linear RGB sheen colour (cloth fuzz).
        double_sided: Whether back faces are seen.
    """

    name: str = "fabric"
    base_color: tuple[float, float, float, float] = (0.8, 0.8, 0.8, 1.0)
    base_color_image: bytes | None = None
    normal_image: bytes | None = None
    roughness: float = 0.9
    metallic: float = 0.0
    sheen: tuple[float, float, float] = (0.0, 0.0, 0.0)
    double_sided: bool = True


@dataclass(frozen=True)
class GarmentMesh:
    """A welded triangle mesh with UVs per corner, in the canonical body's rest frame [m], z up, facing -y.

    Seams never split points: a corner names its point through `faces` and its UV through `uv0_faces`/`uv1_faces`.

    Attributes:
        points: float32 [V, 3].
        faces: int32 [F, 3], counter-clockwise seen from outside.
        uv0: float32 [N, 2] the artist's coordinates, origin bottom-left, or None.
        uv0_faces: int32 [F, 3] into `uv0`, or None.
        uv1: float32 [M, 2] the injective atlas in [0, 1], or None.
        uv1_faces: int32 [F, 3] into `uv1`, or None.
        materials: At least one.
        material_ids: int32 [F] into `materials`.
    """

    points: NDArray[np.float32]
    faces: NDArray[np.int32]
    uv0: NDArray[np.float32] | None
    uv0_faces: NDArray[np.int32] | None
    uv1: NDArray[np.float32] | None
    uv1_faces: NDArray[np.int32] | None
    materials: tuple[Material, ...]
    material_ids: NDArray[np.int32]
