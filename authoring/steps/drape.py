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
from dressform.authoring.simulate.cloth import Cloth, check_physics
from dressform.authoring.simulate.drape_picture import drape_picture
from dressform.authoring.simulate.fall import DrapeOptions, Piece, let_fall
from dressform.authoring.simulate.figures import openings
from dressform.authoring.simulate.parts import Trims, hanging_faces, laid_flat
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.garment.waistband import top_border
from dressform.runtime.geometry.adjacency import components
from dressform.schemas.errors import AssetError, InputError, UsageError
from dressform.schemas.progress import Progress, silent

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
    check_physics(physics, str(draft.folder))
    mesh, rest = draft.mesh, canonical_rest()
    cloth = mesh.faces[hanging_faces(mesh, name=str(draft.folder))]
    kept = np.unique(cloth).astype(np.intp)
    number = np.full(len(mesh.points), -1, np.int32)
    number[kept] = np.arange(len(kept))
    faces, start = number[cloth], mesh.points[kept].astype(np.float64)
    held = top_border(start, faces) if options.hold == "top" else np.zeros(0, np.intp)
    if options.hold == "top" and not len(held):
        raise InputError(f"{draft.folder}: there is no opening to hold; drape it with `--hold none`")
    piece = Piece(
        corners=laid_flat(start, faces),
        faces=faces,
        start=start,
        cloths=(Cloth.of(physics),),
        cloth_of=np.zeros(len(faces), np.int32),
        borders=openings(faces),
        held=held,
        heights=start[held, 2],
    )
    picture = draft.folder / "drape_failed.png"
    settings = DrapeOptions(frames=options.frames, symmetric=False)
    fallen = let_fall(piece, rest, settings, name=str(draft.folder), picture=picture, progress=progress)
    points = mesh.points.astype(np.float64)
    points[kept] = fallen.points
    moved = replace(mesh, points=Trims.of(mesh, cloth, _rigid_pieces(mesh, kept)).followed(points))
    files: dict[str, Any] = {"drape.png": drape_picture(moved.points, mesh.faces, rest), "drape_failed.png": None}
    seconds = time.perf_counter() - begun
    return draft.commit_step("drape", asdict(options), fallen.report, mesh=moved, files=files, seconds=seconds)


def _rigid_pieces(mesh: GarmentMesh, simulated: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Return the points of each button or buckle, without those that are simulated."""
    if mesh.part_ids is None:
        return []
    _, label = components(mesh.faces, len(mesh.points))
    label[simulated] = -1
    rigid = np.array([part.rigid for part in mesh.parts])[mesh.part_ids]
    return [np.flatnonzero(label == piece) for piece in np.unique(label[mesh.faces[rigid]]) if piece >= 0]
