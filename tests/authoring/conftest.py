"""Synthetic garments and writers of the files that artists bring."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import igl
import numpy as np
import pytest
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Material

GARMENTS = Path(__file__).parents[2].parent / "shared" / "garments"


def bare(points: NDArray[Any], faces: NDArray[Any]) -> GarmentMesh:
    ids = np.zeros(len(faces), np.int32)
    return GarmentMesh(points.astype(np.float32), faces.astype(np.int32), None, None, None, None, (Material(),), ids)


def tube(rings: int = 9, around: int = 24, radius: float = 0.2, height: float = 0.6) -> GarmentMesh:
    """An open cylinder standing on z = 0, wound outward."""
    angle = 2 * np.pi * np.arange(around) / around
    ring = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    z = np.linspace(0, height, rings)
    points = np.concatenate([np.column_stack([ring, np.full(around, h)]) for h in z])
    k, j = np.meshgrid(np.arange(rings - 1), np.arange(around), indexing="ij")
    a, b = k * around + j, k * around + (j + 1) % around
    faces = np.concatenate(
        [np.stack([a, b, b + around], -1).reshape(-1, 3), np.stack([a, b + around, a + around], -1).reshape(-1, 3)]
    )
    return bare(points, faces)


def make_tee(step: float = 0.022) -> GarmentMesh:
    """A tee from capsules cut open at hem, neck and cuffs: metres, z up, facing -y."""
    x, y, z = (np.arange(a, b, step) for a, b in ((-0.5, 0.5), (-0.2, 0.2), (0.75, 1.6)))
    grid = np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1)

    def capsule(a: tuple[float, ...], b: tuple[float, ...], radius: float) -> NDArray[np.float64]:
        start, way = np.array(a), np.array(b) - np.array(a)
        t = np.clip((grid - start) @ way / (way @ way), 0, 1)
        gap = (grid - start - t[..., None] * way) * (1.0, 1.35, 1.0)
        return np.asarray(np.linalg.norm(gap, axis=-1) - radius)

    parts = [
        capsule((0, 0, 0.7), (0, 0, 1.3), 0.2),
        capsule((0.12, 0, 1.36), (0.55, 0, 1.15), 0.09),
        capsule((-0.12, 0, 1.36), (-0.55, 0, 1.15), 0.09),
        capsule((0, 0, 1.4), (0, 0, 1.7), 0.08),
    ]
    field = -0.02 * np.log(sum(np.exp(-part / 0.02) for part in parts))
    flat = field.transpose(2, 1, 0).reshape(-1)
    vertices = grid.transpose(2, 1, 0, 3).reshape(-1, 3)
    points, faces, *_ = igl.marching_cubes(flat, vertices, len(x), len(y), len(z), 0.0)
    center = points[faces].mean(axis=1)
    worn = (center[:, 2] > 0.85) & (center[:, 2] < 1.5) & (np.abs(center[:, 0]) < 0.4)
    used, local = np.unique(faces[worn], return_inverse=True)
    points, faces = points[used], local.reshape(-1, 3)
    a, b, c = (points[faces[:, k]] for k in range(3))
    if np.einsum("ij,ij->", a - points.mean(axis=0), np.cross(b - a, c - a)) < 0:
        faces = faces[:, ::-1]
    return bare(points, faces)


@pytest.fixture(scope="session")
def tee() -> GarmentMesh:
    return make_tee()


@pytest.fixture(scope="session")
def trousers() -> GarmentMesh:
    """Jeans cut from their pattern, sewn and brought around the canonical body without physics."""
    from dressform.authoring.patterns.finish import finish
    from dressform.authoring.patterns.meshing import mesh_pattern
    from dressform.authoring.patterns.sizing import pattern_measures
    from dressform.authoring.patterns.trousers import draft_trousers
    from dressform.authoring.simulate.arrange import arrange
    from dressform.authoring.simulate.mirror import Mirror
    from dressform.authoring.simulate.relax import relax
    from dressform.runtime.body.canonical import canonical_rest

    flat = mesh_pattern(draft_trousers(pattern_measures("M")), 0.032)
    rest = canonical_rest()
    return finish(flat, relax(flat, arrange(flat, rest), rest, mirror=Mirror(flat)))


@pytest.fixture
def skirt() -> GarmentMesh:
    return tube()


def obj_text(points: NDArray[Any], faces: NDArray[Any], uv: NDArray[Any] | None = None) -> str:
    lines = ["v " + " ".join(f"{x:.6f}" for x in p) for p in points]
    lines += [] if uv is None else ["vt " + " ".join(f"{x:.6f}" for x in t) for t in uv]
    corner = "{0}" if uv is None else "{0}/{0}"
    lines += ["f " + " ".join(corner.format(k + 1) for k in face) for face in faces]
    return "\n".join(lines) + "\n"


@pytest.fixture
def skirt_obj(tmp_path: Path, skirt: GarmentMesh) -> Path:
    """A skirt in centimetres, y up."""
    y_up = np.stack([skirt.points[:, 0], skirt.points[:, 2], -skirt.points[:, 1]], axis=1)
    path = tmp_path / "skirt.obj"
    path.write_text(obj_text(y_up * 100, skirt.faces))
    return path


class Gltf:
    """A small glTF in the making: `add` returns accessor numbers, `write` the file."""

    def __init__(self) -> None:
        self.binary = bytearray()
        self.document: dict[str, Any] = {
            "asset": {"version": "2.0"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [{"mesh": 0}],
            "meshes": [],
            "accessors": [],
            "bufferViews": [],
            "buffers": [],
        }

    def view(self, data: bytes) -> int:
        self.binary.extend(b"\0" * (-len(self.binary) % 4))
        self.document["bufferViews"].append({"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data)})
        self.binary.extend(data)
        return len(self.document["bufferViews"]) - 1

    def add(self, array: NDArray[Any], kind: str) -> int:
        component = {"float32": 5126, "uint32": 5125, "uint16": 5123, "uint8": 5121}[array.dtype.name]
        self.document["accessors"].append(
            {"bufferView": self.view(array.tobytes()), "componentType": component, "count": len(array), "type": kind}
        )
        return len(self.document["accessors"]) - 1

    def mesh(self, points: NDArray[Any], faces: NDArray[Any], **attributes: int) -> dict[str, Any]:
        primitive = {
            "attributes": {"POSITION": self.add(points.astype(np.float32), "VEC3"), **attributes},
            "indices": self.add(faces.astype(np.uint32).ravel(), "SCALAR"),
        }
        self.document["meshes"].append({"primitives": [primitive]})
        return primitive

    def write(self, path: Path) -> Path:
        self.binary.extend(b"\0" * (-len(self.binary) % 4))
        if not self.document["buffers"]:
            self.document["buffers"] = [{"byteLength": len(self.binary)}]
        if path.suffix == ".gltf":
            path.write_text(json.dumps(self.document))
            return path
        text = json.dumps(self.document).encode()
        text += b" " * (-len(text) % 4)
        body = struct.pack("<II", len(text), 0x4E4F534A) + text
        body += struct.pack("<II", len(self.binary), 0x004E4942) + bytes(self.binary)
        path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body)
        return path


@pytest.fixture
def new_gltf() -> Callable[[], Gltf]:
    return Gltf


@pytest.fixture
def garments() -> Path:
    if not GARMENTS.is_dir():
        pytest.skip("the MakeHuman garments for trials are not here")
    return GARMENTS


@pytest.fixture
def shirt() -> Path:
    from dressform.assets.models import model_path
    from dressform.schemas.errors import DressformError

    pytest.importorskip("pxr", reason="usd-core is not installed")
    try:
        return model_path("unisex_shirt.usd")
    except DressformError as error:
        pytest.skip(str(error))
