"""A team's repository of garments, and what a CI platform gives the steps that run in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dressform.validators.examples.builder import Parts, sound_parts

ROOT = Path(__file__).parents[3]
IDENTITY = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")


class Repository:
    """A git repository whose branch `main` holds a sound draft."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        self.environment = {
            **os.environ,
            **dict.fromkeys(IDENTITY, "tailor@example.org"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            # a runner keeps its caches between jobs; preparing the body and compiling the kernels takes minutes
            "DRESSFORM_CACHE": os.environ.get("DRESSFORM_CACHE", str(user_cache / "dressform")),
            "WARP_CACHE_PATH": os.environ.get("WARP_CACHE_PATH", str(user_cache / "warp")),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        (folder / "README.md").write_text("Our garments.\n")
        sound_parts().write(folder / "garments" / "sound")
        self.commit("Add a garment")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def add_broken(self, name: str = "broken") -> None:
        """Write a draft with a triangle twice, beside the sound one."""
        parts: Parts = sound_parts()
        rows = {key: getattr(parts.mesh, key) for key in ("faces", "uv0_faces", "uv1_faces", "material_ids")}
        twice = {key: value[[*range(len(value)), 5]] for key, value in rows.items()}
        parts.mesh = replace(parts.mesh, **twice)
        parts.write(self.folder / "garments" / name)

    def run(self, script: str, shell: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a step's script as a platform's runner does, in a shell of its own at the repository's root."""
        return subprocess.run(
            [*shell, script], cwd=self.folder, env={**self.environment, **environment}, capture_output=True, text=True
        )


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "team")


@pytest.fixture
def pip_calls(repository: Repository, tmp_path: Path) -> Callable[[], list[str]]:
    """Stand in for `python -m pip install`: it is written down and installs nothing; returns the calls."""
    shims, calls = tmp_path / "shims", tmp_path / "pip-calls"
    shims.mkdir()
    script = f"""#!/bin/sh
case "$1 $2" in
    "-m pip") echo "$@" >> "{calls}" ;;
    *) exec "{sys.executable}" "$@" ;;
esac
"""
    (shims / "python").write_text(script)
    (shims / "python").chmod(0o755)
    repository.environment["PATH"] = f"{shims}{os.pathsep}{repository.environment['PATH']}"
    return lambda: calls.read_text().splitlines() if calls.exists() else []
