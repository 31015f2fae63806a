"""What pictures with gradients are for: a known pose, texture and light come back from one 8-bit frame of the renderer.

Each test draws a lopsided egg with `Renderer`, starts from a wrong value, follows the gradient, and must end at the
true one.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from dressform.runtime.render import losses
from dressform.runtime.render.camera_tensors import CameraTensors, rotation_matrix
from dressform.runtime.render.colour import srgb_to_linear
from dressform.runtime.render.differentiable import DifferentiableRenderer
from dressform.runtime.render.harmonics import sphere_directions
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial
from dressform.runtime.render.shading import sh_shade

SIZE = (96, 96)
CAMERA = Camera.look_at((0.3, -4.0, 1.2), (0.0, 0.0, 1.0), 0.42, SIZE)
LIGHT = replace(Lighting.studio(), sun_color=(0.0, 0.0, 0.0))
TEXTURE_SIDE = 32


@pytest.fixture(autouse=True)
def one_thread() -> object:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def egg(rings: int = 32) -> tuple[np.ndarray, SceneMesh]:
    """A closed, convex body without symmetry, so that a pose is one and nothing keeps light from it."""
    polar = np.linspace(0.0, np.pi, rings + 1)[1:-1]
    around = np.linspace(0.0, 2 * np.pi, 2 * rings, endpoint=False)
    p, a = np.meshgrid(polar, around, indexing="ij")
    way = np.stack([np.sin(p) * np.cos(a), np.sin(p) * np.sin(a), np.cos(p)], -1).reshape(-1, 3)
    points = np.concatenate([way, [[0, 0, 1.0], [0, 0, -1.0]]])
    points = points * (0.5, 0.4, 0.65) * (1.0 + 0.25 * points @ [0.6, -0.3, 0.5])[:, None] + (0.0, 0.0, 1.0)
    columns, rows = 2 * rings, rings - 1
    row, column = (grid.ravel() for grid in np.meshgrid(np.arange(rows - 1), np.arange(columns), indexing="ij"))
    b, c, d, e = row * columns + column, row * columns + (column + 1) % columns, None, None
    d, e = b + columns, c + columns
    ring = np.arange(columns)
    after, last = (ring + 1) % columns, (rows - 1) * columns
    caps = [
        np.stack([np.full(columns, len(way)), ring, after], -1),
        np.stack([np.full(columns, len(way) + 1), last + after, last + ring], -1),
    ]
    faces = np.concatenate([np.stack([b, d, e], -1), np.stack([b, e, c], -1), *caps]).astype(np.int32)
    # seen from the front the texture lies as on a sheet of paper: half of its texels, each at one place
    uv = np.stack([0.5 + 0.75 * points[:, 0], 0.5 + 0.6 * (points[:, 2] - 1.0)], -1).astype(np.float32)
    material = SurfaceMaterial(painted(TEXTURE_SIDE), roughness=1.0, specular=0.0)
    return points.astype(np.float32), SceneMesh("egg", faces, uv, faces, material)


def painted(side: int) -> np.ndarray:
    """Soft stripes and spots between 60 and 200 of 255."""
    y, x = np.mgrid[0:side, 0:side] / side
    channels = [np.sin(9 * x + 2 * y), np.cos(8 * y - 3 * x), np.sin(7 * x * y + 3)]
    return np.round(130 + 70 * np.stack(channels, -1)).astype(np.uint8)


def target(
    rings: int = 32, camera: Camera = CAMERA, bend: torch.Tensor | None = None
) -> tuple[DifferentiableRenderer, torch.Tensor, torch.Tensor, torch.Tensor]:
    """A differentiable renderer, its vertices, the frame's linear light, and its mask."""
    points, mesh = egg(rings)
    renderer = Renderer([mesh], [len(points)], SIZE)
    renderer.set_vertices(points if bend is None else bent(torch.from_numpy(points), bend).numpy())
    frame = renderer.render(camera, LIGHT, Background.plain((0.0, 0.0, 0.0), ground=0.0))
    ours = DifferentiableRenderer([mesh], [len(points)])
    mask = torch.from_numpy((frame.mask > 0).astype(np.float32))
    return ours, torch.from_numpy(points), torch.from_numpy(srgb_to_linear(frame.rgb)), mask


