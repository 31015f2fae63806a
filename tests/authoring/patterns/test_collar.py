"""A shirt collar takes its worn shape from the neckline it is sewn to."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.authoring.patterns._collar_panels import COLLAR_PANELS, CollarOptions, shirt_collar
from dressform.authoring.patterns._sewing import sewn
from dressform.authoring.patterns.collar import form_collar
from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.authoring.patterns.meshing import mesh_pattern
from dressform.authoring.patterns.pattern import Edge, Panel, Pattern, Placement
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.geometry.distance import Surface
from dressform.schemas.errors import InputError

YOKE = 0.06  # breadth of a ring of cloth around the neckline [m]


def neckline(skin: Surface) -> np.ndarray:
    """A closed line 1 cm off the root of the canonical neck, from the centre front to the wearer's left [N, 3] [m]."""
    turns = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    height = 1.558 - 0.028 * np.cos(turns)
    ways = np.stack([np.sin(turns), -np.cos(turns), 0 * turns], axis=1)
    steps = np.linspace(0, 0.2, 200)
    middle = np.stack([0 * turns, 0 * turns - 0.01, height], axis=1)
    places = middle[:, None] + steps[None, :, None] * ways[:, None]
    out = skin.signed_distance(places.reshape(-1, 3)).reshape(len(turns), -1) > 0.01
    reach = steps[out.argmax(axis=1)]
    for _ in range(60):
        reach = (np.roll(reach, 1) + 2 * reach + np.roll(reach, -1)) / 4
    return middle + reach[:, None] * ways


@pytest.fixture(scope="module")
def collared() -> tuple[FlatMesh, np.ndarray, np.ndarray]:
    """A mesh of a collar on a ring of cloth, its points before, and with the collar formed."""
    rest = canonical_rest()
    skin = Surface(rest.vertices, rest.body.faces)
    line = neckline(skin)
    ring = np.concatenate([line, line[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(ring, axis=0), axis=1))])
    length = float(along[-1])
    panels, seams = shirt_collar(length, CollarOptions(), 1.55, "main")
    corners = np.array([[length, YOKE], [0, YOKE], [0, 0], [length, 0], [length, YOKE]])
    names = ("inner", "left", "outer", "right")
    share = np.linspace(0, 1, 90)[:, None]
    edges = tuple(Edge(name, corners[k] + share * (corners[k + 1] - corners[k])) for k, name in enumerate(names))
    yoke = Panel("yoke", edges, Placement("torso", 0.0, 1.5))
    sewing = (*seams, sewn("collar_stand.neck", "yoke.inner"), sewn("yoke.left", "yoke.right"))
    mesh = mesh_pattern(Pattern("collar", "shirt", "M", {}, {}, (yoke, *panels), sewing))
    flat = mesh.flat[mesh.panel_ids == 0]
    place = np.stack([np.interp(flat[:, 0], along, ring[:, k]) for k in range(3)], axis=1)
    out = place - [0.0, -0.01, 0.0]
    out[:, 2] = 0
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    down = (YOKE - flat[:, 1])[:, None]
    worn = np.zeros((mesh.point_count, 3))
    worn[mesh.points[mesh.panel_ids == 0]] = place + 0.8 * down * out - 0.5 * down * np.array([0, 0, 1.0])
    return mesh, worn, form_collar(mesh, worn, rest).astype(np.float64)


def panel_points(mesh: FlatMesh, name: str) -> np.ndarray:
    number = [panel.name for panel in mesh.pattern.panels].index(name)
    return np.unique(mesh.points[mesh.panel_ids == number])


def test_only_the_collar_moves_and_its_neck_edge_stays(collared: tuple[FlatMesh, np.ndarray, np.ndarray]) -> None:
    mesh, before, after = collared
    kept = panel_points(mesh, "yoke")
    np.testing.assert_allclose(after[kept], before[kept], atol=1e-6)
    assert np.isin(mesh.points[mesh.edges["collar_stand", "neck"]], kept).all()


def test_it_clears_the_neck(collared: tuple[FlatMesh, np.ndarray, np.ndarray]) -> None:
    mesh, _, after = collared
    rest = canonical_rest()
    faces = mesh.faces[mesh.face_panels > 0]
    skin = Surface(rest.vertices, rest.body.faces)
    assert skin.signed_distance(after[np.unique(faces)]).min() > 0.001
    assert skin.signed_distance(after[faces].mean(axis=1)).min() > 0.001


def test_it_keeps_the_lengths_of_its_flat_pieces(collared: tuple[FlatMesh, np.ndarray, np.ndarray]) -> None:
    mesh, _, after = collared
    faces = mesh.flat_faces[mesh.face_panels > 0]
    pairs = np.unique(np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1), axis=0)
    flat = np.linalg.norm(np.subtract(*mesh.flat[pairs].transpose(1, 0, 2)), axis=1)
    worn = np.linalg.norm(np.subtract(*after[mesh.points[pairs]].transpose(1, 0, 2)), axis=1)
    assert np.percentile(worn / flat - 1, 95) < 0.06


def test_the_stand_rises_and_the_fall_hides_the_neck_seam(collared: tuple[FlatMesh, np.ndarray, np.ndarray]) -> None:
    mesh, _, after = collared
    back = {name: after[panel_points(mesh, name)] for name in COLLAR_PANELS}
    back = {name: points[(np.abs(points[:, 0]) < 0.02) & (points[:, 1] > 0)] for name, points in back.items()}
    seam = back["collar_stand"][:, 2].min()
    assert 0.02 < back["collar_stand"][:, 2].max() - seam < 0.04
    assert back["collar"][:, 2].min() < seam - 0.002
    assert back["collar"][:, 1].max() > back["collar_stand"][:, 1].max() + 0.002


def test_its_points_spread_evenly_from_a_gap_at_the_centre_front(
    collared: tuple[FlatMesh, np.ndarray, np.ndarray],
) -> None:
    mesh, _, after = collared
    leaf = after[mesh.points[mesh.edges["collar", "leaf"]]]
    left, right = leaf[0], leaf[-1]
    assert left[0] > 0 > right[0]
    assert 0.06 < left[0] - right[0] < 0.16
    assert abs(left[0] + right[0]) < 0.012
    fold = after[mesh.points[mesh.edges["collar", "top"]]]
    assert 0.001 < fold[-1, 0] - fold[0, 0] < 0.02
    assert left[2] < fold[-1, 2] - 0.03


def test_a_pattern_without_a_collar_is_refused(collared: tuple[FlatMesh, np.ndarray, np.ndarray]) -> None:
    after = collared[2]
    square = np.array([[0, 0], [0.1, 0], [0.1, 0.1], [0, 0.1], [0, 0.0]])
    edges = tuple(Edge(str(k), square[k : k + 2]) for k in range(4))
    bare = mesh_pattern(Pattern("rag", "top", "M", {}, {}, (Panel("rag", edges, Placement("torso", 0.0, 1.0)),), ()))
    with pytest.raises(InputError, match="no panel 'collar_stand'"):
        form_collar(bare, after[: bare.point_count], canonical_rest())
