from __future__ import annotations

import sys
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
