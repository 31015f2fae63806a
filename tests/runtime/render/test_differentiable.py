"""Pictures with gradients: equal to the renderer's frames, and their gradients equal to finite differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
import warp as wp

from dressform.runtime.render.camera_tensors import CameraTensors, rotation_matrix
from dressform.runtime.render.differentiable import DifferentiableRenderer, Sun, render_differentiable
from dressform.runtime.render.fragments import rasterize, vertex_normals
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial
from dressform.runtime.render.shading import encode_srgb, soften_highlights

SIZE = (72, 64)
CAMERA = Camera.look_at((0.3, -4.0, 1.2), (0.0, 0.0, 1.0), 0.42, SIZE)
STUDIO = Lighting.studio()
PAPER = (0.31, 0.52, 0.74)


def devices() -> list[str]:
    wp.init()
    return ["cpu", *(["cuda:0"] if wp.is_cuda_available() else [])]


def blob(rings: int = 20, *, bumps: float = 0.25, seed: int = 3) -> tuple[np.ndarray, ...]:
    """A closed ball with bumps around (0, 0, 1): vertices, faces, uv, faces of the uv."""
    polar, around = np.meshgrid(
        np.linspace(0.0, np.pi, rings), np.linspace(0.0, 2 * np.pi, 2 * rings + 1), indexing="ij"
    )
    way = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], -1).reshape(-1, 3)
    axes = np.random.default_rng(seed).normal(size=(4, 3))
    radius = 0.55 * (1.0 + bumps * np.mean(np.sin(2.0 * way @ axes.T), axis=1))
    row, column = np.meshgrid(np.arange(rings - 1), np.arange(2 * rings), indexing="ij")
    a = row * (2 * rings + 1) + column
    b, c, d = a + 1, a + 2 * rings + 1, a + 2 * rings + 2
    faces = np.concatenate([np.stack([a, c, d], -1).reshape(-1, 3), np.stack([a, d, b], -1).reshape(-1, 3)])
    uv = np.stack([around / (2 * np.pi), 1.0 - polar / np.pi], -1).reshape(-1, 2)
    points = (radius[:, None] * way + np.array([0.0, 0.0, 1.0])).astype(np.float32)
    _, first, welded = np.unique(np.round(points, 5), axis=0, return_index=True, return_inverse=True)
    closed = welded.reshape(-1)[faces].astype(np.int32)
    whole = (closed != np.roll(closed, 1, axis=1)).all(axis=1)
    return points[first], closed[whole], uv.astype(np.float32), faces[whole].astype(np.int32)


def patterned(side: int, seed: int = 5) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(40, 230, (8, 8, 3)).astype(np.uint8)
    return np.kron(coarse, np.ones((side // 8, side // 8, 1), np.uint8))


def scene_mesh(texture: np.ndarray, *, bumps: float = 0.25) -> tuple[SceneMesh, np.ndarray]:
    vertices, faces, uv, uv_faces = blob(bumps=bumps)
    return SceneMesh("blob", faces, uv, uv_faces, SurfaceMaterial(texture, roughness=1.0, specular=0.0)), vertices


def sheet(depth: float) -> tuple[SceneMesh, np.ndarray]:
    """A small square seen from behind, before the blob."""
    corners = [(-0.5, depth, 0.7), (-0.1, depth, 0.7), (-0.1, depth, 1.3), (-0.5, depth, 1.3)]
    faces = np.array([[0, 2, 1], [0, 3, 2]], np.int32)
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    material = SurfaceMaterial(patterned(16, 8), roughness=1.0, specular=0.0, inside=(0.5, 0.7, 0.9))
    return SceneMesh("sheet", faces, uv, faces, material), np.array(corners, np.float32)


def linear(srgb: tuple[float, float, float]) -> torch.Tensor:
    return torch.tensor([((c + 0.055) / 1.055) ** 2.4 for c in srgb])


def both(
    parts: list[tuple[SceneMesh, np.ndarray]], lighting: Lighting, device: str, sun: Sun | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The renderer's frame and this one, sRGB [0, 255]."""
    meshes, counts = [m for m, _ in parts], [len(v) for _, v in parts]
    vertices = np.concatenate([v for _, v in parts])
    renderer = Renderer(meshes, counts, SIZE, device=device)
    renderer.set_vertices(vertices)
    want = renderer.render(CAMERA, lighting, Background.plain(PAPER, ground=0.0)).rgb.copy()
    ours = DifferentiableRenderer(meshes, counts, device)
    frame = ours.render(
        torch.from_numpy(vertices).to(device),
        torch.from_numpy(lighting.sh).to(device),
        CameraTensors.of(CAMERA, device=device),
        background=linear(PAPER).to(device),
        sun=sun,
    )
    return want.astype(np.float64), 255.0 * encode_srgb(frame.color).cpu().double().numpy()


