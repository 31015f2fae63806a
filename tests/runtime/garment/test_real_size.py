import numpy as np
import pytest

from dressform.runtime.garment.real_size import SLIP, RealSize, principal_strain
from dressform.runtime.garment.skin_contact import ON_SKIN
from dressform.runtime.garment.under import Under

AROUND = 48


def pipe(radius, low, high, rings):
    """A tube around the z axis, its triangles facing outwards."""
    angle = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
    circle = np.stack([radius * np.cos(angle), radius * np.sin(angle), np.zeros(AROUND)], axis=1)
    points = np.concatenate([circle + np.array([0, 0, z]) for z in np.linspace(low, high, rings)]).astype(np.float32)
    k, j = np.meshgrid(np.arange(rings - 1), np.arange(AROUND), indexing="ij")
    a, b = k * AROUND + j, k * AROUND + (j + 1) % AROUND
    faces = np.concatenate([np.stack([a, b, b + AROUND], -1), np.stack([a, b + AROUND, a + AROUND], -1)])
    return points, faces.reshape(-1, 3).astype(np.int32)


BODY = pipe(0.15, 0.0, 1.0, 60)
FABRIC = {"weight": 0.2, "stretch_warp": 300.0, "stretch_weft": 500.0}


def radii(points):
    return np.linalg.norm(points[:, :2], axis=1)


def middle(points):
    return (points[:, 2] > 0.45) & (points[:, 2] < 0.55)


def test_tight_cloth_presses_as_a_pipe_under_tension():
    points, faces = pipe(0.14, 0.3, 0.7, 24)
    start = points * np.float32([0.155 / 0.14, 0.155 / 0.14, 1])
    cloth = RealSize(points, faces, fabric=FABRIC)
    worn = cloth.worn(start, *BODY)
    strain = (0.15 + ON_SKIN) / 0.14 - 1
    np.testing.assert_allclose(radii(worn.points), 0.15 + ON_SKIN, atol=1e-3)
    assert np.median(principal_strain(points, worn.points, faces)) == pytest.approx(strain, abs=0.008)
    # the law of Laplace: pressure = tension / radius, tension = strain × the mean of warp and weft
    here = middle(worn.points)
    assert worn.pressure[here].mean() == pytest.approx(400 * strain / (0.15 + ON_SKIN), rel=0.1)
    assert worn.moving_mm < 0.5


def test_cloth_that_was_shrunk_onto_a_body_gets_its_size_back():
    points, faces = pipe(0.2, 0.3, 0.7, 24)
    start = points * np.float32([0.16 / 0.2, 0.16 / 0.2, 1.1])
    cloth = RealSize(points, faces)
    assert np.median(principal_strain(points, start, faces)) > 0.08
    worn = cloth.worn(start, *BODY)
    np.testing.assert_allclose(radii(worn.points), 0.2, atol=0.004)
    assert np.ptp(worn.points[:, 2]) == pytest.approx(0.4, abs=0.01)
    assert abs(principal_strain(points, worn.points, faces)).max() < 0.02
    assert worn.pressure[middle(worn.points)].max() < 5


def test_trim_and_what_is_under_go_along():
    points, faces = pipe(0.14, 0.3, 0.7, 24)
    loop = points[[0, 1, AROUND]] * np.float32([1.01, 1.01, 1])  # a loose scrap over the cloth
    hem = points[:1] * np.float32([0.98, 0.98, 1])
    count = len(points)
    everything = np.concatenate([points, loop, hem])
    cloth_faces = np.concatenate([faces, [[count, count + 1, count + 2]]]).astype(np.int32)
    under = Under(
        np.int32([count + 3]), np.int32([[0, 1, AROUND]]), np.float32([[1, 0, 0]]), np.float32([[0, 0, -0.002]])
    )
    cloth = RealSize(everything, cloth_faces, under=under)
    start = everything * np.float32([0.155 / 0.14, 0.155 / 0.14, 1])
    worn = cloth.worn(start, *BODY).points
    assert np.linalg.norm(worn[0] - worn[count + 3]) == pytest.approx(0.002, abs=1e-4)
    own = np.linalg.norm(np.diff(start[count : count + 3], axis=0), axis=1)
    now = np.linalg.norm(np.diff(worn[count : count + 3], axis=0), axis=1)
    np.testing.assert_allclose(now / own, now[0] / own[0], rtol=0.02)  # its shape as carried to the body
    assert np.linalg.norm(worn[count] - worn[0]) < 0.01


def test_what_is_all_stiff_is_left_as_it_is():
    points, faces = pipe(0.2, 0.3, 0.7, 8)
    hat = RealSize(points, faces, stiff=[np.arange(len(points))])
    assert not hat.is_soft
    worn = hat.worn(points, *BODY)
    np.testing.assert_array_equal(worn.points, points)
    assert not worn.pressure.any()


def test_two_runs_agree_to_the_bit():
    points, faces = pipe(0.14, 0.3, 0.7, 24)
    start = points * np.float32([1.1, 1.1, 1])
    cloth = RealSize(points, faces)
    one, two = (cloth.worn(start, *BODY) for _ in range(2))
    assert one.points.tobytes() == two.points.tobytes()
    assert one.pressure.tobytes() == two.pressure.tobytes()


def test_a_band_stays_at_its_height_and_the_rest_hangs_from_it():
    points, faces = pipe(0.2, 0.3, 0.7, 24)
    start = points * np.float32([0.9, 0.9, 1]) + np.float32([0, 0, 0.05])
    cloth, top = RealSize(points, faces), np.flatnonzero(points[:, 2] > 0.69)
    held, free = (cloth.worn(start, *BODY, band=band).points for band in (top, None))
    np.testing.assert_allclose(held[top, 2], 0.75, atol=SLIP)
    assert free[top, 2].max() < 0.74
    assert np.ptp(held[:, 2]) == pytest.approx(0.4, abs=0.01)
