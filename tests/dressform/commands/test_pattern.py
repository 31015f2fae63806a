from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dressform.commands.pattern import pattern
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
