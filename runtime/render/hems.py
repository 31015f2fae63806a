"""Rounded edges of cloth: how thick they are, and their points in every picture.

Cloth is a sheet of triangles, and a sheet that ends is as thin as paper. Here the end of cloth is rolled over a half
circle as thick as a hem is, and drawn as a curve although the sheet's edges are straight pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.schemas.template import Fabric

from . import _kernels_hems as kernels
from .drawing import Drawing
from .hem_topology import SLOTS, Rims, with_rims
from .scene import Hem, SceneMesh
from .topology import Topology

Corner = NDArray[np.float32]

LAYERS = 3  # of cloth at an edge that is turned in twice
THICKNESS = 0.0015  # [m] of an edge of cloth of which nothing is known
THINNEST, THICKEST = 0.0008, 0.004  # [m] of a rolled edge of chiffon, and of a bound edge of fleece


def hem_thickness(fabric: Fabric | None) -> float:
    """Return how thick the open edges of a sheet of this fabric are [m]: three layers, within what sewing makes."""
    if not fabric or "thickness" not in fabric:
        return THICKNESS
    return float(np.clip(LAYERS * fabric["thickness"], THINNEST, THICKEST))


def with_hems(scene: Sequence[SceneMesh], mesh: GarmentMesh, fabric: Fabric | None = None) -> list[SceneMesh]:
    """Return the scene meshes that `garment_scene` gave, with hems.

    Args:
        scene: One mesh a material.
        mesh: The garment; its parts say which triangles are turned cloth.
        fabric: Physics of its cloth, or None.
    """
    inner = np.zeros(len(mesh.faces), np.bool_)
    if mesh.part_ids is not None:
        inner = np.array([part.inner for part in mesh.parts], np.bool_)[mesh.part_ids]
    parts, thickness = zip(scene, np.unique(mesh.material_ids), strict=True), hem_thickness(fabric)
    return [replace(part, hem=Hem(thickness, mesh.points, inner[mesh.material_ids == own])) for part, own in parts]


def below_cloth(scene: Sequence[SceneMesh]) -> list[SceneMesh]:
    """Return scene meshes with straight hems, as of a garment that another one lies over: curves would come through."""
    return [mesh if mesh.hem is None else replace(mesh, hem=replace(mesh.hem, curved=False)) for mesh in scene]


class Hems:
    """Places the points of hems, from the vertices and normals of a picture; made on the Warp device that draws.

    Args:
        rims: Where they are, or None: there are none.

    Attributes:
        points: How many.
    """

    def __init__(self, rims: Rims | None) -> None:
        self._count = 0 if rims is None else len(rims.columns)
        self.points = self._count * SLOTS
        if rims is not None:
            self._columns = wp.array(rims.columns, dtype=wp.int32)
            self._shares = wp.array(rims.shares, dtype=wp.vec2)
            self._first, self._ends, self._reach = rims.first, rims.columns[:, :2], np.float32(rims.reach)

    def around(self, low: Corner, high: Corner) -> tuple[Corner, Corner]:
        """Return the corners of the box around the points, from those of the box around the vertices [3] [m]."""
        return (low - self._reach, high + self._reach) if self._count else (low, high)

    def marked(self, seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which vertices are seen, of which points are, [P]: with a hem also the ends of its edge."""
        if not self._count:
            return seen
        vertices = seen[: self._first].copy()
        vertices[self._ends[seen[self._first :].reshape(-1, SLOTS).any(axis=1)]] = True
        return vertices

    def place(self, drawing: Drawing) -> None:
        """Put the points of hems, and their normals, after those of a drawing's vertices."""
        if self._count:
            inputs, outputs = (
                [self._columns, self._shares, self._first],
                [drawing.points, drawing.normals, drawing.turns],
            )
            wp.launch(kernels.place_hems, self._count, inputs, outputs=outputs, device=drawing.device)


def add_hems(topology: Topology, meshes: Sequence[SceneMesh]) -> tuple[Topology, Hems]:
    """Return the topology with the hems of these meshes, and what places their points; none of no meshes."""
    whole, rims = with_rims(topology, meshes)
    return whole, Hems(rims)
