"""The garments that ship against their flat panels and the body: stretch, cloth in the body, cloth through cloth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.authoring.patterns.kinds import kind_of
from dressform.authoring.patterns.meshing import mesh_pattern
from dressform.authoring.patterns.recipe import read_recipe, recipe_of
from dressform.authoring.patterns.regrade import regrade
from dressform.authoring.simulate.membrane import Membrane, flat_corners
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.geometry.crossings import crossing_faces
from dressform.runtime.geometry.distance import Surface

from .wardrobe import wardrobe

DEPTH = 0.001  # [m] inside the body that counts as penetrating


def run() -> dict[str, Any]:
    """Cut every recipe's panels anew and compare the shipped cloth with them, size by size."""
    library, rest = wardrobe(), canonical_rest()
    body = Surface(rest.vertices, rest.body.faces)
    result: dict[str, Any] = {}
    worst = {"stretch p95 %": 0.0, "penetrating %": 0.0, "crossing triangles": 0.0}
    for name in library.names():
        kind = kind_of(name)
        recipe = recipe_of(read_recipe(kind.recipe), kind.recipe.parent, name)
        first = mesh_pattern(recipe.patterns[recipe.default_size], recipe.edge_length)
        for size, pattern in recipe.patterns.items():
            flat = first if size == recipe.default_size else regrade(first, pattern)
            points = library.resolve(f"{name}:{size}").mesh().points[: flat.point_count].astype(np.float64)
            figures = _figures(flat, points, body)
            result[f"{name} {size}"] = {key: round(value, 2) for key, value in figures.items()}
            worst = {key: max(worst[key], figures[key]) for key in worst}
    sizes = [version.manifest["files"].values() for version in library.versions()]
    return {
        **result,
        **{f"worst {key}": round(value, 2) for key, value in worst.items()},
        "library MB": round(sum(entry["bytes"] for files in sizes for entry in files) / 1e6, 1),
    }


def _figures(flat: FlatMesh, points: NDArray[np.float64], body: Surface) -> dict[str, float]:
    """Measure one size's cloth, without hems and trims."""
    faces = flat.faces
    strain = Membrane(flat_corners(flat), faces, flat.point_count).strains(points)[:, 0]
    signed = body.signed_distance(np.concatenate([points, points[faces].mean(axis=1)]))
    return {
        "stretch p95 %": 100 * float(np.percentile(strain, 95)),
        "stretch max %": 100 * float(strain.max()),
        "penetrating %": 100 * float((signed < -DEPTH).mean()),
        "crossing triangles": float(crossing_faces(points, faces).sum()),
    }
