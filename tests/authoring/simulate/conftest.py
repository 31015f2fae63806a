"""A sleeveless top of two panels, coarse enough to be simulated in a moment."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.rig import Rig
from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.authoring.patterns.meshing import mesh_pattern
from dressform.authoring.patterns.pattern import Edge, EdgeRef, Panel, Pattern, Placement, Seam
from dressform.authoring.simulate.wearing import Wearing
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.garment.shape_transfer import bind
from dressform.runtime.geometry.distance import Surface

CHEST, LENGTH, HALF_SHOULDER, HALF_NECK = 1.08, 0.60, 0.17, 0.09
EDGE_LENGTH = 0.034


def panel(name: str, angle: float, drop: float, height: float = 1.575) -> Panel:
    flip = np.array([-1.0, 1.0])
    hem, under = np.array([CHEST / 4, -LENGTH]), np.array([CHEST / 4, -0.24])
    tip, neck = np.array([HALF_SHOULDER, -0.05]), np.array([HALF_NECK, 0.0])
    t = np.linspace(0, 1, 40)[:, None]
    armhole = (1 - t) ** 2 * under + 2 * t * (1 - t) * np.array([0.15, -0.22]) + t * t * tip
    scoop = HALF_NECK * np.stack([np.cos(np.pi * t[:, 0]), -drop / HALF_NECK * np.sin(np.pi * t[:, 0])], axis=1)
    lines = {
        "hem": np.stack([hem * flip, hem]),
        "side_left": np.stack([hem, under]),
        "armhole_left": armhole,
        "shoulder_left": np.stack([tip, neck]),
        "neck": scoop,
        "shoulder_right": np.stack([neck, tip]) * flip,
        "armhole_right": armhole[::-1] * flip,
        "side_right": np.stack([under, hem]) * flip,
    }
    edges = tuple(Edge(key, points) for key, points in lines.items())
    return Panel(name, edges, Placement("torso", angle, height))


def top_pattern(front_height: float = 1.575) -> Pattern:
    panels = (panel("front", 0.0, 0.09, front_height), panel("back", np.pi, 0.03))
    seams = tuple(
        Seam((EdgeRef("front", f"{kind}_{side}"),), (EdgeRef("back", f"{kind}_{other}"),))
        for kind in ("side", "shoulder")
        for side, other in (("left", "right"), ("right", "left"))
    )
    return Pattern("top", "top", "M", {}, {}, panels, seams)


@pytest.fixture(scope="session")
def rest() -> RestBody:
    return canonical_rest()


@pytest.fixture(scope="session")
def top() -> FlatMesh:
    return mesh_pattern(top_pattern(), EDGE_LENGTH)


def tube(rest: RestBody, low: float, high: float, rows: int = 7, around: int = 32) -> tuple[GarmentMesh, Rig]:
    """Return a tube of cloth around the trunk between two heights [m], with the body's own weights as its rig."""
    found = Surface(rest.vertices, rest.body.faces)
    ring = np.linspace(0, 2 * np.pi, around, endpoint=False)
    levels = np.linspace(high, low, rows)
    widths = np.linspace(0.185, 0.28, rows)
    grid = [[(w * np.sin(t), 0.02 - 0.8 * w * np.cos(t), z) for t in ring] for w, z in zip(widths, levels, strict=True)]
    points = np.array(grid, np.float32).reshape(-1, 3)
    k = np.arange(rows * around).reshape(rows, around)
    a, b, c, d = k[:-1], np.roll(k, -1, axis=1)[:-1], np.roll(k, -1, axis=1)[1:], k[1:]
    faces = np.concatenate(
        [np.stack([a, d, c], axis=2).reshape(-1, 3), np.stack([a, c, b], axis=2).reshape(-1, 3)]
    ).astype(np.int32)
    nearest = found.closest(points)
    skin = rest.body.faces[nearest.triangles, nearest.barycentrics.argmax(axis=1)]
    binding = bind(points, rest.vertices, rest.body.faces)
    hide = np.zeros(len(rest.body.faces), bool)
    indices, weights = rest.body.joint_indices[skin][:, :8], rest.body.joint_weights[skin][:, :8]
    weights = weights / weights.sum(axis=1, keepdims=True)
    body = rest.body
    rig = Rig(body.family, body.topology_digest, body.joint_names, indices, weights, *binding, hide)
    material_ids = np.zeros(len(faces), np.int32)
    return GarmentMesh(points, faces, None, None, None, None, (Material("main"),), material_ids), rig


@pytest.fixture(scope="session")
def skirt(rest: RestBody) -> Wearing:
    return Wearing.of(*tube(rest, 0.62, 1.06), rest, name="skirt")
