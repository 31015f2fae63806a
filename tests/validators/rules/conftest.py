"""Findings of a single rule on parts of a draft."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dressform.validators.examples.builder import Parts
from dressform.validators.rule import Defect
from dressform.validators.rules.table import RULES
from dressform.validators.targets import find_subjects


@pytest.fixture
def defects(tmp_path: Path) -> Callable[[str, Parts], list[Defect]]:
    """Return what a rule finds on parts, by the rule's name."""

    def find(name: str, parts: Parts) -> list[Defect]:
        rule = next(rule for rule in RULES if rule.name == name)
        (subject,) = find_subjects(parts.write(tmp_path / str(len(list(tmp_path.iterdir())))))
        return [found for found in rule.check(subject) if isinstance(found, Defect)]

    return find
