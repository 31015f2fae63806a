"""A copy is mended, told of, validated again and recorded; the draft itself stays as it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dressform.assets.files.glb import read_glb, read_skin
from dressform.assets.files.rig_file import read_rig
from dressform.schemas.errors import AssetError, UsageError
from dressform.schemas.report import Report
from dressform.validators.engine import validate
from dressform.validators.examples.builder import Parts
from dressform.validators.examples.table import write_broken
from dressform.validators.fixes.apply import Fixed, drafts_of, fix_draft
from dressform.validators.fixes.table import FIXES
from dressform.validators.fixes.text import fixed_lines
from dressform.validators.rules.table import RULES

WANTED = tuple(rule for rule in RULES if rule.name in {fix.rule for fix in FIXES})


def check(folder: Path) -> Report:
    """Only the rules that have a fix: the others are tested elsewhere and take their time."""
    return validate(folder, rules=WANTED)


def state(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def doubly_broken(parts: Parts, tmp_path: Path) -> Path:
    """A draft with a triangle twice, and weights that do not sum to one."""
    mesh = parts.mesh
    again = np.arange(len(mesh.faces) + 1) % len(mesh.faces)
    rows = {name: getattr(mesh, name)[again] for name in ("faces", "uv0_faces", "uv1_faces", "material_ids")}
    parts.change_mesh(**rows)
    weights = parts.rig.joint_weights.copy()
    weights[11] = 0.4
    parts.change_rig(joint_weights=weights)
    return parts.write(tmp_path / "drafts" / "tube")


def test_every_fix_mends_a_rule_that_there_is_once() -> None:
    names = [fix.rule for fix in FIXES]
    assert len(set(names)) == len(names)
    assert set(names) <= {rule.name for rule in RULES}


def test_the_copy_is_mended_and_the_draft_untouched(doubly_broken: Path) -> None:
    before = state(doubly_broken)
    fixed = fix_draft(doubly_broken, check=check)
    assert state(doubly_broken) == before
    assert fixed.folder == doubly_broken.with_name("tube-fixed")
    assert {each.name for each in fixed.before.findings} >= {"mesh.duplicate", "skin.sum"}
    assert fixed.report.findings == []
    assert fixed.report.target == str(fixed.folder)
    rig = read_rig(fixed.folder / "rig.anny.safetensors")
    np.testing.assert_allclose(rig.joint_weights.sum(axis=1), 1, atol=1e-6)
    assert rig.joint_weights[11].max() == pytest.approx(0.125)
    garment = fixed.folder / "sizes/M/garment.glb"
    assert len(read_glb(garment).faces) == len(read_glb(doubly_broken / "sizes/M/garment.glb").faces) - 1
    skin = read_skin(garment)
    assert skin is not None
    # the GLB's skin stays the rig's, its heaviest joint first, in parts of 65535
    np.testing.assert_allclose(-np.sort(-skin[2], axis=1), -np.sort(-rig.joint_weights, axis=1), atol=2 / 65535)


def test_the_lines_show_before_and_after(doubly_broken: Path) -> None:
    fixed = fix_draft(doubly_broken, check=check)
    text = "\n".join(fixed_lines(fixed))
    assert "scaled the weights of 1 point (rig.anny)" in text
    assert "before: sums of 3.200; after: sums of 1" in text
    assert "before: 225 triangles; after: 224 triangles" in text
    assert f"  before {fixed.before.summary()['errors']} errors; after sound" in text
    assert "run again: dressform garment preview" in text


def test_the_repair_is_recorded_with_digests(doubly_broken: Path) -> None:
    fixed = fix_draft(doubly_broken, check=check)
    assert fixed.folder is not None
    steps = json.loads((fixed.folder / "steps.json").read_text())["steps"]
    assert [entry["step"] for entry in steps] == ["import", "fix", "clean", "unwrap", "place", "rig"]
    entry = steps[1]
    assert {"mesh.duplicate", "skin.sum"} <= set(entry["options"]["rules"])
    (run,) = entry["report"]["runs"]
    assert run["from"] == fixed.before.draft_digest
    assert run["to"] == fixed.report.draft_digest
    assert {each["rule"] for each in run["mended"]} == set(entry["options"]["rules"])
    assert run["withdrawn"] == ["preview"] == list(fixed.withdrawn)
    assert fixed.to_json()["mended"] == run["mended"]


def test_two_repairs_give_the_same_bytes(doubly_broken: Path, tmp_path: Path) -> None:
    folders = [fix_draft(doubly_broken, tmp_path / name / "tube", check=check).folder for name in ("a", "b")]
    assert folders[0] is not None
    assert folders[1] is not None
    assert state(folders[0]) == state(folders[1])


def test_a_second_repair_keeps_the_record_of_the_first(doubly_broken: Path, tmp_path: Path) -> None:
    first = fix_draft(doubly_broken, check=check).folder
    assert first is not None
    manifest = json.loads((first / "template.json").read_text())
    (first / "template.json").write_text(json.dumps({**manifest, "name": "Summer Tube"}))
    second = fix_draft(first, tmp_path / "again", check=check)
    assert second.folder is not None
    manifest = json.loads((second.folder / "template.json").read_text())
    assert (manifest["name"], manifest["title"]) == ("summer-tube", "Summer Tube")
    steps = json.loads((second.folder / "steps.json").read_text())["steps"]
    (runs,) = [entry["report"]["runs"] for entry in steps if entry["step"] == "fix"]
    assert [run["mended"][0]["rule"] for run in runs] == ["skin.sum", "manifest.schema"]


def test_stale_steps_are_run_again_when_asked(doubly_broken: Path) -> None:
    asked: list[tuple[str, ...]] = []

    def remake(folder: Path, steps: object) -> None:
        assert (folder / "sizes/M/garment.glb").is_file()
        asked.append(tuple(steps))  # type: ignore[arg-type]

    fixed = fix_draft(doubly_broken, check=check, remake=remake)
    assert asked == [("preview",)]
    assert fixed.withdrawn == ()


def test_nothing_is_made_where_nothing_can_be_mended(parts: Parts, tmp_path: Path) -> None:
    sound = parts.write(tmp_path / "tube")
    fixed = fix_draft(sound, check=check)
    assert fixed == Fixed(sound, None, fixed.before, fixed.before)
    assert list(tmp_path.iterdir()) == [sound]
    assert "there is nothing wrong with it" in "\n".join(fixed_lines(fixed))


def test_an_interrupted_repair_leaves_nothing_behind(doubly_broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dressform.validators.fixes import apply

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(apply, "record", fail)
    before = state(doubly_broken.parent)
    with pytest.raises(KeyboardInterrupt):
        fix_draft(doubly_broken, check=check)
    assert state(doubly_broken.parent) == before
    assert [path.name for path in doubly_broken.parent.iterdir()] == ["tube"]


def test_what_is_there_is_not_overwritten(doubly_broken: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep")
    with pytest.raises(AssetError, match="is there already; empty it or name another folder with --into"):
        fix_draft(doubly_broken, tmp_path / "full", check=check)
    with pytest.raises(UsageError, match="lies inside"):
        fix_draft(doubly_broken, doubly_broken / "inside", check=check)


def test_published_versions_are_refused(tmp_path: Path) -> None:
    library = write_broken("manifest.files", tmp_path)
    before = state(library)
    with pytest.raises(UsageError, match="is published and never edited; mend its draft"):
        drafts_of(library)
    assert state(library) == before


def test_a_folder_of_drafts_is_taken_apart(parts: Parts, tmp_path: Path) -> None:
    folders = [parts.write(tmp_path / name) for name in ("b", "a", "deep/c")]
    assert drafts_of(tmp_path) == sorted(folders)
    assert drafts_of(folders[0]) == [folders[0]]


# the example of these rules is a defect that only a person can mend
LEFT = {
    "manifest.spdx": "a licence in one's own words",
    "manifest.sizes": "a size whose mesh is missing",
    "mesh.orientation": "a triangle turned after the atlas was made: turning it back would mirror its part of that",
}


@pytest.mark.parametrize("rule", [fix.rule for fix in FIXES])
def test_every_fix_mends_the_example_of_its_rule(rule: str, tmp_path: Path) -> None:
    fixed = fix_draft(write_broken(rule, tmp_path), check=check)
    assert rule in {finding.name for finding in fixed.before.findings}
    assert (rule in {finding.name for finding in fixed.report.findings}) is (rule in LEFT)
    assert (fixed.folder is None) is (rule in LEFT)
    new = {finding.name for finding in fixed.report.findings} - {finding.name for finding in fixed.before.findings}
    assert not new


def test_what_has_no_fix_is_left(tmp_path: Path) -> None:
    fixed = fix_draft(write_broken("skin.joints", tmp_path))
    assert fixed.folder is None
    assert "can be mended safely" in "\n".join(fixed_lines(fixed))


def test_an_unreadable_mesh_keeps_only_its_own_fixes_away(doubly_broken: Path, encode: Callable[..., bytes]) -> None:
    (doubly_broken / "sizes/M/garment.glb").write_bytes(encode())
    manifest = json.loads((doubly_broken / "template.json").read_text())
    (doubly_broken / "template.json").write_text(json.dumps({**manifest, "category": "Top "}))
    fixed = fix_draft(doubly_broken, check=check)
    assert [each.rule for each in fixed.applied] == ["manifest.schema"]
    assert "file.readable" in {finding.name for finding in fixed.report.findings}


def test_a_mesh_waits_for_its_rig(doubly_broken: Path) -> None:
    """What a rig lacks that no fix can give keeps the GLB as it is: it would lose its skin."""
    file = doubly_broken / "rig.anny.safetensors"
    rig = read_rig(file, check_values=False)
    from dressform.assets.files.rig_file import rig_bytes

    file.write_bytes(rig_bytes(replace(rig, joints=("tail", *rig.joints[1:])), check_values=False))
    fixed = fix_draft(doubly_broken, check=check)
    assert [each.rule for each in fixed.applied] == ["skin.sum"]
    assert fixed.withdrawn == ()
