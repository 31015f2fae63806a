"""Light from all around that is kept away, and the ground's share of it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import warp as wp

from dressform.runtime.render._kernels_ground import STAND, STAND_HEIGHT, spread_contacts, spread_rows
from dressform.runtime.render._kernels_view import FAR
from dressform.runtime.render.around import Around, bounced_share
from dressform.runtime.render.drawing import Drawing, Extents
from dressform.runtime.render.environment import Split
from dressform.runtime.render.harmonics import irradiance, project_radiance
from dressform.runtime.render.light_frame import shadow_blur
from dressform.runtime.render.presets import PRESETS
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Camera, Lighting

from .small_scenes import BARE, SIZE, grey, quad

DEVICES = ["cpu", *(["cuda:0"] if wp.is_cuda_available() else [])]
EVEN = Lighting(*Split(irradiance(project_radiance(lambda w: np.full((len(w), 3), 0.5))), (0, 0, 1.0), (0, 0, 0), 0.06))


def reached(points: np.ndarray, normals: np.ndarray, faces: np.ndarray, device: str, lighting: Lighting) -> np.ndarray:
    """Measure with many sides, all faces two-sided."""
    around = Around(len(points), 200, device)
    drawing = Drawing(Extents(len(points), len(faces), len(faces), 0, (1, 1), 1), device)
    drawing.vertices.assign(points)
    drawing.normals.assign(normals)
    drawing.bounds = (points.min(axis=0), points.max(axis=0))
    with wp.ScopedDevice(device):
        drawn = (wp.array(faces, dtype=wp.int32), wp.array(np.ones(len(faces), np.int8), dtype=wp.int8))
    for _ in range(2):  # nothing is left of a measurement in the next
        around.measure(drawing, drawn, lighting)
    found: np.ndarray = around.open.numpy()
    return found


def wall_and_probes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A wall in the plane y = 0.3, 2 m wide, z from 0 to 2; probes at the origin look up, towards it and away."""
    wall = np.array([[-1, 0.3, 0], [1, 0.3, 0], [1, 0.3, 2], [-1, 0.3, 2]], np.float32)
    points = np.concatenate([wall, np.zeros((3, 3), np.float32)])
    normals = np.array([[0, -1, 0]] * 4 + [[0, 0, 1], [0, 1, 0], [0, -1, 0]], np.float32)
    return points, normals, np.array([[0, 1, 2], [0, 2, 3]], np.int32)


