"""Examples that break the rules on licence, authors and permissions."""

from __future__ import annotations

from .broken import breaks
from .builder import Parts


@breaks("manifest.licence", at="template.json $.licence")
def break_licence(parts: Parts) -> None:
    """A garment without a licence."""
    parts.manifest["licence"] = "LicenseRef-unstated"


@breaks("manifest.spdx", at="template.json $.licence")
def break_spdx(parts: Parts) -> None:
    """A licence in one's own words."""
    parts.manifest["licence"] = "Free for everyone"


@breaks("manifest.authors", at="template.json $.authors")
def break_authors(parts: Parts) -> None:
    """A garment that nobody made."""
    parts.manifest["authors"] = []


def permitted(parts: Parts) -> None:
    """State what CC0 grants anyway."""
    parts.manifest["permissions"] = {"use": "everyone", "redistribution": True}


@breaks("manifest.permissions", at="$.permissions.redistribution", prepare=permitted)
def break_permissions(parts: Parts) -> None:
    """A garment in the public domain that must not be passed on."""
    parts.manifest["permissions"]["redistribution"] = False
