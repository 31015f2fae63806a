"""What the figures of a card say of shapes whose figures are known."""

import numpy as np
import pytest
import trimesh

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.authoring.learn.score import Gauge, Shown, Tally, crossing_pairs
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals


def _garment(points: np.ndarray, faces: np.ndarray) -> GarmentMesh:
    none = dict.fromkeys(("uv0", "uv0_faces", "uv1", "uv1_faces"))
    ids = np.zeros(len(faces), np.int32)
    return GarmentMesh(
        points.astype(np.float32), faces.astype(np.int32), **none, materials=(Material(),), material_ids=ids
    )


def _sheet(count: int = 9) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.linspace(0, 1, count), np.linspace(0, 1, count), indexing="ij")
    points = np.stack([x, y, np.zeros_like(x)], axis=-1).reshape(-1, 3)
    corner = (np.arange(count - 1)[:, None] * count + np.arange(count - 1)).reshape(-1)
    quads = np.stack([corner, corner + count, corner + count + 1, corner + 1], axis=1)
    return points, np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def test_a_uniform_stretch_is_that_stretch_and_no_bending() -> None:
    points, faces = _sheet()
    gauge = Gauge(_garment(points, faces))
    np.testing.assert_allclose(gauge.stretches(points * 1.1), 0.1, atol=1e-6)
    np.testing.assert_array_equal(gauge.stretches(points * 0.9), 0)
    assert gauge.bending(points * 1.1) < 1e-9


def test_the_bending_of_a_rolled_sheet_grows_with_the_square_of_its_curvature() -> None:
    points, faces = _sheet(33)
    gauge = Gauge(_garment(points, faces))

    def rolled(radius: float) -> np.ndarray:
        angle = points[:, 0] / radius
        return np.stack([radius * np.sin(angle), points[:, 1], radius * (1 - np.cos(angle))], axis=1)

    assert gauge.bending(rolled(0.5)) / gauge.bending(rolled(1.0)) == pytest.approx(4, rel=0.02)
    assert gauge.bending(rolled(1.0)) == pytest.approx(gauge.bending(rolled(1.0) * (1, 1, -1)), rel=1e-3)


def test_a_turn_of_the_whole_changes_no_figure() -> None:
    points, faces = _sheet()
    gauge = Gauge(_garment(points, faces))
    turned = points @ np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]).T + 3
    assert gauge.bending(turned) < 1e-6
    assert gauge.stretches(turned).max() < 1e-6
    np.testing.assert_allclose(gauge.errors(points + np.array((0, 0, 0.004)), points), 0.004, atol=1e-8)


def test_pairs_of_crossing_triangles_are_counted_once() -> None:
    points = np.array(
        [
            [0, 0, 0],
            [1, 0, 0],
            [0, 1, 0],
            [0.2, 0.2, -1],
            [0.3, 0.2, 1],
            [0.2, 0.3, 1.0],
            [5, 5, 5],
            [6, 5, 5],
            [5, 6, 5],
        ]
    )
    faces = np.arange(9, dtype=np.int32).reshape(3, 3)
    assert crossing_pairs(points, faces) == 1
    assert crossing_pairs(points + (np.arange(9) // 3 == 1)[:, None] * 3.0, faces) == 0


def test_crossing_pairs_are_those_found_triangle_by_triangle() -> None:
    one, other = trimesh.creation.icosphere(2), trimesh.creation.icosphere(2)
    points = np.concatenate([one.vertices, other.vertices + np.array((0.71, 0.13, 0.07))])
    faces = np.concatenate([one.faces, other.faces + len(one.vertices)]).astype(np.int32)
    count = crossing_pairs(points, faces)
    near = crossing_pairs(points[:, [2, 0, 1]], faces)  # turned axes: the same pairs
    assert count == near
    assert 60 < count < 240


def test_scores_of_a_perfect_field_and_of_one_that_is_off() -> None:
    points, faces = _sheet()
    gauge = Gauge(_garment(points, faces))
    ball = trimesh.creation.icosphere(2, radius=0.3)
    body = Surface(ball.vertices + np.array((0.5, 0.5, -0.31)), ball.faces)
    inside = points - (0, 0, 0.05)
    bumped = points + (0, 0, 1) * np.sin(9 * points[:, :1]) * 0.05
    tally = Tally()
    tally.add(gauge, Shown(bumped, points, inside, bumped), body)
    tally.add(gauge, Shown(bumped, points, inside, bumped + np.array((0.01, 0, 0))), body)
    scores = tally.scores()
    assert scores["samples"] == 2
    assert scores["error_mm"]["mean"] == pytest.approx(5, abs=0.01)
    assert scores["error_mm"]["p95"] == pytest.approx(10, abs=0.01)
    assert scores["plain_error_mm"]["mean"] > 20
    assert scores["bending_ratio"] == pytest.approx(1, abs=1e-3)
    assert scores["penetrating_percent"]["before"] > 1
    assert scores["penetrating_percent"]["after"] < scores["penetrating_percent"]["before"]
    assert "normals_degrees" not in scores


def test_normals_are_compared_with_the_simulation_s() -> None:
    points, faces = _sheet()
    gauge = Gauge(_garment(points, faces))
    ball = trimesh.creation.icosphere(2, radius=0.3)
    body = Surface(ball.vertices + np.array((0.5, 0.5, -0.9)), ball.faces)
    slope = np.tan(np.radians(10))
    leaning = points + points[:, :1] * np.array((0, 0, slope))
    truth = vertex_normals(points, gauge.all_faces)
    tally = Tally()
    tally.add(gauge, Shown(points, points, leaning, leaning, truth), body)
    assert tally.scores()["normals_degrees"] == {"plain": pytest.approx(10, abs=0.01), "wrinkled": 0}
