from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dressform.authoring.patterns._delaunay import areas, corner_angles, triangles_inside
from dressform.authoring.patterns._outline import signed_area
from dressform.authoring.patterns._triangulate import triangulate
from dressform.authoring.patterns.meshing import mesh_pattern
from dressform.authoring.patterns.pattern import Seam
from dressform.runtime.geometry.adjacency import boundary_loops, components, edges
from dressform.schemas.errors import InputError

from .sewing_samples import apron, darted, pattern, rectangle, refs, skirt


def quality(mesh):
    return np.degrees(corner_angles(mesh.flat, mesh.flat_faces.astype(np.int64)).min(axis=1))


@pytest.mark.parametrize(("make", "openings"), [(skirt, 2), (darted, 1), (apron, 1)])
@pytest.mark.parametrize("edge_length", [0.012, 0.016, 0.03])
def test_sewn_panels_are_one_even_surface(make, openings, edge_length):
    mesh = mesh_pattern(make(), edge_length)
    assert components(mesh.faces, mesh.point_count)[0] == 1
    assert set(edges(mesh.faces).face_counts) == {1, 2}
    assert len(boundary_loops(mesh.faces)) == openings
    assert (quality(mesh) >= 15).mean() >= 0.99
    assert set(mesh.points) == set(range(mesh.point_count))
    for number, panel in enumerate(mesh.pattern.panels):
        own = mesh.flat_faces[mesh.face_panels == number].astype(np.int64)
        assert areas(mesh.flat, own).sum() == pytest.approx(signed_area(panel.outline), rel=1e-9)
        assert (mesh.panel_ids[own] == number).all()
    lengths = np.linalg.norm(mesh.flat[mesh.flat_faces] - mesh.flat[np.roll(mesh.flat_faces, -1, axis=1)], axis=2)
    assert 0.6 * edge_length < np.median(lengths) < 1.2 * edge_length


def test_both_sides_of_a_seam_meet_point_by_point():
    mesh = mesh_pattern(skirt())
    first = mesh.points[mesh.edges["front", "right"]]
    second = mesh.points[mesh.edges["back", "left"]]
    assert (first == second[::-1]).all()
    around = np.concatenate(
        [mesh.points[mesh.edges["back", "top"]][::-1], mesh.points[mesh.edges["front", "top"]][::-1]]
    )
    band = mesh.points[mesh.edges["band", "hem"]]
    assert [k for k, point in enumerate(around) if k == 0 or point != around[k - 1]]
    assert set(band) == set(around)
    assert band[0] == band[-1]


def test_a_corner_on_one_side_gets_a_point_on_the_other():
    mesh = mesh_pattern(skirt())
    corner = mesh.points[mesh.edges["front", "top"][-1]]
    on_band = mesh.edges["band", "hem"][np.flatnonzero(mesh.points[mesh.edges["band", "hem"]] == corner)]
    assert mesh.flat[on_band, 0] == pytest.approx([0.0], abs=1e-9)


def test_gathers_share_points_out_evenly():
    panels = [rectangle("yoke", 0.3, 0.1), rectangle("skirt", 0.45, 0.2)]
    mesh = mesh_pattern(pattern(panels, [Seam(refs("yoke.hem"), refs("skirt.top"), gathers=0.5)]))
    yoke, gathered = (mesh.flat[mesh.edges[key], 0] for key in (("yoke", "hem"), ("skirt", "top")))
    assert gathered[::-1] == pytest.approx(1.5 * yoke)


def test_a_narrow_band_has_two_rows():
    mesh = mesh_pattern(skirt(band=0.02))
    own = mesh.flat[mesh.panel_ids == 2][:, 1]
    assert ((own > 0.005) & (own < 0.015)).sum() > 40
    assert not bridged(mesh)


def test_a_very_narrow_band_still_holds():
    assert not bridged(mesh_pattern(skirt(band=0.006), 0.016))


def bridged(mesh):
    """Inner edges of a panel that join two points of its border."""
    border = np.zeros(len(mesh.flat), bool)
    border[np.concatenate(list(mesh.edges.values()))] = True
    found = edges(mesh.flat_faces)
    return found.vertices[(found.face_counts == 2) & border[found.vertices].all(axis=1)].tolist()


def test_the_same_pattern_gives_the_same_mesh():
    first, second = mesh_pattern(skirt()), mesh_pattern(skirt())
    assert (first.flat_faces == second.flat_faces).all()
    assert (first.flat == second.flat).all()
    assert (first.layout == second.layout).all()


def test_forced_edges_are_there():
    """A comb whose teeth are nearer to each other than its points: Delaunay alone leaves edges out."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        teeth = np.cumsum(rng.uniform(0.004, 0.02, 9))
        upper = [(x, 0.1 + (0.09 if k % 2 else -rng.uniform(0, 0.08))) for k, x in enumerate(teeth)]
        border = np.array([(0.0, 0.0), (teeth[-1] + 0.01, 0.0), *upper[::-1]])
        faces = triangles_inside(border, len(border))
        found = edges(faces)
        own = {tuple(sorted((k, (k + 1) % len(border)))) for k in range(len(border))}
        assert own == {tuple(map(int, pair)) for pair in found.vertices[found.face_counts == 1]}
        assert areas(border, faces).min() > 0
        assert areas(border, faces).sum() == pytest.approx(signed_area(border))


def test_random_outlines_are_filled():
    rng = np.random.default_rng(8)
    for _ in range(10):
        angle = np.arange(60) / 60 * 2 * np.pi
        radius = 0.1 + sum(rng.uniform(0, 0.03) * np.sin(k * angle + rng.uniform(0, 6)) for k in range(1, 6))
        border = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        points, faces = triangulate(border, 0.012)
        assert (points[:60] == border).all()
        assert areas(points, faces).min() > 0
        assert areas(points, faces).sum() == pytest.approx(signed_area(border))


def test_a_seam_in_the_wrong_order_is_named():
    sample = skirt()
    seams = (*sample.seams[:3], Seam(refs("band.hem"), refs("back.top", "front.top")))
    mesh_pattern(replace(sample, seams=seams))
    long_back = replace(sample.panels[1], edges=rectangle("back", 0.44, 0.3).edges)
    sides = pattern(
        [rectangle("front", 0.2, 0.3), rectangle("low", 0.2, 0.1), rectangle("high", 0.2, 0.2), long_back],
        [Seam(refs("low.top"), refs("high.hem")), Seam(refs("high.right", "low.right"), refs("front.left"))],
    )
    with pytest.raises(InputError, match=r"lists high\.right before low\.right, against the way it is sewn"):
        mesh_pattern(sides)


def test_what_is_no_surface_once_sewn_is_refused():
    ring = pattern([rectangle("band", 0.03, 0.02)], [Seam(refs("band.right"), refs("band.left"))])
    with pytest.raises(InputError, match="the panels band are no surface"):
        mesh_pattern(ring, 0.05)
    with pytest.raises(InputError, match=r"edge length 1\.0 mm, needed 4 to 100 mm"):
        mesh_pattern(ring, 0.001)
