from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.assets.files.garment import GarmentMesh
from dressform.authoring.formats.raw import check_raw
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


VERTICES = [(0, 0, 0, 0, 0, 1, 255, 0, 0), (1, 0, 0, 0, 0, 1, 0, 255, 0), (1, 1, 0, 0, 0, 1, 0, 0, 255)]
VERTICES += [(0, 1, 0, 0, 0, 1, 188, 188, 188), (2, 0, 0, 0, 0, 1, 0, 0, 0)]
FACES = [(0, 1, 2, 3), (1, 4, 2)]


def ply(kind: str) -> bytes:
    """A quad and a triangle with normals, colours and a UV for each corner."""
    names = ("x", "y", "z", "nx", "ny", "nz", "red", "green", "blue")
    head = ["ply", f"format {kind} 1.0", "comment TextureFile cloth.png", f"element vertex {len(VERTICES)}"]
    head += [f"property {'uchar' if name in names[6:] else 'float'} {name}" for name in names]
    head += [
        f"element face {len(FACES)}",
        "property list uchar int vertex_indices",
        "property list uchar float texcoord",
    ]
    data = ("\n".join([*head, "end_header"]) + "\n").encode()
    order = ">" if kind.endswith("big_endian") else "<"
    for row in VERTICES:
        data += (" ".join(map(str, row)) + "\n").encode() if kind == "ascii" else struct.pack(order + "6f3B", *row)
    for face in FACES:
        uv = [float(v) for corner in face for v in VERTICES[corner][:2]]
        if kind == "ascii":
            data += " ".join(map(str, [len(face), *face, len(uv), *uv])).encode() + b"\n"
        else:
            data += struct.pack(f"{order}B{len(face)}i", len(face), *face)
            data += struct.pack(f"{order}B{len(uv)}f", len(uv), *uv)
    return data


@pytest.mark.parametrize("kind", ["ascii", "binary_little_endian", "binary_big_endian"])
def test_everything_a_ply_says_is_kept(tmp_path: Path, kind: str) -> None:
    Image.new("RGB", (3, 3), "red").save(tmp_path / "cloth.png")
    path = tmp_path / "a.ply"
    path.write_bytes(ply(kind))
    raw = read_scan(path)
    check_raw(raw, path)
    assert raw.polygons is not None
    assert raw.polygons.tolist() == [0, 0, 1]
    assert raw.uv0 is not None
    assert raw.uv0_faces is not None
    np.testing.assert_array_equal(raw.uv0[raw.uv0_faces], raw.points[raw.faces][..., :2])
    layers = {layer.kind: layer for layer in raw.layers}
    assert layers["normal"].values[layers["normal"].faces].reshape(-1, 3).tolist() == [[0, 0, 1]] * 9
    colors = layers["color"].values[layers["color"].faces]
    np.testing.assert_allclose(colors[raw.faces == 3][0], [*[((188 / 255 + 0.055) / 1.055) ** 2.4] * 3, 1], atol=1e-6)
    assert raw.materials[0].base_color_image == (tmp_path / "cloth.png").read_bytes()


def test_uvs_at_the_vertices(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    path.write_text(
        "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
        "property float s\nproperty float t\nproperty float quality\nelement face 1\n"
        "property list uchar uint vertex_index\nelement edge 1\nproperty int vertex1\nend_header\n"
        "0 0 0 0 0 7\n1 0 0 1 0 8\n0 1 0 nan 1 9\n3 0 1 2\n5\n"
    )
    raw = read_scan(path)
    assert raw.uv0 is not None
    assert np.isfinite(raw.uv0).all()
    assert any("no usable numbers" in note for note in raw.notes)
    (quality,) = raw.layers
    assert (quality.name, quality.values[quality.faces].ravel().tolist()) == ("quality", [7, 8, 9])
    assert any(c.what == "edge entries" and c.outcome == "dropped" for c in raw.record)


def test_a_texture_of_a_ply_outside_its_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    path.write_bytes(ply("ascii").replace(b"cloth.png", b"../../etc/passwd"))
    with pytest.raises(InputError, match="only files beside the mesh are read"):
        read_scan(path)


def test_solids_of_an_stl_are_parts_and_corners_are_welded(tmp_path: Path) -> None:
    def solid(name: str, shift: int) -> str:
        corners = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
        lines = [f"vertex {x + shift} {y} {z}" for x, y, z in corners]
        loops = [
            "facet normal 0 0 1\nouter loop\n" + "\n".join(lines[k : k + 3]) + "\nendloop\nendfacet" for k in (0, 3)
        ]
        return f"solid {name}\n" + "\n".join(loops) + f"\nendsolid {name}\n"

    path = tmp_path / "a.stl"
    path.write_text(solid("front", 0) + solid("", 5) + "solid empty\nendsolid empty\n")
    raw = read_scan(path)
    assert [raw.part_names[k] for k in raw.part_ids] == ["front", "front", "a", "a"]
    assert len(raw.points) == 8
    assert any(c.what == "solid empty" for c in raw.record)


def test_colours_of_a_binary_stl_are_left_out_and_said(tmp_path: Path) -> None:
    record = struct.pack("<12fH", 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0x8001)
    path = tmp_path / "a.stl"
    path.write_bytes(b"solid but binary".ljust(80) + struct.pack("<I", 1) + record)
    raw = read_scan(path)
    assert len(raw.faces) == 1
    assert any(c.what == "colours of the triangles" for c in raw.record)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.ply", ply("binary_little_endian")[:-3], "cut off"),
        ("a.ply", ply("ascii")[:-9], "cut off"),
        ("a.ply", ply("ascii").replace(b"4 0 1 2 3", b"4 0 1 2 9"), "names vertex 9 of 5"),
        ("a.ply", ply("ascii").replace(b"float x", b"float w"), "without x, y and z"),
        ("a.ply", ply("ascii").replace(b"float x", b"quaternion x"), "no PLY"),
        ("a.ply", ply("ascii").replace(b"ascii", b"ebcdic"), "ebcdic"),
        ("a.ply", ply("ascii").replace(b"2 0 0 0 0 1", b"nan 0 0 0 0 1"), "finite"),
        ("a.stl", b"solid a\nfacet\nouter loop\nvertex 1 2\nvertex x", "cut off"),
        ("a.stl", b"solid a\nendsolid a\n", "no facets"),
    ],
)
def test_broken_scans_are_one_clear_error(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError, match=message) as found:
        read_scan(path)
    assert "\n" not in str(found.value)
