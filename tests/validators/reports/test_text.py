from dressform.schemas.report import NotTested, Report, SubjectEntry
from dressform.validators.reports.text import render


def test_a_log_has_a_line_for_every_fact(report: Report) -> None:
    assert render(report).splitlines() == [
        "shirt  2 errors, 1 warning",
        "  ✗ error   DF-MESH-001 mesh.degenerate  sizes/L · size M · faces 4, 5, 6",
        "    another",
        "    cure: run dressform garment clean",
        "  ✗ error   DF-MESH-001 mesh.degenerate  sizes/M · faces 4, 5, 6",
        "    3 triangles have no area",
        "    cure: run dressform garment clean",
        "  ! warning DF-MESH-003 mesh.loose  sizes/M · faces 4, 5, 6",
        "    2 points are loose",
        "    cure: run dressform garment clean",
        "",
        "not tested  shirt: the step `rig` has not run (skin.sum, skin.negative)",
        "ignored  DF-MESH-001 mesh.degenerate tee/sizes/M: wait for the new scan until 2030-01-01",
        "gone  DF-UV-001 uv.missing tee/sizes/M",
        "60 passed, 3 failed (2 errors, 1 warning), 2 not tested",
    ]


def test_what_was_not_tested_stays_short() -> None:
    names = [f"tee{number}" for number in range(5)]
    skipped = [NotTested("DF-LOD-001", f"lod.{rule}", f"{name}: no levels") for name in names for rule in "abcd"]
    skipped += [NotTested("DF-UV-001", f"uv.{rule}", f"{name}: no UV1") for name in names[1:] for rule in "abc"]
    subjects = [SubjectEntry(name, "draft", f"drafts/{name}") for name in names]
    assert render(Report("drafts", not_tested=skipped, subjects=subjects)).splitlines() == [
        "not tested  all: no levels (4 lod rules)",
        "not tested  tee1, tee2, tee3 and 1 more: no UV1 (uv.a, uv.b, uv.c)",
        "0 passed, 0 failed, 32 not tested",
    ]


def test_measured_values_are_told_when_asked_for(report: Report) -> None:
    assert "measured  tee/sizes/M  mesh.degenerate  1200 triangles" in render(report, measured=True)


def test_a_narrow_terminal_is_kept_to(report: Report) -> None:
    report.findings[0] = report.findings[1]
    text = render(report, width=40)
    assert max(len(line) for line in text.splitlines()) <= 40
    assert "run dressform" in text


def test_colour_only_where_it_is_asked_for(report: Report) -> None:
    assert "\x1b[" not in render(report)
    assert "\x1b[1;31m" in render(report, colour=True)


def test_nothing_in_a_report_steers_the_terminal(nasty: Report) -> None:
    text = render(nasty, measured=True)
    assert not any(sign in text for sign in "\x1b\x00\x0b\u202e\ud800")
    text.encode("utf-8")


def test_a_clean_report_says_so() -> None:
    assert render(Report("tee", passed=4)) == "4 passed, 0 failed, 0 not tested\n"
