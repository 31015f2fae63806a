"""What a frame holds besides its picture, against plain twins and against what geometry says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import warp as wp

from dressform.runtime.render import _reference as reference
from dressform.runtime.render import _reference_outputs as twin
from dressform.runtime.render.colour import linear_to_srgb, srgb_to_linear
from dressform.runtime.render.frame import OUTPUTS, Frame, straight_srgb
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial

DEVICES = ["cpu", *(["cuda:0"] if wp.is_cuda_available() else [])]
PRESETS = ["realtime", "quality"]
SIZE = (64, 48)
CAMERA = Camera.look_at((0.3, -4, 1.2), (0, 0, 1), 0.6, SIZE)
BARE = Background.plain((0.0, 0.0, 0.0), ground=0.0)
GREY = SurfaceMaterial(np.full((4, 4, 3), 150, np.uint8), roughness=1.0, specular=0.0)
STUDIO = Lighting.studio()


def ball(radius: float, centre: tuple[float, float, float], name: str = "ball") -> tuple[SceneMesh, np.ndarray]:
    polar, around = np.meshgrid(np.linspace(0, np.pi, 9), np.arange(14) * 2 * np.pi / 14, indexing="ij")
    points = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], axis=-1)
    row, column = np.meshgrid(np.arange(8), np.arange(14), indexing="ij")
    a, b = row * 14 + column, row * 14 + (column + 1) % 14
    quads = np.stack([a, a + 14, b + 14, b], axis=-1).reshape(-1, 4)
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    uv = np.stack([around.ravel() / 5, 1 - polar.ravel() / np.pi], axis=1).astype(np.float32)
    return SceneMesh(name, faces, uv, faces, GREY), (radius * points.reshape(-1, 3) + centre).astype(np.float32)


def sheet(corners: list[tuple[float, float, float]], name: str = "sheet") -> tuple[SceneMesh, np.ndarray]:
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    return SceneMesh(name, faces, uv, faces, GREY), np.array(corners, np.float32)


def stage(*parts: tuple[SceneMesh, np.ndarray], size: tuple[int, int] = SIZE, **options: str) -> Renderer:
    renderer = Renderer([mesh for mesh, _ in parts], [len(points) for _, points in parts], size, **options)
    renderer.set_vertices(np.concatenate([points for _, points in parts]))
    return renderer


def whole(*parts: tuple[SceneMesh, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return points, faces, UVs of faces and normals of all parts together."""
    starts = np.cumsum([0, *(len(points) for _, points in parts)])
    points = np.concatenate([points for _, points in parts]).astype(np.float64)
    faces = np.concatenate([mesh.faces + start for (mesh, _), start in zip(parts, starts, strict=False)])
    face_uv = np.concatenate([mesh.uv[mesh.uv_faces] for mesh, _ in parts]).astype(np.float64)
    return points, faces.astype(np.int32), face_uv, reference.vertex_normals(points, faces)


SCENE = (
    ball(0.5, (-0.2, 0.0, 1.0)),
    sheet([(-0.1, -0.7, 0.8), (0.6, -0.5, 0.7), (0.7, 0.2, 1.3), (0.0, -0.6, 1.4)], "cloth"),
)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("preset", PRESETS)
def test_depth_normals_uv_and_mask_match_the_reference(preset: str, device: str) -> None:
    renderer = stage(*SCENE, preset=preset, device=device)
    frame = renderer.render(CAMERA, STUDIO, BARE)
    assert frame.sample_px == {"realtime": 0.5, "quality": 0.25}[preset]
    points, faces, face_uv, normals = whole(*SCENE)
    want = twin.surfels(points, faces, face_uv, normals, CAMERA, frame.sample_px)
    group = np.repeat([1, 2], [len(mesh.faces) for mesh, _ in SCENE])
    mask = np.where(want.face >= 0, group[want.face], 0)
    assert np.mean(frame.mask != mask) < 2e-3  # a sample on an edge may go either way
    same = (frame.mask == mask) & (mask > 0)
    assert {1, 2} == set(np.unique(mask[same]).tolist())
    np.testing.assert_allclose(frame.depth[same], want.depth[same], rtol=2e-5)
    assert np.isinf(frame.depth[frame.mask == 0]).all()
    close = np.isclose(frame.normals, want.normals, atol=2e-3).all(axis=-1) & np.isclose(
        frame.uv, want.uv, atol=2e-3
    ).all(axis=-1)
    assert close[same].mean() > 0.995  # as above, between two triangles of a mesh
    assert not frame.normals[frame.mask == 0].any()
    assert not frame.uv[frame.mask == 0].any()
    assert frame.segments == ("background", "ball", "cloth")


