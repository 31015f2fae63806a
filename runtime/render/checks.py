"""What the renderer refuses, in one line each: sizes, meshes, cameras, lights and backgrounds that cannot be drawn."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.schemas.units import LARGEST_SIDE

from ._kernels_view import FACE_BITS, WORLD_LIMIT
from .scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial

MOST_MESHES = 254
MOST_LAYERS = 32
MOST_TRIANGLES = 1 << FACE_BITS.value  # that are drawn; their numbers share a pixel's key with its depth
LARGEST_UV = 65536.0
# What a picture takes [bytes]: for every sample keys and edges of each drawing, colours and occlusion, much more while
# the backdrop is painted, and for every pixel 8-bit colours, depth, mask and motion.
_DRAWING_BYTES, _SAMPLE_BYTES, _PAINT_BYTES, _PIXEL_BYTES = 16, 25, 120, 19
# where cloth is sheer, for every sample: what is nearest, light and the backdrop's share; and each layer
_SHEER_BYTES, _LAYER_BYTES = 24, 8
_WORLD = float(WORLD_LIMIT)
_FOCALS = (1e-2, 1e7)  # [px]
_SQUARE = 1e-3  # by how much the axes of a pose may differ from unit vectors at right angles


def check_size(size: Sequence[int], samples: int, device: str = "cpu", *, drawings: int = 1, layers: int = 0) -> None:
    """Raise ValueError unless pictures of this size can be drawn in the memory that is free.

    Args:
        size: (width, height) [px].
        samples: Samples per pixel side.
        device: Warp device.
        drawings: How many pictures are in the making at a time.
        layers: How many layers of sheer cloth a sample holds; 0: there is none.
    """
    sides = list(size)
    whole = len(sides) == 2 and all(isinstance(side, int | np.integer) for side in sides)
    if not whole or min(sides) < 1 or max(sides) > LARGEST_SIDE:
        raise ValueError(f"size must be (width, height) of 1 to {LARGEST_SIDE} px, got {_shown(size)}")
    pixels = int(sides[0]) * int(sides[1])
    sample = drawings * _DRAWING_BYTES + _SAMPLE_BYTES + _PAINT_BYTES
    sample += _SHEER_BYTES + layers * _LAYER_BYTES if layers else 0
    needed = pixels * (sample * samples**2 + _PIXEL_BYTES)
    free = free_bytes(device) if needed > 1 << 28 else None
    if free is not None and needed > free:
        raise ValueError(
            f"size {sides[0]}x{sides[1]} with {samples}x{samples} samples a pixel needs {needed / 1e9:.1f} GB of memory"
            f" on {device}, {free / 1e9:.1f} GB are free; take a smaller size, or the realtime preset"
        )


def free_bytes(device: str = "cpu") -> int | None:
    """Return the bytes of memory that a Warp device has left, or None where the system does not say."""
    if not wp.get_device(device).is_cpu:
        return int(wp.get_device(device).free_memory)
    try:
        known = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        left = [int(known["MemAvailable"].split()[0]) * 1024]
    except (OSError, KeyError, ValueError):
        return None
    group = Path("/sys/fs/cgroup")
    for limit, used, counts, cached in (
        ("memory.max", "memory.current", "memory.stat", ("active_file", "inactive_file")),
        (
            "memory/memory.limit_in_bytes",
            "memory/memory.usage_in_bytes",
            "memory/memory.stat",
            ("total_active_file", "total_inactive_file"),
        ),
    ):
        try:
            held = dict(line.split() for line in (group / counts).read_text().splitlines())
            files = sum(int(held[name]) for name in cached)  # which the system gives up when it is short of memory
            left.append(int((group / limit).read_text()) - int((group / used).read_text()) + files)
        except (OSError, ValueError, KeyError):
            continue
    return max(min(left), 0)


def check_meshes(meshes: Sequence[SceneMesh], vertex_counts: Sequence[int]) -> None:
    """Raise ValueError unless meshes can be drawn; indices into their vertices are checked where they are joined."""
    if not 1 <= len(meshes) <= MOST_MESHES:
        raise ValueError(f"meshes must be 1 to {MOST_MESHES}, got {len(meshes)}")
    if len(vertex_counts) != len(meshes):
        raise ValueError(f"vertex_counts must be {len(meshes)}, one for each mesh, got {len(vertex_counts)}")
    if min(vertex_counts) < 0 or vertex_counts[0] < 1:
        raise ValueError(f"vertex_counts must be at least 0 and the first at least 1, got {_shown(vertex_counts)}")
    for mesh in meshes:
        _check_mesh(mesh)
    drawn = sum(len(mesh.faces if mesh.coarse is None else mesh.coarse.faces) for mesh in meshes)
    if drawn > MOST_TRIANGLES:
        raise ValueError(f"meshes must have at most {MOST_TRIANGLES} triangles, got {drawn}; draw coarser ones")


def _check_mesh(mesh: SceneMesh) -> None:
    name = mesh.name
    for part, values in (("faces", mesh.faces), ("uv_faces", mesh.uv_faces)):
        if not (isinstance(values, np.ndarray) and np.issubdtype(values.dtype, np.integer)):
            raise ValueError(f"{name}: {part} must be an array of integers, got {_kind(values)}")
    if mesh.uv.ndim != 2 or mesh.uv.shape[1] != 2:
        raise ValueError(f"{name}: uv must be [N, 2], got {list(mesh.uv.shape)}")
    for part, uv in (("uv", mesh.uv), ("weave_uv", mesh.weave_uv), ("atlas_uv", mesh.atlas_uv)):
        if uv is not None and not _within(uv, LARGEST_UV):
            raise ValueError(f"{name}: {part} must be finite and within ±{LARGEST_UV:.0f}, got {_worst(uv)}")
    if mesh.hidden is not None and mesh.hidden.dtype != np.bool_:
        raise ValueError(f"{name}: hidden must be bool, got {mesh.hidden.dtype}")
    if not 0 <= mesh.layer < MOST_LAYERS:
        raise ValueError(f"{name}: layer must be 0 to {MOST_LAYERS - 1}, got {mesh.layer}")
    if mesh.wrinkle_side < 0 or mesh.wrinkle_side == 1:
        raise ValueError(f"{name}: wrinkle_side must be 0 or at least 2, got {mesh.wrinkle_side}")
    _check_material(name, mesh.material)


def _check_material(name: str, material: SurfaceMaterial) -> None:
    if not isinstance(material, SurfaceMaterial):
        raise ValueError(f"{name}: material must be a SurfaceMaterial, got {_kind(material)}")
    texture = material.texture
    good = isinstance(texture, np.ndarray) and texture.dtype == np.uint8 and texture.ndim == 3 and texture.size > 0
    if not (good and texture.shape[2] in (3, 4)):
        raise ValueError(f"{name}: texture must be uint8 [H, W, 3 or 4], got {_kind(texture)}")
    parts = ("roughness", "specular", "subsurface", "metallic", "coat", "coat_roughness", "sheen", "inside")
    for part in parts:
        _check_numbers(f"{name}: {part}", getattr(material, part), 3 if part in ("sheen", "inside") else 1)
    _check_numbers(f"{name}: opacity", material.opacity, 1)
    if not 0.0 <= material.opacity <= 1.0:
        raise ValueError(f"{name}: opacity must be from 0 to 1, got {material.opacity}")


def check_camera(camera: Camera, size: tuple[int, int]) -> None:
    """Raise ValueError unless a camera makes pictures of this size; it may stand within what is drawn, or past it."""
    if tuple(camera.size) != tuple(size):
        raise ValueError(f"the camera's size must be {tuple(size)}, as the renderer's, got {_shown(camera.size)}")
    if not _FOCALS[0] <= camera.focal_px <= _FOCALS[1]:
        raise ValueError(f"the camera's focal_px must be from {_FOCALS[0]:g} to {_FOCALS[1]:g}, got {camera.focal_px}")
    if len(camera.center_px) != 2 or not all(abs(side) <= 1e6 for side in camera.center_px):
        raise ValueError(f"the camera's center_px must be two numbers within ±1e6, got {_shown(camera.center_px)}")
    pose = np.asarray(camera.T_world_cam)
    if pose.shape != (4, 4):
        raise ValueError(f"the camera's T_world_cam must be [4, 4], got {list(pose.shape)}")
    (a, b, c, x), (d, e, f, y), (g, h, i, z), last = pose.tolist()
    if not all(abs(place) <= _WORLD for place in (x, y, z)):
        raise ValueError(f"the camera must stand within {_WORLD:.0f} m of the origin, got {_shown((x, y, z))}")
    lengths = (a * a + d * d + g * g, b * b + e * e + h * h, c * c + f * f + i * i)
    angles = (a * b + d * e + g * h, b * c + e * f + h * i, c * a + f * d + i * g)
    square = all(abs(n - 1.0) <= _SQUARE for n in lengths) and all(abs(n) <= _SQUARE for n in angles)
    turned = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    if not (square and turned > 0.0 and last == [0.0, 0.0, 0.0, 1.0]):
        found = f"axes of squared lengths {lengths[0]:.3g} {lengths[1]:.3g} {lengths[2]:.3g}, determinant {turned:.3g}"
        raise ValueError(f"the camera's T_world_cam must be a rotation and a place over 0 0 0 1, got {found}")


def check_lighting(lighting: Lighting) -> None:
    """Raise ValueError unless light can be reckoned with."""
    if not isinstance(lighting.sh_of, Mapping):
        raise ValueError(f"the lighting's sh_of must map names of meshes to [9, 3], got {_kind(lighting.sh_of)}")
    for name, given in (("sh", lighting.sh), *((f"sh_of {key!r}", sh) for key, sh in lighting.sh_of.items())):
        sh = np.asarray(given)
        if sh.shape != (9, 3):
            raise ValueError(f"the lighting's {name} must be [9, 3], got {list(sh.shape)}")
        _check_numbers(f"the lighting's {name}", sh.ravel(), 27)
    _check_numbers("the lighting's sun_direction", lighting.sun_direction, 3)
    if not math.hypot(*lighting.sun_direction) > 1e-9:
        raise ValueError(f"the lighting's sun_direction must point somewhere, got {_shown(lighting.sun_direction)}")
    _check_numbers("the lighting's sun_color", lighting.sun_color, 3)
    _check_numbers("the lighting's sun_radius_rad", lighting.sun_radius_rad, 1)


def check_background(background: Background) -> None:
    """Raise ValueError unless a background can be painted."""
    kinds = get_args(get_type_hints(Background)["kind"])
    if background.kind not in kinds:
        raise ValueError(f"the background's kind must be one of {', '.join(kinds)}, got {background.kind!r}")
    for part in ("color", "color_below"):
        color = getattr(background, part)
        _check_numbers(f"the background's {part}", color, 3)
        if not all(0.0 <= value <= 1.0 for value in color):
            raise ValueError(f"the background's {part} must be from 0 to 1, got {_shown(color)}")
    if not 0.0 <= background.ground <= 1.0:
        raise ValueError(f"the background's ground must be from 0 to 1, got {background.ground}")
    if background.kind == "image":
        image = background.image
        good = isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3 and image.size > 0
        if image is None or not (good and image.shape[2] == 3):
            raise ValueError(f"the background's image must be uint8 [H, W, 3], got {_kind(image)}")


class Door:
    """What a renderer checks from frame to frame: cameras always, light and background when they are new ones.

    Args:
        meshes: What is drawn.
        vertex_counts: Vertices of each.
        size: (width, height) of the pictures [px].
    """

    def __init__(self, meshes: Sequence[SceneMesh], vertex_counts: Sequence[int], size: tuple[int, int]) -> None:
        self._names = [mesh.name for mesh in meshes]
        self._starts = np.cumsum([0, *vertex_counts])
        self._size = size
        self._lighting: Lighting | None = None
        self._background: Background | None = None
        self._told = False

    def check_view(self, camera: Camera, lighting: Lighting) -> None:
        """Raise ValueError unless a picture can be drawn so."""
        check_camera(camera, self._size)
        if lighting is not self._lighting:
            check_lighting(lighting)
            self._lighting = lighting

    def check_background(self, background: Background) -> None:
        """Raise ValueError unless this can be behind it."""
        if background is not self._background:
            check_background(background)
            self._background = background

    def tell_broken(self, vertices: wp.array) -> None:
        """Warn, once, which meshes have vertices that cannot be drawn."""
        if self._told:
            return
        self._told = True
        broken = ~(np.abs(vertices.numpy()) <= _WORLD).all(axis=1)
        own = [int(broken[a:b].sum()) for a, b in itertools.pairwise(self._starts)]
        found = ", ".join(f"{count} of {name}" for name, count in zip(self._names, own, strict=True) if count)
        warnings.warn(
            f"vertices must be finite and within {_WORLD:.0f} m of the origin; the triangles at others are not drawn: "
            f"{found}",
            RuntimeWarning,
            stacklevel=4,
        )


def _check_numbers(name: str, values: Any, count: int) -> None:
    try:
        numbers = [float(value) for value in ([values] if count == 1 else values)]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{name} must be {count} finite number{'s' * (count > 1)}, got {_shown(values)}")


def _within(values: NDArray[np.floating], limit: float) -> bool:
    return values.size == 0 or bool(-limit <= values.min() and values.max() <= limit)


def _worst(values: NDArray[np.floating]) -> str:
    flat = values[~np.isfinite(values)]
    return str(flat[0] if flat.size else values.flat[int(np.abs(values).argmax())])


def _kind(value: Any) -> str:
    return f"{value.dtype} {list(value.shape)}" if isinstance(value, np.ndarray) else type(value).__name__


def _shown(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:77]}…"
