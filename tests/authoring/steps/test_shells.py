from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, Material, Part, outer_faces
from dressform.authoring.steps._place_openings import find_openings
from dressform.authoring.steps._rig_hide import covered_faces
from dressform.authoring.steps._shells import inner_followed, lining_depth
from dressform.authoring.steps.clean import clean_mesh
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.crossings import crossing_faces
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals

GARMENTS = ("female_casualsuit01", "female_sportsuit01", "male_casualsuit01", "male_casualsuit04", "male_worksuit01",
            "shoes01", "fedora01")  # fmt: skip


def thick(mesh: GarmentMesh, thickness: float, *, rim: bool) -> GarmentMesh:
    """The mesh with a second shell under it, joined by a rim or not."""
    count = len(mesh.points)
    points = np.vstack([mesh.points, mesh.points - thickness * vertex_normals(mesh.points, mesh.faces)])
    faces = [mesh.faces, mesh.faces[:, ::-1] + count]
    if rim:
        found = edges(mesh.faces)
        slots = np.flatnonzero(found.face_counts[found.face_edges.reshape(-1)] == 1)
        a, b = mesh.faces.reshape(-1)[slots], np.roll(mesh.faces, -1, axis=1).reshape(-1)[slots]
        faces += [np.stack([b, a, a + count], axis=1), np.stack([b, a + count, b + count], axis=1)]
    both = np.concatenate(faces).astype(np.int32)
    return GarmentMesh(
        points.astype(np.float32), both, None, None, None, None, (Material(),), np.zeros(len(both), np.int32)
    )


@pytest.mark.parametrize("rim", [True, False])
@pytest.mark.parametrize("thickness", [0.001, 0.003])
def test_thick_cloth_has_an_inner_and_an_outer_shell(tee: GarmentMesh, thickness: float, rim: bool) -> None:
    cleaned, report = clean_mesh(thick(tee, thickness, rim=rim), category="tee")
    assert report.thick_pieces == 1
    assert report.thickness_mm == pytest.approx(1e3 * thickness, rel=0.15)
    assert [(part.name, part.inner) for part in cleaned.parts] == [("tee", False), ("tee-inner", True)]
    # a face lies inside where the sheet that it was made from is a cloth's thickness away
    assert cleaned.part_ids is not None
    centers = cleaned.points[cleaned.faces].mean(axis=1)
    away = Surface(tee.points, tee.faces, sign="normal").closest(centers).distances
    assert ((cleaned.part_ids == 1) == (away > 0.7 * thickness)).mean() > 0.99


def test_single_cloth_is_not_thick(tee: GarmentMesh, skirt: GarmentMesh) -> None:
    for mesh in (tee, skirt):
        cleaned, report = clean_mesh(mesh)
        assert (report.thick_pieces, report.thickness_mm) == (0, 0.0)
        assert not any(part.inner for part in cleaned.parts)


def test_a_pocket_or_a_loose_layer_is_no_shell(tee: GarmentMesh) -> None:
    front = (tee.points[tee.faces][:, :, 1].max(axis=1) < -0.1) & (tee.points[tee.faces][:, :, 2].mean(axis=1) > 1.1)
    used, local = np.unique(tee.faces[front], return_inverse=True)
    out = tee.points[used] - np.float32([0, 0.002, 0])
    wide = tee.points * np.float32([1.15, 1.3, 1])
    for points, faces in ((out, local.reshape(-1, 3)), (wide, tee.faces)):
        both = np.vstack([tee.faces, faces + len(tee.points)]).astype(np.int32)
        mesh = GarmentMesh(
            np.vstack([tee.points, points]), both, None, None, None, None, (Material(),), np.zeros(len(both), np.int32)
        )
        assert clean_mesh(mesh)[1].thick_pieces == 0


@pytest.mark.parametrize("name", GARMENTS)
def test_real_garments_of_one_layer(garments: Path, name: str) -> None:
    from dressform.authoring.steps.import_mesh import read_mesh

    for path in sorted((garments / name).glob("*.obj")):
        _, report = clean_mesh(read_mesh(path).mesh)
        assert report.thick_pieces == 0
        assert report.polygons_broken == 0
        assert report.polygons * 2 == report.triangles


