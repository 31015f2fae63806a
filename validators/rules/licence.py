"""Rules on who made a garment, and what others may do with it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dressform.schemas.licences import UNSTATED, licence_fault
from dressform.schemas.report import Severity
from dressform.validators.rule import Defect, NotTestableError, Rule
from dressform.validators.subject import Subject

_CREATIVE_COMMONS = re.compile(r"CC0-1\.0|CC-(BY(?:-NC)?(?:-SA|-ND)?)-\d\.\d")


def licence_is_stated(subject: Subject) -> Iterator[Defect]:
    """When nobody said under which licence the garment may be used."""
    if subject.manifest.get("licence", UNSTATED) == UNSTATED:
        yield Defect("the licence is not stated", "template.json $.licence")


def licence_is_known(subject: Subject) -> Iterator[Defect]:
    """Licences that are no SPDX expression of known identifiers."""
    if (fault := licence_fault(str(subject.manifest.get("licence", UNSTATED)))) is not None:
        yield Defect(fault, "template.json $.licence")


def authors_are_named(subject: Subject) -> Iterator[Defect]:
    """When no author is named."""
    if not subject.manifest.get("authors"):
        yield Defect("no author is named", "template.json $.authors")


def permissions_fit_the_licence(subject: Subject) -> Iterator[Defect]:
    """Permissions that say something else than the licence grants."""
    permissions = subject.manifest.get("permissions")
    if not isinstance(permissions, dict) or not permissions:
        raise NotTestableError("no permissions are stated beside the licence")
    licence = str(subject.manifest.get("licence", UNSTATED))
    granted = grants_of(licence)
    if granted is None:
        raise NotTestableError(f"what {licence[:80]} grants is not known here")
    for name, value in sorted(permissions.items()):
        if name in granted and value != granted[name]:
            message = f"permissions say {name} is {_word(value)}, {licence} says {_word(granted[name])}"
            yield Defect(message, f"template.json $.permissions.{name}")


def grants_of(licence: str) -> dict[str, str | bool] | None:
    """Return what a Creative Commons licence grants, in the terms of `permissions`; None for another licence.

    From section 2(a)(1) of the licences of version 4.0 (share; adapt unless ND; without commercial aim where NC),
    section 3(a) (attribution) and the waiver of CC0 1.0.
    """
    found = _CREATIVE_COMMONS.fullmatch(licence)
    if found is None:
        return None
    terms = (found[1] or "").split("-")
    return {
        "use": "everyone",
        "commercial_use": "personalNonProfit" if "NC" in terms else "corporation",
        "modification": "allowModification" if "ND" in terms else "allowModificationRedistribution",
        "credit": "required" if "BY" in terms else "unnecessary",
        "redistribution": True,
    }


def _word(value: object) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)[:60]) if isinstance(value, bool) else str(value)[:60]


RULES = (
    Rule("DF-MANIFEST-002", "manifest.licence", Severity.WARNING, ("manifest",),
         "state an SPDX identifier: garment build --licence CC0-1.0", licence_is_stated),
    Rule("DF-MANIFEST-003", "manifest.authors", Severity.WARNING, ("manifest",),
         "name the authors: garment build --author NAME", authors_are_named),
    Rule("DF-MANIFEST-008", "manifest.spdx", Severity.ERROR, ("manifest",),
         "use an identifier of https://spdx.org/licenses, or LicenseRef-NAME for a licence of your own",
         licence_is_known),
    Rule("DF-MANIFEST-009", "manifest.permissions", Severity.WARNING, ("manifest",),
         "make `permissions` and `licence` say the same, or leave `permissions` out", permissions_fit_the_licence),
)  # fmt: skip
