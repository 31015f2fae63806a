from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.authoring.formats.fbx import read_fbx
from dressform.authoring.formats.raw import RawMesh, check_raw
from dressform.schemas.errors import InputError

BLENDER = Path(__file__).parent / "data" / "skirt.fbx"

MESH = """
    Geometry: 10, "Geometry::cloth", "Mesh" {
        Vertices: *15 { a: 0,0,0,1,0,0,1,1,0,0,1,0,2,0,0 }
        PolygonVertexIndex: *7 { a: 0,1,2,-4,1,4,-3 }
        LayerElementNormal: 0 {
            MappingInformationType: "AllSame"
            ReferenceInformationType: "Direct"
            Normals: *3 { a: 0,0,2 }
        }
        LayerElementUV: 0 {
            Name: "first"
            MappingInformationType: "ByPolygonVertex"
            ReferenceInformationType: "IndexToDirect"
            UV: *6 { a: 0,0,1,0,1,1 }
            UVIndex: *7 { a: 0,1,2,2,0,1,2 }
        }
        LayerElementUV: 1 {
            Name: "second"
            MappingInformationType: "ByVertice"
            ReferenceInformationType: "Direct"
            UV: *10 { a: 0,0,.1,0,.1,.1,0,.1,.2,0 }
        }
        LayerElementMaterial: 0 {
            MappingInformationType: "ByPolygon"
            ReferenceInformationType: "IndexToDirect"
            Materials: *2 { a: 0,1 }
        }
    }
"""


def fbx(
    objects: str = "", connections: str = "", *, mesh: str = MESH, model: str = "", unit: float = 1.0, up: int = 1
) -> str:
    return f"""; FBX 7.4.0 project file
FBXHeaderExtension:  {{
    FBXVersion: 7400
    Creator: "by hand"
}}
GlobalSettings:  {{
    Properties70:  {{
        P: "UpAxis", "int", "Integer", "",{up}
        P: "UpAxisSign", "int", "Integer", "",1
        P: "UnitScaleFactor", "double", "Number", "",{unit}
    }}
}}
Objects:  {{
    {mesh}
    Model: 20, "Model::shirt", "Mesh" {{
        Properties70:  {{
            {model}
        }}
        Shading: T
    }}
    Material: 30, "Material::cotton", "" {{
        Properties70:  {{
            P: "DiffuseColor", "Color", "", "A",0.5,0.25,0.125
        }}
    }}
    Material: 31, "Material::lining", "" {{
    }}
    {objects}
}}
Connections:  {{
    C: "OO",10,20
    C: "OO",20,0
    C: "OO",30,20
    C: "OO",31,20
    {connections}
}}
"""


def prop(name: str, *values: float) -> str:
    return f'P: "{name}", "Vector3D", "Vector", "",{",".join(map(str, values))}\n'


def read(folder: Path, text: str | bytes) -> RawMesh:
    path = folder / "a.fbx"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    raw = read_fbx(path)
    check_raw(raw, path)
    return raw


def test_polygons_layers_and_materials(tmp_path: Path) -> None:
    raw = read(tmp_path, fbx(unit=2.54, up=2))
    assert raw.points.shape == (5, 3)
    assert raw.polygons is not None
    assert raw.polygons.tolist() == [0, 0, 1]
    assert [raw.materials[k].name for k in raw.material_ids] == ["cotton", "cotton", "lining"]
    assert raw.materials[0].base_color == (0.5, 0.25, 0.125, 1.0)
    assert raw.uv0 is not None
    assert raw.uv0_faces is not None
    assert raw.uv0[raw.uv0_faces[2]].tolist() == [[0, 0], [1, 0], [1, 1]]
    second, normals = raw.layers
    assert (second.kind, second.name) == ("uv", "second")
    np.testing.assert_allclose(second.values[second.faces[2]], [[0.1, 0], [0.2, 0], [0.1, 0.1]], atol=1e-7)
    assert normals.values[normals.faces].reshape(-1, 3).tolist() == [[0, 0, 1]] * 9
    assert raw.metres_per_unit == pytest.approx(0.0254)
    assert raw.up == "z"
    assert {(c.what, c.outcome) for c in raw.record} >= {("UV set first", "kept"), ("UV set second", "kept")}


