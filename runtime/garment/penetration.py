"""How much cloth is inside the body or inside the layer below it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.adjacency import boundary_vertices
from dressform.runtime.geometry.distance import Surface

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.integer]

DEPTH = 1e-3  # [m] deeper than this is penetrating
LAYER_REACH = 0.02  # [m] how deep below a lower layer cloth is still taken for the layer above it


@dataclass(frozen=True)
class PenetrationReport:
    """Penetrating vertices and face centres: those more than 1 mm inside.

    Attributes:
        vertices: How many vertices were tested.
        penetrating_vertices: How many of them are inside.
        faces: How many face centres were tested.
        penetrating_faces: How many of them are inside.
        deepest: Of both, not negative [m].
    """

    vertices: int
    penetrating_vertices: int
    faces: int
    penetrating_faces: int
    deepest: float

    @property
    def fraction(self) -> float:
        """The penetrating part of all tested vertices and face centres, in [0, 1]."""
        return (self.penetrating_vertices + self.penetrating_faces) / max(self.vertices + self.faces, 1)

    @classmethod
    def of(cls, vertex_distances: FloatArray, face_distances: FloatArray) -> PenetrationReport:
        """Count signed distances [m], negative inside."""
        both = np.concatenate([vertex_distances, face_distances])
        return cls(
            len(vertex_distances),
            int(np.sum(vertex_distances < -DEPTH)),
            len(face_distances),
            int(np.sum(face_distances < -DEPTH)),
            float(max(-both.min(initial=0.0), 0.0)),
        )

    def __add__(self, other: PenetrationReport) -> PenetrationReport:
        return PenetrationReport(
            self.vertices + other.vertices,
            self.penetrating_vertices + other.penetrating_vertices,
            self.faces + other.faces,
            self.penetrating_faces + other.penetrating_faces,
            max(self.deepest, other.deepest),
        )


NOTHING = PenetrationReport(0, 0, 0, 0, 0.0)


def body_penetration(points: FloatArray, faces: IntArray, body: Surface) -> PenetrationReport:
    """Test a posed garment (points [V, 3], faces [F, 3]) against the whole posed body, hidden triangles included."""
    return PenetrationReport.of(
        body.signed_distance(points), body.signed_distance(np.asarray(points[faces].mean(axis=1), np.float32))
    )


def layer_penetration(
    outer: FloatArray, outer_faces: IntArray, inner: FloatArray, inner_faces: IntArray
) -> PenetrationReport:
    """Test a posed garment against the garment below it.

    Cloth below a lower layer's surface by 1 to 20 mm counts; deeper is the other side of a sleeve or leg, not this
    layer, and beyond the lower layer's border nothing is below.
    """

    def depths(queries: NDArray[np.float32]) -> NDArray[np.float32]:
        signed = distance_to_cloth(queries, inner, inner_faces)
        return np.where(np.isfinite(signed) & (signed > -LAYER_REACH), signed, np.float32(0))

    centres = np.asarray(outer[outer_faces].mean(axis=1), np.float32)
    return PenetrationReport.of(depths(np.asarray(outer, np.float32)), depths(centres))


def distance_to_cloth(queries: FloatArray, points: FloatArray, faces: IntArray) -> NDArray[np.float32]:
    """Return how far each query [Q, 3] is over open cloth, negative under it; infinite beyond its border [m]."""
    surface = Surface(points, faces, sign="normal")
    closest = surface.closest(queries)
    beside = closest.barycentrics < 1e-4  # the closest point is not at these corners
    at_border = (boundary_vertices(faces, len(points))[faces[closest.triangles]] | beside).all(axis=1)
    signed = np.full(len(queries), np.inf, np.float32)
    signed[~at_border] = surface.signed_distance(queries[~at_border])
    return signed
