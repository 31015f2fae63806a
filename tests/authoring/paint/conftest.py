from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.authoring.patterns.pattern import Edge, EdgeRef, Mark, Panel, Pattern, Placement, Seam, SeamFinish

WIDTH, HEIGHT, SHEET, STEP = 0.10, 0.20, 0.30, 0.02
TURN = 0.02
Toy = Callable[..., FlatMesh]


def _panel(name: str, slot: str, angle: float, turn: float, marks: Sequence[Mark]) -> Panel:
    x = WIDTH / 2
    corners = [(-x, 0.0), (x, 0.0), (x, HEIGHT), (-x, HEIGHT), (-x, 0.0)]
    edges = []
    for k, side in enumerate(("hem", "right", "top", "left")):
        count = round(np.hypot(*(np.subtract(corners[k + 1], corners[k]))) / 0.005) + 1
        points = np.linspace(corners[k], corners[k + 1], count)
        edges.append(Edge(side, points, turn=turn if side == "hem" else 0.0))
    return Panel(name, tuple(edges), Placement("torso", angle, 0.8), slot, tuple(marks))


def _toy(finish: SeamFinish = "plain", marks: Sequence[Mark] = (), slot: str = "main", turn: float = TURN) -> FlatMesh:
    """Return two panels of 10 x 20 cm, sewn along one upright side, hemmed, on a sheet of 30 cm."""
    panels = (_panel("front", "main", 0.0, turn, marks), _panel("back", slot, np.pi, turn, ()))
    seam = Seam((EdgeRef("front", "right"),), (EdgeRef("back", "left"),), finish=finish)
    pattern = Pattern("toy", "top", "M", {}, {}, panels, (seam,))
    across, up = round(WIDTH / STEP) + 1, round(HEIGHT / STEP) + 1
    grid = np.stack(np.meshgrid(np.linspace(-WIDTH / 2, WIDTH / 2, across), np.linspace(0, HEIGHT, up)), axis=-1)
    number = np.arange(across * up).reshape(up, across)
    quads = np.stack([number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]], axis=-1).reshape(-1, 4)
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    count = across * up
    flat = np.concatenate([grid.reshape(-1, 2)] * 2)
    ids = np.repeat([0, 1], count).astype(np.int32)
    root = np.arange(2 * count)
    root[number[:, 0] + count] = number[:, -1]
    points = np.unique(root, return_inverse=True)[1].astype(np.int32)
    offsets = np.array([[0.04 + WIDTH / 2, 0.05], [0.10 + 1.5 * WIDTH - 0.02, 0.05]])
    rims = {"hem": number[0], "right": number[:, -1], "top": number[-1, ::-1], "left": number[::-1, 0]}
    edges = {
        (panel.name, side): (rim + k * count).astype(np.int32)
        for k, panel in enumerate(panels)
        for side, rim in rims.items()
    }
    layout = ((flat + offsets[ids]) / SHEET).astype(np.float32)
    all_faces = np.concatenate([faces, faces + count]).astype(np.int32)
    face_panels = np.repeat([0, 1], len(faces)).astype(np.int32)
    return FlatMesh(pattern, flat, ids, all_faces, face_panels, points, layout, SHEET, edges)


@pytest.fixture
def toy() -> Toy:
    """A maker of small flat meshes: finish, marks of the front, slot of the back, width of the hems' turn."""
    return _toy
