"""Bad input ends in one line that says what was needed and found; odd input in the right picture."""

from __future__ import annotations

import itertools
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dressform.benchmarks.fuzz_frames import _end
from dressform.runtime.render import checks
from dressform.runtime.render.raster import rasterize
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial
from dressform.schemas.errors import UsageError

SIZE = (48, 40)
FRONT = Camera.look_at((0, -4, 1), (0, 0, 1), 0.6, SIZE)
BLACK = Background.plain((0.0, 0.0, 0.0), ground=0.0)
STUDIO = Lighting.studio()
FACES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
POINTS = np.array([(-0.5, 0, 0.5), (0.5, 0, 0.5), (0.5, 0, 1.5), (-0.5, 0, 1.5)], np.float32)
GREY = SurfaceMaterial(np.full((4, 4, 3), 180, np.uint8))
UV = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
SHEET = SceneMesh("sheet", FACES, UV, FACES, GREY)


def drawn(
    mesh: SceneMesh = SHEET,
    points: np.ndarray = POINTS,
    camera: Camera = FRONT,
    *,
    size: Any = None,
    preset: str = "realtime",
    lighting: Lighting = STUDIO,
    background: Background = BLACK,
) -> np.ndarray:
    renderer = Renderer([mesh], [len(points)], camera.size if size is None else size, preset=preset)
    renderer.set_vertices(points)
    return renderer.render(camera, lighting, background).rgb.copy()


def posed(**changes: float) -> Camera:
    pose = FRONT.T_world_cam.copy()
    for place, value in changes.items():
        pose[int(place[1]), int(place[2])] = value
    return replace(FRONT, T_world_cam=pose)


