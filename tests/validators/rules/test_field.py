"""A field's card is believed only where it is whole, belongs to the garment and says what is possible."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dressform.assets.files.field_file import read_field, write_field
from dressform.runtime.garment.field_features import FEATURES
from dressform.validators.examples.builder import Parts
from dressform.validators.examples.field import carry_a_field
from dressform.validators.rule import Defect, Measured, NotTestableError
from dressform.validators.rules import field
from dressform.validators.subject import Subject
from dressform.validators.targets import find_subjects

CARD, FIELD = "field.anny.json", "field.anny.safetensors"


@pytest.fixture
def written(parts: Parts, tmp_path: Path) -> Callable[[Callable[[dict[str, Any]], None]], Subject]:
    """Write a garment with a field whose card is edited first."""

    def write(edit: Callable[[dict[str, Any]], None]) -> Subject:
        carry_a_field(parts)
        card = json.loads(parts.files[CARD])
        edit(card)
        parts.files[CARD] = json.dumps(card).encode()
        (subject,) = find_subjects(parts.write(tmp_path / "draft"))
        return subject

    return write


def test_a_sound_card_tells_what_was_measured(written: Any) -> None:
    subject = written(lambda card: None)
    found = [each for rule in field.RULES for each in rule.check(subject)]
    assert all(isinstance(each, Measured) for each in found)
    assert ("mm", f"{CARD} $.held_out.bodies.error_mm.mean", 7.9) in {(f.unit, f.path, f.value) for f in found}
    assert {each.unit for each in found} >= {"mm", "%", "pairs", "ms", "MB"}


def test_outside_the_range_a_field_need_only_do_no_harm(written: Any) -> None:
    def score_outside(card: dict[str, Any]) -> None:
        card["held_out"]["outside"] = {**card["held_out"]["poses"], "error_mm": {"mean": 30.0, "p95": 70.0}}
        card["held_out"]["outside"] |= {"crossing_pairs": 900.0, "bending_ratio": 3.0}

    subject = written(score_outside)
    assert not [found for rule in field.RULES for found in rule.check(subject) if isinstance(found, Defect)]


@pytest.mark.parametrize(("after", "simulated", "sound"), [(0.3, 0.02, False), (0.3, 0.31, True), (0.3, 0.2, False)])
def test_a_field_may_leave_in_the_body_what_the_simulation_does(
    written: Any, after: float, simulated: float, sound: bool
) -> None:
    def score(card: dict[str, Any]) -> None:
        scores = card["held_out"]["poses"]
        scores["penetrating_percent"]["after"] = after
        scores["simulated"]["penetrating_percent"] = simulated

    found = [each for each in field.keeps_out_of_the_body(written(score)) if isinstance(each, Defect)]
    assert (not found) == sound


def test_worse_than_plain_skinning_outside_is_a_defect(written: Any) -> None:
    def score_outside(card: dict[str, Any]) -> None:
        card["held_out"]["outside"] = {**card["held_out"]["poses"], "error_mm": {"mean": 32.0, "p95": 70.0}}

    (found,) = [each for each in field.is_near_the_truth(written(score_outside)) if isinstance(each, Defect)]
    assert found.path == f"{CARD} $.held_out.outside.error_mm.mean"
    assert "needed 31.7 mm" in found.message


@pytest.mark.parametrize(
    ("edit", "path"),
    [
        (lambda card: card.update(body="smplx"), "$.body"),
        (lambda card: card.update(sizes=["M", "L"]), "$.sizes"),
        (lambda card: card["digests"].update(uv1="0" * 64), "$.digests.uv1"),
        (lambda card: card["digests"].update(body="0" * 64), "$.digests.body"),
        (lambda card: card["digests"].update(field="0" * 64), "$.digests.field"),
    ],
)
def test_a_field_of_something_else_is_refused(written: Any, edit: Any, path: str) -> None:
    (found,) = field.belongs_here(written(edit))
    assert found.path == f"{CARD} {path}"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"topology": "0" * 64}, "it was trained for the mesh 000000000000"),
        ({"body_digest": "0" * 64}, "it was trained for the body 000000000000"),
        ({"body": "smplx"}, "it was trained for the body family smplx, needed anny"),
        ({"sizes": {"S": 0.9, "M": 1.0}}, "it was trained for the sizes M, S, needed M"),
        (
            {"sizes": dict.fromkeys(("XS", "S", "M", "L", "XL"), 1.0)},
            "it was trained for the sizes L, M, S, XL, XS, needed M",
        ),
        ({"features": tuple(f"{k}" for k in range(len(FEATURES)))}, "it was trained on other features"),
    ],
)
def test_a_field_that_says_it_is_another_ones_is_refused(written: Any, changes: Any, message: str) -> None:
    subject = written(lambda card: None)
    file = subject.files[FIELD]
    write_field(file, dataclasses.replace(read_field(file), **changes))
    found = [each.message for each in field.belongs_here(subject) if each.path == FIELD]
    assert len(found) == 1
    assert found[0].startswith(message)


def test_a_field_that_cannot_be_read_is_a_defect(written: Any) -> None:
    subject = written(lambda card: None)
    subject.files[FIELD].write_bytes(b"nothing")
    (message,) = [each.message for each in field.belongs_here(subject) if each.path == FIELD]
    assert message.startswith(f"{FIELD}: not a field file")


@pytest.mark.parametrize(
    ("edit", "path"),
    [
        (lambda card: card["range"]["joints"].update(tail=1.0), "joints.tail"),
        (lambda card: card["range"].update(joints={"spine1": 0.0}), "joints"),
        (lambda card: card["range"]["measures"].update(chest={"low": 1.0, "high": 1.0}), "measures.chest"),
    ],
)
def test_a_range_has_to_be_one(written: Any, edit: Any, path: str) -> None:
    (found,) = [each for each in field.is_bounded(written(edit)) if isinstance(each, Defect)]
    assert found.path == f"{CARD} $.range.{path}"


def test_a_card_that_understates_the_file_is_told(written: Any) -> None:
    (found,) = [each for each in field.is_small(written(lambda c: c.update(megabytes=0.2))) if isinstance(each, Defect)]
    assert found.path == f"{CARD} $.megabytes"


@pytest.mark.parametrize("lost", ["field.anny.json", "field.anny.safetensors"])
def test_half_a_pair_is_one_finding_and_nothing_else_is_tested(parts: Parts, tmp_path: Path, lost: str) -> None:
    carry_a_field(parts)
    del parts.files[lost]
    (subject,) = find_subjects(parts.write(tmp_path / "draft"))
    (found,) = field.has_a_card(subject)
    assert found.path == lost
    for rule in field.RULES[1:]:
        with pytest.raises(NotTestableError, match="no card or no file"):
            list(rule.check(subject))


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"schema": NaN}', b"\xff\xfe", b"[" * 5000])
def test_a_card_that_is_no_json_is_told_in_one_line(parts: Parts, tmp_path: Path, content: bytes) -> None:
    carry_a_field(parts)
    parts.files[CARD] = content
    (subject,) = find_subjects(parts.write(tmp_path / "draft"))
    (found,) = field.has_a_card(subject)
    assert str(tmp_path) not in found.message
    assert "\n" not in found.message
    with pytest.raises(NotTestableError, match="not complete"):
        list(field.is_fast(subject))
