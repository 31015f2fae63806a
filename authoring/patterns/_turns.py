"""Where the cloth that is turned inwards along free edges lies, in the flat panel and on the sheet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._outline import arc_lengths
from .flat_mesh import FlatMesh, Integers

Points = NDArray[np.float64]

RAW_TURN = 0.006  # [m] of an edge without a turn: a folded or bound edge, so that cloth has a thickness to see
_MITRE = 3.0  # the turned point of a corner that stands out lies at most so many widths away
_NOTCH = 1.5  # the same of a corner that cuts in
_FAN = 3.0  # points that many times as far from a corner as its turned point lies along the edge share its slant
_SLANT = 0.4  # a corner's turned point lies at most so much of the edge's length along it
_ROOM = 0.45  # part of the free space before an edge, on the sheet, that its turned cloth may take
_INSIDE = 0.9  # part of the way to the panel's other side that turned cloth may reach


@dataclass(frozen=True)
class TurnedEdge:
    """A free edge.

    Attributes:
        panel: Number of its panel.
        edge: Its name.
        points: int32 [N] flat points along it, in the panel's direction.
        width: Of the cloth turned in [m].
        before: Flat points of the edge before it, from the shared corner away; None where that is free too.
        after: The same of the edge after it.
        width_before: Turned width of a free edge before it [m].
        width_after: The same of one after it [m].
    """

    panel: int
    edge: str
    points: Integers
    width: float
    before: Integers | None
    after: Integers | None
    width_before: float
    width_after: float


def turned_edges(mesh: FlatMesh) -> list[TurnedEdge]:
    """Return the free edges of a sewn mesh, panel by panel in order."""
    pattern = mesh.pattern
    sewn = {(ref.panel, ref.edge) for seam in pattern.seams for ref in seam.first + seam.second}
    out = []
    for number, panel in enumerate(pattern.panels):
        count = len(panel.edges)
        for k, edge in enumerate(panel.edges):
            if (panel.name, edge.name) in sewn:
                continue
            last, following = panel.edges[k - 1], panel.edges[(k + 1) % count]
            before, after = (panel.name, last.name), (panel.name, following.name)
            out.append(
                TurnedEdge(
                    number,
                    edge.name,
                    mesh.edges[panel.name, edge.name],
                    edge.turn or RAW_TURN,
                    mesh.edges[before][::-1] if before in sewn else None,
                    mesh.edges[after] if after in sewn else None,
                    last.turn or RAW_TURN,
                    following.turn or RAW_TURN,
                )
            )
    return out


def inner_rows(turned: TurnedEdge, flat: Points, outline: Points, parts: Points) -> Points:
    """Return where rows of the turned cloth lie on the panel, [N, R, 2] [m].

    Args:
        turned: The edge.
        flat: All flat points [., 2], or their places on the sheet [m].
        outline: Points around its panel, counter-clockwise, in the same frame [m].
        parts: Distances of the rows from the edge as fractions of its width, [R], ascending.
    """
    line = flat[turned.points]
    reach = _fanned(_reach(turned, flat, outline), line)
    reach *= _within(turned, line, reach, outline)[:, None]
    return np.asarray(line[:, None] + reach[:, None] * parts[:, None])


def outer_rows(
    turned: TurnedEdge, flat: Points, outline: Points, around: tuple[Points, Points], parts: Points
) -> Points:
    """Return where rows of the turned cloth lie unfolded, beyond the edge, [N, R, 2] [m].

    Args:
        turned: The edge.
        flat: Places of all flat points on the sheet [., 2] [m].
        outline: Points around its panel on the sheet, counter-clockwise [m].
        around: Starts and ends of all outlines' segments on the sheet, [S, 2] each [m]: they are not run over.
        parts: Distances of the rows from the edge as fractions of its width, [R], ascending.
    """
    line = flat[turned.points]
    inward = _reach(turned, flat, outline)
    along = _tangents(line)
    reflected = 2 * (inward * along).sum(axis=1, keepdims=True) * along - inward
    for end, neighbour in ((0, turned.before), (-1, turned.after)):
        if neighbour is None and _reflex(turned, flat, outline, end):
            reflected[end] = -inward[end]
    reflected = _fanned(reflected, line)
    reflected *= _within(turned, line, _fanned(inward, line), outline)[:, None]
    upright = reflected - (reflected * along).sum(axis=1, keepdims=True) * along
    room = np.minimum(1, _ROOM / parts[-1] * _first_hit(line, upright, *around))
    wide = np.linalg.norm(reflected, axis=1)
    for end, beside, neighbour in ((0, 1, turned.before), (-1, -2, turned.after)):
        cuts_in = neighbour is None and _reflex(turned, flat, outline, end)
        room[end] = min(room[end], room[beside] * (wide[beside] / wide[end] if cuts_in else 1.0))
    return np.asarray(line[:, None] + (reflected * room[:, None])[:, None] * parts[:, None])


def _tangents(line: Points) -> Points:
    """Return the unit direction of a line at each of its points."""
    step = np.diff(line, axis=0)
    step = step / np.linalg.norm(step, axis=1, keepdims=True)
    mean = np.concatenate([step[:1], step[:-1] + step[1:], step[-1:]])
    return np.asarray(mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9))


def _reach(turned: TurnedEdge, flat: Points, outline: Points) -> Points:
    """Return the vector from each point of the edge to the inner end of the turned cloth, [N, 2] [m]."""
    line = flat[turned.points]
    step = np.diff(line, axis=0)
    left = np.stack([-step[:, 1], step[:, 0]], axis=1) / np.linalg.norm(step, axis=1, keepdims=True)
    before, after = _neighbour_normal(turned, flat, outline, 0), _neighbour_normal(turned, flat, outline, -1)
    first, second = np.concatenate([before[None], left]), np.concatenate([left, after[None]])
    widths = np.full((2, len(line)), turned.width)
    widths[0, 0] = turned.width_before if turned.before is None else turned.width
    widths[1, -1] = turned.width_after if turned.after is None else turned.width
    reach = _mitred(first, second, *widths)
    for end, neighbour in ((0, turned.before), (-1, turned.after)):
        if neighbour is not None:
            reach[end] = _slid(flat[neighbour], left[end], turned.width)
    return reach


def _fanned(reach: Points, line: Points) -> Points:
    """Share the slant of the reach at both ends of a line out over the points beside, so that none overtakes them."""
    tangents = _end_tangents(line)
    lengths = arc_lengths(line)
    out = reach.copy()
    for end, along, away in ((0, tangents[0], lengths), (-1, -tangents[1], lengths[-1] - lengths)):
        whole = float(reach[end] @ along)
        slant = min(whole, _SLANT * lengths[-1])
        out[end] += (slant - whole) * along
        far = min(_FAN * abs(slant), 0.95 * lengths[-1])
        share = np.clip(1 - away[1:-1] / max(far, 1e-9), 0, 1)
        out[1:-1] += (share * slant)[:, None] * along
    return out


def _end_tangents(line: Points) -> tuple[Points, Points]:
    """Return the unit directions of a line's first and last segment."""
    first, last = line[1] - line[0], line[-1] - line[-2]
    return np.asarray(first / np.linalg.norm(first)), np.asarray(last / np.linalg.norm(last))


