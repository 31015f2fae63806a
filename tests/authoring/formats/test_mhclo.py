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
