"""Every rule finds its defect, names the place, and is silent on a sound asset."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dressform.schemas.report import Severity
from dressform.validators.engine import validate
from dressform.validators.examples.builder import Parts
from dressform.validators.examples.table import EXAMPLES, validate_example, write_broken, write_sound
from dressform.validators.rules.table import RULES

MANY_OF_ONE = re.compile(r"(?<![.\w])1 (points|triangles|coordinates|pairs|edges|pieces|texels|joints|files)\b")
BY_NAME = {rule.name: rule for rule in RULES}


def test_no_rule_is_without_a_failing_example() -> None:
    assert set(BY_NAME) == set(EXAMPLES)


def test_codes_and_names_are_unique() -> None:
    assert len({rule.code for rule in RULES}) == len(BY_NAME) == len(RULES) >= 32


def test_the_sound_draft_is_clean(parts: Parts, tmp_path: Path) -> None:
    report = validate(parts.write(tmp_path / "draft"), publishing=True)
    assert report.findings == []
    elsewhere = {name for name, example in EXAMPLES.items() if example.tamper or example.prepare or example.tool}
    assert {skipped.name for skipped in report.not_tested} <= elsewhere
    assert report.passed >= len(RULES) - len(elsewhere)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_the_defect_is_found_and_placed(name: str, tmp_path: Path) -> None:
    example, rule = EXAMPLES[name], BY_NAME[name]
    report = validate_example(name, write_broken(name, tmp_path))
    skipped = [each.reason for each in report.not_tested if each.name == name]
    if example.tool and skipped:
        pytest.skip(skipped[0])
    found = [finding for finding in report.findings if finding.name == name]
    assert found, f"found only {[finding.name for finding in report.findings]}"
    assert all(finding.rule == rule.code and finding.severity is rule.severity for finding in found)
    assert all(finding.message and finding.cure for finding in found)
    assert not [finding.message for finding in found if MANY_OF_ONE.search(finding.message)]
    assert any(
        example.at in finding.path and example.place.items() <= dict(finding.place or {}).items() for finding in found
    ), [(finding.path, finding.place) for finding in found]


@pytest.mark.parametrize("name", sorted(name for name, each in EXAMPLES.items() if each.tamper or each.prepare))
def test_the_rule_holds_for_its_sound_example(name: str, tmp_path: Path) -> None:
    report = validate_example(name, write_sound(name, tmp_path))
    assert name not in {finding.name for finding in report.findings}
    assert name not in {skipped.name for skipped in report.not_tested}


def test_a_step_not_run_is_not_tested_and_an_error_at_publish(parts: Parts, tmp_path: Path) -> None:
    parts.steps.remove("rig")
    folder = parts.write(tmp_path / "draft")
    rules = {rule.name for rule in RULES if "rig" in rule.needs and "version" not in rule.needs and not rule.slow}
    report = validate(folder)
    assert report.findings == []
    assert rules <= {skipped.name for skipped in report.not_tested}
    errors = {f.name for f in validate(folder, publishing=True).findings if f.severity is Severity.ERROR}
    assert errors == rules


def test_an_unreadable_file_is_a_finding_not_a_crash(parts: Parts, tmp_path: Path) -> None:
    folder = parts.write(tmp_path / "draft")
    glb = folder / "sizes" / "M" / "garment.glb"
    glb.write_bytes(glb.read_bytes()[:500])
    report = validate(folder)
    assert "DF-FILE-001" in {finding.rule for finding in report.findings}
    assert report.summary()["errors"] == 1
    (folder / "template.json").write_text("{")
    assert "DF-FILE-001" in {finding.rule for finding in validate(folder).findings}


def test_reports_are_deterministic_and_serialise(tmp_path: Path) -> None:
    folder = write_broken("mesh.orientation", tmp_path)
    first, second = (json.dumps(validate(folder).to_json()) for _ in range(2))
    assert first == second
