"""Semantic versions `X.Y.Z` and the ranges that `--wear` takes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dressform.schemas.errors import UsageError

_NUMBER = r"(?:0|[1-9][0-9]{0,8})"
_VERSION = re.compile(rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})")
_COMPARATOR = re.compile(rf"(\^|~|>=|<=|>|<|=)?({_NUMBER})(?:\.({_NUMBER})(?:\.({_NUMBER}))?)?")


@dataclass(frozen=True, order=True)
class Version:
    """A version; ordered by its numbers."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def bumped(self, level: str) -> Version:
        """Return the next version at a level: "major", "minor" or "patch"."""
        if level == "major":
            return Version(self.major + 1, 0, 0)
        if level == "minor":
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1)


FIRST = Version(1, 0, 0)


def parse_version(text: str) -> Version:
    """Parse `X.Y.Z`.

    Raises:
        UsageError: When it is anything else.
    """
    match = _VERSION.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} is not a version; needed three numbers such as 1.2.0")
    return Version(*(int(number) for number in match.groups()))


@dataclass(frozen=True)
class Range:
    """The versions from `low` up to but without `high` (None: without end).

    Attributes:
        text: As it was written.
        low: First version in the range.
        high: First version after it.
    """

    text: str
    low: Version
    high: Version | None

    def __contains__(self, version: Version) -> bool:
        return self.low <= version and (self.high is None or version < self.high)

    @property
    def exact(self) -> bool:
        """Whether only one version is in the range."""
        return self.high == self.low.bumped("patch")


ANY = Range("*", Version(0, 0, 0), None)


def parse_range(text: str) -> Range:
    """Parse a range: `*`, `1.2.3`, `1.2`, `^1.2`, `~1.2`, `>=1 <2`; several parts must all hold.

    Raises:
        UsageError: When it is not a range, or no version can be in it.
    """
    low, high = ANY.low, ANY.high
    parts = _comparators(text)
    if not parts:
        raise UsageError(f"{text!r} is not a version range; needed e.g. ^1, ~1.2, 1.2.3, '>=1 <2' or *")
    for part_low, part_high in parts:
        low = max(low, part_low)
        if part_high is not None:
            high = part_high if high is None else min(high, part_high)
    if high is not None and high <= low:
        raise UsageError(f"no version can be in the range {text!r}")
    return Range(text, low, high)


def _comparators(text: str) -> list[tuple[Version, Version | None]]:
    parts: list[tuple[Version, Version | None]] = []
    for word in re.sub(r"([\^~=<>])\s+", r"\1", text.strip()).replace(",", " ").split():
        if word == "*":
            parts.append((ANY.low, None))
            continue
        match = _COMPARATOR.fullmatch(word)
        if match is None:
            return []
        operator, *numbers = match.groups()
        parts.append(_interval(operator or "=", [int(number) for number in numbers if number is not None]))
    return parts


def _interval(operator: str, given: list[int]) -> tuple[Version, Version | None]:
    """Return [low, high) of one comparator; numbers left out mean every one."""
    low = Version(*given, *(0,) * (3 - len(given)))
    after = low.bumped(("major", "minor", "patch")[len(given) - 1])
    if operator == "^":
        # what counts as breaking is the first number that is not zero
        changing = next((i for i, number in enumerate(given) if number), len(given) - 1)
        return low, low.bumped(("major", "minor", "patch")[changing])
    if operator == "~":
        return low, low.bumped("minor" if len(given) > 1 else "major")
    if operator == ">=":
        return low, None
    if operator == ">":
        return after, None
    if operator == "<":
        return ANY.low, low
    if operator == "<=":
        return ANY.low, after
    return low, after
