"""Types of a sewing pattern (pattern.schema.json)."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class PlacementDocument(TypedDict):
    """Where a panel starts around the body [rad, m]."""

    limb: str
    angle: float
    height: float
    clearance: NotRequired[float]
    fan: NotRequired[float]
    folds: NotRequired[int]


class EdgeDocument(TypedDict):
    """One side of a panel [m]."""

    name: str
    points: list[list[float]]
    turn: NotRequired[float]
    allowance: NotRequired[float]


class MarkDocument(TypedDict):
    """Something worked on a panel."""

    kind: str
    points: list[list[float]]
    options: NotRequired[dict[str, Any]]


class PanelDocument(TypedDict):
    """A flat piece of cloth."""

    name: str
    slot: NotRequired[str]
    layer: NotRequired[int]
    formed: NotRequired[bool]
    placement: PlacementDocument
    edges: list[EdgeDocument]
    marks: NotRequired[list[MarkDocument]]


class SeamDocument(TypedDict):
    """Two chains of sides that are sewn together, each as panel.edge."""

    first: list[str]
    second: list[str]
    gathers: NotRequired[float]
    finish: NotRequired[str]


class HoldDocument(TypedDict):
    """A side that stays at its height [m]."""

    edge: str
    height: NotRequired[float | None]


class PatternDocument(TypedDict):
    """A garment as flat panels and seams, for one size."""

    schema: str
    name: str
    category: str
    size: str
    measures: NotRequired[dict[str, float]]
    finished: NotRequired[dict[str, float]]
    panels: list[PanelDocument]
    seams: list[SeamDocument]
    holds: NotRequired[list[HoldDocument]]
