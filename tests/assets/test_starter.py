"""The wardrobe that ships with the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from dressform.assets import library as module
from dressform.assets.library import Library
from dressform.assets.verify import verify
from dressform.schemas.documents import load_json

STARTER = Path(module.__file__).with_name("starter")


@pytest.fixture(autouse=True)
def it_ships(no_wardrobe_ships: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STARTER", STARTER)


def test_it_holds_the_garments_in_three_sizes_and_two_colourways() -> None:
    rows = {row.name: row for row in Library.embedded().list()}
    assert set(rows) == {"tee", "long-sleeve", "shirt", "jacket", "trousers", "shorts", "circle-skirt", "dress"}
    for row in rows.values():
        assert set(row.sizes) == {"S", "M", "L"}
        assert len(row.variants) == 2
        assert row.bodies == ("anny",)


def test_every_blob_is_sound_and_free_to_use() -> None:
    library = Library.embedded()
    assert not [finding for finding in verify(library).findings if finding.severity.value == "error"]
    for version in library.versions():
        assert version.manifest["licence"] == "CC0-1.0"
        assert version.manifest["permissions"]["redistribution"] is True
    files = [entry for version in library.versions() for entry in version.manifest["files"].items()]
    assert sum(entry["bytes"] for path, entry in files if not path.startswith("field.")) < 40e6
    assert max(entry["bytes"] for path, entry in files if path.startswith("field.")) < 2e6


@pytest.mark.parametrize("name", ["tee", "long-sleeve", "shirt", "dress", "trousers", "shorts", "circle-skirt"])
def test_cloth_folds_by_a_field_that_is_nearer_to_simulation_than_plain_skinning(name: str) -> None:
    version = Library.embedded().resolve(name)
    assert version.field() is not None
    card = load_json(version.file("field.anny.json"))
    for split in ("poses", "bodies", "outside"):
        scores = card["held_out"][split]
        assert scores["error_mm"]["mean"] < 0.5 * scores["plain_error_mm"]["mean"]


def test_the_users_library_lies_over_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DRESSFORM_LIBRARY", str(tmp_path / "mine"))
    library = Library.open()
    assert library.resolve("tee@^1:L/navy").mesh().points.shape[1] == 3
    assert not (tmp_path / "mine").exists()
    assert "tee" not in Library.open(tmp_path / "mine").names()
    assert "tee" in Library.open(tmp_path / "mine", over_embedded=True).names()
