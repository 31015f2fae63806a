"""From a sewn flat mesh to the garment as it is worn."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.runtime.body.protocol import RestBody
from dressform.schemas.progress import Progress, silent
from dressform.schemas.template import Fabric

from .arrange import arrange
from .cloth import Cloth
from .fall import AS_WORN, DrapeOptions, Piece, let_fall
from .figures import openings
from .membrane import flat_corners
from .mirror import Mirror
from .relax import follow, relax
from .shaping import shaped

Floats = NDArray[np.float64]

_BETWEEN = 8  # places looked at from one point of an edge to the next, where its distance is wanted


@dataclass(frozen=True)
class Drape:
    """A garment as it is worn.

    Attributes:
        points: float32 [P, 3] [m]; formed panels follow their neighbours.
        report: Figures, JSON values.
    """

    points: NDArray[np.float32]
    report: dict[str, Any]


def drape(
    mesh: FlatMesh,
    rest: RestBody,
    fabrics: Mapping[str, Fabric] | None = None,
    options: DrapeOptions = AS_WORN,
    *,
    picture: Path | None = None,
    progress: Progress = silent,
) -> Drape:
    """Drape a sewn pattern on a body in its rest pose.

    Args:
        mesh: The sewn pattern.
        rest: The body.
        fabrics: Physics by the panels' slots; a slot that is missing is cut from "main", and that from jersey.
        options: Of the drape.
        picture: Where to save a picture when it fails.
        progress: Told how far it is.

    Raises:
        InputError: When it cannot be worn: it slides off, does not settle, is torn or penetrates; or newton is missing.
    """
    begun = time.perf_counter()
    progress(0.0, "arranging the panels")
    mirror = Mirror(mesh) if options.symmetric else None
    start = arrange(mesh, rest)
    corners = shaped(mesh, relax(mesh, start, rest, mirror=mirror, smooth=True), rest)
    start = relax(mesh, start, rest, mirror=mirror, corners=corners)
    piece, kept = _piece(mesh, corners, start, fabrics or {}, mirror)
    fallen = let_fall(piece, rest, options, name=mesh.pattern.name, picture=picture, progress=progress)
    points = start.copy()
    points[kept] = fallen.points
    points = follow(mesh, points, kept, rest)
    report = {**fallen.report, "seconds": round(time.perf_counter() - begun, 1)}
    return Drape(points.astype(np.float32), report)


def _piece(
    mesh: FlatMesh, corners: Floats, start: Floats, fabrics: Mapping[str, Fabric], mirror: Mirror | None
) -> tuple[Piece, NDArray[np.intp]]:
    """Return what is simulated, and which points of the garment that is."""
    panels = mesh.pattern.panels
    soft = np.array([not panel.formed for panel in panels])[mesh.face_panels]
    kept = np.unique(mesh.faces[soft]).astype(np.intp)
    number = np.full(mesh.point_count, -1)
    number[kept] = np.arange(len(kept))
    slots = sorted({panel.slot for panel in panels})
    plain = tuple(Cloth.of(fabrics.get(slot, fabrics.get("main"))) for slot in slots)
    slot_of = np.array([slots.index(panel.slot) for panel in panels])[mesh.face_panels[soft]]
    faces = number[mesh.faces[soft]].astype(np.int32)
    held, heights = _held(mesh, number)
    piece = Piece(
        corners=corners[soft],
        faces=faces,
        start=start[kept],
        cloths=plain + tuple(cloth.turned() for cloth in plain),
        cloth_of=slot_of + len(slots) * _turned(mesh)[soft],
        borders=openings(faces, {key: number[mesh.points[flat]] for key, flat in mesh.edges.items()}),
        held=held,
        heights=heights,
        mirror=None if mirror is None else mirror.part(kept),
    )
    return piece, kept


def _turned(mesh: FlatMesh) -> NDArray[np.bool_]:
    """Return which triangles [F] lie on cloth that is turned in along an edge."""
    middles, found = flat_corners(mesh).mean(axis=1), np.zeros(len(mesh.flat_faces), np.bool_)
    for number, panel in enumerate(mesh.pattern.panels):
        own = np.flatnonzero(mesh.face_panels == number)
        for edge in panel.edges:
            if edge.turn > 0:
                line = mesh.flat[mesh.edges[panel.name, edge.name]]
                share = np.linspace(0, 1, _BETWEEN, endpoint=False)[:, None, None]
                along = ((1 - share) * line[:-1] + share * line[1:]).reshape(-1, 2)
                found[own] |= cKDTree(along).query(middles[own])[0] < edge.turn
    return found


def _held(mesh: FlatMesh, number: NDArray[np.intp]) -> tuple[NDArray[np.intp], Floats]:
    """Return the points of held edges, as simulated, and their heights above the ground [m]."""
    heights: dict[int, float] = {}
    for hold in mesh.pattern.holds:
        flat = mesh.edges[hold.edge.panel, hold.edge.edge]
        level = mesh.pattern.panel(hold.edge.panel).placement.height + mesh.flat[flat, 1]
        for point, own in zip(number[mesh.points[flat]].tolist(), level.tolist(), strict=True):
            if point >= 0:
                heights[point] = own if hold.height is None else hold.height
    order = sorted(heights)
    return np.array(order, np.intp), np.array([heights[point] for point in order])
