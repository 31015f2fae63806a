"""Lod: coarser meshes of a garment for small pictures and slow machines, with its UVs, seams, borders and rig."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.glb import glb_bytes
from dressform.assets.files.lod import lod_rig, plain_materials
from dressform.authoring.draft import Draft
from dressform.runtime.body.canonical import canonical_rest
from dressform.schemas.errors import UsageError
from dressform.schemas.progress import Progress, silent

from ._lod_mesh import Level, LevelFigures, compare_level, make_levels
from ._lod_picture import level_picture
from .rig import skeleton_of


@dataclass(frozen=True)
class LodOptions:
    """Which levels there are beside the garment itself.

    Attributes:
        ratios: Triangles of each level over the garment's, descending, in (0, 1).
    """

    ratios: Sequence[float] = (0.5, 0.2)

    def __post_init__(self) -> None:
        falling = all(a > b for a, b in itertools.pairwise(self.ratios))
        if not self.ratios or len(self.ratios) > 4 or not falling or not all(0.01 <= r < 1 for r in self.ratios):
            given = ",".join(f"{ratio:g}" for ratio in self.ratios) or "none"
            raise UsageError(f"--ratios {given} must be one to four falling numbers from 0.01 to below 1, e.g. 0.5,0.2")


def lod(draft: Draft, options: LodOptions = LodOptions(), progress: Progress = silent) -> Draft:
    """Make a draft's levels of detail: `sizes/M/lod1.glb` and so on, and `lod.png`.

    The default size's decide which points stay; the further sizes keep the same.
    """
    start = time.perf_counter()
    progress(0.0, "making levels of detail")
    mesh = draft.mesh
    levels = make_levels(mesh, options.ratios)
    progress(0.6, "comparing them with the garment")
    figures = [compare_level(mesh, level) for level in levels]
    files: dict[str, bytes | None] = dict.fromkeys(_levels_before(draft))
    sizes = {}
    for size, entry in draft.manifest["sizes"].items():
        paths = [f"sizes/{size}/lod{number}.glb" for number in range(1, len(levels) + 1)]
        points = draft.mesh_of(size).points
        files |= {path: _file(draft, level, points) for path, level in zip(paths, levels, strict=True)}
        sizes[size] = {**entry, "lods": paths}
    files["lod.png"] = level_picture([mesh, *(level.mesh for level in levels)])
    done = draft.commit_step(
        "lod",
        {"ratios": list(options.ratios)},
        {"triangles": len(mesh.faces), "points": len(mesh.points), "levels": [_record(f) for f in figures]},
        manifest={"sizes": sizes},
        files=files,
        seconds=time.perf_counter() - start,
    )
    progress(1.0, "levels of detail made")
    return done


def _file(draft: Draft, level: Level, points: NDArray[np.float32]) -> bytes:
    """Return a level's file for a size whose garment has these points [V, 3]."""
    mesh = plain_materials(replace(level.mesh, points=points[level.points]))
    if not draft.has("rig"):
        return glb_bytes(mesh)
    return glb_bytes(mesh, lod_rig(draft.rig, level.points), skeleton_of(canonical_rest()))


def _levels_before(draft: Draft) -> list[str]:
    """Return the level files of an earlier run."""
    return [path.relative_to(draft.folder).as_posix() for path in draft.folder.glob("sizes/*/lod*.glb")]


def _record(figures: LevelFigures) -> dict[str, Any]:
    return asdict(figures)
