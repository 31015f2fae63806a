"""A picture in the making: what is seen of points that move, before it is coloured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from ._kernels_raster import LightFrame
from ._kernels_view import EMPTY, FAR, View
from .boxes import NOTHING, Box
from .light_frame import FittedLight
from .scene import Camera


@dataclass(frozen=True)
class Extents:
    """How much there is to draw.

    Attributes:
        vertices: Of all meshes.
        faces: That are drawn.
        all_faces: That give vertices their normals.
        texels: Of all wrinkles; 0: there are none.
        samples: Rows and columns of the picture, in samples.
        light_map: Side of the sun's map [texels].
        hems: Points that hems add to the vertices.
    """

    vertices: int
    faces: int
    all_faces: int
    texels: int
    samples: tuple[int, int]
    light_map: int
    hems: int = 0


def padded(count: int, dtype: Any) -> wp.array:
    """Return zeros [count] on the current device, with room for one more: kernels load four numbers at a time."""
    return wp.zeros(count + 1, dtype=dtype)[:count]


class Drawing:
    """The buffers that one picture needs between its vertices and its colours.

    Args:
        extents: How much there is to draw.
        device: Warp device.

    Attributes:
        vertices: Warp vec3 array [V], world [m], all meshes one after another: write into it before it is drawn.
        points: Warp vec3 array [P], those vertices and after them the points of hems, which the renderer places.
        turns: Warp vec4 array [P] how wrinkled cloth is turned at each vertex: a quaternion xyzw as long as the
            wrinkles' share, 0 for no wrinkles. Of one entry where no mesh has wrinkles. Write into it.
        wrinkles: Warp vec3 array, side² normals before that turn for each garment with wrinkles, row 0 at v = 0. Write
            into it.
        screen: (x, y, 1 / depth) of every point [samples], and `earlier`: those of the picture before.
        lit: Every point in the sun's map.
        normals: Of every point; `face_normals`: of every triangle, as long as it is large.
        facing: Which side of a drawn face the eye sees.
        keys: What is nearest at each sample.
        across, down: Where silhouettes cross between a sample and the one right of it, or below it.
        light_depths: What is nearest to the sun.
        camera, view: What it is drawn with; `frame` and `fitted`: the sun's.
        bounds: Lowest and highest corner of the box around all vertices [3], [3] [m].
        broken_vertices: How many of them are no numbers, or farther than 10 km from the origin; triangles at them are
            not drawn. The first time a RuntimeWarning names their meshes.
        box: What may be seen of the others [px].
        drawn: The part of `keys`, `across` and `down` that is not as it was at first [samples].
    """

    camera: Camera
    view: View
    frame: LightFrame
    fitted: FittedLight
    bounds: tuple[NDArray[np.float32], NDArray[np.float32]]

    def __init__(self, extents: Extents, device: str) -> None:
        self.device = device
        with wp.ScopedDevice(device):
            points = extents.vertices + extents.hems
            self.points = padded(points, wp.vec3)
            self.vertices = self.points[: extents.vertices]
            self.turns = wp.zeros(points if extents.texels else 1, dtype=wp.vec4)
            self.wrinkles = wp.zeros(max(extents.texels, 1), dtype=wp.vec3)
            self.screen = padded(points, wp.vec3)
            self.lit = wp.zeros(points, dtype=wp.vec3)
            self.normals = padded(points, wp.vec3)
            self.face_normals = wp.zeros(extents.all_faces, dtype=wp.vec3)
            self.facing = wp.zeros(extents.faces, dtype=wp.int8)
            self.keys = wp.full(extents.samples, EMPTY, dtype=wp.int64)
            self.across = wp.zeros(extents.samples, dtype=wp.int32)
            self.down = wp.zeros(extents.samples, dtype=wp.int32)
            self.light_depths = wp.full((extents.light_map, extents.light_map), FAR, dtype=wp.int32)
        self.earlier = self.screen
        self.broken_vertices = 0
        self.box: Box = NOTHING
        self.drawn: Box = NOTHING
