"""A few faces, matte and evenly lit, seen from the front."""

from __future__ import annotations

import numpy as np

from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial

SIZE = (96, 96)
FRONT = Camera.look_at((0, -4, 1), (0, 0, 1), 0.6, SIZE)
BARE = Background.plain((0.0, 0.0, 0.0), ground=0.0)
EVEN = Lighting(
    np.array([[1.0, 1.0, 1.0]] + [[0.0] * 3] * 8, np.float32) * np.float32(0.5 / 0.28209479), (0, -1, 0), (0, 0, 0)
)


def grey(level: int, **options: object) -> SurfaceMaterial:
    matte = {"roughness": 1.0, "specular": 0.0, "inside": (1.0, 1.0, 1.0)} | options
    return SurfaceMaterial(np.full((4, 4, 3), level, np.uint8), **matte)  # type: ignore[arg-type]


def mesh(name: str, faces: np.ndarray, count: int, material: SurfaceMaterial) -> SceneMesh:
    return SceneMesh(
        name, faces.astype(np.int32), np.full((count, 2), 0.5, np.float32), faces.astype(np.int32), material
    )


def quad(corners: list[tuple[float, float, float]], material: SurfaceMaterial) -> tuple[SceneMesh, np.ndarray]:
    """A rectangle with uv (0,0), (1,0), (1,1), (0,1) at its corners."""
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    return SceneMesh("quad", faces, uv, faces, material), np.array(corners, np.float32)


def facing_quad(half: float, y: float, material: SurfaceMaterial, x: float = 0.0) -> tuple[SceneMesh, np.ndarray]:
    """A square in the xz plane around (x, y, 1) that faces the camera."""
    corners = [(x - half, y, 1 - half), (x + half, y, 1 - half), (x + half, y, 1 + half), (x - half, y, 1 + half)]
    return quad(corners, material)


def sphere(radius: float, centre: tuple[float, float, float], rings: int = 48) -> tuple[np.ndarray, np.ndarray]:
    polar, around = np.meshgrid(
        np.linspace(0, np.pi, rings), np.linspace(0, 2 * np.pi, 2 * rings, endpoint=False), indexing="ij"
    )
    points = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], -1).reshape(
        -1, 3
    )
    row, column = np.meshgrid(np.arange(rings - 1), np.arange(2 * rings), indexing="ij")
    a = row * 2 * rings + column
    b = row * 2 * rings + (column + 1) % (2 * rings)
    c, d = a + 2 * rings, b + 2 * rings
    faces = np.concatenate([np.stack([a, c, d], -1).reshape(-1, 3), np.stack([a, d, b], -1).reshape(-1, 3)])
    return (radius * points + np.array(centre)).astype(np.float32), faces


def picture(
    parts: list[tuple[SceneMesh, np.ndarray]],
    lighting: Lighting = EVEN,
    background: Background = BARE,
    camera: Camera = FRONT,
    preset: str = "realtime",
) -> np.ndarray:
    renderer = Renderer([m for m, _ in parts], [len(v) for _, v in parts], camera.size, preset=preset)
    renderer.set_vertices(np.concatenate([v for _, v in parts]))
    return renderer.render(camera, lighting, background).rgb.copy()
