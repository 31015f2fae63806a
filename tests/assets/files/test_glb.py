from __future__ import annotations

import dataclasses
import json
import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.assets.files.digests import looks_digest, topology_digest, uv0_digest, uv1_digest
from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.glb import glb_bytes, read_glb, read_skin, write_glb
from dressform.assets.files.glb_read import parse_glb
from dressform.schemas.errors import InputError


def assert_same(got: GarmentMesh, want: GarmentMesh) -> None:
    for name, value in vars(want).items():
        other = getattr(got, name)
        if name in ("uv0", "uv1") and value is not None:
            # turning v over at the file rounds to float32 near 1
            np.testing.assert_array_equal(other[:, 0], value[:, 0])
            np.testing.assert_allclose(other[:, 1], value[:, 1], rtol=1e-6, atol=1e-7)
        elif isinstance(value, np.ndarray):
            np.testing.assert_array_equal(other, value)
            assert other.dtype == value.dtype
        else:
            assert other == value


def chunks(data: bytes) -> tuple[dict[str, Any], bytes]:
    (size,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + size]), data[28 + size :]


def accessor(document: dict[str, Any], binary: bytes, index: int) -> np.ndarray:
    record = document["accessors"][index]
    view = document["bufferViews"][record["bufferView"]]
    dtype = {5126: "<f4", 5125: "<u4", 5123: "<u2"}[record["componentType"]]
    width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}[record["type"]]
    raw = binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
    return np.frombuffer(raw, dtype).reshape(-1, width)


def replaced(data: bytes, change: Any) -> bytes:
    """Return a GLB whose JSON was changed by a function."""
    document, binary = chunks(data)
    document = change(document) or document
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return b"glTF" + struct.pack("<II", 2, 12 + len(body)) + body


def test_round_trip(tube, rig, skeleton, tmp_path):
    write_glb(tmp_path / "a.glb", tube, rig, skeleton)
    back = read_glb(tmp_path / "a.glb")
    assert_same(back, tube)
    for digest in (topology_digest, uv0_digest, uv1_digest, looks_digest):
        assert digest(back) == digest(tube)
    # once read, everything is exact, and equal input gives equal bytes
    assert glb_bytes(back, rig, skeleton) == (tmp_path / "a.glb").read_bytes()


def test_round_trip_without_uv0_and_with_loose_points(make_tube):
    tube = make_tube(seams=False)
    loose = dataclasses.replace(
        tube,
        points=np.concatenate([tube.points, np.float32([[9, 8, 7]])]),
        uv1=np.concatenate([np.float32([[0.25, 0.75]]), tube.uv1]),
        uv1_faces=tube.uv1_faces + 1,
    )
    assert_same(parse_glb(glb_bytes(loose), "memory"), loose)


coordinates = st.floats(-4, 4, width=32)


@st.composite
def meshes(draw: st.DrawFn) -> GarmentMesh:
    counts = {name: draw(st.integers(3, 12)) for name in ("points", "uv0", "uv1")}
    triangles = draw(st.integers(1, 15))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def corners(count: int) -> np.ndarray:
        return rng.integers(0, count, (triangles, 3)).astype(np.int32)

    with_uv = {name: draw(st.booleans()) for name in ("uv0", "uv1")}
    arrays = {name: rng.uniform(-3, 3, (counts[name], 2)).astype(np.float32) for name in with_uv}
    materials = draw(st.integers(1, 3))
    return GarmentMesh(
        points=np.float32([draw(st.tuples(coordinates, coordinates, coordinates)) for _ in range(counts["points"])]),
        faces=corners(counts["points"]),
        uv0=arrays["uv0"] if with_uv["uv0"] else None,
        uv0_faces=corners(counts["uv0"]) if with_uv["uv0"] else None,
        uv1=arrays["uv1"] if with_uv["uv1"] else None,
        uv1_faces=corners(counts["uv1"]) if with_uv["uv1"] else None,
        materials=tuple(Material(f"m{i}", roughness=draw(st.floats(0, 1))) for i in range(materials)),
        material_ids=rng.integers(0, materials, triangles).astype(np.int32),
    )


@settings(max_examples=60, deadline=None)
@given(meshes())
def test_any_mesh_comes_back(mesh):
    back = parse_glb(glb_bytes(mesh), "memory")
    assert_same(back, mesh)
    assert (uv0_digest(back), uv1_digest(back)) == (uv0_digest(mesh), uv1_digest(mesh))


def test_file_is_y_up_with_the_uv_origin_at_the_top(tube):
    document, binary = chunks(glb_bytes(tube))
    attributes = document["meshes"][0]["primitives"][0]["attributes"]
    positions = accessor(document, binary, attributes["POSITION"])
    point = accessor(document, binary, attributes["_POINT"])[:, 0].astype(int)
    x, y, z = tube.points[point].T
    np.testing.assert_array_equal(positions, np.stack([x, z, -y], 1))
    record = document["accessors"][attributes["POSITION"]]
    assert record["max"] == positions.max(0).tolist()
    number = accessor(document, binary, attributes["_UV0"])[:, 0].astype(int)
    uv = accessor(document, binary, attributes["TEXCOORD_0"])
    np.testing.assert_array_equal(uv[:, 1], np.float32(1) - tube.uv0[number, 1])
    normals = accessor(document, binary, attributes["NORMAL"])
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    outward = positions * [1, 0, 1]  # the tube stands around the axis
    assert (np.einsum("ij,ij->i", normals, outward) > 0).all()


