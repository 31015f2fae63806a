from __future__ import annotations

import io
import re
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


def test_quads_normals_and_smoothing_groups(tmp_path: Path) -> None:
    text = SQUARE + "v 2 0 0\nvn 0 0 2\nvn 0 1 0\ns 1\nf 1//1 2//1 3//1 4//1\ns off\nf 2//2 5//2 3//2\n"
    raw = read_obj(write(tmp_path, text))
    assert raw.polygons is not None
    assert raw.polygons.tolist() == [0, 0, 1]
    normals, groups = raw.layers
    assert normals.values[normals.faces][:, 0].tolist() == [[0, 0, 1], [0, 0, 1], [0, 1, 0]]
    assert (groups.kind, groups.values[groups.faces][:, 0, 0].tolist()) == ("custom", [1, 1, 0])


def test_vertex_colours_are_linear(tmp_path: Path) -> None:
    raw = read_obj(write(tmp_path, "v 0 0 0 1 0.5 0\nv 1 0 0 0 0 0\nv 1 1 0 0 0 1\nf 1 2 3\n"))
    (colors,) = raw.layers
    want = [1, ((0.5 + 0.055) / 1.055) ** 2.4, 0, 1]
    np.testing.assert_allclose(colors.values[colors.faces[0, 0]], want, atol=1e-6)


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n"])
def test_line_ends_and_names_of_other_systems(tmp_path: Path, ending: str) -> None:
    text = f"\ufeffmtllib größe.mtl\no Ärmel links\nusemtl stoff\n{SQUARE}f 1 2 3\n".replace("\n", ending)
    path = tmp_path / "mesh.obj"
    path.write_bytes(text.encode())
    raw = read_obj(path)
    assert raw.part_names == ("Ärmel links",)
    path.write_bytes(text.lstrip("\ufeff").encode("latin-1"))
    assert read_obj(path).part_names == ("Ärmel links",)
    assert any("größe.mtl: it is not there" in note for note in read_obj(path).notes)


def test_several_libraries_objects_and_empty_groups(tmp_path: Path) -> None:
    (tmp_path / "a.mtl").write_text("newmtl one\nKd 1 0 0\nnewmtl never\nKd 1 1 1\n")
    (tmp_path / "b c.mtl").write_text("newmtl two\nKd 0 1 0\n")
    text = (
        "mtllib a.mtl b c.mtl\n" + SQUARE + "o shirt\ng cuff\nusemtl one\nf 1 2 3\ng\nf 1 3 4\n"
        "g nothing\no trousers\nusemtl two\nf 2 3 4\n"
    )
    raw = read_obj(write(tmp_path, text))
    assert [raw.part_names[k] for k in raw.part_ids] == ["shirt / cuff", "shirt", "trousers"]
    assert [raw.materials[k].base_color[:2] for k in raw.material_ids] == [(1, 0), (1, 0), (0, 1)]
    what = {c.what: c for c in raw.record}
    assert what["material never"].outcome == "dropped"
    assert "nothing" in what["groups without faces"].why


def test_every_map_and_option_of_a_material(tmp_path: Path) -> None:
    for name, color in (("rough", "#404040"), ("metal", "#c0c0c0"), ("alpha", "#808080"), ("bumpy", "#8080ff")):
        Image.new("RGB", (4, 4), color).save(tmp_path / f"{name}.png")
    Image.new("RGB", (9, 3), "red").save(tmp_path / "cloth.png")
    Image.linear_gradient("L").resize((8, 8)).save(tmp_path / "height.png")
    (tmp_path / "m.mtl").write_text(
        "newmtl all\nKe 0.5 0 0\nPs 0.25\nPc 0.75\nPcr 0.5\nmap_Kd -s 2 3 1 -o 0.5 0.25 -clamp on cloth.png\n"
        "map_d -s 2 3 1 -o 0.5 0.25 alpha.png\nmap_Pr rough.png\nmap_Pm metal.png\nmap_Bump -bm 0.5 bumpy.png\n"
        "newmtl high\nbump -bm 2 height.png\nillum 2\nNs 30\nKs 1 1 1\nrefl -type sphere x.png\n"
    )
    raw = read_obj(
        write(tmp_path, "mtllib m.mtl\n" + SQUARE + "vt 0 0\nusemtl all\nf 1/1 2/1 3/1\nusemtl high\nf 1 3 4\n")
    )
    full, high = (raw.materials[k] for k in raw.material_ids)
    assert full.base_color_image is not None
    color = Image.open(io.BytesIO(full.base_color_image))
    assert color.size == (9, 4)
    assert color.getpixel((1, 1)) == (255, 0, 0, 128)
    surface = Image.open(io.BytesIO(full.images[0])).getpixel((0, 0))
    assert surface == (255, 0x40, 0xC0)
    assert (full.roughness, full.metallic, full.sheen) == (1, 1, (0.25, 0.25, 0.25))
    record = full.record
    assert record["emissiveFactor"] == [0.5, 0, 0]
    assert record["alphaMode"] == "BLEND"
    assert record["normalTexture"]["scale"] == 0.5
    assert full.normal_image == (tmp_path / "bumpy.png").read_bytes()
    assert record["extensions"]["KHR_materials_clearcoat"]["clearcoatFactor"] == 0.75
    info = record["pbrMetallicRoughness"]["baseColorTexture"]
    # v' = 3 v + 0.25 counted from the bottom is 3 v + (1 - 3 - 0.25) from the top
    assert info["extensions"]["KHR_texture_transform"] == {"offset": [0.5, -2.25], "scale": [2, 3]}
    assert info["sampler"]["wrapS"] == 33071
    assert high.normal_image is not None
    normal = np.asarray(Image.open(io.BytesIO(high.normal_image)))[4, 4] / 255 * 2 - 1
    assert normal[1] > 0.1  # brighter downwards: the surface rises downwards and leans up the picture
    assert {c.what for c in raw.record if c.outcome == "converted"} >= {"opacity texture of all", "height map of high"}
    assert any(c.what == "refl of high" and c.outcome == "dropped" for c in raw.record)


