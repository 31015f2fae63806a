"""A collar that is folded down goes with what it lies on; the skin does not take its outer side for its own."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, Material, Part, outer_faces
from dressform.assets.library import Library
from dressform.authoring.steps.rig import RigOptions, rig_mesh
from dressform.runtime.body.canonical import CANONICAL_SHAPE, canonical_rest
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.outfit import Outfit
from dressform.runtime.garment.shape_transfer import Binding, transfer
from dressform.runtime.garment.turned import turned_over
from dressform.runtime.garment.under import followed, under_cloth
from dressform.runtime.geometry.distance import Surface

AROUND, MIDDLE = 48, 0.015  # points of a ring; its middle, in y [m]


def lathe(profile: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Turn a line of (radius, height) [m] about the canonical neck; its outer side is on the right of its way up."""
    angle = 2 * np.pi * np.arange(AROUND) / AROUND
    rings = [np.column_stack([r * np.cos(angle), MIDDLE + r * np.sin(angle), np.full(AROUND, z)]) for r, z in profile]
    k, j = np.meshgrid(np.arange(len(profile) - 1), np.arange(AROUND), indexing="ij")
    a, b = k * AROUND + j, k * AROUND + (j + 1) % AROUND
    quads = np.stack([a, b, b + AROUND, a, b + AROUND, a + AROUND], axis=-1)
    return np.concatenate(rings).astype(np.float32), quads.reshape(-1, 3).astype(np.int32)


def line(*corners: tuple[float, float], step: float = 0.008) -> list[tuple[float, float]]:
    points = [corners[0]]
    for start, end in pairwise(corners):
        count = max(1, round(np.hypot(end[0] - start[0], end[1] - start[1]) / step))
        points += [tuple(np.add(start, np.subtract(end, start) * k / count)) for k in range(1, count + 1)]
    return points


STAND = [(0.14, 1.47), (0.088, 1.53), (0.084, 1.57)]
FALL = [(0.090, 1.57), (0.104, 1.525)]
UPPER = [(0.106, 1.525), (0.091, 1.573), (0.083, 1.573), (0.086, 1.535)]  # and the facing of the stand


@pytest.mark.parametrize("rest_of_it", [[], UPPER], ids=["one ply", "two plies"])
def test_what_is_folded_down_is_found(rest_of_it: list[tuple[float, float]]) -> None:
    body = canonical_rest()
    points, faces = lathe(line(*STAND, *FALL, *rest_of_it))
    turned = turned_over(points, faces, body.vertices, body.body.faces)
    stand = (len(line(*STAND)) - 1) * 2 * AROUND
    assert not turned[:stand].any()
    assert turned[stand + 2 * AROUND :].all(), "all of the fall but, perhaps, the ring over the fold"


def test_a_stand_a_roll_and_a_tube_are_not_turned() -> None:
    body = canonical_rest()
    for profile in (line(*STAND), line(*STAND, (0.1, 1.6))):
        points, faces = lathe(profile)
        assert not turned_over(points, faces, body.vertices, body.body.faces).any()


def test_a_wrinkle_is_not_turned() -> None:
    body = canonical_rest()
    points, faces = lathe(line((0.14, 1.47), (0.088, 1.53), (0.086, 1.56), (0.09, 1.56), (0.098, 1.53), (0.1, 1.56)))
    assert not turned_over(points, faces, body.vertices, body.body.faces)[: 2 * AROUND].any()
    noise = np.random.default_rng(3).permutation(len(faces))
    shuffled = turned_over(points, faces[noise], body.vertices, body.body.faces)
    np.testing.assert_array_equal(shuffled, turned_over(points, faces, body.vertices, body.body.faces)[noise])


def test_a_fold_hangs_on_what_is_not_turned() -> None:
    body = canonical_rest()
    points, faces = lathe(line(*STAND, *FALL, *UPPER))
    mesh = GarmentMesh(points, faces, None, None, None, None, (Material(),), np.zeros(len(faces), np.int32))
    turned = turned_over(points, faces, body.vertices, body.body.faces)
    under = under_cloth(mesh, turned)
    lies = np.zeros(len(points), bool)
    lies[faces[~turned]] = True
    assert lies[under.corners].all()
    assert not lies[under.points].any()
    assert len(under.points) == (~lies).sum()
    np.testing.assert_allclose(followed(points, under), points, atol=1e-6)


