"""Pictures with gradients: their cost forwards and backwards, and what comes back from a frame by following them."""

from __future__ import annotations

import json
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.render import losses
from dressform.runtime.render.camera_tensors import CameraTensors, rotation_matrix
from dressform.runtime.render.colour import srgb_to_linear
from dressform.runtime.render.differentiable import DifferentiableRenderer
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial

SIDES = (256, 512)  # of the timed pictures [px]
WARM_UP, RUNS = 3, 15
SIDE, STEPS = 256, 150  # of the fits
LIGHT = replace(Lighting.studio(), sun_color=(0.0, 0.0, 0.0))
TURN, SHIFT = (0.10, -0.15, 0.20), (0.10, 0.10, -0.10)  # where the fit of the pose starts [rad], [m]


def run() -> dict[str, Any]:
    """Draw the canonical body on one thread, colour and coverage, coverage alone, and soft coverage (sigma 1e-4).

    `ms` are medians of the core's own time, which others at work on the machine change little; `held_mb` is what torch
    keeps for the backward pass. `recovered` starts from wrong values and a frame of `Renderer` (8 bits, occlusion
    included): how far the body's turn, its place, its light and its texture are off after 150 steps.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        points, mesh = _body()
        renderer = DifferentiableRenderer([mesh], [len(points)])
        found: dict[str, Any] = {"vertices": len(points), "triangles": len(mesh.faces)}
        found["ms"] = {f"{side}x{side}": _timed(renderer, points, side) for side in SIDES}
        found["recovered"] = _recovered(renderer, points, mesh)
        return found
    finally:
        torch.set_num_threads(threads)


def _body() -> tuple[torch.Tensor, SceneMesh]:
    """Return the canonical body, matte, in a soft pattern of 512 texels a side."""
    rest = canonical_rest()
    y, x = np.mgrid[0:512, 0:512] / 512.0
    waves = [np.sin(60 * x + 9 * y), np.cos(50 * y - 12 * x), np.sin(40 * x * y + 3)]
    texture = np.round(130 + 70 * np.stack(waves, axis=-1)).astype(np.uint8)
    material = SurfaceMaterial(texture, roughness=1.0, specular=0.0)
    mesh = SceneMesh("body", rest.body.faces, rest.body.uv, rest.body.uv_faces, material)
    return torch.from_numpy(rest.vertices.astype(np.float32)), mesh


def _camera(side: int) -> Camera:
    return Camera.look_at((0.0, -4.0, 0.85), (0.0, 0.0, 0.85), 0.45, (side, side))


def _timed(renderer: DifferentiableRenderer, points: torch.Tensor, side: int) -> dict[str, dict[str, float]]:
    """Return milliseconds forwards and backwards and what is held in between, with everything learnt."""
    camera = CameraTensors.of(_camera(side)).learn("rotation", "position", "focal_px", "center_px")
    vertices = points.clone().requires_grad_()
    sh = torch.from_numpy(LIGHT.sh).clone().requires_grad_()
    textures = [texture.clone().requires_grad_() for texture in renderer.textures]

    def picture() -> torch.Tensor:
        frame = renderer.render(vertices, sh, camera, textures=textures)
        return frame.color.mean() + frame.alpha.mean()

    ways: dict[str, Callable[[], torch.Tensor]] = {
        "picture": picture,
        "silhouette": lambda: renderer.silhouette(vertices, camera).mean(),
        "soft silhouette": lambda: renderer.soft_silhouette(vertices, camera).mean(),
    }
    return {name: _one(way) for name, way in ways.items()}


def _one(draw: Callable[[], torch.Tensor]) -> dict[str, float]:
    forwards, backwards, held = [], [], 0
    for index in range(WARM_UP + RUNS):
        kept: dict[int, int] = {}

        def keep(tensor: torch.Tensor, kept: dict[int, int] = kept) -> torch.Tensor:
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        if index == 0:
            with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
                draw().backward()  # type: ignore[no-untyped-call]  # torch does not say
            held = sum(kept.values())
            continue
        started = time.process_time()
        value = draw()
        drawn = time.process_time()
        value.backward()  # type: ignore[no-untyped-call]  # torch does not say
        if index >= WARM_UP:
            forwards.append(drawn - started)
            backwards.append(time.process_time() - drawn)
    forward, backward = (round(1000.0 * statistics.median(values), 1) for values in (forwards, backwards))
    return {"forward": forward, "backward": backward, "held_mb": round(held / 1e6, 1)}


def _recovered(renderer: DifferentiableRenderer, points: torch.Tensor, mesh: SceneMesh) -> dict[str, float]:
    """Fit turn and place, light, and texture, each with the others known, to one frame."""
    forward = Renderer([mesh], [len(points)], (SIDE, SIDE))
    forward.set_vertices(points.numpy())
    frame = forward.render(_camera(SIDE), LIGHT, Background.plain((0.0, 0.0, 0.0), ground=0.0))
    want = torch.from_numpy(srgb_to_linear(frame.rgb))
    mask = torch.from_numpy((frame.mask > 0).astype(np.float32))
    camera, light = CameraTensors.of(_camera(SIDE)), torch.from_numpy(LIGHT.sh)

    turn, shift = (torch.tensor(start, requires_grad=True) for start in (TURN, SHIFT))
    middle = points.mean(dim=0)

    def posed() -> torch.Tensor:
        moved = (points - middle) @ rotation_matrix(turn).T + middle + shift
        return losses.photometric(renderer.render(moved, light, camera).color, want)

    _descend(posed, [turn, shift], 0.02)
    sh = torch.zeros(9, 3)
    sh[0] = 2.0
    sh.requires_grad_()
    _descend(lambda: losses.photometric(renderer.render(points, sh, camera).color, want, mask), [sh], 0.05)
    texture = torch.full_like(renderer.textures[0], 0.2).requires_grad_()

    def painted() -> torch.Tensor:
        color = renderer.render(points, light, camera, textures=[texture]).color
        return losses.photometric(color, want, mask)

    _descend(painted, [texture], 0.02)
    with torch.no_grad():
        lit = renderer.render(points, sh, camera).color
        worn = renderer.render(points, light, camera, textures=[texture]).color
    return {
        "turn_deg": round(math.degrees(float(turn.detach().norm())), 3),
        "place_mm": round(1000.0 * float(shift.detach().norm()), 2),
        "light_error": round(float(losses.photometric(lit, want, mask, kind="l1")), 4),
        "texture_error": round(float(losses.photometric(worn, want, mask, kind="l1")), 4),
    }


def _descend(loss: Callable[[], torch.Tensor], values: list[torch.Tensor], rate: float) -> None:
    """Follow the gradient for `STEPS` steps that become smaller."""
    optimizer = torch.optim.Adam(values, lr=rate)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.97)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss().backward()  # type: ignore[no-untyped-call]  # torch does not say
        optimizer.step()
        schedule.step()


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps(run(), indent=2))


if __name__ == "__main__":
    main()
