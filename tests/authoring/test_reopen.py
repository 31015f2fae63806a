"""A version becomes a draft again, and keeps its field as long as that fits."""

from pathlib import Path
from typing import Any

import pytest

from dressform.assets import library as module
from dressform.assets.changes import content_key
from dressform.assets.draft_version import draft_version
from dressform.assets.library import Library
from dressform.assets.template_version import TemplateVersion
from dressform.authoring.draft import Draft
from dressform.authoring.reopen import keep_field, reopen
from dressform.schemas.errors import UsageError

FIELD = ("field.anny.safetensors", "field.anny.json")


@pytest.fixture
def version() -> TemplateVersion:
    return Library.open(Path(module.__file__).with_name("starter")).resolve("shorts")


def _without_field(version: TemplateVersion, folder: Path, **manifest: Any) -> Draft:
    draft = reopen(version, folder)
    return draft.commit_step("learn", {}, {}, files=dict.fromkeys(FIELD), manifest=manifest)


def test_a_reopened_version_publishes_to_what_it_was(version: TemplateVersion, tmp_path: Path) -> None:
    draft = reopen(version, tmp_path / "draft")
    assert all(draft.has(step) for step in ("import", "clean", "unwrap", "place", "rig", "preview"))
    assert content_key(draft_version(draft.folder).manifest) == content_key(version.manifest)


def test_a_folder_with_something_else_is_left_alone(version: TemplateVersion, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty and holds no draft"):
        reopen(version, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_garment_built_anew_keeps_its_field(version: TemplateVersion, tmp_path: Path) -> None:
    bare = _without_field(version, tmp_path / "draft")
    assert not any((bare.folder / path).exists() for path in FIELD)
    kept = keep_field(version, bare)
    assert content_key(draft_version(kept.folder).manifest) == content_key(version.manifest)


def test_another_cloth_is_another_field(version: TemplateVersion, tmp_path: Path) -> None:
    fabric = {**version.manifest["fabric"], "density_kg_m2": 1.0}
    bare = _without_field(version, tmp_path / "draft", fabric=fabric)
    assert keep_field(version, bare) is bare
