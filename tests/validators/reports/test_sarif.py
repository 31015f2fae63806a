from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dressform.schemas.report import Report
from dressform.validators.engine import validate
from dressform.validators.examples.builder import Parts
from dressform.validators.examples.table import EXAMPLES
from dressform.validators.reports.sarif import render
from dressform.validators.rules.table import RULES
from dressform.validators.targets import find_subjects

SCHEMA = json.loads((Path(__file__).parent / "data" / "sarif-schema-2.1.0.json").read_text())


def _run(text: str) -> dict[str, Any]:
    document = json.loads(text, parse_constant=pytest.fail)
    jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(document)
    (run,) = document["runs"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    return dict(run)


def test_findings_and_what_was_not_tested_are_kept_apart(report: Report) -> None:
    run = _run(render(report))
    results = run["results"]
    assert [result["level"] for result in results] == ["warning", "error", "error", "error"]
    assert [len(result.get("suppressions", ())) for result in results] == [0, 0, 0, 1]
    assert results[3]["suppressions"][0]["justification"] == "ignored: wait for the new scan (until 2030-01-01)"
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert [note["associatedRule"]["id"] for note in notes] == ["DF-SKIN-001", "DF-SKIN-002"]
    assert {rule.code for rule in RULES} <= {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert run["properties"]["measured"][0]["value"] == 1200


def test_the_place_is_named_down_to_the_face(report: Report) -> None:
    result = _run(render(report))["results"][1]
    names = [place["fullyQualifiedName"] for place in result["locations"][0]["logicalLocations"]]
    assert names == ["shirt", "shirt/sizes/M", *(f"shirt/sizes/M/faces/{face}" for face in (4, 5, 6))]
    assert result["properties"]["place"] == {"size": "M", "faces": [4, 5, 6]}


def test_it_is_valid_whatever_the_messages_hold(nasty: Report) -> None:
    results = _run(render(nasty))["results"]
    assert "](" not in results[0]["message"]["text"]


def test_findings_of_files_have_address_line_and_picture(parts: Parts, tmp_path: Path) -> None:
    parts.manifest["sizes"]["L"] = {"garment": "sizes/L/garment.glb"}
    for name in ("mesh.degenerate", "manifest.authors"):
        change = EXAMPLES[name].change
        assert change is not None
        change(parts)
    draft = parts.write(tmp_path / "garments" / "my shirt")
    manifest = draft / "template.json"
    manifest.write_text(json.dumps(parts.manifest, indent=2))
    run = _run(render(validate(draft), find_subjects(draft), root=tmp_path))
    results = {result["ruleId"]: result for result in run["results"]}
    place = results["DF-MANIFEST-003"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "garments/my%20shirt/template.json", "uriBaseId": "%SRCROOT%"}
    line = manifest.read_text().splitlines()[place["region"]["startLine"] - 1]
    assert line.startswith('  "authors"')
    mesh = results["DF-MESH-001"]
    artifact = mesh["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact["uri"] == "garments/my%20shirt/sizes/M/garment.glb"


def test_fingerprints_tell_findings_apart_and_stay(report: Report) -> None:
    first, second = (_run(render(report))["results"] for _ in range(2))
    prints = [result["partialFingerprints"]["dressformPlace/v1"] for result in first]
    assert len(set(prints)) == len(prints)
    assert first == second
