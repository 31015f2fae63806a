from __future__ import annotations

import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.authoring.formats.usd import read_usd
from dressform.schemas.errors import InputError

pytest.importorskip("pxr", reason="usd-core is not installed")

HEAD = '#usda 1.0\n(\n    defaultPrim = "scene"\n    metersPerUnit = 0.01\n    upAxis = "Z"\n)\n'
QUAD = """
        point3f[] points = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
        int[] faceVertexCounts = [4]
        int[] faceVertexIndices = [0, 1, 2, 3]
"""


def write(folder: Path, body: str, head: str = HEAD, name: str = "a.usda") -> Path:
    path = folder / name
    path.write_text(head + body)
    return path


def mesh(content: str = QUAD, extra: str = "") -> str:
    return f'def Xform "scene" {{\n    def Mesh "cloth" {{\n{content}{extra}\n    }}\n}}\n'


def test_transforms_units_axis_and_uvs(tmp_path: Path) -> None:
    body = f"""def Xform "scene" {{
    double3 xformOp:translate = (10, 0, 0)
    double xformOp:rotateZ = 90
    double3 xformOp:scale = (2, 2, 2)
    uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:rotateZ", "xformOp:scale"]
    def Mesh "cloth" {{{QUAD}
        texCoord2f[] primvars:st = [(0, 0), (1, 0), (1, 1), (0, 1)] (interpolation = "faceVarying")
        int[] primvars:st:indices = [3, 2, 1, 0]
    }}
}}
"""
    raw = read_usd(write(tmp_path, body))
    np.testing.assert_allclose(raw.points, [[10, 0, 0], [10, 2, 0], [8, 2, 0], [8, 0, 0]], atol=1e-9)
    assert (raw.metres_per_unit, raw.up) == (0.01, "z")
    assert raw.uv0 is not None
    assert raw.uv0_faces is not None
    at = {int(p): raw.uv0[t].tolist() for p, t in zip(raw.faces.ravel(), raw.uv0_faces.ravel(), strict=True)}
    assert at == {0: [0, 1], 1: [1, 1], 2: [1, 0], 3: [0, 0]}


def test_nothing_is_taken_for_stated_that_is_not_authored(tmp_path: Path) -> None:
    raw = read_usd(write(tmp_path, mesh(), head="#usda 1.0\n"))
    assert raw.metres_per_unit is None
    assert raw.up is None


def test_left_handed_meshes_are_turned(tmp_path: Path) -> None:
    right = read_usd(write(tmp_path, mesh()))
    left = read_usd(write(tmp_path, mesh(extra='uniform token orientation = "leftHanded"'), name="b.usda"))

    def normal(raw: object) -> float:
        a, b, c = raw.points[raw.faces[0]]  # type: ignore[attr-defined]
        return float(np.cross(b - a, c - a)[2])

    assert normal(right) > 0 > normal(left)


def test_preview_surface_with_texture(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), "green").save(tmp_path / "cloth.png")
    material = """
    def Material "m" {
        token outputs:surface.connect = </scene/m/s.outputs:surface>
        def Shader "s" {
            uniform token info:id = "UsdPreviewSurface"
            color3f inputs:diffuseColor.connect = </scene/m/t.outputs:rgb>
            float inputs:roughness = 0.25
            token outputs:surface
        }
        def Shader "t" {
            uniform token info:id = "UsdUVTexture"
            asset inputs:file = @cloth.png@
            float3 outputs:rgb
        }
    }
"""
    body = (
        'def Xform "scene" {\n' + material + '    def Mesh "cloth" (prepend apiSchemas = ["MaterialBindingAPI"]) {\n'
        f"{QUAD}        rel material:binding = </scene/m>\n    }}\n}}\n"
    )
    raw = read_usd(write(tmp_path, body))
    assert raw.materials[0].base_color_image == (tmp_path / "cloth.png").read_bytes()
    assert raw.materials[0].roughness == 0.25


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (QUAD.replace("[0, 1, 2, 3]", "[0, 1, 2, 9]"), "names vertex 9 of 4"),
        (QUAD.replace("[4]", "[5]"), "face corners"),
        (QUAD.replace("[4]", "[2, 2]"), "at least 3"),
        (QUAD.replace("[4]", "[]").replace("[0, 1, 2, 3]", "[]"), "no visible mesh"),
    ],
)
def test_broken_topology(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_usd(write(tmp_path, mesh(content)))


def test_wrong_number_of_uvs(tmp_path: Path) -> None:
    extra = 'texCoord2f[] primvars:st = [(0, 0)] (interpolation = "faceVarying")'
    with pytest.raises(InputError, match="has 1 UVs"):
        read_usd(write(tmp_path, mesh(extra=extra)))


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "https://example.com/a.usd"])
def test_layers_out_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    body = f'def Xform "scene" (references = @{name}@) {{\n}}\n'
    with pytest.raises(InputError, match="only files beside the mesh are read"):
        read_usd(write(tmp_path, body))


