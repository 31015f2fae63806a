from __future__ import annotations

import base64
import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.glb import write_glb
from dressform.authoring.formats.gltf import read_gltf
from dressform.schemas.errors import InputError

New = Callable[[], Any]
TRIANGLE = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
FACE = np.array([[0, 1, 2]])


def png(color: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), color).save(file, "PNG")
    return file.getvalue()


def test_uv_sets_come_with_their_origin_at_the_bottom(tmp_path: Path, new_gltf: New) -> None:
    file = new_gltf()
    uv = np.array([[0, 0], [1, 0], [0, 1]], np.float32)
    file.mesh(TRIANGLE, FACE, TEXCOORD_0=file.add(uv, "VEC2"), TEXCOORD_1=file.add(uv * 0.5, "VEC2"))
    raw = read_gltf(file.write(tmp_path / "a.glb"))
    assert raw.uv0 is not None
    (second,) = raw.layers
    np.testing.assert_allclose(raw.uv0, uv * (1, -1) + np.array([0, 1]))
    np.testing.assert_allclose(second.values, uv * (0.5, -0.5) + np.array([0, 1]))
    assert (second.name, second.kind, raw.uv1) == ("TEXCOORD_1", "uv", None)
    assert (raw.metres_per_unit, raw.up) == (1.0, "y")


def test_nodes_move_turn_scale_and_mirror(tmp_path: Path, new_gltf: New) -> None:
    file = new_gltf()
    file.mesh(TRIANGLE, FACE)
    file.document["nodes"] = [
        {"children": [1], "translation": [10, 0, 0], "rotation": [0, 0, np.sqrt(0.5), np.sqrt(0.5)]},
        {"mesh": 0, "scale": [-2, 1, 1]},
    ]
    raw = read_gltf(file.write(tmp_path / "a.glb"))
    # scale x by -2, turn a quarter about z (x → y, y → -x), then move
    np.testing.assert_allclose(raw.points, [[10, 0, 0], [10, -2, 0], [9, 0, 0]], atol=1e-6)
    assert raw.faces.tolist() == [[2, 1, 0]], "a mirrored part keeps its outside"


def test_a_skin_holds_points_where_its_joints_are(tmp_path: Path, new_gltf: New) -> None:
    file = new_gltf()
    joints = file.add(np.zeros((3, 4), np.uint8), "VEC4")
    weights = file.add(np.tile(np.float32([1, 0, 0, 0]), (3, 1)), "VEC4")
    file.mesh(TRIANGLE, FACE, JOINTS_0=joints, WEIGHTS_0=weights)
    inverse = np.eye(4, dtype=np.float32)
    inverse[3, :3] = (0, -1, 0)  # columns first: moves by -1 along y
    file.document["skins"] = [{"joints": [1], "inverseBindMatrices": file.add(inverse.reshape(1, 16), "MAT4")}]
    file.document["nodes"] = [
        {"mesh": 0, "skin": 0, "translation": [100, 0, 0]},
        {"translation": [0, 3, 0]},
    ]
    file.document["scenes"][0]["nodes"] = [0, 1]
    raw = read_gltf(file.write(tmp_path / "a.glb"))
    np.testing.assert_allclose(raw.points, TRIANGLE + np.array([0, 2, 0]), atol=1e-6)
    assert raw.skin is not None
    np.testing.assert_allclose(raw.skin.weights, np.ones((3, 1)))
    np.testing.assert_allclose(raw.skin.rest[0, :3, 3], (0, 3, 0))


def test_primitives_keep_their_materials_and_textures(tmp_path: Path, new_gltf: New) -> None:
    file = new_gltf()
    uv = file.add(TRIANGLE[:, :2], "VEC2")
    first = file.mesh(TRIANGLE, FACE, TEXCOORD_0=uv)
    second = {**file.mesh(TRIANGLE + 5, FACE, TEXCOORD_0=uv)}
    file.document["meshes"] = [{"primitives": [first | {"material": 1}, second | {"material": 0}]}]
    file.document["images"] = [
        {"bufferView": file.view(png("red")), "mimeType": "image/png"},
        {"uri": "data:image/png;base64," + base64.b64encode(png("blue")).decode()},
    ]
    file.document["textures"] = [{"source": 0}, {"source": 1}]
    file.document["materials"] = [
        {"name": "a", "pbrMetallicRoughness": {"baseColorTexture": {"index": 1}, "roughnessFactor": 0.3}},
        {
            "name": "b",
            "doubleSided": True,
            "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}, "baseColorFactor": [1, 0.5, 0.25, 1]},
            "extensions": {"KHR_materials_sheen": {"sheenColorFactor": [0.1, 0.2, 0.3]}},
        },
    ]
    raw = read_gltf(file.write(tmp_path / "a.glb"))
    red, blue = (next(m for m in raw.materials if m.name == name) for name in "ba")
    assert red.base_color_image == png("red")
    assert blue.base_color_image == png("blue")
    assert (red.base_color, red.sheen, red.double_sided) == ((1, 0.5, 0.25, 1), (0.1, 0.2, 0.3), True)
    assert blue.roughness == 0.3
    assert [raw.materials[k].name for k in raw.material_ids] == ["b", "a"]


def test_strips_fans_and_separate_buffers(tmp_path: Path, new_gltf: New) -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]], np.float32)
    for mode, expected in ((5, [[0, 1, 2], [2, 1, 3]]), (6, [[0, 1, 2], [0, 2, 3]])):
        file = new_gltf()
        primitive = file.mesh(points, np.array([[0, 1, 2, 3]]))
        primitive["mode"] = mode
        path = tmp_path / "a.gltf"
        file.document["buffers"] = [{"byteLength": len(file.binary), "uri": "my%20data.bin"}]
        (tmp_path / "my data.bin").write_bytes(file.binary)
        raw = read_gltf(file.write(path))
        assert raw.faces.tolist() == expected
        assert [p.name for p in raw.companions] == ["my data.bin"]


