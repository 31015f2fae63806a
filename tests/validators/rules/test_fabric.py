"""Fabrics are judged in SI units, and every cloth of the fabric library is usual."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dressform.authoring.fabrics.fabric import fabric as library_fabric
from dressform.authoring.fabrics.fabric import fabric_names, template_fabric
from dressform.validators.examples.builder import Parts
from dressform.validators.examples.fabric import DENIM
from dressform.validators.rule import Defect, NotTestableError
from dressform.validators.rules import fabric
from dressform.validators.subject import Subject
from dressform.validators.targets import find_subjects

CHECKS = (fabric.is_in_si_units, fabric.is_usual, fabric.has_a_possible_density, fabric.is_whole)


def stating(parts: Parts, folder: Path, values: Any) -> Subject:
    parts.manifest["fabric"] = values
    (subject,) = find_subjects(parts.write(folder))
    return subject


def test_every_fabric_of_the_library_is_usual(parts: Parts, tmp_path: Path) -> None:
    assert len(fabric_names()) >= 10
    draft = parts.write(tmp_path / "draft")
    for name in fabric_names():
        manifest = {**parts.manifest, "fabric": template_fabric(library_fabric(name))}
        (draft / "template.json").write_text(json.dumps(manifest))
        (subject,) = find_subjects(draft)
        assert not [found for check in CHECKS for found in check(subject) if isinstance(found, Defect)], name


@pytest.mark.parametrize(
    ("key", "trade", "says"),
    [("weight", 400, "400 g/m² is 0.4 kg/m²"), ("thickness", 0.75, "0.75 mm is 0.00075 m"),
     ("bending_warp", 30, "30 µN·m is 3e-05 N·m")],
)  # fmt: skip
def test_the_unit_that_was_meant_is_named(parts: Parts, tmp_path: Path, key: str, trade: float, says: str) -> None:
    subject = stating(parts, tmp_path / "draft", {**DENIM, key: trade})
    (found,) = fabric.is_in_si_units(subject)
    assert says in found.message
    assert not [found for found in fabric.is_usual(subject) if found.path.endswith(key)]


@pytest.mark.parametrize("value", [-1, 0, True, "heavy", None, [1], 1e400])
def test_what_is_no_number_is_missing(parts: Parts, tmp_path: Path, value: object) -> None:
    subject = stating(parts, tmp_path / "draft", {**DENIM, "weight": value})
    assert list(fabric.is_in_si_units(subject)) == []
    assert [found.message for found in fabric.is_whole(subject)] == ["the fabric states no weight"]
    with pytest.raises(NotTestableError, match="weight or thickness"):
        list(fabric.has_a_possible_density(subject))


@pytest.mark.parametrize("values", [None, [], "denim"])
def test_no_fabric_is_not_tested(parts: Parts, tmp_path: Path, values: object) -> None:
    subject = stating(parts, tmp_path / "draft", values)
    for check in CHECKS:
        with pytest.raises(NotTestableError, match="states no fabric"):
            list(check(subject))
