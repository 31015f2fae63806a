"""Path tracing of a shot with Mitsuba 3, on the CPU (the extra `judge`)."""

from __future__ import annotations

import functools
import hashlib
import math
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dressform.runtime.render.boxes import Box
from dressform.runtime.render.colour import linear_to_srgb, srgb_to_linear
from dressform.runtime.render.scene import Camera, Rgb, SurfaceMaterial
from dressform.schemas.errors import UsageError

from .path_traced_scene import Light, Part, Shot, sees_ground

Floats = NDArray[np.float32]

DEPTH = 5  # vertices of a path
_FAR = 1000.0  # where a sun that is a disc stands [m]
_WHITE = 0.5  # of the ground that catches the shadow; its share of the light is all that is used


class Traced(NamedTuple):
    """A traced picture, in linear light.

    Attributes:
        person: The person over black, float32 [H, W, 3].
        covered: Share of each pixel that the person covers, float32 [H, W].
        ground: Share of the backdrop's light in each pixel, the shadow in it, float32 [H, W].
    """

    person: Floats
    covered: Floats
    ground: Floats


def kept_trace(shot: Shot, light: Light, samples: int, seed: int, folder: Path | None) -> Traced:
    """Return what `trace` does; kept in a folder, where one is given, for as long as nothing of it changes."""
    if folder is None:
        return trace(shot, light, samples, seed)
    digest = hashlib.sha256(
        Path(__file__).read_bytes() + repr((DEPTH, samples, seed, light.lighting, light.has_sun, shot.camera)).encode()
    )
    digest.update(light.radiance.tobytes() + light.lighting.sh.tobytes() + shot.camera.T_world_cam.tobytes())
    for part in shot.parts:
        digest.update(part.points.tobytes() + part.normals.tobytes() + part.uv.tobytes())
        digest.update(part.material.texture.tobytes() + repr((part.roughness, part.material)).encode())
    file = folder / f"{digest.hexdigest()[:24]}.npz"
    if file.is_file():
        with np.load(file) as kept:
            return Traced(kept["person"], kept["covered"], kept["ground"])
    traced = trace(shot, light, samples, seed)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(file, **traced._asdict())
    return traced


