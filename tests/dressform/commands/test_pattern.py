from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dressform.authoring.draft import Draft
from dressform.commands.pattern import pattern
from dressform.schemas.errors import UsageError


def test_list_names_the_patterns() -> None:
    result = CliRunner().invoke(pattern, ["list"])
    assert result.exit_code == 0
    assert result.output.startswith("trousers")
    rows = json.loads(CliRunner().invoke(pattern, ["list", "--json"]).output)["patterns"]
    assert rows[0]["category"] == "trousers"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cape"], "there is no pattern 'cape'; use one of trousers"),
        (["trousers", "--color", "blurple"], "--color 'blurple' is unknown"),
        (["trousers", "--name", "My Jeans"], "try 'my-jeans'"),
    ],
)
def test_wrong_use_is_one_line_and_writes_nothing(tmp_path: Path, arguments: list[str], words: str) -> None:
    folder = tmp_path / "draft"
    result = CliRunner().invoke(pattern, ["make", *arguments, "-o", str(folder)])
    assert isinstance(result.exception, UsageError)
    assert words in str(result.exception)
    assert result.exception.exit_code == 2
    assert not folder.exists()


@pytest.mark.slow
def test_made_trousers_are_a_finished_draft(tmp_path: Path) -> None:
    folder = tmp_path / "jeans"
    result = CliRunner().invoke(pattern, ["make", "trousers", "-o", str(folder), "--name", "jeans", "--json"])
    assert result.exit_code == 0, result.exception
    draft = Draft.open(folder)
    assert draft.manifest["name"] == "jeans"
    assert [step["step"] for step in draft.steps] == ["import", "clean", "unwrap", "place", "rig", "preview"]
    assert draft.report("unwrap")["uv0"] == "artist"
    assert draft.report("unwrap")["overlaps"] == 0
    assert draft.report("place")["kept"]
    assert draft.rig.hide.any()
    assert draft.mesh.materials[0].base_color_image is not None
    assert json.loads((folder / "source" / "pattern.json").read_text())["options"]["fit"] == "straight"
