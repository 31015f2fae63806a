"""Outcomes kept between runs, by the digest of everything they follow from.

An entry is named by the sha256 over a subject's content, the rules run, the budgets and the toolkit itself, so it is
never wrong, only unused. Entries are written whole or not at all: any number of processes may share the folder.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from dressform.assets.atomic import replacing
from dressform.assets.cache import cache_dir
from dressform.assets.draft_digest import combined_digest
from dressform.assets.hashing import file_sha256

from . import khronos
from .checking import Outcome
from .subject import Subject

SCHEMA = "dressform/outcomes/1"
KEPT_DAYS = 90.0
# folders of the toolkit whose code decides what a rule finds, and packages that do
CODE = ("validators", "schemas", "assets", "runtime")
PACKAGES = ("anny", "libigl", "numpy", "pillow", "pygltflib", "safetensors", "scipy", "torch", "warp-lang")


class ResultCache:
    """A folder of outcomes; what cannot be read or written there only costs time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of_user(cls) -> ResultCache | None:
        """Return the cache in the user's folder; None when there can be none."""
        try:
            return cls(cache_dir("validation"))
        except OSError:
            return None

    def read(self, key: str) -> list[Outcome] | None:
        """Return the outcomes kept under a key, or None."""
        data = self.read_json(key)
        try:
            return None if data is None else [Outcome.from_json(each) for each in data["outcomes"]]
        except (KeyError, TypeError, ValueError):
            return None

    def write(self, key: str, outcomes: Sequence[Outcome]) -> None:
        """Keep outcomes, unless some file was unreadable or a rule failed: those are tried anew each time."""
        if all(each.name.partition(".")[0] not in ("file", "engine") for each in outcomes):
            self.write_json(key, {"outcomes": [each.to_json() for each in outcomes]})

    def read_json(self, key: str) -> dict[str, Any] | None:
        """Return what is kept under a key, or None; tells the clean-up that it is in use."""
        path = self._path(key)
        try:
            data = json.loads(path.read_bytes())
            if time.time() - path.stat().st_mtime > 86400.0:
                os.utime(path)
        except (OSError, ValueError, RecursionError):
            return None
        return data if isinstance(data, dict) and data.get("schema") == SCHEMA else None

    def write_json(self, key: str, data: Mapping[str, object]) -> None:
        """Keep JSON values under a key."""
        try:
            with replacing(self._path(key)) as temporary:
                temporary.write_text(json.dumps({"schema": SCHEMA, **data}), encoding="utf-8")
        except OSError:
            return

    def clean(self) -> None:
        """Delete what nobody has read for a long time."""
        oldest = time.time() - KEPT_DAYS * 86400.0
        for path in self.folder.glob("??/*"):
            try:
                if path.stat().st_mtime < oldest:
                    path.unlink()
            except OSError:
                continue

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"


def keys(subjects: Sequence[Subject], codes: Iterable[str], *, publishing: bool, threads: int) -> list[str]:
    """Return the key of each subject's outcomes; reads every file once.

    Args:
        subjects: With the budgets they are held to.
        codes: Codes of the rules that run.
        publishing: Whether a step that has not run is an error.
        threads: Files read at once.
    """
    files = {file for subject in subjects for file in _files(subject).values()}
    with ThreadPoolExecutor(threads) as pool:
        ordered = sorted(files)
        digests = dict(zip(ordered, pool.map(_digest, ordered), strict=True))
    rest = [toolkit_digest(), _surroundings(), sorted(codes), publishing]
    return [_key(subject, digests, rest) for subject in subjects]


def _files(subject: Subject) -> dict[str, Path]:
    """Return what a subject is read from; beyond its own files, its manifest and that of the version before it."""
    previous = {} if subject.previous is None else {"/": subject.previous}
    return {**subject.files, "": subject.manifest_file, **previous}


def _digest(file: Path) -> str:
    try:
        return file_sha256(file)
    except OSError as error:
        return f"unreadable: {error.strerror}"


def _key(subject: Subject, digests: Mapping[Path, str], rest: Sequence[object]) -> str:
    own = [
        subject.name,
        subject.kind,
        sorted(subject.steps),
        subject.reports,
        dataclasses.asdict(subject.budgets),
        combined_digest({path: digests[file] for path, file in _files(subject).items()}),
    ]
    return hashlib.sha256(json.dumps([own, *rest], sort_keys=True, default=str).encode()).hexdigest()


@cache
def toolkit_digest() -> str:
    """Return the sha256 over the code that decides what rules find, and the versions of the packages it calls."""
    root = Path(__file__).parents[1]
    digests = {
        path.relative_to(root).as_posix(): file_sha256(path)
        for folder in CODE
        for path in (root / folder).rglob("*")
        if path.suffix in (".py", ".json", ".npz") and path.relative_to(root).parts[:2] != ("assets", "starter")
    }
    installed = {}
    for package in PACKAGES:
        try:
            installed[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            installed[package] = "absent"
    return combined_digest({**digests, **installed})


def _surroundings() -> list[str]:
    """Return what outside the package decides what a rule finds."""
    return [khronos.state()]
