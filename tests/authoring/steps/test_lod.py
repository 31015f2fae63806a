from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, Layer, MorphTarget, Part
from dressform.assets.files.glb import read_glb, read_skin
from dressform.assets.files.lod import lod_points
from dressform.authoring.draft import Draft
from dressform.authoring.steps._lod_mesh import Level, compare_level, make_levels
from dressform.authoring.steps.export import export
from dressform.authoring.steps.lod import LodOptions, lod
from dressform.runtime.geometry.adjacency import boundary_loops, components, edges
from dressform.schemas.errors import AssetError, UsageError


def uv_tube(rings: int = 33, around: int = 48) -> GarmentMesh:
    """A waisted tube whose UVs, an unrolled rectangle, have one seam down its back."""
    angle = 2 * np.pi * np.arange(around + 1) / around + np.pi / 2
    z = np.linspace(0, 0.6, rings)
    radius = 0.2 + 0.04 * np.cos(z * 8)
    grid = np.arange(rings)[:, None] * around + np.arange(around + 1) % around
    points = np.stack(
        [radius[:, None] * np.cos(angle[:-1]), radius[:, None] * np.sin(angle[:-1]), z[:, None] + 0 * angle[:-1]], -1
    ).reshape(-1, 3)
    uv = np.stack(np.meshgrid(np.linspace(0.05, 0.95, around + 1), np.linspace(0.05, 0.5, rings)), -1).reshape(-1, 2)
    uv_grid = np.arange(rings * (around + 1)).reshape(rings, around + 1)

    def cut(g: np.ndarray) -> np.ndarray:
        a, b, c, d = g[:-1, :-1], g[:-1, 1:], g[1:, 1:], g[1:, :-1]
        return np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])

    from dressform.assets.files.garment import Material

    faces, uv_faces = cut(grid).astype(np.int32), cut(uv_grid).astype(np.int32)
    flat = uv.astype(np.float32)
    return GarmentMesh(
        points.astype(np.float32), faces, flat, uv_faces, flat.copy(), uv_faces.copy(), (Material(),),
        np.zeros(len(faces), np.int32),
    )  # fmt: skip


def seam_points(mesh: GarmentMesh) -> set[int]:
    assert mesh.uv0_faces is not None
    many: dict[int, set[int]] = {}
    for point, uv in zip(mesh.faces.reshape(-1).tolist(), mesh.uv0_faces.reshape(-1).tolist(), strict=True):
        many.setdefault(point, set()).add(uv)
    return {point for point, uvs in many.items() if len(uvs) > 1}


@pytest.fixture(scope="module")
def fine() -> GarmentMesh:
    return uv_tube()


@pytest.fixture(scope="module")
def levels(fine: GarmentMesh) -> list[Level]:
    return make_levels(fine, (0.5, 0.2))


def test_a_level_is_made_of_the_garments_own_points_and_uvs(fine: GarmentMesh, levels: list[Level]) -> None:
    for level, share in zip(levels, (0.5, 0.2), strict=True):
        coarse = level.mesh
        assert len(coarse.faces) == pytest.approx(share * len(fine.faces), rel=0.03)
        np.testing.assert_array_equal(coarse.points, fine.points[level.points])
        assert fine.uv0 is not None
        assert coarse.uv0 is not None
        assert coarse.uv0_faces is not None
        assert fine.uv0_faces is not None
        pairs = {
            (p, *fine.uv0[u].tolist())
            for p, u in zip(fine.faces.reshape(-1).tolist(), fine.uv0_faces.reshape(-1).tolist(), strict=True)
        }
        for point, uv in zip(level.points[coarse.faces.reshape(-1)], coarse.uv0_faces.reshape(-1), strict=True):
            assert (int(point), *coarse.uv0[uv].tolist()) in pairs, "each corner is a corner of the garment"
    assert set(levels[1].points) <= set(levels[0].points)


def test_topology_seams_and_openings_stay(fine: GarmentMesh, levels: list[Level]) -> None:
    for level in levels:
        coarse = level.mesh
        assert edges(coarse.faces).face_counts.max() == 2
        assert components(coarse.faces, len(coarse.points))[0] == 1
        assert len(boundary_loops(coarse.faces)) == 2
        kept = {int(level.points[point]) for point in seam_points(coarse)}
        assert kept <= seam_points(fine), "the seam runs where it ran"
        figures = compare_level(fine, level)
        assert figures.flipped_uv == figures.overlaps_uv1 == 0
        assert figures.openings_mm < 2
        assert figures.hausdorff_mm < 6


def test_a_seam_that_may_move_is_caught(fine: GarmentMesh) -> None:
    level = make_levels(fine, (0.2,))[0]
    assert level.mesh.uv1 is not None
    mirrored = replace(level, mesh=replace(level.mesh, uv1=level.mesh.uv1 * np.float32([-1, 1])))
    assert compare_level(fine, mirrored).flipped_uv == len(level.mesh.faces)


