"""Garments, rigs and drafts that the tests of the assets share."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dressform.assets.draft_digest import draft_digest
from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.glb import write_glb
from dressform.assets.files.rig import Rig
from dressform.assets.files.rig_file import write_rig
from dressform.assets.files.skeleton import Skeleton
from dressform.assets.library import Library, PublishedVersion
from dressform.schemas.report import Report


def png(width: int = 4, *, mode: str = "RGB", seed: int = 0) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (width, width, len(mode)), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels, mode=mode).save(file, format="PNG")
    return file.getvalue()


def make_tube(rows: int = 5, columns: int = 8, *, seams: bool = True) -> GarmentMesh:
    """A tube with one vertical UV seam in UV0 and a per-quad UV1."""
    angle = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    height = np.linspace(0.6, 1.3, rows)
    grid = [[(0.2 * np.cos(a), 0.15 * np.sin(a), h) for a in angle] for h in height]
    points = np.array(grid, np.float32).reshape(-1, 3)
    faces, uv0_faces, uv1, uv1_faces = [], [], [], []
    for r in range(rows - 1):
        for c in range(columns):
            quad = [r * columns + c, r * columns + (c + 1) % columns]
            quad += [quad[1] + columns, quad[0] + columns]
            uv_quad = [r * (columns + 1) + c, r * (columns + 1) + c + 1]
            uv_quad += [uv_quad[1] + columns + 1, uv_quad[0] + columns + 1]
            corner = len(uv1)
            uv1 += [((c + dx) / columns, (r + dy) / rows) for dx, dy in ((0, 0), (0.9, 0), (0.9, 0.9), (0, 0.9))]
            for triangle in ((0, 1, 2), (0, 2, 3)):
                faces.append([quad[i] for i in triangle])
                uv0_faces.append([uv_quad[i] for i in triangle])
                uv1_faces.append([corner + i for i in triangle])
    uv0 = [(c / columns * 1.7 - 0.2, r / rows * 2.3 - 0.4) for r in range(rows) for c in range(columns + 1)]
    materials = (
        Material("cotton", (0.2, 0.3, 0.7, 1.0), png(seed=1), png(seed=2), 0.85, 0.0, (0.1, 0.1, 0.12), True),
        Material("rib", (0.9, 0.1, 0.1, 1.0), None, None, 0.7, 0.1, (0.0, 0.0, 0.0), False),
    )
    return GarmentMesh(
        points=points,
        faces=np.array(faces, np.int32),
        uv0=np.array(uv0, np.float32) if seams else None,
        uv0_faces=np.array(uv0_faces, np.int32) if seams else None,
        uv1=np.array(uv1, np.float32),
        uv1_faces=np.array(uv1_faces, np.int32),
        materials=materials if seams else (materials[1],),
        material_ids=np.array([i % 3 == 1 for i in range(len(faces))] if seams else [0] * len(faces), np.int32),
    )


def make_skeleton(joints: int = 12, seed: int = 3) -> Skeleton:
    """A chain of joints with random rotations."""
    rng = np.random.default_rng(seed)
    poses = np.tile(np.eye(4), (joints, 1, 1))
    for j in range(joints):
        q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        poses[j, :3, :3] = q * np.sign(np.linalg.det(q))
        poses[j, :3, 3] = (0, 0, 0.1 * j)
    parents = np.array([-1, *range(joints - 1)], np.int32)
    return Skeleton(tuple(f"joint{j}" for j in range(joints)), parents, poses.astype(np.float32))


def make_rig(points: int, skeleton: Skeleton, seed: int = 5) -> Rig:
    """Random weights with eight distinct joints a point, some of them unused."""
    rng = np.random.default_rng(seed)
    weights = rng.uniform(size=(points, 8)) * (rng.uniform(size=(points, 8)) < 0.6)
    weights[:, 0] += 0.1
    weights = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
    order = rng.permuted(np.tile(np.arange(len(skeleton.names)), (points, 1)), axis=1)[:, :8]
    barycentrics = rng.dirichlet((1, 1, 1), points).astype(np.float32)
    return Rig(
        body="anny",
        body_digest="ab" * 32,
        joints=skeleton.names[::-1],
        joint_indices=np.where(weights > 0, order, 0).astype(np.int32),
        joint_weights=weights,
        binding_triangles=rng.integers(0, 40, points).astype(np.int32),
        binding_barycentrics=barycentrics,
        binding_offsets=rng.normal(0, 0.01, (points, 3)).astype(np.float32),
        hide=rng.uniform(size=40) < 0.5,
    )


def make_draft(
    folder: Path,
    *,
    mesh: GarmentMesh | None = None,
    rig_seed: int = 5,
    sizes: tuple[str, ...] = ("M",),
    **manifest: Any,
) -> Path:
    """A small draft folder as the authoring steps leave it; `manifest` adds to or replaces keys of template.json."""
    mesh = mesh or make_tube()
    skeleton = make_skeleton()
    rig = make_rig(len(mesh.points), skeleton, rig_seed)
    for size in sizes:
        grown = dataclasses.replace(mesh, points=mesh.points * np.float32(1 + 0.02 * sizes.index(size)))
        write_glb(folder / f"sizes/{size}/garment.glb", grown, rig, skeleton)
    write_rig(folder / "rig.anny.safetensors", rig)
    (folder / "preview.png").write_bytes(png(8))
    (folder / "source").mkdir(exist_ok=True)
    (folder / "source" / "shirt.obj").write_text("the artist's own file")
    (folder / "steps.json").write_text('{"schema": "dressform/steps/1", "steps": []}')
    document = {
        "schema": "dressform/draft/1",
        "name": "tee",
        "category": "tee",
        "licence": "CC0-1.0",
        "authors": ["A. Tailor"],
        "sizes": {size: {"garment": f"sizes/{size}/garment.glb"} for size in sizes},
        **manifest,
    }
    (folder / "template.json").write_text(json.dumps(document))
    return folder


def clean_report(draft: Path) -> Report:
    """A report without findings on a draft as it is now."""
    return Report(str(draft), draft_digest(draft), passed=25)


def edit(draft: Path, **changes: object) -> None:
    path = draft / "template.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def snapshot(folder: Path) -> dict[str, bytes]:
    """What counts in a library: every file apart from scratch, the lock and blobs that nothing refers to."""
    refs = {p.name: p.read_bytes() for p in folder.glob("refs/*.json")}
    text = b"".join(refs.values())
    return {**refs, "versions": str([(v.label, v.digest) for v in Library.open(folder).versions()]).encode(), "": text}


@pytest.fixture(name="make_tube")
def _make_tube() -> Callable[..., GarmentMesh]:
    return make_tube


@pytest.fixture(name="make_rig")
def _make_rig() -> Callable[..., Rig]:
    return make_rig


@pytest.fixture(autouse=True)
def no_wardrobe_ships(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """These tests are about libraries, not about what lies under the default one."""
    monkeypatch.setattr("dressform.assets.library.STARTER", tmp_path / "nothing-ships")


@pytest.fixture(name="make_draft", scope="session")
def _make_draft() -> Callable[..., Path]:
    return make_draft


@pytest.fixture(name="clean_report", scope="session")
def _clean_report() -> Callable[[Path], Report]:
    return clean_report


@pytest.fixture
def tube() -> GarmentMesh:
    return make_tube()


@pytest.fixture
def skeleton() -> Skeleton:
    return make_skeleton()


@pytest.fixture
def rig(tube: GarmentMesh, skeleton: Skeleton) -> Rig:
    return make_rig(len(tube.points), skeleton)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library.open(tmp_path / "library")


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    return make_draft(tmp_path / "draft")


@pytest.fixture
def publish(library: Library) -> Callable[..., PublishedVersion]:
    return lambda draft, version=None, pre=None: library.publish(draft, clean_report(draft), version, pre=pre)


@pytest.fixture(name="edit", scope="session")
def _edit() -> Callable[..., None]:
    return edit


@pytest.fixture(name="snapshot")
def _snapshot() -> Callable[[Path], dict[str, bytes]]:
    return snapshot
