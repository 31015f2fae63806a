"""What the command line says of broken and odd files: one line, the right exit code, and nothing half-written."""

from __future__ import annotations

import json
import re
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from dressform.__main__ import run_command
from dressform.authoring.draft import Draft
from dressform.cli import cli

from .garment_files import FORMATS, skirt, write

POINTS, QUADS = skirt()
STEPS = ("import ", "build ", "clean ")  # what their progress starts with
ROUND = [list(range(15, -1, -1))]  # a lid with sixteen corners
OUTSIDE = ["../../etc/passwd", "/etc/passwd", "C:\\cloth.png", "https://example.org/a.png", "~/a.png", "..\\a.png"]


def run(*arguments: object) -> int:
    """Run the command as the script does; a warning of numpy or Pillow is an error here."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(SystemExit) as left:
            run_command(cli, "dressform", [str(argument) for argument in arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A draft that somebody has worked on."""
    (tmp_path / "good").mkdir()
    source = write(tmp_path / "good" / "skirt.obj", POINTS, QUADS)
    assert run("garment", "build", source, "-o", tmp_path / "draft", "--steps", "import,clean") == 0
    return tmp_path / "draft"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def refused(capsys: pytest.CaptureFixture[str], draft: Path, code: int, *arguments: object) -> str:
    """Return the one line that an import into a draft ends with; the draft must be as it was."""
    before = contents(draft)
    capsys.readouterr()
    assert run("garment", *arguments) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = [line for line in shown.err.splitlines() if line.strip() and not line.startswith(STEPS)]
    assert len(lines) == 1, shown.err
    assert lines[0].startswith("dressform: ")
    assert contents(draft) == before
    assert [p.name for p in draft.parent.iterdir() if p.name.startswith((".", "draft"))] == ["draft"]
    return lines[0].removeprefix("dressform: ")


def built(capsys: pytest.CaptureFixture[str], source: Path, draft: Path, *options: str) -> tuple[str, dict[str, Any]]:
    """Return what importing and cleaning print, and both reports in one."""
    assert run("garment", "build", source, "-o", draft, "--steps", "import,clean", *options) == 0
    done = Draft.open(draft)
    return capsys.readouterr().out, {**done.report("import"), "clean": done.report("clean")}


def pushed(row: int, values: object) -> np.ndarray:
    points = POINTS.copy()
    points[row] = values
    return points


REFUSED: dict[str, tuple[np.ndarray, list[list[int]], tuple[str, ...], str]] = {
    "not a number": (pushed(3, np.nan), QUADS, FORMATS, "must be finite numbers"),
    "infinite": (pushed(3, np.inf), QUADS, FORMATS, "must be finite numbers"),
    "beyond all": (pushed(3, 1e30), QUADS, ("obj", "ply", "glb", "fbx", "usda"), "must be finite numbers"),
    "one point": (POINTS * 0, QUADS, FORMATS, "zero area"),
    "a line": (POINTS * [1, 0, 0], QUADS, FORMATS, "zero area"),
    "no faces": (POINTS, [], ("obj", "ply", "glb", "usda"), "no "),
    "no such point": (POINTS, [*QUADS, [0, 1, 999]], ("obj", "ply", "glb", "fbx", "usda"), "vertex"),
    "as large as a house": (POINTS * 7100, QUADS, FORMATS, "in no unit is a skirt of 4260 units"),
    "a crumb": (POINTS * 1e-3, QUADS, FORMATS, "in no unit is a skirt of 0.0006 units"),
}


@pytest.mark.parametrize(("case", "suffix"), [(case, s) for case in REFUSED for s in REFUSED[case][2]])
def test_what_is_no_garment_is_refused(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str, suffix: str
) -> None:
    points, polygons, _, words = REFUSED[case]
    source = write(tmp_path / f"skirt.{suffix}", points, polygons)
    line = refused(capsys, good, 1, "import", source, "-o", good)
    assert words in line
    assert f"skirt.{suffix}" in line


