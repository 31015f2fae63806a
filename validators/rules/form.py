"""Rules on what a garment is as a whole: openings, pieces, scale, place, shells."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, inner_points, outer_faces
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import face_areas
from dressform.schemas.report import Severity
from dressform.validators.rule import LISTED, Defect, Measured, NotTestableError, Rule, counted
from dressform.validators.subject import Subject
from dressform.validators.topology import Topology

# category -> least and most height of the garment on the canonical body [m], and least number of openings
CATEGORIES: dict[str, tuple[float, float, int]] = {
    **dict.fromkeys(("tee", "shirt", "top", "sweater", "vest"), (0.30, 1.10, 2)),
    **dict.fromkeys(("jacket", "coat"), (0.35, 1.50, 1)),
    "dress": (0.50, 1.70, 2),
    "skirt": (0.15, 1.20, 2),
    "trousers": (0.45, 1.25, 3),
    "shorts": (0.15, 0.80, 3),
    "suit": (0.60, 1.90, 2),
}
PAIRS = ("shoes", "socks", "gloves", "underwear", "accessory", "other")  # categories whose pieces may lie apart
DEBRIS = 0.002  # [m] across
FEW = 4  # triangles; fewer enclose nothing and cover nothing
APART = 0.25  # [m] between a piece and the nearest other one
COMPARED = 500  # pieces whose distances are taken
POKES = 5e-4  # [m] that the inner shell may come through the outer one
MOSTLY = 0.25  # of its points: so many are outside when it is the wrong shell, not where a collar is folded


def has_its_openings(subject: Subject) -> Iterator[Defect]:
    """When a garment has fewer boundary loops than its category needs to be put on."""
    needed = CATEGORIES.get(str(subject.manifest.get("category")), (0.0, np.inf, 0))[2]
    for size, mesh in subject.layouts.items():
        outer = Topology(outer_faces(mesh), len(mesh.points))  # thick cloth is open between its shells
        found = int(outer.loops.max(initial=-1)) + 1
        if found < needed:
            plural = "" if found == 1 else "s"
            message = f"{found} opening{plural}, a {subject.manifest.get('category')} needs at least {needed}"
            yield Defect(message, f"sizes/{size}", found, {"size": size})


def has_no_holes(subject: Subject) -> Iterator[Defect]:
    """Small holes in the cloth, such as a triangle that is missing."""
    for size, mesh in subject.meshes.items():
        topology = subject.topologies[size]
        if not len(topology.border):
            continue
        ends = mesh.points[topology.edges.vertices[topology.border]].astype(np.float64)
        girth = np.bincount(topology.loops, np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1))
        area = np.bincount(topology.pieces, face_areas(mesh.points, mesh.faces))
        piece = np.zeros(len(girth), np.int64)
        piece[topology.loops] = topology.pieces[topology.border_faces]
        # no outline of a flat piece is shorter than a circle's around its area
        hole = (girth < subject.budgets.hole_girth) & (girth**2 < 2 * np.pi * area[piece])
        bad = np.unique(topology.border_faces[hole[topology.loops]])
        bad = bad[~_rigid(mesh)[bad]]
        message, one = (
            "triangles stand around small holes in the cloth",
            "triangle stands around a small hole in the cloth",
        )
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size)


def has_few_pieces(subject: Subject) -> Iterator[Defect | Measured]:
    """Garments that fall into more pieces than a garment has."""
    for size in subject.layouts:
        topology = subject.topologies[size]
        count, most = int(topology.pieces.max(initial=-1)) + 1, subject.budgets.pieces
        if count > most:
            smallest = np.argsort(np.bincount(topology.pieces), kind="stable")
            faces = np.flatnonzero(np.isin(topology.pieces, smallest[:LISTED]))
            place = {"size": size, "faces": faces[:LISTED].tolist()}
            yield Defect(f"{count} pieces that do not hang together, at most {most}", f"sizes/{size}", count, place)
        yield Measured(count, "pieces", f"sizes/{size}")


def has_no_debris(subject: Subject) -> Iterator[Defect]:
    """Pieces of a few triangles, or of millimetres, that are no button or other rigid part."""
    for size, mesh in subject.meshes.items():
        pieces = subject.topologies[size].pieces
        low, high = _boxes(mesh, pieces)
        small = (np.bincount(pieces) < FEW) | (np.linalg.norm(high - low, axis=1) < DEBRIS)
        bad = np.flatnonzero(small[pieces] & ~_rigid(mesh))
        message, one = "triangles are debris beside the garment", "triangle is debris beside the garment"
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size)


def has_no_stray_pieces(subject: Subject) -> Iterator[Defect]:
    """Pieces that lie far from all others."""
    if subject.manifest.get("category") in PAIRS:
        raise NotTestableError(f"pieces of {subject.manifest['category']} may lie apart")
    for size, mesh in subject.meshes.items():
        pieces = subject.topologies[size].pieces
        count = int(pieces.max(initial=-1)) + 1
        if count > COMPARED:
            raise NotTestableError(f"{count} pieces, compared are up to {COMPARED}")
        if count < 2:
            continue
        low, high = _boxes(mesh, pieces)
        gap = np.maximum(np.maximum(low[:, None] - high[None], low[None] - high[:, None]), 0)
        distance = np.linalg.norm(gap, axis=2)
        np.fill_diagonal(distance, np.inf)
        area = np.bincount(pieces, face_areas(mesh.points, mesh.faces))
        stray = distance.min(axis=1) > APART
        stray[area.argmax()] = False  # of two that lie apart, the garment is the larger
        bad = np.flatnonzero(stray[pieces])
        message, one = (
            f"triangles lie further than {APART} m from the garment",
            f"triangle lies further than {APART} m from the garment",
        )
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size)


def has_the_scale_of_its_category(subject: Subject) -> Iterator[Defect]:
    """Garments that are far too small or large to be worn."""
    low, high, _ = CATEGORIES.get(str(subject.manifest.get("category")), (0.05, 2.2, 1))
    for size, mesh in subject.meshes.items():
        height = float(np.ptp(mesh.points[:, 2]))
        if not low <= height <= high:
            yield Defect(f"{height:.3f} m high, needed {low} to {high} m", f"sizes/{size}", height, {"size": size})


def keeps_the_budget(subject: Subject) -> Iterator[Defect | Measured]:
    """Garments with more triangles than the runtime's budget."""
    for size, mesh in subject.layouts.items():
        most = subject.budgets.triangles
        if len(mesh.faces) > most:
            message = f"{len(mesh.faces)} triangles, at most {most}"
            yield Defect(message, f"sizes/{size}", len(mesh.faces), {"size": size})
        yield Measured(len(mesh.faces), "triangles", f"sizes/{size}")


