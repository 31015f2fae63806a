"""The doors by which files come in, and what has to come of whatever is brought: a result, or one line."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from dressform.assets.bundle import import_bundle, read_contents
from dressform.assets.files.glb import read_glb, read_skin
from dressform.assets.files.rig_file import read_rig
from dressform.assets.library import Library
from dressform.assets.lock import read_lock, resolve_lock
from dressform.assets.search import Query, search
from dressform.assets.verify import verify
from dressform.authoring.draft import Draft
from dressform.authoring.fabrics.fabric import read_fabric
from dressform.authoring.patterns.pattern_json import read_pattern
from dressform.authoring.patterns.recipe import read_recipe, recipe_of
from dressform.authoring.steps.import_mesh import ImportOptions, import_mesh, read_mesh
from dressform.runtime.avatar.avatar_file import Avatar
from dressform.runtime.motion.clip import read_clip
from dressform.schemas.errors import DressformError
from dressform.validators.baseline import read_baseline
from dressform.validators.checking import FAILED
from dressform.validators.engine import validate
from dressform.validators.fixes.apply import fix_draft
from dressform.validators.profile import load_profile
from dressform.validators.reports import junit, sarif, text
from dressform.validators.rules.table import RULES

from .fuzz_worn import replay, wear

if TYPE_CHECKING:
    from dressform.schemas.report import Report

# left out: those that move the garment and those that start the Khronos validator, which take seconds
QUICK = tuple(rule for rule in RULES if not rule.slow and rule.group != "gltf")
_SELDOM = 8  # what writes much is done with every so many-th file


class BrokenPromiseError(Exception):
    """Raised where something came of a file that is neither a sound result nor a clear line."""


def check_line(error: DressformError) -> None:
    """Raise unless an error is one line that any terminal can show."""
    said = str(error)
    if not said.strip() or "\n" in said or "\r" in said:
        raise BrokenPromiseError(f"not one line: {said!r}") from error
    if len(said) > 4000:
        raise BrokenPromiseError(f"a line of {len(said)} characters: {said[:200]!r}") from error


def enter(kind: str, folder: Path, main: str) -> str:
    """Bring the files of a folder in by the door of their kind.

    Args:
        kind: One of `DOORS`.
        folder: Where the files lie; nothing is written outside of it.
        main: The file that is read first, "" for the folder.

    Returns:
        "taken", or "told" where they were refused in one line.
    """
    try:
        DOORS[kind](folder, folder / main)
    except DressformError as error:
        check_line(error)
        return "told"
    return "taken"


def check_report(report: Report) -> None:
    """Raise when a rule failed or a report is not JSON; seldom also when it cannot be written in another form."""
    for finding in report.findings:
        if finding.rule == FAILED[0]:
            raise BrokenPromiseError(finding.message)
    data = json.dumps(report.to_json()).encode()
    if zlib.crc32(data) % _SELDOM:
        return
    text.render(report).encode()
    ElementTree.fromstring(junit.render(report, rules=QUICK).encode())
    json.loads(sarif.render(report, rules=QUICK).encode())


def _told(job: Callable[[], object]) -> None:
    """Do a job that may end in one line."""
    try:
        job()
    except DressformError as error:
        check_line(error)


def _seldom(path: Path) -> bool:
    return path.is_file() and zlib.crc32(path.read_bytes()) % _SELDOM == 0


def _quick(folder: Path | str) -> Report:
    report = validate(folder, rules=QUICK)
    check_report(report)
    return report


def _draft(folder: Path, _: Path) -> None:
    for path in sorted(folder.glob("sizes/*/*.glb")):
        _told(partial(read_glb, path))
        _told(partial(read_skin, path))
    for path in sorted(folder.glob("rig.*.safetensors")):
        _told(partial(read_rig, path))
    _quick(folder)
    _told(lambda: _opened(Draft.open(folder)))
    if any(_seldom(folder / name) for name in ("template.json", "sizes/M/garment.glb", "rig.anny.safetensors")):
        _told(lambda: fix_draft(folder, folder / "fixed", check=_quick))


def _opened(draft: Draft) -> None:
    for step in draft.steps:
        draft.overrides(str(step["step"]))
    _ = (draft.mesh, draft.rig, draft.further_sizes)


def _version(folder: Path, _: Path) -> None:
    _quick(folder)


def _library(folder: Path, _: Path) -> None:
    library = Library.open(folder)
    _told(library.list)
    _told(library.versions)
    _told(lambda: library.resolve("tube@^1:M").export(folder / "exported"))
    _told(lambda: search(library, Query("tube", color="#777777"), rebuild=True))
    _told(lambda: json.dumps(verify(library).to_json()))
    _quick(folder)


def _mesh(folder: Path, main: Path) -> None:
    options = ImportOptions()
    if _seldom(main):
        draft = import_mesh(main, folder / "draft", options)
        _quick(draft.folder)
    else:
        read_mesh(main, options)


def _bundle(folder: Path, main: Path) -> None:
    read_contents(main)
    library = Library.open(folder / "library")
    import_bundle(library, main)
    report = verify(library)
    if report.findings:
        raise BrokenPromiseError(f"a bundle was taken in that does not verify: {report.findings[0].message}")


def _lock(folder: Path, main: Path) -> None:
    lock = read_lock(main)
    resolve_lock(Library.open(folder / "library"), lock)


def _recipe(folder: Path, main: Path) -> None:
    recipe_of(read_recipe(main), folder, main.name)


def _motion(_: Path, main: Path) -> None:
    clip = read_clip(main)
    clip.pose(len(clip) - 1)


DOORS: dict[str, Callable[[Path, Path], Any]] = {
    "draft": _draft,
    "version": _version,
    "library": _library,
    "mesh": _mesh,
    "bundle": _bundle,
    "lock": _lock,
    "recipe": _recipe,
    "pattern": lambda _, main: read_pattern(main),
    "profile": lambda _, main: load_profile(main),
    "baseline": lambda _, main: read_baseline(main),
    "fabric": lambda _, main: read_fabric(main),
    "motion": _motion,
    "avatar": lambda _, main: Avatar.load(main),
    "worn": lambda folder, _: wear(folder, _quick),
    "clip": replay,
}
