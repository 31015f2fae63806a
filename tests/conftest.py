"""A small sound draft, and the means to break it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.glb import write_glb
from dressform.assets.files.rig import Rig
from dressform.assets.files.rig_file import rig_bytes
from dressform.runtime.body.anny_body import load_anny

STEPS = ("import", "clean", "unwrap", "place", "rig", "preview")


def picture(size: tuple[int, int] = (64, 64), blank: bool = False) -> bytes:
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    if not blank:
        pixels[:, ::2] = 200
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return buffer.getvalue()


def tube(rings: int = 8, around: int = 16) -> GarmentMesh:
    """An open tube around the torso with a metric, injective unwrap."""
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
    height = np.linspace(0.9, 1.4, rings)
    points = np.stack(
        [
            np.tile(0.2 * np.sin(angle), rings),
            np.tile(-0.2 * np.cos(angle), rings),
            np.repeat(height, around),
        ],
        axis=1,
    ).astype(np.float32)
    u = np.linspace(0.05, 0.95, around + 1)
    v = 0.05 + (height - 0.9) * (0.9 / (2 * np.pi * 0.2))
    uv = np.stack([np.tile(u, rings), np.repeat(v, around + 1)], axis=1).astype(np.float32)
    faces, uv_faces = [], []
    for row in range(rings - 1):
        for column in range(around):
            a, b = row * around + column, row * around + (column + 1) % around
            ua = row * (around + 1) + column
            faces += [[a, b, b + around], [a, b + around, a + around]]
            uv_faces += [[ua, ua + 1, ua + around + 2], [ua, ua + around + 2, ua + around + 1]]
    triangles, corners = np.array(faces, np.int32), np.array(uv_faces, np.int32)
    material = Material(base_color_image=picture())
    return GarmentMesh(points, triangles, uv, corners, uv, corners, (material,), np.zeros(len(triangles), np.int32))


def rig_for(mesh: GarmentMesh) -> Rig:
    body, count = load_anny(), len(mesh.points)
    weights = np.zeros((count, 8), np.float32)
    weights[:, :2] = 0.5
    indices = np.zeros((count, 8), np.int32)
    indices[:, 1] = 1
    return Rig(
        "anny",
        body.topology_digest,
        tuple(body.joint_names),
        indices,
        weights,
        np.zeros(count, np.int32),
        np.full((count, 3), 1 / 3, np.float32),
        np.zeros((count, 3), np.float32),
        np.zeros(len(body.faces), np.bool_),
    )


@dataclass
class Parts:
    """What a draft is made of; a case changes one of them."""

    mesh: GarmentMesh
    rig: Rig
    manifest: dict[str, Any]
    steps: list[str] = field(default_factory=lambda: list(STEPS))
    files: dict[str, bytes] = field(default_factory=dict)
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)

    def change_mesh(self, **arrays: Any) -> None:
        self.mesh = replace(self.mesh, **arrays)

    def change_rig(self, **arrays: Any) -> None:
        self.rig = replace(self.rig, **arrays)

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True)
        write_glb(folder / "sizes" / "M" / "garment.glb", self.mesh)
        # written without checks: the point of many cases is a rig that the writer would refuse
        write_rig_unchecked(folder / "rig.anny.safetensors", self.rig)
        (folder / "template.json").write_text(json.dumps(self.manifest))
        (folder / "steps.json").write_text(
            json.dumps({"steps": [{"step": step, "report": self.reports.get(step, {})} for step in self.steps]})
        )
        for path, content in {"preview.png": picture(), **self.files}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return folder


def write_rig_unchecked(path: Path, rig: Rig) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dressform.assets.files.rig_file.check_rig", lambda rig, where: None)
        path.write_bytes(rig_bytes(rig))


@pytest.fixture
def parts() -> Parts:
    mesh = tube()
    manifest = {
        "schema": "dressform/draft/1",
        "name": "tube",
        "category": "top",
        "sizes": {"M": {"garment": "sizes/M/garment.glb"}},
        "licence": "CC0-1.0",
        "authors": ["a tailor"],
    }
    return Parts(mesh, rig_for(mesh), manifest)


@pytest.fixture
def encode() -> Callable[..., bytes]:
    return picture


@pytest.fixture(scope="session")
def tube_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with one garment, `tube`, truly rigged to the canonical body."""
    from dressform.assets.library import Library
    from dressform.authoring.steps.rig import rig_mesh
    from dressform.runtime.body.canonical import canonical_rest
    from dressform.validators.engine import validate

    mesh = tube(rings=24, around=64)
    rig, _ = rig_mesh(mesh, canonical_rest())
    manifest = {
        "schema": "dressform/draft/1",
        "name": "tube",
        "category": "top",
        "layer": 20,
        "sizes": {"M": {"garment": "sizes/M/garment.glb"}},
        "licence": "CC0-1.0",
        "authors": ["a tailor"],
    }
    folder = tmp_path_factory.mktemp("wardrobe")
    draft = Parts(mesh, rig, manifest).write(folder / "draft")
    Library.open(folder / "library").publish(draft, validate(draft, publishing=True))
    return folder / "library"


@pytest.fixture(scope="session")
def plain_avatar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An avatar file of the canonical body, made without a photo."""
    from dressform.runtime.avatar.avatar_file import Avatar
    from dressform.runtime.body.canonical import CANONICAL_SHAPE, canonical_rest

    path = tmp_path_factory.mktemp("avatar") / "avatar.json"
    Avatar("anny", CANONICAL_SHAPE, {"height": canonical_rest().measures().height}).save(path)
    return path
