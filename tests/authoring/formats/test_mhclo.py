from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dressform.authoring.formats import mhclo
from dressform.authoring.formats.mhclo import read_mhclo
from dressform.schemas.errors import InputError

SQUARE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nf 1 2 3\n"


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """A stand-in for the base mesh, so that these tests need no body."""
    points = np.random.default_rng(3).random((19158, 3))
    monkeypatch.setattr(mhclo, "canonical_hm08", lambda progress: points)
    return points


def write(folder: Path, text: str) -> Path:
    (folder / "a.obj").write_text(SQUARE)
    path = folder / "a.mhclo"
    path.write_text(text)
    return path


def test_rows_follow_the_formula(tmp_path: Path, base: np.ndarray) -> None:
    text = "name thing\nobj_file a.obj\nz_scale 4 5 0.5\nverts 0\n7\n1 2 3 0.2 0.3 0.5 0 0 0\n1 2 3 1 0 0 0.1 0.2 0.3\n"
    raw = read_mhclo(write(tmp_path, text + "delete_verts\n3 - 5 9\n"))
    assert raw.placed
    np.testing.assert_allclose(raw.points[0], base[7])
    np.testing.assert_allclose(raw.points[1], 0.2 * base[1] + 0.3 * base[2] + 0.5 * base[3])
    # MakeHuman's z is our -y; its x and y have no scale here and count in decimetres
    depth = abs(base[4, 1] - base[5, 1]) / 0.5
    np.testing.assert_allclose(raw.points[2] - base[1], [0.01, -0.3 * depth, 0.02])
    assert raw.hints == {"hidden_base_vertices": [[3, 5], [9, 9]]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name x\n", "names no obj_file"),
        ("obj_file gone.obj\n", "needs gone.obj beside it"),
        ("obj_file ../a.obj\n", "outside its folder"),
        ("obj_file a.obj\nverts 0\n1\n2\n", "binds 2 vertices and a.obj has 3"),
        ("obj_file a.obj\nverts 0\n1\n2\n99999\n", "names vertex 99999"),
        ("obj_file a.obj\nverts 0\n1\n2 3\n4\n", "line 4"),
        ("obj_file a.obj\nverts 0\n1\n2\n3\ndelete_verts\n5 - 99999\n", "line 7"),
        ("obj_file a.obj\nx_scale 1 2 0\nverts 0\n1\n2\n3\n", "x_scale"),
        ("basemesh cat\nobj_file a.obj\n", "base mesh cat"),
    ],
)
def test_broken_files(tmp_path: Path, base: np.ndarray, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as found:
        read_mhclo(write(tmp_path, text))
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("name", ["male_casualsuit04", "shoes01"])
def test_garments_lie_on_the_canonical_body(garments: Path, name: str) -> None:
    from dressform.runtime.body.canonical import canonical_rest
    from dressform.runtime.geometry.distance import Surface

    raw = read_mhclo(garments / name / f"{name}.mhclo")
    rest = canonical_rest()
    distance = Surface(rest.vertices, rest.body.faces).signed_distance(raw.points)
    assert np.median(distance) < 0.03
    assert distance.min() > -0.05


def test_the_rest_of_the_file_is_kept(tmp_path: Path, base: np.ndarray) -> None:
    text = (
        "# This asset was explicitly released as CC0 in september 2020.\n# Copyright (C) 2020 Joel Palmius\n"
        "# Copyright (C) 2020 Data Collection AB, https://www.datacollection.se\nuuid 12-34\ntag Hats\ntag Female\n"
        "name thing\nobj_file a.obj\nz_depth 70\nmax_pole 8\nx_scale 4 5 1\nverts 0\n1\n2\n3\ndelete_verts\n3 - 5 9\n"
    )
    raw = read_mhclo(write(tmp_path, text))
    assert raw.licence == "CC0-1.0"
    assert raw.authors == ("Joel Palmius", "Data Collection AB")
    about = {"name": "thing", "uuid": "12-34", "tags": ["Hats", "Female"], "z_depth": 70, "max_pole": 8}
    assert raw.extras == {"makehuman": about}
    assert raw.hints == {"hidden_base_vertices": [[3, 5], [9, 9]], "z_depth": 70, "max_pole": 8}
    said = {entry.what: entry for entry in raw.record}
    assert said["delete mask"].why.startswith("4 vertices")
    assert said["binding to hm08"].outcome == "converted"
    stated = read_mhclo(write(tmp_path, text.replace("uuid", "license CC-BY 4.0\nauthor Ada L.\nuuid")))
    assert (stated.licence, stated.authors) == ("CC-BY-4.0", ("Ada L.",))


def test_the_delete_mask_hides_skin(garments: Path, tmp_path: Path) -> None:
    from dressform.authoring.steps._rig_hide import hidden_by_artist
    from dressform.authoring.steps.import_mesh import ImportOptions, import_mesh
    from dressform.runtime.body.canonical import canonical_rest

    draft = import_mesh(garments / "male_casualsuit04" / "male_casualsuit04.mhclo", tmp_path / "d", ImportOptions())
    rest = canonical_rest()
    hidden = hidden_by_artist(draft, rest.body.faces)
    assert 0.1 < hidden.mean() < 0.25
    height = rest.vertices[rest.body.faces[hidden]][..., 2]
    head = rest.canonical_joints()[15, 2]
    assert height.max() < head, "a suit hides no head"
    assert (draft.manifest["licence"], draft.manifest["authors"][1:]) == ("CC0-1.0", ["Joel Palmius", "Jonas Hauquier"])
