"""Semantic versions `X.Y.Z[-PRE]` (semver.org 2.0.0, without build metadata) and the ranges that `--wear` takes."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from dressform.schemas.errors import UsageError

_NUMBER = r"(?:0|[1-9][0-9]{0,8})"
_PART = r"(?:0|[1-9][0-9]{0,8}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_PRE = rf"(?:-({_PART}(?:\.{_PART})*))?"
_VERSION = re.compile(rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER}){_PRE}")
_COMPARATOR = re.compile(rf"(\^|~|>=|<=|>|<|=)?({_NUMBER})(?:\.({_NUMBER})(?:\.({_NUMBER}){_PRE})?)?")
_TAG = re.compile(r"[A-Za-z-][0-9A-Za-z-]{0,15}")
_LEVELS = ("major", "minor", "patch")
MAX_PRE = 40  # characters after the hyphen


@functools.total_ordering
@dataclass(frozen=True)
class Version:
    """A version; ordered as semver.org says, so a pre-release comes before its release.

    Attributes:
        major: First number.
        minor: Second number.
        patch: Third number.
        pre: The parts of a pre-release, ("beta", "1"); empty for a release.
    """

    major: int
    minor: int
    patch: int
    pre: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}" + (f"-{'.'.join(self.pre)}" if self.pre else "")

    def __lt__(self, other: Version) -> bool:
        return self._key < other._key

    @property
    def release(self) -> Version:
        """The release that a pre-release leads to; a release is its own."""
        return Version(self.major, self.minor, self.patch)

    def bumped(self, level: str) -> Version:
        """Return the next release at a level: "major", "minor" or "patch"."""
        if level == "major":
            return Version(self.major + 1, 0, 0)
        if level == "minor":
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1)

    @property
    def _key(self) -> tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]:
        """Numbers compare as numbers and come before words; fewer parts come before more."""
        parts = tuple((False, int(p), "") if p.isdigit() else (True, 0, p) for p in self.pre)
        return self.major, self.minor, self.patch, not self.pre, parts

    @property
    def _first(self) -> Version:
        """The lowest pre-release of the same numbers."""
        return Version(self.major, self.minor, self.patch, ("0",))

    @property
    def _next(self) -> Version:
        """The lowest version above this one."""
        if self.pre:
            return Version(self.major, self.minor, self.patch, (*self.pre, "0"))
        return self.bumped("patch")._first


FIRST = Version(1, 0, 0)
_LOWEST = Version(0, 0, 0, ("0",))


def parse_version(text: str) -> Version:
    """Parse `X.Y.Z` or `X.Y.Z-PRE`.

    Raises:
        UsageError: When it is anything else.
    """
    match = _VERSION.fullmatch(text)
    if match is None or len(match[4] or "") > MAX_PRE:
        why = "; build metadata (+…) is not taken: a version has one content" if "+" in text else ""
        raise UsageError(f"{text!r} is not a version; needed three numbers such as 1.2.0, or 1.2.0-beta.1{why}")
    return Version(int(match[1]), int(match[2]), int(match[3]), tuple(match[4].split(".")) if match[4] else ())


def next_pre_release(release: Version, tag: str, there: Iterable[Version]) -> Version:
    """Return `release-tag.N` with N one more than those that are there.

    Raises:
        UsageError: When the tag is not one word such as beta.
    """
    if not _TAG.fullmatch(tag):
        raise UsageError(f"{tag!r} does not name a pre-release; needed one word such as beta or rc")
    taken = [
        int(version.pre[1])
        for version in there
        if version.release == release
        and version.pre[:1] == (tag,)
        and len(version.pre) > 1
        and version.pre[1].isdigit()
    ]
    return Version(release.major, release.minor, release.patch, (tag, str(max(taken, default=0) + 1)))


@dataclass(frozen=True)
class Range:
    """The versions from `low` up to but without `high` (None: without end).

    Pre-releases are in it only where the range names one of the same three numbers, so that `^1.2.0-beta` takes
    1.2.0-rc.1 and 1.3.0 and not 1.3.0-beta.

    Attributes:
        text: As it was written.
        low: First version in the range.
        high: First version after it.
        exact: Whether it names one version.
        previews: The releases whose pre-releases are asked for.
    """

    text: str
    low: Version
    high: Version | None
    exact: bool = False
    previews: frozenset[Version] = frozenset()

    def __contains__(self, version: Version) -> bool:
        return self.spans(version) and (not version.pre or version.release in self.previews)

    def spans(self, version: Version) -> bool:
        """Whether a version lies between the bounds, a pre-release that was not asked for too."""
        return self.low <= version and (self.high is None or version < self.high)

    @property
    def empty(self) -> bool:
        """Whether no version can be in it."""
        if self.high is None or self.low.release < self.high:
            return False
        return not any(max(self.low, r._first) < min(self.high, r) for r in self.previews)


ANY = Range("*", _LOWEST, None)


def parse_range(text: str) -> Range:
    """Parse a range: `*`, `1.2.3`, `1.2`, `^1.2`, `~1.2`, `>=1 <2`, `^2.0.0-beta`; several parts must all hold.

    Raises:
        UsageError: When it is not a range, or no version can be in it.
    """
    parts = _comparators(text)
    if not parts:
        raise UsageError(f"{text!r} is not a version range; needed e.g. ^1, ~1.2, 1.2.3, '>=1 <2' or *")
    if text.strip() == "*":
        return ANY
    low, high = ANY.low, ANY.high
    for part in parts:
        low = max(low, part.low)
        if part.high is not None:
            high = part.high if high is None else min(high, part.high)
    previews = frozenset[Version]().union(*(part.previews for part in parts))
    wanted = Range(text, low, high, any(part.exact for part in parts), previews)
    if wanted.empty:
        raise UsageError(f"no version can be in the range {text!r}")
    return wanted


def _comparators(text: str) -> list[Range]:
    parts: list[Range] = []
    for word in re.sub(r"([\^~=<>])\s+", r"\1", text.strip()).replace(",", " ").split():
        if word == "*":
            parts.append(ANY)
            continue
        match = _COMPARATOR.fullmatch(word)
        if match is None or len(match[5] or "") > MAX_PRE:
            return []
        operator, *numbers, pre = match.groups()
        given = [int(number) for number in numbers if number is not None]
        low, high = _interval(operator or "=", given, tuple(pre.split(".")) if pre else ())
        exact = len(given) == 3 and operator in (None, "=")
        named = frozenset({Version(given[0], given[1], given[2])}) if pre else frozenset[Version]()
        parts.append(Range(word, low, high, exact, named))
    return parts


def _interval(operator: str, given: list[int], pre: tuple[str, ...]) -> tuple[Version, Version | None]:
    """Return [low, high) of one comparator; numbers left out mean every one."""
    numbers = (*given, *(0,) * (3 - len(given)))
    low = Version(numbers[0], numbers[1], numbers[2], pre)
    # above the last version that the comparator names, pre-releases of the one that follows included
    after = low._next if len(given) == 3 else low.bumped(_LEVELS[len(given) - 1])._first
    if operator == "^":
        # what counts as breaking is the first number that is not zero
        changing = next((i for i, number in enumerate(given) if number), len(given) - 1)
        return low, low.bumped(_LEVELS[changing])._first
    if operator == "~":
        return low, low.bumped("minor" if len(given) > 1 else "major")._first
    if operator == ">=":
        return low, None
    if operator == ">":
        return after, None
    if operator == "<":
        return _LOWEST, low
    if operator == "<=":
        return _LOWEST, after
    return low, after