def test_a_node_s_whole_transform(tmp_path: Path) -> None:
    model = (
        prop("Lcl Translation", 1, 2, 3)
        + prop("RotationOffset", 0.5, 0, 0)
        + prop("RotationPivot", 1, 0, 0)
        + prop("PreRotation", 90, 0, 0)
        + prop("Lcl Rotation", 0, 0, 90)
        + prop("PostRotation", 0, 90, 0)
        + prop("ScalingPivot", 0, 1, 0)
        + prop("Lcl Scaling", 2, 3, 4)
        + prop("GeometricTranslation", 10, 0, 0)
        + prop("GeometricScaling", 1, 1, 2)
    )
    raw = read(tmp_path, fbx(model=model))

    def turn(axis: int, degrees: float) -> np.ndarray:
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        out = np.eye(3)
        i, j = (axis + 1) % 3, (axis + 2) % 3
        out[i, i], out[i, j], out[j, i], out[j, j] = c, -s, s, c
        return out

    p = np.array([1.0, 1.0, 0.0]) * [1, 1, 2] + [10, 0, 0]  # geometry to node
    p = (p - [0, 1, 0]) * [2, 3, 4] + [0, 1, 0]  # scale about its pivot
    p = turn(0, 90) @ turn(2, 90) @ turn(1, 90).T @ (p - [1, 0, 0]) + [1, 0, 0]  # turn about its pivot
    np.testing.assert_allclose(raw.points[2], p + np.array([1.5, 2, 3]), atol=1e-9)


@pytest.mark.parametrize(("order", "want"), [(0, [0, 0, -1]), (5, [0, 1, 0])])
def test_rotation_order(tmp_path: Path, order: int, want: list[float]) -> None:
    # x: y → z; z: x → y. XYZ turns about x first, so (1, 0, 0) → (0, 1, 0); with a turn about y the order shows
    model = prop("Lcl Rotation", 90, 90, 0) + f'P: "RotationOrder", "enum", "", "",{order}\n'
    raw = read(tmp_path, fbx(model=model))
    np.testing.assert_allclose(raw.points[1], want, atol=1e-9)


@pytest.mark.parametrize(("mode", "want"), [(0, [0, 2, 0]), (1, [0, 1, 0]), (2, [0, 1, 0])])
def test_how_a_node_inherits_scale(tmp_path: Path, mode: int, want: list[float]) -> None:
    # the parent doubles x, the child turns x to y: mode 0 doubles the child's own x, 1 the world's, 2 neither
    above = f'Model: 21, "Model::above", "Null" {{ Properties70: {{ {prop("Lcl Scaling", 2, 1, 1)} }} }}'
    model = prop("Lcl Rotation", 0, 0, 90) + f'P: "InheritType", "enum", "", "",{mode}\n'
    text = fbx(above, 'C: "OO",20,21\nC: "OO",21,0', model=model).replace('C: "OO",20,0\n', "")
    raw = read(tmp_path, text)
    np.testing.assert_allclose(raw.points[1], want, atol=1e-9)
    np.testing.assert_allclose(raw.points[3], [{0: -1, 1: -2, 2: -1}[mode], 0, 0], atol=1e-9)


def test_a_mirrored_node_keeps_its_faces_outside(tmp_path: Path) -> None:
    def normal(raw: RawMesh) -> float:
        a, b, c = raw.points[raw.faces[0]]
        return float(np.cross(b - a, c - a)[2])

    assert normal(read(tmp_path, fbx())) > 0
    assert normal(read(tmp_path, fbx(model=prop("Lcl Scaling", -1, 1, 1)))) > 0


RIG = """
    Model: 40, "Model::hips", "LimbNode" {
    }
    Model: 41, "Model::knee", "LimbNode" {
    }
    Deformer: 50, "Deformer::skin", "Skin" {
    }
    Deformer: 51, "SubDeformer::hips", "Cluster" {
        Indexes: *3 { a: 0,1,2 }
        Weights: *3 { a: 1,3,1 }
        Transform: *16 { a: 1,0,0,0,0,1,0,0,0,0,1,0,5,-7,0,1 }
        TransformLink: *16 { a: 1,0,0,0,0,1,0,0,0,0,1,0,0,7,0,1 }
    }
    Deformer: 52, "SubDeformer::knee", "Cluster" {
        Indexes: *2 { a: 1,3 }
        Weights: *2 { a: 1,0.5 }
        Transform: *16 { a: 1,0,0,0,0,1,0,0,0,0,1,0,5,-3,0,1 }
        TransformLink: *16 { a: 1,0,0,0,0,1,0,0,0,0,1,0,0,3,0,1 }
    }
    Deformer: 60, "Deformer::shapes", "BlendShape" {
    }
    Deformer: 61, "SubDeformer::wide", "BlendShapeChannel" {
        DeformPercent: 25
    }
    Geometry: 62, "Geometry::wide", "Shape" {
        Indexes: *1 { a: 4 }
        Vertices: *3 { a: 0,1,0 }
    }
    AnimationStack: 70, "AnimStack::walk", "" {
    }
"""
WIRES = "\n".join(
    f'C: "OO",{child},{parent}'
    for child, parent in (
        (40, 0),
        (41, 40),
        (50, 10),
        (51, 50),
        (52, 50),
        (40, 51),
        (41, 52),
        (60, 10),
        (61, 60),
        (62, 61),
    )
)


