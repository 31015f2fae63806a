"""Rules on the garment's surface."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, outer_faces
from dressform.schemas.report import Severity
from dressform.validators.rule import Defect, Measured, Rule, counted
from dressform.validators.subject import Subject

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


def _edges(mesh: GarmentMesh) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the directed edges as one number each, and their reverses, three a triangle in order."""
    a = mesh.faces[:, [0, 1, 2]].ravel().astype(np.int64)
    b = mesh.faces[:, [1, 2, 0]].ravel().astype(np.int64)
    count = len(mesh.points)
    return a * count + b, b * count + a


def _double_area(mesh: GarmentMesh) -> NDArray[np.float64]:
    corners = mesh.points[mesh.faces].astype(np.float64)
    return np.asarray(np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1))


def has_no_degenerate_faces(subject: Subject) -> Iterator[Defect]:
    """Triangles with a repeated corner or without area."""
    for size, mesh in subject.meshes.items():
        bad = np.flatnonzero(~(_double_area(mesh) > 1e-11))
        yield from counted(bad, "triangles have no area", f"sizes/{size}", size=size)


def has_no_duplicate_faces(subject: Subject) -> Iterator[Defect]:
    """Triangles that stand twice, in either winding."""
    for size, mesh in subject.meshes.items():
        _, first, count = np.unique(np.sort(mesh.faces, axis=1), axis=0, return_index=True, return_counts=True)
        bad = np.sort(first[count > 1])
        yield from counted(bad, "triangles stand twice", f"sizes/{size}", size=size)


def has_no_loose_points(subject: Subject) -> Iterator[Defect]:
    """Points that no triangle uses."""
    for size, mesh in subject.meshes.items():
        bad = np.setdiff1d(np.arange(len(mesh.points)), mesh.faces)
        yield from counted(bad, "points belong to no triangle", f"sizes/{size}", size=size, kind="vertices")


