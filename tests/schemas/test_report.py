from __future__ import annotations

from dressform.schemas.documents import check_document
from dressform.schemas.report import Finding, Gone, MeasuredValue, NotTested, Report, Severity, SubjectEntry, Suppressed

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


def test_what_does_not_count_goes_through_a_document():
    report = Report(
        "drafts",
        measured=[MeasuredValue("DF-MESH-008", "mesh.budget", "tee/sizes/M", 120.0, "triangles")],
        profile="film",
        subjects=[SubjectEntry("tee", "draft", "drafts/tee")],
        suppressed=[Suppressed(ERROR, "ignored", "open in front", "2027-01-31"), Suppressed(WARNING, "known", "known")],
        gone=[Gone("DF-UV-005", "uv.overlap", "tee/sizes/M")],
    )
    document = report.to_json()
    check_document("report", document, "report")
    assert document["summary"]["fail"] == 0
    assert Report.from_json(document) == report
    merged = Report.merged([report, Report("more", profile="film")])
    assert (merged.suppressed, merged.gone, merged.subjects) == (report.suppressed, report.gone, report.subjects)
    assert merged.profile == "film"
