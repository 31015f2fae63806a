from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, Layer
from dressform.authoring.steps._islands import find_islands, layout_kind, without_slits
from dressform.authoring.steps.unwrap import UnwrapOptions, unwrap_mesh
from dressform.runtime.geometry.adjacency import boundary_vertices, edges
from dressform.runtime.geometry.uv_measures import overlapping_triangles, uv_charts, uv_measures

PLAIN = UnwrapOptions(fabric=False)


@pytest.fixture
def cut(tee: GarmentMesh) -> GarmentMesh:
    """A tee with panels of an artist's."""
    return replace(unwrap_mesh(tee, "tee", PLAIN)[0], uv1=None, uv1_faces=None)


def laid(mesh: GarmentMesh, kind: str) -> GarmentMesh:
    """Lay the islands of a mesh out as a pattern tool would."""
    assert mesh.uv0 is not None
    assert mesh.uv0_faces is not None
    charts = uv_charts(mesh.uv0_faces)
    of_point = np.zeros(len(mesh.uv0), int)
    of_point[mesh.uv0_faces] = charts[:, None]
    uv = mesh.uv0.astype(np.float64)
    metres = uv_measures(mesh.points, mesh.faces, mesh.uv0, mesh.uv0_faces).meters_per_uv
    for k in range(charts.max() + 1):
        own = of_point == k
        low, extent = uv[own].min(axis=0), np.ptp(uv[own], axis=0).max()
        if kind in ("per_panel", "udim"):
            uv[own] = (uv[own] - low) / extent
        if kind == "udim":
            uv[own] = uv[own] * 0.98 + 0.01 + (k % 3, k // 3)
    if kind == "panels_metric":
        uv = uv * metres * 1000 - 300  # millimetres, with the origin among the panels
    if kind == "tiled":
        uv = uv * 3.7
    return replace(mesh, uv0=uv.astype(np.float32))


def kind_of(mesh: GarmentMesh) -> str:
    assert mesh.uv0 is not None
    assert mesh.uv0_faces is not None
    faces, uv_faces = mesh.faces.astype(np.int64), mesh.uv0_faces.astype(np.int64)
    islands = find_islands(faces, edges(faces), mesh.uv0.astype(np.float64), uv_faces)
    return layout_kind(mesh.points.astype(np.float64), faces, mesh.uv0, uv_faces, islands)


@pytest.mark.parametrize("kind", ["atlas", "panels_metric", "per_panel", "udim", "tiled"])
def test_layouts_are_told_apart_and_their_panels_kept(cut: GarmentMesh, kind: str) -> None:
    mesh = laid(cut, kind)
    assert kind_of(mesh) == kind
    done, report = unwrap_mesh(mesh, "tee", PLAIN)
    assert report.uv0_layout == kind
    assert report.uv1 == ("uv0" if kind == "atlas" else "islands")
    assert done.uv0 is mesh.uv0
    assert done.uv1 is not None
    assert done.uv1_faces is not None
    assert mesh.uv0_faces is not None
    charts, islands = uv_charts(done.uv1_faces), uv_charts(mesh.uv0_faces)
    assert len(np.unique(np.stack([charts, islands]), axis=1).T) == islands.max() + 1, "a chart for each panel"
    assert len(overlapping_triangles(done.uv1, done.uv1_faces, touch=0.0)) == 0
    assert report.area_spread < 1.3, "all panels at one scale"


def test_stacked_halves_are_laid_beside_each_other(cut: GarmentMesh) -> None:
    assert cut.uv0 is not None
    mesh = replace(cut, uv0=(cut.uv0 * 0.2 + 0.4 * (cut.uv0[:, :1] > 0.5)).astype(np.float32))
    doubled = replace(mesh, uv0=np.abs(cut.uv0 - 0.5).astype(np.float32))
    assert kind_of(doubled) in ("stacked", "per_panel")
    done, report = unwrap_mesh(doubled, "tee", PLAIN)
    assert report.overlaps == report.flipped == 0
    assert done.uv0 is doubled.uv0


def test_corners_with_uv_points_of_their_own_are_no_seams(cut: GarmentMesh) -> None:
    assert cut.uv0 is not None
    assert cut.uv0_faces is not None
    split = replace(
        cut,
        uv0=cut.uv0[cut.uv0_faces.reshape(-1)],
        uv0_faces=np.arange(cut.uv0_faces.size, dtype=np.int32).reshape(-1, 3),
    )
    faces = cut.faces.astype(np.int64)
    counts = [
        find_islands(faces, edges(faces), m.uv0.astype(np.float64), m.uv0_faces.astype(np.int64)).count  # type: ignore[union-attr]
        for m in (cut, split)
    ]
    assert counts[0] == counts[1] == uv_charts(cut.uv0_faces).max() + 1


def test_a_further_uv_set_may_be_the_atlas_and_stays_a_layer(cut: GarmentMesh) -> None:
    assert cut.uv0 is not None
    assert cut.uv0_faces is not None
    layer = Layer("lightmap", "uv", cut.uv0, cut.uv0_faces)
    mesh = replace(cut, uv0=cut.uv0 * 0, layers=(layer,))
    done, report = unwrap_mesh(mesh, "tee", PLAIN)
    assert report.uv1 == "artist"
    assert "'lightmap'" in report.uv1_reason
    assert "lie in one line" not in report.uv1_reason
    np.testing.assert_array_equal(done.uv1, layer.values)
    assert done.layers == (layer,)


@pytest.mark.parametrize("broken", [np.nan, np.inf, 1e30, 0.0])
def test_uvs_that_are_no_layout_are_kept_and_not_used(cut: GarmentMesh, broken: float) -> None:
    assert cut.uv0 is not None
    uv = np.full_like(cut.uv0, broken)
    done, report = unwrap_mesh(replace(cut, uv0=uv), "tee", PLAIN)
    assert report.uv1 == "panels"
    assert done.uv0 is uv
    assert report.overlaps == report.flipped == 0


def test_slits_are_closed_and_seams_are_not(skirt: GarmentMesh) -> None:
    faces = skirt.faces.astype(np.int64)
    found, border = edges(faces), boundary_vertices(skirt.faces, len(skirt.points))
    cuts = np.zeros(len(found.vertices), bool)
    inner = np.flatnonzero((found.face_counts == 2) & ~border[found.vertices].any(axis=1))
    cuts[inner[0]] = True
    assert not without_slits(found, cuts, border).any()
    x, y = skirt.points[:, 0], skirt.points[:, 1]
    line = (np.abs(x[found.vertices]) < 1e-4).all(axis=1) & (y[found.vertices] > 0).all(axis=1)
    assert line.any()
    np.testing.assert_array_equal(without_slits(found, line, border), line & (found.face_counts == 2))
