"""The reference solver behind the same interface."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.authoring.simulate.cloth import Cloth
from dressform.authoring.simulate.parts import laid_flat
from dressform.authoring.simulate.vbd import Simulation

from .test_style3d import FLOOR, FLOOR_FACES, sheet


def test_cloth_comes_to_lie_on_a_body() -> None:
    points, faces = sheet(0.03, cells=4)
    lying = Simulation(laid_flat(points, faces), faces, points, FLOOR, FLOOR_FACES, [Cloth.of(None)])
    for _ in range(30):
        lying.step(damping=0.2)
    assert lying.points[:, 2].min() > 0.001
    assert lying.points[:, 2].max() < 0.008


def test_hanging_cloth_keeps_its_size() -> None:
    points, faces = sheet(0.5, cells=4)
    hanging = Simulation(laid_flat(points, faces), faces, points, FLOOR, FLOOR_FACES, [Cloth.of(None)])
    edge = np.flatnonzero(points[:, 1] > 0.099)
    hanging.hold(edge, np.full(len(edge), 0.5))
    for _ in range(30):
        hanging.step(damping=0.1)
    sides = [np.linalg.norm(p[faces] - p[np.roll(faces, 1, axis=1)], axis=2) for p in (points, hanging.points)]
    assert sides[1] == pytest.approx(sides[0], rel=0.03)
    assert hanging.points[:, 2].min() < 0.45
