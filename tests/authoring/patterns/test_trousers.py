from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from dressform.assets.files.garment import GarmentMesh
from dressform.authoring.patterns._cloth_canvas import ClothCanvas, arc, dashes, part, point_on, shifted
from dressform.authoring.patterns._sections import DIRECTIONS, outline, radius_at, resampled, section, straightened
from dressform.authoring.patterns.trousers import COLORS, FITS, TrousersOptions, make_trousers
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.adjacency import boundary_loops, components, edges
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import face_areas
from dressform.schemas.errors import UsageError


@pytest.fixture(scope="module")
def rest() -> RestBody:
    return canonical_rest()


@pytest.fixture(scope="module")
def trousers(rest: RestBody) -> GarmentMesh:
    return make_trousers(rest, TrousersOptions(texture_pixels=256))


def girth(points: np.ndarray, loop: np.ndarray) -> float:
    return float(np.linalg.norm(np.roll(points[loop], -1, axis=0) - points[loop], axis=1).sum())


def test_they_are_one_clean_surface_with_three_openings(trousers: GarmentMesh) -> None:
    found = edges(trousers.faces)
    assert found.face_counts.max() == 2
    loops = boundary_loops(trousers.faces)
    assert len(loops) == 3
    assert components(trousers.faces, len(trousers.points))[0] == 1
    # a pair of pants: Euler characteristic -1
    assert len(trousers.points) - len(found.vertices) + len(trousers.faces) == -1
    halves = np.concatenate([trousers.faces[:, [0, 1]], trousers.faces[:, [1, 2]], trousers.faces[:, [2, 0]]])
    assert len(np.unique(halves, axis=0)) == len(halves)  # no edge twice the same way: oriented
    assert 8000 <= len(trousers.faces) <= 12000
    lengths = np.linalg.norm(np.diff(trousers.points[found.vertices], axis=1)[:, 0], axis=1)
    assert 0.010 < np.median(lengths) < 0.018
    assert face_areas(trousers.points, trousers.faces).min() > 1e-6


def test_left_and_right_are_mirror_images(trousers: GarmentMesh) -> None:
    from scipy.spatial import cKDTree

    distance, _ = cKDTree(trousers.points).query(trousers.points * (-1, 1, 1))
    assert distance.max() < 1e-5


def test_they_go_around_the_body_with_ease(rest: RestBody, trousers: GarmentMesh) -> None:
    surface = Surface(rest.vertices, rest.body.faces)
    distance = surface.signed_distance(trousers.points)
    assert distance.min() > 0.004
    assert np.quantile(distance, 0.95) < 0.07
    assert surface.signed_distance(trousers.points[trousers.faces].mean(axis=1)).min() > 0.002
    center = trousers.points[trousers.faces].mean(axis=1)
    flat = np.cross(*(trousers.points[trousers.faces[:, k]] - trousers.points[trousers.faces[:, 0]] for k in (1, 2)))
    away = center - surface.closest(center).points
    assert (np.einsum("fk,fk->f", flat, away) > 0).mean() > 0.97  # wound outward


@pytest.mark.parametrize("fit", list(FITS))
def test_hems_have_the_girth_of_the_fit(rest: RestBody, fit: str) -> None:
    made = make_trousers(rest, TrousersOptions(fit=fit, texture_pixels=256))
    hems = sorted(boundary_loops(made.faces), key=lambda loop: float(made.points[loop, 2].mean()))[:2]
    stature = np.ptp(rest.vertices[:, 2])
    for hem in hems:
        assert girth(made.points, hem) == pytest.approx(FITS[fit] * stature / 1.84, rel=0.06)


def test_panels_are_laid_out_in_true_size_upright_without_overlap(trousers: GarmentMesh) -> None:
    assert trousers.uv0 is not None
    assert trousers.uv0_faces is not None
    assert trousers.uv0.min() >= 0
    assert trousers.uv0.max() <= 1
    corners = trousers.uv0[trousers.uv0_faces].astype(np.float64)
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    areas = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2
    assert areas.min() > 0
    ratio = np.sqrt(face_areas(trousers.points, trousers.faces) / areas)  # metres per unit
    assert np.quantile(ratio, 0.95) / np.quantile(ratio, 0.05) < 1.08
    places, changes = trousers.points[trousers.faces], []
    for i, j in ((0, 1), (1, 2), (2, 0)):
        flat = np.linalg.norm(corners[:, i] - corners[:, j], axis=1)
        changes.append(np.linalg.norm(places[:, i] - places[:, j], axis=1) / flat)
    change = np.concatenate(changes)
    assert np.quantile(np.abs(change / np.median(change) - 1), 0.98) < 0.15  # cloth is not sheared either
    count, piece = components(trousers.uv0_faces, len(trousers.uv0))
    assert count == 4
    up = np.zeros(len(trousers.uv0))
    up[trousers.uv0_faces.ravel()] = trousers.points[trousers.faces.ravel(), 2]
    boxes = []
    for k in range(4):
        mine = piece == k
        assert np.corrcoef(trousers.uv0[mine, 1], up[mine])[0, 1] > 0.999
        boxes.append((trousers.uv0[mine, 0].min(), trousers.uv0[mine, 0].max()))
    boxes.sort()
    assert all(first[1] < second[0] for first, second in pairwise(boxes))


