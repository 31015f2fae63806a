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
from dressform.runtime.geometry.crossings import crossing_faces
from dressform.schemas.errors import InputError, UsageError
from dressform.schemas.progress import Progress, silent

from ._clean_mesh import AMPLE, LARGE, packed, surface_of, with_parts
from ._lod_mesh import coarser
from ._sew import count_seams, sewn_borders, welded_borders
from ._surface import (
    Surface,
    altitudes,
    collapsed_short_edges,
    doubled_pieces,
    flip_slivers,
    make_manifold,
    orient,
    repeated,
)

LEAST = 500  # triangles that still make a garment
SOLID = ("hat", "shoes", "socks", "gloves", "accessory")  # what may be modelled without a way in
_LISTED = 60  # pieces named in the report, largest first


@dataclass(frozen=True)
class CleanOptions:
    """How far repairs may go.

    Attributes:
        weld: Border points closer than this become one [m].
        thinnest: Triangles with a smaller altitude are taken for modelling debris [m].
        sew: Border edges of two panels that run along each other this close become a seam [m]; 0 leaves them.
        triangles: Collapse a mesh of more to so many, 0 for never; None collapses what has more than `LARGE`, to
            `AMPLE`.
    """

    weld: float = 1e-5
    thinnest: float = 1e-5
    sew: float = 3e-4
    triangles: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("weld", self.weld), ("thinnest", self.thinnest), ("sew", self.sew)):
            if not 0 <= value <= 0.01:
                raise UsageError(f"--{name} {value:g} must be between 0 and 0.01 m")
        if self.triangles is not None and not (self.triangles == 0 or self.triangles >= LEAST):
            raise UsageError(f"--triangles {self.triangles} must be at least {LEAST}, or 0 to keep them all")

    def most(self, count: int) -> int | None:
        """Return how many triangles a mesh of `count` is collapsed to, or None when it stays."""
        wanted = self.triangles if self.triangles is not None else AMPLE if count > LARGE else 0
        return wanted if 0 < wanted < count else None


@dataclass(frozen=True)
class CleanReport:
    """What was found and changed; counts unless a unit says otherwise.

    Attributes:
        points_welded: Border points joined with another.
        seams_sewn: Seams that this closed between panels.
        seam_length_m: Their length [m].
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
        triangles_collapsed: Triangles that a mesh with far too many lost.
        collapse_mm: How far the surface moved by that at most [mm].
        polygons_broken: The artist's polygons that a repair cut into triangles.
        self_intersections: Triangles that go through others; they are left as they are.
        thick_pieces: Pieces, or pairs of them, that are an outer and an inner shell.
        thickness_mm: Mean distance between those shells [mm]; 0 for cloth of one layer.
        vertices: Points now.
        triangles: Triangles now.
        openings: Border loops now.
        polygons: The artist's polygons now; 0 when all were triangles.
        pieces: Connected pieces, largest first: name and how it was found, rigid, inner, material, triangles, area_m2,
            center, openings.
        piece_count: How many pieces there are; none is removed.
        notes: What an artist should know.
    """

    points_welded: int
    seams_sewn: int
    seam_length_m: float
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
    triangles_collapsed: int
    collapse_mm: float
    polygons_broken: int
    self_intersections: int
    thick_pieces: int
    thickness_mm: float
    vertices: int
    triangles: int
    openings: int
    polygons: int
    pieces: tuple[dict[str, Any], ...]
    piece_count: int
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def clean_mesh(
    mesh: GarmentMesh, options: CleanOptions = CleanOptions(), category: str | None = None
) -> tuple[GarmentMesh, CleanReport]:
    """Repair a mesh; points keep their places, and all that faces and corners carry stays with them.

    Args:
        mesh: As it was read.
        options: See there.
        category: The kind of garment, which helps to name its pieces.
    """
    surface = surface_of(mesh)
    degenerate = surface.keep_faces(~_repeats(surface.faces))
    _need_faces(surface)
    duplicate = surface.keep_faces(~doubled_pieces(surface.points, surface.faces))
    used_before = _used(surface.faces)
    seams, seam_length = _weld(surface, options)
    welded = used_before - _used(surface.faces)
    degenerate += surface.keep_faces(~_repeats(surface.faces))
    duplicate += surface.keep_faces(~repeated(surface.faces))
    _need_faces(surface)
    surface.faces = collapsed_short_edges(surface.points, surface.faces, options.thinnest)[surface.faces]
    collapsed = used_before - welded - _used(surface.faces)
    degenerate += surface.keep_faces(~_repeats(surface.faces))
    turned, dropped = flip_slivers(surface, options.thinnest)
    degenerate += surface.keep_faces(altitudes(surface.points, surface.faces) > 0)
    _need_faces(surface)
    nonmanifold, split = make_manifold(surface)
    faces_turned, pieces_turned = orient(surface)
    cleaned, broken = packed(surface, mesh)
    before, most, moved = len(cleaned.faces), options.most(len(cleaned.faces)), 0.0
    if most is not None:
        cleaned, moved = coarser(cleaned, most)
    cleaned, pieces, shells = with_parts(cleaned, category)
    if not shells.pairs and category not in SOLID:
        _need_opening(cleaned.faces, category or "garment")
    crossing = int(crossing_faces(cleaned.points, cleaned.faces).sum())
    report = CleanReport(
        points_welded=welded,
        seams_sewn=seams,
        seam_length_m=round(seam_length, 4),
        points_collapsed=collapsed,
        degenerate_faces=degenerate,
        duplicate_faces=duplicate,
        slivers_turned=turned,
        slivers_dropped=dropped,
        nonmanifold_edges=nonmanifold,
        points_split=split,
        faces_turned=faces_turned,
        pieces_turned=pieces_turned,
        unused_points=len(mesh.points) - _used(mesh.faces),
        triangles_collapsed=before - len(cleaned.faces),
        collapse_mm=round(1e3 * moved, 3),
        polygons_broken=broken,
        self_intersections=crossing,
        thick_pieces=shells.pairs,
        thickness_mm=round(1e3 * shells.thickness, 3),
        vertices=len(cleaned.points),
        triangles=len(cleaned.faces),
        openings=len(boundary_loops(cleaned.faces)),
        polygons=0 if cleaned.polygons is None else int(cleaned.polygons.max()) + 1,
        pieces=tuple(pieces[:_LISTED]),
        piece_count=len(pieces),
        notes=tuple(_notes(cleaned, crossing, before, moved)),
    )
    return cleaned, report


