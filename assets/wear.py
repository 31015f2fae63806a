"""`--wear NAME[@RANGE][:SIZE][/VARIANT]`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dressform.schemas.errors import UsageError

from .semver import ANY, Range, parse_range

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
SIZE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,15}")
MAX_NAME = 64
_WEAR = re.compile(r"(?P<name>[^@:/]*)(?:@(?P<range>[^:/]*))?(?::(?P<size>[^/]*))?(?:/(?P<variant>.*))?", re.DOTALL)


@dataclass(frozen=True)
class WearSpec:
    """What a user asks to wear.

    Attributes:
        name: The template.
        range: Versions that will do.
        size: The size, or None for the template's default.
        variant: The look, or None for the template's own.
    """

    name: str
    range: Range = ANY
    size: str | None = None
    variant: str | None = None

    def __str__(self) -> str:
        at = "" if self.range == ANY else f"@{self.range.text}"
        return f"{self.name}{at}{f':{self.size}' if self.size else ''}{f'/{self.variant}' if self.variant else ''}"


def parse_wear(text: str) -> WearSpec:
    """Parse `NAME[@RANGE][:SIZE][/VARIANT]`, e.g. `tee@^1:M/navy`.

    Raises:
        UsageError: When a part is not of its form.
    """
    match = _WEAR.fullmatch(text)
    assert match is not None  # every part may be anything, so that the errors below can name it
    name, wanted, size, variant = match.group("name", "range", "size", "variant")
    check_name(name, f"--wear {text}")
    if size is not None and not SIZE.fullmatch(size):
        raise UsageError(f"--wear {text}: {size!r} is not a size such as M, XL or 34-32")
    if variant is not None:
        check_name(variant, f"--wear {text}")
    return WearSpec(name, ANY if wanted is None else parse_range(wanted), size, variant)


def check_name(name: str, where: str) -> None:
    """Raise a UsageError unless a name is one; this also keeps every path in the library inside it."""
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise UsageError(f"{where}: {name!r} is not a name; needed lower-case letters, digits and single hyphens")
