"""What a run has to know of every rule, kept beside the outcomes so that a run from the cache loads no rules."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from .result_cache import ResultCache, toolkit_digest
from .rule import Rule


@dataclass(frozen=True)
class Card:
    """A rule without its check: code, name, severity and whether it takes a sweep."""

    code: str
    name: str
    severity: str
    slow: bool


def cards_of(rules: Sequence[Rule]) -> list[Card]:
    """Return the cards of rules, in their order."""
    return [Card(rule.code, rule.name, rule.severity.value, rule.slow) for rule in rules]


def all_cards(cache: ResultCache | None) -> list[Card]:
    """Return the cards of all rules, from the cache when it has them."""
    key = hashlib.sha256(f"catalogue {toolkit_digest()}".encode()).hexdigest() if cache else ""
    kept = cache.read_json(key) if cache else None
    try:
        if kept is not None:
            return [Card(**card) for card in kept["cards"]]
    except (KeyError, TypeError):
        pass  # damaged: told by the rules themselves, and written anew
    from .rules.table import RULES

    cards = cards_of(RULES)
    if cache:
        cache.write_json(key, {"cards": [asdict(card) for card in cards]})
    return cards