def _mitred(
    first: Points, second: Points, width_first: NDArray[np.float64], width_second: NDArray[np.float64]
) -> Points:
    """Return the vectors to where lines at a width on the left of two directions meet, given their left normals."""
    cosine = (first * second).sum(axis=1)
    sine = 1 - cosine**2
    straight = sine < 0.02
    sine = np.where(straight, 1.0, sine)
    a = (width_first - width_second * cosine) / sine
    b = (width_second - width_first * cosine) / sine
    mean = first + second
    mean = mean / np.maximum((mean * mean).sum(axis=1, keepdims=True), 0.1) * 2
    reach = np.where(
        straight[:, None],
        mean * np.minimum(width_first, width_second)[:, None],
        a[:, None] * first + b[:, None] * second,
    )
    length = np.linalg.norm(reach, axis=1)
    cuts_in = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0] < 0
    most = np.where(cuts_in, _NOTCH, _MITRE) * np.maximum(width_first, width_second)
    return np.asarray(reach * np.minimum(1, most / np.maximum(length, 1e-9))[:, None])


def _neighbour_normal(turned: TurnedEdge, flat: Points, outline: Points, end: int) -> Points:
    """Return the left normal of the outline just before the edge's start (end 0) or after its end (end −1)."""
    corner = flat[turned.points[end]]
    at = int(np.argmin(((outline - corner) ** 2).sum(axis=1)))
    step = corner - outline[at - 1] if end == 0 else outline[(at + 1) % len(outline)] - corner
    return np.asarray(np.array([-step[1], step[0]]) / np.linalg.norm(step))


def _slid(line: Points, left: Points, width: float) -> Points:
    """Return the vector from a line's first point to where it is `width` away from the edge it leaves, [2]."""
    away = (line - line[0]) @ left
    beyond = np.flatnonzero(away >= width)
    if len(beyond) == 0:
        best = int(np.argmax(away))
        return np.asarray(line[best] - line[0] if best else left * width)
    k = int(beyond[0])
    share = (width - away[k - 1]) / (away[k] - away[k - 1])
    return np.asarray(line[k - 1] + share * (line[k] - line[k - 1]) - line[0])


def _within(turned: TurnedEdge, line: Points, reach: Points, outline: Points) -> NDArray[np.float64]:
    """Return by how much the reach [N, 2] is shortened where it would leave the panel on the other side, [N]."""
    scale = np.ones(len(line))
    inner = np.ones(len(line), np.bool_)
    inner[0], inner[-1] = turned.before is None, turned.after is None
    start, end = outline, np.roll(outline, -1, axis=0)
    hit = _first_hit(line, reach, start, end)
    scale[inner] = np.minimum(1, _INSIDE * hit)[inner]
    return scale


def _first_hit(origins: Points, rays: Points, start: Points, end: Points) -> NDArray[np.float64]:
    """Return at which multiple of each ray [N, 2] it first meets a segment beyond its origin; inf if it meets none."""
    step = end - start
    cross = rays[:, None, 0] * step[:, 1] - rays[:, None, 1] * step[:, 0]
    apart = start - origins[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (apart[..., 0] * step[:, 1] - apart[..., 1] * step[:, 0]) / cross
        u = (apart[..., 0] * rays[:, None, 1] - apart[..., 1] * rays[:, None, 0]) / cross
    meets = (np.abs(cross) > 1e-14) & (u >= -1e-6) & (u <= 1 + 1e-6)
    near = (t * np.linalg.norm(rays, axis=1)[:, None] < 1e-5) | ~meets
    return np.asarray(np.where(near, np.inf, t).min(axis=1))


def _reflex(turned: TurnedEdge, flat: Points, outline: Points, end: int) -> bool:
    """Say whether the panel's inside angle at the edge's start or end is more than a straight one."""
    line = flat[turned.points]
    left = _neighbour_normal(turned, flat, outline, end)
    step = line[1] - line[0] if end == 0 else line[-1] - line[-2]
    turn = float(left @ step) if end == 0 else -float(left @ step)
    return turn < 0
