from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from dressform.validators.examples.table import EXAMPLES
from dressform.validators.reports.page import PICTURES, anchor, pages
from dressform.validators.reports.page_picture import rule_picture
from dressform.validators.reports.reasons import REASONS
from dressform.validators.rules.table import RULES

DOCS = Path(__file__).parents[3] / "docs"
AGAIN = "write them again: python -m dressform.validators.reports.page docs"


def pictures() -> list[Path]:
    return sorted((DOCS / PICTURES).iterdir())


def test_the_pages_are_the_table() -> None:
    written = pages([file.name for file in pictures()])
    for path, text in written.items():
        assert (DOCS / path).read_text(encoding="utf-8") == text, f"{path}: {AGAIN}"
    assert {f"rules/{file.name}" for file in (DOCS / "rules").glob("*.md")} | {"rules.md"} == set(written), AGAIN


def test_every_rule_has_its_picture() -> None:
    drawn = {file.stem for file in pictures()}
    assert drawn == {rule.name for rule in RULES}, AGAIN
    assert sum(file.stat().st_size for file in pictures()) < 3_000_000
    for file in pictures():
        with Image.open(file) as picture:
            picture.verify()


def test_every_rule_says_why_it_matters() -> None:
    assert {rule.name for rule in RULES} <= set(REASONS) <= {"file.readable", *(rule.name for rule in RULES)}
    assert all(reason.endswith(".") for reason in REASONS.values())


def test_the_links_of_the_pages_lead_somewhere() -> None:
    written = pages([file.name for file in pictures()])
    headings = {path: {anchor(line.lstrip("# ")) for line in text.splitlines() if line.startswith("#")}
                for path, text in written.items()}  # fmt: skip
    for path, text in written.items():
        for link in re.findall(r"\]\(([^)]+)\)", text):
            target, _, part = link.partition("#")
            found = (DOCS / path).parent.joinpath(target).resolve()
            assert found.exists(), f"{path}: {link}"
            if part:
                assert part in headings[found.relative_to(DOCS.resolve()).as_posix()], f"{path}: {link}"


@pytest.mark.parametrize("name", ["mesh.orientation", "manifest.schema", "uv.overlap"])
def test_a_picture_is_drawn_from_the_example(name: str) -> None:
    rule = next(rule for rule in RULES if rule.name == name)
    assert name in EXAMPLES
    picture = rule_picture(rule)
    assert picture is not None
    assert picture.size == (641, 354)
