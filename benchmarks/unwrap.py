"""How well real garments are laid flat, and how fast: charts, stretch, overlaps, use of the square."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.models import model_path
from dressform.authoring.build import BuildOptions, build
from dressform.authoring.steps.unwrap import UnwrapOptions, UnwrapReport, unwrap_mesh
from dressform.authoring.wardrobe import MESH_SOURCE
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.uv_measures import overlapping_triangles

from .build import garment_files

SPEED_TRIANGLES = 20_000


def run() -> dict[str, Any]:
    """Unwrap the shirt, and every .mhclo and .obj below $DRESSFORM_GARMENTS; time a shirt of 20,000 triangles.

    Each garment is laid out as `garment unwrap` does, and once more with `--fresh-atlas`. Overlaps are counted without
    any tolerance.
    """
    shirt, category = _clean(model_path(MESH_SOURCE))
    figures = {"shirt": _figures(shirt, category, fresh=False)}
    for source in garment_files():
        mesh, category = _clean(source)
        for fresh in (False, True):
            figures[f"{source.name}{' fresh' if fresh else ''}"] = _figures(mesh, category, fresh)
    return {**figures, f"speed at {SPEED_TRIANGLES} triangles": _speed(shirt)}


def _clean(source: Path) -> tuple[GarmentMesh, str]:
    """Return a garment as the step finds it, and its category."""
    with tempfile.TemporaryDirectory() as folder:
        draft = build(source, Path(folder) / "draft", BuildOptions(steps=("import", "clean"))).draft
        return draft.mesh, str(draft.manifest["category"])


def _figures(mesh: GarmentMesh, category: str, fresh: bool) -> dict[str, Any]:
    start = time.process_time()
    done, report = unwrap_mesh(mesh, category, UnwrapOptions(fabric=False, fresh=fresh))
    seconds = time.process_time() - start
    assert done.uv1 is not None
    assert done.uv1_faces is not None
    exact = len(overlapping_triangles(done.uv1, done.uv1_faces, touch=0.0))
    return {**_row(report), "overlaps": exact, "triangles": len(mesh.faces), "cpu_s": round(seconds, 2)}


def _row(report: UnwrapReport) -> dict[str, Any]:
    return {
        "uv1": report.uv1,
        "charts": report.cloth_charts,
        "small_charts": report.small_charts,
        "anisotropy": report.anisotropy_mean,
        "anisotropy_p95": report.anisotropy_p95,
        "stretch_l2": report.stretch_l2,
        "stretch_linf": report.stretch_linf,
        "area_spread": report.area_spread,
        "utilisation": report.utilisation,
        "gutter_px_1024": report.gutter_px_1024,
        "flipped": report.flipped,
    }


def _speed(mesh: GarmentMesh) -> dict[str, Any]:
    """Time the atlas and its measures, without fabric and picture, on the shirt refined to 20,000 faces."""
    fine = _refined(mesh, SPEED_TRIANGLES)
    unwrap_mesh(mesh, "tee", UnwrapOptions(fabric=False))  # kernels compile on first use
    wall, cpu = time.perf_counter(), time.process_time()
    _, report = unwrap_mesh(fine, "tee", UnwrapOptions(fabric=False))
    return {
        "triangles": len(fine.faces),
        "wall_s": round(time.perf_counter() - wall, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
        "charts": report.charts,
        "anisotropy": report.anisotropy_mean,
    }


def _refined(mesh: GarmentMesh, count: int) -> GarmentMesh:
    """Return the mesh with edges split in their middles, longest first, until it has `count` faces."""
    points, faces = mesh.points, mesh.faces
    while len(faces) < count:
        found = edges(faces)
        length = np.linalg.norm(points[found.vertices[:, 0]] - points[found.vertices[:, 1]], axis=1)
        longest = found.face_edges[np.arange(len(faces)), length[found.face_edges].argmax(axis=1)]
        agreed = np.bincount(longest, minlength=len(length)) == found.face_counts  # the longest of all its faces
        split = np.flatnonzero(agreed)
        split = split[np.argsort(-length[split])][: max(1, (count - len(faces)) // 2)]
        middle = np.full(len(length), -1)
        middle[split] = len(points) + np.arange(len(split))
        points = np.concatenate([points, points[found.vertices[split]].mean(axis=1)]).astype(np.float32)
        halved = np.flatnonzero(middle[longest] >= 0)
        corner = np.argmax(found.face_edges[halved] == longest[halved, None], axis=1)
        rows = np.arange(len(halved))
        a, b, c = (faces[halved][rows, (corner + k) % 3] for k in range(3))
        m = middle[longest[halved]].astype(faces.dtype)
        rest = np.delete(faces, halved, axis=0)
        faces = np.concatenate([rest, np.stack([a, m, c], axis=1), np.stack([m, b, c], axis=1)])
    ids = np.zeros(len(faces), np.int32)
    return replace(mesh, points=points, faces=faces.astype(np.int32), material_ids=ids, polygons=None, parts=(),
                   part_ids=None, layers=(), morphs=())  # fmt: skip
