"""A changed file leads to the garment that it belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from dressform.validators.examples.builder import Parts
from dressform.validators.examples.table import write_sound
from dressform.validators.holders import holders


def test_files_lead_to_what_holds_them(parts: Parts, tmp_path: Path) -> None:
    draft = parts.write(tmp_path / "drafts" / "tube")
    other = parts.write(tmp_path / "drafts" / "other")
    files = [draft / "sizes/M/garment.glb", draft / "steps.json", other / "source" / "gone.obj", tmp_path / "notes.md"]
    assert holders(files) == [other, draft]


def test_a_blob_leads_to_its_library(tmp_path: Path) -> None:
    library = write_sound("manifest.files", tmp_path)
    blob = next(path for path in sorted((library / "blobs").rglob("*")) if path.is_file())
    assert holders([blob, library / "library.json"]) == [library]


def test_relative_names_work_where_git_gives_them(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts.write(tmp_path / "tube")
    monkeypatch.chdir(tmp_path)
    assert holders([Path("tube/steps.json"), Path("README.md")]) == [Path("tube")]
    monkeypatch.chdir(tmp_path / "tube")
    assert holders([Path("steps.json")]) == [Path(".")]
