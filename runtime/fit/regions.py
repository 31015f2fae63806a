"""The regions in which a tailor judges fit, found on worn cloth by the body's landmarks."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.measures import girth
from dressform.runtime.body.protocol import RestBody

from .rings import Opening, Ring, Section, openings

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]

REGIONS = ("neck", "chest", "waist", "hip", "sleeve", "thigh", "hem")
TRUNK = ("pelvis", "left_hip", "right_hip", "spine1", "spine2", "spine3", "left_collar", "right_collar")
LEGS = ("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle")
SIDES = ("left", "right")
UP = np.array([0.0, 0.0, 1.0])

OPEN = 0.75  # least share of the way round of a garment that is open in front
STEP = 0.01  # [m] between the levels that are tried, such as below a line where sleeves are set in
STEPS = 12
CLEAR = 3  # levels right below an armhole, of which the shortest counts: cloth still opens into it there
ABOVE_ANKLE = 0.1  # [m] above its joint up to which the leg grows thinner
HALVINGS = 3  # of the step in which a thigh's highest level lies
INTO_SLEEVES = 1.03  # a section this much longer than that a step below runs out into sleeves; no bust does
BAND = 0.05  # [m] above the waist's line up to which an upper edge is a waistband's
SAME_SWEEP = 0.02  # a section that goes less far round than those above by more than this runs into the lower edge
ON_SHOULDERS = 0.03  # [m] a neckline comes at least so near to the height of the shoulder joints


@dataclass(frozen=True)
class Region:
    """One place at which a garment goes round the body.

    Attributes:
        body: Girth of the body there [m].
        ring: The cloth around it.
    """

    body: float
    ring: Ring

    @property
    def ease(self) -> float:
        """Girth of the garment, as cut, over that of the body [m]; below zero where it has to stretch."""
        return self.ring.cut - self.body


def regions(
    rest: RestBody, worn: NDArray[np.floating], own: NDArray[np.floating], cloth: Integers
) -> dict[str, Region]:
    """Find the regions that a garment has; of two sides the closer-fitting one.

    Args:
        rest: The body that wears it.
        worn: The garment's points on that body in its rest pose [V, 3] [m].
        own: The same points in the garment's own shape [V, 3] [m].
        cloth: Its outer triangles [F, 3].
    """
    finder = _Finder(rest, np.asarray(worn, np.float64), np.asarray(own, np.float64), cloth)
    found = {name: find() for name, find in finder.finders().items()}
    return {name: region for name, region in found.items() if region is not None}


@dataclass(frozen=True)
class _Edge:
    """Where a garment ends around the body: its line of cloth, the middle and the unit normal of the plane of that."""

    ring: Ring
    center: Floats
    normal: Floats


class _Finder:
    """A garment on a body, its lines and openings."""

    def __init__(self, rest: RestBody, worn: Floats, own: Floats, cloth: Integers) -> None:
        self._rest, self._worn, self._own, self._cloth = rest, worn, own, cloth
        self._joints = rest.canonical_joints().astype(np.float64)
        self._lines = {name: line.astype(np.float64) for name, line in rest.measure_lines().items()}
        self._measures = rest.measures().as_dict()
        self._openings = openings(worn, own, cloth)
        self._around_trunk = [one for one in self._openings if one.goes_around(self._spine(one.center[2]), UP)]

    def finders(self) -> dict[str, Callable[[], Region | None]]:
        """Return what looks for each region, in the order of `REGIONS`."""
        return {
            "neck": self._neck,
            "chest": self._chest,
            "waist": lambda: self._upper_edge() or self._level("waist"),
            "hip": lambda: self._level("hip"),
            "sleeve": self._sleeve,
            "thigh": self._thigh,
            "hem": self._hem,
        }

    def _joint(self, name: str) -> Floats:
        return np.asarray(self._joints[JOINT_INDEX[name]])

    def _spine(self, height: float) -> Floats:
        """Return the middle of the trunk at a height [3] [m]."""
        chain = np.array([self._joint(name) for name in ("pelvis", "spine1", "spine2", "spine3", "neck", "head")])
        return np.array([*(np.interp(height, chain[:, 2], chain[:, k]) for k in (0, 1)), height])

    def _part(self, *names: str) -> Integers:
        """Return the body's triangles that follow these joints only."""
        wanted = [JOINT_INDEX[name] for name in names]
        return self._rest.body.faces[np.isin(self._rest.vertex_segments[self._rest.body.faces], wanted).all(axis=1)]

    def _body_girth(self, part: Integers, center: Floats, normal: Floats) -> float:
        return girth(self._rest.vertices, part, center.astype(np.float32), normal.astype(np.float32))

    def _section(self, center: Floats, normal: Floats) -> Section:
        return Section(self._worn, self._own, self._cloth, center, normal)

    def _neck(self) -> Region | None:
        shoulders = self._joint("left_shoulder")[2] - ON_SHOULDERS
        skull = self._joint("head")[2]
        necklines = [
            one for one in self._around_trunk if one.center[2] < skull and self._worn[one.points, 2].max() > shoulders
        ]
        if not necklines:
            return None
        return Region(self._measures["neck"], min(necklines, key=lambda one: one.ring.cut).ring)

    def _chest(self) -> Region | None:
        """Return the region of the fullest chest; a step below the armholes where that runs out into sleeves."""
        center = _middle(self._lines["chest"])
        rings = [self._trunk_ring(center - k * STEP * UP) for k in range(STEPS)]
        first = 0
        for k, (ring, lower) in enumerate(itertools.pairwise(rings)):
            if lower is None:
                continue
            leaves_sleeves = ring is not None and ring.cut > INTO_SLEEVES * lower.cut
            if ring is None or (leaves_sleeves and lower.sweep > ring.sweep - SAME_SWEEP):
                first = k + 1
        clear = [ring for ring in rings[first : first + (CLEAR if first else 1)] if ring is not None]
        return Region(self._measures["chest"], min(clear, key=lambda ring: ring.cut)) if clear else None

    def _level(self, name: str) -> Region | None:
        """Return the region at a body's line, or at the lower edge where only parts of that hang down to the line."""
        center = _middle(self._lines[name])
        ring, edge = self._trunk_ring(center), self._trunk_hem
        if ring is None:
            return None
        if edge is not None and abs(edge.center[2] - center[2]) < STEPS * STEP:
            ring = edge.ring if ring.sweep < edge.ring.sweep - SAME_SWEEP else ring
        return Region(self._measures[name], ring)

    def _trunk_ring(self, center: Floats) -> Ring | None:
        return self._section(center, UP).around(center, least=OPEN)

    def _upper_edge(self) -> Region | None:
        """Return the upper edge of what is worn from the waist down, where it sits: a level beside it is wider."""
        level, crotch = self._lines["waist"][0, 2] + BAND, self._lines["thigh"][:, 2].max()
        top = max(self._around_trunk, key=lambda one: one.center[2], default=None)
        if top is None or not crotch < top.center[2] < level:
            return None
        return Region(self._body_girth(self._part(*TRUNK), top.center, top.normal), top.ring)

    def _sleeve(self) -> Region | None:
        found = [self._arm(side) for side in SIDES]
        return min((one for one in found if one is not None), key=lambda one: one.ease, default=None)

    def _arm(self, side: str) -> Region | None:
        """Return the sleeve halfway down the upper arm, lower where it is one with the trunk, or a short one's edge."""
        shoulder, elbow = self._joint(f"{side}_shoulder"), self._joint(f"{side}_elbow")
        way = (elbow - shoulder) / np.linalg.norm(elbow - shoulder)
        pelvis, neck = self._joint("pelvis"), self._joint("neck")

        def around(below: float) -> Ring | None:
            center = (shoulder + elbow) / 2 + below * way
            trunk = pelvis + (center - pelvis) @ way / ((neck - pelvis) @ way) * (neck - pelvis)
            return self._section(center, way).around(center, trunk)

        ring = _highest(around)
        if ring is not None:
            return Region(self._measures["upper_arm"], ring)
        length = float(np.linalg.norm(elbow - shoulder))
        edges = [
            one
            for one in self._openings
            if one not in self._around_trunk
            and 0 < (one.center - shoulder) @ way < length
            and one.goes_around(shoulder + ((one.center - shoulder) @ way) * way, way)
        ]
        if not edges:
            return None
        edge = max(edges, key=lambda one: float((one.center - shoulder) @ way))
        part = self._part(f"{side}_shoulder", f"{side}_elbow")
        return Region(self._body_girth(part, edge.center, way), edge.ring)

    def _thigh(self) -> Region | None:
        line = self._lines["thigh"]
        hip, knee = self._joint("left_hip"), self._joint("left_knee")
        center, way = _middle(line), (hip - knee) / np.linalg.norm(hip - knee)
        found = []
        for side in (1.0, -1.0):
            here, there = (np.array([sign * side, 1.0, 1.0]) for sign in (1.0, -1.0))

            def around(below: float, here: Floats = here, there: Floats = there) -> Ring | None:
                at = center - below * way
                return self._section(at * here, way * here).around(at * here, at * there)

            ring = _highest(around)
            if ring is not None:
                found.append(Region(self._measures["thigh"], ring))
        return min(found, key=lambda one: one.ease, default=None)

    def _hem(self) -> Region | None:
        edge = self._trunk_hem
        if edge is not None:
            return Region(self._body_girth(self._part(*TRUNK, *LEGS), edge.center, edge.normal), edge.ring)
        return min(self._leg_hems(), key=lambda one: one.ease, default=None)

    @cached_property
    def _trunk_hem(self) -> _Edge | None:
        """The lower edge of what ends around the trunk or both legs; None of what ends around each leg."""
        waist = self._lines["waist"][0, 2]
        trunk = [one for one in self._around_trunk if one.center[2] < waist + 0.1 and not self._is_top(one)]
        if trunk:
            hem = min(trunk, key=lambda one: one.center[2])
            return _Edge(hem.ring, hem.center, hem.normal)
        return None if self._leg_hems() else self._open_hem()

    def _leg_hems(self) -> list[Region]:
        return [one for one in (self._leg_hem(side) for side in SIDES) if one is not None]

    def _is_top(self, opening: Opening) -> bool:
        """Whether most of the cloth hangs below an opening."""
        return bool(np.median(self._worn[np.unique(self._cloth), 2]) < opening.center[2])

    def _leg_hem(self, side: str) -> Region | None:
        chain = np.array([self._joint(f"{side}_{name}") for name in ("ankle", "knee", "hip")])
        best: Opening | None = None
        for one in self._openings:
            height = one.center[2]
            bone = np.array([*(np.interp(height, chain[:, 2], chain[:, k]) for k in (0, 1)), height])
            lower = best is None or height < best.center[2]
            if one not in self._around_trunk and lower and one.goes_around(bone, UP):
                best = one
        if best is None:
            return None
        part = self._part(f"{side}_hip", f"{side}_knee", f"{side}_ankle")
        # over the foot the leg's narrowest place above it counts
        levels = np.arange(max(best.center[2], chain[0, 2]), chain[0, 2] + ABOVE_ANKLE, STEP)
        heights = levels if len(levels) else best.center[2:]
        girths = [self._body_girth(part, np.array([*best.center[:2], height]), UP) for height in heights]
        return Region(min(girths), best.ring)

    def _open_hem(self) -> _Edge | None:
        """Return the lower edge of a garment whose front is open: the lowest level that goes round as far as any."""
        lowest = float(self._worn[np.unique(self._cloth), 2].min())
        levels = [self._spine(lowest + k * STEP) for k in range(1, STEPS)]
        rings = [(ring, center) for center in levels if (ring := self._trunk_ring(center)) is not None]
        if not rings or lowest > self._lines["chest"][0, 2]:
            return None
        most = max(ring.sweep for ring, _ in rings)
        ring, center = next(one for one in rings if one[0].sweep > most - 0.01)
        return _Edge(ring, center, UP)


def _highest(around: Callable[[float], Ring | None]) -> Ring | None:
    """Return the ring at the least depth [m] that has one: lower where a crotch hangs below the body's."""
    for k in range(STEPS):
        ring = around(k * STEP)
        if ring is None:
            continue
        below, above = k * STEP, (k - 1) * STEP
        for _ in range(HALVINGS if k else 0):
            middle = (below + above) / 2
            between = around(middle)
            if between is None:
                above = middle
            else:
                below, ring = middle, between
        return ring
    return None


def _middle(line: Floats) -> Floats:
    """Return the middle [3] of a tape [N, 3]."""
    return np.asarray((line.min(axis=0) + line.max(axis=0)) / 2)
