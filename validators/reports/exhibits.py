"""What a report shows of a finding: its pictures, and what the file says there."""

from __future__ import annotations

from dressform.schemas.report import Finding

from .exhibit import Exhibit
from .location import Location


def exhibits_of(finding: Finding, location: Location) -> list[Exhibit]:
    """Return the pictures of a finding; none where there is nothing to see."""
    return []
