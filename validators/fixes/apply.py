"""Mend what is safe to mend: on a copy of a draft, told in full, validated again, and recorded in the copy."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dressform.assets.draft_digest import draft_digest
from dressform.schemas.errors import AssetError, InputError, UsageError
from dressform.schemas.report import Report
from dressform.validators.budgets import Budgets
from dressform.validators.engine import validate
from dressform.validators.targets import find_in

from .fix import Fix, Mended
from .provenance import record, withdraw
from .table import FIXES
from .workpiece import Workpiece

_ROUNDS = 4  # one fix brings another's defect to light: a triangle dropped leaves a loose point and wrong figures

Check = Callable[[Path], Report]
Remake = Callable[[Path, Sequence[str]], None]


@dataclass(frozen=True)
class Applied:
    """One thing mended and the rule that asked for it."""

    rule: str
    mended: Mended

    def to_json(self) -> dict[str, str]:
        """Return it as JSON values."""
        return {"rule": self.rule, **asdict(self.mended)}


@dataclass(frozen=True)
class Fixed:
    """What became of one draft.

    Attributes:
        draft: The draft that was looked at; it is as it was.
        folder: The mended copy, or None when there was nothing to mend.
        before: What validation found on the draft.
        report: What it finds on the copy; the same as `before` without one.
        applied: What was mended, in order.
        withdrawn: Steps that the mended copy needs again.
    """

    draft: Path
    folder: Path | None
    before: Report
    report: Report
    applied: tuple[Applied, ...] = ()
    withdrawn: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "draft": str(self.draft),
            "folder": None if self.folder is None else str(self.folder),
            "before": self.before.summary(),
            "after": self.report.summary(),
            "mended": [each.to_json() for each in self.applied],
            "withdrawn": list(self.withdrawn),
        }


def drafts_of(target: Path) -> list[Path]:
    """Return the drafts that a target holds, sorted.

    Raises:
        UsageError: When it holds nothing but what was published: that is never edited.
    """
    drafts = [found.folder for found in find_in(target) if found.subject.kind == "draft"]
    if not drafts:
        raise UsageError(f"--fix: {target} is published and never edited; mend its draft and publish that again")
    return drafts


def fix_draft(
    draft: Path,
    into: Path | None = None,
    *,
    check: Check = validate,
    budgets: Budgets | None = None,
    remake: Remake | None = None,
    fixes: Sequence[Fix] = FIXES,
) -> Fixed:
    """Mend a copy of a draft as far as that is safe.

    Args:
        draft: The draft; nothing in it is changed.
        into: Folder for the copy, new or empty; `DRAFT-fixed` when None.
        check: Validates a folder; its findings say what to mend.
        budgets: What the draft is held to; the default ones when None.
        remake: Runs steps of the copy again whose work no longer fits; without it they have not run.
        fixes: The repairs.

    Raises:
        AssetError: When the copy's folder holds something.
    """
    into = draft.with_name(f"{draft.resolve().name}-fixed") if into is None else into
    before = check(draft)
    if not _wanted(before, fixes):
        return Fixed(draft, None, before, before)
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise AssetError(f"{into} is there already; empty it or name another folder with --into")
    if into.resolve().is_relative_to(draft.resolve()):
        raise UsageError(f"--into {into} lies inside {draft}, which stays as it is; name a folder outside")
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{into.name}.", dir=into.parent) as scratch:
        copy = Path(scratch) / into.name
        shutil.copytree(draft, copy, symlinks=True)
        applied, withdrawn, after = _mend(copy, before, check, budgets or Budgets(), fixes)
        if not applied:
            return Fixed(draft, None, before, before)
        if remake is not None and withdrawn:
            remake(copy, withdrawn)
            withdrawn, after = (), check(copy)
        _record(draft, copy, applied, withdrawn)
        if into.exists():
            into.rmdir()
        os.replace(copy, into)
    after.target = str(into)
    return Fixed(draft, into, before, after, tuple(applied), withdrawn)


def _mend(
    copy: Path, before: Report, check: Check, budgets: Budgets, fixes: Sequence[Fix]
) -> tuple[list[Applied], tuple[str, ...], Report]:
    """Mend and validate in rounds until a round finds nothing to do; returns that, steps taken back, last report."""
    applied: list[Applied] = []
    withdrawn: list[str] = []
    report = before
    for _ in range(_ROUNDS):
        piece = Workpiece.read(copy, budgets)
        done = [
            Applied(fix.rule, mended)
            for fix in _wanted(report, fixes)
            if all(piece.has(part) for part in fix.needs)
            for mended in fix.mend(piece)
        ]
        if not done:
            break
        try:
            piece.write()
        except InputError as error:
            raise InputError(f"{copy.name} cannot be written after mending ({error}); nothing was changed") from error
        withdrawn += withdraw(copy, piece.stale)
        applied += done
        report = check(copy)
    return applied, tuple(withdrawn), report


def _wanted(report: Report, fixes: Sequence[Fix]) -> list[Fix]:
    names = {finding.name for finding in report.findings}
    return [fix for fix in fixes if fix.rule in names]


def _record(draft: Path, copy: Path, applied: Sequence[Applied], withdrawn: Sequence[str]) -> None:
    run = {
        "from": draft_digest(draft),
        "to": draft_digest(copy),
        "mended": [each.to_json() for each in applied],
        "withdrawn": list(withdrawn),
    }
    record(copy, sorted({each.rule for each in applied}), run)
