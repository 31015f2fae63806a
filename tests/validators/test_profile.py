"""Profiles: shipped ones, a team's own, and what a wrong one is told."""

from __future__ import annotations

import datetime
import re
from dataclasses import fields
from pathlib import Path

import pytest

from dressform.schemas.errors import UsageError
from dressform.schemas.report import Severity
from dressform.validators.budgets import Budgets
from dressform.validators.profile import Profile, load_profile, shipped
from dressform.validators.rules.table import RULES

HEAD = "schema: dressform/profile/1\n"


def profile(folder: Path, text: str, name: str = "team.yaml") -> Profile:
    (folder / name).write_text(HEAD + text)
    return load_profile(folder / name)


def test_the_profiles_that_ship_speak_of_rules_that_there_are() -> None:
    assert shipped() == ["default", "film", "marketplace", "mobile", "web"]
    for name in shipped():
        load_profile(name).check_rules((rule.code, rule.name) for rule in RULES)
    assert load_profile("default") == Profile("default")
    assert load_profile("mobile").budgets.triangles < load_profile("web").budgets.triangles
    assert load_profile("mobile").severities == load_profile("web").severities
    assert load_profile("film").sweep
    for name in shipped():
        budgets = load_profile(name).budgets
        levels = [budgets.triangles, *(getattr(budgets, f"lod{level}_triangles") for level in range(1, 5))]
        assert levels == sorted(set(levels), reverse=True), name


def test_the_page_tells_every_limit() -> None:
    told = dict(re.findall(r"^\s{8}(\w+): (.+)$", str(Budgets.__doc__), re.MULTILINE))
    page = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", page.partition("## Limits")[2], re.MULTILINE))
    assert listed == told
    assert set(told) == {field.name for field in fields(Budgets)}


def test_what_stands_in_a_file_goes_over_what_it_extends(tmp_path: Path) -> None:
    profile(tmp_path, "extends: web\nbudgets: {triangles: 7}\nignore: [{rule: a.b, reason: c, until: 2027-01-31}]\n")
    text = "extends: team.yaml\nbudgets: {uv_stretch: 2}\nseverities: {'uv.*': off}\n"
    text += "ignore: [{rule: mesh.hole, path: 'kimono/*', reason: ' open ', until: 2027-02-28}]\n"
    found = profile(tmp_path, text, "own.yaml")
    web = load_profile("web")
    assert (found.budgets.triangles, found.budgets.uv_stretch, type(found.budgets.uv_stretch)) == (7, 2.0, float)
    assert found.budgets.texture_px == web.budgets.texture_px
    assert found.severities == {**web.severities, "uv.*": "off"}
    assert [(each.rule, each.reason, each.until) for each in found.ignores] == [
        ("a.b", "c", datetime.date(2027, 1, 31)),
        ("mesh.hole", "open", datetime.date(2027, 2, 28)),
    ]


def test_every_kind_of_budget_can_be_set(tmp_path: Path) -> None:
    lines = []
    for each in fields(Budgets):
        value = getattr(Budgets(), each.name)
        lines.append(f"  {each.name}: {list(value) if isinstance(value, tuple) else value}")
    assert profile(tmp_path, "budgets:\n" + "\n".join(lines) + "\n").budgets == Budgets()


def test_the_closest_name_decides_the_severity() -> None:
    found = Profile(severities={"uv.*": "info", "uv.str*": "off", "uv.range": "warning", "DF-UV-004": "error"})
    weights = [("DF-UV-001", "uv.missing"), ("DF-UV-006", "uv.stretch"), ("DF-UV-002", "uv.range")]
    assert [found.severity(*each, Severity.ERROR) for each in weights] == [Severity.INFO, None, Severity.WARNING]
    assert found.severity("DF-UV-004", "uv.zero-area", Severity.INFO) is Severity.ERROR
    assert found.severity("DF-MESH-001", "mesh.degenerate", Severity.INFO) is Severity.INFO


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("budgets: {triangels: 3}\n", "no budget 'triangels'; did you mean triangles?"),
        ("budgets: {triangles: many}\n", r"\$.budgets.triangles: needed a whole number, found 'many'"),
        ("budgets: {triangles: true}\n", "needed a whole number, found True"),
        ("budgets: {uv_stretch: .nan}\n", "needed a number"),
        ("budgets: {sweep_poses: walk}\n", "needed a list"),
        ("severities: {mesh.hole: fatal}\n", "'fatal' is not one of"),
        ("ignore: [{rule: mesh.hole, until: 2027-01-31}]\n", "'reason' is a required property"),
        ("ignore: [{rule: mesh.hole, reason: ' ', until: 2027-01-31}]\n", "is not a reason in words"),
        ("ignore: [{rule: mesh.hole, reason: old}]\n", "'until' is a required property"),
        ("ignore: [{rule: mesh.hole, reason: old, until: 2027-02-30}]\n", "there is no day 2027-02-30"),
        ("extends: team.yaml\n", "extends itself"),
        ("extends: nothing\n", "no profile 'nothing'"),
        ("a: 1\na: 2\n", "line 3: the key 'a' stands twice"),
    ],
)
def test_a_wrong_profile_is_one_line(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        profile(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_profile_that_is_not_there_is_told() -> None:
    with pytest.raises(UsageError, match="there are default, film, marketplace, mobile, web"):
        load_profile("webb")
    with pytest.raises(UsageError, match="no such profile file"):
        load_profile("team.yaml")


def test_a_rule_that_there_is_not_is_refused(tmp_path: Path) -> None:
    known = [("DF-MESH-021", "mesh.hole")]
    with pytest.raises(UsageError, match=r"severities names the rule 'mesh.holes'.*did you mean mesh.hole\?"):
        profile(tmp_path, "severities: {mesh.holes: off}\n").check_rules(known)
    with pytest.raises(UsageError, match=r"team.yaml ignore\[0\] names the rule 'nonsense'"):
        profile(tmp_path, "ignore: [{rule: nonsense, reason: x, until: 2027-01-31}]\n").check_rules(known)
    profile(tmp_path, "severities: {mesh.*: off, DF-MESH-021: info}\n").check_rules(known)
