from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.authoring.formats.obj import read_obj
from dressform.schemas.errors import InputError


def write(folder: Path, text: str) -> Path:
    path = folder / "mesh.obj"
    path.write_text(text)
    return path


SQUARE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n"


def test_polygons_uvs_parts_and_relative_indices(tmp_path: Path) -> None:
    raw = read_obj(
        write(
            tmp_path,
            "# exported\no front\n" + SQUARE + "vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nf 1/1 2/2 3/3 4/4 # a quad\n"
            "o back\nv 5 0 0 1.0\nvt 0.5 0.5\nf -1/-1 1/1/7 2/2\n",
        )
    )
    assert raw.points.shape == (5, 3)
    assert raw.faces.tolist()[-1] == [4, 0, 1]
    assert len(raw.faces) == 3
    assert raw.uv0_faces is not None
    assert raw.uv0_faces.tolist()[-1] == [4, 0, 1]
    assert [raw.part_names[k] for k in raw.part_ids] == ["front", "front", "back"]


def test_vertex_colours_and_line_continuation(tmp_path: Path) -> None:
    raw = read_obj(write(tmp_path, "v 0 0 0 1 0 0\nv 1 0 0 1 0 0\nv 1 1 \\\n 2 0 0 1\nf 1//1 2//1 3//1\n"))
    assert raw.points[2].tolist() == [1, 1, 2]
    assert raw.uv0 is None


def test_faces_without_uvs_among_others_are_noted(tmp_path: Path) -> None:
    raw = read_obj(write(tmp_path, SQUARE + "vt 1 1\nf 1/1 2/1 3/1\nf 1 3 4\n"))
    assert raw.uv0_faces is not None
    assert raw.uv0 is not None
    assert raw.uv0[raw.uv0_faces[1]].tolist() == [[0, 0]] * 3
    assert any("1 of 2 triangles have no UVs" in note for note in raw.notes)


def test_materials_with_textures_beside(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "my cloth.png")
    Image.new("RGB", (4, 4), "blue").save(tmp_path / "bump.bmp")
    (tmp_path / "m.mtl").write_text(
        "newmtl cloth\nKd 0.5 0.5 0.5\nPr 0.4\nmap_Kd -s 1 1 1 my cloth.png\nnorm bump.bmp\n"
        "newmtl plain\nKd 0.1 0.2 0.3\nd 0.5\nnewmtl lost\nmap_Kd gone.png\n"
    )
    text = "mtllib m.mtl\n" + SQUARE + "usemtl plain\nf 1 2 3\nusemtl cloth\nf 1 3 4\nusemtl lost\nf 1 2 4\n"
    raw = read_obj(write(tmp_path, text))
    by_name = {m.name: m for m in raw.materials}
    assert [raw.materials[k].name for k in raw.material_ids] == ["plain", "cloth", "lost"]
    assert by_name["cloth"].base_color_image == (tmp_path / "my cloth.png").read_bytes()
    assert by_name["cloth"].base_color == (1, 1, 1, 1)
    assert by_name["cloth"].normal_image is not None
    assert by_name["cloth"].normal_image.startswith(b"\x89PNG")  # a BMP becomes a PNG
    assert by_name["cloth"].roughness == 0.4
    assert by_name["plain"].base_color == (0.1, 0.2, 0.3, 0.5)
    assert any("gone.png is not there" in note for note in raw.notes)
    assert {p.name for p in raw.companions} == {"m.mtl", "my cloth.png", "bump.bmp"}


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "C:\\cloth.png", "https://example.com/a.png", "..\\a.png"]
)
def test_references_out_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "m.mtl").write_text(f"newmtl a\nmap_Kd {name}\n")
    with pytest.raises(InputError, match="only files beside the mesh are read"):
        read_obj(write(tmp_path, "mtllib m.mtl\n" + SQUARE + "f 1 2 3\n"))
    with pytest.raises(InputError, match="only files beside the mesh are read"):
        read_obj(write(tmp_path, f"mtllib {name}\n" + SQUARE + "f 1 2 3\n"))


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "mesh"
    inside.mkdir()
    (tmp_path / "secret.mtl").write_text("newmtl a\n")
    (inside / "m.mtl").symlink_to(tmp_path / "secret.mtl")
    with pytest.raises(InputError, match="outside its folder"):
        read_obj(write(inside, "mtllib m.mtl\n" + SQUARE + "f 1 2 3\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello\nworld\n", "no vertex lines"),
        ("v 1 2\nf 1 1 1\n", "needs 3 numbers"),
        ("v 1 2 x\n", "needs 3 numbers"),
        (SQUARE + "f 1 2\n", "fewer than 3 corners"),
        (SQUARE + "f 1 2 9\n", "names vertex 9 but there are 4"),
        (SQUARE + "f 1 2 -9\n", "names vertex -9 but there are 4"),
        (SQUARE + "f 0 1 2\n", "names vertex 0"),
        (SQUARE + "vt 0 0\nf 1/1 2/2 3/1\n", "names UV 2 but there are 1"),
        (SQUARE + "f a b c\n", "corner `a`"),
    ],
)
def test_broken_lines_are_one_clear_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as found:
        read_obj(write(tmp_path, text))
    assert "\n" not in str(found.value)


def test_a_binary_file_is_no_obj(tmp_path: Path) -> None:
    path = tmp_path / "mesh.obj"
    path.write_bytes(b"\x00\x01\x02" * 100)
    with pytest.raises(InputError, match="binary"):
        read_obj(path)


def test_units_in_the_header(tmp_path: Path) -> None:
    assert read_obj(write(tmp_path, "# Units: cm\n" + SQUARE + "f 1 2 3\n")).metres_per_unit == 0.01
    raw = read_obj(write(tmp_path, "# This is a mesh file for MakeHuman\n" + SQUARE + "f 1 2 3\n"))
    assert (raw.metres_per_unit, raw.up) == (0.1, "y")
    assert np.isfinite(raw.points).all()


@pytest.mark.parametrize("number", ["inf", "nan", "1e300"])
@pytest.mark.parametrize("face", ["f 1 2 3", "f 1 2 3 4", "f 1 2 5 3 4"])
def test_points_without_a_place_are_named_without_a_warning(
    tmp_path: Path, number: str, face: str, recwarn: pytest.WarningsRecorder
) -> None:
    path = write(tmp_path, SQUARE + f"v {number} 0 0\n{face}\n")
    with pytest.raises(InputError, match=r"vertex 4 is \[.*\] \(1 such\); all must be finite numbers"):
        read_obj(path)
    assert not recwarn.list