def test_skin_and_blend_shapes_as_they_were_bound(tmp_path: Path) -> None:
    raw = read(tmp_path, fbx(RIG, WIRES))
    assert raw.skin is not None
    assert raw.skin.joints == ("hips", "knee")
    assert raw.skin.parents.tolist() == [-1, 0]
    assert raw.skin.rest[:, :3, 3].tolist() == [[0, 7, 0], [0, 3, 0]]
    np.testing.assert_allclose(raw.points[0], [5, 0, 0])  # bound five to the side of where the node stands now
    held = [
        dict(zip(i.tolist(), w.tolist(), strict=True)) for i, w in zip(raw.skin.indices, raw.skin.weights, strict=True)
    ]
    assert held[1] == {0: 0.75, 1: 0.25}
    assert raw.skin.weights.sum(axis=1).tolist() == [1, 1, 1, 1, 0]
    (wide,) = raw.morphs
    assert (wide.name, wide.weight, wide.offsets.tolist()[4]) == ("wide", 0.25, [0, 1, 0])
    what = {c.what: c.outcome for c in raw.record}
    assert what["animation walk"] == "dropped"
    assert what["skin weights of shirt"] == "converted"
    assert what["pose of shirt"] == "converted"


TEXTURE = """
    Texture: 80, "Texture::weave", "" {{
        FileName: "{0}"
        RelativeFilename: "{1}"
        Properties70:  {{
            P: "UVSet", "KString", "", "","second"
            P: "Scaling", "Vector", "", "A",2,3,1
        }}
    }}
"""
WIRED = 'C: "OP",80,30,"DiffuseColor"'


def test_a_texture_named_by_the_artist_s_own_disk_is_found_beside(tmp_path: Path) -> None:
    Image.new("RGB", (3, 5), "red").save(tmp_path / "weave.png")
    raw = read(tmp_path, fbx(TEXTURE.format("C:\\Users\\me\\weave.png", "..\\maps\\weave.png"), WIRED))
    cotton = raw.materials[0]
    assert cotton.base_color_image == (tmp_path / "weave.png").read_bytes()
    info = cotton.record["pbrMetallicRoughness"]["baseColorTexture"]
    assert info["texCoord"] == 1
    assert info["extensions"]["KHR_texture_transform"]["scale"] == [2.0, 3.0]
    assert any("weave.png beside the file is read" in c.why for c in raw.record)


