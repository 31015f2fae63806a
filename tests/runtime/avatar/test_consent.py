import datetime as dt
import json

import pytest

from dressform.runtime.avatar.consent import CURE, MAX_FILE_BYTES, SELF_DAYS, read_consent
from dressform.schemas.errors import ConsentError

TODAY = dt.date(2026, 3, 4)
GOOD = {"who": "Ada", "for": "trying on", "until": "2026-12-31"}


def refusal(consent):
    with pytest.raises(ConsentError) as caught:
        read_consent(consent, today=TODAY)
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.exit_code == 2
    return message


def write(tmp_path, content):
    path = tmp_path / "consent.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def test_own_photo():
    consent = read_consent("self", today=TODAY)
    assert consent.who == "self"
    assert consent.until == TODAY + dt.timedelta(days=SELF_DAYS)


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_file_by_text_or_path(tmp_path, kind):
    consent = read_consent(kind(write(tmp_path, GOOD)), today=TODAY)
    assert (consent.who, consent.purpose, consent.until) == ("Ada", "trying on", dt.date(2026, 12, 31))


def test_last_day_still_counts(tmp_path):
    assert read_consent(write(tmp_path, GOOD | {"until": "2026-03-04"}), today=TODAY).until == TODAY


def test_expired(tmp_path):
    message = refusal(write(tmp_path, GOOD | {"until": "2026-03-03"}))
    assert "'Ada' ended on 2026-03-03; ask for a new one" in message


@pytest.mark.parametrize("consent", ["", "  "])
def test_none_given(consent):
    assert refusal(consent) == f"no consent given; {CURE}"


def test_missing_file_and_folder(tmp_path):
    assert "gone.json: no such consent file" in refusal(tmp_path / "gone.json")
    assert str(tmp_path) in refusal(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"[]", b'"self"', b"null"])
def test_broken_file(tmp_path, content):
    message = refusal(write(tmp_path, content))
    assert "consent.json" in message
    assert CURE in message


def test_oversized_file(tmp_path):
    assert "too large" in refusal(write(tmp_path, b" " * (MAX_FILE_BYTES + 1)))


@pytest.mark.parametrize("key", sorted(GOOD))
@pytest.mark.parametrize("value", [None, "", " ", 7, ["Ada"]])
def test_incomplete_file_names_the_key(tmp_path, key, value):
    for document in ({k: v for k, v in GOOD.items() if k != key}, GOOD | {key: value}):
        assert repr(key) in refusal(write(tmp_path, document))


@pytest.mark.parametrize("until", ["31.12.2026", "2026-13-01", "soon"])
def test_until_must_be_a_date(tmp_path, until):
    message = refusal(write(tmp_path, GOOD | {"until": until}))
    assert until in message
    assert "YYYY-MM-DD" in message