@pytest.mark.parametrize("data", [b"#usda 1.0\ndef Mesh {{{", b"PXR-USDC" + b"\0" * 20, b"hello"])
def test_files_that_are_no_usd(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.usd"
    path.write_bytes(data)
    with pytest.raises(InputError) as found:
        read_usd(path)
    assert "\n" not in str(found.value)


def test_without_usd_core_the_cure_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, mesh())
    monkeypatch.setitem(sys.modules, "pxr", None)
    with pytest.raises(InputError, match=r"pip install 'dressform\[usd\]'"):
        read_usd(path)


def test_the_shirt(shirt: Path) -> None:
    raw = read_usd(shirt)
    assert (len(raw.points), len(raw.faces)) == (6436, 12736)


def rigged(
    joints: str = '["root", "root/leg"]', weights: str = "[1, 0, 0.25, 0.75, 3, 1, 0, 0]", skel: str = ""
) -> str:
    at = "( (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, {}, 0, 1) )"
    return f"""def SkelRoot "scene" {{
    {skel}
    def Skeleton "bones" {{
        uniform token[] joints = {joints}
        uniform matrix4d[] bindTransforms = [{at.format(2)}, {at.format(5)}]
        uniform matrix4d[] restTransforms = [{at.format(2)}, {at.format(3)}]
    }}
    def Mesh "cloth" (prepend apiSchemas = ["SkelBindingAPI"]) {{{QUAD}
        rel skel:skeleton = </scene/bones>
        matrix4d primvars:skel:geomBindTransform = ( (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (10, 0, 0, 1) )
        int[] primvars:skel:jointIndices = [0, 1, 0, 1, 0, 1, 0, 1] (elementSize = 2; interpolation = "vertex")
        float[] primvars:skel:jointWeights = {weights} (elementSize = 2; interpolation = "vertex")
        uniform token[] skel:blendShapes = ["wide"]
        rel skel:blendShapeTargets = </scene/cloth/wide>
        def BlendShape "wide" {{
            uniform vector3f[] offsets = [(0, 0, 2)]
            uniform int[] pointIndices = [3]
        }}
    }}
}}
"""


def test_skin_and_blend_shapes_as_bound(tmp_path: Path) -> None:
    place = 'double3 xformOp:translate = (0, 0, 7)\n    uniform token[] xformOpOrder = ["xformOp:translate"]'
    raw = read_usd(write(tmp_path, rigged(skel=place)))
    assert raw.skin is not None
    assert raw.skin.joints == ("root", "leg")
    assert raw.skin.parents.tolist() == [-1, 0]
    assert raw.skin.rest[:, :3, 3].tolist() == [[0, 2, 7], [0, 5, 7]]
    assert raw.points[0].tolist() == [10, 0, 7]
    assert raw.skin.weights.tolist() == [[1, 0], [0.25, 0.75], [0.75, 0.25], [0, 0]]
    assert raw.morphs[0].offsets.tolist()[3] == [0, 0, 2]
    assert any(c.what.startswith("skin weights") and c.outcome == "converted" for c in raw.record)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (rigged(weights="[1, 0]"), "2 weights do not fit 4 points"),
        (rigged(joints='["root/leg", "root"]'), "parents first"),
        (rigged(joints='["root", "root"]'), "parents first"),
        (rigged(joints='["root", "a", "b"]'), "bind transform"),
        (rigged(weights="[nan, 0, -1, 1, 1e30, 1, 0, 1]"), "3 skin weights are absurd"),
    ],
)
def test_absurd_skins_are_said_and_cost_only_themselves(tmp_path: Path, body: str, said: str) -> None:
    raw = read_usd(write(tmp_path, body))
    assert len(raw.points) == 4
    assert any(said in note for note in raw.notes)
    if raw.skin is not None:
        assert np.isfinite(raw.skin.weights).all()


