import numpy as np
import pytest

from dressform.runtime.fit.rings import Section, openings

UP = np.array([0.0, 0.0, 1.0])
ORIGIN = np.array([0.0, 0.0, 0.505])
ASIDE = np.array([0.1, 0.0, 0.0])


def pipe(radius=0.15, around=64, rings=21, share=1.0, at=(0.0, 0.0)):
    """A tube round an axis along z, or a share of one; triangles face outwards."""
    count = around if share == 1.0 else around + 1
    angle = 2 * np.pi * share * np.arange(count) / around
    circle = np.stack([at[0] + radius * np.cos(angle), at[1] + radius * np.sin(angle), np.zeros(count)], axis=1)
    points = np.concatenate([circle + np.array([0, 0, z]) for z in np.linspace(0, 1, rings)])
    k, j = np.meshgrid(np.arange(rings - 1), np.arange(around), indexing="ij")
    a, b = k * count + j, k * count + (j + 1) % count
    faces = np.stack([np.stack([a, b, b + count], -1), np.stack([a, b + count, a + count], -1)], axis=2)
    return points, faces.reshape(-1, 3).astype(np.int32)


def polygon(radius, around, share=1.0):
    return 2 * around * radius * np.sin(np.pi * share / around)


def test_a_section_has_the_girth_of_the_polygon_as_cut_and_as_worn():
    points, faces = pipe()
    worn = points * np.array([1.1, 1.1, 1.0])
    ring = Section(worn, points, faces, ORIGIN, UP).around(ORIGIN)
    assert ring.is_closed
    assert ring.cut == pytest.approx(polygon(0.15, 64), rel=2e-3)
    assert ring.worn == pytest.approx(1.1 * ring.cut)
    assert ring.strain == pytest.approx(0.1)


def test_slack_cloth_is_not_strained():
    points, faces = pipe()
    ring = Section(points * np.array([0.9, 0.9, 1.0]), points, faces, ORIGIN, UP).around(ORIGIN)
    assert ring.strain == 0.0
    assert ring.cut == pytest.approx(polygon(0.15, 64), rel=2e-3)


def test_an_open_front_is_a_ring_that_does_not_close():
    points, faces = pipe(share=0.9)
    section = Section(points, points, faces, ORIGIN, UP)
    assert section.around(ORIGIN) is None
    ring = section.around(ORIGIN, least=0.75)
    assert not ring.is_closed
    assert ring.sweep == pytest.approx(0.9, abs=1e-6)
    assert ring.cut == pytest.approx(polygon(0.15, 64, 0.9), rel=2e-3)


def test_a_leg_is_told_from_a_skirt_around_both():
    legs = [pipe(radius=0.08, at=(x, 0.0)) for x in (0.1, -0.1)]
    points = np.concatenate([leg[0] for leg in legs])
    faces = np.concatenate([legs[0][1], legs[1][1] + len(legs[0][0])])
    here, there = ORIGIN + ASIDE, ORIGIN - ASIDE
    assert Section(points, points, faces, ORIGIN, UP).around(here, there).cut == pytest.approx(
        polygon(0.08, 64), rel=2e-3
    )
    skirt, skirt_faces = pipe(radius=0.25)
    assert Section(skirt, skirt, skirt_faces, ORIGIN, UP).around(here, there) is None


def test_the_shortest_closed_ring_counts():
    coat, shirt = pipe(radius=0.2, share=0.9), pipe(radius=0.16)
    points = np.concatenate([coat[0], shirt[0]])
    faces = np.concatenate([coat[1], shirt[1] + len(coat[0])])
    ring = Section(points, points, faces, ORIGIN, UP).around(ORIGIN, least=0.75)
    assert ring.cut == pytest.approx(polygon(0.16, 64), rel=2e-3)


def test_a_plane_that_misses_finds_nothing():
    points, faces = pipe()
    assert Section(points, points, faces, np.array([0, 0, 2.0]), UP).around(np.array([0, 0, 2.0])) is None


def test_both_ends_of_a_tube_are_openings_around_its_axis():
    points, faces = pipe()
    found = openings(points, points, faces)
    assert sorted(round(one.center[2], 6) for one in found) == [0.0, 1.0]
    for one in found:
        assert one.ring.cut == pytest.approx(polygon(0.15, 64), rel=1e-6)
        np.testing.assert_allclose(one.normal, UP, atol=1e-9)
        assert one.goes_around(one.center, UP)
        assert not one.goes_around(one.center + 3 * ASIDE, UP)


def test_the_edge_of_an_open_front_goes_round_no_body():
    points, faces = pipe(share=0.9)
    assert not any(one.goes_around(ORIGIN, UP) for one in openings(points, points, faces))