MENDED: dict[str, tuple[np.ndarray, list[list[int]], dict[str, int], str]] = {
    "a fin": (np.vstack([POINTS, [[0.3, 0.3, 0]]]), [*QUADS, [0, 16, 80]], {"nonmanifold_edges": 1}, "1 nonmanifold"),
    "some flipped": (POINTS, [q[:: 1 if k % 3 else -1] for k, q in enumerate(QUADS)], {}, "faces turned"),
    "all flipped": (POINTS, [q[::-1] for q in QUADS], {"pieces_turned": 1}, "1 pieces turned"),
    "mirrored points": (POINTS * [-1, 1, 1], QUADS, {"pieces_turned": 1}, "1 pieces turned"),
    "every face twice": (POINTS, QUADS * 2, {"duplicate_faces": 128}, "128 duplicate faces"),
    "without area": (POINTS, [*QUADS, [0, 0, 1], [1, 1, 1]], {"degenerate_faces": 2}, "2 degenerate faces"),
    "through itself": (
        np.vstack([POINTS, POINTS + np.array([0.1, 0, 0])]),
        QUADS + [[k + len(POINTS) for k in q] for q in QUADS],
        {"piece_count": 2},
        "triangles go through others",
    ),
    "closed by an n-gon": (POINTS, QUADS + ROUND, {"triangles": 142, "openings": 1}, "1 openings"),
    "points of no face": (np.vstack([POINTS, POINTS + 9]), QUADS, {"unused_points": 80}, "80 unused points"),
}


@pytest.mark.parametrize(("case", "suffix"), [(c, s) for c in MENDED for s in ("obj", "glb", "usda")])
def test_what_can_be_mended_is_mended_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str, suffix: str
) -> None:
    points, polygons, counts, words = MENDED[case]
    shown, report = built(capsys, write(tmp_path / f"skirt.{suffix}", points, polygons), tmp_path / "draft")
    assert words in shown
    assert {key: report["clean"][key] for key in counts} == counts


@pytest.mark.parametrize("suffix", ["obj", "glb", "fbx", "usda"])
@pytest.mark.parametrize(("size", "unit"), [(1, 1), (10, 0.1), (100, 0.01), (1000, 0.001)])
def test_units_are_told_by_size_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str, size: int, unit: float
) -> None:
    source = write(tmp_path / f"skirt.{suffix}", POINTS * size, QUADS)
    assert run("garment", "import", source, "-o", tmp_path / "draft") == 0
    shown = capsys.readouterr().out
    assert f"{unit:g} m per unit" in shown
    if size > 1 and suffix != "obj":
        assert f"but that makes the skirt {0.6 * size:g} m long" in shown
    assert Draft.open(tmp_path / "draft").mesh.points[:, 2].max() == pytest.approx(0.6, rel=1e-4)


def test_units_that_are_stated_wrongly(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "skirt.obj", POINTS * 100, QUADS)
    line = refused(capsys, good, 1, "import", source, "-o", good, "--units", "m")
    assert "--units m makes the skirt 60 m long" in line
    assert "did you mean --units cm or inch?" in line or "did you mean --units cm?" in line
    shown, report = built(capsys, source, tmp_path / "d", "--units", "inch")
    assert "--units inch makes the skirt 1.52 m long; usual is 0.2 to 1.2 m" in shown
    assert report["notes"]


MIRROR = {
    "gltf": '{"scale": [-1, 1, 1]}',
    "fbx": 'P: "Lcl Scaling", "Lcl Scaling", "", "A",-1,1,1',
    "usda": 'double3 xformOp:scale = (-1, 1, 1)\n    uniform token[] xformOpOrder = ["xformOp:scale"]',
}