@pytest.mark.parametrize("preset", PRESETS)
def test_velocity_is_exact_from_the_second_frame_on_and_under_a_moving_camera(preset: str) -> None:
    """Against the projection of where each point was, in double precision: points and camera both move and turn."""
    points, faces, face_uv, normals = whole(*SCENE)
    angle = 0.2
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    path = [points @ np.linalg.matrix_power(turn, k).T + k * np.array([0.15, -0.2, 0.05]) for k in range(3)]
    cameras = [Camera.look_at((0.3 - 0.2 * k, -4 - 0.1 * k, 1.2), (0.02 * k, 0, 1), 0.6, SIZE) for k in range(3)]
    renderer = stage(*SCENE, preset=preset)
    for k in range(3):
        renderer.set_vertices(path[k])
        frame = renderer.render(cameras[k], STUDIO, BARE)
        if k == 0:
            assert np.abs(frame.velocity).max() < 1e-5
            continue
        moved = (cameras[k], cameras[k - 1])
        want = twin.moved_surfels(path[k], path[k - 1], faces, face_uv, normals, moved, frame.sample_px)
        both = (want.face >= 0) & (frame.mask > 0) & np.isclose(frame.depth, want.depth, rtol=1e-5)
        error = np.abs(frame.velocity - want.velocity)[both]
        assert both.sum() > 350
        assert np.abs(want.velocity[both]).max() > 3.0
        assert error.max() < 1e-4
        assert not frame.velocity[frame.mask == 0].any()


