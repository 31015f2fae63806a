"""How close levels of detail stay to their garments, and how long a million triangles take to clean."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.models import model_path
from dressform.authoring.steps._lod_mesh import compare_level, make_levels
from dressform.authoring.steps.clean import clean_mesh
from dressform.authoring.steps.import_mesh import ImportOptions, read_mesh
from dressform.authoring.steps.lod import LodOptions
from dressform.authoring.wardrobe import MESH_SOURCE

GARMENTS = Path(__file__).parents[2] / "shared" / "garments"  # CC0 clothes for trials, beside the repository


def run() -> dict[str, Any]:
    """Make the levels of the shirt and, where they are there, of the MakeHuman garments, before any atlas."""
    sources = {"tee": (model_path(MESH_SOURCE), ImportOptions(category="tee"))}
    for path in sorted(GARMENTS.glob("*/*.obj")):
        sources[path.stem] = (path, ImportOptions())
    garments = {}
    for name, (path, options) in sources.items():
        imported = read_mesh(path, options)
        mesh, report = clean_mesh(imported.mesh, category=imported.category.value)
        start = time.perf_counter()
        levels = make_levels(mesh, LodOptions().ratios)
        seconds = time.perf_counter() - start
        figures = [compare_level(mesh, level) for level in levels]
        garments[name] = {
            "triangles": [report.triangles, *(each.triangles for each in figures)],
            "hausdorff_mm": [each.hausdorff_mm for each in figures],
            "mean_mm": [each.mean_mm for each in figures],
            "openings_mm": [each.openings_mm for each in figures],
            "flipped_uv": sum(each.flipped_uv for each in figures),
            "seconds": round(seconds, 2),
        }
    return {"garments": garments, "clean_million": _million()}


def _million() -> dict[str, float]:
    """Clean a tube of a million triangles; CPU seconds, since the clock on the wall depends on who else works here."""
    around, rings = 1000, 501
    angle = 2 * np.pi * np.arange(around) / around
    grid = np.arange(rings * around).reshape(rings, around)
    right = np.roll(grid, -1, axis=1)
    a, b, c, d = grid[:-1], right[:-1], right[1:], grid[1:]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    columns = (np.tile(0.2 * np.cos(angle), rings), np.tile(0.15 * np.sin(angle), rings))
    points = np.stack([*columns, np.repeat(np.linspace(0, 0.7, rings), around)], axis=1).astype(np.float32)
    ids = np.zeros(len(faces), np.int32)
    mesh = GarmentMesh(points, faces.astype(np.int32), None, None, None, None, (Material(),), ids)
    wall, busy = time.perf_counter(), time.process_time()
    clean_mesh(mesh)
    return {
        "triangles": len(faces),
        "seconds": round(time.perf_counter() - wall, 1),
        "cpu_seconds": round(time.process_time() - busy, 1),
    }
