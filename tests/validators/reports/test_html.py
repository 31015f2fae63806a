from __future__ import annotations

import base64
import io
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from PIL import Image

from dressform.schemas.report import Report
from dressform.validators.engine import validate
from dressform.validators.examples.builder import Parts
from dressform.validators.examples.table import EXAMPLES
from dressform.validators.reports.html import render
from dressform.validators.targets import find_subjects

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """The text and pictures of a page whose tags close as they open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.tags: set[str] = set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag == "img":
            self.pictures.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_the_page_tells_what_the_report_holds(report: Report) -> None:
    page = Page(render(report))
    for told in (
        "Validation of drafts",
        "not sound",
        "3 triangles have no area",
        "run dressform garment clean",
        "2 errors, 1 warning",
        "the step `rig` has not run",
        "skin.sum, skin.negative",
        "wait for the new scan (until 2030-01-01)",
        "1200 triangles",
        "uv.missing",
    ):
        assert told in page.text, told


def test_a_sound_report_says_so() -> None:
    assert "sound" in Page(render(Report("tee", passed=3))).text


def test_a_hostile_report_stays_text(nasty: Report) -> None:
    text = render(nasty)
    page = Page(text)
    assert not {"b", "script", "a", "link", "iframe"} & page.tags
    assert "<b> &amp;" not in page.text
    assert not any(sign in text for sign in "\x1b\x00\x0b\u202e\ud800")
    text.encode("utf-8")


def test_one_finding_in_every_size_is_one_card(report: Report) -> None:
    first = report.findings[1]
    other = type(first)(**{**vars(first), "path": "shirt/sizes/S", "place": {**(first.place or {}), "size": "S"}})
    report.findings[:] = [first, other]
    page = render(report)
    assert page.count("<article") == 1
    assert "sizes/M, sizes/S" in page


def test_the_page_stands_alone_with_its_pictures(parts: Parts, tmp_path: Path) -> None:
    for name in ("mesh.degenerate", "uv.overlap", "manifest.schema"):
        change = EXAMPLES[name].change
        assert change is not None
        change(parts)
    draft = parts.write(tmp_path / "shirt")
    report, subjects = validate(draft), find_subjects(draft)
    text = render(report, subjects)
    page = Page(text)
    assert len(page.pictures) >= 4
    for picture in page.pictures:
        kind, _, content = str(picture["src"]).partition(";base64,")
        with Image.open(io.BytesIO(base64.b64decode(content))) as image:
            image.load()
            assert kind == f"data:{image.get_format_mimetype()}"
            assert [str(side) for side in image.size] == [picture["width"], picture["height"]]
        assert picture["alt"]
    assert page.tags.isdisjoint({"script", "link", "iframe", "object", "video"})
    assert '"name": "No Spaces Allowed!"' in page.text
    assert render(report, subjects, pictures=0).count("<figure") == 0


def test_a_measured_value_is_told_once(report: Report) -> None:
    report.findings = [replace(report.findings[1], message="3 triangles have no area")]
    assert "<dt>measured</dt>" not in render(report)
    report.findings = [replace(report.findings[0], message="triangles have no area")]
    assert "<dt>measured</dt><dd>3</dd>" in render(report)