def test_reads_back_what_the_library_writes(tmp_path: Path, tee: GarmentMesh) -> None:
    write_glb(tmp_path / "tee.glb", tee)
    raw = read_gltf(tmp_path / "tee.glb")
    corners = raw.points[raw.faces]
    y_up = np.stack([tee.points[:, 0], tee.points[:, 2], -tee.points[:, 1]], axis=1)
    np.testing.assert_allclose(corners, y_up[tee.faces], atol=1e-6)


def broken(change: Callable[[Any], None]) -> Callable[[Any, Path], Path]:
    def write(file: Any, folder: Path) -> Path:
        file.mesh(TRIANGLE, FACE)
        change(file.document)
        return Path(file.write(folder / "a.glb"))

    return write


def set_at(*path: Any) -> Callable[[Any], None]:
    *keys, last, value = path

    def change(document: Any) -> None:
        for key in keys:
            document = document[key]
        document[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_at("accessors", 0, "count", 10**9), "at most|declares"),
        (set_at("accessors", 0, "count", 10**5), "declares 100000 entries"),
        (set_at("accessors", 0, "count", -1), "needed VEC3"),
        (set_at("accessors", 0, "bufferView", 99), r"bufferViews\[99\], which is not there"),
        (set_at("accessors", 0, "byteOffset", 10**12), "bytes"),
        (set_at("bufferViews", 0, "byteOffset", -4), "view of"),
        (set_at("bufferViews", 0, "byteStride", 1), "declares"),
        (set_at("buffers", [{"byteLength": 10**10}]), "declares 10000000000 bytes"),
        (set_at("buffers", [{"byteLength": 36, "uri": "../../etc/passwd"}]), "outside its folder"),
        (set_at("buffers", [{"byteLength": 36, "uri": "..%2f..%2fetc%2fpasswd"}]), "outside its folder"),
        (set_at("buffers", [{"byteLength": 36, "uri": "/etc/passwd"}]), "outside its folder"),
        (set_at("buffers", [{"byteLength": 36, "uri": "http://example.com/a.bin"}]), "a URL"),
        (set_at("buffers", [{"byteLength": 36, "uri": "data:;base64,!!"}]), "no base64"),
        (set_at("nodes", [{"children": [0], "mesh": 0}]), "must form a tree"),
        (set_at("nodes", [{"mesh": 7}]), r"meshes\[7\]"),
        (set_at("nodes", [{"mesh": 0, "scale": [float("inf"), 1, 1]}]), "not finite|JSON"),
        (set_at("meshes", [{"primitives": [{}]}]), "not valid glTF"),
        (set_at("meshes", []), r"meshes\[0\]"),
        (set_at("nodes", 5), "nodes is '5', needed a list"),
        (set_at("extensionsRequired", ["KHR_draco_mesh_compression"]), "without Draco"),
        (set_at("asset", {"version": "1.0"}), "not glTF 2.0"),
    ],
)
def test_documents_that_lie_are_one_clear_error(
    tmp_path: Path, new_gltf: New, change: Callable[[Any], None], message: str
) -> None:
    with pytest.raises(InputError, match=message) as found:
        read_gltf(broken(change)(new_gltf(), tmp_path))
    assert "\n" not in str(found.value)


def test_points_and_lines_alone_are_no_mesh(tmp_path: Path, new_gltf: New) -> None:
    file = new_gltf()
    file.mesh(TRIANGLE, FACE)["mode"] = 1
    with pytest.raises(InputError, match="no triangles"):
        read_gltf(file.write(tmp_path / "a.glb"))


def test_out_of_range_indices(tmp_path: Path, new_gltf: New) -> None:
    file = new_gltf()
    file.mesh(TRIANGLE, np.array([[0, 1, 9]]))
    with pytest.raises(InputError, match="names vertex 9 of 3"):
        read_gltf(file.write(tmp_path / "a.glb"))


@pytest.mark.parametrize("length", [3, 11, 19, 40, 400])
def test_a_cut_off_file(tmp_path: Path, new_gltf: New, length: int) -> None:
    file = new_gltf()
    file.mesh(TRIANGLE, FACE)
    path = file.write(tmp_path / "a.glb")
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(InputError):
        read_gltf(path)


def test_chunks_beyond_the_end_and_other_formats(tmp_path: Path) -> None:
    path = tmp_path / "a.glb"
    path.write_bytes(struct.pack("<4sIIII", b"glTF", 2, 28, 2**31, 0x4E4F534A) + b"12345678")
    with pytest.raises(InputError, match="beyond its end"):
        read_gltf(path)
    path.write_text(json.dumps({"asset": {"version": "2.0"}}))
    with pytest.raises(InputError, match="no GLB"):
        read_gltf(path)


def test_textures_that_are_no_pictures_or_too_large(tmp_path: Path, new_gltf: New) -> None:
    header = png("red")
    huge = header[:16] + struct.pack(">II", 60000, 60000) + header[24:]
    for data, message in ((b"not a picture", "not a readable texture"), (huge, "texture")):
        file = new_gltf()
        uv = file.add(TRIANGLE[:, :2], "VEC2")
        file.mesh(TRIANGLE, FACE, TEXCOORD_0=uv)["material"] = 0
        file.document["images"] = [{"bufferView": file.view(data)}]
        file.document["textures"] = [{"source": 0}]
        file.document["materials"] = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
        with pytest.raises(InputError, match=message):
            read_gltf(file.write(tmp_path / "a.glb"))
