"""A garment's mesh in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .images import image_has_alpha

LayerKind = Literal["uv", "color", "normal", "tangent", "custom"]


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
        record: What else its source said, as a glTF material: extensions, alpha mode, further textures, extras. A
            texture's `index` counts `images`, its `sampler` is spelled out, and its `texCoord` counts UV0 and then the
            mesh's layers of kind "uv". The fields above win over it.
        images: Encoded images that `record` names.
    """

    name: str = "fabric"
    base_color: tuple[float, float, float, float] = (0.8, 0.8, 0.8, 1.0)
    base_color_image: bytes | None = None
    normal_image: bytes | None = None
    roughness: float = 0.9
    metallic: float = 0.0
    sheen: tuple[float, float, float] = (0.0, 0.0, 0.0)
    double_sided: bool = True
    record: Mapping[str, Any] = field(default_factory=dict)
    images: tuple[bytes, ...] = ()

    @property
    def alpha_mode(self) -> str:
        """What alpha does, glTF's OPAQUE, MASK or BLEND; where the record does not say, what the values imply."""
        implied = "OPAQUE"
        if self.base_color[3] < 1:
            implied = "BLEND"
        elif self.base_color_image is not None and image_has_alpha(self.base_color_image):
            implied = "MASK"
        return str(self.record.get("alphaMode", implied))


@dataclass(frozen=True)
class Layer:
    """Values per corner beside the two UV sets, as the artist's file has them.

    Attributes:
        name: In the file, unique among a mesh's layers.
        kind: "uv" (origin bottom-left), "color" (linear RGB or RGBA), "normal" (unit, in the mesh's frame), "tangent"
            (unit xyz and the bitangent's sign) or "custom".
        values: float32 [N, K].
        faces: int32 [F, 3] into `values`.
    """

    name: str
    kind: LayerKind
    values: NDArray[np.float32]
    faces: NDArray[np.int32]


@dataclass(frozen=True)
class MorphTarget:
    """A shape the mesh can be blended towards.

    Attributes:
        name: In the file.
        offsets: float32 [V, 3] from the rest points [m], in the mesh's frame.
        weight: How much of it the file shows.
        layers: How normals, tangents, UVs or colours change with it, per corner.
    """

    name: str
    offsets: NDArray[np.float32]
    weight: float = 0.0
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True)
class SourceSkin:
    """The skin a garment's file came with; dressform's own rig takes its place once there is one.

    Attributes:
        joints: Names.
        parents: int32 [J], -1 for a root; parents come before their children.
        rest: float32 [J, 4, 4] joint frame → the mesh's frame at rest [m].
        indices: int32 [V, K] into `joints`.
        weights: float32 [V, K], rows sum to 1, or to 0 where nothing holds a point.
    """

    joints: tuple[str, ...]
    parents: NDArray[np.int32]
    rest: NDArray[np.float32]
    indices: NDArray[np.int32]
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class Variant:
    """A look: which material stands in for each of the mesh's.

    Attributes:
        name: In the file.
        materials: One index into the mesh's materials for each of them.
    """

    name: str
    materials: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """A named piece of a garment.

    Attributes:
        name: Unique in the mesh.
        rigid: It moves as one, like a button or a buckle.
        inner: It is the inner shell of thick cloth.
    """

    name: str
    rigid: bool = False
    inner: bool = False


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
        polygons: int32 [F] the artist's polygon behind each triangle, or None when all are triangles.
        parts: Named pieces; empty when nothing is known of them.
        part_ids: int32 [F] into `parts`, or None when `parts` is empty.
        layers: Further values per corner.
        morphs: Shapes it can be blended towards.
        skin: The skin its file came with, or None.
        variants: Looks beside its own.
        extras: What else the file said about it, JSON values.
    """

    points: NDArray[np.float32]
    faces: NDArray[np.int32]
    uv0: NDArray[np.float32] | None
    uv0_faces: NDArray[np.int32] | None
    uv1: NDArray[np.float32] | None
    uv1_faces: NDArray[np.int32] | None
    materials: tuple[Material, ...]
    material_ids: NDArray[np.int32]
    polygons: NDArray[np.int32] | None = None
    parts: tuple[Part, ...] = ()
    part_ids: NDArray[np.int32] | None = None
    layers: tuple[Layer, ...] = ()
    morphs: tuple[MorphTarget, ...] = ()
    skin: SourceSkin | None = None
    variants: tuple[Variant, ...] = ()
    extras: Mapping[str, Any] = field(default_factory=dict)


def outer_faces(mesh: GarmentMesh) -> NDArray[np.int32]:
    """Return the triangles that are not on the inner shell of thick cloth, [F, 3]; all where there is no other."""
    if mesh.part_ids is None:
        return mesh.faces
    outer = ~np.array([part.inner for part in mesh.parts], np.bool_)[mesh.part_ids]
    return mesh.faces[outer] if outer.any() else mesh.faces


def inner_points(mesh: GarmentMesh) -> NDArray[np.bool_]:
    """Return [V] which points lie on the inner shell of thick cloth alone."""
    used = np.zeros(len(mesh.points), np.bool_)
    used[mesh.faces.reshape(-1)] = True
    used[outer_faces(mesh).reshape(-1)] = False
    return used
