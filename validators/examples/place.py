"""Examples that break the rules on the placing."""

from __future__ import annotations

from .broken import breaks
from .builder import Parts


@breaks("place.confidence", at="place.png")
def break_confidence(parts: Parts) -> None:
    """A placing that is not sure of itself."""
    parts.reports["place"] = {"confidence": 0.31, "reason": "found no opening; it hangs nowhere"}
