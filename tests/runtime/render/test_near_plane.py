"""What stands around the camera, or reaches through it: cut at the near plane as the plain twin cuts it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dressform.runtime.render import _reference as reference
from dressform.runtime.render.colour import srgb_to_linear
from dressform.runtime.render.raster import rasterize
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial

SIZE = (63, 47)
BLACK = Background.plain((0.0, 0.0, 0.0), ground=0.0)
EVEN = Lighting(np.array([[1.7] * 3] + [[0.0] * 3] * 8, np.float32), (0.0, 0.0, 1.0), (0.0, 0.0, 0.0))

Soup = tuple[np.ndarray, np.ndarray]


def room(half: float) -> Soup:
    """The six walls of a room around the origin, two triangles each."""
    corners = np.array(list(itertools.product((-half, half), repeat=3)))
    walls = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return corners, np.array([t for a, b, c, d in walls for t in ((a, b, c), (a, c, d))])


def tube(radius: float, length: float, sides: int = 11, rings: int = 6) -> Soup:
    """A sleeve along x around the origin, open at both ends."""
    angle = np.arange(sides) * 2 * np.pi / sides
    ring = radius * np.column_stack([np.zeros(sides), np.cos(angle), np.sin(angle)])
    points = np.concatenate([ring + np.array([x, 0, 0]) for x in np.linspace(-length / 2, length / 2, rings)])
    row, k = np.meshgrid(np.arange(rings - 1) * sides, np.arange(sides), indexing="ij")
    a, b = (row + k).ravel(), (row + (k + 1) % sides).ravel()
    return points, np.concatenate([np.column_stack([a, b, b + sides]), np.column_stack([a, b + sides, a + sides])])


def soup(random: np.random.Generator, spread: float) -> Soup:
    """Ten triangles in all directions, `spread` metres away."""
    return random.normal(size=(30, 3)) * spread, np.arange(30).reshape(-1, 3)


def ground(below: float) -> Soup:
    corners = np.array([(-50, -50, -below), (50, -50, -below), (50, 50, -below), (-50, 50, -below)])
    return corners, np.array([[0, 1, 2], [0, 2, 3]])


def scene(seed: int) -> tuple[np.ndarray, np.ndarray, Camera]:
    """One kind of surroundings, and a camera somewhere within them."""
    random = np.random.default_rng(seed)
    surroundings = (
        lambda: room(float(random.choice([0.02, 0.3, 4.0]))),
        lambda: tube(0.06, 0.5),
        lambda: soup(random, float(random.choice([0.01, 0.05, 0.3, 2.0, 100.0, 9000.0]))),
        lambda: ground(float(random.choice([2.0, 0.3, 0.02, 0.005]))),
    )
    points, faces = surroundings[seed % 4]()
    eye = random.uniform(-1.0, 1.0, 3) * 0.4 * np.abs(points).max(axis=0).clip(max=0.5)
    camera = Camera.look_at(eye, eye + random.normal(size=3), random.uniform(0.3, 2.4), SIZE)
    return points.astype(np.float32), faces.astype(np.int32), camera


def in_pixels(points: np.ndarray, camera: Camera) -> np.ndarray:
    """Camera-space points with x and y times the focal length, from the picture's origin."""
    local = (points.astype(np.float64) - camera.T_world_cam[:3, 3]) @ camera.T_world_cam[:3, :3]
    return np.column_stack([camera.focal_px * local[:, :2] + local[:, 2:] * camera.center_px, local[:, 2]])


def test_what_is_seen_from_within_matches_the_clipping_twin() -> None:
    seen = 0
    for seed in range(80):
        points, faces, camera = scene(seed)
        local = in_pixels(points, camera)
        screen = np.column_stack([local[:, :2] / local[:, 2:], 1.0 / local[:, 2]]).astype(np.float32)
        local = np.column_stack([screen[:, :2], np.ones(len(screen))]) / screen[:, 2:].astype(np.float64)
        for double_sided in (True, False):
            got = rasterize(screen, faces, SIZE, double_sided=double_sided)
            want, inverse_depth, outline = reference.draw_clipped(local, faces, SIZE, double_sided=double_sided)
            sure = outline > 0.02
            assert np.array_equal(got.triangles[sure], want[sure]), seed
            same = (got.triangles == want) & (want >= 0)
            np.testing.assert_allclose(got.inverse_depth[same], inverse_depth[same], rtol=1e-5)
            seen += int((want >= 0).sum())
    assert seen > 100_000