@pytest.mark.parametrize("device", devices())
@pytest.mark.parametrize("side", [8, 256], ids=["magnified", "minified"])
def test_agrees_with_the_renderer_edges_included(device: str, side: int) -> None:
    """A ball: within a rounding to 8 bits and the ten-bit texels of the renderer, at every pixel."""
    parts = [scene_mesh(patterned(side), bumps=0.0)]
    want, got = both(parts, replace(STUDIO, sun_color=(0.0, 0.0, 0.0)), device)
    assert np.ptp(want) > 100.0
    assert np.abs(got - want).max() < 1.0


def test_is_brighter_than_the_renderer_only_in_hollows() -> None:
    """Light that what stands close keeps away is not modelled here."""
    want, got = both([scene_mesh(patterned(8))], replace(STUDIO, sun_color=(0.0, 0.0, 0.0)), "cpu")
    error = np.abs(got - want).max(axis=-1)
    assert np.percentile(error, 95) < 1.0
    assert (got - want).min() > -1.0


def test_agrees_in_the_sun_where_no_shadow_falls() -> None:
    toward = (0.0, -1.0, 0.3)
    lighting = replace(STUDIO, sun_direction=toward, sun_color=(0.5, 0.4, 0.3))
    sun = Sun(torch.tensor(toward), torch.tensor(lighting.sun_color))
    parts = [scene_mesh(patterned(8), bumps=0.0)]
    want, got = both(parts, lighting, "cpu", sun)
    error = np.abs(got - want).max(axis=-1)
    assert np.percentile(error, 90) < 1.0  # the rest lies where a ball shadows itself
    without, _ = both(parts, replace(lighting, sun_color=(0.0, 0.0, 0.0)), "cpu")
    assert np.abs(want - without).max() > 30.0


def test_agrees_where_meshes_overlap_and_backs_show() -> None:
    """A sheet far before a ball: edges between meshes, back faces, two textures."""
    parts = [scene_mesh(patterned(8), bumps=0.0), sheet(-1.6)]
    want, got = both(parts, replace(STUDIO, sun_color=(0.0, 0.0, 0.0)), "cpu")
    error = np.abs(got - want).max(axis=-1)
    assert np.percentile(error, 95) < 1.0  # the rest lies beside the sheet, which keeps light from the ball
    assert error.max() < 10.0
    assert (got - want).min() > -1.0