def trace(shot: Shot, light: Light, samples: int, seed: int) -> Traced:
    """Trace the person and, apart from it, the shadow on the ground.

    The person is lit from all around: the light from below stands for the floor, as it does in frames.
    """
    mi = _mitsuba()
    emitters = _emitters(mi, light)
    width, height = shot.camera.size
    person = {f"part{number}": _mesh(mi, part, _bsdf(mi, part)) for number, part in enumerate(shot.parts)}
    body = {"type": "path", "max_depth": DEPTH, "rr_depth": DEPTH, "hide_emitters": True}
    traced = np.zeros((height, width, 4), np.float32)
    box = _box(shot)
    sensor = _sensor(shot.camera, samples, box)
    traced[_rows_columns(box)] = mi.render(mi.load_dict(_scene(body, emitters, person, sensor)), seed=seed)
    black = mi.load_dict({"type": "diffuse", "reflectance": {"type": "rgb", "value": 0.0}})
    caster = {f"part{number}": _mesh(mi, part, black) for number, part in enumerate(shot.parts)}
    floor = {"type": "rectangle", "to_world": mi.ScalarTransform4f().scale([500.0, 500.0, 1.0]), "bsdf": _floor()}
    direct = {"type": "path", "max_depth": 2, "hide_emitters": True}
    below = np.zeros((height, width), np.float32)
    rows = np.nonzero(sees_ground(shot.camera).any(axis=1))[0]
    box = (0, int(rows[0]) if len(rows) else height - 1, width, height)
    scene = _scene(direct, emitters, {**caster, "floor": floor}, _sensor(shot.camera, samples // 2, box))
    below[_rows_columns(box)] = np.array(mi.render(mi.load_dict(scene), seed=seed + 1))[..., :3].mean(axis=-1)
    covered = np.clip(traced[..., 3], 0.0, 1.0)
    return Traced(traced[..., :3], covered, _ground_share(below, covered, shot))


def _box(shot: Shot) -> Box:
    """Return the pixels within which the person is seen."""
    seen = shot.camera.project(np.concatenate([part.points.reshape(-1, 3) for part in shot.parts]))[:, :2]
    low = np.floor(seen.min(axis=0)).clip(0, np.array(shot.camera.size) - 1).astype(int)
    high = np.ceil(seen.max(axis=0)).clip(low + 1, shot.camera.size).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _rows_columns(box: Box) -> tuple[slice, slice]:
    return slice(box[1], box[3]), slice(box[0], box[2])


def _ground_share(below: Floats, covered: Floats, shot: Shot) -> Floats:
    """Return the share of the backdrop's light in each pixel, its noise smoothed: penumbras are wider than pixels."""
    down = sees_ground(shot.camera)
    bare = 1.0 - covered
    clear = down & (covered < 0.02)
    farthest = np.nonzero(clear.any(axis=1))[0][:12]  # where nothing is in shadow
    lit = below / float(np.median(below[farthest][clear[farthest]]))
    wide = [cv2.GaussianBlur(np.where(clear, values, 0.0), (0, 0), 1.2) for values in (lit, np.ones_like(lit))]
    share = np.clip(wide[0] / np.maximum(wide[1], 1e-3), 0.0, 1.0)
    return np.asarray(bare * np.where(down & (wide[1] > 1e-3), share, 1.0), np.float32)


@functools.cache
def _mitsuba() -> Any:
    try:
        import mitsuba as mi
    except ImportError:
        raise UsageError("path tracing needs Mitsuba; run `pip install 'dressform[judge]'`") from None
    mi.set_variant("scalar_rgb")
    return mi


def _scene(integrator: dict[str, Any], *parts: dict[str, Any]) -> dict[str, Any]:
    scene: dict[str, Any] = {"type": "scene", "integrator": integrator}
    for part in parts:
        scene |= part
    return scene


def _sensor(camera: Camera, samples: int, box: Box) -> dict[str, Any]:
    mi = _mitsuba()
    width, height = camera.size
    pose = np.asarray(camera.T_world_cam, np.float64) @ np.diag([-1.0, -1.0, 1.0, 1.0])  # x to the left, y up
    return {
        "sensor": {
            "type": "perspective",
            "fov": math.degrees(2.0 * math.atan(0.5 * width / camera.focal_px)),
            "fov_axis": "x",
            "near_clip": 0.05,
            "far_clip": 2.0 * _FAR,
            "to_world": mi.ScalarTransform4f(pose),
            "film": {
                "type": "hdrfilm",
                "width": width,
                "height": height,
                "crop_offset_x": box[0],
                "crop_offset_y": box[1],
                "crop_width": box[2] - box[0],
                "crop_height": box[3] - box[1],
                "pixel_format": "rgba",
                "component_format": "float32",
                "rfilter": {"type": "box"},
            },
            "sampler": {"type": "multijitter", "sample_count": samples},
        }
    }


def _emitters(mi: Any, light: Light) -> dict[str, Any]:
    """Return the picture of the light, turned to z up, and the sun as a far sphere."""
    turn = np.eye(4)
    turn[:3, :3] = np.array([[-1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]).T
    picture = mi.Bitmap(np.ascontiguousarray(light.radiance, np.float32))
    emitters: dict[str, Any] = {
        "around": {"type": "envmap", "bitmap": picture, "to_world": mi.ScalarTransform4f(turn)},
    }
    lighting = light.lighting
    if not light.has_sun and max(lighting.sun_color) > 0.0:
        radius = math.sin(lighting.sun_radius_rad)
        bright = [channel / radius**2 for channel in lighting.sun_color]
        emitters["sun"] = {
            "type": "sphere",
            "center": [_FAR * axis for axis in lighting.sun_direction],
            "radius": _FAR * radius,
            "emitter": {"type": "area", "radiance": {"type": "rgb", "value": bright}},
        }
    return emitters


def _mesh(mi: Any, part: Part, bsdf: Any) -> Any:
    count = 3 * len(part.points)
    properties = mi.Properties()
    properties["bsdf"] = bsdf
    mesh = mi.Mesh(part.name, count, len(part.points), properties, True, True)
    parameters = mi.traverse(mesh)
    parameters["vertex_positions"] = part.points.ravel()
    parameters["vertex_normals"] = part.normals.ravel()
    parameters["vertex_texcoords"] = (part.uv * np.array([1.0, -1.0]) + np.array([0.0, 1.0])).astype(np.float32).ravel()
    parameters["faces"] = np.arange(count, dtype=np.uint32)
    parameters.update()
    return mesh


def _bsdf(mi: Any, part: Part) -> Any:
    """Return Disney's principled surface with a material's figures, outside and inside."""
    material = part.material
    sides = [_principled(mi, part, tint) for tint in ((1.0, 1.0, 1.0), material.inside)]
    surface: dict[str, Any] = {"type": "twosided", "outside": sides[0], "within": sides[1]}
    if material.texture.shape[2] == 4:
        holes = np.repeat(material.texture[..., 3:] > 127, 3, axis=2).astype(np.float32)
        opacity = {"type": "bitmap", "bitmap": mi.Bitmap(holes), "raw": True, "filter_type": "nearest"}
        surface = {"type": "mask", "opacity": opacity, "surface": surface}
    return mi.load_dict(surface)


def _principled(mi: Any, part: Part, tint: Rgb) -> dict[str, Any]:
    material: SurfaceMaterial = part.material
    linear = srgb_to_linear(material.texture[..., :3]) * np.asarray(tint, np.float32)
    encoded = np.asarray(np.rint(255.0 * linear_to_srgb(linear)), np.uint8)
    color: dict[str, Any] = {"type": "bitmap", "bitmap": mi.Bitmap(np.ascontiguousarray(encoded)), "raw": False}
    if encoded.shape[:2] == (1, 1):
        color = {"type": "rgb", "value": [float(channel) for channel in linear[0, 0]]}
    return {
        "type": "principled",
        "base_color": color,
        "roughness": max(part.roughness, 0.05),
        "metallic": material.metallic,
        "specular": min(material.specular / 0.08, 1.0),
        "sheen": float(np.mean(material.sheen)),
        "clearcoat": material.coat,
        "clearcoat_gloss": 1.0 - material.coat_roughness,
    }


def _floor() -> dict[str, Any]:
    return {"type": "diffuse", "reflectance": {"type": "rgb", "value": _WHITE}}
