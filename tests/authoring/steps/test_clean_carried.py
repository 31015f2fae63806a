from __future__ import annotations

from dataclasses import replace

import numpy as np

from dressform.assets.files.garment import GarmentMesh, Layer, Material, MorphTarget, Part, SourceSkin, Variant
from dressform.authoring.formats.polygons import polygon_faces, triangulate
from dressform.authoring.steps.clean import CleanOptions, clean_mesh


def carried(mesh: GarmentMesh) -> GarmentMesh:
    """Give a mesh one of everything, each value telling the point or face that it belongs to."""
    count = len(mesh.points)
    value = np.tile(mesh.points[:, 2:], (1, 3)).astype(np.float32)
    outward = (mesh.points * (1, 1, 0) / np.linalg.norm(mesh.points[:, :2], axis=1)[:, None]).astype(np.float32)
    tangent = np.column_stack([np.tile([0.0, 0.0, 1.0], (count, 1)), np.ones(count)]).astype(np.float32)
    high = (mesh.points[mesh.faces][:, :, 2].mean(axis=1) > 0.3).astype(np.int32)
    return replace(
        mesh,
        uv0=mesh.points[:, :2].copy(),
        uv0_faces=mesh.faces.copy(),
        materials=(Material("a"), Material("b")),
        material_ids=high,
        polygons=np.arange(len(mesh.faces), dtype=np.int32),
        parts=(Part("low"), Part("high")),
        part_ids=high,
        layers=(
            Layer("TEXCOORD_2", "uv", mesh.points[:, 1:].copy(), mesh.faces.copy()),
            Layer("NORMAL", "normal", outward, mesh.faces.copy()),
            Layer("TANGENT", "tangent", tangent, mesh.faces.copy()),
        ),
        morphs=(MorphTarget("wide", value, 0.5, (Layer("NORMAL", "normal", outward, mesh.faces.copy()),)),),
        skin=SourceSkin(
            ("root",), np.array([-1], np.int32), np.eye(4, dtype=np.float32)[None],
            np.zeros((count, 1), np.int32), mesh.points[:, 2:].astype(np.float32),
        ),
        variants=(Variant("night", (1, 0)),),
        extras={"season": "spring"},
    )  # fmt: skip


def test_all_that_a_mesh_carries_stays_with_it(skirt: GarmentMesh) -> None:
    full = carried(skirt)
    # a degenerate face in front, a loose point, and every point twice
    shuffled = replace(
        full,
        points=np.vstack([full.points, full.points, [[9, 9, 9]]]).astype(np.float32),
        faces=full.faces + np.int32(len(full.points)) * (np.arange(len(full.faces), dtype=np.int32)[:, None] % 2 == 0),
        morphs=(replace(full.morphs[0], offsets=np.vstack([full.morphs[0].offsets] * 2 + [np.zeros((1, 3))])),),
        skin=replace(
            full.skin,
            indices=np.zeros((2 * len(full.points) + 1, 1), np.int32),
            weights=np.vstack([full.skin.weights] * 2 + [[[0]]]),
        ),
    )  # fmt: skip
    cleaned, report = clean_mesh(shuffled)
    assert report.unused_points == 1
    assert len(cleaned.points) == len(skirt.points)
    z = cleaned.points[:, 2]
    np.testing.assert_array_equal(cleaned.morphs[0].offsets, np.tile(z[:, None], (1, 3)))
    assert cleaned.skin is not None
    np.testing.assert_array_equal(cleaned.skin.weights[:, 0], z)
    uv2, normal, tangent = cleaned.layers
    np.testing.assert_array_equal(uv2.values[uv2.faces][..., 1], z[cleaned.faces])
    assert (uv2.name, normal.kind, tangent.kind) == ("TEXCOORD_2", "normal", "tangent")
    np.testing.assert_array_equal(cleaned.material_ids, z[cleaned.faces].mean(axis=1) > 0.3)
    assert (cleaned.variants, cleaned.extras, cleaned.morphs[0].weight) == (full.variants, full.extras, 0.5)


