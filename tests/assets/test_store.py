"""What holds when writers are killed, files are damaged and several processes meet in one library."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from dressform.assets.library import Library
from dressform.assets.verify import RULES, verify
from dressform.schemas.documents import check_document
from dressform.schemas.errors import AssetError, InputError


class Stop(BaseException):
    """As Ctrl-C: nothing in the library may catch it."""


def test_a_publish_stopped_at_any_write_leaves_the_library_as_it_was(
    publish, draft, library, clean_report, tmp_path, edit, snapshot
):
    publish(draft)
    edit(draft, title="second")
    (draft / "preview.png").write_bytes(b"second")
    before = snapshot(library.folder)
    report = clean_report(draft)
    outcomes = []
    for stop_at in range(20):
        folder = shutil.copytree(library.folder, tmp_path / f"copy{stop_at}")
        trial = Library.open(folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Path, "replace", stopping_after(stop_at))
            try:
                version = trial.publish(draft, report)
            except Stop:
                after = snapshot(folder)
                outcomes.append("as it was" if after == before else "published")
                assert verify(trial).summary()["errors"] == 0
                if after != before:
                    assert trial.resolve("tee").version == "1.0.1"
            else:
                assert version.created
                break
        assert trial.publish(draft, report).version == "1.0.1"
        assert verify(trial).summary() == {"pass": 2, "fail": 0, "not_tested": 0, "errors": 0, "warnings": 0}
    # report, preview, manifest and ref do not count before the ref is in place; after it only the index is missing
    assert outcomes == ["as it was"] * 4 + ["published"]


def stopping_after(writes: int) -> Callable[[Path, Path], Path]:
    rename, left = Path.replace, writes

    def replace(self: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left < 0:
            raise Stop
        return rename(self, target)

    return replace


KILLED = """
import os, sys
from pathlib import Path
from dressform.assets.library import Library
rename, left = Path.replace, int(sys.argv[4])
def dying(self, target):
    global left
    left -= 1
    if left < 0:
        os._exit(9)
    return rename(self, target)
