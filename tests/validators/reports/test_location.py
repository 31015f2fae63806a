from __future__ import annotations

import json

import pytest

from dressform.schemas.report import NotTested
from dressform.validators.reports.location import json_line, keys_of, owner_of, owner_of_skipped

DOCUMENT = {"name": "tee", "a list": [1, {"x": ["deep"]}, [], "s"], "files": {"../it's": {"size": 1}}, "empty": {}}
TEXT = json.dumps(DOCUMENT, indent=1)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("$", "{"),
        ("$.name", ' "name": "tee",'),
        ("$['a list'][0]", "  1,"),
        ("$['a list'][1].x[0]", '    "deep"'),
        ("$['a list'][3]", '  "s"'),
        ("$.files['../it\\'s'].size", '   "size": 1'),
        ("$.files.nothing", ' "files": {'),
        ("$.nowhere[3]", "{"),
    ],
)
def test_a_json_path_is_a_line(path: str, line: str) -> None:
    assert TEXT.splitlines()[json_line(TEXT, keys_of(path)) - 1] == line


@pytest.mark.parametrize("cut", range(0, len(TEXT), 7))
def test_half_a_document_has_lines_too(cut: int) -> None:
    assert 1 <= json_line(TEXT[:cut], keys_of("$.files")) <= TEXT.count("\n") + 1


def test_the_longest_name_owns_a_path() -> None:
    names = ["shirts", "shirts/tee"]
    assert owner_of("shirts/tee/sizes/M", names) == "shirts/tee"
    assert owner_of("shirts/other", names) == "shirts"
    assert owner_of("tee@1.0.0/preview.png", []) == "tee@1.0.0"
    assert owner_of_skipped(NotTested("", "", "shirts/tee: not there: sorry"), names) == "shirts/tee"
