"""Licences are read as SPDX and Creative Commons mean them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dressform.validators.examples.builder import Parts
from dressform.validators.rule import Defect, NotTestableError
from dressform.validators.rules.licence import grants_of

Find = Callable[[str, Parts], list[Defect]]


@pytest.mark.parametrize(
    ("licence", "known"),
    [
        ("CC0-1.0", True),
        ("MIT OR CC-BY-4.0", True),
        ("(MIT AND CC-BY-4.0) OR LicenseRef-studio", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", True),
        ("CC-BY", False),
        ("MIT OR", False),
        ("all rights reserved", False),
    ],
)
def test_expressions_are_known_or_not(parts: Parts, defects: Find, licence: str, known: bool) -> None:
    parts.manifest["licence"] = licence
    assert (defects("manifest.spdx", parts) == []) is known


@pytest.mark.parametrize(
    ("licence", "permissions", "wrong"),
    [
        ("CC-BY-4.0", {"credit": "required", "commercial_use": "corporation"}, []),
        ("CC-BY-4.0", {"credit": "unnecessary"}, ["credit"]),
        ("CC-BY-NC-4.0", {"commercial_use": "corporation"}, ["commercial_use"]),
        ("CC-BY-NC-SA-4.0", {"commercial_use": "personalNonProfit", "redistribution": True}, []),
        ("CC-BY-ND-4.0", {"modification": "allowModificationRedistribution"}, ["modification"]),
        ("CC0-1.0", {"use": "onlyAuthor", "violent_use": False}, ["use"]),
    ],
)
def test_permissions_say_what_the_licence_grants(
    parts: Parts, defects: Find, licence: str, permissions: dict[str, Any], wrong: list[str]
) -> None:
    parts.manifest |= {"licence": licence, "permissions": permissions}
    found = defects("manifest.permissions", parts)
    assert [defect.path.rsplit(".", 1)[1] for defect in found] == wrong


def test_what_another_licence_grants_is_not_guessed(parts: Parts, defects: Find) -> None:
    assert grants_of("MIT") is None
    assert grants_of("CC-BY-NC-ND-4.0 OR MIT") is None
    parts.manifest |= {"licence": "MIT", "permissions": {"use": "everyone"}}
    with pytest.raises(NotTestableError, match="MIT grants is not known"):
        defects("manifest.permissions", parts)
