"""Only what git says has changed since a commit is validated."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from dressform.assets.library import Library
from dressform.schemas.errors import UsageError
from dressform.validators.changed import changed_since
from dressform.validators.examples.builder import Parts
from dressform.validators.targets import find_all


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "x", "--allow-empty")


@pytest.fixture
def repository(parts: Parts, tube_library: Path, tmp_path: Path) -> Path:
    root = tmp_path / "a répo"
    for name in ("tee", "skirt", "größe"):
        parts.write(root / "drafts" / name)
    shutil.copytree(tube_library, root / "library")
    git(tmp_path, "init", "-q", "-b", "main", str(root))
    commit(root)
    return root


def changed(root: Path, reference: str = "main") -> list[str]:
    return [each.subject.name for each in changed_since(reference, find_all([root]))]


def test_what_is_committed_edited_new_or_deleted_counts(repository: Path, parts: Parts) -> None:
    assert changed(repository) == []
    git(repository, "checkout", "-q", "-b", "work")
    (repository / "drafts" / "größe" / "preview.png").write_bytes(b"x")
    commit(repository)
    assert changed(repository) == ["drafts/größe"]
    assert changed(repository, "HEAD") == []
    (repository / "drafts" / "tee" / "preview.png").unlink()
    assert changed(repository) == ["drafts/größe", "drafts/tee"]
    parts.write(repository / "drafts" / "new")
    assert changed(repository, "HEAD") == ["drafts/new", "drafts/tee"]
    (repository / ".gitignore").write_text("new/\n")
    assert changed(repository, "HEAD") == ["drafts/tee"]


def test_what_others_did_meanwhile_does_not_count(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "work")
    commit(repository)
    git(repository, "checkout", "-q", "main")
    (repository / "drafts" / "tee" / "preview.png").write_bytes(b"x")
    commit(repository)
    git(repository, "checkout", "-q", "work")
    assert changed(repository, "main") == []


def test_a_version_changes_with_its_files_only(repository: Path) -> None:
    version = Library.open(repository / "library").resolve("tube")
    (repository / "library" / "index.json").write_text("{}")
    assert changed(repository) == []
    version.files["sizes/M/garment.glb"].unlink()
    assert changed(repository) == ["library/tube@1.0.0"]


def test_a_hook_may_run_it(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git tells a hook of its own repository by variables that would mislead a call into another folder."""
    (repository / "drafts" / "tee" / "preview.png").write_bytes(b"x")
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    assert changed(repository) == ["drafts/tee"]


def test_mistakes_are_one_line(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for reference in ("nowhere", "--output=x", ""):
        with pytest.raises(UsageError, match="fetch it first"):
            changed(repository, reference)
    shutil.copytree(repository / "drafts", tmp_path / "plain")
    with pytest.raises(UsageError, match="needs a git repository"):
        changed(tmp_path / "plain")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="not installed"):
        changed(repository)