class Case:
    """A scene in double precision whose every input can be moved."""

    def __init__(self) -> None:
        vertices, *tables = blob(8)
        self.faces, self.uv, self.uv_faces = (torch.from_numpy(table) for table in tables)
        generator = torch.Generator().manual_seed(11)
        self.upstream = torch.randn(SIZE[1], SIZE[0], 4, generator=generator, dtype=torch.float64)
        camera = CameraTensors.of(CAMERA, dtype=torch.float64)
        self.start = {
            "vertices": torch.from_numpy(vertices).double(),
            "texture": 0.2 + 0.6 * torch.rand(16, 16, 3, generator=generator, dtype=torch.float64),
            "sh": torch.from_numpy(STUDIO.sh).double(),
            "background": linear(PAPER).double(),
            "rotation": camera.rotation,
            "position": camera.position,
            "focal_px": camera.focal_px,
            "center_px": camera.center_px,
        }

    def value(self, values: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """A number made of the whole picture, and which faces were seen."""
        camera = CameraTensors(*(values[name] for name in ("rotation", "position", "focal_px", "center_px")), SIZE)
        frame = render_differentiable(
            *(values["vertices"], self.faces, self.uv, self.uv_faces, values["texture"], values["sh"], camera),
            background=values["background"],
        )
        picture = torch.cat([frame.color, frame.alpha[..., None]], dim=-1)
        return (picture * self.upstream).sum(), frame.triangles


CASE = Case()


@pytest.mark.parametrize("name", CASE.start)
def test_gradients_match_finite_differences(name: str) -> None:
    values = {key: tensor.clone().requires_grad_(key == name) for key, tensor in CASE.start.items()}
    CASE.value(values)[0].backward()
    gradient = values[name].grad
    assert gradient is not None
    step, compared = 1e-7, 0
    for seed in range(6):
        way = torch.randn(gradient.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        ends = [CASE.value({**CASE.start, name: CASE.start[name] + sign * step * way}) for sign in (1.0, -1.0)]
        if torch.equal(ends[0][1], ends[1][1]):  # no pixel jumped from one face to another in between
            measured = float(ends[0][0] - ends[1][0]) / (2.0 * step)
            assert float((gradient * way).sum()) == pytest.approx(measured, rel=1e-4, abs=1e-4)
            compared += 1
    assert compared >= 3


def test_sun_has_gradients() -> None:
    mesh, vertices = scene_mesh(patterned(8))
    renderer = DifferentiableRenderer([mesh], [len(vertices)])
    sh, camera = torch.zeros(9, 3, dtype=torch.float64), CameraTensors.of(CAMERA, dtype=torch.float64)

    def value(toward: torch.Tensor, color: torch.Tensor) -> torch.Tensor:
        frame = renderer.render(torch.from_numpy(vertices).double(), sh, camera, sun=Sun(toward, color))
        return (frame.color * CASE.upstream[..., :3]).sum()

    toward = torch.tensor([0.4, -1.0, 0.5], dtype=torch.float64, requires_grad=True)
    color = torch.tensor([0.9, 0.5, 0.3], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(value, (toward, color), eps=1e-6, rtol=1e-3, atol=1e-4)


def test_depth_is_the_distance_along_the_axis_and_has_gradients() -> None:
    mesh, vertices = scene_mesh(patterned(8))
    renderer = DifferentiableRenderer([mesh], [len(vertices)])
    camera = CameraTensors.of(CAMERA).learn("position")
    frame = renderer.render(torch.from_numpy(vertices), torch.from_numpy(STUDIO.sh), camera)
    forward = Renderer([mesh], [len(vertices)], SIZE)
    forward.set_vertices(vertices)
    want = forward.render(CAMERA, STUDIO, Background.plain()).depth
    seen = np.isfinite(want)
    assert np.array_equal(frame.triangles.numpy() >= 0, seen)
    assert (frame.depth.detach().numpy()[~seen] == 0.0).all()
    np.testing.assert_allclose(frame.depth.detach().numpy()[seen], want[seen], rtol=1e-4)
    frame.depth.mean().backward()
    assert camera.position.grad is not None
    # who walks forward by a metre comes nearer by a metre, and by more where the surface falls off
    forward_axis = torch.from_numpy(CAMERA.T_world_cam[:3, 2].astype(np.float32))
    assert -1.3 * seen.mean() < float(camera.position.grad @ forward_axis) < -seen.mean()


def test_vertex_normals_of_a_ball_point_outwards() -> None:
    vertices, faces, *_ = blob(24, bumps=0.0)
    normals = vertex_normals(torch.from_numpy(vertices), torch.from_numpy(faces))
    outward = (vertices - np.array([0, 0, 1])) / 0.55
    assert float((normals * torch.from_numpy(outward.astype(np.float32))).sum(-1).min()) > 0.98


@pytest.mark.parametrize("angle", [0.0, 1e-6, 1e-3, 1.0, 3.1])
def test_rotation_vectors_turn_as_matrix_exponentials_do(angle: float) -> None:
    axis = torch.tensor([0.6, -0.48, 0.64], dtype=torch.float64)

    def exponential(rotation: torch.Tensor) -> torch.Tensor:
        x, y, z = rotation.unbind()
        zero = torch.zeros_like(x)
        return torch.linalg.matrix_exp(torch.stack([zero, -z, y, z, zero, -x, -y, x, zero]).reshape(3, 3))

    at = (angle * axis).requires_grad_()
    torch.testing.assert_close(rotation_matrix(at), exponential(at), rtol=0.0, atol=1e-12)
    upstream = torch.randn(3, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    got, want = (torch.autograd.grad((f(at) * upstream).sum(), at)[0] for f in (rotation_matrix, exponential))
    torch.testing.assert_close(got, want, rtol=0.0, atol=1e-7)


def test_cameras_make_the_round_trip_and_project_alike() -> None:
    tensors = CameraTensors.of(CAMERA, dtype=torch.float64)
    back = tensors.to_camera()
    np.testing.assert_allclose(back.T_world_cam, CAMERA.T_world_cam, atol=1e-12)
    assert (back.focal_px, back.center_px, back.size) == (CAMERA.focal_px, CAMERA.center_px, CAMERA.size)
    points = np.random.default_rng(0).normal((0, 0, 1), 0.4, (50, 3))
    got = tensors.to_screen(torch.from_numpy(points)).numpy()
    want = CAMERA.project(points)
    np.testing.assert_allclose(got[:, :2], want[:, :2], atol=1e-9)
    np.testing.assert_allclose(1.0 / got[:, 2], want[:, 2], atol=1e-9)


def test_highlights_and_srgb_follow_the_frames_curves() -> None:
    from dressform.runtime.render import colour

    light = torch.linspace(0.0, 3.0, 200, dtype=torch.float64, requires_grad=True)
    np.testing.assert_allclose(
        soften_highlights(light).detach(), colour.soften_highlights(light.detach().numpy()), atol=1e-6
    )
    np.testing.assert_allclose(encode_srgb(light).detach(), colour.linear_to_srgb(light.detach().numpy()), atol=1e-6)
    for curve in (soften_highlights, encode_srgb):
        (slope,) = torch.autograd.grad(curve(light).sum(), light)
        assert bool(slope.isfinite().all())


def test_nothing_in_view_shows_the_background() -> None:
    mesh, vertices = scene_mesh(patterned(8))
    renderer = DifferentiableRenderer([mesh], [len(vertices)])
    away = torch.from_numpy(vertices + np.array([0.0, -40.0, 0.0], np.float32)).requires_grad_()
    frame = renderer.render(away, torch.from_numpy(STUDIO.sh), CameraTensors.of(CAMERA), background=linear(PAPER))
    assert not bool(frame.alpha.any())
    torch.testing.assert_close(frame.color, linear(PAPER).expand_as(frame.color))
    frame.color.sum().backward()
    assert away.grad is not None
    assert float(away.grad.abs().sum()) == 0.0


def test_wrong_shapes_are_told() -> None:
    mesh, vertices = scene_mesh(patterned(8))
    renderer = DifferentiableRenderer([mesh], [len(vertices)])
    points, sh, camera = torch.from_numpy(vertices), torch.from_numpy(STUDIO.sh), CameraTensors.of(CAMERA)
    refused: list[tuple[Callable[[], object], str]] = [
        (lambda: renderer.render(points[:-1], sh, camera), rf"vertices must be \[{len(vertices)}, 3\]"),
        (lambda: renderer.render(points, sh[:4], camera), r"sh must be \[9, 3\] or \[1, 9, 3\], got \[4, 3\]"),
        (lambda: renderer.render(points, sh, camera, textures=[]), "textures must be 1, one a mesh, got 0"),
        (lambda: camera.learn("zoom"), "a camera learns rotation, position, focal_px, center_px, got 'zoom'"),
        (lambda: DifferentiableRenderer([], []), "meshes must be at least 1, got 0"),
        (lambda: rasterize(points[:, :2], torch.zeros(1, 3), SIZE), r"screen must be \[V, 3\]"),
        (lambda: rasterize(points, torch.zeros(0, 3), SIZE), "at least one face"),
    ]
    for attempt, message in refused:
        with pytest.raises(ValueError, match=message):
            attempt()