def is_oriented(subject: Subject) -> Iterator[Defect]:
    """Edges that both their triangles walk in the same direction."""
    for size, mesh in subject.meshes.items():
        directed, _ = _edges(mesh)
        _, inverse, count = np.unique(directed, return_inverse=True, return_counts=True)
        manifold = ~np.isin(np.arange(len(directed)), _nonmanifold(mesh))
        bad = np.unique(np.flatnonzero((count[inverse] > 1) & manifold) // 3)
        yield from counted(bad, "triangles face against their neighbours", f"sizes/{size}", size=size)


def _nonmanifold(mesh: GarmentMesh) -> NDArray[np.int64]:
    directed, reverse = _edges(mesh)
    _, inverse, count = np.unique(np.minimum(directed, reverse), return_inverse=True, return_counts=True)
    return np.flatnonzero(count[inverse] > 2)


def is_manifold(subject: Subject) -> Iterator[Defect]:
    """Triangles at edges that three or more share."""
    for size, mesh in subject.meshes.items():
        bad = np.unique(_nonmanifold(mesh) // 3)
        yield from counted(bad, "triangles meet at edges of three or more", f"sizes/{size}", size=size)


def has_its_openings(subject: Subject) -> Iterator[Defect]:
    """When a garment has fewer boundary loops than its category needs to be put on."""
    needed = CATEGORIES.get(str(subject.manifest.get("category")), (0.0, np.inf, 0))[2]
    for size, mesh in subject.meshes.items():
        found = _boundary_loops(replace(mesh, faces=outer_faces(mesh)))  # thick cloth is open between its shells
        if found < needed:
            yield Defect(f"{found} openings, a {subject.manifest.get('category')} needs at least {needed}",
                         f"sizes/{size}", found)  # fmt: skip


def _boundary_loops(mesh: GarmentMesh) -> int:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    directed, reverse = _edges(mesh)
    border = directed[~np.isin(directed, reverse)]
    if not len(border):
        return 0
    ends = np.stack([border // len(mesh.points), border % len(mesh.points)])
    used, local = np.unique(ends, return_inverse=True)
    local = local.reshape(2, -1)
    count, _ = connected_components(coo_array((np.ones(local.shape[1]), (local[0], local[1])), (len(used), len(used))))
    return int(count)


def has_the_scale_of_its_category(subject: Subject) -> Iterator[Defect]:
    """Garments that are far too small or large to be worn."""
    low, high, _ = CATEGORIES.get(str(subject.manifest.get("category")), (0.05, 2.2, 1))
    for size, mesh in subject.meshes.items():
        height = float(np.ptp(mesh.points[:, 2])) if len(mesh.points) else 0.0
        if not low <= height <= high:
            yield Defect(f"{height:.3f} m high, needed {low} to {high} m", f"sizes/{size}", height)


def keeps_the_budget(subject: Subject) -> Iterator[Defect | Measured]:
    """Garments with more triangles than the runtime's budget."""
    for size, mesh in subject.meshes.items():
        most = subject.budgets.triangles
        if len(mesh.faces) > most:
            yield Defect(f"{len(mesh.faces)} triangles, at most {most}", f"sizes/{size}", len(mesh.faces))
        yield Measured(len(mesh.faces), "triangles", f"sizes/{size}")


def sizes_share_topology(subject: Subject) -> Iterator[Defect]:
    """Sizes whose triangles or UV sets differ from the first size's."""
    if not subject.sizes:
        return
    first, *others = subject.sizes
    reference = subject.meshes[first]
    for size in others:
        mesh = subject.meshes[size]
        if not np.array_equal(mesh.faces, reference.faces) or len(mesh.points) != len(reference.points):
            yield Defect(f"size {size} has other triangles than size {first}", f"sizes/{size}", place={"size": size})


def is_on_the_body(subject: Subject) -> Iterator[Defect]:
    """Garments that are not where the canonical body stands."""
    for size, mesh in subject.meshes.items():
        if not len(mesh.points) or not np.isfinite(mesh.points).all():
            continue
        middle = (mesh.points.max(axis=0) + mesh.points.min(axis=0)) / 2
        off = float(np.hypot(middle[0], middle[1]))
        low, high = float(mesh.points[:, 2].min()), float(mesh.points[:, 2].max())
        if off > 0.35 or low < -0.1 or high > 2.3:
            message = f"{off:.2f} m off the body's axis, from {low:.2f} to {high:.2f} m high; needed on the body"
            yield Defect(message, f"sizes/{size}", off)


RULES = (
    Rule("DF-MESH-001", "mesh.degenerate", Severity.ERROR, ("mesh",),
         "run dressform garment clean", has_no_degenerate_faces),
    Rule("DF-MESH-002", "mesh.duplicate", Severity.ERROR, ("mesh",),
         "run dressform garment clean", has_no_duplicate_faces),
    Rule("DF-MESH-003", "mesh.loose", Severity.WARNING, ("mesh",),
         "run dressform garment clean", has_no_loose_points),
    Rule("DF-MESH-004", "mesh.orientation", Severity.ERROR, ("mesh",),
         "run dressform garment clean", is_oriented),
    Rule("DF-MESH-005", "mesh.manifold", Severity.ERROR, ("mesh",),
         "split the fins in a 3D tool and import again", is_manifold),
    Rule("DF-MESH-006", "mesh.openings", Severity.ERROR, ("mesh", "manifest"),
         "open neck, hem and cuffs, or state another --category", has_its_openings),
    Rule("DF-MESH-007", "mesh.scale", Severity.ERROR, ("mesh", "manifest"),
         "state the units: garment import --units cm", has_the_scale_of_its_category),
    Rule("DF-MESH-008", "mesh.budget", Severity.WARNING, ("mesh",),
         "decimate the source", keeps_the_budget),
    Rule("DF-MESH-009", "mesh.placed", Severity.ERROR, ("placed",),
         "run dressform garment place", is_on_the_body),
    Rule("DF-SIZES-001", "sizes.topology", Severity.ERROR, ("mesh",),
         "derive every size from one mesh", sizes_share_topology),
)  # fmt: skip
