"""Clean: a sound surface, welded, manifold and facing outward; every change is counted and nothing vanishes unsaid."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.authoring.draft import Draft
from dressform.runtime.geometry.adjacency import boundary_loops, components
from dressform.schemas.errors import InputError, UsageError
from dressform.schemas.progress import Progress, silent

from ._surface import (
    Surface,
    altitudes,
    collapsed_short_edges,
    doubled_pieces,
    flip_slivers,
    make_manifold,
    orient,
    repeated,
    welded_borders,
)

_LISTED = 40  # pieces named in the report, largest first


@dataclass(frozen=True)
class CleanOptions:
    """How far repairs may go.

    Attributes:
        weld: Border points closer than this become one [m].
        thinnest: Triangles with a smaller altitude are taken for modelling debris [m].
    """

    weld: float = 1e-5
    thinnest: float = 1e-5

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not 0 <= value <= 0.01:
                raise UsageError(f"--{name} {value:g} must be between 0 and 0.01 m")


@dataclass(frozen=True)
class CleanReport:
    """What was found and changed; counts unless a unit says otherwise.

    Attributes:
        points_welded: Border points joined with another.
        points_collapsed: Points joined because their edge was too short.
        degenerate_faces: Triangles removed that had no area.
        duplicate_faces: Triangles removed that lay on another one.
        slivers_turned: Thin triangles given to a neighbour by turning an edge.
        slivers_dropped: Thin triangles removed at a border.
        nonmanifold_edges: Edges where three or more faces met.
        points_split: Points doubled to part the surface there.
        faces_turned: Triangles turned to agree with their neighbours.
        pieces_turned: Pieces turned outward as a whole.
        unused_points: Points removed that no triangle used.
        vertices: Points now.
        triangles: Triangles now.
        openings: Border loops now.
        pieces: Connected pieces, largest first: material, triangles, area_m2, center, openings.
        piece_count: How many pieces there are; none is removed.
    """

    points_welded: int
    points_collapsed: int
    degenerate_faces: int
    duplicate_faces: int
    slivers_turned: int
    slivers_dropped: int
    nonmanifold_edges: int
    points_split: int
    faces_turned: int
    pieces_turned: int
    unused_points: int
    vertices: int
    triangles: int
    openings: int
    pieces: tuple[dict[str, Any], ...]
    piece_count: int

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def clean_mesh(mesh: GarmentMesh, options: CleanOptions = CleanOptions()) -> tuple[GarmentMesh, CleanReport]:
    """Repair a mesh; points keep their places, UVs and materials stay with their faces."""
    sets = ((mesh.uv0, mesh.uv0_faces), (mesh.uv1, mesh.uv1_faces))
    surface = Surface(
        mesh.points.astype(np.float64),
        mesh.faces.astype(np.int64),
        [(uv.astype(np.float64), f.astype(np.int64)) for uv, f in sets if uv is not None and f is not None],
        np.arange(len(mesh.faces)),
    )
    degenerate = surface.keep_faces(~_repeats(surface.faces))
    _need_faces(surface)
    duplicate = surface.keep_faces(~doubled_pieces(surface.points, surface.faces))
    used_before = len(np.unique(surface.faces))
    target = welded_borders(surface.points, surface.faces, options.weld)
    surface.faces = target[surface.faces]
    welded = used_before - len(np.unique(surface.faces))
    degenerate += surface.keep_faces(~_repeats(surface.faces))
    duplicate += surface.keep_faces(~repeated(surface.faces))
    _need_faces(surface)
    surface.faces = collapsed_short_edges(surface.points, surface.faces, options.thinnest)[surface.faces]
    collapsed = used_before - welded - len(np.unique(surface.faces))
    degenerate += surface.keep_faces(~_repeats(surface.faces))
    turned, dropped = flip_slivers(surface, options.thinnest)
    degenerate += surface.keep_faces(altitudes(surface.points, surface.faces) > 0)
    _need_faces(surface)
    nonmanifold, split = make_manifold(surface)
    faces_turned, pieces_turned = orient(surface)
    cleaned = _packed(surface, mesh)
    pieces = _pieces(cleaned)
    report = CleanReport(
        points_welded=welded,
        points_collapsed=collapsed,
        degenerate_faces=degenerate,
        duplicate_faces=duplicate,
        slivers_turned=turned,
        slivers_dropped=dropped,
        nonmanifold_edges=nonmanifold,
        points_split=split,
        faces_turned=faces_turned,
        pieces_turned=pieces_turned,
        unused_points=len(mesh.points) - len(np.unique(mesh.faces)),
        vertices=len(cleaned.points),
        triangles=len(cleaned.faces),
        openings=len(boundary_loops(cleaned.faces)),
        pieces=tuple(pieces[:_LISTED]),
        piece_count=len(pieces),
    )
    return cleaned, report


def clean(draft: Draft, options: CleanOptions = CleanOptions(), progress: Progress = silent) -> Draft:
    """Clean a draft's mesh."""
    start = time.perf_counter()
    progress(0.0, "cleaning the mesh")
    try:
        mesh, report = clean_mesh(draft.mesh, options)
    except InputError as error:
        raise InputError(f"{draft.folder}: {error}") from None
    done = draft.commit_step("clean", asdict(options), report.to_json(), mesh=mesh, seconds=time.perf_counter() - start)
    progress(1.0, "cleaned")
    return done


def _repeats(faces: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray((faces == np.roll(faces, 1, axis=1)).any(axis=1))


def _need_faces(surface: Surface) -> None:
    if not len(surface.faces):
        raise InputError("no triangle with area is left after cleaning; check the units and export the mesh again")


def _packed(surface: Surface, mesh: GarmentMesh) -> GarmentMesh:
    """Number points and UVs without gaps, in their old order."""
    used, faces = np.unique(surface.faces, return_inverse=True)
    packed = []
    for uv, uv_faces in surface.uvs:
        used_uv, new_faces = np.unique(uv_faces, return_inverse=True)
        packed.append((uv[used_uv].astype(np.float32), new_faces.reshape(-1, 3).astype(np.int32)))
    has_uv0 = mesh.uv0 is not None
    uv0 = packed[0] if has_uv0 else (None, None)
    uv1 = packed[-1] if mesh.uv1 is not None else (None, None)
    return GarmentMesh(
        points=surface.points[used].astype(np.float32),
        faces=faces.reshape(-1, 3).astype(np.int32),
        uv0=uv0[0],
        uv0_faces=uv0[1],
        uv1=uv1[0],
        uv1_faces=uv1[1],
        materials=mesh.materials,
        material_ids=mesh.material_ids[surface.origin].astype(np.int32),
    )


def _pieces(mesh: GarmentMesh) -> list[dict[str, Any]]:
    """Describe the connected pieces, largest first."""
    count, label = components(mesh.faces, len(mesh.points))
    corners = mesh.points[mesh.faces].astype(np.float64)
    areas = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    found = []
    for k in range(count):
        own = label[mesh.faces[:, 0]] == k
        material = mesh.materials[int(np.bincount(mesh.material_ids[own]).argmax())]
        found.append(
            {
                "material": material.name,
                "triangles": int(own.sum()),
                "area_m2": round(float(areas[own].sum()), 6),
                "center": [round(float(x), 4) for x in corners[own].mean(axis=(0, 1))],
                "openings": len(boundary_loops(mesh.faces[own])),
            }
        )
    return sorted(found, key=lambda piece: -float(piece["area_m2"]))
