"""How `dressform library diff` tells what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dressform.assets.differences import Comparison, Figure
from dressform.assets.draft_version import UNNUMBERED
from dressform.assets.semver import Version, parse_version


def as_lines(compared: Comparison, pictures: Sequence[Path]) -> Iterator[str]:
    """Yield what a person reads: the verdict, the changes, the numbers, the pictures."""
    yield _verdict(compared)
    for change in compared.changes:
        yield f"{change.level}: {change.what}"
    groups: dict[tuple[str, str], list[str]] = {}
    for figure in compared.figures:
        groups.setdefault((figure.part, figure.of), []).append(_told(figure))
    for (part, of), told in groups.items():
        yield f"  {f'{part}, {of}' if of else part}: {'; '.join(told)}"
    for picture in pictures:
        yield f"wrote {picture}"


def as_document(compared: Comparison, pictures: Sequence[Path]) -> dict[str, Any]:
    """Return the same as JSON values."""
    least = _least(compared)
    return {
        "old": compared.old.label,
        "new": compared.new.label if compared.new.version != UNNUMBERED else f"{compared.new.name} (draft)",
        "bump": compared.bump,
        "least": None if least is None else str(least),
        "changes": [asdict(change) for change in compared.changes],
        "figures": [asdict(figure) for figure in compared.figures],
        "pictures": [str(picture) for picture in pictures],
    }


def _least(compared: Comparison) -> Version | None:
    """Return the lowest number that keeps what it promises, or None when nothing changed."""
    return None if compared.bump is None else parse_version(compared.old.version).bumped(compared.bump)


def _verdict(compared: Comparison) -> str:
    old, new, least = compared.old, compared.new, _least(compared)
    if new.name != old.name:
        return f"{old.label} and {new.label} are two templates, so no step leads from one to the other"
    head = f"{old.label} → {'the draft' if new.version == UNNUMBERED else new.version}"
    if least is None:
        return f"{head}: the content is the same"
    step = f"{head}: a {compared.bump} step"
    if new.version == UNNUMBERED:
        return f"{step}, {least} or higher"
    number = parse_version(new.version)
    if number < parse_version(old.version):
        return f"{step}, back from the later to the earlier"
    return step if number.release >= least else f"{step}, which {new.version} does not say: needed {least} or higher"


def _told(figure: Figure) -> str:
    unit = f" {figure.unit}" if figure.unit else ""
    if figure.old is None:
        return f"{figure.name} {_number(figure.value)}{unit}"
    step = figure.value - figure.old
    by = ("+" if step >= 0 else "−") + _number(abs(step))
    return f"{figure.name} {_number(figure.old)} → {_number(figure.value)}{unit} ({by})"


def _number(value: float) -> str:
    """Write whole numbers whole and others to three digits."""
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.3g}"
