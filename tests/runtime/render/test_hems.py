from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
import warp as wp

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.library import Library
from dressform.runtime.geometry.normals import vertex_normals
from dressform.runtime.render._kernels_hems import ARC, LIP, SLOTS, place_hems
from dressform.runtime.render._kernels_view import EMPTY
from dressform.runtime.render._reference_hems import hem_points
from dressform.runtime.render.garment_scene import garment_counts, garment_scene
from dressform.runtime.render.hem_edges import HemEdges, find_edges
from dressform.runtime.render.hem_topology import Rims, with_rims
from dressform.runtime.render.hems import THICKEST, THICKNESS, THINNEST, below_cloth, hem_thickness, with_hems
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Camera, Hem, SceneMesh
from dressform.runtime.render.topology import Topology, join_meshes

from .small_scenes import BARE, EVEN, grey, mesh, sphere

DEVICES = ["cpu", *(["cuda:0"] if wp.is_cuda_available() else [])]
CLOSE = Camera.look_at((0, -4, 1), (0, 0, 1), 0.15, (96, 96))
THICK = 0.02  # [m] of most sheets here, which is much for cloth and so easy to see


def grid(columns: int = 5, rows: int = 4, side: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """An upright sheet around (0, 0, 1) that faces -y."""
    x, z = np.meshgrid(np.arange(columns + 1) - columns / 2, np.arange(rows + 1) - rows / 2)
    points = np.stack([side * x, np.zeros_like(x), 1 + side * z], axis=-1).reshape(-1, 3).astype(np.float32)
    a = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).reshape(-1)
    b, c, d = a + 1, a + columns + 2, a + columns + 1
    return points, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)


def cloth(points: np.ndarray, faces: np.ndarray, thickness: float = THICK, level: int = 255) -> SceneMesh:
    drawn = mesh("cloth", faces, len(points), grey(level))
    return replace(drawn, uv=points[:, [0, 2]].copy(), hem=Hem(thickness, points))


def rimmed(meshes: list[SceneMesh], counts: list[int]) -> tuple[Topology, Rims | None, HemEdges | None]:
    topology = join_meshes(meshes, counts)
    return *with_rims(topology, meshes), find_edges(topology, meshes)


def loops(edges: HemEdges | None) -> int:
    """How many closed lines the edges make."""
    assert edges is not None
    assert (edges.following >= 0).all()
    left, found = set(range(len(edges.ends))), 0
    while left:
        at, found = left.pop(), found + 1
        while (at := int(edges.following[at])) in left:
            left.remove(at)
    return found


def borders(topology: Topology) -> int:
    return int((topology.edge_faces[:, 1] < 0).sum())


@cache
def starter(name: str) -> tuple[GarmentMesh, list[SceneMesh]]:
    version = Library.embedded().resolve(name)
    garment = version.mesh()
    return garment, with_hems(garment_scene(garment, name), garment, version.manifest.get("fabric"))


def renderer(meshes: list[SceneMesh], points: np.ndarray, preset: str = "quality", camera: Camera = CLOSE) -> Renderer:
    made = Renderer(meshes, [len(points)] + [0] * (len(meshes) - 1), camera.size, preset=preset)
    made.set_vertices(points)
    return made


def test_a_sheet_is_as_thick_as_said_and_its_outside_stays() -> None:
    points, faces = grid()
    shown = renderer([cloth(points, faces)], points)
    shown.render(CLOSE, EVEN, BARE)
    own = shown.drawings[0].points.numpy()[len(points) :].reshape(-1, int(SLOTS), 3)
    arc = own[:, : int(ARC) + 1]
    assert np.ptp(arc[..., 1]) == pytest.approx(THICK, rel=1e-5)
    assert arc[..., 1].min() == pytest.approx(0.0, abs=1e-7)  # nothing lies before the outside
    low, high = points.min(axis=0), points.max(axis=0)
    np.testing.assert_allclose(arc.min(axis=(0, 1))[[0, 2]], low[[0, 2]] - THICK / 2, atol=1e-6)
    np.testing.assert_allclose(arc.max(axis=(0, 1))[[0, 2]], high[[0, 2]] + THICK / 2, atol=1e-6)
    lip = own[:, -1]
    inside = np.maximum(low[[0, 2]] - lip[:, [0, 2]], lip[:, [0, 2]] - high[[0, 2]]).max(axis=1)
    assert inside.max() < -0.9 * float(LIP)