def test_all_primvars_with_their_interpolation(tmp_path: Path) -> None:
    extra = """
        texCoord2f[] primvars:st1 = [(0, 0), (1, 0), (1, 1), (0, 1)] (interpolation = "vertex")
        float2[] primvars:st = [(0.5, 0.5)] (interpolation = "constant")
        color3f[] primvars:displayColor = [(1, 0, 0), (0, 1, 0)] (interpolation = "faceVarying")
        int[] primvars:displayColor:indices = [0, 1, 0, 1]
        float[] primvars:displayOpacity = [0.5] (interpolation = "constant")
        normal3f[] normals = [(0, 0, 3)] (interpolation = "uniform")
        float3[] primvars:wind = [(1, 2, 3)] (interpolation = "uniform")
        string[] primvars:label = ["a"] (interpolation = "uniform")
        float[] primvars:short = [1, 2] (interpolation = "vertex")
        uniform token subdivisionScheme = "catmullClark"
        custom string userProperties:fabric = "denim"
"""
    raw = read_usd(write(tmp_path, mesh(extra=extra)))
    assert raw.polygons is not None
    layers = {layer.name: layer for layer in raw.layers}
    assert raw.uv0 is not None
    assert raw.uv0_faces is not None
    assert np.unique(raw.uv0[raw.uv0_faces]).tolist() == [0.5]
    assert layers["st1"].values[layers["st1"].faces][raw.faces == 2].tolist() == [[1, 1]] * 2
    color = layers["displayColor"]
    assert color.values[color.faces][raw.faces == 1].tolist() == [[0, 1, 0, 0.5]]
    assert layers["normals"].values[layers["normals"].faces].reshape(-1, 3).tolist() == [[0, 0, 1]] * 6
    assert layers["wind"].values[layers["wind"].faces[0, 0]].tolist() == [1, 2, 3]
    what = {c.what.partition(" of /")[0]: c.outcome for c in raw.record}
    assert (what["primvar label"], what["primvar short"], what["subdivision"]) == ("dropped", "dropped", "converted")
    assert raw.extras["/scene/cloth"] == {"userProperties:fabric": "denim"}


def test_hidden_meshes_variants_instances_and_holes(tmp_path: Path) -> None:
    body = f"""def Xform "scene" (
    variants = {{
        string size = "M"
    }}
    prepend variantSets = "size"
) {{
    def Mesh "ghost" {{{QUAD}        token visibility = "invisible"
    }}
    def Mesh "proxy" {{{QUAD}        uniform token purpose = "proxy"
    }}
    def PointInstancer "buttons" {{
        point3f[] positions = [(0, 0, 5), (0, 0, 6), (0, 0, 7)]
        int[] protoIndices = [0, 0, 0]
        int64[] invisibleIds = [1]
        int64[] ids = [0, 1, 2]
        rel prototypes = </scene/buttons/button>
        def Mesh "button" {{{QUAD}            double3 xformOp:scale = (2, 2, 2)
            uniform token[] xformOpOrder = ["xformOp:scale"]
        }}
    }}
    def Mesh "holed" {{
        point3f[] points = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
        int[] faceVertexCounts = [3, 3]
        int[] faceVertexIndices = [0, 1, 2, 0, 2, 3]
        int[] holeIndices = [1]
    }}
    variantSet "size" = {{
        "M" {{
            def Mesh "m" {{{QUAD}            }}
        }}
        "XL" {{
            def Mesh "xl" {{{QUAD}            }}
        }}
    }}
}}
"""
    raw = read_usd(write(tmp_path, body))
    used = [raw.part_names[k] for k in np.unique(raw.part_ids)]
    assert sum("button" in name for name in used) == 2
    assert {"holed", "m"} <= set(used)
    assert not {"ghost", "proxy", "xl"} & set(used)
    assert sorted({z for z in raw.points[:, 2].tolist() if z}) == [5, 7]
    assert raw.points[raw.points[:, 2] == 5][:, 0].max() == 2
    assert np.count_nonzero(raw.part_ids == raw.part_names.index("holed")) == 1
    assert any("not chosen: XL" in note for note in raw.notes)


