"""The mirror image of a garment: which place of it answers which across the body's middle."""

from __future__ import annotations

from copy import copy

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.authoring.patterns.pattern import Panel
from dressform.runtime.geometry.distance import Surface

Floats = NDArray[np.float64]

SAME_OUTLINE = 0.003  # two outlines further apart are not each other's mirror image [m]
_FLIP = np.array([-1.0, 1.0, 1.0])


class Mirror:
    """Points of a garment and the places that mirror them.

    Only what has a mirror image takes part: panels whose outline, flipped, is their own or another panel's on the
    other side. An open front that laps over is left as it is.

    Args:
        mesh: The garment.

    Attributes:
        matched: bool [P] which points have a mirror image.
    """

    def __init__(self, mesh: FlatMesh) -> None:
        partners = _partners(mesh)
        rows, columns, values = [], [], []
        for index, partner in partners.items():
            flat_points = np.flatnonzero(mesh.panel_ids == index)
            faces = mesh.flat_faces[mesh.face_panels == partner]
            found = Surface(_lifted(mesh.flat), faces, sign="normal").closest(
                _lifted(mesh.flat[flat_points] * (-1.0, 1.0))
            )
            rows.append(np.repeat(mesh.points[flat_points], 3))
            columns.append(mesh.points[faces[found.triangles]].reshape(-1))
            values.append(found.barycentrics.astype(np.float64).reshape(-1))
        count = mesh.point_count
        flats = np.bincount(mesh.points, minlength=count)
        of_matched = np.isin(mesh.panel_ids, list(partners))
        self.matched = np.bincount(mesh.points[of_matched], minlength=count) == flats
        if rows:
            entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
            matrix = sparse.csr_matrix(entries, shape=(count, count))
            self._matrix = sparse.csr_matrix(sparse.diags(1.0 / np.maximum(flats, 1)) @ matrix)

    def part(self, kept: NDArray[np.intp]) -> Mirror:
        """Return the mirror of chosen points, numbered as listed; one whose image needs others has none."""
        chosen = copy(self)
        chosen.matched = self.matched[kept]
        if self.matched.any():
            inside = np.zeros(len(self.matched), bool)
            inside[kept] = True
            lost = np.asarray(self._matrix @ (~inside).astype(float)) > 1e-6
            chosen.matched = self.matched[kept] & ~lost[kept]
            chosen._matrix = sparse.csr_matrix(self._matrix[kept][:, kept])
        return chosen

    def image(self, values: Floats) -> Floats:
        """Return the mirror image of points or velocities [P, 3]; unmatched points keep their own."""
        if not self.matched.any():
            return values.copy()
        seen = np.asarray(self._matrix @ values) * _FLIP
        return np.asarray(np.where(self.matched[:, None], seen, values))

    def even(self, values: Floats) -> Floats:
        """Return the mean of points or velocities [P, 3] and their mirror image."""
        return 0.5 * (values + self.image(values))

    def off(self, points: Floats) -> Floats:
        """Return how far each point lies from its place in the mirror image [P] [m]."""
        return np.asarray(np.linalg.norm(points - self.image(points), axis=1))


def _lifted(flat: Floats) -> Floats:
    return np.concatenate([flat, np.zeros((len(flat), 1))], axis=1)


def _partners(mesh: FlatMesh) -> dict[int, int]:
    """Return for each panel that has one the panel which mirrors it."""
    panels = mesh.pattern.panels
    found: dict[int, int] = {}
    for index, panel in enumerate(panels):
        for other_index, other in enumerate(panels):
            if _mirrored(panel, other):
                found[index] = other_index
                break
    return found


def _mirrored(panel: Panel, other: Panel) -> bool:
    place, opposite = panel.placement, other.placement
    sides = {"left_arm": "right_arm", "right_arm": "left_arm", "left_leg": "right_leg", "right_leg": "left_leg"}
    if sides.get(place.limb, place.limb) != opposite.limb or panel.layer != other.layer:
        return False
    if panel.formed != other.formed or abs(place.height - opposite.height) > SAME_OUTLINE:
        return False
    # angles around an arm are counted from the top to the front on both sides, around the trunk to the left
    flipped = place.angle if place.limb.endswith("_arm") else -place.angle
    if abs((flipped - opposite.angle + np.pi) % (2 * np.pi) - np.pi) > 0.02:
        return False
    return _apart(panel.outline * (-1.0, 1.0), other.outline) < SAME_OUTLINE


def _apart(points: Floats, outline: Floats) -> float:
    """Return how far points [N, 2] lie at most from a closed outline [M, 2] [m]."""
    start, way = outline, np.roll(outline, -1, axis=0) - outline
    length = np.maximum(np.einsum("mk,mk->m", way, way), 1e-18)
    t = np.clip(np.einsum("nmk,mk->nm", points[:, None] - start[None], way) / length, 0, 1)
    gaps = np.linalg.norm(points[:, None] - (start[None] + t[..., None] * way[None]), axis=2)
    return float(gaps.min(axis=1).max())
