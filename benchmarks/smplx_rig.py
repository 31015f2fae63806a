"""How well and how fast garments get their rig to SMPL-X, on two open stand-ins for the licensed model.

One stand-in is of the canonical body's size, the other taller and heavier, with arms and legs held otherwise and its
joints elsewhere.
"""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import warp as wp

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.rig import Rig
from dressform.authoring.steps._rig_other_body import rig_to_other_body
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.body.smplx_body import load_smplx
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.outfit import Outfit
from dressform.runtime.garment.penetration import NOTHING
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.motion.playback import play
from dressform.runtime.motion.procedural import motion
from dressform.schemas.errors import AssetError

from .wardrobe import WEAR, wardrobe

STANDINS = Path("tests") / "runtime" / "body" / "smplx_standin.py"
FPS, SECONDS, EVERY = 30, 4, 8  # every 8th frame of 4 seconds is measured


def run() -> dict[str, Any]:
    """Rig tee and trousers to both stand-ins and walk them.

    Returns:
        For each body and garment: seconds, growth, strain (95th percentile of |edge / own edge − 1|, and the same
        without the growth), penetrating part before and after the push-out over the catwalk [%].
    """
    library, standins = wardrobe(), _standins()
    meshes = {name: library.resolve(name).mesh() for name in WEAR}
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, write in (("like size", standins.write_standin), ("bigger", standins.write_other_standin)):
            path = Path(folder) / f"{name}.npz"
            write(path)
            rest = load_smplx(path).rest({})
            results[name] = {garment: _rigged(mesh, rest) for garment, mesh in meshes.items()}
    rows = [row for body in results.values() for row in body.values()]
    return {
        "seconds_worst": max(row["seconds"] for row in rows),
        "strain_p95_like_size_worst": max(row["strain_p95"] for row in results["like size"].values()),
        "before_pct": max(row["before_pct"] for row in rows),
        "after_pct": max(row["after_pct"] for row in rows),
        "bodies": results,
    }


def _standins() -> ModuleType:
    """Return the tests' writer of stand-ins; it is in a checkout, not in the package."""
    path = Path(__file__).resolve().parents[1] / STANDINS
    spec = importlib.util.spec_from_file_location("smplx_standin", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise AssetError(f"{path} is not there; run this benchmark from a checkout of the source")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _rigged(mesh: GarmentMesh, rest: RestBody) -> dict[str, float]:
    started = time.perf_counter()
    rig, report = rig_to_other_body(mesh, rest)
    seconds = time.perf_counter() - started
    return {
        "seconds": round(seconds, 1),
        "grown_to": round(report.size, 3),
        "strain_p95": round(report.strain_p95, 4),
        "strain_of_size_p95": round(report.strain_of_size_p95, 4),
        "fitted_penetrating_pct": round(100 * report.penetrating, 3),
        **_walk(mesh, rig, rest, report.size),
    }


def _walk(mesh: GarmentMesh, rig: Rig, rest: RestBody, size: float) -> dict[str, float]:
    outfit = Outfit(rest, [DressedGarment("garment", mesh, rig, 0)])
    out = wp.zeros(sum(outfit.vertex_counts), dtype=wp.vec3)
    before, after = NOTHING, NOTHING
    pairs = edges(mesh.faces).vertices
    own = size * np.linalg.norm(mesh.points[pairs[:, 0]] - mesh.points[pairs[:, 1]], axis=1)
    strains: list[float] = []
    for frame, pose in enumerate(play(motion("catwalk"), rest, FPS, SECONDS)):
        if frame % EVERY:
            continue
        transforms = rest.skin_transforms(pose)
        outfit.pose(transforms, out, push_out=False)
        before = before + outfit.penetration(out.numpy())
        outfit.pose(transforms, out)
        after = after + outfit.penetration(out.numpy())
        points = outfit.split(out.numpy())[1]
        now = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
        strains.append(float(np.quantile(np.abs(now / np.maximum(own, 1e-9) - 1), 0.95)))
    return {
        "walk_strain_of_size_p95": round(_mean(strains), 4),
        "before_pct": round(100 * before.fraction, 3),
        "after_pct": round(100 * after.fraction, 3),
        "after_deepest_mm": round(1e3 * after.deepest, 1),
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
