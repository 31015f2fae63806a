"""Rules on where a garment sits on the canonical body."""

from __future__ import annotations

from collections.abc import Iterator

from dressform.schemas.report import Severity
from dressform.validators.rule import Defect, Rule
from dressform.validators.subject import Subject

SURE = 0.7  # a placement that is trusted less wants to be looked at


def is_sure(subject: Subject) -> Iterator[Defect]:
    """Placements that the step `place` itself does not trust."""
    report = subject.reports.get("place", {})
    confidence = report.get("confidence")
    if isinstance(confidence, int | float) and confidence < SURE:
        reason = str(report.get("reason", "")).split(";")[0]
        yield Defect(
            f"placed with confidence {confidence:.2f}, needed {SURE}: {reason}", "place.png", float(confidence)
        )


RULES = (
    Rule("DF-PLACE-001", "place.confidence", Severity.WARNING, ("placed",),
         "look at place.png; correct it with dressform garment place DRAFT --place FILE, or accept it with --keep",
         is_sure),
)  # fmt: skip