def test_every_view_is_aligned(tube, rig, skeleton):
    document, binary = chunks(glb_bytes(tube, rig, skeleton))
    assert all(view["byteOffset"] % 4 == 0 for view in document["bufferViews"])
    assert len(binary) % 4 == 0
    assert document["buffers"][0]["byteLength"] == len(binary)


def test_skin_at_rest_moves_nothing(tube, rig, skeleton):
    document, binary = chunks(glb_bytes(tube, rig, skeleton))
    skin = document["skins"][0]
    inverse = accessor(document, binary, skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
    parents = {child: i for i, node in enumerate(document["nodes"]) for child in node.get("children", [])}

    def world(node: int) -> np.ndarray:
        x, y, z, w = document["nodes"][node]["rotation"]
        matrix = np.eye(4)
        matrix[:3, :3] = [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
        matrix[:3, 3] = document["nodes"][node]["translation"]
        return world(parents[node]) @ matrix if node in parents else matrix

    for joint, bind in zip(skin["joints"], inverse, strict=True):
        np.testing.assert_allclose(world(joint) @ bind, np.eye(4), atol=1e-5)
    # and the joints are where the body has them, y up
    last = document["nodes"].index(next(n for n in document["nodes"] if n["name"] == "joint11"))
    np.testing.assert_allclose(world(last)[:3, 3], skeleton.poses[11, [0, 2, 1], 3] * [1, 1, -1], atol=1e-5)


def test_skin_is_the_rigs(tube, rig, skeleton, tmp_path):
    write_glb(tmp_path / "a.glb", tube, rig, skeleton)
    skin = read_skin(tmp_path / "a.glb")
    assert skin is not None
    names, indices, weights = skin
    assert names == rig.joints

    def dense(indices: np.ndarray, weights: np.ndarray) -> np.ndarray:
        matrix = np.zeros((len(indices), len(names)))
        np.add.at(matrix, (np.arange(len(indices))[:, None], indices), weights)
        return matrix

    # the file holds whole parts of 65535, each rounded to a neighbour
    np.testing.assert_allclose(dense(indices, weights), dense(rig.joint_indices, rig.joint_weights), atol=1 / 65535)
    np.testing.assert_allclose(weights.sum(axis=1, dtype=np.float64), 1, atol=1e-6)
    assert not indices[weights == 0].any()
    write_glb(tmp_path / "b.glb", tube)
    assert read_skin(tmp_path / "b.glb") is None


def test_rig_of_another_mesh_is_refused(tube, rig, skeleton, make_rig):
    with pytest.raises(InputError, match="has 7 points, the garment 40"):
        glb_bytes(tube, make_rig(7, skeleton), skeleton)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: {"points": np.full_like(m.points, np.nan)}, "row 0 is not finite"),
        (lambda m: {"faces": m.faces + 1}, "index 40 is out of range, needed 0 to 39"),
        (lambda m: {"faces": m.faces - 1}, "index -1 is out of range"),
        (lambda m: {"uv0": None}, "uv0 and uv0_faces must be given together"),
        (lambda m: {"material_ids": m.material_ids + 2}, "material_ids: index 3"),
        (lambda m: {"materials": ()}, "no material"),
        (lambda m: {"points": m.points[:, :2]}, r"points must be \[V, 3\], found \[40, 2\]"),
        (lambda m: {"uv0": None, "uv0_faces": None}, "has a texture but no UV0"),
    ],
)
def test_unsound_mesh_is_not_written(tube, tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        write_glb(tmp_path / "a.glb", dataclasses.replace(tube, **change(tube)))
    assert list(tmp_path.iterdir()) == []


def set_in(*path: Any) -> Any:
    *steps, value = path

    def change(document: dict[str, Any]) -> None:
        for step in steps[:-1]:
            document = document[step]
        if value is None:
            del document[steps[-1]]
        else:
            document[steps[-1]] = value

    return change


def foreign(document: dict[str, Any]) -> None:
    """As a file that dressform did not write."""
    for primitive in document["meshes"][0]["primitives"]:
        del primitive["attributes"]["_POINT"]


ATTRIBUTES = ("meshes", 0, "primitives", 0, "attributes")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_in("accessors", 0, "count", 10**12), "reaches past|at most"),
        (set_in("accessors", 0, "count", 10**6), "reaches past its buffer view"),
        (set_in("accessors", 0, "componentType", 5121), "VEC3 of 5121, needed a plain VEC3 of 5126"),
        (set_in("accessors", 0, "bufferView", 99), r"bufferViews\[99\] does not exist"),
        (set_in("bufferViews", 0, "byteLength", 10**9), "reaches past the buffer"),
        (set_in("bufferViews", 0, "byteOffset", -4), "must be a whole number"),
        (set_in("bufferViews", 0, "byteStride", 1), "reaches past"),
        (set_in("meshes", []), "`meshes` is missing, empty"),
        (set_in("meshes", 0, "primitives", 0, "mode", 1), "not made of triangles"),
        (set_in("meshes", 0, "primitives", 0, "material", 7), "material_ids: index 7 is out of range"),
        (foreign, "_POINT is missing.*garment import"),
        (set_in(*ATTRIBUTES, "_POINT", None), "do not share their vertices"),
        (set_in("accessors", "nonsense"), "`accessors` is missing, empty or not a list"),
        (set_in("materials", 0, "pbrMetallicRoughness", "roughnessFactor", 7), "numbers in"),
        (set_in("materials", 0, "pbrMetallicRoughness", [1]), "is not an object"),
        (set_in("images", 0, {"uri": "../../etc/passwd"}), "only embedded images are read"),
        (set_in("textures", 0, {"source": "x"}), r"images\[x\] does not exist"),
    ],
)
def test_hostile_json_ends_in_one_line(tube, change, message):
    with pytest.raises(InputError, match=message) as caught:
        parse_glb(replaced(glb_bytes(tube), change), "evil.glb")
    assert str(caught.value).startswith("evil.glb")
    assert "\n" not in str(caught.value)


