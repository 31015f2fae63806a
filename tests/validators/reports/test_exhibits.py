from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dressform.schemas.report import Finding, Severity
from dressform.validators.examples.builder import Parts, tube
from dressform.validators.reports.atlas_picture import AtlasPicture
from dressform.validators.reports.exhibits import shown_of
from dressform.validators.reports.ink import RED
from dressform.validators.reports.location import locate
from dressform.validators.reports.marks import NOTHING, ids, marks_of, places
from dressform.validators.reports.mesh_picture import MeshPicture
from dressform.validators.targets import find_subjects


def reds(pixels: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return the pixels (row, column) [N, 2] that are red."""
    red, green, blue = (pixels[..., channel].astype(int) for channel in range(3))
    return np.argwhere((red > 150) & (green < 90) & (blue < 90))


def shown(draft: Path, name: str, path: str, place: dict[str, object]) -> list[NDArray[np.uint8]]:
    finding = Finding("DF-X-001", name, Severity.ERROR, f"{draft.name}/{path}", "wrong", "mend it", None, place)
    return [each.pixels for each in shown_of(finding, locate(finding, find_subjects(draft)))]


def test_the_marked_triangle_is_red_where_it_lies() -> None:
    mesh = tube(rings=24, around=64)
    top = len(mesh.faces) - 40
    picture = MeshPicture(mesh, marks_of({"faces": [top]}, mesh))
    close = picture.close()
    assert close is not None
    whole = picture.take(picture.whole(), rings=True)
    assert len(reds(whole))
    assert reds(whole)[:, 0].max() < whole.shape[0] / 2, "the last triangles are the highest"
    assert reds(picture.take(close)).mean(axis=0) == pytest.approx([220, 220], abs=30), "a close-up looks at the mark"
    assert not len(reds(MeshPicture(mesh, NOTHING).take(picture.whole())))


@pytest.mark.parametrize("turn", [0.0, 0.5, 1.0, 1.5])
def test_a_defect_is_seen_from_its_own_side(turn: float) -> None:
    mesh = tube(rings=8, around=64)
    middles = mesh.points[mesh.faces].mean(axis=1)
    toward = np.array([np.sin(np.pi * turn), -np.cos(np.pi * turn), 0.0])
    face = int(np.argmax(middles @ toward - np.abs(middles[:, 2] - 1.15)))
    side = MeshPicture(mesh, marks_of({"faces": [face]}, mesh)).best_side
    assert np.dot(side.toward, toward) > 0.6


@pytest.mark.parametrize(
    "points",
    [np.nan, np.inf, 1e30, 0.0],
    ids=["nan", "inf", "far", "flat"],
)
def test_broken_meshes_are_drawn_all_the_same(points: float) -> None:
    mesh = tube()
    broken = mesh.points.copy()
    broken[5:9] = points
    picture = MeshPicture(replace(mesh, points=broken), marks_of({"vertices": [5, 6]}, replace(mesh, points=broken)))
    assert picture.take(picture.whole(), rings=True).shape == (440, 440, 3)
    everything = MeshPicture(replace(mesh, points=np.full_like(mesh.points, points)), NOTHING)
    if not everything.empty:
        everything.take(everything.whole())


def test_a_place_holds_what_it_likes() -> None:
    assert ids([[1, 2], 2, True, -1, 9, "x", 3.5, None], 5).tolist() == [1, 2]
    assert ids("nonsense", 5).tolist() == []
    assert places([[0, 1, 2], [0, 1], ["a", 1, 2], [0, float("nan"), 1]]).tolist() == [[0, 1, 2]]


def test_the_atlas_is_red_where_the_triangle_is() -> None:
    mesh = tube()
    assert mesh.uv1 is not None
    assert mesh.uv1_faces is not None
    pixels = AtlasPicture(mesh.uv1, mesh.uv1_faces, np.array([20]), np.zeros(0, np.int64)).whole(rings=False)
    red = reds(pixels).mean(axis=0)
    u, v = mesh.uv1[mesh.uv1_faces[20]].mean(axis=0)
    width = 1.12  # the unit square and its margin
    assert red == pytest.approx([440 * ((0.5 - v) / width + 0.5), 440 * ((u - 0.5) / width + 0.5)], abs=3.0)
    assert tuple(pixels[int(red[0]), int(red[1])]) == pytest.approx(RED, abs=40)


def test_every_kind_of_finding_has_its_picture(parts: Parts, tmp_path: Path) -> None:
    draft = parts.write(tmp_path / "shirt")
    assert len(shown(draft, "mesh.degenerate", "sizes/M", {"size": "M", "faces": [4]})) == 1
    assert len(shown(draft, "uv.overlap", "sizes/M", {"size": "M", "faces": [[4, 5]]})) == 2
    assert len(shown(draft, "uv.stretch", "sizes/M", {"size": "M"})) == 1
    assert len(shown(draft, "skin.sum", "rig.anny", {"vertices": [4]})) == 1
    assert len(shown(draft, "texture.size", "sizes/M material 0 base colour", {"texels": [[3, 60]]})) in (1, 2)
    assert len(shown(draft, "picture.blank", "preview.png", {})) == 1
    assert shown(draft, "manifest.schema", "template.json $.name", {}) == []
    assert shown(draft, "skin.joints", "rig.anny", {}) == []
    assert shown(draft, "mesh.degenerate", "sizes/XXL", {"size": "XXL", "faces": ["none"]})


def test_what_cannot_be_read_has_no_picture(parts: Parts, tmp_path: Path) -> None:
    draft = parts.write(tmp_path / "shirt")
    (draft / "sizes/M/garment.glb").write_bytes(b"glTF")
    (draft / "preview.png").write_bytes(b"no picture")
    assert shown(draft, "mesh.degenerate", "sizes/M", {"faces": [4]}) == []
    assert shown(draft, "picture.blank", "preview.png", {}) == []