@pytest.mark.parametrize(
    ("camera", "said"),
    [
        (replace(FRONT, focal_px=0.0), "focal_px must be from 0.01 to 1e.07, got 0.0"),
        (replace(FRONT, focal_px=-50.0), "focal_px"),
        (replace(FRONT, focal_px=float("nan")), "focal_px .* got nan"),
        (replace(FRONT, center_px=(float("inf"), 1.0)), "center_px"),
        (replace(FRONT, T_world_cam=np.eye(3)), r"T_world_cam must be \[4, 4\], got \[3, 3\]"),
        (posed(_03=float("nan")), "within 10000 m of the origin, got .*nan"),
        (posed(_00=float("nan")), "must be a rotation and a place"),
        (posed(_00=2.0), "must be a rotation and a place over 0 0 0 1, got axes of squared lengths 4 1 1"),
        (posed(_00=-1.0), "determinant -1"),
        (posed(_33=2.0), "over 0 0 0 1"),
        (posed(_13=1e5), "within 10000 m"),
    ],
)
def test_a_camera_that_makes_no_picture_is_refused(camera: Camera, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        drawn(camera=camera)


@pytest.mark.parametrize(
    ("lighting", "said"),
    [
        (replace(STUDIO, sun_direction=(0.0, 0.0, 0.0)), "sun_direction must point somewhere"),
        (replace(STUDIO, sun_direction=(0.0, float("nan"), 1.0)), "sun_direction must be 3 finite numbers"),
        (replace(STUDIO, sun_color=(1.0, float("inf"), 1.0)), "sun_color"),
        (replace(STUDIO, sun_radius_rad=float("nan")), "sun_radius_rad must be 1 finite number, got nan"),
        (replace(STUDIO, sh=np.full((9, 3), np.nan, np.float32)), "sh must be 27 finite numbers"),
        (replace(STUDIO, sh=np.zeros((4, 3), np.float32)), r"sh must be \[9, 3\], got \[4, 3\]"),
        (replace(STUDIO, sh_of={"tee": np.zeros(9)}), r"sh_of 'tee' must be \[9, 3\], got \[9\]"),
        (replace(STUDIO, sh_of=[np.zeros((9, 3))]), "sh_of must map names of meshes"),  # type: ignore[arg-type]
        (replace(STUDIO, sh_of={"tee": np.full((9, 3), np.inf)}), "sh_of 'tee' must be 27 finite numbers"),
    ],
)
def test_light_that_cannot_be_reckoned_with_is_refused(lighting: Lighting, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        drawn(lighting=lighting)


@pytest.mark.parametrize(
    ("background", "said"),
    [
        (Background("sky"), "kind must be one of plain, .*got 'sky'"),  # type: ignore[arg-type]
        (Background("image"), r"image must be uint8 \[H, W, 3\], got NoneType"),
        (Background.picture(np.zeros((0, 4, 3), np.uint8)), r"got uint8 \[0, 4, 3\]"),
        (Background.picture(np.zeros((4, 4, 3))), "image must be uint8"),  # type: ignore[arg-type]
        (Background.plain((float("nan"), 0.0, 0.0)), "color must be 3 finite numbers"),
        (Background.plain((1.5, 0.0, 0.0)), r"color must be from 0 to 1, got \(1.5, 0.0, 0.0\)"),
        (Background.gradient((0, 0, 0), (0, float("nan"), 0)), "color_below must be 3 finite numbers"),
        (Background.gradient((0, 0, 0), (0, -1, 0)), "color_below must be from 0 to 1"),
        (Background.plain(ground=2.0), "ground must be from 0 to 1, got 2.0"),
    ],
)
def test_a_background_that_cannot_be_painted_is_refused(background: Background, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        drawn(background=background)


@pytest.mark.parametrize(
    ("mesh", "said"),
    [
        (replace(SHEET, faces=FACES.astype(np.float32)), "sheet: faces must be an array of integers, got float32"),
        (replace(SHEET, faces=FACES + 2), "sheet: faces must be indices from 0 to 3, got 2 to 5"),
        (replace(SHEET, uv_faces=FACES - 1), "sheet: uv_faces must be indices from 0 to 3, got -1 to 2"),
        (replace(SHEET, uv=UV * np.float32(np.nan)), "sheet: uv must be finite and within ±65536, got nan"),
        (replace(SHEET, uv=UV * 1e6), "sheet: uv must be finite and within ±65536"),
        (replace(SHEET, uv=UV.ravel()), r"sheet: uv must be \[N, 2\], got \[8\]"),
        (replace(SHEET, hidden=np.zeros(2, np.int32)), "sheet: hidden must be bool, got int32"),
        (replace(SHEET, layer=32), "sheet: layer must be 0 to 31, got 32"),
        (replace(SHEET, wrinkle_side=1), "sheet: wrinkle_side must be 0 or at least 2, got 1"),
        (replace(SHEET, material=None), "sheet: material must be a SurfaceMaterial, got NoneType"),  # type: ignore[arg-type]
        (replace(SHEET, material=replace(GREY, texture=None)), "sheet: texture must be uint8 .* got NoneType"),  # type: ignore[arg-type]
        (replace(SHEET, material=replace(GREY, texture=np.zeros((4, 4, 3)))), "texture must be uint8 .* got float64"),
        (replace(SHEET, material=replace(GREY, texture=np.zeros((4, 4), np.uint8))), r"got uint8 \[4, 4\]"),
        (replace(SHEET, material=replace(GREY, texture=np.zeros((4, 4, 2), np.uint8))), r"got uint8 \[4, 4, 2\]"),
        (replace(SHEET, material=replace(GREY, roughness=float("nan"))), "sheet: roughness must be 1 finite number"),
        (replace(SHEET, material=replace(GREY, sheen=(1.0, 2.0))), "sheet: sheen must be 3 finite numbers"),  # type: ignore[arg-type]
    ],
)
def test_a_mesh_that_cannot_be_drawn_is_refused_by_name(mesh: SceneMesh, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        drawn(mesh)


def test_scenes_of_the_wrong_length_are_refused() -> None:
    for meshes, counts, said in (
        ([], [], "meshes must be 1 to 254, got 0"),
        ([SHEET] * 255, [4] * 255, "meshes must be 1 to 254, got 255"),
        ([SHEET, SHEET], [4], "vertex_counts must be 2, one for each mesh, got 1"),
        ([SHEET], [0], "first at least 1"),
        ([SHEET], [-4], "at least 0"),
    ):
        with pytest.raises(ValueError, match=said):
            Renderer(meshes, counts, SIZE)
    many = np.broadcast_to(FACES[:1], (checks.MOST_TRIANGLES + 1, 3))
    with pytest.raises(ValueError, match="at most 8388608 triangles, got 8388609"):
        Renderer([replace(SHEET, faces=many, uv_faces=many)], [4], SIZE)
    with pytest.raises(UsageError, match="cuda:7"):
        Renderer([SHEET], [4], SIZE, device="cuda:7")


@pytest.mark.parametrize("size", [(0, 4), (-4, 4), (4,), (4.0, 4), (20000, 4), ("4", 4)])
def test_sizes_that_are_none_are_refused(size: Any) -> None:
    with pytest.raises(ValueError, match=r"size must be \(width, height\) of 1 to 16384 px"):
        checks.check_size(size, 1)


def test_a_picture_that_memory_does_not_hold_is_refused_before_any_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    free = checks.free_bytes()
    assert free is None or free > 1 << 20
    monkeypatch.setattr(checks, "free_bytes", lambda device: 10**9)
    checks.check_size((1920, 1080), 1)
    with pytest.raises(
        ValueError, match=r"size 15360x8640 with 1x1 samples a pixel needs 23\.9 GB .* 1\.0 GB are free"
    ):
        Renderer([SHEET], [4], (15360, 8640))


@pytest.mark.parametrize("preset", ["realtime", "quality"])
@pytest.mark.parametrize("size", [(1, 1), (1, 2), (3, 1), (5, 7), (333, 517), (1, 4096), (4096, 1)])
def test_every_size_is_drawn(size: tuple[int, int], preset: str) -> None:
    """The same sheet fills the picture, whatever its shape; edges, shadow, occlusion and ground take any size."""
    focal = 4.0 * max(size)
    camera = Camera(FRONT.T_world_cam, focal, (0.5 * size[0], 0.5 * size[1]), size)
    wide = drawn(camera=replace(camera, focal_px=focal * 4.0), preset=preset, background=Background.studio())
    assert wide.shape == (size[1], size[0], 3)
    assert wide.min() > 60
    small = drawn(camera=camera, points=POINTS * (1, 1, 0.4), preset=preset, background=Background.studio())
    assert small.shape == wide.shape


def test_a_face_less_scene_and_one_all_hidden_show_the_backdrop() -> None:
    none = np.zeros((0, 3), np.int32)
    background = Background.plain((0.2, 0.4, 0.6))
    for mesh in (replace(SHEET, faces=none, uv_faces=none), replace(SHEET, hidden=np.ones(2, np.bool_))):
        for preset in ("realtime", "quality"):
            rgb = drawn(mesh, preset=preset, background=replace(background, ground=0.0))
            assert np.array_equal(np.unique(rgb.reshape(-1, 3), axis=0), [[51, 102, 153]])


def test_degenerate_triangles_and_what_is_behind_the_camera_are_not_seen() -> None:
    for points in (POINTS[[0, 0, 0, 0]], POINTS[[0, 1, 1, 0]], POINTS - (0, 8, 0)):
        assert drawn(points=points.astype(np.float32)).max() == 0


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 7, 4), (3, 5, 3), (1, 5000, 3)])
def test_textures_of_any_shape_are_drawn(shape: tuple[int, int, int]) -> None:
    texture = np.full(shape, 200, np.uint8)
    assert drawn(replace(SHEET, material=replace(GREY, texture=texture)))[20, 24].min() > 60


def test_a_long_picture_behind_takes_no_more_memory_than_is_seen() -> None:
    image = np.zeros((1, 30_000, 3), np.uint8)
    image[:, 14_999:15_001] = 255
    rgb = drawn(points=POINTS - (0, 8, 0), background=Background.picture(image, ground=0.0))
    assert rgb[20, 24].min() > 200


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1.01e4, 1e30, -3e38])
def test_triangles_at_broken_vertices_are_left_out_and_told_of_once(bad: float) -> None:
    """A grid with one bad vertex shows a hole of that vertex's triangles; all else is as it was, light included."""
    side = np.arange(9)
    grid = np.array([(x / 8 - 0.5, 0.0, z / 8 + 0.5) for z in side for x in side], np.float32)
    a = np.array([z * 9 + x for z in range(8) for x in range(8)])
    faces = np.concatenate([np.column_stack([a, a + 1, a + 10]), np.column_stack([a, a + 10, a + 9])]).astype(np.int32)
    mesh = SceneMesh("grid", faces, np.full((81, 2), 0.5, np.float32), faces, GREY)
    renderer = Renderer([mesh, SHEET], [81, 4], SIZE)
    far = POINTS + np.array([0, 50, 0], np.float32)
    renderer.set_vertices(np.concatenate([grid, far]))
    whole = renderer.render(FRONT, STUDIO, BLACK).copy()
    assert renderer.drawings[0].broken_vertices == 0
    broken = grid.copy()
    broken[40, 1] = bad
    renderer.set_vertices(np.concatenate([broken, far]))
    with pytest.warns(RuntimeWarning, match="10000 m of the origin; .* not drawn: 1 of grid"):
        frame = renderer.render(FRONT, STUDIO, BLACK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = renderer.render(FRONT, STUDIO, BLACK).copy()
    assert renderer.drawings[0].broken_vertices == 1
    assert np.isfinite(frame.velocity).all()
    gone = (whole.mask == 1) & (frame.mask != 1)
    at = np.abs(FRONT.project(grid[40])[:2] - np.argwhere(gone)[:, ::-1] - 0.5)
    assert gone.any()
    assert (at <= FRONT.focal_px / 8 / 4 + 1).all()
    kept = ~np.array(np.lib.stride_tricks.sliding_window_view(np.pad(gone, 3), (7, 7)).any(axis=(2, 3)))
    assert np.abs(frame.rgb.astype(int) - whole.rgb)[kept].max() <= 12  # light bleeds through the hole
    renderer.set_vertices(np.concatenate([grid, far]))
    healed = renderer.render(FRONT, STUDIO, BLACK)
    assert renderer.drawings[0].broken_vertices == 0
    assert np.array_equal(healed.rgb, whole.rgb)


def test_a_frame_of_nothing_but_broken_vertices_is_the_backdrop() -> None:
    with pytest.warns(RuntimeWarning, match="4 of sheet"):
        assert drawn(points=POINTS * np.float32(np.nan)).max() == 0


def test_looking_from_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="must be finite"):
        Camera.look_at((0, np.nan, 0), (0, 0, 1), 0.6, SIZE)
    for angle in (0.0, -1.0, 3.2, float("nan")):
        with pytest.raises(ValueError, match="vertical_fov_rad"):
            Camera.look_at((0, -4, 1), (0, 0, 1), angle, SIZE)


