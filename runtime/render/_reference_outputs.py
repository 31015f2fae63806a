"""Plain twins of what is read of a frame: every sample, one after another, in double precision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._reference import rasterize
from .scene import Camera

Floats = NDArray[np.float64]
Whole = NDArray[np.int32]


@dataclass(frozen=True)
class Surfels:
    """What is seen at the one sample of each pixel that unfiltered outputs are of; 0 where nothing is.

    Attributes:
        face: int32 [H, W], -1 where nothing is.
        depth: [H, W] along the axis [m], infinite where nothing is.
        normals: [H, W, 3] unit, world, towards the side seen.
        uv: [H, W, 2].
        velocity: [H, W, 2] from where it was a frame before [px].
    """

    face: Whole
    depth: Floats
    normals: Floats
    uv: Floats
    velocity: Floats


def surfels(
    points: Floats, faces: Whole, face_uv: Floats, normals: Floats, camera: Camera, sample_px: float = 0.5
) -> Surfels:
    """Find what is seen from world points [V, 3] that did not move, by trying every face at every pixel.

    Args:
        points: [V, 3] world.
        faces: int32 [F, 3].
        face_uv: [F, 3, 2].
        normals: [V, 3] unit.
        camera: Its centre is moved so that samples come to lie where pixel centres are.
        sample_px: Where in a pixel the sample is [px].
    """
    return moved_surfels(points, points, faces, face_uv, normals, (camera, camera), sample_px)


def moved_surfels(
    points: Floats,
    earlier: Floats,
    faces: Whole,
    face_uv: Floats,
    normals: Floats,
    cameras: tuple[Camera, Camera],
    sample_px: float = 0.5,
) -> Surfels:
    """As `surfels`, of points that were at `earlier` [V, 3] a frame before; cameras are now's and then's."""
    now, then = cameras
    width, height = now.size
    seen = now.project(points)
    screen = np.column_stack([seen[:, :2] + 0.5 - sample_px, 1.0 / seen[:, 2]])
    face, inverse_depth = rasterize(screen, faces, now.size)
    pose = np.asarray(now.T_world_cam, np.float64)
    shape = (height, width)
    found = Surfels(
        face,
        np.full(shape, np.inf),
        *(np.zeros((*shape, channels)) for channels in (3, 2, 2)),
    )
    for y, x in np.argwhere(face >= 0):
        at = np.array([x + sample_px, y + sample_px])
        local = np.array([*((at - now.center_px) / now.focal_px), 1.0]) / inverse_depth[y, x]
        place = pose[:3, :3] @ local + pose[:3, 3]
        corners = faces[face[y, x]]
        weights = np.linalg.lstsq(np.vstack([points[corners].T, np.ones(3)]), np.append(place, 1.0), rcond=None)[0]
        normal = weights @ normals[corners]
        a, b, c = points[corners]
        side = 1.0 if np.cross(b - a, c - a) @ (pose[:3, 3] - place) > 0.0 else -1.0
        found.depth[y, x] = local[2]
        found.normals[y, x] = side * normal / np.linalg.norm(normal)
        found.uv[y, x] = weights @ face_uv[face[y, x]]
        found.velocity[y, x] = at - then.project(weights @ earlier[corners])[:2]
    return found


def blended(values: Floats, across: Whole, down: Whole, samples: int) -> Floats:
    """Average what samples hold [H s, W s, C] over pixels, each mixed with neighbours that a silhouette gives area to.

    A crossing is 2 · (1 + share · 65535) plus 1 where the first of the two samples is in front; 0 and 1 are none.
    """
    height, width = across.shape
    mixed = np.zeros_like(values)
    for y in range(height):
        for x in range(width):
            sides = {
                (0, 1): _taken(across[y, x], first=True),
                (0, -1): _taken(across[y, x - 1], first=False) if x else 0.0,
                (1, 0): _taken(down[y, x], first=True),
                (-1, 0): _taken(down[y - 1, x], first=False) if y else 0.0,
            }
            level = sides[0, 1] + sides[0, -1] >= sides[1, 0] + sides[-1, 0]
            chosen = {step: share for step, share in sides.items() if (step[0] == 0) == level and share > 0.0}
            total = sum(chosen.values())
            mixed[y, x] = (1.0 - min(total, 1.0)) * values[y, x]
            for (row, column), share in chosen.items():
                mixed[y, x] += share / max(total, 1.0) * values[y + row, x + column]
    blocks: Floats = mixed.reshape(height // samples, samples, width // samples, samples, -1).mean(axis=(1, 3))
    return blocks


def _taken(entry: int, *, first: bool) -> float:
    """Return the share of a sample, the first of two or the second, that lies on the other's side of a crossing."""
    if entry <= 1:
        return 0.0
    share = ((int(entry) >> 1) - 1) / 65535.0
    return max(0.5 - share if (entry & 1 == 1) == first else share - 0.5, 0.0)
