"""SPDX identifiers from what artists write about licences."""

from __future__ import annotations

import re

_KNOWN = re.compile(
    r"\b(CC0|MIT|Apache-2\.0|AGPL-?3(?:\.0)?|CC[- ]BY(?:[- ]NC)?(?:[- ](?:SA|ND))?[- ]\d\.\d)(?![\w.])", re.IGNORECASE
)


def spdx_of(text: str) -> str | None:
    """Return the SPDX identifier that a line about a licence means, or None.

    Only what names a version is taken, but for CC0 and MIT, which have one.
    """
    found = _KNOWN.search(text)
    if found is None:
        return "CC0-1.0" if "publicdomain/zero" in text.lower() or "CC0-1.0" in text else None
    plain = found[1].upper().replace(" ", "-")
    if plain.startswith("AGPL"):
        return "AGPL-3.0-only"
    return {"CC0": "CC0-1.0", "APACHE-2.0": "Apache-2.0"}.get(plain, plain)
