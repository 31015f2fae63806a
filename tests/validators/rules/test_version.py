"""A version is held to the highest release before it, whatever pre-releases lie between."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from dressform.assets.library import Library
from dressform.assets.store import Store
from dressform.schemas.documents import dump_json
from dressform.validators.engine import validate
from dressform.validators.examples.builder import Parts
from dressform.validators.rule import Defect
from dressform.validators.rules.version import promises_enough
from dressform.validators.targets import find_subjects


@pytest.fixture
def library(parts: Parts, tmp_path: Path) -> Path:
    draft = parts.write(tmp_path / "draft")
    Library.open(tmp_path / "library").publish(draft, validate(draft, publishing=True))
    return tmp_path / "library"


def add(library: Path, number: str, **digests: str) -> None:
    """Put a version into a library behind its back: the first one with another number and other digests."""
    store, first = Store(library), Library.open(library).resolve("tube@1.0.0")
    manifest = copy.deepcopy(first.manifest)
    manifest["version"] = number
    manifest["digests"].update(digests)  # type: ignore[typeddict-item]
    with store.writing():
        entry = store.ref("tube")
        assert entry is not None
        held = {**entry["versions"]["1.0.0"], "manifest": store.add_bytes(dump_json(manifest))}
        entry["versions"][number] = held
        store.write_ref("tube", entry)


def findings(library: Path) -> dict[str, list[Defect]]:
    return {subject.name: list(promises_enough(subject)) for subject in find_subjects(library)}


@pytest.mark.parametrize(
    ("number", "digests", "needed"),
    [
        ("1.0.1", {}, None),
        ("1.0.1", {"uv1": "1" * 64}, "1.1.0"),
        ("1.1.0", {"uv1": "1" * 64}, None),
        ("1.9.9", {"topology": "2" * 64}, "2.0.0"),
        ("2.0.0", {"topology": "2" * 64}, None),
        ("1.1.0-beta.1", {"topology": "2" * 64}, "2.0.0"),
        ("2.0.0-beta.1", {"topology": "2" * 64}, None),
    ],
)
def test_the_number_keeps_its_promise(library: Path, number: str, digests: dict[str, str], needed: str | None) -> None:
    add(library, number, **digests)
    found = findings(library)
    assert found["tube@1.0.0"] == []
    messages = [defect.message for defect in found[f"tube@{number}"]]
    assert len(messages) == (needed is not None)
    assert all(f"follows 1.0.0, needed {needed} or higher" in message for message in messages)


def test_a_release_may_be_what_its_pre_release_was(library: Path) -> None:
    add(library, "1.1.0-beta.1", uv1="1" * 64)
    add(library, "1.1.0", uv1="1" * 64)
    assert not any(findings(library).values())


def test_pre_releases_between_hide_nothing(library: Path) -> None:
    add(library, "1.1.0-beta.1", topology="2" * 64)
    add(library, "1.1.0", topology="2" * 64)
    assert [name for name, defects in findings(library).items() if defects] == ["tube@1.1.0-beta.1", "tube@1.1.0"]
