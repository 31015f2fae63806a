from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from dressform.assets.hashing import file_sha256
from dressform.authoring.draft import Draft
from dressform.authoring.steps.import_mesh import ImportOptions, import_mesh, read_mesh, template_name
from dressform.schemas.documents import check_document
from dressform.schemas.errors import InputError, UsageError

SQUARE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n"


def test_a_draft_in_metres_z_up_with_its_source(tmp_path: Path, skirt_obj: Path) -> None:
    (tmp_path / "m.mtl").write_text("newmtl cloth\nKd 0.2 0.3 0.4\n")
    skirt_obj.write_text("mtllib m.mtl\nusemtl cloth\n" + skirt_obj.read_text())
    draft = import_mesh(skirt_obj, tmp_path / "draft", ImportOptions(authors=("Ada",), licence="CC0-1.0"))
    np.testing.assert_allclose(np.ptp(draft.mesh.points, axis=0), [0.4, 0.4, 0.6], atol=1e-5)
    assert draft.manifest["name"] == "skirt"
    assert draft.manifest["category"] == "skirt"
    assert draft.manifest["authors"] == ["Ada"]
    assert draft.manifest["source"]["sha256"] == file_sha256(skirt_obj)
    check_document("draft", draft.manifest, "template.json")
    assert (draft.folder / "source" / "skirt.obj").read_bytes() == skirt_obj.read_bytes()
    assert (draft.folder / "source" / "m.mtl").is_file()
    report = Draft.open(draft.folder).report("import")
    assert report["metres_per_unit"] == 0.01
    assert "60 units long" in report["units_reason"]
    assert report["up"] == "y"


def test_what_is_stated_wins(tmp_path: Path, skirt_obj: Path) -> None:
    imported = read_mesh(skirt_obj, ImportOptions(units="inch", up="z", category="dress"))
    np.testing.assert_allclose(np.ptp(imported.mesh.points, axis=0), np.array([40, 60, 40]) * 0.0254, rtol=1e-5)
    assert imported.category.reason == imported.up.reason == imported.unit_reason == "stated"


def test_y_up_faces_front_afterwards(tmp_path: Path) -> None:
    # y up, towards the viewer is +z; here that is z up, towards the viewer -y
    path = tmp_path / "tee.obj"
    path.write_text("v 0 0 0\nv 0.5 0 0\nv 0 0.7 0.2\nf 1 2 3\n")
    mesh = read_mesh(path, ImportOptions(units="m", up="y")).mesh
    np.testing.assert_allclose(mesh.points[2], [0, -0.2, 0.7], atol=1e-6)
    a, b, c = mesh.points[mesh.faces[0]]
    assert np.cross(b - a, c - a)[1] < 0, "the outside stays outside"