def test_normals_turn_with_faces_that_were_inside_out(skirt: GarmentMesh) -> None:
    full = carried(replace(skirt, faces=skirt.faces[:, ::-1].copy()))
    inward = replace(full, layers=tuple(replace(a, values=-a.values) if a.kind == "normal" else a for a in full.layers))
    for mesh, sign in ((inward, -1.0), (full, 1.0)):
        cleaned, report = clean_mesh(mesh)
        assert report.pieces_turned == 1
        _, normal, tangent = cleaned.layers
        radial = cleaned.points[cleaned.faces] * (1, 1, 0)
        assert (np.einsum("fki,fki->fk", normal.values[normal.faces], radial) > 0).all(), "they look outward"
        assert (tangent.values[:, 3] == sign).all()


def quads(mesh: GarmentMesh) -> GarmentMesh:
    """The skirt's triangles lie as quads: its first half and its second half."""
    half = len(mesh.faces) // 2
    order = np.stack([np.arange(half), np.arange(half) + half], axis=1).reshape(-1)
    return replace(mesh, faces=mesh.faces[order], polygons=np.repeat(np.arange(half, dtype=np.int32), 2))


def test_quads_survive(skirt: GarmentMesh) -> None:
    mesh = quads(skirt)
    cleaned, report = clean_mesh(mesh)
    assert (report.polygons, report.polygons_broken) == (len(mesh.faces) // 2, 0)
    loops = polygon_faces(cleaned)
    assert (loops.counts == 4).all()
    np.testing.assert_array_equal(loops.slots, polygon_faces(mesh).slots)


def test_a_repair_that_reaches_into_polygons_breaks_only_those(skirt: GarmentMesh) -> None:
    mesh = quads(skirt)
    gone = replace(mesh, faces=np.vstack([mesh.faces, mesh.faces[:1]]), polygons=np.append(mesh.polygons, 999))
    cleaned, report = clean_mesh(replace(gone, material_ids=np.zeros(len(gone.faces), np.int32)))
    assert report.duplicate_faces == 1
    assert report.polygons_broken == 0
    # a quad with a corner in the middle of its neighbour's edge: the sliver between is turned over
    k = int(np.argmin(np.abs(mesh.points[mesh.faces][:, :, 2] - 0.3).max(axis=1)))  # no border near
    a, b, c = (int(v) for v in mesh.faces[k])
    middle = (mesh.points[a] + mesh.points[b]) / 2
    new = len(mesh.points)
    faces = np.vstack([mesh.faces[:k], [[a, new, c], [new, b, c]], mesh.faces[k + 1 :], [[a, b, new]]]).astype(np.int32)
    polygons = np.concatenate([mesh.polygons[: k + 1], mesh.polygons[k:], [999]]).astype(np.int32)
    broken = replace(
        mesh,
        points=np.vstack([mesh.points, middle]).astype(np.float32),
        faces=faces,
        polygons=polygons,
        material_ids=np.zeros(len(faces), np.int32),
    )
    cleaned, report = clean_mesh(broken)
    assert report.slivers_turned == 1
    assert 1 <= report.polygons_broken <= 2
    assert report.polygons == len(np.unique(cleaned.polygons))
    assert (np.diff(cleaned.polygons) >= 0).all()


def test_a_concave_polygon_survives() -> None:
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    radius = np.where(np.arange(12) % 2, 0.1, 0.25)
    star = np.stack([radius * np.cos(angle), np.zeros(12), radius * np.sin(angle)], axis=1)
    faces, owner = triangulate(star, np.arange(12)[::-1].copy(), np.array([12]))
    corners = np.arange(12)[::-1][faces].astype(np.int32)
    ids = np.zeros(len(corners), np.int32)
    mesh = GarmentMesh(
        star.astype(np.float32), corners, None, None, None, None, (Material(),), ids, polygons=owner.astype(np.int32)
    )
    cleaned, report = clean_mesh(mesh)
    loops = polygon_faces(cleaned)
    assert report.polygons == 1
    assert loops.counts.tolist() == [12]
    walked = cleaned.faces.reshape(-1)[loops.slots]
    assert set(np.abs(np.diff(walked)).tolist()) <= {1, 11}, "around the star in order"


def panels(gap: float) -> GarmentMesh:
    """A tube of four panels whose borders lie `gap` apart."""
    rings, across = 9, 7
    points, faces = [], []
    for k in range(4):
        angle = (k + np.linspace(0, 1, across)) * np.pi / 2
        shift = gap * np.array([np.cos(angle.mean()), np.sin(angle.mean())])
        grid = np.arange(rings * across).reshape(rings, across) + k * rings * across
        for z in np.linspace(0, 0.5, rings):
            xy = 0.2 * np.stack([np.cos(angle), np.sin(angle)], axis=1) + shift / np.sqrt(2)
            points.append(np.column_stack([xy, np.full(across, z)]))
        a, b, c, d = grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]
        faces += [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)]
    tri = np.concatenate(faces).astype(np.int32)
    ids = np.zeros(len(tri), np.int32)
    return GarmentMesh(np.concatenate(points).astype(np.float32), tri, None, None, None, None, (Material(),), ids)


