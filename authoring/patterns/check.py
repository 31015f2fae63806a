"""Is a pattern one that can be cut and sewn? The first thing that is not ends in one clear line."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np

from dressform.schemas.errors import InputError

from ._outline import first_crossing, inside, outline_distances, signed_area
from .pattern import Edge, EdgeRef, Mark, Panel, Pattern, Seam

CLOSED = 1e-4  # [m] how far the end of an edge may lie from the start of the next
LENGTHS = 0.01  # by how much of their length the two sides of a seam may differ
LEAST_AREA = 1e-4  # [m²]
LEAST_EDGE = 1e-3  # [m]
MARK_MARGIN = 0.002  # [m] how far a mark may stand out of its panel: lines end on the outline


def check_pattern(pattern: Pattern) -> None:
    """Raise an InputError for the first thing that a cutter or sewer could not do.

    Args:
        pattern: Of one size.
    """
    where = f"pattern {pattern.name}, size {pattern.size}"
    if not pattern.panels:
        raise InputError(f"{where}: needed at least one panel, found none; add one")
    _unique([panel.name for panel in pattern.panels], f"{where}: panel")
    for panel in pattern.panels:
        _check_panel(panel, f"{where}: panel {panel.name}")
    _check_seams(pattern, where)
    for hold in pattern.holds:
        _found(pattern, hold.edge, f"{where}: a hold")
    for panel in pattern.panels:
        for mark in panel.marks:
            _check_mark(panel, mark, f"{where}: panel {panel.name}")


def ref_name(ref: EdgeRef) -> str:
    """Return how a side of a panel is called in messages."""
    return f"{ref.panel}.{ref.edge}"


def chain_name(refs: Sequence[EdgeRef]) -> str:
    """Return how edges end to end are called in messages."""
    return " + ".join(ref_name(ref) for ref in refs)


def _unique(names: list[str], what: str) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise InputError(f"{what} {name} is there {count} times; give each its own name")


def _check_panel(panel: Panel, where: str) -> None:
    if len(panel.edges) < 2:
        raise InputError(f"{where}: needed at least two edges, found {len(panel.edges)}; split its outline at corners")
    _unique([edge.name for edge in panel.edges], f"{where}: edge")
    for edge in panel.edges:
        _check_edge(edge, f"{where}, edge {edge.name}")
    for edge, following in zip(panel.edges, panel.edges[1:] + panel.edges[:1], strict=True):
        gap = float(np.linalg.norm(edge.points[-1] - following.points[0]))
        if gap > CLOSED:
            raise InputError(
                f"{where}: edge {edge.name} ends {gap * 100:.2f} cm from where {following.name} starts; "
                "needed a closed outline: let both use the same corner"
            )
    crossing = first_crossing(panel.outline)
    if crossing is not None:
        first, second = (_edge_at(panel, k) for k in (crossing.first, crossing.second))
        x, y = crossing.place * 100
        both = f"edges {first} and {second} cross" if first != second else f"edge {first} crosses itself"
        raise InputError(
            f"{where}: {both} near ({x:.1f}, {y:.1f}) cm; a measure or an ease makes the panel cross itself: "
            f"change what {first} or {second} is drafted from"
        )
    area = signed_area(panel.outline)
    if area < 0:
        raise InputError(f"{where}: its outline runs clockwise; list edges and points counter-clockwise")
    if area < LEAST_AREA:
        raise InputError(f"{where}: {area * 1e4:.2f} cm² of cloth, needed at least {LEAST_AREA * 1e4:.0f}; enlarge it")


def _edge_at(panel: Panel, point: int) -> str:
    """Return the name of the edge that a point of the outline begins a segment of."""
    for edge in panel.edges:
        point -= len(edge.points) - 1
        if point < 0:
            return edge.name
    raise IndexError(point)


def _check_edge(edge: Edge, where: str) -> None:
    points = edge.points
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2:
        raise InputError(f"{where}: needed points [N, 2] with N ≥ 2, found the shape {list(points.shape)}")
    if not np.isfinite(points).all():
        raise InputError(f"{where}: a coordinate is not a finite number; look at the measures it is drafted from")
    if edge.length < LEAST_EDGE:
        raise InputError(f"{where}: {edge.length * 100:.2f} cm long, needed at least {LEAST_EDGE * 100:.1f}")
    if (np.linalg.norm(np.diff(points, axis=0), axis=1) < 1e-9).any():
        raise InputError(f"{where}: a point stands twice in a row; leave one out")
    for name, value in (("turn", edge.turn), ("allowance", edge.allowance)):
        if not 0 <= value <= 0.2:
            raise InputError(f"{where}: {name} of {value * 100:.1f} cm, needed 0 to 20 cm")


def _found(pattern: Pattern, ref: EdgeRef, where: str) -> Edge:
    panels = {panel.name: panel for panel in pattern.panels}
    if ref.panel not in panels:
        raise InputError(f"{where} names panel {ref.panel}, there are {', '.join(sorted(panels))}")
    edges = {edge.name: edge for edge in panels[ref.panel].edges}
    if ref.edge not in edges:
        raise InputError(f"{where} names edge {ref_name(ref)}, the panel has {', '.join(sorted(edges))}")
    return edges[ref.edge]


def _check_seams(pattern: Pattern, where: str) -> None:
    sewn: Counter[EdgeRef] = Counter()
    for seam in pattern.seams:
        if not seam.first or not seam.second:
            raise InputError(f"{where}: a seam needs edges on both sides, found none on one; name them")
        for ref in seam.first + seam.second:
            edge = _found(pattern, ref, f"{where}: a seam")
            if edge.turn > 0:
                raise InputError(f"{where}: {ref_name(ref)} is sewn and has a turn; give it a turn of 0")
            sewn[ref] += 1
            if sewn[ref] > 1:
                raise InputError(f"{where}: {ref_name(ref)} is in two seams; split the edge or drop a seam")
        _check_order(pattern, seam.first, 1, where)
        _check_order(pattern, seam.second, -1, where)
        _check_lengths(pattern, seam, where)


def _check_order(pattern: Pattern, refs: tuple[EdgeRef, ...], step: int, where: str) -> None:
    """Neighbouring edges of one panel must stand in the order in which the chain runs."""
    for ref, following in itertools.pairwise(refs):
        if ref.panel != following.panel:
            continue
        names = [edge.name for edge in pattern.panel(ref.panel).edges]
        apart = (names.index(following.edge) - names.index(ref.edge)) % len(names)
        if len(names) > 2 and apart == -step % len(names):
            raise InputError(
                f"{where}: a seam lists {ref_name(ref)} before {ref_name(following)}, against the way it is sewn; "
                "list `first` in its panels' direction and `second` against it"
            )


def _check_lengths(pattern: Pattern, seam: Seam, where: str) -> None:
    first, second = (sum(pattern.edge(ref).length for ref in refs) for refs in (seam.first, seam.second))
    if not -0.9 <= seam.gathers <= 9:
        raise InputError(f"{where}: the seam of {chain_name(seam.first)} gathers {seam.gathers:.2f}, needed -0.9 to 9")
    needed = first * (1 + seam.gathers)
    if abs(second - needed) <= LENGTHS * max(second, needed):
        return
    gathered = f" with gathers of {seam.gathers:.0%} ({needed * 100:.1f} cm)" if seam.gathers else ""
    raise InputError(
        f"{where}: {chain_name(seam.first)} is {first * 100:.1f} cm{gathered} and {chain_name(seam.second)}, sewn to "
        f"it, {second * 100:.1f} cm; needed lengths within {LENGTHS:.0%}: change what one of them is drafted from, "
        f"or give the seam gathers of {second / first - 1:.3f}"
    )


def _check_mark(panel: Panel, mark: Mark, where: str) -> None:
    points = np.asarray(mark.points, np.float64).reshape(-1, 2)
    if not len(points) or not np.isfinite(points).all():
        raise InputError(f"{where}: a mark ({mark.kind}) needs finite points, found none or others")
    outline = panel.outline
    if mark.kind == "print":
        size, room = np.ptp(points, axis=0) * 100, np.ptp(outline, axis=0) * 100
        if (size > room).any():
            raise InputError(
                f"{where}: a print of {size[0]:.1f} × {size[1]:.1f} cm on a panel of {room[0]:.1f} × {room[1]:.1f} cm; "
                "make it smaller"
            )
    out = ~inside(points, outline)
    away = outline_distances(points[out], outline)
    if (away > MARK_MARGIN).any():
        x, y = points[out][np.argmax(away)] * 100
        raise InputError(
            f"{where}: a mark ({mark.kind}) at ({x:.1f}, {y:.1f}) cm lies {away.max() * 100:.1f} cm outside the panel; "
            "move it or make it smaller"
        )
