from __future__ import annotations

from xml.etree import ElementTree

from dressform.schemas.report import Report, Severity
from dressform.validators.reports.junit import render
from dressform.validators.rules.table import RULES


def _cases(text: str) -> dict[tuple[str, str], ElementTree.Element]:
    root = ElementTree.fromstring(text.encode())
    cases = {(str(case.get("classname")), str(case.get("name"))): case for case in root.iter("testcase")}
    assert len(cases) == len(list(root.iter("testcase"))), "a case is known by its class name and name"
    for suite in (root, *root):
        own = list(suite.iter("testcase"))
        assert int(suite.get("tests", "-1")) == len(own)
        assert int(suite.get("failures", "-1")) == len([case for case in own if case.find("failure") is not None])
        assert int(suite.get("skipped", "-1")) == len([case for case in own if case.find("skipped") is not None])
        assert suite.get("errors") == "0"
    return cases


def test_every_rule_is_a_case_of_every_thing_validated(report: Report) -> None:
    cases = _cases(render(report))
    assert len(cases) == 2 * len(RULES)
    failed = cases["shirt.mesh", "DF-MESH-001 mesh.degenerate"].find("failure")
    assert failed is not None
    assert failed.get("message") == "3 triangles have no area (and 1 more)"
    assert failed.get("type") == "error"
    assert "cure: run dressform garment clean" in str(failed.text)
    assert "faces: [4, 5, 6]" in str(failed.text)
    skipped = cases["shirt.skin", "DF-SKIN-001 skin.sum"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "not tested: shirt: the step `rig` has not run"
    assert len(cases["tee.mesh", "DF-MESH-002 mesh.duplicate"]) == 0
    output = cases["tee.mesh", "DF-MESH-001 mesh.degenerate"].find("system-out")
    assert output is not None
    assert output.text == "measured 1200 triangles at tee/sizes/M"


def test_a_warning_fails_only_where_warnings_fail(report: Report) -> None:
    loose = "shirt.mesh", "DF-MESH-003 mesh.loose"
    case = _cases(render(report))[loose]
    assert case.find("failure") is None
    assert "2 points are loose" in str(case.findtext("system-out"))
    assert _cases(render(report, fail_on=Severity.WARNING))[loose].find("failure") is not None


def test_it_is_xml_whatever_the_messages_hold(nasty: Report) -> None:
    cases = _cases(render(nasty))
    texts = [failure.text or "" for case in cases.values() for failure in case.iter("failure")]
    assert any("<b>&amp;]]>" in text for text in texts)