@pytest.mark.parametrize("device", DEVICES)
def test_a_wall_keeps_away_what_it_covers(device: str) -> None:
    """Against the cosine integral over its solid angle, by rays."""
    points, normals, faces = wall_and_probes()
    open_ = reached(points, normals, faces, device, EVEN)
    rng = np.random.default_rng(3)
    ways = rng.normal(size=(200_000, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    hits = ways[:, 1] > 0
    at = 0.3 / np.where(hits, ways[:, 1], 1.0)
    hits &= (np.abs(ways[:, 0] * at) < 1) & (ways[:, 2] * at > 0) & (ways[:, 2] * at < 2)
    for probe in (4, 5):
        cosine = np.maximum(ways @ normals[probe], 0.0)
        assert open_[probe] == pytest.approx(1.0 - cosine[hits].sum() / cosine.sum(), abs=0.04)
    np.testing.assert_allclose(open_[[0, 1, 2, 3, 6]], 1.0)


def test_light_counts_by_where_it_comes_from() -> None:
    """A wall before the only bright side keeps nearly all of it away."""
    points, normals, faces = wall_and_probes()
    front = irradiance(project_radiance(lambda w: np.maximum(w[:, 1:2], 0.0) ** 2 * np.ones(3)))
    lit = Lighting(front.astype(np.float32), (0.0, 0.0, 1.0), (0.0, 0.0, 0.0))
    even, bright = (reached(points, normals, faces, "cpu", light)[4] for light in (EVEN, lit))
    assert bright < even - 0.1


def test_nothing_is_measured_without_sides() -> None:
    around = Around(100, 0, "cpu")
    assert around.open.shape == (1,)


def test_what_is_baked_stays_and_what_is_not_follows_the_points() -> None:
    """A floor below a canopy half a metre above it, out of the screen's reach: the canopy leaves after baking."""
    floor = quad([(-0.4, -0.4, 0.5), (0.4, -0.4, 0.5), (0.4, 0.4, 0.5), (-0.4, 0.4, 0.5)], grey(60))
    canopy = quad([(-2, -2, 1.0), (-2, 2, 1.0), (2, 2, 1.0), (2, -2, 1.0)], grey(60))
    camera = Camera.look_at((0, -2.0, 0.75), (0, 0, 0.5), 0.5, SIZE)

    def seen(preset: str, *, baked: bool) -> float:
        renderer = Renderer([floor[0], canopy[0]], [4, 4], SIZE, preset=preset)
        renderer.set_vertices(np.concatenate([floor[1], canopy[1]]))
        if baked:
            renderer.bake(EVEN)
        renderer.set_vertices(np.concatenate([floor[1], canopy[1] + np.float32([0, 0, 50])]))
        return float(renderer.render(camera, EVEN, BARE).rgb[SIZE[1] // 2, SIZE[0] // 2].mean())

    open_, closed = seen("realtime", baked=False), seen("realtime", baked=True)
    assert closed < 0.85 * open_
    assert seen("quality", baked=True) == pytest.approx(open_, abs=1.0)


def test_what_is_thrown_back_follows_the_sun() -> None:
    assert bounced_share(EVEN) == 0.0
    studio = Lighting.studio()
    dim = replace(studio, sun_color=(0.1, 0.1, 0.1))
    assert 0.0 < bounced_share(dim) < bounced_share(studio) <= bounced_share(Lighting.daylight(0.3)) <= 0.8


def test_narrow_lamps_throw_sharp_shadows() -> None:
    studio = Lighting.studio().sun_radius_rad
    for preset in PRESETS.values():
        assert shadow_blur(preset.light_blur, studio) == shadow_blur(preset.light_blur, 0.3) == preset.light_blur
        assert shadow_blur(preset.light_blur, 0.0047) == 2


def test_the_ground_darkens_around_what_stands_on_it() -> None:
    """One cell's post: the blur is a product of tents, and what hangs too high does not count."""
    size, reach = 33, 6
    heights = np.full((size, size), FAR, np.int32)
    heights[16, 16] = 450  # mm: half of STAND_HEIGHT
    spread, contact = wp.zeros((size, size), dtype=float), wp.zeros((size, size), dtype=float)
    given = wp.array(heights, dtype=wp.int32)
    wp.launch(spread_rows, size, [given, reach], outputs=[spread], device="cpu")
    wp.launch(spread_contacts, size, [given, spread, reach], outputs=[contact], device="cpu")
    found = contact.numpy()
    kernel = 1.0 - np.abs(np.arange(-reach, reach + 1)) / (reach + 1)
    kernel /= kernel.sum()
    want = np.zeros((size, size))
    half = 1.0 - 0.45 / float(STAND_HEIGHT)
    want[16 - reach : 17 + reach, 16 - reach : 17 + reach] = float(STAND) * half * np.outer(kernel, kernel)
    np.testing.assert_allclose(found, 1.0 - np.exp(-want), atol=1e-5)
    heights[16, 16] = 0
    given.assign(heights)
    wp.launch(spread_rows, size, [given, reach], outputs=[spread], device="cpu")
    wp.launch(spread_contacts, size, [given, spread, reach], outputs=[contact], device="cpu")
    touched = contact.numpy()
    assert touched[16, 16] > 0.3
    assert touched[16, 14] < 0.1
    assert math.isclose(touched[0, 0], 0.0)
