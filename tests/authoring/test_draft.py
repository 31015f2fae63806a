from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dressform.assets.draft_digest import draft_digest
from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.rig import Rig
from dressform.assets.files.skeleton import Skeleton
from dressform.assets.hashing import file_sha256
from dressform.authoring.draft import Draft
from dressform.schemas.errors import AssetError, UsageError


def rig_for(mesh: GarmentMesh) -> Rig:
    n = len(mesh.points)
    weights = np.zeros((n, 8), np.float32)
    weights[:, 0] = 1
    return Rig(
        "anny", "d" * 64, ("root",), np.zeros((n, 8), np.int32), weights, np.zeros(n, np.int32),
        np.tile(np.float32([1, 0, 0]), (n, 1)), np.zeros((n, 3), np.float32), np.zeros(4, bool),
    )  # fmt: skip


SKELETON = Skeleton(("root",), np.array([-1], np.int32), np.eye(4, dtype=np.float32)[None])


@pytest.fixture
def draft(tmp_path: Path, skirt: GarmentMesh) -> Draft:
    started = Draft.create(tmp_path / "draft")
    return started.commit_step(
        "import",
        {"units": "cm"},
        {"vertices": 216},
        mesh=skirt,
        manifest={"name": "skirt"},
        files={"source/a.obj": b"v"},
    )


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_nothing_is_written_before_the_first_step(tmp_path: Path) -> None:
    Draft.create(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_the_folder_that_one_stands_in_becomes_the_draft(
    tmp_path: Path, skirt: GarmentMesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    Draft.create(Path()).commit_step("import", {}, {}, mesh=skirt, manifest={"name": "skirt"})
    assert Draft.open(Path()).has("import")  # the same folder still, not one in its place
    assert (here / "overrides").is_dir()
    assert list(tmp_path.iterdir()) == [here]


def test_what_is_committed_can_be_opened(draft: Draft, skirt: GarmentMesh) -> None:
    opened = Draft.open(draft.folder)
    np.testing.assert_array_equal(opened.mesh.points, skirt.points)
    np.testing.assert_array_equal(opened.mesh.faces, skirt.faces)
    assert opened.manifest == {"name": "skirt"}
    assert opened.report("import") == {"vertices": 216}
    entry = opened.steps[0]
    assert entry["options"] == {"units": "cm"}
    assert entry["files"]["sizes/M/garment.glb"] == file_sha256(draft.folder / "sizes/M/garment.glb")
    assert (draft.folder / "overrides").is_dir()
    assert [p.name for p in draft.folder.parent.iterdir()] == ["draft"], "no scratch folder stays"


def test_moved_points_take_back_what_followed(draft: Draft, skirt: GarmentMesh) -> None:
    rigged = draft.commit_step("place", {}, {}, files={"place.png": b"p"})
    rigged = rigged.commit_step("rig", {}, {}, rig=rig_for(skirt), skeleton=SKELETON)
    rigged = rigged.commit_step("preview", {}, {}, files={"preview.png": b"picture"})
    assert [s["step"] for s in rigged.steps] == ["import", "place", "rig", "preview"]
    moved = replace(skirt, points=skirt.points + np.float32(0.1))
    placed = rigged.commit_step("place", {}, {}, mesh=moved, files={"place.png": b"q"})
    assert [s["step"] for s in placed.steps] == ["import", "place"]
    assert set(content(placed.folder)) == {
        "template.json", "steps.json", "source/a.obj", "sizes/M/garment.glb", "place.png",
    }  # fmt: skip
    with pytest.raises(AssetError, match="garment rig"):
        _ = Draft.open(placed.folder).rig


def test_a_new_look_keeps_the_rig(draft: Draft, skirt: GarmentMesh) -> None:
    rigged = draft.commit_step("rig", {}, {}, rig=rig_for(skirt), skeleton=SKELETON)
    rigged = rigged.commit_step("preview", {}, {}, files={"preview.png": b"picture"})
    looks = replace(skirt, materials=(replace(skirt.materials[0], roughness=0.1),))
    unwrapped = rigged.commit_step("unwrap", {}, {}, mesh=looks, skeleton=SKELETON)
    assert [s["step"] for s in unwrapped.steps] == ["import", "unwrap", "rig"]
    assert not (unwrapped.folder / "preview.png").exists()
    assert unwrapped.rig.body == "anny"


def test_a_new_import_starts_over_but_keeps_overrides(draft: Draft, skirt: GarmentMesh) -> None:
    (draft.folder / "overrides" / "place.json").write_text('{"scale": 2}')
    draft.commit_step("preview", {}, {}, files={"preview.png": b"picture"})
    again = Draft.create(draft.folder).commit_step("import", {}, {}, mesh=skirt, manifest={"name": "other"})
    assert again.manifest == {"name": "other"}
    assert again.overrides("place") == {"scale": 2}
    assert again.overrides("rig") == {}
    assert set(content(again.folder)) == {
        "template.json", "steps.json", "sizes/M/garment.glb", "overrides/place.json",
    }  # fmt: skip


class PowerCutError(Exception):
    pass


@pytest.fixture
def cut_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Make the n-th file operation of a commit the last."""

    def arm(n: int) -> None:
        left = n
        original = os.replace

        def replace_or_die(source: object, target: object) -> None:
            nonlocal left
            if left == 0:
                raise PowerCutError
            left -= 1
            original(source, target)  # type: ignore[call-overload]

        monkeypatch.setattr("dressform.authoring.draft.os.replace", replace_or_die)

    return arm


@pytest.mark.parametrize("operations", range(6))
def test_a_power_cut_leaves_the_old_state_or_the_new(
    draft: Draft, skirt: GarmentMesh, cut_after: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, operations: int
) -> None:
    old = content(draft.folder)
    moved = replace(skirt, points=skirt.points + np.float32(0.1))
    cut_after(operations)
    with contextlib.suppress(PowerCutError):
        draft.commit_step("place", {}, {"done": True}, mesh=moved, files={"place.png": b"p", "source/a.obj": None})
    monkeypatch.undo()
    opened = Draft.open(draft.folder)
    if opened.has("place"):
        np.testing.assert_array_equal(opened.mesh.points, moved.points)
        assert "source/a.obj" not in content(draft.folder)
    else:
        assert content(draft.folder) == old
    # the first move is the mesh's in the scratch folder, the second sets the journal in place
    assert opened.has("place") == (operations >= 2)
    assert not (draft.folder / ".commit").exists()


def test_a_failing_write_leaves_the_old_state(draft: Draft, skirt: GarmentMesh) -> None:
    old = content(draft.folder)
    with pytest.raises(ValueError, match="JSON"):
        draft.commit_step("place", {}, {"bad": float("nan")}, mesh=skirt)
    assert content(draft.folder) == old
    assert [p.name for p in draft.folder.parent.iterdir()] == ["draft"]


def test_the_digest_ignores_steps_source_and_overrides(draft: Draft) -> None:
    digest = draft_digest(draft.folder)
    (draft.folder / "overrides" / "place.json").write_text("{}")
    again = draft.commit_step("preview", {}, {"seconds": 3})
    assert draft_digest(again.folder) == digest
    changed = again.commit_step("preview", {}, {}, files={"preview.png": b"x"})
    assert draft_digest(changed.folder) != digest


def test_what_is_no_draft(tmp_path: Path, draft: Draft) -> None:
    with pytest.raises(AssetError, match="no such draft"):
        Draft.open(tmp_path / "gone")
    (tmp_path / "empty").mkdir()
    with pytest.raises(AssetError, match="holds no draft"):
        Draft.open(tmp_path / "empty")
    with pytest.raises(UsageError, match="is not empty"):
        Draft.create(tmp_path)
    unknown, crooked = {"steps": [{"step": "iron"}]}, {"steps": [{"step": "rig", "files": []}]}
    for text in ("not json", "[]", '{"steps": 3}', *map(json.dumps, ({"steps": [{}]}, unknown, crooked))):
        (draft.folder / "steps.json").write_text(text)
        with pytest.raises(AssetError, match=r"steps\.json"):
            Draft.open(draft.folder)


def test_steps_without_their_records_can_be_followed_by_others(draft: Draft) -> None:
    (draft.folder / "steps.json").write_text(json.dumps({"steps": [{"step": "import"}]}))
    done = Draft.open(draft.folder).commit_step("preview", {}, {}, files={"preview.png": b"picture"})
    assert [(step["step"], step["options"], step["report"]) for step in done.steps] == [
        ("import", {}, {}), ("preview", {}, {}),
    ]  # fmt: skip


def test_a_step_that_has_not_run(draft: Draft) -> None:
    assert not draft.has("rig")
    with pytest.raises(AssetError, match="dressform garment unwrap"):
        draft.report("unwrap")