def _weld(surface: Surface, options: CleanOptions) -> tuple[int, float]:
    """Join borders; returns the seams that this closed between panels, and their length [m]."""
    before = surface.faces
    joined = welded_borders(surface.points, before, options.weld)[before]
    surface.faces = sewn_borders(surface.points, joined, options.sew)[joined]
    return count_seams(before, surface.faces, surface.points)


def _notes(mesh: GarmentMesh, crossing: int, before: int, moved: float) -> list[str]:
    notes = []
    if len(mesh.faces) < before:
        notes.append(
            f"{before:,} triangles are more than cloth needs and became {len(mesh.faces):,}, at most {1e3 * moved:.1f} "
            "mm off; polygons and normals stay in source/; --triangles says another number, 0 for all"
        )
    if len(mesh.faces) > LARGE:
        notes.append(
            f"{len(mesh.faces):,} triangles are more than cloth needs ({LARGE:,}), and every later step takes long: "
            "decimate the mesh in a 3D tool and keep its detail in a normal map"
        )
    if crossing > 0.02 * len(mesh.faces):
        notes.append(
            f"{crossing} triangles go through others; where layers show through each other, part them in a 3D tool"
        )
    return notes


def clean(draft: Draft, options: CleanOptions = CleanOptions(), progress: Progress = silent) -> Draft:
    """Clean a draft's mesh."""
    start = time.perf_counter()
    most = options.most(len(draft.mesh.faces))
    wait = f", {len(draft.mesh.faces):,} triangles become {most:,}: a minute or two" if most is not None else ""
    progress(0.0, f"cleaning the mesh{wait}")
    try:
        mesh, report = clean_mesh(draft.mesh, options, draft.manifest.get("category"))
    except InputError as error:
        raise InputError(f"{draft.folder}: {error}") from None
    stated = {name: value for name, value in asdict(options).items() if value is not None}
    done = draft.commit_step("clean", stated, report.to_json(), mesh=mesh, seconds=time.perf_counter() - start)
    progress(1.0, "cleaned")
    return done


def _used(faces: NDArray[np.integer]) -> int:
    return int(np.count_nonzero(np.bincount(faces.reshape(-1))))


def _repeats(faces: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray((faces == np.roll(faces, 1, axis=1)).any(axis=1))


def _need_faces(surface: Surface) -> None:
    if not len(surface.faces):
        raise InputError("no triangle with area is left after cleaning; check the units and export the mesh again")


def _need_opening(faces: NDArray[np.int32], category: str) -> None:
    """Raise when all pieces are closed like balls: nobody gets into them, and every later step would try to."""
    count = int(faces.max()) + 1
    worn = components(faces, count)[0] - (count - _used(faces))
    # closed triangles have 1.5 edges each, and Euler's characteristic of a ball is 2; thick cloth has tunnels instead
    if not len(boundary_loops(faces)) and _used(faces) - len(faces) // 2 == 2 * worn:
        raise InputError(
            f"its cloth is closed all round, in {'1 piece' if worn == 1 else f'{worn:,} pieces'}; a {category} needs "
            "openings to be worn through: delete the faces that close it, or import it with --category accessory"
        )
