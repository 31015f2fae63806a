from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.__main__ import run_command
from dressform.assets.files.garment import GarmentMesh, Material, SourceSkin, Variant
from dressform.assets.files.glb import write_glb
from dressform.assets.files.glb_read import read_glb
from dressform.authoring.draft import Draft
from dressform.authoring.rebuild import rebuild, recorded_options
from dressform.authoring.steps._rig_painted import PAINTED
from dressform.authoring.steps.clean import clean
from dressform.authoring.steps.import_mesh import ImportOptions, import_mesh
from dressform.authoring.steps.lod import lod
from dressform.authoring.steps.place import PlaceOptions, place
from dressform.authoring.steps.rig import RigOptions, rig
from dressform.authoring.steps.unwrap import UnwrapOptions, unwrap
from dressform.authoring.steps.update import UpdateOptions, update
from dressform.cli import cli
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.garment.shape_transfer import Binding, unbind
from dressform.schemas.errors import InputError


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, tee: GarmentMesh) -> Path:
    folder = tmp_path_factory.mktemp("update")
    materials = (Material("cloth", (0.1, 0.2, 0.5, 1.0)), Material("cloth red", (0.6, 0.0, 0.0, 1.0)))
    write_glb(folder / "tee.glb", replace(tee, materials=materials, variants=(Variant("Red", (1, 1)),)))
    draft = import_mesh(folder / "tee.glb", folder / "draft", ImportOptions(category="tee"))
    draft = place(unwrap(clean(draft), UnwrapOptions(color="navy")), PlaceOptions(keep=True))
    lod(rig(draft, RigOptions(sweep="none", tune=False)))
    return folder / "draft"


@pytest.fixture
def draft(built: Path, tmp_path: Path) -> Draft:
    shutil.copytree(built, tmp_path / "draft")
    return Draft.open(tmp_path / "draft")


def raised(mesh: GarmentMesh, by: float) -> GarmentMesh:
    high = mesh.points[:, 2:] > 1.3111
    return replace(mesh, points=(mesh.points + np.float32((0, -by, 0)) * high).astype(np.float32))


def outcome(draft: Draft) -> tuple[set[str], set[str]]:
    report = draft.report("update")
    return {e["step"] for e in report["stands"]}, {e["step"] for e in report["redo"]}


def saved(mesh: GarmentMesh, path: Path, draft: Draft | None = None) -> Path:
    from dressform.authoring.steps.rig import skeleton_of

    write_glb(path, mesh, draft.rig if draft else None, skeleton_of(canonical_rest()) if draft else None)
    return path


def test_an_untouched_file_leaves_everything(draft: Draft, tmp_path: Path) -> None:
    before = {p: p.read_bytes() for p in draft.folder.rglob("*.glb") if "source" not in p.parts}
    done = update(draft, saved(draft.mesh, tmp_path / "back.glb", draft))
    assert outcome(done) == ({"clean", "unwrap", "place", "rig", "lod"}, set())
    assert {p: p.read_bytes() for p in before} == before
    assert done.manifest == draft.manifest
    assert (done.folder / "source" / "tee.glb").is_file()
    assert (done.folder / "source" / "updates" / "1" / "back.glb").read_bytes() == (tmp_path / "back.glb").read_bytes()


def test_a_small_move_keeps_the_rig_and_binds_it_anew(draft: Draft, tmp_path: Path) -> None:
    edited = raised(draft.mesh, 0.003)
    done = update(draft, saved(edited, tmp_path / "back.glb"))
    assert outcome(done) == ({"clean", "unwrap", "place", "rig"}, {"lod"})
    np.testing.assert_allclose(done.mesh.points, edited.points, atol=1e-6)
    np.testing.assert_array_equal(done.rig.joint_weights, draft.rig.joint_weights)
    rest = canonical_rest()
    rig_now = done.rig
    binding = Binding(rig_now.binding_triangles, rig_now.binding_barycentrics, rig_now.binding_offsets)
    np.testing.assert_allclose(unbind(binding, rest.vertices, rest.body.faces), edited.points, atol=1e-5)
    assert "lods" not in done.manifest["sizes"]["M"]
    reopened = Draft.open(done.folder)
    rig_entry = next(entry for entry in reopened.steps if entry["step"] == "rig")
    assert reopened.has("rig")
    assert set(rig_entry["files"]) >= {"rig.anny.safetensors"}


