"""The judge's parts that need no path tracer: what is exported, finished and written."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.benchmarks.path_traced import PRESETS, SETTINGS, Judged, Score, chosen, page, reached, sheet, table
from dressform.benchmarks.path_traced_scene import (
    LAYER_LIFT,
    LIGHTS,
    Part,
    Shot,
    _bilinear,
    _cut,
    compose,
    export,
    lifted,
    sees_ground,
)
from dressform.runtime.render.colour import linear_to_srgb, soften_highlights
from dressform.runtime.render.environment import texel_directions, texel_solid_angles
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Hem, Lighting, SceneMesh, SurfaceMaterial
from dressform.schemas.errors import UsageError

GREY = SurfaceMaterial(np.full((1, 1, 3), 128, np.uint8))
FACES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
UV = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
CAMERA = Camera.look_at((0, -3, 1), (0, 0, 1), 0.6, (32, 32))


def square(name: str, **options: object) -> SceneMesh:
    return SceneMesh(name, FACES, UV, FACES, GREY, **options)  # type: ignore[arg-type]


def judged(flip: float, ssim: float) -> Judged:
    picture = np.full((512, 512, 3), 200, np.uint8)
    scores = dict.fromkeys(PRESETS, Score(flip, ssim, 0.2, 0.8))
    return Judged(SETTINGS[0], scores, dict.fromkeys(PRESETS, picture), picture, picture // 8)


@pytest.mark.parametrize("name", list(LIGHTS))
def test_both_sides_of_a_light_are_the_same(name: str) -> None:
    """What coefficients and a sun show of a white matte ball is what its picture shows, but for fine detail."""
    light = LIGHTS[name]()
    rows, columns = light.radiance.shape[:2]
    ways = texel_directions(rows, columns)
    for normal in np.array([[0, -1, 0], [0, 0, 1], [0.6, -0.64, 0.48], [-0.6, 0.8, 0]]):
        weights = np.maximum(ways @ normal, 0.0) * texel_solid_angles(rows, columns)[:, None] / np.pi
        shown = np.einsum("hw,hwc->c", weights, light.radiance)
        if not light.has_sun:
            shown += max(float(normal @ light.lighting.sun_direction), 0.0) * np.array(light.lighting.sun_color)
        np.testing.assert_allclose(light.lighting.shown(normal), shown, atol=0.06)


def test_export_gives_what_is_drawn() -> None:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]] * 2, np.float32)
    vertices[4:, 1] = 0.5
    normals = np.tile(np.array([0, -1, 0], np.float32), (8, 1))
    meshes = [square("a", hidden=np.array([True, False])), square("b"), square("b")]
    nothing = (np.zeros((1, 4), np.float32), np.zeros((1, 3), np.float32))
    parts = export(meshes, [4, 4, 0], vertices, normals, nothing)
    assert [(part.name, part.points.shape) for part in parts] == [("a", (1, 3, 3)), ("b", (2, 3, 3)), ("b", (2, 3, 3))]
    np.testing.assert_array_equal(parts[0].points[0], vertices[[0, 2, 3]])
    np.testing.assert_array_equal(parts[2].points, vertices[4:][FACES])
    np.testing.assert_array_equal(parts[1].uv, UV[FACES])


def test_hems_are_traced_as_they_are_drawn() -> None:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]], np.float32)
    mesh = square("cloth", hem=Hem(0.002, vertices))
    renderer = Renderer([mesh], [4], (32, 32), preset="quality")
    renderer.set_vertices(vertices)
    camera = Camera.look_at((0.5, -3, 0.5), (0.5, 0, 0.5), 0.5, (32, 32))
    renderer.render(camera, Lighting.studio(), Background.plain())
    drawing = renderer.drawings[0]
    relief = (drawing.turns.numpy(), drawing.wrinkles.numpy())
    drawn = (drawing.points.numpy(), drawing.normals.numpy(), relief)
    (plain,), (hemmed,) = (export([mesh], [4], *drawn, hems=hems) for hems in (False, True))
    assert plain.points.min(axis=(0, 1)).tolist() == [0, 0, 0]
    np.testing.assert_allclose(hemmed.points.min(axis=(0, 1)), [-0.001, 0, -0.001], atol=1e-6)
    assert len(hemmed.points) == len(renderer.drawings[0].facing)


def test_wrinkles_are_in_the_normals_of_finer_triangles() -> None:
    side = 8
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]], np.float32)
    normals = np.tile(np.array([0, -1, 0], np.float32), (4, 1))
    lean = np.array([0.6, -0.8, 0.0], np.float32)
    mesh = square("cloth", atlas_uv=UV[FACES], wrinkle_side=side)
    half_share = np.tile(np.array([0, 0, 0, 0.5], np.float32), (4, 1))
    relief = (half_share, np.tile(3.0 * lean, (side * side, 1)).astype(np.float32))
    (part,) = export([mesh], [4], vertices, normals, relief)
    assert len(part.points) == 2 * 16
    want = 0.5 * np.array([0, -1, 0]) + 0.5 * lean
    np.testing.assert_allclose(
        part.normals, np.broadcast_to(want / np.linalg.norm(want), part.normals.shape), atol=1e-5
    )
    (flat,) = export([mesh], [4], vertices, normals, (np.zeros((4, 4), np.float32), relief[1]))
    np.testing.assert_allclose(flat.normals, np.broadcast_to([0, -1, 0], flat.normals.shape), atol=1e-6)


def test_a_cut_triangle_is_covered_once() -> None:
    weights, small = _cut(4)
    corners = weights @ np.array([[0, 0], [1, 0], [0, 1]], np.float32)
    b, c = corners[small[:, 1]] - corners[small[:, 0]], corners[small[:, 2]] - corners[small[:, 0]]
    areas = 0.5 * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])
    np.testing.assert_allclose(areas, 0.5 / 16, rtol=1e-5)


def test_an_atlas_is_read_between_its_texels() -> None:
    rows, columns = np.meshgrid(np.arange(4.0), np.arange(4.0), indexing="ij")
    texels = np.stack([columns, rows, 0 * rows], axis=-1).astype(np.float32)
    found = _bilinear(texels, np.array([[0.5, 0.25], [0.0, 1.0]], np.float32))
    np.testing.assert_allclose(found[:, :2], [[1.5, 0.5], [0.0, 3.0]])


def test_an_outer_layer_is_lifted_along_the_view() -> None:
    points = np.random.default_rng(1).uniform((-0.5, -0.5, 0.5), (0.5, 0.5, 1.5), (5, 3, 3)).astype(np.float32)
    part = Part("a", points, points, points[..., :2], GREY, 0.9)
    moved = lifted(part, CAMERA, 2)
    before, after = CAMERA.project(part.points), CAMERA.project(moved.points)
    np.testing.assert_allclose(after[..., :2], before[..., :2], atol=1e-3)
    np.testing.assert_allclose(before[..., 2] - after[..., 2], 2 * LAYER_LIFT, atol=1e-5)


def test_a_picture_is_finished_as_a_frame_is() -> None:
    backdrop = np.full((32, 32, 3), 180, np.uint8)
    shot = Shot(backdrop, (), CAMERA, backdrop)
    covered = np.zeros((32, 32), np.float32)
    covered[:, 16:] = 1.0
    person = covered[..., None] * np.float32(2.0) * np.ones(3, np.float32)
    rgb = compose(person, covered, 1.0 - covered, shot)
    assert (rgb[:, :16] == 180).all()
    assert (rgb[:, 16:] == round(255 * float(linear_to_srgb(soften_highlights(np.array([2.0])))[0]))).all()
    down = sees_ground(CAMERA)
    assert not down[:17].any()
    assert down[-1].all()


def test_the_table_has_a_line_a_scene_and_the_means() -> None:
    lines = table([judged(0.1, 0.95), judged(0.2, 0.97)])
    assert len(lines) == 5
    assert "0.100 / 0.100" in lines[2]
    assert lines[-1].startswith("| **mean** |")
    assert "0.150 / 0.150 | 0.960 / 0.960" in lines[-1]
    assert all(line.count("|") == lines[0].count("|") for line in lines)


def test_the_page_says_what_was_reached() -> None:
    good, bad = judged(0.1, 0.95), judged(0.1, 0.92)
    assert reached([good])
    assert not reached([good, bad])
    text = page([good], "images", 64, 1)
    assert "Every scene reaches" in text
    assert f"images/{SETTINGS[0].name}.jpg" in text
    assert "Not every scene reaches" in page([bad], "images", 64, 1)
    assert sheet(good).shape == (420, 4 * 420, 3)


def test_scenes_are_chosen_by_name() -> None:
    assert len(SETTINGS) == 12
    assert len({setting.name for setting in SETTINGS}) == 12
    assert chosen(["jacket"])[0].name == "jacket"
    with pytest.raises(UsageError, match="no scene 'hat'"):
        chosen(["hat"])