def test_panels_are_sewn() -> None:
    for gap in (0.0, 1e-4):
        cleaned, report = clean_mesh(panels(gap))
        assert (report.seams_sewn, report.piece_count, report.openings) == (4, 1, 2)
        np.testing.assert_allclose(report.seam_length_m, 4 * 0.5, rtol=1e-3)
        assert len(cleaned.points) == 4 * 9 * 6
    _, report = clean_mesh(panels(5e-3))
    assert (report.seams_sewn, report.piece_count) == (0, 4), "panels that lie apart stay apart"
    _, report = clean_mesh(panels(1e-4), CleanOptions(sew=0.0))
    assert (report.seams_sewn, report.piece_count) == (0, 4)


def test_a_soup_of_triangles_has_no_seams(skirt: GarmentMesh) -> None:
    soup = replace(
        skirt,
        points=skirt.points[skirt.faces].reshape(-1, 3),
        faces=np.arange(skirt.faces.size, dtype=np.int32).reshape(-1, 3),
    )
    assert clean_mesh(soup)[1].seams_sewn == 0


def test_mirrored_scale(skirt: GarmentMesh) -> None:
    mirrored = replace(skirt, points=skirt.points * np.float32([-1, 1, 1]))
    cleaned, report = clean_mesh(mirrored)
    assert report.pieces_turned == 1
    a, b, c = (cleaned.points[cleaned.faces[:, k]] for k in range(3))
    assert (np.einsum("ij,ij->i", np.cross(b - a, c - a), (a + b + c) * (1, 1, 0)) > 0).all()


def test_far_too_many_triangles_are_cleaned_and_said() -> None:
    around, rings = 460, 226
    angle = 2 * np.pi * np.arange(around) / around
    z = np.linspace(0, 0.7, rings)
    points = np.stack(
        [np.tile(0.2 * np.cos(angle), rings), np.tile(0.15 * np.sin(angle), rings), np.repeat(z, around)], axis=1
    )
    grid = np.arange(rings * around).reshape(rings, around)
    right = np.roll(grid, -1, axis=1)
    a, b, c, d = grid[:-1], right[:-1], right[1:], grid[1:]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    ids = np.zeros(len(faces), np.int32)
    mesh = GarmentMesh(points.astype(np.float32), faces.astype(np.int32), None, None, None, None, (Material(),), ids)
    _, report = clean_mesh(mesh, CleanOptions(triangles=0))
    assert report.triangles == 207_000
    assert "207,000 triangles" in report.notes[0]
