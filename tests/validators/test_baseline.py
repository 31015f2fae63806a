"""Baselines: what a team knows of does not fail, what is new or worse does, what is gone is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from dressform.schemas.errors import UsageError
from dressform.schemas.report import Finding, Severity
from dressform.validators.baseline import Baseline, Known, read_baseline, write_baseline


def finding(value: float | None = None, path: str = "tee/sizes/M", severity: Severity = Severity.ERROR) -> Finding:
    return Finding("DF-MESH-001", "mesh.degenerate", severity, path, "no area", "clean", value)


def known(value: float | None = None, path: str = "tee/sizes/M") -> Known:
    return Known("DF-MESH-001", "mesh.degenerate", path, value)


@pytest.mark.parametrize(
    ("was", "now", "meets"),
    [
        (5, 5, True),
        (5, 4, True),
        (5, 6, False),
        (0.31, 0.31, True),
        (0.31, 0.32, True),
        (0.31, 0.2, False),
        (0.31, 0.5, False),
        (None, None, True),
        (None, 3, False),
        (3, None, False),
    ],
)
def test_a_count_may_fall_and_a_number_hardly_move(was: float | None, now: float | None, meets: bool) -> None:
    assert Baseline([known(was)]).meets(finding(now)) is meets
    assert not Baseline([known(was, "tee/sizes/L")]).meets(finding(now))


def test_each_known_finding_excuses_one() -> None:
    baseline = Baseline([known(10), known(3)])
    assert [baseline.meets(finding(value)) for value in (2, 9, 1)] == [True, True, False]
    baseline = Baseline([known(10), known(3)])
    assert [baseline.meets(finding(value)) for value in (9, 2)] == [True, True]


def test_only_what_was_tested_can_be_gone() -> None:
    paths = ("tee/sizes/M", "shirt/sizes/M", "nested/tee/sizes/M", "grown/sizes/M")
    baseline = Baseline([known(3, path) for path in paths])
    ran = [("tee", "DF-MESH-001"), ("shirt", "DF-UV-001"), ("nested", "DF-MESH-001"), ("grown", "DF-MESH-001")]
    ran += [("nested/tee", "DF-UV-001")]
    gone = baseline.gone(ran, [finding(9, "grown/sizes/M")])
    assert [each.path for each in gone] == ["tee/sizes/M"]


def test_written_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    found = [finding(3), finding(None, "a"), finding(1.5, "a"), finding(1, "note", Severity.INFO)]
    assert write_baseline(file, found) == 3
    baseline = read_baseline(file)
    assert baseline.known == [known(None, "a"), known(1.5, "a"), known(3)]
    again = tmp_path / "again.json"
    write_baseline(again, reversed(found))
    assert again.read_bytes() == file.read_bytes()


def test_what_is_no_baseline_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--write-baseline"):
        read_baseline(tmp_path / "known.json")
    (tmp_path / "known.json").write_text("[]")
    with pytest.raises(UsageError, match="needed a JSON object"):
        read_baseline(tmp_path / "known.json")