def test_velocity_of_what_stands_still_is_nothing_even_in_a_large_picture() -> None:
    size = (2001, 1501)
    renderer = stage(*SCENE, size=size)
    camera = Camera.look_at((0.3, -4, 1.2), (0, 0, 1), 0.6, size)
    renderer.render(camera, STUDIO, BARE)
    assert np.abs(renderer.render(camera, STUDIO, BARE).velocity).max() < 1e-3


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("preset", PRESETS)
def test_coverage_and_linear_light_match_the_reference(preset: str, device: str) -> None:
    renderer = stage(*SCENE, preset=preset, device=device)
    frame = renderer.render(CAMERA, STUDIO, Background.plain((0.2, 0.6, 0.9), ground=0.0))
    groups = renderer._face_group.numpy()
    keys = renderer.drawings[0].keys.numpy()
    group = np.where(keys < 1 << 62, groups[keys & ((1 << 23) - 1)] + 1, 0)
    crossings = renderer.drawings[0].across.numpy(), renderer.drawings[0].down.numpy()
    shares = twin.blended(np.eye(3)[group], *crossings, renderer.preset.samples)
    np.testing.assert_allclose(frame.coverage, shares, atol=1e-5)
    np.testing.assert_allclose(frame.alpha, 1 - shares[..., 0], atol=1e-5)
    color = renderer._canvas.color.numpy()
    light = np.where((group > 0)[..., None], color, srgb_to_linear(np.array([0.2, 0.6, 0.9])))
    np.testing.assert_allclose(frame.linear, twin.blended(light, *crossings, renderer.preset.samples), atol=1e-5)
    people = np.where((group > 0)[..., None], color, 0.0)
    want = twin.blended(people, *crossings, renderer.preset.samples)
    np.testing.assert_allclose(frame.premultiplied[..., :3], want, atol=1e-5)
    assert np.abs(255 * linear_to_srgb(frame.linear) - frame.rgb).max() < 1.01


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("angle", [0.0, 0.2, 0.7])
def test_alpha_at_a_silhouette_is_the_area_covered(preset: str, angle: float) -> None:
    """Pixel by pixel against 32 × 32 tries in each, and in sum against the exact area."""
    half, camera = 0.4137, Camera.look_at((0, -4, 1), (0, 0, 1), 0.6, (96, 96))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    at = np.array([[-half, -half], [half, -half], [half, half], [-half, half]]) @ turn.T
    square = sheet([(float(x) + 0.003, 0.0, float(z) + 1.0) for x, z in at])
    alpha = stage(square, size=(96, 96), preset=preset).render(camera, STUDIO, BARE).alpha
    side = 2 * half * camera.focal_px / 4
    assert alpha.sum() == pytest.approx(side**2, abs=0.015 * 4 * side)
    fine = (np.arange(96 * 32) + 0.5) / 32
    x, y = np.meshgrid((fine - 48) * 4 / camera.focal_px - 0.003, -(fine - 48) * 4 / camera.focal_px)
    inside = (np.abs(np.stack([x, y], axis=-1) @ turn).max(axis=-1) < half).astype(float)
    want = inside.reshape(96, 32, 96, 32).mean(axis=(1, 3))
    edge = (want > 0) & (want < 1)
    assert np.abs(alpha - want)[~edge].max() < 0.01
    assert np.abs(alpha - want)[edge].mean() < {"realtime": 0.04, "quality": 0.012}[preset]
    assert np.corrcoef(alpha[edge], want[edge])[0, 1] > 0.99


@pytest.mark.parametrize("preset", PRESETS)
def test_the_premultiplied_picture_over_any_colour_is_the_picture_before_it(preset: str) -> None:
    """With the shadow on the ground, at every pixel, silhouettes and all: one 8-bit step of rounding is allowed."""
    camera = Camera.look_at((0, -3, 1.6), (0, 0, 0.3), 0.8, SIZE)
    renderer = stage(ball(0.3, (0, 0, 0.3)), preset=preset)
    cut = renderer.render(camera, STUDIO, Background.transparent()).copy("premultiplied", "alpha", "shadow")
    assert 0.2 < cut.shadow.max() <= 1.0
    for colour in ((0.9, 0.2, 0.4), (0.5, 0.8, 1.0)):
        shown = renderer.render(camera, STUDIO, Background.plain(colour)).rgb
        behind = srgb_to_linear(np.array(colour))
        over = cut.premultiplied[..., :3] + (1 - cut.alpha - cut.shadow)[..., None] * behind
        assert np.abs(255 * linear_to_srgb(over) - shown).max() < 1.2
    assert np.array_equal(cut.premultiplied[..., 3], cut.alpha + cut.shadow)


def test_the_shadow_is_optional_and_coverage_knows_nothing_of_it() -> None:
    camera = Camera.look_at((0, -3, 1.6), (0, 0, 0.3), 0.8, SIZE)
    renderer = stage(ball(0.3, (0, 0, 0.3)))
    without = renderer.render(camera, STUDIO, Background.transparent(ground=0.0)).copy("alpha", "shadow")
    frame = renderer.render(camera, STUDIO, Background.transparent())
    assert without.shadow.max() == 0
    assert np.array_equal(without.alpha, frame.alpha)
    assert frame.shadow.sum() > 10


