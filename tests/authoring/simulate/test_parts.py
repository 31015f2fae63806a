"""What of a garment hangs as cloth, and how the rest goes along."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, Material, Part, inner_points
from dressform.assets.library import STARTER, Library
from dressform.authoring.simulate.cloth import check_physics
from dressform.authoring.simulate.parts import MOST_PIECES, Trims, along_grain, hanging_faces, laid_flat
from dressform.authoring.simulate.wearing import Wearing
from dressform.runtime.body.canonical import canonical_rest
from dressform.schemas.errors import InputError


@pytest.fixture(scope="module")
def shorts() -> Wearing:
    version = Library.open(STARTER).resolve("shorts")
    return Wearing.of(version.mesh(), version.rig(), canonical_rest(), {"main": version.manifest["fabric"]})


def test_hems_and_buttons_are_not_simulated(shorts: Wearing) -> None:
    mesh = shorts.garment.mesh
    simulated = np.zeros(len(mesh.points), bool)
    simulated[shorts.points] = True
    assert not simulated[inner_points(mesh)].any()
    rigid = np.array([part.rigid for part in mesh.parts])[mesh.part_ids]
    assert not simulated[mesh.faces[rigid]].any()


def test_what_is_not_simulated_goes_along_with_a_rigid_motion(shorts: Wearing) -> None:
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    points = shorts.garment.mesh.points.astype(np.float64) @ turn.T + [0.3, 0.2, 0.1]
    moved = shorts.expand(points[shorts.points])
    assert np.abs(moved - points).max() < 1e-3


def test_buttons_keep_their_shape_on_moving_cloth(shorts: Wearing) -> None:
    points = shorts.fitted.astype(np.float64)
    points[:, 2] *= 1.2
    moved = shorts.expand(points[shorts.points])
    for piece in shorts.garment.stiff:
        before, after = shorts.garment.mesh.points[piece], moved[piece]
        sizes = [np.linalg.norm(p - p.mean(axis=0), axis=1) for p in (before, after)]
        assert np.allclose(*sizes, atol=1e-5)


def test_a_waistband_is_found_where_nothing_hangs_from_the_shoulders(shorts: Wearing) -> None:
    heights = shorts.garment.mesh.points[shorts.points[shorts.band], 2]
    assert len(shorts.band) > 20
    assert heights.min() > shorts.garment.mesh.points[:, 2].max() - 0.05


def test_nothing_is_held_where_shoulders_carry_the_garment() -> None:
    version = Library.open(STARTER).resolve("tee")
    tee = Wearing.of(version.mesh(), version.rig(), canonical_rest())
    assert len(tee.band) == 0


def test_laid_flat_keeps_lengths_and_grain_turns_y_along_v(shorts: Wearing) -> None:
    mesh = shorts.garment.mesh
    rows = hanging_faces(mesh, shorts.garment.stiff)
    faces = mesh.faces[rows]
    flat = laid_flat(mesh.points.astype(np.float64), faces)
    turned = along_grain(mesh, rows, flat)
    lengths = [np.linalg.norm(c - np.roll(c, 1, axis=1), axis=2) for c in (flat, turned)]
    real = np.linalg.norm(mesh.points[faces] - mesh.points[np.roll(faces, 1, axis=1)], axis=2)
    assert np.allclose(lengths[0], real, atol=1e-6)
    assert np.allclose(lengths[1], real, atol=1e-6)
    uv = mesh.uv0[mesh.uv0_faces[rows]]
    rise = np.linalg.solve(turned[:, 1:] - turned[:, :1], (uv[:, 1:, 1:] - uv[:, :1, 1:]).astype(np.float64))[..., 0]
    assert np.allclose(rise[:, 0], 0, atol=1e-4 * np.abs(rise).max())
    assert (rise[:, 1] > 0).all()


def test_triangles_are_laid_flat_at_their_true_size() -> None:
    random = np.random.default_rng(3)
    points, faces = random.normal(size=(30, 3)), random.permutation(30).reshape(10, 3).astype(np.int32)
    flat = laid_flat(points, faces)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        true = np.linalg.norm(points[faces[:, a]] - points[faces[:, b]], axis=1)
        assert np.allclose(np.linalg.norm(flat[:, a] - flat[:, b], axis=1), true)
    assert (flat[:, 2, 1] > 0).all()


def test_pockets_that_hang_on_nothing_go_along_with_the_cloth() -> None:
    square = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    points = np.concatenate([square, 0.2 * square + [0.3, 0.3, 0.01]]).astype(np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]], np.int32)
    mesh = GarmentMesh(points, faces, None, None, None, None, (Material("main"),), np.zeros(4, np.int32))
    assert hanging_faces(mesh).tolist() == [0, 1]
    lifted = points + np.array([0.0, 0.0, 0.5])
    lifted[4:] = points[4:]
    assert np.allclose(Trims.of(mesh, faces[:2], ()).followed(lifted)[4:, 2], 0.51, atol=1e-6)


def test_triangles_without_area_are_refused(shorts: Wearing) -> None:
    mesh, first = shorts.garment.mesh, int(hanging_faces(shorts.garment.mesh, shorts.garment.stiff)[0])
    faces = mesh.faces.copy()
    faces[first, 1] = faces[first, 0]
    with pytest.raises(InputError, match=rf"shorts: 1 of its triangles have no area, the first is {first}; .* clean"):
        hanging_faces(replace(mesh, faces=faces), shorts.garment.stiff, "shorts")


def test_cloth_in_very_many_pieces_is_refused() -> None:
    square = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0]], np.float32)

    def pieces(count: int) -> GarmentMesh:
        points = np.concatenate([square + 2 * k for k in range(count)]).astype(np.float32)
        faces = np.arange(3 * count, dtype=np.int32).reshape(-1, 3)
        slots = np.zeros(count, np.int32)
        return GarmentMesh(points, faces, None, None, None, None, (Material("main"),), slots)

    assert len(hanging_faces(pieces(MOST_PIECES))) == MOST_PIECES
    with pytest.raises(InputError, match=r"confetti: its cloth is in 61 pieces .* needed at most 60; sew them"):
        hanging_faces(pieces(MOST_PIECES + 1), name="confetti")


def test_a_garment_without_cloth_is_refused(shorts: Wearing) -> None:
    mesh = replace(shorts.garment.mesh, parts=tuple(Part(p.name, rigid=True) for p in shorts.garment.mesh.parts))
    with pytest.raises(InputError, match="has no cloth to simulate"):
        Wearing.of(mesh, shorts.garment.rig, canonical_rest())


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("weight", float("nan"), r"weight is nan kg/m², needed 0.005 to 5 kg/m²; correct"),
        ("weight", 180.0, r"weight is 180 kg/m², needed 0.005 to 5 kg/m²; 180 g/m² is 0.18 kg/m²; correct"),
        ("stretch_warp", 1e30, r"stretch_warp is 1e\+30 N/m, needed 1 to 1e\+06 N/m"),
        ("friction", 40.0, r"friction is 40, needed 0 to 2"),
    ],
)
def test_physics_of_no_cloth_is_refused(key: str, value: float, says: str) -> None:
    with pytest.raises(InputError, match=rf"the garment: the fabric's {says}"):
        check_physics({"name": "x", key: value}, "the garment")


def test_a_garment_of_impossible_cloth_is_refused(shorts: Wearing) -> None:
    with pytest.raises(InputError, match=r"the garment: the fabric's weight is 180 kg/m²"):
        Wearing.of(shorts.garment.mesh, shorts.garment.rig, canonical_rest(), {"main": {"weight": 180.0}})
