"""The solver behind its small interface."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from dressform.authoring.simulate.cloth import BENDING, DEFAULT, WEIGHT, Cloth
from dressform.authoring.simulate.parts import laid_flat
from dressform.authoring.simulate.solver import FRAME, GRAVITY
from dressform.authoring.simulate.style3d import Simulation
from dressform.schemas.errors import InputError

FLOOR = np.array([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0], [0, 0, -1]])
FLOOR_FACES = np.array([[0, 1, 2], [0, 2, 3], [1, 0, 4], [2, 1, 4], [3, 2, 4], [0, 3, 4]], np.int32)


def sheet(height: float, cells: int = 8, size: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    line = np.linspace(-size / 2, size / 2, cells + 1)
    x, y = np.meshgrid(line, line)
    points = np.stack([x.ravel(), y.ravel(), np.full(x.size, height)], axis=1)
    k = np.arange(x.size).reshape(x.shape)
    a, b, c, d = k[:-1, :-1].ravel(), k[:-1, 1:].ravel(), k[1:, 1:].ravel(), k[1:, :-1].ravel()
    return points, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)


def simulation(height: float) -> Simulation:
    points, faces = sheet(height)
    return Simulation(laid_flat(points, faces), faces, points, FLOOR, FLOOR_FACES, [Cloth.of(None)])


def test_free_cloth_falls_as_bodies_do() -> None:
    falling = simulation(1.0)
    for _ in range(12):
        falling.step()
    fallen = 1.0 - falling.points[:, 2].mean()
    steps, dt = 24, FRAME / 2
    assert fallen == pytest.approx(GRAVITY * dt * dt * steps * (steps + 1) / 2, rel=0.03)
    assert np.ptp(falling.points[:, 2]) < 1e-4


def test_cloth_comes_to_lie_on_a_body_without_touching_it() -> None:
    lying = simulation(0.03)
    for _ in range(40):
        lying.step(damping=0.2)
    assert lying.points[:, 2].min() > 0.001
    assert lying.points[:, 2].max() < 0.008
    assert np.abs(lying.velocities).max() < 0.05


def test_a_body_that_rises_lifts_the_cloth() -> None:
    lifted = simulation(0.006)
    for k in range(10):
        lifted.step(FLOOR + np.array([0, 0, 0.01 * (k + 1)]), damping=0.1)
    assert lifted.points[:, 2].min() > 0.095


def test_held_points_stay_at_their_height() -> None:
    hanging = simulation(0.5)
    points, _ = sheet(0.5)
    edge = np.flatnonzero(points[:, 1] > 0.099)
    hanging.hold(edge, np.full(len(edge), 0.5))
    for _ in range(30):
        hanging.step(damping=0.1)
    assert np.allclose(hanging.points[edge, 2], 0.5, atol=1e-6)
    assert hanging.points[:, 2].min() < 0.45


def test_two_runs_agree_to_the_bit() -> None:
    runs = []
    for _ in range(2):
        cloth = simulation(0.02)
        for _ in range(15):
            cloth.step(damping=0.1)
        runs.append(cloth.points)
    assert np.array_equal(runs[0], runs[1])


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    simulation(1.0).step()
    assert capfd.readouterr().out == ""


def test_without_newton_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "newton", None)
    with pytest.raises(InputError, match=r'pip install "dressform\[sim\]"'):
        simulation(1.0)


def test_newton_is_imported_where_it_is_used_alone() -> None:
    for folder in ("simulate", "steps"):
        for path in (Path(sys.modules[Cloth.__module__].__file__ or "").parents[1] / folder).glob("*.py"):
            lines = path.read_text(encoding="utf-8").splitlines()
            assert not [line for line in lines if line.startswith(("import newton", "from newton"))], path


def test_a_fabrics_physics_carries_over_within_the_solvers_range() -> None:
    cloth = Cloth.of({"weight": 0.3, "stretch_warp": 500.0, "stretch_weft": 250.0, "shear": 60.0, "friction": 0.6})
    assert cloth == Cloth(0.3, (250.0, 500.0, 60.0), cloth.bending, 0.6)
    assert cloth.bending == pytest.approx(0.5 * (DEFAULT["bending_warp"] + DEFAULT["bending_weft"]))
    stiff = Cloth.of({"weight": 9.0, "bending_warp": 1.0, "bending_weft": 1.0})
    assert stiff.density == WEIGHT[1]
    assert stiff.bending == BENDING[1]
