"""A sewing pattern in memory: flat panels, the seams between them, and what is worked on the cloth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

Limb = Literal["torso", "left_arm", "right_arm", "left_leg", "right_leg", "neck"]
MarkKind = Literal["stitch", "seam", "patch", "welt", "button", "buttonhole", "rivet", "crease", "zip", "print"]
SeamFinish = Literal["plain", "edge", "twin"]


@dataclass(frozen=True)
class Edge:
    """One side of a panel, from one corner to the next.

    Attributes:
        name: Unique in the panel.
        points: float64 [N, 2] from corner to corner in the panel's frame [m]; curves in chords of at most 5 mm.
        turn: Width of the cloth turned inwards along a free edge [m]; 0 where it is sewn or left raw. It is topstitched
            where the edge's name starts with "hem".
        allowance: Seam allowance outside the line, for the cut piece [m].
    """

    name: str
    points: Points
    turn: float = 0.0
    allowance: float = 0.01

    @property
    def length(self) -> float:
        """Length along the edge [m]."""
        return float(np.linalg.norm(np.diff(self.points, axis=0), axis=1).sum())


@dataclass(frozen=True)
class Mark:
    """Something worked on a panel.

    Attributes:
        kind: "stitch" rows of topstitching along a line; "seam" a line where two pieces of the panel meet (a yoke, a
            dart); "patch" the closed outline of a piece sewn on (a pocket, a placket); "welt" the closed outline of a
            pocket's lips; "button", "buttonhole", "rivet" at one point; "crease" a pressed line; "zip" a row of teeth;
            "print" the four corners of a picture.
        points: float64 [N, 2] in the panel's frame [m].
        options: By kind: rows, gap, width, radius, angle … [m, rad], or names.
    """

    kind: MarkKind
    points: Points
    options: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Placement:
    """How a panel stands around the body before it is sewn.

    Attributes:
        limb: What it is rolled around.
        angle: The direction that the panel's line x = 0 faces around the limb's axis [rad]: on torso, neck and legs 0
            is the front and +pi/2 the wearer's left; on an arm 0 is the top (the side away from the body when the arms
            hang) and +pi/2 the front for both arms. Panels run counter-clockwise seen from above (torso, neck, legs)
            or from the hand (arms) as x grows, as far as their outside faces away from the body.
        height: On torso, neck and legs the height above the ground of the panel's line y = 0 [m]; on an arm the
            distance of y = 0 from the shoulder joint along the arm [m], with y falling towards the hand.
        clearance: Distance from the skin [m] to start from.
        fan: For a panel cut from a ring around the point (0, fan) of its frame, as of a circle skirt [m]: each of the
            ring's circles starts level around the limb, the one through (0, 0) at `height`; 0 for other panels.
        folds: Of a panel with a fan: in how many even folds around the limb what is wider than the body starts; 0
            lets it stand off as a cone. An even number keeps both sides alike.
    """

    limb: Limb
    angle: float
    height: float
    clearance: float = 0.02
    fan: float = 0.0
    folds: int = 0


@dataclass(frozen=True)
class Panel:
    """A flat piece of cloth.

    The panel's frame is seen from the outside of the cloth: y points to the wearer's head (on sleeves to the
    shoulder), x to the right of whoever looks at it.

    Attributes:
        name: Unique in the pattern; left and right are the wearer's.
        edges: Its sides, closed and counter-clockwise.
        placement: Where it starts on the body.
        slot: Which of the pattern's cloths it is cut from ("main", "rib", "collar" …).
        marks: What is worked on it.
        formed: True for a piece whose worn shape is built from its neighbours instead of draped (a shirt collar).
        layer: 0 for what lies next to the body; pieces over other pieces of the garment count up.
    """

    name: str
    edges: tuple[Edge, ...]
    placement: Placement
    slot: str = "main"
    marks: tuple[Mark, ...] = ()
    formed: bool = False
    layer: int = 0

    def edge(self, name: str) -> Edge:
        """Return a side by name; a KeyError when there is none."""
        for edge in self.edges:
            if edge.name == name:
                return edge
        raise KeyError(name)

    @property
    def outline(self) -> Points:
        """The closed outline without its last point again, [N, 2]."""
        return np.concatenate([edge.points[:-1] for edge in self.edges])


@dataclass(frozen=True)
class EdgeRef:
    """A side of a panel by name."""

    panel: str
    edge: str


@dataclass(frozen=True)
class Seam:
    """Two chains of edges that are sewn together.

    All panels run counter-clockwise seen from outside, so the two chains run against each other: `first` is listed in
    its panel's direction, `second` so that its first edge ends where the first edge of `first` begins.

    Attributes:
        first: Edges end to end.
        second: Edges end to end, each run backwards.
        gathers: By how much `second` is longer than `first` on purpose, as a fraction of it.
        finish: "plain" pressed open; "edge" one row of topstitching beside it; "twin" two rows.
    """

    first: tuple[EdgeRef, ...]
    second: tuple[EdgeRef, ...]
    gathers: float = 0.0
    finish: SeamFinish = "plain"


@dataclass(frozen=True)
class Hold:
    """An edge that stays at its height while the garment is draped, as a waistband that sits does.

    Attributes:
        edge: Which.
        height: Above the ground [m]; None keeps that of the panel's placement.
    """

    edge: EdgeRef
    height: float | None = None


@dataclass(frozen=True)
class Pattern:
    """A garment as flat panels and seams, for one size.

    Attributes:
        name: Of the kind of garment.
        category: Of the template.
        size: "M", or "made to measure".
        measures: Of the body it is drafted for, by the names of `runtime.body.measures.Measures` [m].
        finished: Measures of the garment itself [m], for the size chart.
        panels: At least one.
        seams: All of them.
        holds: Edges that stay at their height.
    """

    name: str
    category: str
    size: str
    measures: Mapping[str, float]
    finished: Mapping[str, float]
    panels: tuple[Panel, ...]
    seams: tuple[Seam, ...]
    holds: tuple[Hold, ...] = ()

    def panel(self, name: str) -> Panel:
        """Return a panel by name; a KeyError when there is none."""
        for panel in self.panels:
            if panel.name == name:
                return panel
        raise KeyError(name)

    def edge(self, ref: EdgeRef) -> Edge:
        """Return the side that a reference names."""
        return self.panel(ref.panel).edge(ref.edge)

    def marks(self, kind: MarkKind) -> Iterator[tuple[Panel, Mark]]:
        """Yield all marks of a kind with their panels."""
        for panel in self.panels:
            for mark in panel.marks:
                if mark.kind == kind:
                    yield panel, mark