def test_a_known_pose_comes_back() -> None:
    """15 degrees and 17 cm off, seen from 4 m: back within 0.1 degree and 3 mm."""
    renderer, vertices, want, _ = target()
    camera, sh = CameraTensors.of(CAMERA), torch.from_numpy(LIGHT.sh)
    turn, shift = (
        torch.tensor([0.1, -0.15, 0.2], requires_grad=True),
        torch.tensor([0.1, 0.1, -0.1], requires_grad=True),
    )
    middle = vertices.mean(dim=0)
    optimizer = torch.optim.Adam([turn, shift], lr=0.02)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.97)
    for _ in range(160):
        optimizer.zero_grad()
        moved = (vertices - middle) @ rotation_matrix(turn).T + middle + shift
        frame = renderer.render(moved, sh, camera)
        losses.photometric(frame.color, want).backward()  # type: ignore[no-untyped-call]  # torch does not say
        optimizer.step()
        schedule.step()
    assert math.degrees(float(turn.detach().norm())) < 0.1
    assert float(shift.detach().norm()) < 0.003


def bent(points: torch.Tensor, joints: torch.Tensor) -> torch.Tensor:
    """Turn what lies above z = 1.2 by the first rotation vector and below z = 0.8 by the second, blended in between."""
    moved = points
    for joint, height, side in ((joints[0], 1.2, 1.0), (joints[1], 0.8, -1.0)):
        pivot = torch.tensor([0.0, 0.0, height])
        share = torch.sigmoid(side * (points[:, 2:] - height) / 0.06)
        moved = moved + share * ((points - pivot) @ rotation_matrix(joint).T + pivot - points)
    return moved


def test_the_known_angles_of_joints_come_back() -> None:
    """Two joints by about 30 degrees each, from the straight pose: every component within half a degree."""
    truth = torch.tensor([[0.2, 0.45, 0.1], [-0.15, 0.4, -0.2]])
    renderer, vertices, want, mask = target(bend=truth)
    camera, sh = CameraTensors.of(CAMERA), torch.from_numpy(LIGHT.sh)
    joints = torch.zeros(2, 3, requires_grad=True)
    optimizer = torch.optim.Adam([joints], lr=0.03)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.975)
    for _ in range(160):
        optimizer.zero_grad()
        frame = renderer.render(bent(vertices, joints), sh, camera)
        loss = losses.photometric(frame.color, want) + 0.1 * losses.silhouette_iou(frame.alpha, mask)
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not say
        optimizer.step()
        schedule.step()
    assert math.degrees(float((joints.detach() - truth).abs().max())) < 0.5


def test_a_known_place_comes_back_from_the_mask_alone_though_nothing_overlaps() -> None:
    """Coverage has no gradient while figure and mask are apart: the soft silhouette pulls, coverage ends it."""
    renderer, vertices, _, mask = target(rings=10)
    camera, still = CameraTensors.of(CAMERA), torch.zeros(1)
    shift = torch.tensor([1.05, 0.15], requires_grad=True)  # along x and z
    optimizer = torch.optim.Adam([shift], lr=0.05)
    for step in range(120):
        optimizer.zero_grad()
        moved = vertices + torch.cat([shift[:1], still, shift[1:]])
        if step == 0:
            assert float((renderer.silhouette(moved, camera) * mask).sum().detach()) == 0.0
        if step < 50:
            alpha = renderer.soft_silhouette(moved, camera, sigma=2e-2)
        else:
            alpha = renderer.silhouette(moved, camera)
            optimizer.param_groups[0]["lr"] = 0.01 * 0.95 ** (step - 50)
        losses.silhouette_iou(alpha, mask).backward()  # type: ignore[no-untyped-call]  # torch does not say
        optimizer.step()
    assert float(shift.detach().abs().max()) < 0.004


def test_a_known_texture_comes_back() -> None:
    """From grey: texels that some pixel sees well are within 2 of 255 on average, and the picture is the picture."""
    renderer, vertices, want, mask = target()
    sh, camera = torch.from_numpy(LIGHT.sh), CameraTensors.of(CAMERA)
    texture = torch.full((TEXTURE_SIDE, TEXTURE_SIDE, 3), 0.2, requires_grad=True)
    optimizer = torch.optim.Adam([texture], lr=0.02)
    for _ in range(150):
        optimizer.zero_grad()
        frame = renderer.render(vertices, sh, camera, textures=[texture])
        losses.photometric(frame.color, want, mask).backward()  # type: ignore[no-untyped-call]  # torch does not say
        optimizer.step()
    assert float(losses.photometric(frame.color, want, mask, kind="l1").detach()) < 0.002
    seen = torch.zeros_like(texture, requires_grad=True)
    renderer.render(vertices, sh, camera, textures=[seen]).color.sum().backward()
    assert seen.grad is not None
    well = seen.grad.sum(dim=-1) > 2.0
    assert float(well.float().mean()) > 0.25
    error = 255.0 * (texture.detach().clamp(0, 1).sqrt() - renderer.textures[0].sqrt()).abs()
    assert float(error[well].mean()) < 2.0


