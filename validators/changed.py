"""Which drafts and versions changed since a commit, as git tells it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from dressform.schemas.errors import UsageError

from .targets import Found


def changed_since(reference: str, found: Sequence[Found]) -> list[Found]:
    """Return those of `found` that differ from where the current branch left a commit, branch or tag.

    What is not committed counts too, files that git does not know yet included; what it ignores does not.

    Raises:
        UsageError: When one of them lies outside git, or the repository has no such reference.
    """
    by_root: dict[Path, set[Path]] = {}
    kept = []
    for each in found:
        root = _root(each.folder)
        if root not in by_root:
            by_root[root] = _changed(root, reference)
        if _touches([_real(path) for path in each.watched], by_root[root]):
            kept.append(each)
    return kept


def _touches(watched: Iterable[Path], changed: set[Path]) -> bool:
    return any(path in changed or any(path in each.parents for each in changed) for path in watched)


def _real(path: Path) -> Path:
    """Return a path without links in its folders, whether or not the file is still there."""
    return path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()


def _root(folder: Path) -> Path:
    done = _git(folder, "rev-parse", "--show-toplevel")
    if done.returncode:
        raise UsageError(f"{folder}: --changed-since needs a git repository ({_complaint(done)}); leave the option out")
    return Path(done.stdout.rstrip("\n")).resolve()


def _changed(root: Path, reference: str) -> set[Path]:
    """Return every file of a repository that differs from where HEAD left a reference."""
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    if commit.returncode:
        raise UsageError(
            f"--changed-since: {root} has no commit, branch or tag {reference!r}; fetch it first "
            "(in a shallow clone: git fetch --unshallow, or fetch-depth: 0)"
        )
    start = commit.stdout.strip()
    base = _git(root, "merge-base", start, "HEAD")  # none in a shallow clone: then the reference itself
    tracked = _git(root, "diff", "--name-only", "-z", "--no-renames", base.stdout.strip() or start, "--")
    others = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    for done in (tracked, others):
        if done.returncode:
            raise UsageError(f"--changed-since: git failed in {root} ({_complaint(done)})")
    names = [name for done in (tracked, others) for name in done.stdout.split("\0") if name]
    return {_real(root / name) for name in names}


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # a hook is run with variables that point git at the repository of the hook, whatever -C says
    own = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}
    environment = {name: value for name, value in os.environ.items() if name not in own}
    command = ["git", "-C", str(folder), "-c", "core.quotePath=false", *arguments]
    try:
        return subprocess.run(
            command, capture_output=True, text=True, errors="surrogateescape", env={**environment, "LC_ALL": "C"}
        )
    except FileNotFoundError:
        raise UsageError(
            "--changed-since needs git, which is not installed; install it or leave the option out"
        ) from None


def _complaint(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else f"exit code {done.returncode}"