Path.replace = dying
Library.open(Path(sys.argv[1])).publish(Path(sys.argv[2]), Path(sys.argv[3]))
"""


@pytest.mark.parametrize("writes", [0, 2, 5])
def test_a_killed_first_publish_can_be_done_again(library, draft, clean_report, tmp_path, writes):
    (tmp_path / "report.json").write_text(json.dumps(clean_report(draft).to_json()))
    arguments = [str(library.folder), str(draft), str(tmp_path / "report.json"), str(writes)]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    assert done.returncode == 9
    assert any((library.folder / "tmp").iterdir())  # what the killed process was writing
    library = Library.open(library.folder)
    assert list(library.list()) == []
    assert library.publish(draft, clean_report(draft)).created
    assert verify(library).summary()["fail"] == 0
    assert not (library.folder / "tmp").exists() or not any((library.folder / "tmp").iterdir())


def test_a_second_writer_waits_and_then_says_so(library, publish, draft, monkeypatch, edit):
    publish(draft)
    edit(draft, title="second")
    monkeypatch.setattr("dressform.assets.store.LOCK_SECONDS", 0.1)
    with FileLock(library.folder / ".lock"), pytest.raises(AssetError, match="being written by another process"):
        publish(draft)


def test_a_broken_or_old_index_is_not_used(library, publish, draft, edit):
    publish(draft)
    index = library.folder / "index.json"
    old = index.read_bytes()
    check_document("library", json.loads(old), "index")
    edit(draft, title="again")
    publish(draft)
    assert json.loads(index.read_bytes())["templates"]["tee"]["versions"].keys() == {"1.0.0", "1.0.1"}
    for content in (b"", b"{broken", b'{"schema": "dressform/library/1", "templates": {}}'):
        index.write_bytes(content)
        assert [row.version for row in library.list()] == ["1.0.1"]
    index.write_bytes(old)
    os.utime(index, (1, 1))  # a publish was killed between ref and index
    assert [row.version for row in library.list()] == ["1.0.1"]


def test_list_parses_only_the_index(library, publish, draft, monkeypatch):
    publish(draft)
    monkeypatch.setattr("dressform.assets.store.Store.ref", None)
    assert [row.name for row in library.list()] == ["tee"]


def test_an_index_of_other_refs_is_not_used_whatever_its_time(library, publish, draft, edit):
    """As after a copy, a checkout or a restored backup, which leave any times."""
    publish(draft)
    first = (library.folder / "refs/tee.json").read_bytes()
    edit(draft, title="again")
    publish(draft)
    (library.folder / "refs/tee.json").write_bytes(first)
    os.utime(library.folder / "refs/tee.json", (1, 1))
    assert [row.version for row in library.list()] == ["1.0.0"]


def test_a_damaged_ref_does_not_keep_others_from_being_published(library, publish, draft, edit):
    publish(draft)
    (library.folder / "refs/tee.json").write_bytes(b"{")
    edit(draft, name="other")
    assert publish(draft).label == "other@1.0.0"
    with pytest.raises(InputError, match=r"tee\.json: not a readable JSON document"):
        library.list()


def test_verify_says_what_is_damaged(library, publish, draft):
    version = publish(draft)
    assert verify(library).summary() == {"pass": 1, "fail": 0, "not_tested": 0, "errors": 0, "warnings": 0}

    def rules() -> set[str]:
        report = verify(library)
        check_document("report", report.to_json(), "report")
        return {finding.rule for finding in report.findings}

    glb = version.files["sizes/M/garment.glb"]
    content = bytearray(glb.read_bytes())
    content[100] ^= 1
    glb.write_bytes(content)
    assert rules() == {"DF-LIBRARY-003", "DF-LIBRARY-004"}
    glb.unlink()
    assert rules() == {"DF-LIBRARY-003"}
    with pytest.raises(AssetError, match="missing from the library"):
        version.mesh()
    assert not publish(draft).created  # the same content, so no new version, but the blob is whole again
    assert rules() == set()
    version.manifest_path.write_bytes(b"{}")
    with pytest.raises(AssetError, match=r"template\.json is missing or damaged"):
        library.resolve("tee")
    assert "DF-LIBRARY-002" in rules()
    (library.folder / "refs" / "tee.json").write_text("{}")
    assert "DF-LIBRARY-001" in rules()


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("sizes/M/garment.glb", lambda version: version.mesh()),
        ("rig.anny.safetensors", lambda version: version.rig()),
        ("template.json", lambda version: version.file("template.json")),
    ],
)
def test_a_changed_byte_is_noticed_before_it_is_read(publish, draft, path, read):
    version = publish(draft)
    read(version)
    blob = version.files[path]
    content = bytearray(blob.read_bytes())
    content[-5] ^= 1
    blob.write_bytes(content)
    with pytest.raises(AssetError, match=rf"{path} is damaged; run `dressform library verify` or publish it again"):
        read(version)


def test_what_verify_finds_an_import_mends(library, publish, draft, tmp_path):
    version = publish(draft)
    version.export(tmp_path / "copy")
    for path in version.files.values():
        path.write_bytes(b"damaged")
    assert verify(library).summary()["errors"] > 0
    library.import_version(tmp_path / "copy")
    assert verify(library).summary() == {"pass": 1, "fail": 0, "not_tested": 0, "errors": 0, "warnings": 0}


def test_verify_looks_where_the_blob_should_lie_and_at_what_the_ref_says(library, publish, draft):
    version = publish(draft)
    preview = version.files["preview.png"]
    preview.parent.joinpath("away").mkdir()
    preview.rename(preview.parent / "away" / preview.name)
    assert {finding.rule for finding in verify(library).findings} == {"DF-LIBRARY-003", "DF-LIBRARY-004"}
    publish(draft)
    shutil.rmtree(preview.parent / "away")
    ref = library.folder / "refs" / "tee.json"
    ref.write_text(ref.read_text().replace('"M"', '"XXL"'))
    (finding,) = verify(library).findings
    assert (finding.rule, finding.message) == ("DF-LIBRARY-006", "its ref has other sizes than its template.json")


def test_a_blob_that_cannot_be_read_is_told_in_one_line(library, publish, draft, monkeypatch):
    version = publish(draft)
    open_ = Path.open

    def failing(self, *arguments, **options):
        if "blobs" in self.parts:
            raise OSError(5, "Input/output error", str(self))
        return open_(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", failing)
    with pytest.raises(AssetError, match=r"^tee@1\.0\.0: .* cannot be read \(Input/output error\)$"):
        library.resolve("tee")
    with pytest.raises(AssetError, match=r"^tee@1\.0\.0: preview\.png cannot be read \(Input/output error\)$"):
        version.file("preview.png")
    assert {finding.rule for finding in verify(library).findings} == {"DF-LIBRARY-002", "DF-LIBRARY-004"}


def test_verify_does_not_pass_what_is_not_there(library, tmp_path):
    with pytest.raises(AssetError, match="is not a library yet"):
        verify(library)


def test_the_page_on_libraries_explains_every_rule():
    page = (Path(__file__).parents[2] / "docs/library.md").read_text()
    assert all(f"| {code} |" in page for code in RULES)