def test_cloth_that_goes_through_itself_is_counted(skirt: GarmentMesh) -> None:
    assert not crossing_faces(skirt.points, skirt.faces).any()
    # a second tube across the first one
    points = np.vstack([skirt.points, skirt.points[:, [2, 1, 0]] + np.float32([-0.3, 0.003, 0.301])])
    faces = np.vstack([skirt.faces, skirt.faces + len(skirt.points)])
    found = crossing_faces(points, faces)
    np.testing.assert_array_equal(found, brute_force(points, faces))
    assert found.sum() > 20
    mesh = GarmentMesh(
        points.astype(np.float32), faces.astype(np.int32), None, None, None, None, (Material(),),
        np.zeros(len(faces), np.int32),
    )  # fmt: skip
    report = clean_mesh(mesh)[1]
    assert report.self_intersections == found.sum()
    assert "go through others" in report.notes[-1]


def brute_force(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Every edge against every triangle, by volumes of tetrahedra."""
    x = points.astype(np.float64)
    found = edges(faces)
    p, q = (x[found.vertices[:, k]][:, None] for k in range(2))
    a, b, c = (x[faces[:, k]][None] for k in range(3))

    def volume(*corners: np.ndarray) -> np.ndarray:
        o, u, v, w = corners
        return np.einsum("...i,...i->...", np.cross(u - o, v - o), w - o)

    above, below = volume(a, b, c, p), volume(a, b, c, q)
    turns = np.stack([volume(p, q, *pair) for pair in ((a, b), (b, c), (c, a))])
    through = (above * below < 0) & ((turns > 0).all(axis=0) | (turns < 0).all(axis=0))
    shared = (found.vertices[:, None, :, None] == faces[None, :, None, :]).any(axis=(2, 3))
    through &= ~shared
    return np.asarray(through.any(axis=0) | through.any(axis=1)[found.face_edges].any(axis=1))


def test_the_outer_shell_has_the_openings_and_covers_skin(tee: GarmentMesh) -> None:
    cleaned, _ = clean_mesh(thick(tee, 0.002, rim=True), category="tee")
    assert not find_openings(cleaned.points, cleaned.faces, "tee"), "a rim closes them"
    kinds = [opening.kind for opening in find_openings(cleaned.points, outer_faces(cleaned), "tee")]
    assert sorted(kinds) == sorted(opening.kind for opening in find_openings(tee.points, tee.faces, "tee"))
    rest = canonical_rest()
    outer, both = (
        covered_faces(cleaned.points, faces, rest.vertices, rest.body.faces).mean()
        for faces in (outer_faces(cleaned), cleaned.faces)
    )
    assert outer > 0.015 > 0.005 > both
    assert outer_faces(tee) is tee.faces


def test_a_lining_stays_under_its_cloth_wherever_that_goes() -> None:
    """Both shells of a slab bend along; unbound, the lower would cut through the upper where that is pressed flat."""
    side = np.linspace(0, 1, 12)
    x, y = (grid.ravel() for grid in np.meshgrid(side, side))
    top = np.stack([x, y, np.zeros_like(x)], axis=1)
    k = (np.arange(11)[:, None] * 12 + np.arange(11)).ravel()
    up = np.concatenate([np.stack([k, k + 1, k + 13], 1), np.stack([k, k + 13, k + 12], 1)])
    points = np.concatenate([top, top - [0, 0, 0.003]]).astype(np.float32)
    faces = np.concatenate([up, up[:, ::-1] + len(top)]).astype(np.int32)
    ids = np.repeat([0, 1], len(up)).astype(np.int32)
    parts = (Part("cloth"), Part("lining", inner=True))
    none = (None, None, None, None)
    slab = GarmentMesh(points, faces, *none, (Material(),), np.zeros(len(faces), np.int32), parts=parts, part_ids=ids)
    assert abs(lining_depth(slab) - 0.003) < 1e-6
    bent = points.astype(np.float64)
    bent[:, 2] = 0.2 * bent[:, 0] ** 2  # the lining lies in the cloth
    followed = inner_followed(slab, bent)
    np.testing.assert_array_equal(followed[: len(top)], bent[: len(top)])
    depth = Surface(bent[: len(top)], up.astype(np.int32)).closest(followed[len(top) :]).distances
    assert np.abs(depth - 0.003).max() < 2e-4
    assert (followed[len(top) :, 2] < bent[len(top) :, 2]).all()
