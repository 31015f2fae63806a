"""The numbers of a difference, each against what was done to the garment."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from dressform.assets.differences import differences, moved


@pytest.fixture
def compared(library, publish, make_draft, make_tube, tmp_path):
    """Publish the tube, then the tube changed; returns the comparison and its figures by part, of and name."""

    def compare(mesh=None, first=None, **options):
        before = make_draft(tmp_path / "before", mesh=first or make_tube(), sizes=("M", "L"))
        after = make_draft(tmp_path / "after", mesh=mesh or make_tube(), **{"sizes": ("M", "L"), **options})
        result = differences(publish(before), publish(after))
        return result, {(f.part, f.of, f.name): f for f in result.figures}

    return compare


def test_topology_and_shape(compared, make_tube):
    tall = make_tube(rows=9)
    result, figures = compared(tall, first=make_tube())
    assert result.bump == "major"
    points, triangles = figures["topology", "", "points"], figures["topology", "", "triangles"]
    assert (points.old, points.value) == (40, 72)
    assert (triangles.old, triangles.value) == (64, 128)
    # more rows on the same tube: every new point lies on the old surface
    assert figures["shape", "size M", "largest move"].value == pytest.approx(0, abs=0.01)
    assert figures["shape", "size M", "cloth"].value == pytest.approx(figures["shape", "size M", "cloth"].old, rel=1e-4)


def test_points_that_moved(compared, make_tube):
    tube = make_tube()
    points = tube.points.copy()
    points[:8, 2] -= 0.03  # the lowest of five rows
    result, figures = compared(dataclasses.replace(tube, points=points))
    assert result.bump == "minor"
    assert figures["shape", "size M", "points moved"].value == pytest.approx(20)
    assert figures["shape", "size M", "mean move"].value == pytest.approx(6, abs=1e-3)
    assert figures["shape", "size M", "largest move"].value == pytest.approx(30, abs=1e-3)
    # the larger size is the smaller one grown by two hundredths
    assert figures["shape", "size L", "largest move"].value == pytest.approx(30.6, abs=1e-3)


def test_uvs(compared, make_tube):
    tube = make_tube()
    uv1 = tube.uv1.copy()
    uv1[:4] += 0.01  # one quad of 32
    _, figures = compared(dataclasses.replace(tube, uv1=uv1))
    assert figures["uv", "uv1", "triangles changed"].value == pytest.approx(100 / 32)
    assert figures["uv", "uv0", "triangles changed"].value == 0


def test_rig(compared, make_rig):
    _, figures = compared(rig_seed=6)
    assert figures["rig", "anny", "points whose weights changed"].value == 100
    hidden = figures["rig", "anny", "body triangles hidden"]
    assert (hidden.old, hidden.value) != (0, 0)


def test_looks(compared, make_tube):
    tube = make_tube()
    cotton, rib = tube.materials
    changed = dataclasses.replace(cotton, roughness=0.6, base_color_image=cotton.normal_image)
    _, figures = compared(dataclasses.replace(tube, materials=(changed, rib)))
    assert figures["looks", "cotton", "roughness"].value == pytest.approx(0.6)
    assert figures["looks", "cotton", "roughness"].old == pytest.approx(0.85)
    assert figures["looks", "cotton", "colour texture's texels changed"].value > 90
    assert ("looks", "rib", "roughness") not in figures


def test_the_same_content_has_no_figures(library, publish, draft):
    version = publish(draft)
    assert differences(version, version).bump is None
    assert not differences(version, version).figures


def test_distance_to_another_topology_is_to_the_surface(make_tube):
    tube = make_tube()
    fewer = dataclasses.replace(tube, faces=tube.faces[::-1])  # the same surface, other numbers
    assert moved(tube, fewer).max() < 1e-7
    raised = dataclasses.replace(fewer, points=tube.points + np.float32([0, 0, 0.5]))
    assert 0.4 < moved(tube, raised).max() <= 0.5