BAD = {
    "nan": ("a.obj", SQUARE + "v nan 0 0\nf 1 2 3\n", "all must be finite"),
    "infinite": ("a.obj", SQUARE.replace("v 1 1 0", "v 1e300 1 0") + "f 1 2 3\n", "all must be finite"),
    "empty": ("a.obj", "", "is empty"),
    "no faces": ("a.obj", SQUARE, "no faces"),
    "zero area": ("a.obj", "v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n", "zero area"),
    "one point": ("a.obj", "v 1 1 1\nv 1 1 1\nv 1 1 1\nf 1 2 3\n", "zero area"),
    "out of range": ("a.obj", SQUARE + "f 1 2 77\n", "names vertex 77"),
    "cut off": ("a.obj", SQUARE[:-4] + "\nf 1 2 3\n", "needs 3 numbers"),
    "no mesh": ("a.obj", "Dear diary\n", "no vertex lines"),
    "unknown type": ("a.txt", "Dear diary\n", "unknown type"),
    "no type": ("mesh", "Dear diary\n", "unknown type"),
    "absurd size": ("tee.obj", "v 0 0 0\nv 1e7 0 0\nv 0 1e7 0\nf 1 2 3\n", "scale it to the size of a person"),
    "escape": ("a.obj", "mtllib ../../etc/passwd\n" + SQUARE + "f 1 2 3\n", "outside its folder"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_one_line_and_leave_nothing(tmp_path: Path, case: str) -> None:
    name, text, message = BAD[case]
    (tmp_path / "in").mkdir()
    source = tmp_path / "in" / name
    source.write_text(text)
    with pytest.raises(InputError, match=message) as found:
        import_mesh(source, tmp_path / "draft", ImportOptions())
    assert "\n" not in str(found.value)
    assert str(source) in str(found.value)
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        import_mesh(tmp_path / "gone.obj", tmp_path / "draft", ImportOptions())
    (tmp_path / "folder.obj").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        import_mesh(tmp_path / "folder.obj", tmp_path / "draft", ImportOptions())


def test_limits(tmp_path: Path, skirt_obj: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dressform.authoring.formats.obj.MAX_VERTICES", 100)
    with pytest.raises(InputError, match="has 216 vertices, at most 100 are read"):
        read_mesh(skirt_obj)
    monkeypatch.setattr("dressform.authoring.formats.raw.MAX_FILE_BYTES", 1000)
    with pytest.raises(InputError, match="GB, at most"):
        read_mesh(skirt_obj)


def test_a_failed_import_leaves_an_earlier_draft_alone(tmp_path: Path, skirt_obj: Path) -> None:
    draft = import_mesh(skirt_obj, tmp_path / "draft", ImportOptions())
    before = {p: p.read_bytes() for p in draft.folder.rglob("*") if p.is_file()}
    skirt_obj.write_text("v 0 0 0\n")
    with pytest.raises(InputError):
        import_mesh(skirt_obj, tmp_path / "draft", ImportOptions())
    assert before == {p: p.read_bytes() for p in draft.folder.rglob("*") if p.is_file()}


def test_other_folders_are_not_taken_over(tmp_path: Path, skirt_obj: Path) -> None:
    with pytest.raises(UsageError, match="is not empty and holds no draft"):
        import_mesh(skirt_obj, tmp_path, ImportOptions())
    with pytest.raises(UsageError, match="is a file"):
        import_mesh(skirt_obj, skirt_obj, ImportOptions())


@pytest.mark.parametrize("wrong", [{"units": "ell"}, {"up": "x"}, {"category": "toga"}, {"name": "My Shirt"}])
def test_wrong_words(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="--"):
        ImportOptions(**wrong)  # type: ignore[arg-type]


def test_names() -> None:
    assert [template_name(t) for t in ("Unisex_Shirt v2", "slimJeans", "02 tee", "ßß")] == [
        "unisex-shirt-v2",
        "slim-jeans",
        "garment-02-tee",
        "garment",
    ]


@pytest.mark.parametrize(
    "file",
    [f"{n}/{n}.{s}" for n in ("female_casualsuit01", "female_sportsuit01", "male_casualsuit01", "male_casualsuit04",
                              "male_worksuit01", "shoes01") for s in ("obj", "mhclo")]
    + ["fedora01/fedora.obj", "fedora01/fedora_cocked.mhclo"],
)  # fmt: skip
def test_makehuman_garments_have_human_size(garments: Path, file: str) -> None:
    imported = read_mesh(garments / file)
    height = np.ptp(imported.mesh.points[:, 2])
    expected = {"suit": (1.2, 1.7), "hat": (0.08, 0.2), "shoes": (0.15, 0.3)}[imported.category.value]
    assert expected[0] < height < expected[1]


def test_the_shirt_is_told_to_be_centimetres_and_y_up(shirt: Path) -> None:
    imported = read_mesh(shirt)
    assert imported.metres_per_unit == 0.01
    assert imported.up.value == "y"
    np.testing.assert_allclose(np.ptp(imported.mesh.points, axis=0), [0.651, 0.275, 0.646], atol=0.001)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_unreadable_files(tmp_path: Path, skirt_obj: Path) -> None:
    skirt_obj.chmod(0)
    with pytest.raises(InputError, match="cannot be read"):
        read_mesh(skirt_obj)
