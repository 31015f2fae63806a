"""The step `learn` and its command: what they write, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.rig import Rig
from dressform.assets.files.skeleton import Skeleton
from dressform.authoring.draft import Draft
from dressform.authoring.learn.learn import Learned
from dressform.authoring.learn.samples import PLAN
from dressform.authoring.learn.study import LearnOptions
from dressform.authoring.steps import learn as step
from dressform.cli import cli
from dressform.commands.garment_learn import gist
from dressform.schemas.errors import AssetError, UsageError

REPORT = {
    "poses": 12,
    "bodies": 2,
    "error_mm": {"poses": 7.25, "bodies": 8.0},
    "plain_error_mm": {"poses": 30.0, "bodies": 32.0},
    "megabytes": 0.5,
    "minutes": 3.04,
}


class Told(Learned):
    """What came of learning, without learning."""

    def __init__(self) -> None:
        object.__setattr__(self, "data", b"field")
        object.__setattr__(self, "card", {"schema": "dressform/field/1"})

    def report(self) -> dict[str, Any]:
        return dict(REPORT)


@pytest.fixture
def draft(tmp_path: Path, skirt: GarmentMesh) -> Draft:
    made = Draft.create(tmp_path / "skirt").commit_step("import", {}, {}, mesh=skirt, manifest={"name": "skirt"})
    count = len(skirt.points)
    weights = np.tile(np.float32([1, 0, 0, 0, 0, 0, 0, 0]), (count, 1))
    rig = Rig(
        "anny", "0" * 64, ("root",), np.zeros((count, 8), np.int32), weights, np.zeros(count, np.int32),
        np.tile(np.float32([1, 0, 0]), (count, 1)), np.zeros((count, 3), np.float32), np.zeros(10, bool),
    )  # fmt: skip
    skeleton = Skeleton(("root",), np.array([-1], np.int32), np.eye(4, dtype=np.float32)[None])
    return made.commit_step("rig", {}, {}, rig=rig, skeleton=skeleton)


@pytest.fixture
def learning(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[tuple[Path, LearnOptions]]]:
    """Learns nothing, and says what it was asked for."""
    asked: list[tuple[Path, LearnOptions]] = []

    def learn_field(draft: Draft, folder: Path, options: LearnOptions, **_: object) -> Learned:
        asked.append((folder, options))
        folder.mkdir(exist_ok=True)
        (folder / PLAN).write_text("{}")
        return Told()

    monkeypatch.setattr(step, "learn_field", learn_field)
    return lambda: asked


def test_field_and_card_go_into_the_draft_and_the_samples_go(draft: Draft, learning: Any) -> None:
    done = step.learn(draft, LearnOptions(poses=12, bodies=2))
    assert (done.folder / "field.anny.safetensors").read_bytes() == b"field"
    assert json.loads((done.folder / "field.anny.json").read_text()) == {"schema": "dressform/field/1"}
    assert done.report("learn") == REPORT
    assert done.steps[-1]["options"] == {"poses": 12, "bodies": 2, "seed": 0, "modes": 64, "over": []}
    assert not step.samples_folder(draft).exists()
    assert learning() == [(draft.folder.parent / "skirt.samples", LearnOptions(12, 2))]


def test_samples_in_a_folder_of_ones_own_stay(draft: Draft, learning: Any, tmp_path: Path) -> None:
    step.learn(draft, samples=tmp_path / "kept")
    assert (tmp_path / "kept" / PLAN).is_file()


def test_a_fresh_start_throws_away_samples_and_nothing_else(draft: Draft, learning: Any, tmp_path: Path) -> None:
    old = step.samples_folder(draft)
    old.mkdir()
    (old / PLAN).write_text("{}")
    (old / "old").write_text("")
    step.learn(draft, fresh=True)
    mine = tmp_path / "photos"
    mine.mkdir()
    (mine / "a.jpg").write_bytes(b"a")
    with pytest.raises(UsageError, match="photos holds no samples"):
        step.learn(draft, samples=mine, fresh=True)
    assert (mine / "a.jpg").is_file()


def test_a_new_rig_takes_the_field_back(draft: Draft, learning: Any) -> None:
    done = step.learn(draft)
    again = done.commit_step(
        "rig",
        {},
        {},
        rig=done.rig,
        skeleton=Skeleton(("root",), np.array([-1], np.int32), np.eye(4, dtype=np.float32)[None]),
    )
    assert not again.has("learn")
    assert not (again.folder / "field.anny.safetensors").exists()


def test_a_draft_without_a_rig_cannot_learn(tmp_path: Path, skirt: GarmentMesh) -> None:
    bare = Draft.create(tmp_path / "bare").commit_step("import", {}, {}, mesh=skirt, manifest={"name": "bare"})
    with pytest.raises(AssetError, match="a field needs a rig; run `dressform garment rig"):
        step.learn(bare)


def test_the_command_says_what_came_of_it(draft: Draft, learning: Any) -> None:
    args = ["garment", "learn", str(draft.folder), "--poses", "12", "--bodies", "2", "--seed", "5"]
    result = CliRunner().invoke(cli, args, catch_exceptions=False)
    assert result.exit_code == 0
    assert f"learn: {gist(REPORT)}" in result.stdout
    assert learning()[0][1] == LearnOptions(12, 2, 5)
    shown = json.loads(CliRunner().invoke(cli, [*args, "--json"], catch_exceptions=False).stdout)
    assert shown["report"] == REPORT


def test_what_it_is_worn_over_comes_from_the_library(draft: Draft, learning: Any) -> None:
    args = ["garment", "learn", str(draft.folder), "--over", "tee"]
    assert CliRunner().invoke(cli, args, catch_exceptions=False).exit_code == 0
    (label,) = Draft.open(draft.folder).steps[-1]["options"]["over"]
    assert label.startswith("tee@")
    with pytest.raises(AssetError):
        CliRunner().invoke(cli, [*args, "--over", "nothing"], standalone_mode=False, catch_exceptions=False)


def test_minutes_stand_for_poses_and_do_not_go_with_them(draft: Draft, learning: Any) -> None:
    args = ["garment", "learn", str(draft.folder), "--minutes", "4"]
    assert CliRunner().invoke(cli, args).exit_code == 0
    assert learning()[0][1] == LearnOptions.of_minutes(4)
    with pytest.raises(UsageError, match="say the same thing twice"):
        CliRunner().invoke(cli, [*args, "--poses", "9"], standalone_mode=False, catch_exceptions=False)


def test_the_gist_is_one_line() -> None:
    assert gist(REPORT) == (
        "12 poses on 2 bodies; unseen poses 7.2 mm (plain skinning 30.0), bodies 8.0 mm (plain skinning 32.0); "
        "0.50 MB in 3.0 minutes"
    )
