"""Licences as SPDX writes them."""

from __future__ import annotations

UNSTATED = "LicenseRef-unstated"


def licence_fault(text: str) -> str | None:
    """Say why a text is no SPDX expression of known identifiers, such as CC0-1.0 or MIT; None where it is one."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        canonicalize_license_expression(text)
    except InvalidLicenseExpression as error:
        return f"{text[:80]!r} is no SPDX licence expression ({str(error)[:120]})"
    return None
