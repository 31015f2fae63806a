"""`dressform fit-matrix`: the files it writes and what makes it fail."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from dressform.cli import cli
from dressform.schemas.errors import AssetError, UsageError
from dressform.validators.examples.builder import sound_parts
from dressform.validators.examples.sweep import hang_on_the_body
from dressform.validators.fit_matrix import garments_of, pairs_of

ONE_TRIAL = ["--bodies", "average-woman", "--poses", "bend"]


def run(args: list[str]) -> Result:
    return CliRunner().invoke(cli, args, standalone_mode=False)


@pytest.fixture(scope="module")
def drafts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a top and a wider one to wear over it."""
    folder = tmp_path_factory.mktemp("drafts")
    for name, layer, wider in (("top", 30, 1.0), ("coat", 70, 1.05)):
        parts = sound_parts()
        parts.change_mesh(points=(parts.mesh.points * [wider, wider, 1]).astype(np.float32))
        hang_on_the_body(parts)
        parts.manifest |= {"name": name, "layer": layer}
        parts.write(folder / name)
    return folder


def test_garments_and_pairs_are_tried_on_drawn_and_told(drafts: Path, tmp_path: Path) -> None:
    out = tmp_path / "fit"
    result = run(["fit-matrix", str(drafts), "-o", str(out), *ONE_TRIAL, "--json"])
    assert result.return_value == 0, result.output
    data = json.loads(result.stdout)
    assert data == json.loads((out / "fit-matrix.json").read_text())
    assert [(row["garment"], row["over"]) for row in data["trials"]] == [
        ("top", None), ("coat", None), ("coat", "top:M"),
    ]  # fmt: skip
    assert data["summary"]["failed"] == 0
    assert (data["bodies"], data["poses"]) == (["average woman"], ["bend"])
    assert sorted(path.name for path in (out / "pictures").iterdir()) == ["001.jpg", "002.jpg", "003.jpg"]
    page = (out / "index.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 3
    assert 'src="http' not in page
    assert "| coat over top |" in (out / "fit-matrix.md").read_text()

    args = ["fit-matrix", str(drafts / "top"), "-o", str(out), *ONE_TRIAL, "--max-stretch", "1", "--pictures", "1"]
    again = run(args)  # replaces what was there
    assert again.return_value == 1
    assert "top, size M, average woman, bend" in again.stdout
    assert "(at most 1 %)" in again.stdout
    assert [path.name for path in (out / "pictures").iterdir()] == ["001.jpg"]
    assert json.loads((out / "fit-matrix.json").read_text())["trials"][0]["above"] == ["stretch_percent"]


def test_a_garment_without_a_rig_fails_and_says_why(drafts: Path, tmp_path: Path) -> None:
    parts = sound_parts()
    parts.change_rig(body_digest="another")
    broken = parts.write(tmp_path / "broken")
    args = ["fit-matrix", str(drafts / "top"), str(broken), "-o", str(tmp_path / "fit"), *ONE_TRIAL]
    result = run([*args, "--pictures", "0"])
    assert result.return_value == 1
    assert "not tested: broken: the rig does not belong" in result.stdout


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--bodies", "giant"], "no body 'giant'"),
        (["--poses", "bend,fly"], "no pose 'fly'"),
        (["--bodies", ","], "name at least one body"),
        (["--profile", "weeb"], "weeb"),
    ],
)
def test_wrong_use_is_refused_before_anything_is_tried(
    drafts: Path, tmp_path: Path, more: list[str], said: str
) -> None:
    result = run(["fit-matrix", str(drafts), "-o", str(tmp_path / "fit"), *more])
    assert isinstance(result.exception, UsageError)
    assert said in str(result.exception)
    assert not (tmp_path / "fit").exists()


def test_a_folder_with_other_things_is_left_alone(drafts: Path) -> None:
    result = run(["fit-matrix", str(drafts), "-o", str(drafts)])
    assert isinstance(result.exception, UsageError)
    assert sorted(path.name for path in drafts.iterdir()) == ["coat", "top"]


def test_two_garments_for_the_legs_are_not_worn_together(drafts: Path) -> None:
    (coat, top) = sorted(garments_of([drafts])[0], key=lambda garment: garment.label)
    assert pairs_of([coat, top]) == [(top, coat)]
    trousers, skirt = replace(top, category="trousers", layer=20), replace(top, category="skirt", layer=25)
    assert pairs_of([trousers, skirt]) == []
    assert pairs_of([skirt, replace(top, category="dress")]) == []
    assert len(pairs_of([trousers, replace(top, category="dress")])) == 1
    assert pairs_of([top, replace(top, label="another")]) == []


def test_nothing_to_try_on_is_an_error(tmp_path: Path) -> None:
    parts = sound_parts()
    parts.change_rig(body_digest="another")
    with pytest.raises(AssetError, match="nothing to try on"):
        garments_of([parts.write(tmp_path / "broken")])