def test_a_large_move_takes_the_rig_back_and_rebuild_makes_it_again(draft: Draft, tmp_path: Path) -> None:
    ran_with = recorded_options(draft)
    done = update(draft, saved(raised(draft.mesh, 0.01), tmp_path / "back.glb"))
    assert outcome(done) == ({"clean", "unwrap", "place"}, {"rig", "lod"})
    assert not (done.folder / "rig.anny.safetensors").exists()
    again, ran = rebuild(done, {"rig", "lod"}, ran_with)
    assert ran == ["rig", "lod"]
    assert again.has("rig")
    assert "lods" in again.manifest["sizes"]["M"]
    strict = update(again, saved(raised(again.mesh, 0.01), tmp_path / "again.glb"), UpdateOptions(keep_rig_mm=20))
    assert strict.has("rig")
    assert strict.report("update")["earlier"][0]["file"] == "back.glb"
    assert strict.report("update")["base"] == "source/updates/2.glb"


def test_edited_uvs_are_taken_and_a_broken_atlas_is_not(draft: Draft, tmp_path: Path) -> None:
    mesh = draft.mesh
    assert mesh.uv1 is not None
    assert mesh.uv0 is not None
    done = update(draft, saved(replace(mesh, uv0=mesh.uv0 * 0.5), tmp_path / "back.glb"))
    assert done.report("update")["changes"]["uv0_corners"] > 0
    assert done.mesh.uv0 is not None
    np.testing.assert_allclose(done.mesh.uv0[done.mesh.uv0_faces], 0.5 * mesh.uv0[mesh.uv0_faces], atol=1e-6)
    assert outcome(done)[1] == {"lod"}
    shrunk = update(done, saved(replace(done.mesh, uv1=mesh.uv1 * 0.9), tmp_path / "atlas.glb"))
    assert shrunk.report("update")["changes"]["uv1_corners"] == mesh.faces.size
    folded = update(shrunk, saved(replace(mesh, uv1=np.abs(mesh.uv1 - 0.4)), tmp_path / "folded.glb"))
    np.testing.assert_array_equal(folded.mesh.uv1, shrunk.mesh.uv1)
    assert any("no atlas" in note for note in folded.report("update")["notes"])


