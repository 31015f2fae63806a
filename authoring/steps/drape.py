"""Drape: the garment settles on the canonical body as its cloth would, with its own mesh as rest shape."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.authoring.draft import Draft
from dressform.authoring.fabrics.fabric import fabric as find_fabric
from dressform.authoring.fabrics.fabric import template_fabric
from dressform.authoring.simulate.cloth import Cloth
from dressform.authoring.simulate.drape_picture import drape_picture
from dressform.authoring.simulate.fall import DrapeOptions, Piece, let_fall
from dressform.authoring.simulate.figures import Opening, openings
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.geometry.adjacency import components
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import face_normals
from dressform.schemas.errors import AssetError, InputError, UsageError
from dressform.schemas.progress import Progress, silent

Points = NDArray[np.float64]
Integers = NDArray[np.int32]

HOLDS = ("none", "top")


@dataclass(frozen=True)
class DrapeStepOptions:
    """How an imported garment is draped.

    Attributes:
        fabric: Name of a fabric of the library, or a file; None takes the draft's own physics, else jersey's.
        hold: "top" keeps the highest opening at its height (a waistband that sits), "none" lets all of it fall.
        frames: Of 1/60 s at most.
    """

    fabric: str | None = None
    hold: str = "none"
    frames: int = DrapeOptions.frames

    def __post_init__(self) -> None:
        if self.hold not in HOLDS:
            raise UsageError(f"--hold {self.hold!r} must be one of {', '.join(HOLDS)}")
        DrapeOptions(frames=self.frames)


def drape_draft(draft: Draft, options: DrapeStepOptions | None = None, progress: Progress = silent) -> Draft:
    """Let a placed garment settle on the canonical body; the draft stays as it was when it cannot be worn so."""
    begun = time.perf_counter()
    options = options or DrapeStepOptions()
    if not draft.has("place"):
        raise AssetError(
            f"{draft.folder}: draping needs a placed garment; run `dressform garment place {draft.folder}`"
        )
    if draft.further_sizes:
        raise AssetError(f"{draft.folder} has several sizes, which are draped when `dressform pattern make` makes them")
    physics = draft.manifest.get("fabric")
    if options.fabric is not None:
        physics = template_fabric(find_fabric(options.fabric))
    mesh, rest = draft.mesh, canonical_rest()
    cloth = _cloth_faces(mesh)
    kept = np.unique(cloth).astype(np.intp)
    number = np.full(len(mesh.points), -1, np.int32)
    number[kept] = np.arange(len(kept))
    faces, start = number[cloth], mesh.points[kept].astype(np.float64)
    borders = openings(faces)
    held = _held(borders, start, options.hold, draft)
    piece = Piece(
        corners=laid_flat(start, faces),
        faces=faces,
        start=start,
        cloths=(Cloth.of(physics),),
        cloth_of=np.zeros(len(faces), np.int32),
        borders=borders,
        held=held,
        heights=start[held, 2],
    )
    picture = draft.folder / "drape_failed.png"
    settings = DrapeOptions(frames=options.frames, symmetric=False)
    fallen = let_fall(piece, rest, settings, name=str(draft.folder), picture=picture, progress=progress)
    points = mesh.points.astype(np.float64)
    points[kept] = fallen.points
    loose = np.setdiff1d(np.arange(len(points)), kept)
    points[loose] = _carried(mesh, loose, start, fallen.points, faces)
    files: dict[str, Any] = {"drape.png": drape_picture(points, mesh.faces, rest), "drape_failed.png": None}
    moved = replace(mesh, points=points.astype(np.float32))
    seconds = time.perf_counter() - begun
    return draft.commit_step("drape", asdict(options), fallen.report, mesh=moved, files=files, seconds=seconds)


def laid_flat(points: Points, faces: Integers) -> Points:
    """Return each triangle laid flat at its true size, [F, 3, 2] [m]: first corner at 0, first edge along x."""
    one, two = points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]]
    base = np.maximum(np.linalg.norm(one, axis=1), 1e-9)
    flat = np.zeros((len(faces), 3, 2))
    flat[:, 1, 0] = base
    flat[:, 2, 0] = np.einsum("fk,fk->f", one, two) / base
    flat[:, 2, 1] = np.linalg.norm(np.cross(one, two), axis=1) / base
    return flat


def _cloth_faces(mesh: GarmentMesh) -> Integers:
    """Return the triangles that behave as one layer of cloth: neither buttons nor the inside of thick cloth."""
    if mesh.part_ids is None:
        return mesh.faces
    soft = np.array([not (part.rigid or part.inner) for part in mesh.parts])[mesh.part_ids]
    if not soft.any():
        raise InputError("the garment has no cloth to drape: every part of it is stiff; leave this step out")
    return np.asarray(mesh.faces[soft], np.int32)


def _held(borders: tuple[Opening, ...], start: Points, hold: str, draft: Draft) -> NDArray[np.intp]:
    if hold == "none":
        return np.zeros(0, np.intp)
    if not borders:
        raise InputError(f"{draft.folder}: there is no opening to hold; drape it with `--hold none`")
    return max(borders, key=lambda border: border.height(start)).points


def _carried(mesh: GarmentMesh, loose: NDArray[np.intp], start: Points, end: Points, faces: Integers) -> Points:
    """Return where points that were not simulated [L] go with the cloth beside them; stiff pieces keep their shape."""
    before = mesh.points[loose].astype(np.float64)
    if not len(loose):
        return before
    found = Surface(start, faces, sign="normal").closest(before)
    corners = faces[found.triangles]
    old, new = _frames(start, faces, found.triangles), _frames(end, faces, found.triangles)
    foot = np.einsum("lk,lkc->lc", found.barycentrics, start[corners])
    landed = np.einsum("lk,lkc->lc", found.barycentrics, end[corners])
    after = landed + np.einsum("lij,lkj,lk->li", new, old, before - foot)
    if mesh.part_ids is None:
        return np.asarray(after)
    _, pieces = components(mesh.faces, len(mesh.points))
    rigid = np.array([part.rigid for part in mesh.parts])[mesh.part_ids]
    for piece in np.unique(pieces[mesh.faces[rigid]]):
        chosen = pieces[loose] == piece
        after[chosen] = _as_one(before[chosen], after[chosen])
    return np.asarray(after)


def _frames(points: Points, faces: Integers, triangles: Integers) -> Points:
    """Return an orthonormal frame on each triangle, columns: first edge, across it, normal, [L, 3, 3]."""
    corners = faces[triangles]
    first = points[corners[:, 1]] - points[corners[:, 0]]
    first /= np.maximum(np.linalg.norm(first, axis=1, keepdims=True), 1e-12)
    normal = face_normals(points, corners).astype(np.float64)
    return np.stack([first, np.cross(normal, first), normal], axis=2)


def _as_one(before: Points, after: Points) -> Points:
    """Return points moved by the one rotation and shift that fit their moves best."""
    middle, landed = before.mean(axis=0), after.mean(axis=0)
    u, _, v = np.linalg.svd((after - landed).T @ (before - middle))
    turn = u @ np.diag([1.0, 1.0, np.linalg.det(u @ v)]) @ v
    return np.asarray(landed + (before - middle) @ turn.T)