@pytest.mark.parametrize("suffix", list(MIRROR))
def test_a_mirrored_node_is_turned_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str) -> None:
    source = write(tmp_path / f"skirt.{suffix}", POINTS, QUADS, node=MIRROR[suffix])
    shown, report = built(capsys, source, tmp_path / "draft")
    assert "mirrored scale of" in shown
    assert report["clean"]["pieces_turned"] == report["clean"]["faces_turned"] == 0


@pytest.mark.parametrize("suffix", list(MIRROR))
@pytest.mark.parametrize(("old", "new", "words"), [("-1", "0", "zero area"), ("-1", "1e300", "must be finite numbers")])
def test_absurd_scales_are_refused(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str, old: str, new: str, words: str
) -> None:
    node = MIRROR[suffix].replace("-1, 1, 1", "-1, -1, -1").replace("-1,1,1", "-1,-1,-1").replace(old, new)
    source = write(tmp_path / f"skirt.{suffix}", POINTS, QUADS, node=node)
    assert words in refused(capsys, good, 1, "import", source, "-o", good)


def with_mtl(folder: Path, library: str, texture: str, *, uvs: bool = True) -> Path:
    source = write(folder / "skirt.obj", POINTS, QUADS)
    lines = source.read_text().splitlines()
    if uvs:
        lines = [re.sub(r"(\d+)", r"\1/1", line) if line.startswith("f ") else line for line in lines]
    source.write_text("\n".join([f"mtllib {library}", "vt 0 0", "usemtl cloth", *lines]))
    (folder / "skirt.mtl").write_text(f"newmtl cloth\nmap_Kd {texture}\n")
    return source


def with_uri(folder: Path, kind: str, name: str) -> Path:
    source = write(folder / "skirt.gltf", POINTS, QUADS)
    document = json.loads(source.read_text())
    if kind == "buffer":
        document["buffers"][0]["uri"] = name
    else:
        document["images"], document["textures"] = [{"uri": name}], [{"source": 0}]
        document["materials"] = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
        primitive = document["meshes"][0]["primitives"][0]
        primitive["material"], primitive["attributes"]["TEXCOORD_0"] = 0, 2
        document["accessors"].append({"componentType": 5126, "count": len(POINTS), "type": "VEC2", "bufferView": 0})
    source.write_text(json.dumps(document))
    return source


def with_clothes(folder: Path, mesh: str, material: str, texture: str) -> Path:
    write(folder / "skirt.obj", POINTS, QUADS)
    rows = "\n".join(str(160 * k) for k in range(len(POINTS)))
    (folder / "skirt.mhmat").write_text(f"diffuseTexture {texture}\n")
    (folder / "skirt.mhclo").write_text(f"obj_file {mesh}\nmaterial {material}\nverts 0\n{rows}\n")
    return folder / "skirt.mhclo"


def with_comment(folder: Path, name: str) -> Path:
    source = write(folder / "skirt.ply", POINTS, QUADS)
    source.write_text(source.read_text().replace("1.0\n", f"1.0\ncomment TextureFile {name}\n", 1))
    return source


def with_layer(folder: Path, name: str) -> Path:
    (folder / "skirt.usda").write_text(f'#usda 1.0\ndef Mesh "a" (prepend references = @{name}@) {{\n}}\n')
    return folder / "skirt.usda"


REFERENCES: dict[str, Callable[[Path, str], Path]] = {
    "mtllib": lambda folder, name: with_mtl(folder, name, "a.png"),
    "map_Kd": lambda folder, name: with_mtl(folder, "skirt.mtl", name),
    "buffer": lambda folder, name: with_uri(folder, "buffer", name),
    "image": lambda folder, name: with_uri(folder, "image", name),
    "obj_file": lambda folder, name: with_clothes(folder, name, "skirt.mhmat", "a.png"),
    "material": lambda folder, name: with_clothes(folder, "skirt.obj", name, "a.png"),
    "diffuseTexture": lambda folder, name: with_clothes(folder, "skirt.obj", "skirt.mhmat", name),
    "TextureFile": with_comment,
    "layer": with_layer,
}


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("reference", list(REFERENCES))
def test_references_out_of_the_folder_are_refused(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], reference: str, name: str
) -> None:
    source = REFERENCES[reference](tmp_path, name)
    line = refused(capsys, good, 1, "import", source, "-o", good)
    assert "refers to" in line
    assert "outside its folder" in line or "URL" in line


