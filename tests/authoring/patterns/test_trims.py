"""Buttons, rivets and zip pulls sit on the cloth where the pattern marks them."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh
from dressform.authoring.patterns.finish import finish
from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.authoring.patterns.meshing import mesh_pattern
from dressform.authoring.patterns.pattern import Edge, Mark, Panel, Pattern, Placement
from dressform.authoring.patterns.trims import add_trims
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.uv_measures import uv_measures
from dressform.schemas.errors import InputError

MARKS = (
    Mark("button", np.array([[0.1, 0.1], [0.1, 0.2]])),
    Mark("button", np.array([[0.05, 0.15]]), {"radius": 0.0085, "name": "jeans"}),
    Mark("rivet", np.array([[0.2, 0.2]])),
    Mark("zip", np.array([[0.003, 0.0], [0.003, 0.3]]), {"pull": 0.5}),
    Mark("zip", np.array([[0.25, 0.0], [0.25, 0.3]])),
)
NAMES = ("button_1", "button_2", "button_3", "rivet_1", "zip_pull_1")
PLACES = np.array([[0.1, 0.1], [0.1, 0.2], [0.05, 0.15], [0.2, 0.2], [0.003, 0.15]])
RADIUS = 0.2  # of the cylinder that the cloth is bent around [m]


def cloth(marks: tuple[Mark, ...]) -> tuple[FlatMesh, np.ndarray]:
    """A square of 30 cm and its points around an upright cylinder, outside outwards [m]."""
    corners = np.array([[0, 0], [0.3, 0], [0.3, 0.3], [0, 0.3], [0, 0.0]])
    edges = tuple(Edge(str(k), corners[k : k + 2], turn=0.01) for k in range(4))
    panel = Panel("square", edges, Placement("torso", 0.0, 1.0), marks=marks)
    mesh = mesh_pattern(Pattern("rag", "top", "M", {}, {}, (panel,), ()))
    return mesh, bent(mesh.flat)


def bent(flat: np.ndarray) -> np.ndarray:
    angle = flat[:, 0] / RADIUS
    return np.stack([RADIUS * np.sin(angle), -RADIUS * np.cos(angle), 1 + flat[:, 1]], axis=1)


@pytest.fixture(scope="module")
def trimmed() -> tuple[GarmentMesh, GarmentMesh]:
    """Cloth finished without and with its trims."""
    mesh, points = cloth(MARKS)
    plain = finish(mesh, points)
    return plain, add_trims(plain, mesh)


def faces_of(mesh: GarmentMesh, name: str) -> np.ndarray:
    return mesh.faces[mesh.part_ids == [part.name for part in mesh.parts].index(name)]


def test_each_is_a_rigid_part_of_its_own_on_its_mark(trimmed: tuple[GarmentMesh, GarmentMesh]) -> None:
    plain, mesh = trimmed
    assert tuple(part.name for part in mesh.parts if part.rigid) == NAMES
    np.testing.assert_array_equal(mesh.faces[: len(plain.faces)], plain.faces)
    np.testing.assert_array_equal(mesh.points[: len(plain.points)], plain.points)
    for name, place in zip(NAMES[:4], bent(PLACES)[:4], strict=True):
        own = mesh.points[np.unique(faces_of(mesh, name))]
        assert np.linalg.norm(own.mean(axis=0) - place) < 0.004


def test_they_lie_on_the_outside_of_the_cloth(trimmed: tuple[GarmentMesh, GarmentMesh]) -> None:
    plain, mesh = trimmed
    cloth_faces = plain.faces[plain.part_ids == 0]
    surface = Surface(plain.points, cloth_faces, sign="normal")
    for name in NAMES:
        height = surface.signed_distance(mesh.points[np.unique(faces_of(mesh, name))])
        assert -0.001 < height.min() < 0.001
        assert 0.001 < height.max() < 0.006


def test_each_piece_is_closed_faces_out_and_is_small(trimmed: tuple[GarmentMesh, GarmentMesh]) -> None:
    _, mesh = trimmed
    for name in NAMES:
        faces = faces_of(mesh, name)
        assert len(faces) <= 150
        pairs = np.stack([faces, np.roll(faces, -1, axis=1)], axis=-1).reshape(-1, 2)
        directed = {tuple(pair) for pair in pairs.tolist()}
        assert len(directed) == len(pairs)
        assert directed == {(b, a) for a, b in directed}
        a, b, c = mesh.points[faces].astype(np.float64).transpose(1, 0, 2)
        assert np.einsum("fa,fa->", a, np.cross(b, c)) > 0


def test_a_button_has_the_breadth_of_its_mark(trimmed: tuple[GarmentMesh, GarmentMesh]) -> None:
    _, mesh = trimmed
    for name, breadth in (("button_1", 0.011), ("button_3", 0.017), ("rivet_1", 0.009)):
        height = np.ptp(mesh.points[np.unique(faces_of(mesh, name))][:, 2])
        assert height == pytest.approx(breadth, rel=0.06)


def test_the_sheet_stays_injective(trimmed: tuple[GarmentMesh, GarmentMesh]) -> None:
    plain, mesh = trimmed
    assert mesh.uv1 is not None
    assert mesh.uv1_faces is not None
    first = len(plain.faces)
    figures = uv_measures(mesh.points, mesh.faces, mesh.uv1, mesh.uv1_faces)
    assert not (figures.overlapping >= first).any()
    assert not figures.flipped[first:].any()
    assert not figures.collapsed[first:].any()
    assert mesh.uv1.min() >= 0
    assert mesh.uv1.max() <= 1


def test_materials_follow_the_slots(trimmed: tuple[GarmentMesh, GarmentMesh]) -> None:
    _, mesh = trimmed
    assert [material.name for material in mesh.materials] == ["main", "buttons", "button_thread", "metal"]
    used = mesh.material_ids[mesh.part_ids == [part.name for part in mesh.parts].index("rivet_1")]
    assert {mesh.materials[k].name for k in used} == {"metal"}


def test_cloth_without_fastenings_stays_as_it_is() -> None:
    mesh, points = cloth(())
    plain = finish(mesh, points)
    assert add_trims(plain, mesh) is plain


def test_more_than_the_sheet_holds_is_said() -> None:
    grid = np.stack(np.meshgrid(np.linspace(0.01, 0.29, 40), np.linspace(0.01, 0.29, 40)), axis=-1).reshape(-1, 2)
    mesh, points = cloth((Mark("button", grid),))
    with pytest.raises(InputError, match="do not fit the strip"):
        add_trims(finish(mesh, points), mesh)