@pytest.mark.parametrize("preset", ["realtime", "quality"])
def test_frames_from_within_have_no_holes_and_the_right_depth(preset: str) -> None:
    for seed in range(0, 24, 4):  # rooms: every pixel shows a wall, unless it is nearer than the near plane
        points, faces, camera = scene(seed)
        renderer = Renderer([_mesh(points, faces)], [len(points)], SIZE, preset=preset)
        renderer.set_vertices(points)
        frame = renderer.render(camera, EVEN, BLACK)
        want, inverse_depth, outline = reference.draw_clipped(in_pixels(points, camera), faces, SIZE)
        sure = (outline > 0.6) & (want >= 0)
        assert (frame.mask[sure] == 1).all()
        assert frame.rgb[sure].min() > 100
        shift = 0.0 if preset == "realtime" else 0.25  # its depth is that of a pixel's upper left sample
        if not shift:
            np.testing.assert_allclose(1.0 / frame.depth[sure], inverse_depth[sure], rtol=1e-4)
        assert np.isfinite(frame.velocity).all()


def test_walls_that_neighbour_each_other_leave_no_crack() -> None:
    """Seen from within, whole triangles, cut ones and ones of many thousand pixels meet; none lets light through."""
    random = np.random.default_rng(1)
    points, faces = room(2.0)
    for _ in range(40):
        eye = random.uniform(-1.95, 1.95, 3)
        camera = Camera.look_at(eye, eye + random.normal(size=3), random.uniform(0.1, 2.8), (160, 120))
        local = in_pixels(points, camera)
        screen = np.column_stack([local[:, :2] / local[:, 2:], 1.0 / local[:, 2]])
        assert (rasterize(screen, faces, camera.size).triangles >= 0).all()


@pytest.mark.parametrize("turn", [-0.35, 0.0, 0.2])
def test_edges_that_run_past_the_camera_are_smoothed(turn: float) -> None:
    """A strip of floor from behind the camera to before it: the light of every row is its area there."""
    points = np.array([(-0.23, -3, -0.3), (0.41, -3, -0.3), (0.41, 6, -0.3), (-0.23, 6, -0.3)], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    camera = Camera.look_at((0, 0, 0), (turn, 1.0, -0.25), 0.9, SIZE)
    renderer = Renderer([_mesh(points, faces)], [len(points)], SIZE)
    renderer.set_vertices(points)
    light = srgb_to_linear(renderer.render(camera, EVEN, BLACK).rgb[..., 0]).astype(np.float64)
    finer = 8
    local = in_pixels(points, camera) * (finer, finer, 1)
    want, _, _ = reference.draw_clipped(local, faces, (SIZE[0] * finer, SIZE[1] * finer))
    covered = (want >= 0).reshape(SIZE[1], finer, SIZE[0], finer).mean(axis=(1, 3))
    rows = covered.sum(axis=1) > 2.0
    assert rows.sum() > 20
    np.testing.assert_allclose(light[rows].sum(axis=1) / light.max(), covered[rows].sum(axis=1), atol=0.3)


def _mesh(points: np.ndarray, faces: np.ndarray) -> SceneMesh:
    material = SurfaceMaterial(np.full((4, 4, 3), 200, np.uint8), roughness=1.0, specular=0.0)
    index = faces.astype(np.int32)
    return SceneMesh("walls", index, np.full((len(points), 2), 0.5, np.float32), index, material)


def test_texture_on_a_floor_through_the_camera_is_as_sharp_as_on_a_finely_cut_one() -> None:
    """How many texels a pixel covers changes over a large face: two triangles look as two thousand do."""
    stripes = np.repeat(np.where(np.arange(64) // 8 % 2, 220, 30).astype(np.uint8)[None, :, None], 3, axis=2)
    material = SurfaceMaterial(np.ascontiguousarray(np.broadcast_to(stripes, (64, 64, 3))), roughness=1.0, specular=0.0)
    camera = Camera.look_at((0, 0, 0), (0.1, 1.0, -0.25), 1.0, SIZE)
    pictures = []
    for cuts in (2, 33):
        across = np.linspace(-20, 20, cuts, dtype=np.float32)
        x, y = np.meshgrid(across, across)
        points = np.column_stack([x.ravel(), y.ravel(), np.full(x.size, -0.3, np.float32)])
        a = (np.arange(cuts - 1)[:, None] * cuts + np.arange(cuts - 1)).ravel()
        faces = np.concatenate(
            [np.column_stack([a, a + 1, a + cuts + 1]), np.column_stack([a, a + cuts + 1, a + cuts])]
        )
        index = faces.astype(np.int32)
        renderer = Renderer([SceneMesh("floor", index, points[:, :2] / 2, index, material)], [len(points)], SIZE)
        renderer.set_vertices(points)
        pictures.append(renderer.render(camera, EVEN, BLACK).rgb.astype(int))
    few, many = pictures
    assert many[30:].std() > 40
    assert np.abs(few - many).mean() < 2.0