def test_materials_and_looks(draft: Draft, tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    mesh = draft.mesh
    first = replace(mesh.materials[0], roughness=0.2, base_color_image=picture.getvalue())
    edited = replace(mesh, materials=(first,), variants=())
    done = update(draft, saved(edited, tmp_path / "back.glb"))
    changes = done.report("update")["changes"]["materials"]
    assert changes == {"cloth": ["roughness", "texture changed"]}
    assert done.mesh.materials[0].base_color_image == picture.getvalue()
    assert [m.name for m in done.mesh.materials] == ["cloth", "cloth red"]  # a look still wears it
    assert done.manifest["variants"] == draft.manifest["variants"]
    named = replace(mesh, variants=(Variant("Very red", (1, 1)),))
    done = update(done, saved(named, tmp_path / "looks.glb"))
    assert done.manifest["variants"] == {
        "very-red": {"title": "Very red", "materials": {"cloth": {"material": "cloth red"}}}
    }


def test_painted_weights_are_taken_and_survive_a_new_rig(draft: Draft, tmp_path: Path) -> None:
    mesh, own = draft.mesh, draft.rig
    order = np.argsort(-own.joint_weights, axis=1)[:, :4]  # as tools cut to four influences
    indices = np.take_along_axis(own.joint_indices, order, axis=1)
    weights = np.take_along_axis(own.joint_weights, order, axis=1)
    weights /= weights.sum(axis=1, keepdims=True)
    spine = own.joints.index("spine01")
    indices[:50], weights[:50] = (spine, 0, 0, 0), (1, 0, 0, 0)
    rest = canonical_rest()
    skin = SourceSkin(own.joints, rest.body.joint_parents, rest.joint_poses, indices, weights)
    done = update(draft, saved(replace(mesh, skin=skin), tmp_path / "back.glb"))
    painted = json.loads((done.folder / PAINTED).read_text())
    assert 0 < len(painted["points"]) <= 50
    assert done.report("update")["changes"]["weights_painted"] == len(painted["points"])
    for draft_now in (done, rig(done, RigOptions(sweep="none", tune=False))):
        held = np.where(draft_now.rig.joint_indices == spine, draft_now.rig.joint_weights, 0).sum(axis=1)
        assert held[[int(point) for point in painted["points"]]].min() > 0.99
    np.testing.assert_array_equal(done.rig.joint_weights[60:], own.joint_weights[60:])


def test_new_points_take_everything_back_but_names(draft: Draft, tmp_path: Path) -> None:
    mesh = draft.mesh
    a, b, c = mesh.faces[0]
    middle = np.int32(len(mesh.points))
    faces = np.concatenate([mesh.faces[1:], [[a, b, middle], [b, c, middle], [c, a, middle]]]).astype(np.int32)
    points = np.concatenate([mesh.points, mesh.points[[a, b, c]].mean(axis=0, keepdims=True)])
    plain = GarmentMesh(points, faces, None, None, None, None, (Material("cloth.001"),), np.zeros(len(faces), np.int32))
    done = update(draft, saved(plain, tmp_path / "back.glb"))
    assert outcome(done) == (set(), {"clean", "unwrap", "place", "rig", "lod"})
    assert [entry["step"] for entry in done.steps] == ["import", "update"]
    assert done.mesh.materials[0].name == "cloth"
    assert done.manifest["mesh"]["points"] == len(points)
    assert {k: done.manifest[k] for k in ("name", "category", "variants")} == {
        k: draft.manifest[k] for k in ("name", "category", "variants")
    }


def test_another_garment_is_refused_and_nothing_changes(draft: Draft, tmp_path: Path, skirt_obj: Path) -> None:
    before = {p: p.read_bytes() for p in draft.folder.rglob("*") if p.is_file()}
    with pytest.raises(InputError, match="make a draft of its own"):
        update(draft, skirt_obj)
    assert {p: p.read_bytes() for p in draft.folder.rglob("*") if p.is_file()} == before


def test_a_file_that_lies_elsewhere_must_be_placed(draft: Draft, tmp_path: Path) -> None:
    away = replace(draft.mesh, points=draft.mesh.points + np.float32((0, 0, 0.4)))
    done = update(draft, saved(away, tmp_path / "back.glb"))
    assert outcome(done) == ({"clean", "unwrap"}, {"place", "rig", "lod"})
    commands = {entry["step"]: entry["command"] for entry in done.report("update")["redo"]}
    assert commands["place"] == f"dressform garment place {done.folder}"
    assert not done.report("update")["worn"]


def test_place_begins_where_the_edit_lies(draft: Draft, tmp_path: Path) -> None:
    done = update(draft, saved(raised(draft.mesh, 0.002), tmp_path / "back.glb"))
    kept = place(done, PlaceOptions(keep=True))
    np.testing.assert_array_equal(kept.mesh.points, done.mesh.points)
    base = read_glb(done.folder / done.report("update")["base"])
    np.testing.assert_array_equal(base.points, done.mesh.points)


def test_the_command_says_what_stands(draft: Draft, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    glb = str(saved(raised(draft.mesh, 0.003), tmp_path / "back.glb"))
    words = ["garment", "import", glb, "--update", str(draft.folder)]
    with pytest.raises(SystemExit) as exit_:
        run_command(cli, "dressform", [*words, "--rebuild"])
    assert not exit_.value.code
    said = capsys.readouterr().out
    assert "moved by up to 3.0 mm" in said
    assert "  stands  rig " in said
    assert "  redone  lod " in said
    assert Draft.open(draft.folder).has("lod")
    with pytest.raises(SystemExit) as exit_:
        run_command(cli, "dressform", [*words, "--json"])
    shown = json.loads(capsys.readouterr().out)
    assert shown["report"]["topology"] == "same"
    for wrong in (["-o", "other"], ["--name", "x"]):
        with pytest.raises(SystemExit) as exit_:
            run_command(cli, "dressform", [*words, *wrong])
        assert exit_.value.code == 2