def is_on_the_body(subject: Subject) -> Iterator[Defect]:
    """Garments that are not where the canonical body stands."""
    for size, mesh in subject.meshes.items():
        middle = (mesh.points.max(axis=0) + mesh.points.min(axis=0)) / 2
        off = float(np.hypot(middle[0], middle[1]))
        low, high = float(mesh.points[:, 2].min()), float(mesh.points[:, 2].max())
        if off > 0.35 or low < -0.1 or high > 2.3:
            message = f"{off:.2f} m off the body's axis, from {low:.2f} to {high:.2f} m high; needed on the body"
            yield Defect(message, f"sizes/{size}", off, {"size": size})


def has_near_shells(subject: Subject) -> Iterator[Defect | Measured]:
    """Inner shells that lie far from the outer one they belong to."""
    for size, inner, depth in _shells(subject):
        most = subject.budgets.shell_distance
        bad = inner[~(np.abs(depth) <= most)]
        message = f"points of the inner shell lie further than {1e3 * most:g} mm from the outer one"
        one = f"point of the inner shell lies further than {1e3 * most:g} mm from the outer one"
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size, kind="vertices")
        yield Measured(1e3 * float(np.median(np.abs(depth))), "mm", f"sizes/{size}")


def has_its_inner_shell_inside(subject: Subject) -> Iterator[Defect]:
    """Inner shells that lie outside the outer one."""
    for size, inner, depth in _shells(subject):
        bad = inner[depth > POKES]
        if len(bad) > MOSTLY * len(inner):
            where = f"of {len(inner)} points of the inner shell"
            message, one = f"{where} lie outside the outer one", f"{where} lies outside the outer one"
            yield from counted(bad, message, f"sizes/{size}", one=one, size=size, kind="vertices")


