"""Whole frames: shading against the plain twin, shadows, edges, motion, and what a caller may rely on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.runtime.render import _reference as reference
from dressform.runtime.render.colour import linear_to_srgb, srgb_to_linear
from dressform.runtime.render.image import save_png
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting
from dressform.schemas.errors import UsageError

from .small_scenes import BARE, EVEN, FRONT, SIZE, facing_quad, grey, mesh, picture, quad, sphere


def level(linear: float) -> float:
    return float(255 * linear_to_srgb(np.array([linear]))[0])


def test_even_light_shows_albedo_times_light_exactly() -> None:
    rgb = picture([facing_quad(0.5, 0.0, grey(186))])
    assert np.abs(rgb[48, 48].astype(int) - level(0.5 * float(srgb_to_linear(np.array([186], np.uint8))[0]))).max() <= 1


@pytest.mark.parametrize("preset", ["realtime", "quality"])
def test_a_matte_sphere_matches_the_reference_without_acne(preset: str) -> None:
    vertices, faces = sphere(0.7, (0, 0, 1))
    sh = np.zeros((9, 3), np.float32)
    sh[0] = 1.2
    sh[1:] = np.random.default_rng(3).uniform(-0.15, 0.15, (8, 3))
    toward = np.array([-0.5, -0.7, 0.5]) / np.linalg.norm([-0.5, -0.7, 0.5])
    lighting = Lighting(sh, (float(toward[0]), float(toward[1]), float(toward[2])), (0.5, 0.45, 0.4))
    rgb = picture(
        [(mesh("ball", faces, len(vertices), grey(200, double_sided=False)), vertices)], lighting, preset=preset
    )
    albedo = np.full(3, srgb_to_linear(np.array([200], np.uint8))[0])
    checked = 0
    for y in range(10, 90, 4):
        for x in range(10, 90, 4):
            direction = np.array([(x + 0.5 - 48) / FRONT.focal_px, 1.0, -(y + 0.5 - 48) / FRONT.focal_px])
            eye = np.array([0.0, -4.0, 0.0])
            half_b = direction @ eye
            inner = half_b**2 - (direction @ direction) * (eye @ eye - 0.49)
            if inner < 0:
                continue
            normal = (eye + direction * (-half_b - np.sqrt(inner)) / (direction @ direction)) / 0.7
            if normal @ (0, -1, 0) < 0.35:
                continue  # towards the silhouette the facets lean away from the true sphere
            want = 255 * linear_to_srgb(
                reference.matte_color(albedo, normal, sh, toward, np.array(lighting.sun_color), 0.06)
            )
            assert np.abs(rgb[y, x] - want).max() < 3.5, (x, y, normal, rgb[y, x], want)
            checked += 1
    assert checked > 60


def test_a_plate_throws_a_shadow_where_it_should() -> None:
    """Sun from ahead, 45° up: a small plate before a wall darkens the wall below the plate, and only there."""
    wall = facing_quad(1.2, 0.5, grey(180))
    plate = quad([(-0.2, 0, 1.4), (0.2, 0, 1.4), (0.2, 0, 1.6), (-0.2, 0, 1.6)], grey(180))
    lighting = replace(EVEN, sun_direction=(0.0, -1.0, 1.0), sun_color=(0.3, 0.3, 0.3))
    camera = Camera.look_at((0, -4, 1), (0, 0, 1), 0.6, (192, 192))
    rgb = picture([wall, plate], lighting, camera=camera)
    lit, dark = (
        int(v) for v in (rgb[150, 30, 0], rgb[96, 96, 0])
    )  # wall point (0, 0.5, 1): shadow of plate point z = 1.5
    albedo = float(srgb_to_linear(np.array([180], np.uint8))[0])
    assert dark == pytest.approx(level(0.5 * albedo), abs=2)
    assert lit > dark + 20
    row = rgb[96, 20:170, 0].astype(int)
    inside = np.flatnonzero(row < (lit + dark) / 2)
    width = 0.4 / 4.5 * camera.focal_px
    assert len(inside) == pytest.approx(width, abs=3)


def test_both_sides_of_double_sided_cloth_are_lit_alike() -> None:
    toward_camera = replace(EVEN, sun_direction=(0.0, -1.0, 0.2), sun_color=(0.3, 0.3, 0.3))
    front = facing_quad(0.5, 0.0, grey(180))
    back = (front[0], front[1][[1, 0, 3, 2]])
    a, b = picture([front], toward_camera), picture([back], toward_camera)
    assert np.abs(a[48, 48].astype(int) - b[48, 48]).max() <= 1
    inside = replace(front[0].material, inside=(0.5, 0.5, 0.5))
    darker = picture([(replace(front[0], material=inside), back[1])], toward_camera)
    assert srgb_to_linear(darker[48, 48])[0] == pytest.approx(0.5 * srgb_to_linear(a[48, 48])[0], rel=0.03)


def test_single_sided_back_faces_and_hidden_faces_are_left_out() -> None:
    front = facing_quad(0.5, 0.0, grey(200, double_sided=False))
    assert picture([front])[48, 48, 0] > 0
    assert picture([(front[0], front[1][[1, 0, 3, 2]])]).max() == 0
    half = picture([(replace(front[0], hidden=np.array([True, False])), front[1])])
    assert half[60, 60].max() == 0
    assert half[36, 36].min() > 0


@pytest.mark.parametrize("shift", [0.0, 0.21, 0.43, 0.77, 0.93])
@pytest.mark.parametrize("angle", [0.0, 0.11, 0.7, 1.2])
def test_edges_show_the_area_they_cover(shift: float, angle: float) -> None:
    """A bright square, turned and moved by parts of a pixel: the light of the whole picture is its exact area."""
    pixel = 4.0 / FRONT.focal_px
    half = 20.3 * pixel
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    xz = np.array([[-half, -half], [half, -half], [half, half], [-half, half]]) @ turn.T + shift * pixel * np.array(
        [1, 0.3]
    )
    square = quad([(float(x), 0.0, float(z) + 1.0) for x, z in xz], grey(255))
    rgb = picture([square])
    light = srgb_to_linear(rgb)[..., 0]
    light = light / light[48, 48]
    perimeter_px = 4 * 2 * half / pixel
    assert light.sum() == pytest.approx((2 * half / pixel) ** 2, abs=0.02 * perimeter_px)
    partial = (light > 0.03) & (light < 0.97)
    if angle:
        assert partial.sum() > 0.5 * perimeter_px * (abs(np.cos(angle)) + abs(np.sin(angle))) / 1.5
    assert light.max() < 1.02


def test_an_edge_between_two_objects_is_smoothed_too() -> None:
    parts = [
        facing_quad(0.9, 0.3, grey(40)),
        quad([(-0.5, 0, 0.2), (0.4, 0, 0.3), (0.1, 0, 1.6), (-0.5, 0, 1.5)], grey(250)),
    ]
    rgb = picture(parts)[..., 0].astype(int)
    dark, bright = rgb[48, 85], rgb[48, 40]
    between = (rgb > dark + 8) & (rgb < bright - 8)
    assert between[30:70].any(axis=1).all()


@pytest.mark.parametrize("lean", [0.3, -0.3])
def test_the_line_where_two_objects_run_into_each_other_is_smoothed(lean: float) -> None:
    """A bright and a dark sheet cross in a slanted line without any silhouette there; each row's light is its area."""
    bright = quad([(-0.5, -0.4, 0.5), (0.5, 0.4, 0.5), (0.5, 0.4, 1.5), (-0.5, -0.4, 1.5)], grey(255))
    dark = quad([(-0.5, lean, 0.5), (0.5, lean, 0.5), (0.5, -lean, 1.5), (-0.5, -lean, 1.5)], grey(0))
    rgb = srgb_to_linear(picture([bright, dark]))[..., 0]
    for row in range(38, 58):
        z = np.array([1.0]) - (row + 0.5 - 48) / FRONT.focal_px * 4.0
        for _ in range(20):  # where the sheets meet: y = 0.8 x on the one, y = -2 lean (z - 1) on the other
            y = -2.0 * lean * (z - 1.0)
            z = 1.0 - (row + 0.5 - 48) / FRONT.focal_px * (4.0 + y)
        column = 48 + FRONT.focal_px * (y / 0.8) / (4.0 + y)
        light = rgb[row, 32:64] / rgb[row, 33]
        assert light.sum() == pytest.approx(float(column[0]) - 32, abs=0.2)


