"""Random scenes, cameras and sizes, sound and hostile: each must end in the right picture or in one line.

`python -m dressform.benchmarks.fuzz_frames --count 20000` runs long; `--number N` runs one case again.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.render import _reference as reference
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial
from dressform.schemas.errors import DressformError
from dressform.schemas.units import LARGEST_SIDE

from .fuzz_child import TAKEN, TOLD, Ending, run_jobs
from .fuzz_doors import BrokenPromiseError

SIZES = ((1, 1), (1, 64), (64, 1), (2, 3), (16, 16), (33, 17), (47, 63), (1, 700), (700, 1))
NUMBERS = (np.nan, np.inf, -np.inf, 0.0, -1.0, 1e-30, 1e4, 1.1e4, 1e9, 1e30, -3e38)
WORLD = 1e4  # [m]; vertices farther out are not drawn
SURE_PX = 0.05  # pixels nearer than this to an outline may fall to either side
MOST_WRONG = 0.005  # share of the others whose depth may differ: faces seen along their plane

Random = np.random.Generator


@dataclass
class FuzzedScene:
    """What is drawn, and what was spoilt of it."""

    meshes: list[SceneMesh]
    counts: list[int]
    vertices: NDArray[np.float32]
    camera: Camera
    lighting: Lighting
    background: Background
    size: Any
    preset: str = "realtime"
    device: str = "cpu"
    spoilt: tuple[str, ...] = ()


def make_scene(random: Random) -> FuzzedScene:
    """Return a scene of one to three meshes; two in three are spoilt somewhere."""
    size = SIZES[random.integers(len(SIZES))]
    meshes, points = zip(*(_mesh(random, number) for number in range(random.integers(1, 4))), strict=True)
    eye = random.normal(size=3) * random.choice([0.01, 0.3, 3.0])
    camera = Camera.look_at(eye, eye + random.normal(size=3), 1.0, size)
    camera = replace(camera, focal_px=random.choice([0.2, 0.5, 1.0, 4.0]) * max(size))
    scene = FuzzedScene(
        list(meshes),
        [len(own) for own in points],
        np.concatenate(points).astype(np.float32),
        camera,
        Lighting.studio(),
        Background.studio() if random.random() < 0.5 else Background.plain((0.2, 0.3, 0.4)),
        size,
        "realtime" if random.random() < 0.7 else "quality",
    )
    for _ in range(random.integers(0, 3)):
        name = list(SPOILERS)[random.integers(len(SPOILERS))]
        SPOILERS[name](scene, random)
        scene.spoilt = (*scene.spoilt, name)
    return scene


def _mesh(random: Random, number: int) -> tuple[SceneMesh, NDArray[np.float64]]:
    count = int(random.choice([3, 4, 9, 30]))
    points = random.normal(size=(count, 3)) * random.choice([0.02, 0.5, 5.0, 800.0])
    faces = random.integers(0, count, (int(random.choice([0, 1, 8, 24])), 3)).astype(np.int32)
    texture = random.integers(0, 256, (*random.choice([1, 2, 3, 5, 8], 2), random.choice([3, 4])), np.uint8)
    if texture.shape[2] == 4:
        texture[..., 3] = 255
    material = SurfaceMaterial(texture, double_sided=bool(random.random() < 0.7))
    hidden = None if random.random() < 0.7 else random.random(len(faces)) < random.choice([0.3, 1.0])
    uv = random.uniform(-3, 3, (count, 2)).astype(np.float32)
    return SceneMesh(f"mesh {number}", faces, uv, faces, material, hidden), points


def _spoil_mesh(**changes: Callable[[SceneMesh, Random], Any]) -> Callable[[FuzzedScene, Random], None]:
    def spoil(scene: FuzzedScene, random: Random) -> None:
        if not scene.meshes:
            return
        index = int(random.integers(len(scene.meshes)))
        mesh = scene.meshes[index]
        scene.meshes[index] = replace(mesh, **{name: change(mesh, random) for name, change in changes.items()})

    return spoil


def _spoil_material(name: str, values: Callable[[Random], Any]) -> Callable[[FuzzedScene, Random], None]:
    return _spoil_mesh(material=lambda mesh, random: replace(mesh.material, **{name: values(random)}))


def _spoil(part: str, name: str, values: Callable[[Random], Any]) -> Callable[[FuzzedScene, Random], None]:
    def spoil(scene: FuzzedScene, random: Random) -> None:
        setattr(scene, part, replace(getattr(scene, part), **{name: values(random)}))

    return spoil


def _some(array: NDArray[Any], random: Random) -> NDArray[Any]:
    """Return a copy with some entries that nobody wants."""
    spoilt = array.copy()
    if spoilt.size:
        at = random.integers(0, spoilt.size, random.integers(1, 4))
        with np.errstate(over="ignore"):
            spoilt.flat[at] = random.choice(NUMBERS, len(at))
    return spoilt


def _spoil_vertices(scene: FuzzedScene, random: Random) -> None:
    scene.vertices = _some(scene.vertices, random) if random.random() < 0.9 else np.full_like(scene.vertices, np.nan)


def _spoil_pose(scene: FuzzedScene, random: Random) -> None:
    scene.camera = replace(scene.camera, T_world_cam=_some(np.asarray(scene.camera.T_world_cam), random))


def _spoil_size(scene: FuzzedScene, random: Random) -> None:
    sizes: tuple[Any, ...] = ((0, 4), (-3, 4), (4.5, 4), (4,), (1 << 20, 4), (LARGEST_SIDE, LARGEST_SIDE), ("4", 4))
    scene.size = sizes[random.integers(len(sizes))]
    scene.camera = replace(scene.camera, size=scene.size)


def _one(values: tuple[Any, ...]) -> Callable[[Random], Any]:
    return lambda random: values[random.integers(len(values))]


def _far_index(mesh: SceneMesh, random: Random) -> NDArray[np.int32]:
    faces = mesh.faces.copy()
    if faces.size:
        faces.flat[random.integers(faces.size)] = random.choice([-1, 30, 1 << 30])
    return faces


_TEXTURES = (
    None,
    np.zeros((4, 4), np.uint8),
    np.zeros((4, 4, 3)),
    np.zeros((0, 4, 3), np.uint8),
    np.zeros((4, 4, 2), np.uint8),
)
_HOLES = np.tile(np.array([[[200, 200, 200, 255], [10, 10, 10, 0]]], np.uint8), (2, 1, 1))
SPOILERS: dict[str, Callable[[FuzzedScene, Random], None]] = {
    "vertices": _spoil_vertices,
    "vertices again": _spoil_vertices,
    "pose": _spoil_pose,
    "focal": _spoil("camera", "focal_px", _one((*NUMBERS, 1e6))),
    "centre": _spoil("camera", "center_px", lambda random: tuple(random.choice([*NUMBERS, 3e5], 2))),
    "camera's size": _spoil("camera", "size", _one(((3, 3), (0, 0)))),
    "size": _spoil_size,
    "sun": _spoil("lighting", "sun_direction", lambda random: tuple(random.choice(NUMBERS, 3))),
    "dark": _spoil("lighting", "sun_direction", lambda random: (0.0, 0.0, 0.0)),
    "sun's colour": _spoil("lighting", "sun_color", lambda random: tuple(random.choice(NUMBERS, 3))),
    "sh": _spoil("lighting", "sh", lambda random: _some(np.ones((9, 3), np.float32), random)),
    "ground": _spoil("background", "ground", _one(NUMBERS)),
    "colour": _spoil("background", "color", lambda random: tuple(random.choice(NUMBERS, 3))),
    "kind": _spoil("background", "kind", _one(("image", "sky"))),
    "uv": _spoil_mesh(uv=lambda mesh, random: _some(mesh.uv, random)),
    "faces": _spoil_mesh(faces=_far_index),
    "uv faces": _spoil_mesh(uv_faces=_far_index),
    "float faces": _spoil_mesh(faces=lambda mesh, random: mesh.faces.astype(np.float32)),
    "layer": _spoil_mesh(layer=lambda mesh, random: int(random.choice([-1, 32]))),
    "hidden": _spoil_mesh(hidden=lambda mesh, random: np.zeros(len(mesh.faces) + 1, np.bool_)),
    "wrinkles": _spoil_mesh(wrinkle_side=lambda mesh, random: int(random.choice([-1, 1, 8]))),
    "texture": _spoil_material("texture", _one(_TEXTURES)),
    "holes": _spoil_material("texture", lambda random: _HOLES),
    "roughness": _spoil_material("roughness", _one(NUMBERS)),
    "sheen": _spoil_material("sheen", lambda random: tuple(random.choice(NUMBERS, 3))),
    "counts": lambda scene, random: scene.counts.append(3),
    "no meshes": lambda scene, random: scene.meshes.clear(),
    "device": lambda scene, random: setattr(scene, "device", "cuda:7"),
    "preset": lambda scene, random: setattr(scene, "preset", "best"),
}


def enter_scene(scene: FuzzedScene) -> str:
    """Draw a scene.

    Returns:
        "taken", or "told" where it was refused in one line.

    Raises:
        BrokenPromiseError: When the picture is wrong, or what refused the scene was no clear line of the renderer's.
    """
    try:
        renderer = Renderer(scene.meshes, scene.counts, scene.size, scene.device, scene.preset)
        renderer.set_vertices(scene.vertices)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            frame = renderer.render(scene.camera, scene.lighting, scene.background).copy()
            again = renderer.render(scene.camera, scene.lighting, scene.background)
    except (ValueError, DressformError) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        if "render" not in last.filename or "\n" in str(error) or len(str(error)) > 400:
            raise BrokenPromiseError(f"not a line of the renderer's: {error}") from error
        return TOLD
    for name in ("rgb", "depth", "mask"):
        if not np.array_equal(getattr(frame, name), getattr(again, name)):
            raise BrokenPromiseError(f"{name} differs when drawn again")
    _compare(scene, frame.depth, frame.mask)
    return TAKEN


def _compare(scene: FuzzedScene, depth: NDArray[np.float32], mask: NDArray[np.uint8]) -> None:
    """Raise unless the depth is that of the plain twin."""
    if depth.shape != scene.size[::-1] or mask.max(initial=0) > len(scene.meshes):
        raise BrokenPromiseError(f"a frame of {depth.shape}, mask up to {mask.max(initial=0)}")
    if not np.array_equal(np.isfinite(depth), mask > 0) or not (depth > 0.0).all():
        raise BrokenPromiseError("depth and mask do not agree")
    if "holes" in scene.spoilt:
        return
    want, outline = np.zeros(depth.shape), np.full(depth.shape, np.inf)
    start = 0
    samples = 1 if scene.preset == "realtime" else 2
    local = _in_samples(scene.vertices, scene.camera, samples)
    sound = np.atleast_1d((np.abs(scene.vertices) <= WORLD).all(axis=1))
    for mesh, count in zip(scene.meshes, scene.counts, strict=True):
        faces = mesh.faces if mesh.hidden is None else mesh.faces[~mesh.hidden]
        faces = faces[sound[faces + start].all(axis=1)] + start
        size = (scene.size[0] * samples, scene.size[1] * samples)
        _, inverse, near = reference.draw_clipped(local, faces, size, double_sided=mesh.material.double_sided)
        want = np.maximum(want, inverse[::samples, ::samples])
        outline = np.minimum(outline, near[::samples, ::samples])
        start += count
    sure = outline > SURE_PX
    wrong = np.abs(1.0 / depth - want) > 2e-3 * want + 1e-9
    if (wrong & sure).sum() > MOST_WRONG * sure.sum():
        raise BrokenPromiseError(f"{(wrong & sure).sum()} of {sure.sum()} pixels at another depth than the twin's")


def _in_samples(vertices: NDArray[np.float32], camera: Camera, samples: int) -> NDArray[np.float64]:
    pose = np.asarray(camera.T_world_cam, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        local = (vertices.astype(np.float64) - pose[:3, 3]) @ pose[:3, :3]
        at = samples * (camera.focal_px * local[:, :2] + local[:, 2:] * np.asarray(camera.center_px))
    return np.column_stack([at, local[:, 2]])


def run(count: int = 2000, *, seed: int = 0, first: int = 0) -> dict[str, object]:
    """Draw scenes in processes that may crash, and count how each ended.

    Args:
        count: Cases.
        seed: Of the random numbers: a case is the same whenever seed and number are.
        first: Number of the first case.

    Returns:
        Cases by how they ended, and `findings`: each broken promise.
    """
    began = time.perf_counter()
    for number in range(30):  # loads every kernel, for the processes to share
        _end(number, seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "case"
        folder.mkdir()
        os.environ.setdefault("DRESSFORM_CACHE", scratch)
        endings = list(run_jobs(lambda number: _end(number, seed), range(first, first + count), folder))
    wrong = [each for each in endings if each.wrong]
    return {
        "cases": len(endings),
        "seed": seed,
        "first": first,
        **dict(sorted(Counter(each.how for each in endings).items())),
        "slowest_s": max((each.seconds for each in endings), default=0.0),
        "findings": [f"seed {seed} case {each.number}: {each.how} ({each.kind}): {each.said[-300:]}" for each in wrong],
        "seconds": round(time.perf_counter() - began, 1),
    }


def _end(number: int, seed: int) -> Ending:
    scene, start, said = make_scene(np.random.default_rng((seed, number))), time.perf_counter(), ""
    try:
        how = enter_scene(scene)
    except BaseException:
        how, said = "burst", traceback.format_exc()
    return Ending(number, how, ", ".join(scene.spoilt), said, round(time.perf_counter() - start, 3))


def main() -> None:
    """Read the command line, run, and print the figures as JSON; exit with 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--number", type=int, help="run this one case again")
    given = parser.parse_args()
    count, first = (given.count, given.first) if given.number is None else (1, given.number)
    figures = run(count, seed=given.seed, first=first)
    print(json.dumps(figures, indent=2))
    raise SystemExit(1 if figures["findings"] else 0)


if __name__ == "__main__":
    main()
