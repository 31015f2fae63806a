"""The register of examples: which function breaks which rule, and where the finding has to point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dressform.assets.template_version import TemplateVersion

from .builder import Parts


@dataclass(frozen=True)
class Example:
    """One way to break a rule.

    Attributes:
        rule: The rule's name, "mesh.degenerate".
        what: What is wrong, in one line.
        at: Text that the finding's path holds.
        place: Keys and values that the finding's place holds among others; empty where the path says it all.
        change: Breaks the parts of a sound draft; None when the example tampers with a published version.
        tamper: Breaks the files of a published version; None for a draft.
        prepare: Makes parts on which the rule is tested and holds; None when the sound draft is that already.
        tool: An outside program without which the rule is not tested, or None.
    """

    rule: str
    what: str
    at: str
    place: Mapping[str, object] = field(default_factory=dict)
    change: Callable[[Parts], None] | None = None
    tamper: Callable[[TemplateVersion], None] | None = None
    prepare: Callable[[Parts], None] | None = None
    tool: str | None = None


EXAMPLES: dict[str, Example] = {}


def breaks(
    rule: str,
    *,
    at: str,
    place: Mapping[str, object] | None = None,
    prepare: Callable[[Parts], None] | None = None,
    tool: str | None = None,
) -> Callable[[Callable[[Parts], None]], Callable[[Parts], None]]:
    """Register a function that breaks the parts of a draft; with `prepare`, it is given the parts prepared."""

    def register(change: Callable[[Parts], None]) -> Callable[[Parts], None]:
        _add(Example(rule, _first_line(change), at, place or {}, change=change, prepare=prepare, tool=tool))
        return change

    return register


def tampers(rule: str, *, at: str) -> Callable[[Callable[[TemplateVersion], None]], Callable[[TemplateVersion], None]]:
    """Register a function that breaks the files of a version that was published from the sound draft."""

    def register(tamper: Callable[[TemplateVersion], None]) -> Callable[[TemplateVersion], None]:
        _add(Example(rule, _first_line(tamper), at, tamper=tamper))
        return tamper

    return register


def _add(example: Example) -> None:
    if example.rule in EXAMPLES:
        raise ValueError(f"{example.rule} has an example already")
    EXAMPLES[example.rule] = example


def _first_line(function: Callable[..., None]) -> str:
    return (function.__doc__ or "").splitlines()[0]