def test_the_rim_is_closed_against_the_sheet_and_open_only_where_turned_cloth_ends() -> None:
    points, faces = grid()
    plain = join_meshes([cloth(points, faces)], [len(points)])
    whole, rims, edges = rimmed([cloth(points, faces)], [len(points)])
    assert rims is not None
    assert loops(edges) == 1
    assert borders(plain) == 18
    # two corners of the sheet are triangles with two edges there, which stay straight: 14 edges in 6 pieces, 4 in one
    assert borders(whole) == 14 * 6 + 4
    ends = whole.edges[whole.edge_faces[:, 1] < 0]
    assert (ends >= len(points)).all()
    assert ((ends - len(points)) % int(SLOTS) == int(SLOTS) - 1).all()  # of both ends the column's last point


def test_a_silhouette_with_a_rim_is_as_large_as_sheet_and_half_circle() -> None:
    points, faces = grid()
    frames = [
        renderer([cloth(points, faces)], points, preset).render(CLOSE, EVEN, BARE) for preset in ("realtime", "quality")
    ]
    sheet, hemmed = (float(frame.alpha.sum()) for frame in frames)
    scale = CLOSE.focal_px / 4.0  # [px / m], the sheet stands 4 m away
    width, height = 0.5 + THICK, 0.4 + THICK
    assert sheet == pytest.approx(0.5 * 0.4 * scale**2, rel=0.01)
    assert hemmed == pytest.approx(width * height * scale**2, rel=0.01)
    inside = frames[1].alpha[20:76, 12:84]
    assert (inside == 1.0).all()  # and no line shows where the sheet goes over


