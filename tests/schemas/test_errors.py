"""What a user is told is one line that any terminal can show."""

from __future__ import annotations

import pytest

from dressform.schemas.documents import parse_json
from dressform.schemas.errors import AssetError, DressformError, InputError, UsageError


@pytest.mark.parametrize("kind", [DressformError, UsageError, InputError, AssetError])
@pytest.mark.parametrize("odd", ["\n", "\r", "\0", "\x1b[2J", "\x85", "\u2028", "\u202e", "\ud800"])
def test_what_a_file_smuggles_in_is_replaced(kind: type[DressformError], odd: str) -> None:
    said = str(kind(f"a.glb: the material 'a{odd}b' is not there"))
    assert said.isprintable()
    assert said.encode()
    assert said.startswith("a.glb: the material 'a\ufffd")
    assert said.endswith("b' is not there")


def test_plain_text_of_any_language_stays() -> None:
    said = "größe/サイズ.glb: needed ≤ 8 joints … found 9 👗"
    assert str(InputError(said)) == said


def test_a_very_long_line_keeps_its_start_and_its_cure() -> None:
    said = str(InputError(f"a.glb: {'x' * 70_000}; export the mesh again"))
    assert len(said) < 2000
    assert said.startswith("a.glb: xxx")
    assert said.endswith("; export the mesh again")


def test_whole_pairs_of_surrogates_are_characters() -> None:
    assert parse_json(b'{"a": "\\ud83d\\udc57"}', "memory") == {"a": "👗"}