def test_a_folded_collar_stays_folded_on_another_body() -> None:
    rest = canonical_rest()
    points, faces = lathe(line(*STAND, *FALL, *UPPER))
    mesh = GarmentMesh(points, faces, None, None, None, None, (Material(),), np.zeros(len(faces), np.int32))
    made, _ = rig_mesh(mesh, rest, RigOptions(tune=False))
    heavy = rest.body.rest({**CANONICAL_SHAPE, "gender": 0.0, "weight": 0.9})
    collar = DressedGarment("collar", mesh, made, 0)
    worn = Outfit(heavy, [collar]).rest_points[0]
    fall, own = (Surface(each, collar.cloth, sign="normal") for each in (worn, points))
    over = collar.under.points
    kept = np.abs(fall.closest(worn[over]).distances - own.closest(points[over]).distances)
    assert np.quantile(kept, 0.95) < 0.003
    assert kept.max() < 0.012


@pytest.fixture(scope="module")
def shirt() -> DressedGarment:
    version = Library.embedded().resolve("shirt")
    return DressedGarment("shirt", version.mesh(), version.rig(), 30)


@pytest.mark.parametrize(
    "shape", [{"gender": 0.0, "weight": 0.9}, {"gender": 1.0, "weight": 0.05}], ids=["heavy", "thin"]
)
def test_the_collar_of_the_shirt_fits_other_bodies(shirt: DressedGarment, shape: dict[str, float]) -> None:
    source = canonical_rest()
    rest = source.body.rest({**CANONICAL_SHAPE, **shape})
    rig, mesh = shirt.rig, shirt.mesh
    binding = Binding(rig.binding_triangles, rig.binding_barycentrics, rig.binding_offsets)
    carried = transfer(binding, mesh.faces, source.vertices, rest.vertices, rest.body.faces, stiff=shirt.stiff)
    worn = Outfit(rest, [shirt]).rest_points[0]
    collar = outer_faces(mesh)[shirt.turned]
    used = np.unique(collar)
    assert np.linalg.norm(worn - carried, axis=1)[used].max() < 0.02, "settled by what the skin needs, not by 10 cm"
    ends = np.concatenate([collar[:, :2], collar[:, 1:]])
    own, now = (np.linalg.norm(p[ends[:, 0]] - p[ends[:, 1]], axis=1) for p in (mesh.points, worn))
    assert np.quantile(now / np.maximum(own, 0.001), 0.95) < 1.25
    button = [np.unique(mesh.faces[mesh.part_ids == k]) for k, part in enumerate(mesh.parts) if part.rigid]
    for piece in button:
        across = [np.ptp(np.linalg.norm(p[piece] - p[piece].mean(axis=0), axis=1)) for p in (mesh.points, worn)]
        assert abs(across[1] - across[0]) < 1e-4


def test_only_the_shirt_is_turned_over() -> None:
    library = Library.embedded()
    for name in ("tee", "dress", "jacket", "trousers", "circle-skirt"):
        version = library.resolve(name)
        garment = DressedGarment(name, version.mesh(), version.rig(), 0)
        assert not garment.turned.any(), name
        np.testing.assert_array_equal(garment.unfolded, garment.mesh.faces)


def test_buttons_go_with_their_cloth_unbent() -> None:
    rest = canonical_rest()
    band, faces = lathe(line((0.14, 1.47), (0.088, 1.53), (0.084, 1.57)))
    spot = np.array([0.0, MIDDLE - 0.09, 1.55]) + 0.004 * np.array([[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]])
    points = np.concatenate([band, spot]).astype(np.float32)
    first = len(band)
    faces = np.concatenate([faces, [[first, first + 1, first + 2], [first, first + 2, first + 3]]]).astype(np.int32)
    ids = np.repeat([0, 1], [len(faces) - 2, 2]).astype(np.int32)
    mesh = GarmentMesh(
        points, faces, None, None, None, None, (Material(),), np.zeros(len(faces), np.int32),
        parts=(Part("cloth"), Part("button", rigid=True)), part_ids=ids,
    )  # fmt: skip
    made, _ = rig_mesh(mesh, rest, RigOptions(tune=False))
    garment = DressedGarment("band", mesh, made, 0)
    assert sorted(garment.trims.points) == list(range(first, first + 4))
    worn = Outfit(rest.body.rest({**CANONICAL_SHAPE, "weight": 0.95}), [garment]).rest_points[0]
    sides = [np.linalg.norm(p[first:] - np.roll(p[first:], 1, axis=0), axis=1) for p in (points, worn)]
    np.testing.assert_allclose(sides[1], sides[0], atol=1e-5)
