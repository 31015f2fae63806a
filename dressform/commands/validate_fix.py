"""`dressform validate --fix`: mend copies of drafts, and run the steps again whose work that takes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dressform.schemas.errors import UsageError

if TYPE_CHECKING:
    from dressform.schemas.report import Report
    from dressform.validators.budgets import Budgets
    from dressform.validators.fixes.apply import Fixed


def fix_targets(
    targets: Sequence[Path | str],
    into: Path | None = None,
    *,
    check: Callable[[Path], Report],
    budgets: Budgets | None = None,
) -> list[Fixed]:
    """Mend a copy of every draft that the targets hold, as far as that is safe.

    Args:
        targets: Drafts, or folders that hold drafts.
        into: Folder for the copy; for the copies, by the drafts' names, when there are several drafts. None makes
            DRAFT-fixed beside each draft.
        check: Validates a folder.
        budgets: What the drafts are held to; the default ones when None.

    Returns:
        What became of each draft, in the order of the targets.
    """
    from dressform.authoring.draft import Draft
    from dressform.authoring.rebuild import rebuild, recorded_options
    from dressform.validators.fixes.apply import drafts_of, fix_draft

    from .progress import progress_bar

    drafts = list(dict.fromkeys(draft for target in targets for draft in drafts_of(Path(target))))
    if into is not None and len({draft.resolve().name for draft in drafts}) < len(drafts):
        raise UsageError("--into: several drafts have the same name; mend them one by one")

    def remake(original: Path) -> Callable[[Path, Sequence[str]], None]:
        def run(copy: Path, steps: Sequence[str]) -> None:
            with progress_bar(original.name) as progress:
                rebuild(Draft.open(copy), steps, recorded_options(Draft.open(original)), progress)

        return run

    return [
        fix_draft(
            draft,
            into / draft.resolve().name if into is not None and len(drafts) > 1 else into,
            check=check,
            budgets=budgets,
            remake=remake(draft),
        )
        for draft in drafts
    ]
