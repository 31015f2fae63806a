"""How a validation runs: profiles weigh it, a cache keeps it, processes share it, and it says the same each time."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dressform.schemas.documents import check_document
from dressform.schemas.errors import AssetError, InputError, UsageError
from dressform.schemas.report import Finding, Report, Severity
from dressform.validators import parallel, result_cache
from dressform.validators.baseline import Baseline, Known
from dressform.validators.budgets import Budgets
from dressform.validators.engine import Options, validate, validate_all
from dressform.validators.examples.builder import Parts
from dressform.validators.profile import Ignore, Profile
from dressform.validators.result_cache import ResultCache
from dressform.validators.rule import Defect, Measured, NotTestableError, Rule
from dressform.validators.subject import Subject

TODAY = datetime.date(2026, 11, 23)


def counts(subject: Subject) -> Iterator[Defect | Measured]:
    """Garments with many triangles."""
    for size, mesh in subject.meshes.items():
        yield Measured(len(mesh.faces), "triangles", f"sizes/{size}")
        if len(mesh.faces) > subject.budgets.triangles:
            yield Defect("too many", f"sizes/{size}", len(mesh.faces))


def fails(subject: Subject) -> Iterator[Defect]:
    """A rule with a mistake."""
    yield Defect("first", "here")
    raise IndexError("list index\nout of range")


def unreadable(subject: Subject) -> Iterator[Defect]:
    """A rule that reads a broken file."""
    raise InputError("field.json: broken")


def untestable(subject: Subject) -> Iterator[Defect]:
    """A rule without its tool."""
    raise NotTestableError("node is not there")


def rule(number: int, name: str, check: Callable[[Subject], Iterator[Defect | Measured]], **more: bool) -> Rule:
    return Rule(f"DF-TEST-{number:03}", name, Severity.WARNING, ("mesh",), "mend it", check, **more)


COUNT = rule(1, "test.count", counts)
FEW = Budgets(triangles=3)


def run(target: Path, *rules: Rule, baseline: Baseline | None = None, **profile: object) -> Report:
    held = replace(Profile("team", FEW), **profile)  # type: ignore[arg-type]  # any field of a profile
    report = validate_all([target], Options(held, baseline=baseline, today=TODAY), rules=rules or (COUNT,))
    check_document("report", json.loads(json.dumps(report.to_json())), "report")
    return report


@pytest.fixture
def draft(parts: Parts, tmp_path: Path) -> Path:
    return parts.write(tmp_path / "tee")


def test_a_profile_sets_limits_and_severities(draft: Path) -> None:
    report = run(draft)
    assert [(f.severity, f.path, f.value) for f in report.findings] == [(Severity.WARNING, "tee/sizes/M", 224)]
    assert (report.profile, report.passed, report.measured[0].value) == ("team", 0, 224)
    assert run(draft, budgets=Budgets()).findings == []
    assert run(draft, severities={"test.*": "error"}).findings[0].severity is Severity.ERROR
    off = run(draft, severities={"test.count": "off"})
    assert (off.findings, off.measured, off.passed) == ([], [], 0)
    assert [each.reason for each in off.not_tested] == ["it is off in the profile team"]


def test_an_ignore_counts_until_its_last_day_and_then_against_the_team(draft: Path) -> None:
    ignore = Ignore("test.count", "a parade dress", TODAY, "tee/*", "team.yaml ignore[0]")
    report = run(draft, ignores=(ignore,))
    assert report.findings == []
    assert [(each.kind, each.reason, each.until) for each in report.suppressed] == [
        ("ignored", "a parade dress", "2026-11-23")
    ]
    assert run(draft, ignores=(replace(ignore, path="shirt/*"),)).suppressed == []
    late = run(draft, ignores=(replace(ignore, until=TODAY - datetime.timedelta(days=1)),))
    assert [(f.name, f.severity, f.path) for f in late.findings] == [
        ("test.count", Severity.WARNING, "tee/sizes/M"),
        ("profile.ignore-expired", Severity.ERROR, "team.yaml ignore[0]"),
    ]
    assert "a parade dress" in late.findings[1].message


def test_known_findings_do_not_fail_and_gone_ones_are_told(draft: Path) -> None:
    known = [Known("DF-TEST-001", "test.count", path, 300) for path in ("tee/sizes/M", "tee/sizes/L")]
    report = run(draft, baseline=Baseline(known))
    assert (report.findings, [each.kind for each in report.suppressed]) == ([], ["known"])
    assert [each.path for each in report.gone] == ["tee/sizes/L"]


def test_a_step_not_run_is_excused_by_nothing(parts: Parts, tmp_path: Path) -> None:
    parts.steps.remove("import")
    draft = parts.write(tmp_path / "tee")
    ignore = Ignore("test.count", "later", TODAY)
    profile = Profile("team", ignores=(ignore,), severities={"test.count": "info"})
    report = validate_all([draft], Options(profile, publishing=True, today=TODAY), rules=[COUNT])
    assert [(f.severity, f.path) for f in report.findings] == [(Severity.ERROR, "tee/steps.json")]


def test_a_rule_that_fails_is_a_finding_and_the_others_go_on(draft: Path) -> None:
    report = run(draft, rule(2, "test.fails", fails), rule(3, "test.file", unreadable), COUNT,
                 rule(4, "test.tool", untestable))  # fmt: skip
    found = {f.rule: f for f in report.findings}
    assert list(found) == ["DF-ENGINE-001", "DF-TEST-001", "DF-FILE-001"]
    assert "test.fails" in found["DF-ENGINE-001"].message
    assert "\n" not in found["DF-ENGINE-001"].message
    assert found["DF-FILE-001"].message == "field.json: broken"
    assert {each.name: each.reason for each in report.not_tested} == {
        "test.file": "tee: unreadable: field.json: broken",
        "test.tool": "tee: node is not there",
    }


def test_a_sweep_is_asked_for_or_part_of_the_profile(draft: Path) -> None:
    slow = rule(5, "test.slow", counts, slow=True)
    assert [each.reason for each in run(draft, slow).not_tested] == ["no sweep was asked for (--sweep)"]
    assert len(run(draft, slow, sweep=True).findings) == 1


def test_an_unknown_rule_in_a_profile_is_refused(draft: Path) -> None:
    with pytest.raises(UsageError, match=r"did you mean test\.count"):
        run(draft, severities={"test.counts": "off"})


@pytest.fixture
def folder(parts: Parts, tmp_path: Path) -> Path:
    """Three drafts, the middle one without authors."""
    for name in ("a", "b", "c"):
        parts.manifest["authors"] = [] if name == "b" else ["a tailor"]
        parts.write(tmp_path / "drafts" / name)
    return tmp_path / "drafts"


def found(report: Report) -> list[tuple[str, str]]:
    return [(f.path, f.name) for f in report.findings if f.name == "manifest.authors"]


def test_what_is_known_is_not_checked_again(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = Options(cache=ResultCache(tmp_path / "cache"))
    checked: list[str] = []
    check = parallel.check

    def noted(subject: Subject, rules: object, **more: bool) -> object:
        checked.append(subject.name)
        return check(subject, rules, **more)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(parallel, "check", noted)
    first = validate_all([folder], options)
    assert checked == ["a", "b", "c"]
    assert found(first) == [("b/template.json $.authors", "manifest.authors")]
    assert validate_all([folder], options).to_json() == first.to_json() == validate(folder).to_json()
    del checked[:]

    (folder / "a" / "preview.png").write_bytes((folder / "a" / "preview.png").read_bytes() + b" ")
    (folder / "c" / "template.json").write_text("{")
    validate_all([folder], options)
    assert checked == ["a", "c"]
    validate_all([folder], options)  # what could not be read is tried again
    assert checked == ["a", "c", "c"]
    del checked[:]

    other = Options(Profile("team", Budgets(triangles=9), {"manifest.authors": "error"}), cache=options.cache)
    assert found(validate_all([folder], other)) == found(first)
    assert checked == ["a", "b", "c"]
    validate_all([folder], replace(other, profile=Profile("team", Budgets(triangles=9))))
    assert checked == ["a", "b", "c", "c"]  # a severity is weighed after the cache
    validate_all([folder], replace(other, publishing=True))
    assert len(checked) == 7
    monkeypatch.setattr(result_cache, "toolkit_digest", lambda: "another release")
    validate_all([folder], other)
    assert len(checked) == 10


def test_a_broken_or_read_only_cache_costs_only_time(folder: Path, tmp_path: Path) -> None:
    cache = ResultCache(tmp_path / "cache")
    want = validate_all([folder], Options(cache=cache)).to_json()
    entries = sorted(cache.folder.rglob("*.json"))
    assert len(entries) == 4
    damages = (b"", b"{}", b'{"schema": "dressform/outcomes/1"}', b"\xff")
    for shift in range(len(damages)):  # every entry, damaged in every way
        for entry, content in zip(entries, (*damages[shift:], *damages[:shift]), strict=True):
            entry.write_bytes(content)
        assert validate_all([folder], Options(cache=cache)).to_json() == want
    (tmp_path / "file").write_text("")
    assert validate_all([folder], Options(cache=ResultCache(tmp_path / "file"))).to_json() == want


def test_what_nobody_reads_is_cleaned_away(folder: Path, tmp_path: Path) -> None:
    import os
    import time

    cache = ResultCache(tmp_path / "cache")
    cache.write_json("old", {})
    cache.write_json("new", {})
    long_ago = time.time() - 100 * 86400
    os.utime(cache.folder / "ol" / "old.json", (long_ago, long_ago))
    cache.clean()
    assert (cache.read_json("old"), cache.read_json("new")) == (None, {"schema": "dressform/outcomes/1"})


def test_processes_say_the_same_in_the_same_order(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dressform.validators.engine.SHARED_FROM", 2)
    report = validate_all([folder], Options(jobs=2, cache=ResultCache(tmp_path / "cache")))
    assert report.to_json() == validate(folder).to_json()


def end() -> None:
    import os

    os._exit(9)


def test_a_process_that_is_ended_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dressform.validators.engine.SHARED_FROM", 2)
    with pytest.raises(AssetError, match="--jobs 1"):
        validate_all([folder], Options(jobs=2, prepare=end))


def test_numbers_are_plain(draft: Path) -> None:
    import numpy as np

    def numbers(subject: Subject) -> Iterator[Defect | Measured]:
        """Numbers of arrays."""
        yield Defect("half", "a", np.float32(0.5))  # type: ignore[arg-type]  # rules take them from arrays
        yield Defect("three", "a", np.int32(3))  # type: ignore[arg-type]
        yield Defect("none", "a", float("nan"))
        yield Measured(float("inf"), "m", "a")

    report = run(draft, rule(6, "test.numbers", numbers))
    assert json.dumps([each.value for each in report.findings]) == "[0.5, 3, null]"
    assert report.measured == []
    assert isinstance(report.findings[0], Finding)
