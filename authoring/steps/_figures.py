"""Figures of a mesh for template.json."""

from __future__ import annotations

from typing import Any

from dressform.assets.files.garment import GarmentMesh


def mesh_figures(mesh: GarmentMesh) -> dict[str, Any]:
    """Return what template.json says of a mesh."""
    return {
        "points": len(mesh.points),
        "triangles": len(mesh.faces),
        "materials": [material.name for material in mesh.materials],
    }
