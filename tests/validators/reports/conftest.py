"""Reports that the tests of the report writers share."""

from __future__ import annotations

import pytest

from dressform.schemas.report import Finding, Gone, MeasuredValue, NotTested, Report, Severity, SubjectEntry, Suppressed

# a terminal's escape, what XML forbids, a lone surrogate, a turn of direction, markup of every form
NASTY = "\x1b[31m\x00\x0b\ud800\u202e\ufffe <b>&amp;]]> [x](http://a) | {0} \"'"


def _finding(**changes: object) -> Finding:
    values: dict[str, object] = {
        "rule": "DF-MESH-001",
        "name": "mesh.degenerate",
        "severity": Severity.ERROR,
        "path": "shirt/sizes/M",
        "message": "3 triangles have no area",
        "cure": "run dressform garment clean",
        "value": 3.0,
        "place": {"size": "M", "faces": [4, 5, 6]},
        **changes,
    }
    return Finding(**values)  # type: ignore[arg-type]


@pytest.fixture
def report() -> Report:
    """Return a report with everything a report may hold, about two drafts of which one is sound."""
    warning = _finding(rule="DF-MESH-003", name="mesh.loose", severity=Severity.WARNING, message="2 points are loose")
    return Report(
        target="drafts",
        passed=60,
        findings=[warning, _finding(), _finding(message="another", path="shirt/sizes/L", value=float("nan"))],
        not_tested=[
            NotTested("DF-SKIN-001", "skin.sum", "shirt: the step `rig` has not run"),
            NotTested("DF-SKIN-002", "skin.negative", "shirt: the step `rig` has not run"),
        ],
        measured=[MeasuredValue("DF-MESH-001", "mesh.degenerate", "tee/sizes/M", 1200, "triangles")],
        subjects=[SubjectEntry("shirt", "draft", "drafts/shirt"), SubjectEntry("tee", "draft", "drafts/tee")],
        suppressed=[Suppressed(_finding(path="tee/sizes/M"), "ignored", "wait for the new scan", "2030-01-01")],
        gone=[Gone("DF-UV-001", "uv.missing", "tee/sizes/M")],
    )


@pytest.fixture
def nasty() -> Report:
    """Return a report whose every text is hostile."""
    bad = _finding(path=f"{NASTY}/sizes/M", message=NASTY, cure=NASTY, place={"size": NASTY, "layers": [NASTY, NASTY]})
    return Report(
        target=NASTY,
        findings=[bad],
        not_tested=[NotTested("DF-SKIN-001", "skin.sum", f"{NASTY}: {NASTY}")],
        measured=[MeasuredValue("DF-MESH-001", "mesh.degenerate", f"{NASTY}/x", float("inf"), NASTY)],
        subjects=[SubjectEntry(NASTY, "draft", NASTY)],
        suppressed=[Suppressed(bad, "known", NASTY)],
        gone=[Gone("DF-UV-001", "uv.missing", NASTY)],
    )