def test_there_is_no_gap_from_any_side() -> None:
    points, faces = grid()
    for x, z in ((0.5, 1.2), (-0.6, 0.7), (0.1, 1.6)):
        camera = Camera.look_at((x, -1.2, z), (0, 0, 1), 0.5, (128, 128))
        shown = renderer([cloth(points, faces)], points, camera=camera)
        alpha = shown.render(camera, EVEN, BARE).alpha
        within = cv2.erode((alpha > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        assert within.sum() > 2000
        assert (alpha[within] > 0.999).all()


def test_what_is_closed_has_no_hem() -> None:
    points, faces = sphere(0.3, (0, 0, 1), 8)
    welded = np.unique(np.round(points, 6), axis=0, return_inverse=True)
    faces = welded[1].reshape(-1)[faces]
    faces = faces[(faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 0] != faces[:, 2])]
    points = welded[0].astype(np.float32)
    topology, rims, _ = rimmed([cloth(points, faces)], [len(points)])
    assert rims is None
    assert len(topology.faces) == len(faces)


def test_seams_between_materials_and_split_vertices_are_no_hems() -> None:
    points, faces = grid()
    whole = rimmed([cloth(points, faces)], [len(points)])[2]
    left = points[faces].mean(axis=1)[:, 0] < 0
    two = [cloth(points, faces[left]), cloth(points, faces[~left])]
    shared = rimmed(two, [len(points), 0])[2]
    assert whole is not None
    assert shared is not None
    assert len(shared.ends) == len(whole.ends)
    assert loops(shared) == 1
    split = np.concatenate([faces[left], faces[~left] + len(points)])
    apart = rimmed([cloth(np.concatenate([points, points]), split)], [2 * len(points)])[2]
    assert apart is not None
    assert len(apart.ends) == len(whole.ends)
    assert loops(apart) == 1


def test_what_a_mask_hides_has_no_hem_and_makes_none_around_it() -> None:
    points, faces = grid()
    middle = np.abs(points[faces].mean(axis=1) - (0, 0, 1)).max(axis=1) < 0.1
    assert middle.any()
    sheet = cloth(points, faces)
    whole, holed = (rimmed([replace(sheet, hidden=mask)], [len(points)])[2] for mask in (None, middle))
    assert whole is not None
    assert holed is not None
    np.testing.assert_array_equal(holed.ends, whole.ends)
    upper = points[faces].mean(axis=1)[:, 2] > 1.1
    covered = rimmed([replace(sheet, hidden=upper)], [len(points)])[2]
    assert covered is not None
    assert 0 < len(covered.ends) < len(whole.ends)
    assert points[covered.ends][..., 2].max() < 1.15


@pytest.mark.parametrize("device", DEVICES)
def test_points_match_the_reference(device: str) -> None:
    garment, scene = starter("tee")
    random = np.random.default_rng(5)
    points = (garment.points + random.normal(0, 0.002, garment.points.shape)).astype(np.float32)
    sheet_points, sheet = grid()
    meshes = [*scene, cloth(sheet_points, sheet)]
    counts = [*garment_counts(garment), len(sheet_points)]
    _, rims, _ = rimmed(meshes, counts)
    assert rims is not None
    normals = np.concatenate([vertex_normals(points, garment.faces), vertex_normals(sheet_points, sheet)])
    vertices = np.concatenate([points, sheet_points])
    want = hem_points(rims.columns, rims.shares, vertices, normals.astype(np.float64))
    count = len(rims.columns) * int(SLOTS)
    with wp.ScopedDevice(device):
        held = [wp.array(np.concatenate([a, np.zeros((count, 3))]), dtype=wp.vec3) for a in (vertices, normals)]
        turns = wp.array(np.ones((len(vertices) + count, 4)), dtype=wp.vec4)
        tables = [wp.array(rims.columns, dtype=wp.int32), wp.array(rims.shares, dtype=wp.vec2), rims.first]
        wp.launch(place_hems, len(rims.columns), tables, outputs=[*held, turns])
    for got, expected, tolerance in zip(held, want, (1e-6, 1e-4), strict=True):
        np.testing.assert_allclose(got.numpy()[len(vertices) :].reshape(expected.shape), expected, atol=tolerance)
        np.testing.assert_array_equal(got.numpy()[: len(vertices)], (vertices, normals)[got is held[1]])
    own = turns.numpy()[len(vertices) :].reshape(-1, int(SLOTS), 4)
    assert (own[:, 0] == 1).all()
    assert (own[:, 1:] == 0).all()


def test_edges_are_curves_and_corners_stay_corners() -> None:
    angle = np.arange(24) * 2 * np.pi / 24
    ring = np.stack([0.1 * np.cos(angle), 0.1 * np.sin(angle), np.zeros(24)], axis=1)
    points = np.concatenate([ring, ring + np.array([0, 0, 0.05])]).astype(np.float32)
    a, b = np.arange(24), np.roll(np.arange(24), -1)
    faces = np.concatenate([np.stack([a, b, a + 24], 1), np.stack([b, b + 24, a + 24], 1)]).astype(np.int32)
    tube = cloth(points, faces, 0.002)
    _, rims, edges = rimmed([tube], [48])
    assert loops(edges) == 2
    assert rims is not None
    placed, _ = hem_points(rims.columns, rims.shares, points, vertex_normals(points, faces).astype(np.float64))
    radius = np.linalg.norm(placed[:, 0, :2], axis=1)
    assert np.abs(radius - 0.1).max() < 2e-5  # a chord's middle is 0.86 mm inside
    square, flat = grid(1, 1)
    _, rims, _ = rimmed([cloth(square, flat)], [4])
    assert rims is not None
    placed, _ = hem_points(rims.columns, rims.shares, square, vertex_normals(square, flat).astype(np.float64))
    assert np.abs(np.abs(placed[:, 0, [0, 2]] - (0, 1)).max(axis=1) - 0.05).max() < 1e-6


def test_hems_below_other_cloth_stay_straight_and_closed() -> None:
    garment, scene = starter("tee")
    counts = garment_counts(garment)
    curved, straight = (rimmed(meshes, counts)[:2] for meshes in (scene, below_cloth(scene)))
    assert curved[1] is not None
    assert straight[1] is not None
    assert set(straight[1].shares[:, 0].tolist()) == {0.0}
    assert len(straight[1].columns) == 146 < len(curved[1].columns)
    assert borders(straight[0]) == borders(join_meshes(scene, counts))


@pytest.mark.parametrize(
    ("name", "count"),
    [("tee", 4), ("long-sleeve", 4), ("dress", 4), ("shirt", 4), ("circle-skirt", 2), ("trousers", 3)],
)
def test_garments_of_the_starter_library_have_as_many_hems_as_they_have_openings(name: str, count: int) -> None:
    garment, scene = starter(name)
    plain = join_meshes(scene, garment_counts(garment))
    whole, rims, edges = rimmed(scene, garment_counts(garment))
    assert loops(edges) == count
    assert rims is not None
    assert edges is not None
    assert (rims.columns[:, 4] >= 0).all()  # their hems are turned in already
    assert 0.0018 < edges.thickness.max() < 0.0026  # by 2 mm
    assert borders(whole) == borders(plain)  # nothing is open that was not
    lonely = np.bincount(whole.edges[whole.edge_faces[:, 1] < 0].reshape(-1))
    assert lonely.max() == 2


def test_turned_cloth_that_is_not_in_rows_stays_as_it_is_modelled() -> None:
    points, faces = grid()
    inner = faces[:, [0, 2, 1]]  # a lining that meets the cloth's edge, with diagonals the other way round
    lined = np.concatenate([faces, inner + len(points)])
    both = np.concatenate([points, points + np.array([0, 0.01, 0], np.float32)])
    edge = np.unique(join_meshes([cloth(points, faces)], [len(points)]).edges[-18:])
    lined[len(faces) :][np.isin(lined[len(faces) :] - len(points), edge)] -= len(points)
    shell = replace(cloth(both, lined), hem=Hem(THICK, both, np.arange(len(lined)) >= len(faces)))
    topology, rims, _ = rimmed([shell], [len(both)])
    assert rims is None
    assert len(topology.faces) == len(lined)


def test_a_rim_moves_as_its_cloth() -> None:
    points, faces = grid()
    shown = renderer([cloth(points, faces)], points)
    shown.render(CLOSE, EVEN, BARE)
    shown.set_vertices(points + np.array([0.02, 0, 0], np.float32))
    frame = shown.render(CLOSE, EVEN, BARE)
    seen = frame.mask == 1
    expected = 0.02 * CLOSE.focal_px / 4.0
    at = np.nonzero(seen)
    assert (at[1].max() - 47.5) * 4.0 / CLOSE.focal_px > 0.25 + 0.02 + 0.3 * THICK  # some of it is the rim
    np.testing.assert_allclose(frame.velocity[seen], [[expected, 0.0]] * len(at[0]), atol=0.01 * expected)


def test_hems_are_of_the_quality_preset_alone() -> None:
    points, faces = grid()
    with_hem, without = cloth(points, faces), replace(cloth(points, faces), hem=None)
    for preset, same in (("realtime", True), ("quality", False)):
        pictures = [renderer([each], points, preset).render(CLOSE, EVEN, BARE).rgb for each in (with_hem, without)]
        assert np.array_equal(*pictures) is same
    drawing = renderer([with_hem], points, "realtime").drawings[0]
    assert drawing.points.shape == drawing.vertices.shape == (len(points),)


def test_hems_of_sheer_cloth_are_sheer_and_come_after_all_that_is_opaque() -> None:
    """A sheer sheet, then an opaque one behind it, both with hems: as their sheets alone but for the edges."""
    points, faces = grid()
    chiffon = replace(cloth(points, faces), material=grey(255, opacity=0.5))
    behind = cloth(points, faces, level=60)
    meshes, counts = [chiffon, behind], [len(points), len(points)]
    topology, rims, _ = rimmed(meshes, counts)
    assert rims is not None
    count, edges = topology.opaque
    assert set(topology.face_mesh[:count]) == {1}
    assert set(topology.face_mesh[count:]) == {0}
    assert topology.edge_faces[:edges].max() < count <= topology.edge_faces[edges:, 0].min()
    both = np.concatenate([points, points + np.float32([0, 0.3, 0])])
    seen = []
    for preset in ("quality", "realtime"):
        made = Renderer(meshes, counts, CLOSE.size, preset=preset)
        made.set_vertices(both)
        seen.append(made.render(CLOSE, EVEN, BARE).linear[40:56, 40:56].copy())
    np.testing.assert_allclose(seen[0], seen[1], atol=0.01)


def test_callers_see_their_own_vertices_alone_and_buffers_stay() -> None:
    points, faces = grid()
    shown = renderer([cloth(points, faces)], points)
    assert shown.vertices.shape == (len(points),)
    kept = (shown.drawings[0].points.ptr, shown.drawings[0].normals.ptr)
    for _ in range(3):
        seen = shown.render(CLOSE, EVEN, BARE).seen_vertices["cloth"]
    assert seen.shape == (len(points),)
    assert seen.all()
    assert kept == (shown.drawings[0].points.ptr, shown.drawings[0].normals.ptr)
    # a rim alone is seen from behind the edge of the picture: its edge's ends count as seen
    close = Camera.look_at((0.15, -1, 1.205), (0.15, 0, 1.205), 0.008, CLOSE.size)
    found = shown.render(close, EVEN, BARE).seen_vertices["cloth"]
    assert 0 < found.sum() <= 3
    assert (points[found][:, 2] > 1.19).all()


def test_texture_goes_on_into_the_rim_of_a_sheet_and_over_a_fold() -> None:
    points, faces = grid()
    whole, rims, _ = rimmed([cloth(points, faces)], [len(points)])
    assert rims is not None
    own = (whole.faces >= len(points)).any(axis=1)
    uv = whole.face_uv[own]
    assert uv.min(axis=(0, 1)).tolist() == pytest.approx([-0.25, 0.8], abs=1e-6)
    assert uv.max(axis=(0, 1)).tolist() == pytest.approx([0.25, 1.2], abs=1e-6)
    last = (whole.faces - len(points)) % int(SLOTS) == int(SLOTS) - 1
    last &= whole.faces >= len(points)
    deep = np.minimum(0.25 - np.abs(whole.face_uv[last][:, 0]), 0.2 - np.abs(whole.face_uv[last][:, 1] - 1))
    assert deep.max() == pytest.approx(0.5 * np.pi * THICK + float(LIP), rel=0.01)  # as far as on the cloth
    garment, scene = starter("tee")
    turned, _, _ = rimmed(scene, garment_counts(garment))
    areas = np.abs(np.linalg.det(np.diff(turned.face_uv, axis=1)))
    plain = join_meshes(scene, garment_counts(garment))
    before = np.abs(np.linalg.det(np.diff(plain.face_uv, axis=1)))
    assert areas.sum() == pytest.approx(before.sum(), rel=0.01)  # the same cloth is shown, once


def test_thickness_is_that_of_three_layers_within_what_sewing_makes() -> None:
    assert hem_thickness(None) == THICKNESS
    assert hem_thickness({"name": "unknown"}) == THICKNESS
    assert hem_thickness({"thickness": 0.0005}) == pytest.approx(0.0015)
    assert hem_thickness({"thickness": 0.0001}) == THINNEST
    assert hem_thickness({"thickness": 0.003}) == THICKEST


@pytest.mark.parametrize(
    ("hem", "message"),
    [
        (lambda points: Hem(0.0, points), "thickness must be above 0"),
        (lambda points: Hem(0.002, points[:-1]), r"rest must be finite \[30, 3\]"),
        (lambda points: Hem(0.002, points * np.nan), "rest must be finite"),
        (lambda points: Hem(0.002, points, np.zeros(3, np.bool_)), r"inner must be bool \[40\], got bool \[3\]"),
        (lambda points: Hem(0.002, points, np.zeros(40, np.int64)), r"inner must be bool \[40\], got int64 \[40\]"),
        (lambda points: Hem("thin", points), "thickness must be above 0 and at most 0.05 m, got thin"),
        (lambda points: 0.003, "hem must be a Hem, got float"),
    ],
)
def test_a_hem_that_does_not_fit_is_refused(hem: object, message: str) -> None:
    points, faces = grid()
    with pytest.raises(ValueError, match=message):
        Renderer([replace(cloth(points, faces), hem=hem(points))], [len(points)])  # type: ignore[operator]


@pytest.mark.parametrize(("thickness", "corners"), [(0.05, 64), (0.004, 8), (0.004, 10)])
def test_all_of_a_hem_is_drawn_and_cleared_however_thick_or_bent(thickness: float, corners: int) -> None:
    """Of a disc whose edges are short, or bend far out as curves."""
    angle = 2.0 * np.pi * (np.arange(corners) + 0.5) / corners
    ring = np.stack([0.3 * np.cos(angle), np.zeros(corners), 1.0 + 0.3 * np.sin(angle)], axis=1)
    points = np.concatenate([[[0.0, 0.0, 1.0]], ring]).astype(np.float32)
    a = 1 + np.arange(corners)
    faces = np.stack([np.zeros(corners), a, 1 + a % corners], axis=1).astype(np.int32)
    camera = Camera.look_at((0, -4, 1), (0, 0, 1), 0.2, (256, 256))
    shown = renderer([cloth(points, faces, thickness)], points, camera=camera)
    shown.render(camera, EVEN, BARE)
    drawing = shown.drawings[0]
    low, high = drawing.bounds
    own = drawing.points.numpy()[len(points) :]
    assert (own >= low).all()
    assert (own <= high).all()
    shown.set_vertices(points + np.array([50.0, 0.0, 0.0], np.float32))
    shown.render(camera, EVEN, BARE)
    assert drawing.keys.numpy().min() >= EMPTY.value, "the hem of the picture before"