def overwritten(data: bytes, name: str, value: float) -> bytes:
    """Return a GLB with one float of an attribute replaced."""
    document, binary = chunks(data)
    view = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"][name]]["bufferView"]
    at = len(data) - len(binary) + document["bufferViews"][view]["byteOffset"]
    return data[:at] + struct.pack("<f", value) + data[at + 4 :]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("POSITION", float("nan"), "POSITION: row 0 is not finite"),
        ("POSITION", 5.0, "copies of one point lie apart"),
        ("TEXCOORD_1", float("inf"), "TEXCOORD_1: row 0 is not finite"),
        ("_POINT", 1e9, "whole numbers"),
        ("_POINT", 0.5, "whole numbers"),
        ("_POINT", float("nan"), "not finite"),
        ("_POINT", 1_999_999.0, "some points are missing"),
    ],
)
def test_hostile_numbers_end_in_one_line(tube, name, value, message):
    with pytest.raises(InputError, match=message):
        parse_glb(overwritten(glb_bytes(tube), name, value), "evil.glb")


def test_every_truncation_is_told(tube):
    data = glb_bytes(tube)
    for length in [*range(40), *range(40, len(data), 997), len(data) - 1]:
        with pytest.raises(InputError):
            parse_glb(data[:length], "cut.glb")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_flipped_bytes_give_a_garment_or_one_line(data):
    blob = bytearray(SAMPLE)
    for _ in range(data.draw(st.integers(1, 4))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    said = ""
    try:
        assert len(parse_glb(bytes(blob), "evil.glb").faces)
    except InputError as error:
        said = str(error)
    assert "\n" not in said


SAMPLE = glb_bytes(
    GarmentMesh(
        points=np.float32([[0, 0, 0], [1, 0, 0], [0, 0, 1]]),
        faces=np.int32([[0, 1, 2]]),
        uv0=np.float32([[0, 0], [1, 0], [0, 1]]),
        uv0_faces=np.int32([[0, 1, 2]]),
        uv1=None,
        uv1_faces=None,
        materials=(Material(),),
        material_ids=np.int32([0]),
    )
)


def test_missing_and_oversized_files(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="cannot be read"):
        read_glb(tmp_path / "none.glb")
    (tmp_path / "big.glb").write_bytes(SAMPLE)
    monkeypatch.setattr("dressform.assets.files.glb_file.MAX_BYTES", 100)
    with pytest.raises(InputError, match="needed at most"):
        read_glb(tmp_path / "big.glb")


def validator_folder() -> Path | None:
    named = os.environ.get("DRESSFORM_GLTF_VALIDATOR")  # a folder where `npm install gltf-validator` was run
    return Path(named) if named and shutil.which("node") else None


@pytest.mark.skipif(validator_folder() is None, reason="DRESSFORM_GLTF_VALIDATOR names no gltf-validator, or no node")
def test_khronos_validator_finds_no_error(tube, rig, skeleton, make_tube, tmp_path):
    write_glb(tmp_path / "skinned.glb", tube, rig, skeleton)
    write_glb(tmp_path / "plain.glb", make_tube(seams=False))
    script = (
        "const v = require('gltf-validator'), fs = require('fs');"
        "Promise.all(process.argv.slice(1).map(f => v.validateBytes(new Uint8Array(fs.readFileSync(f)))))"
        ".then(all => console.log(JSON.stringify(all.map(r => r.issues.messages.filter(m => m.severity === 0)))))"
    )
    files = [str(tmp_path / "skinned.glb"), str(tmp_path / "plain.glb")]
    done = subprocess.run(
        ["node", "-e", script, *files], cwd=validator_folder(), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [[], []]
