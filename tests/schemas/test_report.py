from __future__ import annotations

from dressform.schemas.documents import check_document
from dressform.schemas.report import Finding, NotTested, Report, Severity

ERROR = Finding("DF-MESH-001", "mesh.degenerate", Severity.ERROR, "tee", "3 of them", "clean", 3.0, {"faces": [1]})
WARNING = Finding("DF-UV-006", "uv.stretch", Severity.WARNING, "tee", "stretched", "unwrap")
SKIPPED = NotTested("DF-SKIN-001", "skin.sum", "no rig")


def test_document_and_back():
    report = Report("tee", "0" * 64, passed=3, findings=[ERROR, WARNING], not_tested=[SKIPPED])
    document = report.to_json()
    check_document("report", document, "report")
    assert document["summary"] == {"pass": 3, "fail": 2, "not_tested": 1, "errors": 1, "warnings": 1}
    assert Report.from_json(document) == report


def test_merged_sums():
    first = Report("a", "0" * 64, passed=2, findings=[ERROR])
    second = Report("b", "1" * 64, passed=5, findings=[WARNING], not_tested=[SKIPPED])
    merged = Report.merged([first, second])
    assert merged.summary() == {"pass": 7, "fail": 2, "not_tested": 1, "errors": 1, "warnings": 1}
    assert merged.draft_digest is None
    assert Report.merged([first]).draft_digest == first.draft_digest
    assert first.findings == [ERROR]  # merging changes none of them