def test_what_points_faces_and_corners_carry_comes_along(fine: GarmentMesh) -> None:
    high = (fine.points[fine.faces][:, :, 2].mean(axis=1) > 0.3).astype(np.int32)
    values = np.random.default_rng(0).random((len(fine.points), 3)).astype(np.float32)
    full = replace(
        fine,
        parts=(Part("low"), Part("high", rigid=True)),
        part_ids=high,
        materials=fine.materials * 2,
        material_ids=high,
        layers=(Layer("heat", "custom", values, fine.faces), Layer("n", "normal", values, fine.faces)),
        morphs=(MorphTarget("wide", values),),
        polygons=np.arange(len(fine.faces), dtype=np.int32) // 2,
    )
    level = make_levels(full, (0.4,))[0]
    coarse = level.mesh
    assert coarse.part_ids is not None
    border = {frozenset(e) for e in edges(coarse.faces[coarse.part_ids == 0]).vertices.tolist()}
    assert border & {frozenset(e) for e in edges(coarse.faces[coarse.part_ids == 1]).vertices.tolist()}
    np.testing.assert_array_equal(coarse.part_ids, high[level.faces])
    np.testing.assert_array_equal(coarse.morphs[0].offsets, values[level.points])
    (heat,) = coarse.layers
    np.testing.assert_array_equal(heat.values[heat.faces], values[level.points][coarse.faces])
    assert coarse.polygons is None


def test_a_small_solid_piece_does_not_vanish(fine: GarmentMesh) -> None:
    box = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float) * 0.01 + (0, -0.3, 0.3)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    tris = np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))]) + len(fine.points)
    bare = replace(fine, uv0=None, uv0_faces=None, uv1=None, uv1_faces=None)
    both = replace(
        bare,
        points=np.vstack([fine.points, box]).astype(np.float32),
        faces=np.vstack([fine.faces, tris]).astype(np.int32),
        material_ids=np.zeros(len(fine.faces) + 12, np.int32),
    )
    coarse = make_levels(both, (0.1,))[0].mesh
    assert components(coarse.faces, len(coarse.points))[0] == 2


@pytest.mark.parametrize("name", ["shoes01", "male_worksuit01"])
def test_real_garments(garments: Path, name: str) -> None:
    from dressform.authoring.steps.clean import clean_mesh
    from dressform.authoring.steps.import_mesh import read_mesh

    mesh, _ = clean_mesh(read_mesh(garments / name / f"{name}.obj").mesh)
    for level, share in zip(make_levels(mesh, (0.5, 0.2)), (0.5, 0.2), strict=True):
        figures = compare_level(mesh, level)
        assert figures.fraction == pytest.approx(share, abs=0.01)
        assert figures.openings_mm <= 2
        assert figures.flipped_uv == 0
        assert figures.hausdorff_mm < 30
        count = components(mesh.faces, len(mesh.points))[0]
        assert components(level.mesh.faces, len(level.mesh.points))[0] == count


@pytest.fixture
def draft(tmp_path: Path, fine: GarmentMesh) -> Draft:
    manifest = {"name": "tube", "sizes": {"M": {"garment": "sizes/M/garment.glb"}}}
    return Draft.create(tmp_path / "draft").commit_step("import", {}, {}, mesh=fine, manifest=manifest)


def test_the_step_leaves_files_that_know_their_points(draft: Draft, fine: GarmentMesh, tmp_path: Path) -> None:
    done = lod(draft, LodOptions((0.5, 0.2)))
    assert done.manifest["sizes"]["M"]["lods"] == ["sizes/M/lod1.glb", "sizes/M/lod2.glb"]
    assert (done.folder / "lod.png").read_bytes()[:4] == b"\x89PNG"
    for number in (1, 2):
        mesh = read_glb(done.folder / f"sizes/M/lod{number}.glb")
        points = lod_points(mesh, len(fine.points), "lod")
        np.testing.assert_array_equal(mesh.points, fine.points[points])
    exported = read_glb(export(done, tmp_path / "out.glb", lod=2))
    assert len(exported.faces) == done.report("lod")["levels"][1]["triangles"]
    with pytest.raises(AssetError, match="no level of detail 3"):
        export(done, tmp_path / "no.glb", lod=3)


def test_fewer_levels_leave_no_old_ones(draft: Draft) -> None:
    once = lod(draft, LodOptions((0.5, 0.2)))
    again = lod(once, LodOptions((0.3,)))
    assert again.manifest["sizes"]["M"]["lods"] == ["sizes/M/lod1.glb"]
    assert not (again.folder / "sizes/M/lod2.glb").exists()


def test_moved_points_take_the_levels_back(draft: Draft, fine: GarmentMesh) -> None:
    done = lod(draft)
    moved = done.commit_step("place", {}, {}, mesh=replace(fine, points=fine.points + np.float32(0.1)))
    assert not moved.has("lod")
    assert "lods" not in moved.manifest["sizes"]["M"]
    assert not list(moved.folder.glob("sizes/M/lod*.glb"))
    assert not (moved.folder / "lod.png").exists()
    assert (moved.folder / "sizes/M/garment.glb").is_file()


@pytest.mark.parametrize("ratios", [(), (0.2, 0.5), (1.0,), (0.001,), (0.9, 0.8, 0.7, 0.6, 0.5)])
def test_options(ratios: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="--ratios"):
        LodOptions(ratios)


def test_a_level_without_rig_has_no_skin(draft: Draft) -> None:
    assert read_skin(lod(draft, LodOptions((0.5,))).folder / "sizes/M/lod1.glb") is None
