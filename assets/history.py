"""What happened to a template from version to version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .changes import Change, compare, level_of
from .library import Library
from .publishing import base_number
from .semver import parse_version
from .template_version import TemplateVersion


@dataclass(frozen=True)
class Entry:
    """One version of a template.

    Attributes:
        version: The version.
        base: Number of the release that it is compared with, the highest below it; None for the first.
        changes: What differs from that, the gravest first.
    """

    version: TemplateVersion
    base: str | None
    changes: Sequence[Change]

    @property
    def level(self) -> str | None:
        """The step from the base that the changes ask for; None for the first version."""
        return level_of(self.changes)


def history(library: Library, name: str) -> list[Entry]:
    """Return all versions of a template with what each changed, the highest first; yanked ones too.

    Raises:
        AssetError: When the library has no such template, or a manifest is damaged.
    """
    versions = {parse_version(version.version): version for version in library.versions(name)}
    entries = []
    for number, version in sorted(versions.items(), reverse=True):
        base = base_number([other for other in versions if other < number], number)
        before = versions[base] if base is not None else None
        changes = compare(before.manifest, version.manifest) if before is not None else []
        entries.append(Entry(version, None if base is None else str(base), changes))
    return entries