def test_straight_colour_over_white_shows_the_shadow_of_the_studio_and_goes_on_beyond_edges() -> None:
    camera = Camera.look_at((0, -3, 1.6), (0, 0, 0.3), 0.8, SIZE)
    renderer = stage(ball(0.3, (0, 0, 0.3)))
    frame = renderer.render(camera, STUDIO, Background.transparent())
    rgba, ground = frame.rgba.astype(float), (frame.alpha == 0) & (frame.shadow > 0)
    over_white = rgba[..., :3] * rgba[..., 3:] / 255 + 255 - rgba[..., 3:]
    white = renderer.render(camera, STUDIO, Background.plain((1.0, 1.0, 1.0))).rgb
    assert np.abs(over_white - white)[ground].max() < 1.6
    premultiplied, alpha = np.zeros((9, 40, 3), np.float32), np.zeros((9, 40), np.float32)
    premultiplied[:, :8], alpha[:, :8] = 0.5, 1.0
    spread = straight_srgb(premultiplied, alpha, np.zeros_like(alpha))
    assert spread[4, 10, :3].tolist() == spread[4, 2, :3].tolist() == [188, 188, 188]
    assert spread[4, 10, 3] == 0


def test_normals_of_the_inside_face_the_eye_and_view_normals_turn_with_it() -> None:
    back = sheet([(0.5, 0, 0.5), (-0.5, 0, 0.5), (-0.5, 0, 1.5), (0.5, 0, 1.5)])
    for eye in ((0.0, -4.0, 1.0), (0.0, 4.0, 1.0)):
        camera = Camera.look_at(eye, (0, 0, 1), 0.6, SIZE)
        frame = stage(back).render(camera, STUDIO, BARE)
        np.testing.assert_allclose(frame.normals[24, 32], np.array(eye) / 4 - [0, 0, 0.25], atol=1e-5)
        np.testing.assert_allclose(frame.view_normals[24, 32], [0, 0, 1], atol=1e-5)
    lid = sheet([(-1, -1, 0.2), (1, -1, 0.2), (1, 1, 0.2), (-1, 1, 0.2)])
    frame = stage(lid).render(Camera.look_at((0, -3, 3.2), (0, 0, 0.2), 0.6, SIZE), STUDIO, BARE)
    np.testing.assert_allclose(frame.view_normals[24, 32], [0, np.sqrt(0.5), np.sqrt(0.5)], atol=1e-4)


def test_learned_wrinkles_are_in_the_normals() -> None:
    part, points = sheet([(-0.5, 0, 0.5), (0.5, 0, 0.5), (0.5, 0, 1.5), (-0.5, 0, 1.5)])
    wrinkled = replace(part, atlas_uv=part.uv[part.uv_faces], wrinkle_side=8)
    renderer = stage((wrinkled, points), (replace(part, name="plain"), points + np.float32(0.3)))
    half = np.deg2rad(20) / 2
    renderer.turns.assign(np.tile([0, 0, np.sin(half), np.cos(half)], (8, 1)).astype(np.float32))
    renderer.wrinkles.assign(np.tile(np.array([0, -1, 0], np.float32), (64, 1)))
    frame = renderer.render(CAMERA, STUDIO, BARE)
    turned = np.deg2rad(20)
    np.testing.assert_allclose(
        frame.normals[frame.mask == 1].mean(axis=0), [np.sin(turned), -np.cos(turned), 0], atol=1e-4
    )
    np.testing.assert_allclose(frame.normals[frame.mask == 2].mean(axis=0), [0, -1, 0], atol=1e-4)
    assert set(np.unique(frame.mask).tolist()) == {0, 1, 2}


