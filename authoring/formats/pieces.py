"""The meshes of one file, polygon by polygon, as its reader finds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import LayerKind
from dressform.schemas.errors import InputError

from .raw import MAX_TRIANGLES, MAX_VERTICES, Conversion, check_count, check_finite


@dataclass(frozen=True)
class Values:
    """One layer over the corners of a piece's polygons.

    Attributes:
        name: In the file.
        kind: As of a `Layer`.
        values: float64 [N, K].
        index: int64 [C] into `values` for each polygon corner; -1 where the file has none.
    """

    name: str
    kind: LayerKind
    values: NDArray[np.float64]
    index: NDArray[np.int64]


@dataclass(frozen=True)
class Shape:
    """A shape that a piece can be blended towards.

    Attributes:
        name: In the file; shapes of several pieces with one name are one.
        offsets: float64 [V, 3].
        weight: How much of it the file shows.
        normals: How the normals change at each polygon corner, or None.
    """

    name: str
    offsets: NDArray[np.float64]
    weight: float = 0.0
    normals: Values | None = None


@dataclass(frozen=True)
class Piece:
    """One mesh of a file in the file's world.

    Attributes:
        name: In the file.
        points: float64 [V, 3].
        corners: int64 [C] into `points`.
        counts: int64 [P] corners of each polygon.
        materials: int64 [P] into the file's materials.
        layers: UV sets first to last, and whatever else lies on its corners.
        shapes: Blend shapes.
        joints: int64 [V, K] into the file's joints, or None.
        weights: float64 [V, K], or None.
        mirrored: Whether its polygons turn the wrong way round.
    """

    name: str
    points: NDArray[np.float64]
    corners: NDArray[np.int64]
    counts: NDArray[np.int64]
    materials: NDArray[np.int64]
    layers: tuple[Values, ...] = ()
    shapes: tuple[Shape, ...] = ()
    joints: NDArray[np.int64] | None = None
    weights: NDArray[np.float64] | None = None
    mirrored: bool = False


@dataclass
class Joints:
    """The skeleton of a file: names, parents (-1: none; parents first) and rest matrices for column vectors."""

    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    rest: list[NDArray[np.float64]] = field(default_factory=list)


@dataclass
class Findings:
    """What a reader has to say besides the mesh."""

    record: list[Conversion] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    companions: list[Path] = field(default_factory=list)

    def kept(self, what: str, why: str) -> None:
        """Record something that is in the draft as it was in the file."""
        self.record.append(Conversion(what, "kept", why))

    def converted(self, what: str, why: str) -> None:
        """Record something that is in the draft in another form."""
        self.record.append(Conversion(what, "converted", why))

    def dropped(self, what: str, why: str) -> None:
        """Record something that is only in the kept source file, and note it."""
        self.left_out(what, why)
        self.notes.append(f"{what}: {why}")

    def left_out(self, what: str, why: str) -> None:
        """Record something that is only in the kept source file and that nobody will miss."""
        self.record.append(Conversion(what, "dropped", why))


def checked_polygons(
    path: Path, name: str, points: NDArray[np.float64], corners: NDArray[np.int64], counts: NDArray[np.int64]
) -> None:
    """Raise unless a mesh's polygons fit its corners and its corners fit its points."""
    check_count(path, "vertices", len(points), MAX_VERTICES)
    check_count(path, "face corners", len(corners), 3 * MAX_TRIANGLES)
    if len(counts) and (counts.min() < 3 or counts.sum() != len(corners)):
        raise InputError(
            f"{path}: {name} has {len(corners)} face corners for faces that need {counts.sum()}, each at least 3; "
            "export the mesh again"
        )
    if len(corners) and not 0 <= corners.min() <= corners.max() < len(points):
        bad = corners.min() if corners.min() < 0 else corners.max()
        raise InputError(f"{path}: {name} names vertex {bad} of {len(points)}; export the mesh again")
    check_finite(path, f"{name} vertex", points)
