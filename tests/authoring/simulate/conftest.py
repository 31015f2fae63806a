"""A sleeveless top of two panels, coarse enough to be simulated in a moment."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.authoring.patterns.meshing import mesh_pattern
from dressform.authoring.patterns.pattern import Edge, EdgeRef, Panel, Pattern, Placement, Seam
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody

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
