from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dressform.schemas.documents import check_document, dump_json, is_number, load_document, load_json, parse_json
from dressform.schemas.errors import InputError

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text("abcé", max_size=3), values, max_size=4))
def test_round_trip(document):
    data = dump_json(document)
    assert parse_json(data, "memory") == document
    assert dump_json(dict(reversed(document.items()))) == data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a readable JSON document"),
        (b'{"a": 1', "not a readable JSON document"),
        (b'{"a": 1, "a": 2}', "the key 'a' stands twice"),
        (b'{"b": {"a": 1, "a": 2}}', "the key 'a' stands twice"),
        (b'{"a": NaN}', "NaN is not a JSON number"),
        (b'{"a": -Infinity}', "-Infinity is not a JSON number"),
        (b'{"a": 1e999}', "1e999 is too large"),
        (b"[1]", "needed a JSON object, found list"),
        (b'"text"', "needed a JSON object, found str"),
        (b"\xff\xfe{}", "not a readable JSON document"),
        (b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "not a readable JSON document"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not a readable JSON document"),
        (b'{"a": ' + b"9" * 400 + b"}", "is too large"),
        (b'{"a": "\\ud800"}', "not a readable JSON document"),
        (b'{"\\uDC00\\ud800": 1}', "not a readable JSON document"),
    ],
)
def test_unsound_json_ends_in_one_line(data, message):
    with pytest.raises(InputError) as caught:
        parse_json(data, "file.json")
    assert str(caught.value).startswith("file.json: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_files(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load_json(tmp_path / "none.json")
    (tmp_path / "big.json").write_bytes(b'{"a": "' + b"x" * 2000 + b'"}')
    with pytest.raises(InputError, match="needed at most"):
        load_json(tmp_path / "big.json", limit=1000)
    assert load_json(tmp_path / "big.json")["a"] == "x" * 2000
    (tmp_path / "lock.json").write_bytes(b'{"schema": "dressform/lock/1"}')
    with pytest.raises(InputError, match=r"lock\.json: at \$: 'templates' is a required property"):
        load_document("lock", tmp_path / "lock.json")


def test_long_values_are_cut_in_messages():
    with pytest.raises(InputError) as caught:
        check_document("lock", {"schema": "x" * 10_000, "templates": []}, "lock")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, True), (-0.5, True), (True, False), ("1", False), (None, False), (float("nan"), False), (10**400, False)],
)
def test_numbers_are_told_from_what_only_looks_like_them(value: object, expected: bool) -> None:
    assert is_number(value) is expected