def test_free_form_surfaces_are_left_out_and_said(tmp_path: Path) -> None:
    raw = read_obj(write(tmp_path, SQUARE + "cstype bspline\ndeg 3 3\nsurf 0 1 0 1 1 2 3 4\nend\nl 1 2\nf 1 2 3\n"))
    assert any("free-form" in note for note in raw.notes)
    assert any("points and lines" in note for note in raw.notes)


def test_a_broken_texture_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / "cloth.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    (tmp_path / "m.mtl").write_text("newmtl a\nKd 0.5 0.5 0.5\nmap_Kd cloth.png\n")
    raw = read_obj(write(tmp_path, "mtllib m.mtl\n" + SQUARE + "usemtl a\nf 1 2 3\n"))
    assert raw.materials[0].base_color_image is None
    assert any("not a readable texture" in note for note in raw.notes)


def panels(*, unified: bool, thick: bool, welded: bool) -> str:
    """A front and a back panel as pattern software exports them: own UVs 0..1 each or all laid out in metres."""
    lines, faces, points = [], [], []
    for shell in range(2 if thick else 1):
        for side, name in enumerate(("Front", "Back")):
            first = len(points)
            for row in range(3):
                for column in range(3):
                    x, y = column * 200.0, row * 300.0
                    depth = 0.0 if column in (0, 2) and welded else (-1) ** side * (30.0 - shell)
                    points.append((x, y, depth))
                    u, v = (x / 1000 + side * 0.5, y / 1000) if unified else (column / 2, row / 2)
                    lines.append(f"vt {u:.6f} {v:.6f}")
            faces += [f"g {name}_{shell}", f"usemtl {'Denim' if not shell else 'Lining'}"]
            for row in range(2):
                for column in range(2):
                    a = first + row * 3 + column + 1
                    ring = (a, a + 1, a + 4, a + 3) if side == shell else (a, a + 3, a + 4, a + 1)
                    faces.append("f " + " ".join(f"{k}/{k}" for k in ring))
    if welded:
        places = sorted(set(points))
        number = {k + 1: places.index(p) + 1 for k, p in enumerate(points)}
        faces = [" ".join(re.sub(r"^(\d+)/", lambda m: f"{number[int(m[1])]}/", w) for w in f.split()) for f in faces]
        points = places
    return "\n".join(["# Units: mm", *(f"v {x} {y} {z}" for x, y, z in points), *lines, *faces]) + "\n"


@pytest.mark.parametrize("unified", [True, False])
@pytest.mark.parametrize("thick", [True, False])
@pytest.mark.parametrize("welded", [True, False])
def test_exports_of_pattern_software(tmp_path: Path, unified: bool, thick: bool, welded: bool) -> None:
    raw = read_obj(write(tmp_path, panels(unified=unified, thick=thick, welded=welded)))
    shells = 2 if thick else 1
    assert raw.metres_per_unit == 0.001
    assert len(raw.part_names) == 2 * shells
    assert [m.name for m in raw.materials] == ["Denim", "Lining"][:shells]
    assert len(raw.points) == (6 + 6 * shells if welded else 18 * shells)
    assert raw.polygons is not None
    assert len(np.unique(raw.polygons)) == 8 * shells
    assert raw.uv0 is not None
    assert raw.uv0_faces is not None
    for part in range(len(raw.part_names)):
        uv = raw.uv0[np.unique(raw.uv0_faces[raw.part_ids == part])]
        side = 0.5 * (part % 2) if unified else 0.0
        np.testing.assert_allclose(uv.min(axis=0), [side, 0])
        np.testing.assert_allclose(uv.max(axis=0), [side + 0.4, 0.6] if unified else [1, 1])


def test_the_garments_of_makehuman_read_exactly() -> None:
    folder = Path(__file__).parents[3].parent / "shared" / "garments"
    if not folder.is_dir():
        pytest.skip("the MakeHuman garments are not there")
    for path in sorted(folder.glob("*/*.obj")):
        rows: dict[str, list[list[str]]] = {"v": [], "vt": [], "f": []}
        for line in path.read_text().splitlines():
            words = line.split()
            if words and words[0] in rows:
                rows[words[0]].append(words[1:])
        raw = read_obj(path)
        np.testing.assert_array_equal(raw.points, np.array(rows["v"], float)[:, :3])
        assert raw.uv0 is not None
        assert raw.uv0_faces is not None
        np.testing.assert_array_equal(raw.uv0, np.array(rows["vt"], np.float32)[:, :2])
        owner = raw.polygons if raw.polygons is not None else np.arange(len(raw.faces))
        assert np.unique(owner).size == len(rows["f"])
        for polygon in range(0, len(rows["f"]), 97):
            want = {tuple(int(n) - 1 for n in word.split("/")[:2]) for word in rows["f"][polygon]}
            mine = owner == polygon
            pairs = np.stack([raw.faces[mine].ravel(), raw.uv0_faces[mine].ravel()], axis=1)
            assert {tuple(pair) for pair in pairs.tolist()} == want