def test_moving_texture_does_not_flicker() -> None:
    """A fine check pattern, minified: sliding it by less than a pixel hardly changes any pixel, and never the mean."""
    check = (np.indices((256, 256)).sum(axis=0) // 4 % 2 * 255).astype(np.uint8)[..., None].repeat(3, axis=2)
    material = replace(grey(0), texture=check)
    frames = [picture([facing_quad(0.9, 3.0, material, x=shift)]) for shift in np.linspace(0, 0.05, 6)]
    inner = np.array([srgb_to_linear(f[40:56, 40:56])[..., 0] for f in frames])
    assert inner.mean() == pytest.approx(0.25, abs=0.01)
    assert np.ptp(inner, axis=0).max() < 0.2
    assert np.ptp(inner.mean(axis=(1, 2))) < 0.01


def test_print_is_not_mirrored_and_stands_upright() -> None:
    texture = np.zeros((64, 64, 3), np.uint8)
    texture[:32, :32] = (255, 0, 0)  # top left of the image
    rgb = picture([facing_quad(0.9, 0.0, replace(grey(0), texture=texture))])
    assert rgb[20, 20, 0] > 100
    assert rgb[20, 75].max() == 0
    assert rgb[75, 20].max() == 0


def test_holes_in_a_texture_are_holes() -> None:
    texture = np.full((64, 64, 4), 255, np.uint8)
    texture[:, 32:, 3] = 0
    rgb = picture([facing_quad(0.9, 0.0, replace(grey(0), texture=texture))])
    assert rgb[48, 25].min() > 0
    assert rgb[48, 70].max() == 0


def test_depth_and_mask() -> None:
    parts = [facing_quad(0.9, 1.0, grey(100)), facing_quad(0.3, -1.0, grey(200))]
    renderer = Renderer([m for m, _ in parts], [4, 4], SIZE)
    renderer.set_vertices(np.concatenate([v for _, v in parts]))
    frame = renderer.render(FRONT, EVEN, BARE)
    assert frame.depth[48, 48] == pytest.approx(3.0, rel=1e-5)
    assert frame.depth[48, 20] == pytest.approx(5.0, rel=1e-5)
    assert np.isinf(frame.depth[2, 2])
    assert (frame.mask[48, 48], frame.mask[48, 20], frame.mask[2, 2]) == (2, 1, 0)


@pytest.mark.parametrize("preset", ["realtime", "quality"])
def test_velocity_is_the_motion_of_the_projection(preset: str) -> None:
    vertices, faces = sphere(0.6, (0, 0, 1))
    renderer = Renderer([mesh("ball", faces, len(vertices), grey(200))], [len(vertices)], SIZE, preset=preset)
    turn = 0.1
    spin = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    moved_camera = Camera.look_at((0.1, -4, 1.1), (0, 0, 1), 0.6, SIZE)
    renderer.set_vertices(vertices)
    assert np.abs(renderer.render(FRONT, EVEN, BARE).velocity).max() < 1e-4
    renderer.set_vertices(vertices @ spin.T)
    frame = renderer.render(moved_camera, EVEN, BARE)
    for y, x in ((48, 48), (30, 40), (60, 65)):
        samples = renderer.preset.samples
        at = np.array([x + 0.5 / samples, y + 0.5 / samples])
        pose = moved_camera.T_world_cam
        ray = pose[:3, :3] @ np.array([*((at - moved_camera.center_px) / moved_camera.focal_px), 1.0])
        point = pose[:3, 3] + ray * float(frame.depth[y, x])
        np.testing.assert_allclose(frame.velocity[y, x], at - FRONT.project(point @ spin)[:2], atol=0.02)
    assert np.abs(frame.velocity[2, 2]).max() == 0.0


def test_two_renderers_give_the_same_bits_and_frames_reuse_their_memory() -> None:
    vertices, faces = sphere(0.6, (0, 0, 0.7))
    renderers = [Renderer([mesh("ball", faces, len(vertices), grey(200))], [len(vertices)], SIZE) for _ in range(2)]
    frames = []
    for renderer in renderers:
        renderer.set_vertices(vertices)
        frames.append(renderer.render(FRONT, Lighting.studio(), Background.studio()))
    assert np.array_equal(frames[0].rgb, frames[1].rgb)
    kept = frames[0].copy()
    address = frames[0].rgb.ctypes.data
    renderers[0].set_vertices(vertices + np.array([0.5, 0, 0], np.float32))
    again = renderers[0].render(FRONT, Lighting.studio(), Background.studio())
    assert again.rgb.ctypes.data == address
    assert np.array_equal(kept.rgb, frames[1].rgb)
    assert not np.array_equal(kept.rgb, again.rgb)
    assert np.array_equal(kept.mask, frames[1].mask)


def test_leaving_the_picture_leaves_the_bare_backdrop() -> None:
    vertices, faces = sphere(0.6, (0, 0, 0.7))
    renderer = Renderer([mesh("ball", faces, len(vertices), grey(200))], [len(vertices)], SIZE)
    renderer.set_vertices(vertices)
    renderer.render(FRONT, Lighting.studio(), Background.studio())
    renderer.set_vertices(vertices + np.array([50, 0, 0], np.float32))
    gone = renderer.render(FRONT, Lighting.studio(), Background.studio())
    assert gone.mask.max() == 0
    plain = Renderer([mesh("ball", faces, len(vertices), grey(200))], [len(vertices)], SIZE)
    plain.set_vertices(vertices + np.array([50, 0, 0], np.float32))
    assert np.array_equal(gone.rgb, plain.render(FRONT, Lighting.studio(), Background.studio()).rgb)


def test_the_ground_is_dark_under_and_behind_what_stands_on_it() -> None:
    vertices, faces = sphere(0.3, (0, 0, 0.3))
    parts = [(mesh("ball", faces, len(vertices), grey(200)), vertices)]
    camera = Camera.look_at((0, -3, 2.0), (0, 0, 0.2), 0.8, SIZE)
    lighting = replace(Lighting.studio(), sun_direction=(-0.7, 0.0, 0.7))
    white = Background.plain((0.9, 0.9, 0.9))
    with_shadow = picture(parts, lighting, white, camera).astype(int)
    without = picture(parts, lighting, replace(white, ground=0.0), camera).astype(int)
    lost = (without - with_shadow).max(axis=-1)
    assert lost.min() >= -1
    right, left = (camera.project(np.array([x, 0.0, 0.0]))[:2].astype(int) for x in (0.5, -0.5))
    assert lost[right[1], right[0]] > 25  # the sun stands on the left
    assert lost[left[1], left[0]] < lost[right[1], right[0]] / 2
    assert lost[:10].max() == 0


@pytest.mark.parametrize("preset", ["realtime", "quality"])
def test_plain_and_image_backgrounds_are_shown_exactly(preset: str) -> None:
    part = facing_quad(0.1, 0.0, grey(10))
    rgb = picture([part], background=Background.plain((0.2, 0.6, 1.0), ground=0.0), preset=preset)
    assert rgb[5, 5].tolist() == [51, 153, 255]
    image = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    rgb = picture([part], background=Background.picture(image, ground=0.0), preset="realtime")
    assert np.array_equal(rgb[:30], image[:30])


def test_the_studio_has_no_bands_and_no_steps() -> None:
    rgb = picture([facing_quad(0.01, 0.0, grey(10))], background=Background.studio()).astype(float)
    blurred = np.array([[rgb[y : y + 8, x : x + 8].mean() for x in range(0, 88, 4)] for y in range(0, 40, 4)])
    assert rgb.min() > 150
    assert np.abs(np.diff(blurred, axis=0)).max() < 4
    assert np.abs(np.diff(blurred, axis=1)).max() < 4
    assert rgb[:40].std(axis=(0, 1)).max() > 0.5


def test_quality_agrees_with_realtime() -> None:
    vertices, faces = sphere(0.7, (0, 0, 1))
    parts = [(mesh("ball", faces, len(vertices), grey(200)), vertices)]
    pictures = [
        picture(parts, Lighting.studio(), Background.studio(), preset=p).astype(float) for p in ("realtime", "quality")
    ]
    difference = np.abs(pictures[0] - pictures[1])
    assert difference.mean() < 1.5
    assert np.percentile(difference, 99) < 16


def test_broken_vertices_do_not_crash() -> None:
    vertices, faces = sphere(0.6, (0, 0, 1))
    renderer = Renderer([mesh("ball", faces, len(vertices), grey(200))], [len(vertices)], SIZE)
    vertices[100] = np.nan
    vertices[500] = 1e30
    renderer.set_vertices(vertices)
    with pytest.warns(RuntimeWarning, match="2 of ball"):
        frame = renderer.render(FRONT, Lighting.studio(), Background.studio())
    assert frame.rgb.shape == (96, 96, 3)


def test_wrong_use_is_refused() -> None:
    part = facing_quad(0.5, 0.0, grey(10))
    renderer = Renderer([part[0]], [4], SIZE)
    with pytest.raises(ValueError, match=r"\[4, 3\]"):
        renderer.set_vertices(np.zeros((5, 3)))
    with pytest.raises(ValueError, match=r"\(96, 96\)"):
        renderer.render(Camera.look_at((0, -4, 1), (0, 0, 1), 0.6, (64, 64)), EVEN, BARE)
    with pytest.raises(ValueError, match="quad: faces must be indices from 0 to 2"):
        Renderer([part[0]], [3], SIZE)
    with pytest.raises(ValueError, match="hidden"):
        Renderer([replace(part[0], hidden=np.zeros(5, np.bool_))], [4], SIZE)
    with pytest.raises(ValueError, match="preset"):
        Renderer([part[0]], [4], SIZE, preset="best")


def test_save_png_round_trip_and_errors(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    save_png(tmp_path / "a.png", rgb)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), rgb)
    with pytest.raises(UsageError, match="cannot write"):
        save_png(tmp_path / "none" / "a.png", rgb)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
