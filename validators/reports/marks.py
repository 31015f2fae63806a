"""What a picture points at: the faces and points of a mesh that a finding names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh

_FARTHEST = 1e6  # [m] what lies further off is drawn no better than what is not finite


@dataclass(frozen=True)
class Marks:
    """What is marked on a mesh.

    Attributes:
        faces: int64 [N] marked triangles.
        points: float64 [K, 3] marked places [m]: the middles of the triangles, points by their ids, places in space.
    """

    faces: NDArray[np.int64]
    points: NDArray[np.float64]

    @property
    def empty(self) -> bool:
        """Whether nothing is marked."""
        return not len(self.faces) and not len(self.points)


NOTHING = Marks(np.zeros(0, np.int64), np.zeros((0, 3)))


def ids(value: object, count: int) -> NDArray[np.int64]:
    """Return the ids below `count` in a place's list, which may hold pairs; empty for anything else."""
    flat: list[object] = []
    for each in value if isinstance(value, list) else []:
        flat.extend(each if isinstance(each, list) else [each])
    whole = [each for each in flat if isinstance(each, int) and not isinstance(each, bool) and 0 <= each < count]
    return np.unique(np.array(whole, np.int64))


def places(value: object) -> NDArray[np.float64]:
    """Return the points [K, 3] of a place's list; empty for anything else."""
    rows = value if isinstance(value, list) else []
    good = [row for row in rows if isinstance(row, list) and len(row) == 3 and all(_number(each) for each in row)]
    points = np.array(good, np.float64).reshape(-1, 3)
    return points[np.isfinite(points).all(axis=1)]


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def drawable(mesh: GarmentMesh) -> tuple[GarmentMesh, NDArray[np.int64]] | None:
    """Return the triangles of a mesh that can be drawn, and their numbers; None when there is none.

    Points that are not finite are put amid the others, and their triangles left out.
    """
    if not len(mesh.faces) or not len(mesh.points):
        return None
    finite = np.asarray((np.isfinite(mesh.points) & (np.abs(mesh.points) < _FARTHEST)).all(axis=1))
    inside = np.asarray(((mesh.faces >= 0) & (mesh.faces < len(mesh.points))).all(axis=1))
    kept = np.flatnonzero(inside)
    kept = kept[finite[mesh.faces[kept]].all(axis=1)]
    if not len(kept):
        return None
    points = np.where(finite[:, None], mesh.points, mesh.points[finite].mean(axis=0)).astype(np.float32)
    return replace(mesh, points=points, faces=mesh.faces[kept]), kept


def marks_of(place: Mapping[str, object], mesh: GarmentMesh) -> Marks:
    """Return what a finding's place marks on a mesh.

    A point that has no place, as it is not finite, is marked by its neighbours.
    """
    faces = ids(place.get("faces"), len(mesh.faces))
    vertices = ids(place.get("vertices"), len(mesh.points))
    corners = ids(place.get("uv"), 0 if mesh.uv1 is None else len(mesh.uv1))
    if len(corners) and mesh.uv1_faces is not None:
        vertices = np.union1d(vertices, mesh.faces[np.isin(mesh.uv1_faces, corners)])
    lost = vertices[~np.isfinite(mesh.points[vertices]).all(axis=1)]
    if len(lost):
        around = mesh.faces[np.isin(mesh.faces, lost).any(axis=1)]
        vertices = np.union1d(vertices, around)
    points = [mesh.points[mesh.faces[faces]].mean(axis=1), mesh.points[vertices], places(place.get("points"))]
    marked = np.concatenate(points).astype(np.float64)
    return Marks(faces, marked[np.isfinite(marked).all(axis=1)])
