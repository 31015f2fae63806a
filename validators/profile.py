"""Profiles: what a team holds its garments to, from those that ship or from a YAML file of its own."""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import math
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import cast

from dressform.schemas.documents import check_document
from dressform.schemas.errors import DressformError, UsageError
from dressform.schemas.gate import ProfileDocument
from dressform.schemas.report import Severity
from dressform.schemas.yaml_file import load_yaml

from .budgets import Budgets

FOLDER = Path(__file__).with_name("profiles")
DEFAULT = "default"
OFF = "off"


@dataclass(frozen=True)
class Ignore:
    """Findings that do not count for a while.

    Attributes:
        rule: Name or code of a rule; a name may hold `*`.
        reason: Why they are all right.
        until: Last day on which they are ignored.
        path: What a finding's path must fit; `*` stands for anything.
        origin: Where it is written, for messages.
    """

    rule: str
    reason: str
    until: datetime.date
    path: str = "*"
    origin: str = ""

    def fits(self, rule: str, name: str, path: str) -> bool:
        """Whether it speaks of a finding with this code, name and path."""
        return (self.rule == rule or fnmatchcase(name, self.rule)) and fnmatchcase(path, self.path)


@dataclass(frozen=True)
class Profile:
    """What garments are held to.

    Attributes:
        name: As it was named.
        budgets: Limits that the rules read.
        severities: Name or code of a rule (a name may hold `*`) → "error", "warning", "info" or "off".
        ignores: Findings that do not count for a while.
        sweep: Whether garments are moved over poses and bodies whenever the profile is used.
    """

    name: str = DEFAULT
    budgets: Budgets = field(default_factory=Budgets)
    severities: Mapping[str, str] = field(default_factory=dict)
    ignores: tuple[Ignore, ...] = ()
    sweep: bool = False

    def severity(self, rule: str, name: str, own: Severity) -> Severity | None:
        """Return what a finding of a rule weighs here, given the rule's own severity; None when it is off."""
        fitting = [key for key in self.severities if key == rule or fnmatchcase(name, key)]
        if not fitting:
            return own
        exact = [key for key in fitting if key in (rule, name)]
        chosen = self.severities[max(exact or fitting, key=lambda key: (len(key), key))]
        return None if chosen == OFF else Severity(chosen)

    def check_rules(self, rules: Iterable[tuple[str, str]]) -> None:
        """Raise a UsageError when the profile speaks of a rule that there is not.

        Args:
            rules: Code and name of every rule.
        """
        known = list(rules)
        words = sorted({word for pair in known for word in pair})
        spoken = [(key, "severities") for key in self.severities]
        spoken += [(ignore.rule, ignore.origin) for ignore in self.ignores]
        for key, where in spoken:
            if not any(key == rule or fnmatchcase(name, key) for rule, name in known):
                near = difflib.get_close_matches(key, words, 1, 0.5)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise UsageError(
                    f"profile {self.name}: {where} names the rule {key!r}, which there is not{hint} "
                    "(`dressform validate --list-rules` lists all)"
                )


def shipped() -> list[str]:
    """Return the names of the profiles that ship, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load_profile(named: str | Path) -> Profile:
    """Return a profile that ships, by its name, or a team's own, by the path of its YAML file.

    Raises:
        UsageError: When there is none of that name, or the file is not a profile.
    """
    return _load(str(named), Path(), ())


def _load(named: str, beside: Path, under: tuple[Path, ...]) -> Profile:
    path = _file(named, beside)
    if path in under:
        raise UsageError(f"{path}: extends itself ({' → '.join(each.name for each in (*under, path))})")
    try:
        data = load_yaml(path)
        check_document("profile", data, str(path))
    except DressformError as error:
        raise UsageError(str(error)) from None
    document = cast("ProfileDocument", data)
    base = _load(document["extends"], path.parent, (*under, path)) if "extends" in document else Profile()
    return Profile(
        name=named,
        budgets=_budgets(base.budgets, document.get("budgets", {}), path),
        severities={**base.severities, **document.get("severities", {})},
        ignores=(*base.ignores, *_ignores(document, path)),
        sweep=document.get("sweep", base.sweep),
    )


def _file(named: str, beside: Path) -> Path:
    """Return the file of a profile: one that ships, else one at a path from a folder."""
    if named in shipped():
        return FOLDER / f"{named}.yaml"
    path = (beside / Path(named).expanduser()).resolve()
    if path.is_file():
        return path
    hint = "" if path.suffix in (".yaml", ".yml") else f" ships: there are {', '.join(shipped())}"
    raise UsageError(
        f"no profile {named!r}{hint}; name one of these or a YAML file" if hint else f"{named}: no such profile file"
    )


def _ignores(document: ProfileDocument, path: Path) -> list[Ignore]:
    found = []
    for index, entry in enumerate(document.get("ignore", [])):
        origin = f"{path.name} ignore[{index}]"
        try:
            until = datetime.date.fromisoformat(entry["until"])
        except ValueError:
            raise UsageError(f"{path}: at $.ignore[{index}].until: there is no day {entry['until']}") from None
        found.append(Ignore(entry["rule"], entry["reason"].strip(), until, entry.get("path", "*"), origin))
    return found


def _budgets(base: Budgets, given: Mapping[str, object], path: Path) -> Budgets:
    """Return budgets with those that a profile sets; each must be one that there is, with a value of its kind."""
    hints = typing.get_type_hints(Budgets)
    values: dict[str, object] = {}
    for name, value in given.items():
        if name not in hints:
            near = difflib.get_close_matches(name, hints, 1, 0.5)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(hints)}"
            raise UsageError(f"{path}: at $.budgets: there is no budget {name!r}{hint}")
        try:
            values[name] = _as(hints[name], value)
        except TypeError as error:
            raise UsageError(f"{path}: at $.budgets.{name}: needed {error}, found {value!r}") from None
    return dataclasses.replace(base, **cast("dict[str, typing.Any]", values))


_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def _as(hint: object, value: object) -> object:
    """Return a YAML value as a budget's type has it; a TypeError that says what was needed otherwise."""
    if isinstance(hint, types.UnionType):
        inner = [each for each in typing.get_args(hint) if each is not types.NoneType]
        return None if value is None else _as(inner[0], value)
    if typing.get_origin(hint) is tuple:
        inside = typing.get_args(hint)[0]
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise TypeError(f"a list, each {_WORDS[inside]}")
        return tuple(_as(inside, each) for each in value)
    if hint is float and type(value) in (int, float) and math.isfinite(cast("float", value)):
        return float(cast("float", value))
    if hint is not float and type(value) is hint:
        return value
    raise TypeError(_WORDS[cast("type", hint)])