BEHIND = Camera.look_at((-0.3, 4.0, 1.2), (0.0, 0.0, 1.0), 0.42, SIZE)


@pytest.mark.parametrize("cameras", [(CAMERA, BEHIND), (CAMERA,)], ids=["two pictures", "one picture"])
def test_a_known_light_comes_back(cameras: tuple[Camera, ...]) -> None:
    """From white light without direction: all nine coefficients within 2 % of the strongest.

    One picture shows half of all directions: light on what lies within 60 degrees of the eye is within 1 %.
    """
    pictures = []
    for camera in cameras:
        renderer, vertices, want, mask = target(camera=camera)
        inner = -torch.nn.functional.max_pool2d(-mask[None], 5, 1, 2)[0]
        pictures.append((CameraTensors.of(camera), want, inner))
    sh = torch.zeros(9, 3)
    sh[0] = 2.0
    sh.requires_grad_()
    optimizer = torch.optim.LBFGS([sh], max_iter=120, tolerance_change=1e-12, line_search_fn="strong_wolfe")

    def error() -> torch.Tensor:
        optimizer.zero_grad()
        value = torch.zeros(())
        for camera, want, inner in pictures:
            color = renderer.render(vertices, sh, camera).color
            value = value + 100.0 * losses.photometric(color, want, inner, epsilon=0.05)
        value.backward()  # type: ignore[no-untyped-call]  # torch does not say
        return value

    optimizer.step(error)
    truth = torch.from_numpy(LIGHT.sh)
    if len(cameras) == 2:
        assert float((sh.detach() - truth).abs().max()) < 0.02 * float(truth.abs().max())
    normals = torch.from_numpy(sphere_directions(500).astype(np.float32))
    seen = normals[normals @ torch.from_numpy(CAMERA.T_world_cam[:3, 2].astype(np.float32)) < -0.5]
    shown, true = sh_shade(seen, sh.detach()), sh_shade(seen, truth)
    assert float((shown - true).abs().max()) < 0.01 * float(true.max())


def test_light_that_differs_from_mesh_to_mesh_comes_back() -> None:
    """Two eggs too far apart to shade each other, one under dimmer, redder light; both lights from one picture.

    What faces within 45 degrees of the eye is lit within 3 %: the eggs are 25 pixels wide.
    """
    points, left = egg(20)
    points, aside = 0.5 * points + np.float32([-0.5, 0.0, 0.5]), np.float32([1.05, 0.0, 0.0])
    meshes = [replace(left, name="left"), replace(left, name="right")]
    own = (LIGHT.sh * np.float32([0.8, 0.5, 0.4])).astype(np.float32)
    renderer = Renderer(meshes, [len(points)] * 2, SIZE)
    vertices = np.concatenate([points, points + aside])
    renderer.set_vertices(vertices)
    black = Background.plain((0.0, 0.0, 0.0), ground=0.0)
    frame = renderer.render(CAMERA, replace(LIGHT, sh_of={"right": own}), black)
    want = torch.from_numpy(srgb_to_linear(frame.rgb))
    inner = -torch.nn.functional.max_pool2d(-torch.from_numpy((frame.mask > 0).astype(np.float32))[None], 5, 1, 2)[0]
    ours, at = DifferentiableRenderer(meshes, [len(points)] * 2), torch.from_numpy(vertices)
    sh = torch.zeros(2, 9, 3)
    sh[:, 0] = 2.0
    sh.requires_grad_()
    optimizer = torch.optim.LBFGS([sh], max_iter=120, tolerance_change=1e-12, line_search_fn="strong_wolfe")

    def error() -> torch.Tensor:
        optimizer.zero_grad()
        color = ours.render(at, sh, CameraTensors.of(CAMERA)).color
        value = 100.0 * losses.photometric(color, want, inner, epsilon=0.05)
        value.backward()  # type: ignore[no-untyped-call]  # torch does not say
        return value

    optimizer.step(error)
    normals = torch.from_numpy(sphere_directions(500).astype(np.float32))
    seen = normals[normals @ torch.from_numpy(CAMERA.T_world_cam[:3, 2].astype(np.float32)) < -0.7]
    for found, truth in zip(sh.detach(), (LIGHT.sh, own), strict=True):
        true = sh_shade(seen, torch.from_numpy(truth))
        assert float((sh_shade(seen, found) - true).abs().max()) < 0.03 * float(true.max())