@pytest.mark.parametrize("size", [(1, 1), (3, 7), (5000, 3), (20000, 1), (9000, 9000)])
def test_textures_of_odd_size(tmp_path: Path, capsys: pytest.CaptureFixture[str], size: tuple[int, int]) -> None:
    Image.new("1", size).save(tmp_path / "a.png")
    shown, report = built(capsys, with_mtl(tmp_path, "skirt.mtl", "a.png"), tmp_path / "draft")
    taken = [material["base_color_texture"] for material in report["materials"]] == [True]
    assert taken == (max(size) <= 5000)
    assert taken or f"texture of {size[0]}×{size[1]} pixels" in shown


@pytest.mark.parametrize("broken", [None, b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_textures_that_are_missing_or_broken_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: bytes | None
) -> None:
    if broken is not None:
        (tmp_path / "a.png").write_bytes(broken)
    shown, report = built(capsys, with_mtl(tmp_path, "skirt.mtl", "a.png"), tmp_path / "draft")
    assert "a.png" in shown
    assert [entry["outcome"] for entry in report["conversion"] if "texture" in entry["what"]] == ["dropped"]


def test_a_texture_without_uvs_is_left_out_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    shown, report = built(capsys, with_mtl(tmp_path, "skirt.mtl", "a.png", uvs=False), tmp_path / "draft")
    assert "textures of cloth: the mesh has no UVs that they could use" in shown
    assert not report["materials"][0]["base_color_texture"]
    source = with_clothes(tmp_path, "skirt.obj", "skirt.mhmat", "a.png")
    assert run("garment", "import", source, "-o", tmp_path / "clothes", "--category", "suit") == 0
    assert "the mesh has no UVs that they could use" in capsys.readouterr().out


GLTF: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda d: d["nodes"][0].update(children=[0]), "node 0 hangs below itself"),
    (lambda d: d["nodes"].extend([{"children": [2]}, {"children": [1]}]), "node 1 hangs below itself"),
    (lambda d: d.update(meshes="none"), "meshes is 'none', needed a list"),
    (lambda d: d["meshes"][0].update(primitives={}), "meshes[0].primitives is"),
    (lambda d: d["meshes"][0]["primitives"].append(3), "meshes[0].primitives holds what is no object"),
    (lambda d: d["nodes"][0].update(extensions={"a": 1}), "nodes[0].extensions.a is '1', needed an object"),
    (lambda d: d["asset"].update(version="1.0"), "its asset.version is '1.0'"),
    (lambda d: d.pop("asset"), "it has no asset.version"),
    (lambda d: d["buffers"][0].update(uri="gone.bin"), "needs gone.bin beside it"),
    (lambda d: d["accessors"][0].update(count=10**9), "accessors[0]"),
    (lambda d: d["bufferViews"][0].update(byteOffset=-8), "view of"),
    (lambda d: d.update(scene=7), "refers to scenes[7]"),
]


@pytest.mark.parametrize(("change", "words"), GLTF)
def test_broken_gltf_is_named_by_its_place(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Any], object], words: str
) -> None:
    source = write(tmp_path / "skirt.gltf", POINTS, QUADS)
    document = json.loads(source.read_text())
    change(document)
    source.write_text(json.dumps(document))
    assert words in refused(capsys, good, 1, "import", source, "-o", good)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_files_that_are_cut_off(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str, share: float
) -> None:
    whole = write(tmp_path / f"skirt.{suffix}", POINTS, QUADS).read_bytes()
    (tmp_path / f"skirt.{suffix}").write_bytes(whole[: int(share * len(whole))])
    if suffix == "obj" and share == 0.97:
        pytest.skip("an OBJ that ends after a whole line is whole")
    assert f"skirt.{suffix}" in refused(capsys, good, 1, "import", tmp_path / f"skirt.{suffix}", "-o", good)


