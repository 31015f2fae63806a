"""What a team writes to gate its garments: profile.schema.json and baseline.schema.json as types."""

from __future__ import annotations

from typing import NotRequired, TypedDict

PROFILE_SCHEMA = "dressform/profile/1"
BASELINE_SCHEMA = "dressform/baseline/1"


class IgnoreDocument(TypedDict):
    """Findings that do not count for a while."""

    rule: str
    path: NotRequired[str]
    reason: str
    until: str


class ProfileDocument(TypedDict):
    """A profile as profile.schema.json has it; budgets are checked against those that the rules know."""

    schema: str
    extends: NotRequired[str]
    sweep: NotRequired[bool]
    budgets: NotRequired[dict[str, object]]
    severities: NotRequired[dict[str, str]]
    ignore: NotRequired[list[IgnoreDocument]]


class KnownDocument(TypedDict):
    """A known finding."""

    rule: str
    name: str
    path: str
    value: float | None


class BaselineDocument(TypedDict):
    """A baseline as baseline.schema.json has it."""

    schema: str
    findings: list[KnownDocument]
