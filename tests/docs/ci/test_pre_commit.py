"""The hooks run under pre-commit itself: they see what a commit changes and stop it where that is broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from .conftest import ROOT, Repository

pytestmark = pytest.mark.slow


@pytest.fixture
def hooked(repository: Repository, tmp_path: Path) -> Repository:
    """The repository with the hook installed, from a repository that holds nothing but the hooks' file."""
    repository.environment["PRE_COMMIT_HOME"] = str(tmp_path / "pre-commit")
    hooks = Repository(tmp_path / "hooks")
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks.folder)
    revision = hooks.commit("Release")
    hook = {"id": "dressform-validate-installed"}
    config = {"repos": [{"repo": str(hooks.folder), "rev": revision, "hooks": [hook]}]}
    (repository.folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    repository.commit("Validate garments before each commit")
    assert pre_commit(repository, "install").returncode == 0
    return repository


def pre_commit(repository: Repository, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pre_commit", *arguments]
    return subprocess.run(command, cwd=repository.folder, env=repository.environment, capture_output=True, text=True)


def commit(repository: Repository) -> subprocess.CompletedProcess[str]:
    repository.git("add", "-A")
    command = ["git", "commit", "-m", "Change"]
    return subprocess.run(command, cwd=repository.folder, env=repository.environment, capture_output=True, text=True)


def test_a_commit_is_gated_on_what_it_changes(hooked: Repository) -> None:
    (hooked.folder / "README.md").write_text("Nothing about garments.\n")
    done = commit(hooked)
    assert done.returncode == 0, done.stderr
    hooked.add_broken()
    done = commit(hooked)
    assert done.returncode == 1
    assert "DF-MESH-002" in done.stdout + done.stderr
    shutil.rmtree(hooked.folder / "garments" / "broken")
    (hooked.folder / "garments" / "sound" / "template.json").open("a").write("\n")
    assert commit(hooked).returncode == 0


def test_all_files_finds_what_was_committed_past_the_hook(hooked: Repository) -> None:
    hooked.add_broken()
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "--no-verify", "-m", "Past the hook")
    done = pre_commit(hooked, "run", "--all-files")
    assert done.returncode == 1
    assert "DF-MESH-002" in done.stdout


def test_both_hooks_say_the_same_but_for_the_installation() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [hook["id"] for hook in hooks] == ["dressform-validate", "dressform-validate-installed"]
    assert [hook["language"] for hook in hooks] == ["python", "system"]
    assert len({(hook["entry"], tuple(hook["types"]), hook["require_serial"]) for hook in hooks}) == 1


def test_the_hooks_file_is_one_that_pre_commit_accepts() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
