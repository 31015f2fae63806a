"""How rigged garments fare over bodies and poses: as weights are carried over, and as the step rig makes them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.rig import Rig
from dressform.assets.models import model_path
from dressform.authoring.build import BuildOptions, build
from dressform.authoring.steps._place_relax import Obstacle, push_out
from dressform.authoring.steps._rig_sweep import pose_sweep
from dressform.authoring.steps._rig_transfer import cloth_joint_map, dense_weights, packed, strongest, transfer_weights
from dressform.authoring.steps.import_mesh import ImportOptions
from dressform.authoring.steps.rig import RigOptions, rig_mesh
from dressform.authoring.wardrobe import MESH_SOURCE
from dressform.runtime.body.canonical import canonical_rest
from dressform.schemas.errors import DressformError

GARMENTS = Path("../shared/garments")
PLACED = ("import", "clean", "place")


def run() -> dict[str, Any]:
    """Rig the T-shirt, the MakeHuman garments where their folder is there, a skirt and a dress; sweep four bodies.

    Returns:
        For each garment: seconds of the rig, and for weights as carried over ("before") and as rigged ("after") the
        stretch p95 over all poses and bodies, with arms up and sitting, the largest stretch, and the percentage of
        points and triangle centres more than 1 mm inside, before and after push-out. The poses are not tuned on.
    """
    figures: dict[str, Any] = {}
    for name, mesh in garments():
        begun = time.perf_counter()
        made, _ = rig_mesh(mesh, canonical_rest(), RigOptions())
        seconds = time.perf_counter() - begun
        figures[name] = {
            "points": len(mesh.points),
            "rig_s": round(seconds, 1),
            "before": _swept(mesh, carried(mesh, made)),
            "after": _swept(mesh, made),
        }
    return figures


def garments() -> Iterator[tuple[str, GarmentMesh]]:
    """Yield the garments, placed on the canonical body."""
    sources = {"tee": model_path(MESH_SOURCE)}
    if GARMENTS.is_dir():
        sources |= {path.stem: path for path in sorted(GARMENTS.glob("*/*.mhclo"))}
    for name, path in sources.items():
        with tempfile.TemporaryDirectory() as folder:
            try:
                built = build(path, Path(folder) / name, BuildOptions(source=ImportOptions(name="it"), steps=PLACED))
            except DressformError:
                continue  # the file is another's to mend: `dressform bench build` says what fails
            yield name, built.draft.mesh
    yield "skirt", tube((1.06, 0.19, 0.15), (0.5, 0.35, 0.31))
    yield (
        "dress",
        tube((1.36, 0.185, 0.145), (1.12, 0.15, 0.125), (1.0, 0.205, 0.16), (0.6, 0.28, 0.25), (0.16, 0.36, 0.34)),
    )


def tube(*rings: tuple[float, float, float], around: int = 80, rows: int = 60) -> GarmentMesh:
    """Return a tube around the canonical body through level ellipses, given from the top as (height, half width, half
    depth) [m], moved out of the skin.
    """
    heights = np.linspace(rings[0][0], rings[-1][0], rows)
    table = np.array(rings)[::-1]
    wide, deep = (np.interp(heights, table[:, 0], table[:, column])[:, None] for column in (1, 2))
    turn = np.linspace(0, 2 * np.pi, around, endpoint=False)
    level = np.broadcast_to(heights[:, None], (rows, around))
    points = np.stack([wide * np.sin(turn), -deep * np.cos(turn), level], axis=-1).reshape(-1, 3)
    ids = np.arange(rows * around).reshape(rows, around)
    a, b, c, d = ids[:-1], ids[1:], np.roll(ids, -1, axis=1)[1:], np.roll(ids, -1, axis=1)[:-1]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    faces = faces.astype(np.int32)
    rest = canonical_rest()
    outside = push_out(points, faces, Obstacle(rest.vertices, rest.body.faces), gap=0.004)
    numbers = np.zeros(len(faces), np.int32)
    return GarmentMesh(outside.astype(np.float32), faces, None, None, None, None, (Material(),), numbers)


def carried(mesh: GarmentMesh, made: Rig) -> Rig:
    """Return the rig with weights as they are carried over from the skin, nothing else."""
    rest = canonical_rest()
    body = rest.body
    skin: NDArray[np.float64] = dense_weights(
        body.joint_indices, body.joint_weights, cloth_joint_map(body.joint_names, body.joint_parents)
    )
    plain = transfer_weights(mesh.points, mesh.faces, rest.vertices, body.faces, skin).weights
    indices, weights = packed(strongest(plain))
    return replace(made, joint_indices=indices, joint_weights=weights)


def _swept(mesh: GarmentMesh, rig: Rig) -> dict[str, float]:
    checks = pose_sweep(mesh, rig, canonical_rest(), quick=True).checks

    def mean(name: str, *poses: str) -> float:
        return float(np.mean([getattr(check, name) for check in checks if not poses or check.pose in poses]))

    return {
        "stretch_p95": round(mean("stretch_p95"), 3),
        "arms_up_p95": round(mean("stretch_p95", "arms_up"), 3),
        "sit_p95": round(mean("stretch_p95", "sit"), 3),
        "largest_mean": round(mean("stretch_max"), 2),
        "largest": round(max(check.stretch_max for check in checks), 2),
        "penetrating_pct": round(100 * mean("penetrating"), 2),
        "penetrating_after_push_out_pct": round(100 * mean("penetrating_after"), 2),
    }