def test_textures_are_pictures_in_the_asked_colour(rest: RestBody) -> None:
    red = make_trousers(rest, TrousersOptions(color="#b02030", texture_pixels=512)).materials[0]
    assert red.base_color_image is not None
    assert red.normal_image is not None
    pixels = np.asarray(Image.open(io.BytesIO(red.base_color_image)).convert("RGB"), np.float64)
    assert pixels.shape == (512, 512, 3)
    assert np.abs(np.median(pixels, axis=(0, 1)) - (0xB0, 0x20, 0x30)).max() < 12
    normals = np.asarray(Image.open(io.BytesIO(red.normal_image)).convert("RGB"), np.float64)
    assert np.abs(np.median(normals, axis=(0, 1)) - (128, 128, 255)).max() < 6
    assert normals[..., :2].std() > 1  # seams stand out


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"color": "blurple"}, "#rrggbb or one of indigo"),
        ({"color": "#12345g"}, "unknown"),
        ({"fit": "flared"}, "slim, straight"),
        ({"weave": "silk"}, "denim, twill"),
        ({"hip_ease": 0.5}, "0.004 to 0.05"),
        ({"rise": 0.5}, "0.03 to 0.09"),
        ({"texture_pixels": 7}, "256 to 8192"),
    ],
)
def test_wrong_options_are_named(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        TrousersOptions(**wrong)  # type: ignore[arg-type]


def test_every_named_colour_is_a_cloth() -> None:
    for name, (weave, _) in COLORS.items():
        assert TrousersOptions(color=name).cloth().weave == weave
    assert TrousersOptions(color="sand", weave="denim").cloth().weave == "denim"


def test_outline_of_a_square_is_its_polar_radius() -> None:
    square = np.array([(-1.0, -1.0), (1, -1), (1, 1), (-1, 1)])
    radius = outline(square, np.zeros(2))
    want = 1 / np.maximum(np.abs(np.cos(DIRECTIONS)), np.abs(np.sin(DIRECTIONS)))
    assert np.allclose(radius, want)
    between = radius_at(np.stack([radius, 2 * radius]), np.array([0.5]), np.array([DIRECTIONS[5]]))
    assert between[0] == pytest.approx(1.5 * want[5])


def test_section_of_a_tetrahedron() -> None:
    points = np.array([(0.0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)])
    faces = np.array([(0, 1, 3), (1, 2, 3), (2, 0, 3)], np.int32)
    cut = np.unique(np.round(section(points, faces, 0.25), 6), axis=0)
    assert np.allclose(cut, [(0, 0), (0, 0.75), (0.75, 0)])


def test_cloth_hangs_straight_between_bulges() -> None:
    z = np.linspace(1, 0, 11)
    radius = np.array([2, 1, 1, 1, 1, 1.9, 1, 1, 1, 1, 1.0])[:, None]
    hung = straightened(z, radius)[:, 0]
    assert (hung >= radius[:, 0] - 1e-12).all()
    assert (np.diff(hung, 2) < 1e-9).all()
    assert hung[0] == 2
    assert hung[5] == pytest.approx(1.9)
    assert hung[8] == pytest.approx(1.9 + (1 - 1.9) * 3 / 5)


def test_polylines_are_measured_from_either_end() -> None:
    line = np.array([(0.0, 0.0), (3.0, 0.0), (3.0, 1.0)])
    assert np.allclose(point_on(line, -1.0), (3, 0))
    assert np.allclose(part(line, 1.0, -0.5), [(1, 0), (3, 0), (3, 0.5)])
    assert np.allclose(shifted(line[:2], 0.1), [(0, 0.1), (3, 0.1)])
    assert np.allclose(np.diff(resampled(line, 5), axis=0)[:3], [(1, 0)] * 3)
    cut = dashes(line[:2], 0.4, 0.1)
    assert len(cut) == 6
    assert all(np.linalg.norm(d[-1] - d[0]) == pytest.approx(0.4) for d in cut)
    assert np.allclose(arc(np.zeros(2), np.array([1.0, 0]), np.array([1.0, 1]))[[0, -1]], [(0, 0), (1, 1)])


def test_canvas_draws_where_it_is_told() -> None:
    canvas = ClothCanvas(1.0, 200, (0.5, 0.5, 0.5))
    canvas.tint(canvas.area(np.array([(0.1, 0.6), (0.3, 0.6), (0.3, 0.9), (0.1, 0.9)])), (1.0, 0.0, 0.0))
    image = canvas.image()
    assert image[50, 40].tolist() == [255, 0, 0]  # u 0.2, v 0.75: rows count from the top
    assert image[150, 40].tolist() == [128, 128, 128]
    canvas.raise_by(canvas.area(np.array([(0.6, 0.1), (0.9, 0.1), (0.9, 0.4), (0.6, 0.4)])), 0.01)
    normals = canvas.normal_map(200).astype(int) - 128
    assert normals[150, 120, 0] < -20  # the left edge rises to the right: the normal leans left
    assert normals[120, 150, 1] > 20  # the upper edge leans up
    assert abs(normals[150, 150, :2]).max() <= 1