def test_the_rasteriser_refuses_what_its_kernels_would_read_past() -> None:
    screen = np.array([[0, 0, 1], [0, 9, 1], [9, 0, 1]], np.float32)
    for faces in ([[0, 1, 3]], [[-1, 1, 2]]):
        with pytest.raises(ValueError, match="faces must be indices from 0 to 2"):
            rasterize(screen, np.array(faces), (8, 8))
    with pytest.raises(ValueError, match=r"screen must be \[V, 3\]"):
        rasterize(screen[:, :2], np.array([[0, 1, 2]]), (8, 8))
    with pytest.raises(ValueError, match="at least 1 px"):
        rasterize(screen, np.array([[0, 1, 2]]), (0, 8))
    assert (rasterize(screen, np.zeros((0, 3), np.int32), (8, 8)).triangles == -1).all()


@pytest.mark.slow
def test_two_million_triangles_are_drawn_right() -> None:
    """A sheet of a thousand by a thousand squares looks as one of two triangles does."""
    count = 1000
    across = np.linspace(-0.5, 0.5, count + 1, dtype=np.float32)
    x, z = np.meshgrid(across, across)
    points = np.column_stack([x.ravel(), np.zeros(x.size), 1 + z.ravel()]).astype(np.float32)
    a = (np.arange(count)[:, None] * (count + 1) + np.arange(count)).ravel()
    down = count + 1
    faces = np.concatenate([np.column_stack([a, a + 1, a + down + 1]), np.column_stack([a, a + down + 1, a + down])])
    faces = faces.astype(np.int32)
    uv = (points[:, [0, 2]] + (0.5, -0.5)).astype(np.float32)
    many = drawn(SceneMesh("many", faces, uv, faces, GREY), points)
    few = drawn()
    assert len(faces) == 2_000_000
    assert np.abs(many.astype(int) - few)[5:-5, 8:-8].max() <= 1


def test_fuzzed_scenes_end_in_the_right_picture_or_a_line() -> None:
    ends = [_end(number, 1) for number in itertools.islice(itertools.count(), 250)]
    assert [(end.number, end.kind, end.said) for end in ends if end.wrong] == []
    assert {end.how for end in ends} == {"taken", "told"}
