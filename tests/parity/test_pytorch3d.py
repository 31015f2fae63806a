"""What the rasteriser draws now against the pixels that PyTorch3D drew of the same scenes (`make test-pytorch3d`).

The pixels are kept, so a changed kernel is held to them in every run, without PyTorch3D.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dressform.benchmarks import raster_parity as parity
from dressform.benchmarks.raster_scenes import RasterScene, scenes

FOLDER = Path(__file__).parent
RECORD: dict[str, Any] = json.loads((FOLDER / "pytorch3d.json").read_text())
PIXELS = dict(np.load(FOLDER / "pytorch3d.npz"))
MEASURES = parity.Parity.__dataclass_fields__
AGAIN = "run `make test-pytorch3d` and commit what it writes"


@pytest.fixture(scope="module")
def drawn() -> dict[str, RasterScene]:
    return {scene.name: scene for scene in scenes()}


def kept(name: str) -> dict[str, np.ndarray]:
    return {key: PIXELS[digest] for key, digest in RECORD["scenes"][name]["pixels"].items()}


def compared(scene: RasterScene, drawn_of: RasterScene) -> parity.Parity:
    ours = parity.draw(drawn_of, "warp")
    return parity.compare(scene, ours, parity.kept_picture(kept(scene.name), ours), quantum=parity.QUANTUM)


def test_the_record_is_of_these_scenes(drawn: dict[str, RasterScene]) -> None:
    assert list(drawn) == list(RECORD["scenes"]), AGAIN
    for name, scene in drawn.items():
        for key, value in scene.fingerprint().items():
            want = RECORD["scenes"][name][key]
            same = value == want if isinstance(value, str) else np.allclose(value, want, rtol=1e-5, atol=1e-5)
            assert same, f"{name}: {key} is {value}, was {want} when PyTorch3D drew it; {AGAIN}"


@pytest.mark.parametrize("name", list(RECORD["scenes"]))
def test_the_rasteriser_agrees_with_pytorch3d(name: str, drawn: dict[str, RasterScene]) -> None:
    found = compared(drawn[name], drawn[name])
    assert parity.agrees(found), found
    # a centre right on an edge is ours to draw, so that no hairline opens; PyTorch3D leaves it out
    most = RECORD["scenes"][name]["edge"] + found.seen // 1000 + 1
    assert found.edge <= most, found


def test_the_record_says_what_its_pixels_say() -> None:
    used = set()
    for name, scene in RECORD["scenes"].items():
        assert parity.agrees(parity.Parity(**{field: scene[field] for field in MEASURES})), name
        for array in kept(name).values():
            used.add(parity.array_digest(array))
    assert used == set(PIXELS)
    assert all(parity.frames_agree(frame) for frame in RECORD["frames"].values())
    assert sum(frame["pixels_of_the_figure"] for frame in RECORD["frames"].values()) > 5000


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ((0.02, 0.0, 0.0), "unexplained"),  # [px]
        ((0.0, 0.02, 0.0), "unexplained"),
        ((0.0, 0.0, 1e-4), "depth_excess"),  # [1/m]
    ],
)
def test_a_small_shift_is_found(change: tuple[float, float, float], field: str, drawn: dict[str, RasterScene]) -> None:
    scene = drawn["trunk from nearby, 64x64, both sides"]
    found = compared(scene, replace(scene, screen=scene.screen + np.float32(change)))
    assert not parity.agrees(found)
    assert getattr(found, field) > 1


def test_sides_turned_round_are_found(drawn: dict[str, RasterScene]) -> None:
    scene = drawn["soup-1000, 64x64, front"]
    assert compared(scene, replace(scene, faces=scene.faces[:, ::-1])).unexplained > 100


def test_pytorch3d_was_asked_by_the_code_that_is_here() -> None:
    """A reminder, not a failure: kernels are compared above, and the adapter has tests that need no PyTorch3D."""
    assert set(RECORD["asking"]) == set(parity.ASKING)
    changed = [path for path, digest in parity.digests(parity.ASKING).items() if RECORD["asking"].get(path) != digest]
    if changed:
        pytest.skip(f"{', '.join(changed)} changed since PyTorch3D was asked; {AGAIN}")