def test_a_cloud_of_points_is_called_one(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "scan.ply").write_bytes(
        b"ply\nformat binary_little_endian 1.0\nelement vertex 9\nproperty float x\nend_header\n" + b"\0" * 20
    )
    line = refused(capsys, good, 1, "import", tmp_path / "scan.ply", "-o", good)
    assert "has 9 vertices and no faces, a cloud of points" in line


def test_text_of_two_bytes_a_letter_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "skirt.obj", POINTS, QUADS)
    source.write_text(source.read_text(), encoding="utf-16")
    _, report = built(capsys, source, tmp_path / "draft")
    assert report["triangles"] == 128


def test_bytes_that_are_no_text_in_a_stage(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pxr", reason="usd-core is not installed")
    source = write(tmp_path / "skirt.usda", POINTS, QUADS)
    source.write_bytes(source.read_bytes().replace(b"faceVertexCounts =", b"faceVertexCounts \xff\xfe\xff ="))
    assert "cannot be opened as USD" in refused(capsys, good, 1, "import", source, "-o", good)


def test_far_too_many_triangles_are_collapsed_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    points, quads = skirt(40, 26)
    source = write(tmp_path / "skirt.obj", points, quads)
    shown, report = built(capsys, source, tmp_path / "draft", "--triangles", "800")
    cleaned = report["clean"]
    assert cleaned["triangles"] <= 800 < cleaned["triangles_collapsed"]
    assert cleaned["openings"] == 2
    assert cleaned["collapse_mm"] < 2
    assert "2,000 triangles are more than cloth needs and became" in shown
    monkeypatch.setattr("dressform.authoring.steps.clean.LARGE", 1600)
    monkeypatch.setattr("dressform.authoring.steps.clean.AMPLE", 900)
    assert built(capsys, source, tmp_path / "draft")[1]["clean"]["triangles"] <= 900
    assert built(capsys, source, tmp_path / "draft", "--triangles", "0")[1]["clean"]["triangles"] == 2000
    shutil.rmtree(tmp_path / "draft")
    assert run("garment", "build", source, "-o", tmp_path / "draft", "--triangles", "3") == 2
    assert "--triangles 3 must be at least 500, or 0" in capsys.readouterr().err
    assert not (tmp_path / "draft").exists()


@pytest.mark.parametrize(("count", "said"), [(1, "1 piece"), (1000, "1,000 pieces")])
def test_a_mesh_without_any_opening_is_refused_before_it_is_unwrapped(
    count: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ball = trimesh.creation.icosphere(subdivisions=0, radius=0.4 if count == 1 else 0.01)
    row = np.arange(count)
    places = 0.06 * np.stack([row % 10, row // 10 % 10, row // 100], axis=1)
    points = (ball.vertices + places[:, None]).reshape(-1, 3)
    faces = (ball.faces + len(ball.vertices) * row[:, None, None]).reshape(-1, 3)
    source = write(tmp_path / "balls.obj", points, faces.tolist())
    assert run("garment", "import", source, "-o", tmp_path / "draft", "--category", "tee") == 0
    line = refused(capsys, tmp_path / "draft", 1, "clean", tmp_path / "draft")
    assert f"its cloth is closed all round, in {said}; a tee needs openings to be worn through: delete" in line


def test_a_ball_that_is_no_garment_may_be_closed(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(subdivisions=1, radius=0.4)
    source = write(tmp_path / "ball.obj", ball.vertices, ball.faces.tolist())
    command = ("garment", "build", source, "-o", tmp_path / "bag", "--category", "accessory")
    assert run(*command, "--steps", "import,clean") == 0
