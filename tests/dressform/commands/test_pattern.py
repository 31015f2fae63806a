from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dressform.commands.pattern import _recipe, pattern
from dressform.schemas.errors import UsageError


def test_list_names_the_patterns() -> None:
    result = CliRunner().invoke(pattern, ["list"])
    assert result.exit_code == 0
    rows = json.loads(CliRunner().invoke(pattern, ["list", "--json"]).output)["patterns"]
    assert [line.split()[0] for line in result.output.splitlines()] == [row["name"] for row in rows]
    assert {"tee", "shirt", "jacket", "trousers", "dress"} <= {row["name"] for row in rows}
    assert next(row for row in rows if row["name"] == "shorts")["category"] == "shorts"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cape"], "there is no pattern 'cape'; there are tee"),
        (["tops"], "there is no pattern 'tops'"),
        (["cape"], "dress, or a recipe that ends in .json"),
        (["trousers", "--name", "My Jeans"], "try 'my-jeans'"),
        (["tee", "--color", "mauvish"], "--color 'mauvish' is no colour; needed a CSS name such as navy, or #rrggbb"),
        (["trousers", "--option", "inseam=0.8"], "trousers: there is no option 'inseam'; trousers has fit"),
    ],
)
def test_wrong_use_is_one_line_and_writes_nothing(tmp_path: Path, arguments: list[str], words: str) -> None:
    folder = tmp_path / "draft"
    result = CliRunner().invoke(pattern, ["make", *arguments, "-o", str(folder)])
    assert isinstance(result.exception, UsageError)
    assert words in str(result.exception)
    assert result.exception.exit_code == 2
    assert not folder.exists()


@pytest.mark.parametrize("arguments", [["show", "tee.json"], ["recipe", "tee.json", "-o", "no.json"]])
def test_commands_that_take_patterns_alone_offer_no_recipe(arguments: list[str]) -> None:
    result = CliRunner().invoke(pattern, arguments)
    assert isinstance(result.exception, UsageError)
    assert "there is no pattern 'tee.json'" in str(result.exception)
    assert "a recipe that ends" not in str(result.exception)


def test_a_colour_by_name_is_written_as_recipes_have_it() -> None:
    given = {"sizes": (), "measures": (), "avatar_file": None, "options": (), "fabrics": ()}
    made = _recipe("tee", template=None, colors=("navy", "rib=#FFF"), **given)
    assert {slot: cloth["color"] for slot, cloth in made.document["cloths"].items()} == {
        "main": "#000080", "rib": "#ffffff",
    }  # fmt: skip
