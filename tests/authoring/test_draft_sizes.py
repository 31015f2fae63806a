"""Drafts with several sizes: one rig, one look, a shape each."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.glb_read import read_glb
from dressform.assets.files.rig_file import read_rig, rig_bytes
from dressform.authoring.draft import Draft
from dressform.authoring.steps.lod import LodOptions, lod
from dressform.authoring.steps.rig import RigOptions, rig
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.garment.shape_transfer import Binding, transfer
from dressform.schemas.errors import AssetError


@pytest.fixture
def draft(tmp_path: Path, skirt: GarmentMesh) -> Draft:
    """A skirt around the hips in M and a wider, longer L."""
    m = dataclasses.replace(skirt, points=skirt.points * (1, 1, 0.8) + np.array([0, 0, 0.55], np.float32))
    l_points = (m.points - (0, 0, 1.03)) * (1.08, 1.08, 1.1) + (0, 0, 1.03)
    larger = dataclasses.replace(m, points=l_points.astype(np.float32))
    sizes = {size: {"garment": f"sizes/{size}/garment.glb"} for size in ("M", "L")}
    manifest = {"schema": "dressform/draft/1", "name": "tube", "category": "skirt", "sizes": sizes, "default_size": "M"}
    return Draft.create(tmp_path / "tube").commit_step(
        "import", {}, {}, mesh=m, further={"L": larger}, manifest=manifest
    )


def test_a_look_reaches_every_size_and_no_shape_is_lost(draft: Draft) -> None:
    before = draft.mesh_of("L").points
    red = dataclasses.replace(draft.mesh, materials=(Material("red", (1, 0, 0, 1)),))
    done = draft.commit_step("unwrap", {}, {}, mesh=red)
    assert done.mesh_of("L").materials[0].name == "red"
    np.testing.assert_array_equal(done.mesh_of("L").points, before)
    assert not np.array_equal(done.mesh.points, before)


def test_a_step_that_moves_one_size_alone_is_refused_and_nothing_changes(draft: Draft) -> None:
    files = {path: path.read_bytes() for path in draft.folder.rglob("*") if path.is_file()}
    moved = dataclasses.replace(draft.mesh, points=draft.mesh.points + np.float32(0.1))
    with pytest.raises(AssetError, match="would change size M alone, and L would no longer fit"):
        draft.commit_step("clean", {}, {}, mesh=moved)
    assert {path: path.read_bytes() for path in draft.folder.rglob("*") if path.is_file()} == files


def test_sizes_share_weights_and_each_hangs_where_it_is(draft: Draft) -> None:
    done = rig(draft, RigOptions(sweep="none"))
    made, rest = done.rig, canonical_rest()
    assert set(made.sizes) == {"L"}
    for size in ("M", "L"):
        own = made.of_size(size)
        binding = Binding(own.binding_triangles, own.binding_barycentrics, own.binding_offsets)
        points = done.mesh_of(size).points
        back = transfer(binding, done.mesh.faces, rest.vertices, rest.vertices, rest.body.faces)
        assert np.abs(back - points).max() < 1e-4
        assert own.joint_weights is made.joint_weights
    skinned = read_glb(done.folder / "sizes/L/garment.glb").skin
    assert skinned is None  # the source's; dressform's own is the rig's


def test_a_rig_keeps_its_sizes_in_its_file(draft: Draft, tmp_path: Path) -> None:
    made = rig(draft, RigOptions(sweep="none")).rig
    (tmp_path / "again").write_bytes(rig_bytes(made))
    again = read_rig(tmp_path / "again")
    np.testing.assert_array_equal(again.sizes["L"].offsets, made.sizes["L"].offsets)
    assert rig_bytes(again) == rig_bytes(made)


def test_levels_of_detail_keep_the_same_points_in_every_size(draft: Draft) -> None:
    done = lod(rig(draft, RigOptions(sweep="none")), LodOptions((0.5,)))
    levels = {size: read_glb(done.folder / f"sizes/{size}/lod1.glb") for size in ("M", "L")}
    np.testing.assert_array_equal(levels["M"].faces, levels["L"].faces)
    kept = levels["L"].extras["lod"]["points"]
    np.testing.assert_array_equal(levels["L"].points, done.mesh_of("L").points[kept])
    assert done.manifest["sizes"]["L"]["lods"] == ["sizes/L/lod1.glb"]