def test_subsets_are_materials_and_one_colour_is_too(tmp_path: Path) -> None:
    content = """
        point3f[] points = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
        int[] faceVertexCounts = [3, 3]
        int[] faceVertexIndices = [0, 1, 2, 0, 2, 3]
        color3f[] primvars:displayColor = [(0.25, 0.5, 1)] (interpolation = "constant")
        def GeomSubset "trim" (prepend apiSchemas = ["MaterialBindingAPI"]) {
            uniform token elementType = "face"
            int[] indices = [1]
            rel material:binding = </scene/m>
        }
        def GeomSubset "wrong" (prepend apiSchemas = ["MaterialBindingAPI"]) {
            uniform token elementType = "face"
            int[] indices = [77]
            rel material:binding = </scene/m>
        }
"""
    body = mesh(content).replace('def Mesh "cloth"', 'def Material "m" {\n    }\n    def Mesh "cloth"')
    raw = read_usd(write(tmp_path, body))
    first, second = (raw.materials[k] for k in raw.material_ids)
    assert first.base_color == (0.25, 0.5, 1.0, 1.0)
    assert second.name == "m"
    assert any("no UsdPreviewSurface" in note for note in raw.notes)
    assert any("faces beyond the 2" in note for note in raw.notes)


@pytest.mark.parametrize("name", ["../../etc/passwd.png", "/etc/passwd", "https://example.com/a.png"])
@pytest.mark.parametrize("packed", [False, True])
def test_textures_out_of_reach_are_refused(tmp_path: Path, name: str, packed: bool) -> None:
    body = f"""def Xform "scene" {{
    def Material "m" {{
        token outputs:surface.connect = </scene/m/s.outputs:surface>
        def Shader "s" {{
            uniform token info:id = "UsdPreviewSurface"
            color3f inputs:diffuseColor.connect = </scene/m/t.outputs:rgb>
            token outputs:surface
        }}
        def Shader "t" {{
            uniform token info:id = "UsdUVTexture"
            asset inputs:file = @{name}@
            float3 outputs:rgb
        }}
    }}
    def Mesh "cloth" (prepend apiSchemas = ["MaterialBindingAPI"]) {{{QUAD}        rel material:binding = </scene/m>
    }}
}}
"""
    path = write(tmp_path, body)
    if packed:
        with zipfile.ZipFile(tmp_path / "a.usdz", "w") as package:
            info = zipfile.ZipInfo("a.usda")
            info.extra = b"\x86\x19" + struct.pack("<H", 64 - 30 - 6 - 4) + bytes(64 - 30 - 6 - 4)
            package.writestr(info, path.read_bytes())
        path = tmp_path / "a.usdz"
    with pytest.raises(InputError, match=r"only (files beside the mesh are|what lies in a usdz is) read") as found:
        read_usd(path)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("name", ["../b.usda", "/etc/a.usd"])
def test_layers_that_a_package_names_outside_itself_are_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.usdz", "w") as package:
        package.writestr("a.usda", HEAD + f'def Xform "scene" (references = @{name}@) {{\n}}\n')
    with pytest.raises(InputError, match="outside its package"):
        read_usd(tmp_path / "a.usdz")


def test_layers_that_name_each_other_end(tmp_path: Path) -> None:
    write(tmp_path, "#usda 1.0\n(subLayers = [@a.usda@])\n", head="", name="b.usda")
    path = write(tmp_path, mesh(), head="#usda 1.0\n(subLayers = [@b.usda@])\n")
    assert len(read_usd(path).points) == 4


def test_a_package_that_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "a.usdz").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(InputError, match="no usdz package"):
        read_usd(tmp_path / "a.usdz")


def test_normals_turn_with_an_uneven_scale(tmp_path: Path) -> None:
    place = """
        double3 xformOp:scale = (1, 4, 1)
        uniform token[] xformOpOrder = ["xformOp:scale"]
        normal3f[] normals = [(1, 1, 0)] (interpolation = "uniform")
"""
    (normals,) = read_usd(write(tmp_path, mesh(extra=place))).layers
    # the plane x + y = 0 becomes x + y / 4 = 0
    np.testing.assert_allclose(normals.values[normals.faces[0, 0]], np.array([4, 1, 0]) / np.sqrt(17), atol=1e-6)