@pytest.mark.parametrize("name", ["/etc/passwd", "../../etc/passwd", "https://example.com/a.png", "C:\\\\a.png", ""])
def test_nothing_outside_the_folder_is_read(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "in"
    inner.mkdir()
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    raw = read(inner, fbx(TEXTURE.format(name, "../a.png"), WIRED))
    assert raw.materials[0].base_color_image is None
    assert not raw.companions
    assert any("not beside the file" in note for note in raw.notes)


def test_embedded_textures_of_text_files(tmp_path: Path) -> None:
    import base64
    import io

    picture = io.BytesIO()
    Image.new("RGB", (2, 3), "blue").save(picture, "PNG")
    video = f'Video: 90, "Video::weave", "Clip" {{\n Content: , "{base64.b64encode(picture.getvalue()).decode()}"\n}}\n'
    raw = read(tmp_path, fbx(TEXTURE.format("gone.png", "gone.png") + video, WIRED + '\nC: "OO",90,80'))
    assert raw.materials[0].base_color_image == picture.getvalue()


def test_a_file_of_blender(tmp_path: Path) -> None:
    raw = read_fbx(BLENDER)
    check_raw(raw, BLENDER)
    assert [len(raw.points), len(np.unique(raw.polygons))] == [53, 38]
    assert raw.part_names == ("Skirt obj", "button")
    assert [(layer.kind, layer.name) for layer in raw.layers] == [
        ("uv", "Unified"),
        ("color", "Col"),
        ("normal", "Normals 0"),
    ]
    assert raw.materials[0].base_color_image is not None  # embedded
    assert raw.materials[0].roughness == pytest.approx(0.4)
    assert raw.skin is not None
    assert raw.skin.joints == ("hips", "leg_l", "leg_r")
    np.testing.assert_allclose(raw.skin.rest[:, :3, 3], [[0, 100, 0], [10, 90, 0], [-10, 90, 0]], atol=1e-4)
    # the mesh was made as rings of radius 0.15 to 0.3 m, the hem at 0.4 m, and leg weights growing downwards
    radius = np.hypot(raw.points[:48, 0], raw.points[:48, 2])
    np.testing.assert_allclose(radius, 100 * np.repeat([0.15, 0.2, 0.25, 0.3], 12), atol=1e-3)
    np.testing.assert_allclose(raw.points[:48, 1], 100 * np.repeat([1.0, 0.8, 0.6, 0.4], 12), atol=1e-3)
    hips = np.where(raw.skin.indices[:48] == 0, raw.skin.weights[:48], 0).sum(axis=1)
    np.testing.assert_allclose(hips, np.repeat([1, 2 / 3, 1 / 3, 0], 12), atol=1e-5)
    (flare,) = raw.morphs
    expected = raw.points[:48, [0, 2]] * 0.2
    np.testing.assert_allclose(flare.offsets[:48, [0, 2]], expected, atol=1e-3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (fbx(mesh=MESH.replace("0,1,2,-4,1,4,-3", "0,1,2,-4,1,9,-3")), "names vertex 9 of 5"),
        (fbx(mesh=MESH.replace("*15 { a: 0,", "*14 { a: ")), "no multiple of 3"),
        (fbx(mesh=MESH.replace("*15", "*99")), "declared are 99"),
        (fbx(mesh=MESH.replace("*15", "*999999999999")), "at most"),
        (fbx(mesh=MESH.replace("a: 0,0,0,1", "a: nan,0,0,1")), "finite"),
        (fbx(mesh=MESH.replace("a: 0,0,0,1", "a: x,0,0,1")), "no number"),
        (fbx(mesh=""), "no visible mesh"),
        (fbx(model='P: "Visibility", "Visibility", "", "A",0'), "no visible mesh"),
        (fbx(model=prop("Lcl Scaling", 0, 0, 0)), "zero area"),
        (fbx(connections='C: "OO",20,20'), "below itself"),
        (fbx().replace("7400", "6100"), "needed 7000"),
        (fbx()[:-200], "cut off"),
        ("}" + fbx(), "never opened"),
        ("FBX " + "a: {" * 100, "too deep"),
        ("hello", "no FBX file"),
        (b"Kaydara FBX Binary  \x00\x1a\x00" + struct.pack("<I", 7400), "cut off"),
        (b"Kaydara FBX Binary  \x00\x1a\x00" + struct.pack("<I", 6100) + bytes(50), "needed 7000"),
    ],
)
def test_broken_files_are_one_clear_error(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as found:
        read(tmp_path, text)
    assert "\n" not in str(found.value)


def test_absurd_weights_count_as_none(tmp_path: Path) -> None:
    raw = read(tmp_path, fbx(RIG.replace("a: 1,3,1 ", "a: nan,3,-1 "), WIRES))
    assert raw.skin is not None
    assert raw.skin.weights.sum(axis=1).tolist() == [0, 1, 0, 1, 0]
    assert any("2 skin weights are absurd" in note for note in raw.notes)


def test_damaged_bytes_never_crash(tmp_path: Path) -> None:
    data = bytearray(BLENDER.read_bytes())
    random = np.random.default_rng(5)
    said: list[str] = []
    for trial in range(120):
        broken = bytearray(data)
        if trial % 3 == 0:
            broken = broken[: int(random.integers(1, len(data)))]
        else:
            for at in random.integers(0, len(data) if trial % 3 == 1 else 2000, 6):
                broken[at] = int(random.integers(256))
        try:
            read(tmp_path, bytes(broken))
        except InputError as error:
            said.append(str(error))
    assert len(said) > 40
    assert not any("\n" in text for text in said)


def test_a_list_that_unpacks_to_more_than_it_declares(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(1 << 20))
    value = b"d" + struct.pack("<III", 3, 1, len(bomb)) + bomb
    name = b"Vertices"
    head = 27 + 13 + len(name)
    record = struct.pack("<IIIB", head + len(value), 1, len(value), len(name)) + name + value
    data = b"Kaydara FBX Binary  \x00\x1a\x00" + struct.pack("<I", 7400) + record + bytes(13)
    with pytest.raises(InputError, match="declared are 3 values"):
        read(tmp_path, data)
