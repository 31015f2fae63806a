"""What rasterisers are compared on: single triangles, soups, meshes, people; all from fixed seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.library import Library
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.render.scene import Camera

WEAR = ("trousers", "tee")
SIDES = (64, 128)  # [px]


@dataclass(frozen=True)
class RasterScene:
    """One picture to be drawn.

    Attributes:
        name: Unique.
        screen: Vertices as (x px, y px, 1 / depth), float32 [V, 3].
        faces: int32 [F, 3].
        size: (width, height) [px].
        double_sided: Whether back faces are seen.
    """

    name: str
    screen: NDArray[np.float32]
    faces: NDArray[np.int32]
    size: tuple[int, int]
    double_sided: bool

    def fingerprint(self) -> dict[str, Any]:
        """Return what tells another scene from this: topology to the bit, places but for the last digits."""
        digest = hashlib.sha256(np.ascontiguousarray(self.faces, "<i4").tobytes()).hexdigest()
        places = self.screen.astype(np.float64)
        return {
            "vertices": len(self.screen),
            "triangles": len(self.faces),
            "faces_sha256": digest,
            "mean": [float(f"{value:.7g}") for value in places.mean(axis=0)],
            "spread": [float(f"{value:.7g}") for value in places.std(axis=0)],
        }


Mesh = tuple[NDArray[np.float32], NDArray[np.int32]]
Draw = Callable[[tuple[int, int]], Mesh]


def scenes() -> list[RasterScene]:
    """Return every scene at both sizes, with back faces and without."""
    found = []
    for name, draw in _DRAWN.items():
        for side in SIDES:
            # one that is not square in each direction, too
            for size in [(side, side), *([(side, 48), (48, side)] if name == "soup-40" else [])]:
                screen, faces = draw(size)
                for double_sided in (True, False):
                    suffix = "both sides" if double_sided else "front"
                    label = f"{name}, {size[0]}x{size[1]}, {suffix}"
                    found.append(RasterScene(label, screen, faces.astype(np.int32), size, double_sided))
    return found


def standing(size: tuple[int, int], *, dressed: bool) -> Mesh:
    """Return the canonical body as a camera 4 m in front of it sees it, all triangles, bare or in tee and trousers."""
    points, faces = person(dressed=dressed)
    return project(points, camera(size)), faces


def _close(size: tuple[int, int]) -> Mesh:
    """The dressed trunk from nearby, from the side, where many faces lie behind each other."""
    points, faces = person(dressed=True)
    return project(points, Camera.look_at((0.6, -0.7, 1.2), (0.0, 0.0, 1.0), 0.6, size)), faces


@cache
def person(*, dressed: bool) -> Mesh:
    """Return points [m] and triangles of the canonical body, bare or in tee and trousers."""
    rest = canonical_rest()
    parts = [(rest.vertices, rest.body.faces)]
    for name in WEAR if dressed else ():
        mesh = Library.embedded().resolve(name).mesh()
        parts.append((mesh.points, mesh.faces))
    starts = np.cumsum([0, *(len(points) for points, _ in parts)])
    faces = [own + start for (_, own), start in zip(parts, starts, strict=False)]
    return np.concatenate([points for points, _ in parts]), np.concatenate(faces).astype(np.int32)


def camera(size: tuple[int, int]) -> Camera:
    """Return the camera that stands 4 m before the figure."""
    return Camera.look_at((0.0, -4.0, 0.85), (0.0, 0.0, 0.85), 0.45, size)


def project(points: NDArray[np.floating], eye: Camera) -> NDArray[np.float32]:
    """Return world points as (x px, y px, 1 / depth), float32 [V, 3]."""
    seen = eye.project(points)
    return np.column_stack([seen[:, :2], 1.0 / seen[:, 2]]).astype(np.float32)


def _soup(seed: int, count: int, reach: float, *, behind: bool = False) -> Draw:
    """Triangles whose corners lie within `reach` of the picture's side from each other, 0.5 to 3 m deep."""

    def draw(size: tuple[int, int]) -> Mesh:
        random = np.random.default_rng(seed)
        at = random.uniform(-0.2, 1.2, (count, 1, 2)) + random.uniform(-reach, reach, (count, 3, 2))
        depth = random.uniform(0.5, 3.0, (count, 1, 1)) + random.uniform(-0.3, 0.3, (count, 3, 1))
        if behind:  # one corner or two
            depth[np.arange(count), np.arange(count) % 3] *= -1.0
            depth[::2][np.arange((count + 1) // 2), (np.arange((count + 1) // 2) + 1) % 3] *= -1.0
        screen = np.concatenate([at * size, 1.0 / depth], axis=-1).reshape(-1, 3)
        return screen.astype(np.float32), np.arange(3 * count).reshape(-1, 3).astype(np.int32)

    return draw


def _slivers(size: tuple[int, int]) -> Mesh:
    """Triangles from a tenth to a thousandth of a pixel wide."""
    random = np.random.default_rng(11)
    start, end = random.uniform(0.0, 1.0, (2, 60, 2)) * size
    across = (end - start)[:, ::-1] * (1.0, -1.0)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    width = 10.0 ** random.uniform(-3.0, -1.0, (60, 1))
    corners = np.stack([start, end, end + across * width], axis=1)
    depth = random.uniform(0.5, 3.0, (60, 3, 1))
    screen = np.concatenate([corners, 1.0 / depth], axis=-1).reshape(-1, 3)
    return screen.astype(np.float32), np.arange(180).reshape(-1, 3).astype(np.int32)


def _grid(size: tuple[int, int]) -> Mesh:
    """A sheet whose edges run through pixel centres, along rows, columns and diagonals."""
    x, y = np.meshgrid(np.arange(4.5, size[0] - 4, 4.0), np.arange(4.5, size[1] - 4, 4.0))
    screen = np.stack([x, y, np.full_like(x, 0.5)], axis=-1).reshape(-1, 3)
    rows, columns = x.shape
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij")
    a = (row * columns + column).ravel()
    faces = np.concatenate([np.stack([a, a + columns, a + 1], 1), np.stack([a + 1, a + columns, a + columns + 1], 1)])
    return screen.astype(np.float32), faces.astype(np.int32)


def _sphere(size: tuple[int, int], rings: int = 24) -> Mesh:
    polar, around = np.meshgrid(
        np.linspace(0.02, np.pi - 0.02, rings), np.linspace(0.0, 2.0 * np.pi, 2 * rings, endpoint=False), indexing="ij"
    )
    ball = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], axis=-1)
    row, column = np.meshgrid(np.arange(rings - 1), np.arange(2 * rings), indexing="ij")
    a, b = row * 2 * rings + column, row * 2 * rings + (column + 1) % (2 * rings)
    c, d = a + 2 * rings, b + 2 * rings
    faces = np.concatenate([np.stack([a, c, d], -1).reshape(-1, 3), np.stack([a, d, b], -1).reshape(-1, 3)])
    return project(0.7 * ball.reshape(-1, 3) + (0.0, 0.0, 0.85), camera(size)), faces.astype(np.int32)


_DRAWN: dict[str, Draw] = {
    **{f"triangle {seed}": _soup(seed, 1, 0.5) for seed in (2, 16, 26, 35)},
    "soup-40": _soup(5, 40, 0.4),
    "soup-1000": _soup(6, 1000, 0.1),
    "slivers": _slivers,
    "edges through centres": _grid,
    **{f"cut by the near plane {seed}": _soup(seed, 2, 0.3, behind=True) for seed in (9, 20, 24, 38)},
    "sphere": _sphere,
    "body": lambda size: standing(size, dressed=False),
    "body, tee, trousers": lambda size: standing(size, dressed=True),
    "trunk from nearby": _close,
}
