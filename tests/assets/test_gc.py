from __future__ import annotations

import os
import time

import pytest

from dressform.assets.gc import collect
from dressform.assets.verify import verify
from dressform.schemas.errors import AssetError, InputError

DAY = 86_400.0


@pytest.fixture
def loose(library, publish, draft, edit):
    """A library with two versions, one of them yanked, and two loose blobs of twenty days and of one hour."""
    publish(draft)
    edit(draft, title="second")
    (draft / "preview.png").write_bytes(b"second")
    publish(draft)
    library.yank("tee", "1.0.0", "old")
    store = library.stores()[0]
    blobs = {}
    for content, age in ((b"old", 20 * DAY), (b"young", 3600.0)):
        with store.writing():
            blobs[content] = store.blob_path(store.add_bytes(content))
        os.utime(blobs[content], (time.time() - age,) * 2)
    return blobs


def rules(library) -> list[str]:
    return [finding.rule for finding in verify(library).findings]


def test_it_removes_what_is_loose_and_old(library, loose):
    found = collect(library)
    assert [blob.sha256 for blob in found.removed] == [loose[b"old"].name]
    assert [blob.sha256 for blob in found.kept] == [loose[b"young"].name]
    assert found.bytes == 3
    assert not loose[b"old"].exists()
    assert rules(library) == ["DF-LIBRARY-005"]
    assert [blob.bytes for blob in collect(library, grace_s=0).removed] == [5]
    assert rules(library) == []
    assert collect(library, grace_s=0).removed == ()


def test_versions_keep_every_file_yanked_or_not(library, loose):
    for version in library.versions():
        for path in version.files:
            os.utime(version.files[path], (1, 1))
    collect(library, grace_s=0)
    assert verify(library).summary()["pass"] == 2
    assert len(library.resolve("tee@1.0.0").mesh().points) == 40


def test_a_dry_run_removes_nothing_and_takes_no_lock(library, loose, monkeypatch):
    monkeypatch.setattr("dressform.assets.store.Store.writing", None)
    assert [blob.sha256 for blob in collect(library, dry_run=True).removed] == [loose[b"old"].name]
    assert all(path.exists() for path in loose.values())


def test_nothing_goes_while_nobody_can_say_what_is_needed(library, loose):
    (library.folder / "refs/tee.json").write_text("{}")
    with pytest.raises(InputError, match="is a required property"):
        collect(library, grace_s=0)
    assert all(path.exists() for path in loose.values())


def test_a_damaged_manifest_keeps_everything(library, loose):
    library.resolve("tee@1.0.0").manifest_path.write_bytes(b"{}")
    with pytest.raises(AssetError, match=r"template\.json is missing or damaged"):
        collect(library, grace_s=0)
    assert all(path.exists() for path in loose.values())


def test_refs_that_cannot_be_listed_are_not_taken_for_absent(library, loose, monkeypatch):
    listdir = os.listdir

    def denied(folder):
        if str(folder).endswith("refs"):
            raise PermissionError(13, "Permission denied", str(folder))
        return listdir(folder)

    monkeypatch.setattr(os, "listdir", denied)
    with pytest.raises(AssetError, match=r"refs cannot be read \(Permission denied\)"):
        collect(library, grace_s=0)
    assert all(path.exists() for path in loose.values())


def test_a_foreign_file_among_the_blobs_stays(library, loose):
    notes = library.folder / "blobs/sha256/ab/notes.txt"
    notes.parent.mkdir(exist_ok=True)
    notes.write_text("mine")
    os.utime(notes, (1, 1))
    collect(library, grace_s=0)
    assert notes.read_text() == "mine"
    assert rules(library) == ["DF-LIBRARY-004"]


def test_there_must_be_a_library(library):
    with pytest.raises(AssetError, match="is not a library yet"):
        collect(library)
    assert not library.folder.exists()
