from __future__ import annotations

from pathlib import Path

import pytest

from dressform.schemas.errors import InputError
from dressform.schemas.yaml_file import load_yaml


def test_words_mean_what_they_seem_to(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: off\nb: no\nc: true\nd: 2027-01-31\ne: 2027-02-31\nf: [1, 2.5, null]\ng: {h: text}\n")
    want = {"a": "off", "b": "no", "c": True, "d": "2027-01-31", "e": "2027-02-31", "f": [1, 2.5, None]}
    assert load_yaml(file) == {**want, "g": {"h": "text"}}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' stands twice"),
        ("a: &x [1]\nb: *x\n", "line 2: aliases"),
        ("a: [1\n", "line 2"),
        ("- 1\n", "found list"),
        ("", "found NoneType"),
        ("? [a, b]\n: 1\n", "line 1: a key must be a word"),
        ("a: !!python/object/apply:os.system [ls]\n", "line 1: could not determine a constructor"),
        ("a: \x00\n", "not readable YAML"),
        ("[" * 100_000, "not readable YAML"),
        ("#" + "x" * 2**20 + "x", "needed at most 1 MiB"),
    ],
)
def test_a_wrong_file_is_one_line(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        load_yaml(file)
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"{file}: ")
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_one_line(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"a: \xff\xfe\n")
    with pytest.raises(InputError, match="not readable YAML"):
        load_yaml(file)
    with pytest.raises(InputError, match="No such file"):
        load_yaml(tmp_path / "b.yaml")
