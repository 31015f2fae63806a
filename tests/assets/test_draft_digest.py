from __future__ import annotations

import hashlib
import os

import pytest

from dressform.assets.draft_digest import combined_digest, draft_digest, published_files


def test_published_files_are_the_versions_own(make_draft, tmp_path):
    draft = make_draft(tmp_path / "draft")
    (draft / ".commit").mkdir()
    (draft / ".commit" / "journal.json").touch()
    (draft / "overrides").mkdir()
    (draft / "overrides" / "place.json").touch()
    (draft / "report.json").touch()
    (tmp_path / "secret").write_text("secret")
    (draft / "link.png").symlink_to(tmp_path / "secret")
    want = ["preview.png", "rig.anny.safetensors", "sizes/M/garment.glb", "template.json"]
    assert list(published_files(draft)) == want


@pytest.mark.parametrize("name", ["steps.json", "source/shirt.obj", "report.json", "overrides/place.json"])
def test_digest_ignores_what_is_not_published(make_draft, tmp_path, name):
    draft = make_draft(tmp_path / "draft")
    before = draft_digest(draft)
    (draft / name).parent.mkdir(exist_ok=True)
    (draft / name).write_text("changed")
    os.utime(draft / "preview.png", (1, 1))
    assert draft_digest(draft) == before


@pytest.mark.parametrize("name", ["preview.png", "template.json", "sizes/M/garment.glb", "sizes/L/garment.glb"])
def test_digest_follows_what_is_published(make_draft, tmp_path, name):
    draft = make_draft(tmp_path / "draft")
    before = draft_digest(draft)
    (draft / name).parent.mkdir(exist_ok=True)
    (draft / name).write_text("changed")
    assert draft_digest(draft) != before


def test_combined_digest_is_over_sorted_lines():
    want = hashlib.sha256(b"a\0" + b"1" * 64 + b"\n" + b"b\0" + b"2" * 64 + b"\n").hexdigest()
    assert combined_digest({"b": "2" * 64, "a": "1" * 64}) == want