def test_seen_vertices_are_those_of_triangles_in_sight() -> None:
    near, far = sheet([(-0.5, 0, 0.5), (0.5, 0, 0.5), (0.5, 0, 1.5), (-0.5, 0, 1.5)]), ball(0.2, (0, 1, 1))
    aside = ball(0.2, (5, 0, 1), "sheet")
    frame = stage(near, far, aside).render(Camera.look_at((0, -4, 1), (0, 0, 1), 0.6, SIZE), STUDIO, BARE)
    seen = frame.seen_vertices
    assert list(seen) == ["sheet", "ball", "sheet 2"]
    assert [part.sum() for part in seen.values()] == [4, 0, 0]
    assert frame.visible == pytest.approx({"background": np.mean(frame.mask == 0), "sheet": np.mean(frame.mask == 1)})
    only = stage(far).render(Camera.look_at((0, -4, 1), (0, 0, 1), 0.6, SIZE), STUDIO, BARE).seen_vertices["ball"]
    front = far[1][:, 1] < 0.95
    assert only[front].all()
    assert not only[far[1][:, 1] > 1.1].any()


def test_velocity_of_what_was_broken_the_frame_before_is_nothing() -> None:
    renderer = stage(*SCENE)
    points = renderer.vertices.numpy().copy()
    broken = points.copy()
    broken[: len(SCENE[0][1])] = np.nan
    renderer.set_vertices(broken)
    with pytest.warns(RuntimeWarning, match="vertices must be finite"):
        renderer.render(CAMERA, STUDIO, BARE)
    renderer.set_vertices(points + np.float32(0.02))
    frame = renderer.render(CAMERA, STUDIO, BARE)
    assert np.sum(frame.mask == 1) > 100
    assert not frame.velocity[frame.mask == 1].any()
    assert 0.1 < np.abs(frame.velocity[frame.mask == 2]).max() < 2.0


def test_names_are_told_apart_whatever_they_are() -> None:
    names = ["a", "a", "a 2", "background", "a 2", "a"]
    frame = stage(*(ball(0.1, (0.2 * place, 0, 1), name) for place, name in enumerate(names))).render(
        CAMERA, STUDIO, BARE
    )
    assert frame.segments == ("background", "a", "a 2", "a 2 2", "background 2", "a 2 3", "a 3")
    assert len(frame.seen_vertices) == len(names)


def test_outputs_are_asked_for_in_time_or_kept() -> None:
    renderer = stage(*SCENE)
    frame = renderer.render(CAMERA, STUDIO, BARE)
    kept, some = frame.copy(), frame.copy("uv")
    values = {name: kept.output(name) for name in OUTPUTS}
    renderer.set_vertices(renderer.vertices.numpy() + np.float32(0.3))
    later = renderer.render(CAMERA, STUDIO, BARE)
    assert not np.array_equal(later.uv, some.uv)
    assert all(values[name] is kept.output(name) for name in OUTPUTS)
    with pytest.raises(ValueError, match=r"alpha of a frame has to be asked for before the next"):
        Frame.alpha.fget(replace_kept(frame))  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"has no depth; name it in copy\('uv'\)"):
        _ = some.depth


def replace_kept(frame: Frame) -> Frame:
    return Frame(frame.rgb, frame.camera, frame.segments, frame._read, frame.sample_px)


def test_odd_sizes_and_a_transparent_backdrop() -> None:
    size = (61, 47)
    renderer = stage(*SCENE, size=size, preset="quality")
    camera = Camera.look_at((0.3, -4, 1.2), (0, 0, 1), 0.6, size)
    frame = renderer.render(camera, STUDIO, Background.transparent())
    assert frame.rgba.shape == (47, 61, 4)
    assert not frame.rgb[frame.alpha + frame.shadow == 0].any()
    assert frame.coverage.shape == (47, 61, 3)
    np.testing.assert_allclose(frame.coverage.sum(axis=-1), 1, atol=1e-5)


def test_a_cut_out_of_nothing_is_empty() -> None:
    renderer = stage(ball(0.1, (0, -8, 1)))
    frame = renderer.render(CAMERA, STUDIO, Background.transparent(ground=0.0))
    assert not frame.alpha.any()
    assert frame.rgba.shape == (*SIZE[::-1], 4)
    assert not frame.rgba.any()
