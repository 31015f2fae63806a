from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh
from dressform.authoring.formats.scan import read_scan
from dressform.schemas.errors import InputError


@pytest.mark.parametrize("suffix", [".ply", ".stl"])
def test_reads_what_trimesh_writes(tmp_path: Path, skirt: GarmentMesh, suffix: str) -> None:
    import trimesh

    path = tmp_path / f"a{suffix}"
    trimesh.Trimesh(skirt.points, skirt.faces, process=False).export(path)
    raw = read_scan(path)
    np.testing.assert_allclose(raw.points[raw.faces], skirt.points[skirt.faces], atol=1e-6)
    assert raw.metres_per_unit is None


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.ply", b"ply\nformat binary_little_endian 1.0\nelement vertex 4000000\nproperty float x\nend_header\n"),
        ("a.ply", b"ply\nformat ascii 1.0\nelement vertex many\nend_header\n"),
        ("a.ply", b"ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nend_header\n1 2 x"),
        ("a.ply", b"no ply at all"),
        ("a.stl", b"\0" * 80 + struct.pack("<I", 10**9)),
        ("a.stl", b"\0" * 80 + struct.pack("<I", 2) + b"\0" * 50),
        ("a.stl", b"\0" * 20),
    ],
)
def test_declared_counts_are_held_against_the_file(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError) as found:
        read_scan(path)
    assert "\n" not in str(found.value)