def _shells(subject: Subject) -> Iterator[tuple[str, NDArray[np.int64], NDArray[np.float32]]]:
    """Yield size, the points of the inner shell, and how far each lies outside the outer one [m]."""
    found = False
    for size, mesh in subject.meshes.items():
        inner = np.flatnonzero(inner_points(mesh))
        if len(inner):
            found = True
            outer = Surface(mesh.points, outer_faces(mesh), sign="normal")
            yield size, inner, outer.signed_distance(mesh.points[inner])
    if not found:
        raise NotTestableError("the cloth has one layer")


def _boxes(mesh: GarmentMesh, pieces: NDArray[np.int32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least and the largest coordinates of each piece, [P, 3] twice [m]."""
    count = int(pieces.max(initial=-1)) + 1
    low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    corners = mesh.points[mesh.faces]
    np.minimum.at(low, pieces, corners.min(axis=1))
    np.maximum.at(high, pieces, corners.max(axis=1))
    return low, high


def _rigid(mesh: GarmentMesh) -> NDArray[np.bool_]:
    if mesh.part_ids is None:
        return np.zeros(len(mesh.faces), np.bool_)
    return np.asarray(np.array([part.rigid for part in mesh.parts], np.bool_)[mesh.part_ids])


RULES = (
    Rule("DF-MESH-006", "mesh.openings", Severity.ERROR, ("mesh", "manifest"),
         "open neck, hem and cuffs, or state another --category", has_its_openings),
    Rule("DF-MESH-007", "mesh.scale", Severity.ERROR, ("mesh", "manifest"),
         "state the units: garment import --units cm", has_the_scale_of_its_category),
    Rule("DF-MESH-008", "mesh.budget", Severity.WARNING, ("mesh",),
         "run dressform garment clean DRAFT --triangles N, or decimate the source", keeps_the_budget),
    Rule("DF-MESH-009", "mesh.placed", Severity.ERROR, ("placed",),
         "run dressform garment place", is_on_the_body),
    Rule("DF-MESH-018", "mesh.pieces", Severity.WARNING, ("mesh",),
         "join the panels in a 3D tool, or run dressform garment clean DRAFT --sew 0.001", has_few_pieces),
    Rule("DF-MESH-019", "mesh.debris", Severity.WARNING, ("mesh",),
         "delete the loose triangles in a 3D tool and import again", has_no_debris),
    Rule("DF-MESH-020", "mesh.stray", Severity.ERROR, ("mesh", "manifest"),
         "delete the stray piece in a 3D tool and import again, or state another --category", has_no_stray_pieces),
    Rule("DF-MESH-021", "mesh.hole", Severity.WARNING, ("mesh",),
         "fill the hole in a 3D tool and import again", has_no_holes),
    Rule("DF-MESH-022", "mesh.shell-distance", Severity.WARNING, ("mesh",),
         "bring lining and hems close under the cloth in a 3D tool, or give them as cloth", has_near_shells),
    Rule("DF-MESH-023", "mesh.shell-order", Severity.ERROR, ("mesh",),
         "move the inner shell under the outer one in a 3D tool and import again", has_its_inner_shell_inside),
)  # fmt: skip
