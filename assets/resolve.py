"""Chooses the version of a template that every demand on it allows; where there is none, says why for each version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dressform.schemas.errors import AssetError
from dressform.schemas.library import TemplateEntry, VersionEntry

from .semver import Version, parse_version
from .wear import WearSpec

_SHOWN = 6  # version numbers named in one message for one reason


def numbers_of(entry: TemplateEntry) -> list[Version]:
    """Return the numbers of a template's versions, ascending, yanked ones and pre-releases too."""
    return sorted(parse_version(number) for number in entry["versions"])


def newest(entry: TemplateEntry) -> Version | None:
    """Return the highest version that is not yanked, a pre-release only when no release is left."""
    usable = [number for number in numbers_of(entry) if entry["versions"][str(number)]["yanked"] is None]
    return max(usable, key=lambda number: (not number.pre, number), default=None)


def choose(entry: TemplateEntry, specs: Sequence[WearSpec], bodies: Iterable[str] = ()) -> Version:
    """Return the highest version that all demands on one template allow.

    A yanked version is taken only where a demand names its exact number, a pre-release only where every range asks for
    it.

    Args:
        entry: The template's versions.
        specs: Demands on it, at least one.
        bodies: Body families that have to be able to wear it.

    Raises:
        AssetError: When no version will do; says of each what stands against it.
    """
    families = tuple(bodies)
    against: dict[str, list[Version]] = {}
    for number in reversed(numbers_of(entry)):
        reason = _obstacle(number, entry["versions"][str(number)], specs, families)
        if reason is None:
            return number
        against.setdefault(reason, []).append(number)
    raise AssetError(_explained(specs, families, against))


def _obstacle(number: Version, held: VersionEntry, specs: Sequence[WearSpec], bodies: Sequence[str]) -> str | None:
    """Say the first thing that stands against a version, or None when nothing does."""
    for spec in specs:
        if not spec.range.spans(number):
            return f"not in {spec.range.text}"
    for spec in specs:
        if number not in spec.range:
            return f"pre-release, taken only when asked for, as in {spec.name}@{number}"
    if held["yanked"] is not None and not any(spec.range.exact for spec in specs):
        return f"yanked ({held['yanked']})"
    for spec in specs:
        if spec.size is not None and spec.size not in held["sizes"]:
            return f"no size {spec.size} (it has {', '.join(held['sizes'])})"
        if spec.variant is not None and spec.variant not in held["variants"]:
            return f"no variant {spec.variant} (it has {', '.join(held['variants']) or 'only its own look'})"
    for body in bodies:
        if body not in held.get("bodies", bodies):  # entries of older libraries do not say; the rig itself will
            cure = "; rig its draft with `dressform garment rig DRAFT --smplx FILE`" if body == "smplx" else ""
            return f"no rig for the body {body} (it has {', '.join(held.get('bodies', ()))}{cure})"
    return None


def _explained(specs: Sequence[WearSpec], bodies: Sequence[str], against: dict[str, list[Version]]) -> str:
    wanted = " and ".join(dict.fromkeys(str(spec) for spec in specs))
    both = {1: "", 2: "both "}.get(len({str(spec) for spec in specs}), "all of ")
    on = f" on {', '.join(bodies)}" if bodies else ""
    reasons = [f"{_listed(numbers)}: {reason}" for reason, numbers in reversed(against.items())]
    return f"no version of {specs[0].name} fits {both}{wanted}{on}; {'; '.join(reasons)}"


def _listed(numbers: Sequence[Version]) -> str:
    """Name versions, ascending; of many the first and the last."""
    ascending = [str(number) for number in reversed(numbers)]
    if len(ascending) <= _SHOWN:
        return ", ".join(ascending)
    return f"{ascending[0]} to {ascending[-1]} ({len(ascending)} versions)"
