"""The shape of trousers: rings around hips and legs, one clean quad grid with a saddle at the crotch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dressform.authoring.steps._place_relax import Obstacle, push_out
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.adjacency import averaging_matrix

from ._sections import DIRECTIONS, outline, radius_at, resampled, section, smoothed, straightened

HALF = 32  # columns of half a hip ring; CF at 0, side seam at HALF / 2, CB at HALF
SADDLE = 11  # points of the crotch seam between CF and CB; the middle one is where the inseams start
LEG = HALF + 1 + SADDLE  # columns of a leg ring
INSEAM = HALF + 1 + SADDLE // 2  # column of the inseam in a leg ring
_GAP = 0.006  # [m] least distance from the skin
_LOWER = ("pelvis", "spine1", "spine2", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle")


@dataclass(frozen=True)
class Cut:
    """Lengths of the pattern on one body, metres.

    Attributes:
        rise: Height of the waistband's upper edge at the side, above the ground.
        fork: Height of the lowest point of the crotch seam.
        hem: Height of the hem.
        waist_ease: Distance of the waistband from the skin.
        hip_ease: The same at the seat.
        thigh_ease: The same at the thigh.
        knee_ease: The same at the knee.
        hem_girth: Length of the hem.
    """

    rise: float
    fork: float
    hem: float
    waist_ease: float
    hip_ease: float
    thigh_ease: float
    knee_ease: float
    hem_girth: float


@dataclass(frozen=True)
class Panel:
    """One of the four cloth panels; rows run down, columns run from left to right seen from outside.

    Attributes:
        name: front_left, back_left, front_right or back_right (the wearer's sides).
        hip: int32 [rows, columns] vertices above the place where the legs part.
        leg: int32 [rows, columns] vertices below; its first row shares vertices with the last one of `hip`.
    """

    name: str
    hip: NDArray[np.int32]
    leg: NDArray[np.int32]


@dataclass(frozen=True)
class Grid:
    """The mesh and where its rings lie.

    Attributes:
        points: float64 [V, 3] [m].
        faces: int32 [F, 3], panel after panel, hip before leg.
        hips: int32 [rows, 2 * HALF] vertices of the hip rings, waist first; the last is where the legs part.
        left: int32 [rows, LEG] vertices of the left leg's rings; the first is shared with the hips and the crotch seam.
        right: int32 [rows, LEG], the mirror image of `left`, column by column.
        panels: The four panels.
    """

    points: NDArray[np.float64]
    faces: NDArray[np.int32]
    hips: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    panels: tuple[Panel, ...]


def lower_body(rest: RestBody) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return the rest points and the triangles of torso and legs, without arms and feet's followers."""
    body = rest.body
    dominant = body.joint_indices[np.arange(len(rest.vertices)), body.joint_weights.argmax(axis=1)]
    wanted = np.isin(rest.rig.segment_of_bone[dominant], [JOINT_INDEX[name] for name in _LOWER])
    return rest.vertices.astype(np.float64), body.faces[wanted[body.faces].all(axis=1)]


def fork_height(points: NDArray[np.float64], faces: NDArray[np.int32]) -> float:
    """Return the height [m] at which the legs part: the lowest point of the body's middle."""
    used = points[np.unique(faces)]
    middle = used[(np.abs(used[:, 0]) < 0.012) & (used[:, 2] > 0.3 * used[:, 2].max())]
    return float(middle[:, 2].min())


def trousers_grid(rest: RestBody, cut: Cut) -> Grid:
    """Build the trousers around a body.

    Args:
        rest: The body.
        cut: The lengths.
    """
    points, faces = lower_body(rest)
    split = cut.fork + 0.045  # the legs' rings start here at the side; the crotch seam hangs below
    hip_rows = max(6, round((cut.rise - split) / 0.0155))
    leg_rows = max(20, round((split - cut.hem) / 0.0155))
    hips = _hip_rings(points, faces, cut, np.linspace(cut.rise, split, hip_rows + 1))
    saddle = _saddle(hips[-1, HALF], hips[-1, 0], cut.fork)
    left = _leg_rings(points, faces, cut, np.concatenate([hips[-1, : HALF + 1], saddle]), leg_rows)
    grid = _stitched(hips, saddle, left)
    return _settled(grid, rest)


def _hip_rings(
    points: NDArray[np.float64], faces: NDArray[np.int32], cut: Cut, heights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return rings [rows, 2 * HALF, 3] from the waist down to where the legs part."""
    around = section(points, faces, float(heights[-1]))
    center = np.array([0.0, (around[:, 1].min() + around[:, 1].max()) / 2])
    down = (heights[0] - heights) / (heights[0] - heights[-1])
    ease = np.interp(down, [0.0, 0.22, 0.7, 1.0], [cut.waist_ease, 1.4 * cut.waist_ease, cut.hip_ease, cut.hip_ease])
    radii = np.stack([outline(section(points, faces, float(z)), center) for z in heights]) + ease[:, None]
    radii = (radii + radii[:, (len(DIRECTIONS) // 2 - np.arange(len(DIRECTIONS))) % len(DIRECTIONS)]) / 2
    radii = smoothed(smoothed(straightened(heights, radii), 2, around=True), 1, around=False)
    rings = np.empty((len(heights), 2 * HALF, 3))
    fine = np.linspace(-np.pi / 2, np.pi / 2, 257)  # CF, over the left side, to CB
    for row, z in enumerate(heights):
        reach = radius_at(radii, np.full(len(fine), float(row)), fine)
        curve = center + reach[:, None] * np.stack([np.cos(fine), np.sin(fine)], axis=1)
        half = np.concatenate([resampled(curve[:129], HALF // 2 + 1), resampled(curve[128:], HALF // 2 + 1)[1:]])
        half[[0, -1], 0] = 0.0
        lean = np.interp(half[:, 1], [half[0, 1], half[-1, 1]], [-0.018, 0.016]) * (1 - down[row]) ** 1.5
        rings[row, : HALF + 1] = np.column_stack([half, z + lean])
    mirrored = rings[:, 1:HALF][:, ::-1] * (-1, 1, 1)
    rings[:, HALF + 1 :] = mirrored
    return rings


def _saddle(back: NDArray[np.float64], front: NDArray[np.float64], fork: float) -> NDArray[np.float64]:
    """Return the inner points [SADDLE, 3] of the crotch seam, from CB under the body to CF."""
    turn = np.linspace(0.0, np.pi, 200)
    y = (back[1] + front[1]) / 2 + (back[1] - front[1]) / 2 * np.cos(turn)
    depth = np.sin(turn) ** 0.75
    curve = np.stack(
        [np.zeros(200), y, back[2] + (front[2] - back[2]) * turn / np.pi - (back[2] - fork) * depth], axis=1
    )
    return resampled(curve, SADDLE + 2)[1:-1]


def _leg_rings(
    points: NDArray[np.float64], faces: NDArray[np.int32], cut: Cut, top: NDArray[np.float64], rows: int
) -> NDArray[np.float64]:
    """Return the left leg's rings [rows + 1, LEG, 3], the first of which is `top`."""
    heights = np.linspace(top[0, 2], cut.hem, rows + 1)
    sections = [section(points, faces, float(z)) for z in heights]
    sections = [s[s[:, 0] > 0.0] for s in sections]
    middles = np.stack([(s.min(axis=0) + s.max(axis=0)) / 2 for s in sections])
    below = heights < cut.fork - 0.02
    axis = np.stack([np.polyval(np.polyfit(heights[below], middles[below, k], 2), heights) for k in range(2)], axis=1)
    down = (heights[0] - heights) / (heights[0] - heights[-1])
    ease = np.interp(down, [0.0, 0.12, 0.5, 1.0], [cut.hip_ease, cut.thigh_ease, cut.knee_ease, cut.knee_ease])
    radii = np.stack([outline(s, c) for s, c in zip(sections, axis, strict=True)]) + ease[:, None]
    radii[-1] = _hem_outline(cut.hem_girth, radii[-1] - ease[-1])
    offset = top[:, :2] - axis[0]
    start = np.unwrap(np.arctan2(offset[:, 1], offset[:, 0]))
    order = np.argsort(np.mod(start, 2 * np.pi))
    radii[0] = np.interp(
        DIRECTIONS, np.mod(start, 2 * np.pi)[order], np.linalg.norm(offset, axis=1)[order], period=2 * np.pi
    )
    radii = smoothed(smoothed(straightened(heights, radii), 2, around=True), 2, around=False)
    radii += _folds(heights, cut)
    end = _even_angles(radii[len(radii) // 2], start)
    rings = np.empty((rows + 1, LEG, 3))
    rings[0] = top
    for row in range(1, rows + 1):
        fallen = heights[0] - heights[row]
        share = _smoothstep(fallen / 0.22)
        angles = (1 - share) * start + share * end
        z = heights[row] + (top[:, 2] - heights[0]) * (1 - _smoothstep(fallen / 0.16))
        where = (heights[0] - z) / (heights[0] - heights[-1]) * rows
        reach = radius_at(radii, where, angles)
        middle = np.stack([np.interp(where, np.arange(rows + 1), axis[:, k]) for k in range(2)], axis=1)
        rings[row, :, :2] = middle + reach[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        rings[row, :, 2] = z
    front = np.clip(-np.sin(end), 0.0, 1.0)
    rings[-3:, :, 2] += 0.008 * front * np.array([[0.3], [0.7], [1.0]])  # the hem rises over the instep
    return rings


def _hem_outline(girth: float, ankle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the hem's polar outline: nearly round, of this girth, pushed forward where it breaks on the shoe."""
    shape = 1.0 + 0.16 * np.clip(-np.sin(DIRECTIONS), 0.0, 1.0) + 0.05 * np.clip(np.sin(DIRECTIONS), 0.0, 1.0)
    low, high = 0.0, girth
    for _ in range(30):  # widen it until its length is the girth; over the instep the foot decides
        scale = (low + high) / 2
        around = np.maximum(scale * shape, ankle + 0.004)
        x, y = around * np.cos(DIRECTIONS), around * np.sin(DIRECTIONS)
        long = np.hypot(np.roll(x, -1) - x, np.roll(y, -1) - y).sum() > girth
        low, high = (low, scale) if long else (scale, high)
    return np.asarray(around, np.float64)


def _folds(heights: NDArray[np.float64], cut: Cut) -> NDArray[np.float64]:
    """Return shallow folds [rows, ANGLES] [m]: behind and beside the knee, and where the hem breaks."""
    knee = cut.hem + 0.5 * (cut.fork - cut.hem)
    behind = np.clip(np.sin(DIRECTIONS), 0.0, 1.0) ** 0.7
    front = np.clip(-np.sin(DIRECTIONS), 0.0, 1.0) ** 0.7
    slant = 0.02 * np.cos(DIRECTIONS)
    at_knee = np.exp(-(((heights[:, None] - knee - 0.01) / 0.07) ** 2)) * np.cos(
        (heights[:, None] - knee + slant) * (2 * np.pi / 0.062)
    )
    break_at = cut.hem + 0.075
    at_hem = np.exp(-(((heights[:, None] - break_at) / 0.055) ** 2)) * np.cos(
        (heights[:, None] - break_at - 1.2 * slant) * (2 * np.pi / 0.078)
    )
    return np.asarray(0.0022 * at_knee * behind + 0.0042 * at_hem * (0.35 + 0.65 * front), np.float64)


def _even_angles(outline_radii: NDArray[np.float64], start: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return directions [LEG] that space columns evenly between the side seam, which stays at +x, and the inseam."""
    side = HALF // 2
    fine = np.linspace(0.0, 2 * np.pi, 721)
    reach = radius_at(np.stack([outline_radii, outline_radii]), np.zeros(len(fine)), fine)
    curve = np.stack([reach * np.cos(fine), reach * np.sin(fine)], axis=1)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    half = np.interp(np.pi, fine, along)
    back = np.linspace(0.0, half, INSEAM - side + 1)
    front = np.linspace(half, along[-1], LEG - INSEAM + side + 1)
    columns = (np.arange(side, side + LEG + 1)) % LEG
    angles = np.empty(LEG)
    angles[columns[:-1]] = np.interp(np.concatenate([back, front[1:-1]]), along, fine)
    angles[:side] -= 2 * np.pi  # columns before the side seam count on from below
    shift = 2 * np.pi * np.round((start[side] - angles[side]) / (2 * np.pi))
    return np.asarray(angles + shift, np.float64)


def _smoothstep(t: float) -> float:
    t = min(max(t, 0.0), 1.0)
    return t * t * (3 - 2 * t)


def _stitched(hips: NDArray[np.float64], saddle: NDArray[np.float64], left: NDArray[np.float64]) -> Grid:
    """Number the rings' points and join them to triangles, the right leg as the left one's mirror image."""
    rows = len(hips)
    hip_ids = np.arange(rows * 2 * HALF).reshape(rows, 2 * HALF)
    saddle_ids = hip_ids.size + np.arange(SADDLE)
    below = (len(left) - 1) * LEG
    first = hip_ids.size + SADDLE
    left_ids = np.concatenate(
        [
            np.concatenate([hip_ids[-1, : HALF + 1], saddle_ids])[None],
            first + np.arange(below).reshape(-1, LEG),
        ]
    )
    mirror_hips = hip_ids[-1, (-np.arange(HALF + 1)) % (2 * HALF)]
    right_ids = np.concatenate(
        [np.concatenate([mirror_hips, saddle_ids])[None], first + below + np.arange(below).reshape(-1, LEG)]
    )
    flat = left[1:].reshape(-1, 3)
    points = np.concatenate([hips.reshape(-1, 3), saddle, flat, flat * (-1, 1, 1)])
    panels = _panels(hip_ids.astype(np.int32), left_ids.astype(np.int32), right_ids.astype(np.int32))
    faces = np.concatenate([quads(block) for panel in panels for block in (panel.hip, panel.leg)])
    numbers = (hip_ids.astype(np.int32), left_ids.astype(np.int32), right_ids.astype(np.int32))
    return Grid(points, faces, *numbers, panels)


def _panels(hips: NDArray[np.int32], left: NDArray[np.int32], right: NDArray[np.int32]) -> tuple[Panel, ...]:
    """Cut rings into panels along side seams, centre seams and inseams."""
    side = HALF // 2
    front = np.arange(INSEAM - LEG, side + 1)  # inseam, crotch seam, CF, side seam
    back = np.arange(side, INSEAM + 1)  # side seam, CB, crotch seam, inseam
    across = (-np.arange(2 * HALF + 1)) % (2 * HALF)  # column of the mirror image
    return (
        Panel("front_left", hips[:, : side + 1], left[:, front]),
        Panel("back_left", hips[:, side : HALF + 1], left[:, back]),
        Panel("front_right", hips[:, across[: side + 1]][:, ::-1], right[:, front][:, ::-1]),
        Panel("back_right", hips[:, across[side : HALF + 1]][:, ::-1], right[:, back][:, ::-1]),
    )


def quads(ids: NDArray[np.int32]) -> NDArray[np.int32]:
    """Split the quads of a grid of vertices into triangles, diagonals alternating so that cloth has no bias."""
    a, b, c, d = ids[:-1, :-1], ids[1:, :-1], ids[1:, 1:], ids[:-1, 1:]
    row, column = np.indices(a.shape)
    even = ((row + column) % 2 == 0)[..., None]
    first = np.where(even, np.stack([a, b, c], axis=-1), np.stack([a, b, d], axis=-1))
    second = np.where(even, np.stack([a, c, d], axis=-1), np.stack([b, c, d], axis=-1))
    return np.concatenate([first.reshape(-1, 3), second.reshape(-1, 3)])


def _settled(grid: Grid, rest: RestBody) -> Grid:
    """Even the shape out where hips, saddle and legs meet, keep it off the skin, and make its halves mirror images."""
    average = averaging_matrix(grid.faces, len(grid.points))
    near = np.zeros(len(grid.points))
    near[grid.hips[-5:]] = np.linspace(0.2, 1.0, 5)[:, None]
    for leg in (grid.left, grid.right):
        near[leg[:14]] = np.maximum(near[leg[:14]], np.linspace(1.0, 0.0, 14)[:, None])
    obstacle = Obstacle(rest.vertices, rest.body.faces)
    points = grid.points
    for _ in range(3):
        for strength in (0.6, -0.62) * 4:  # there and back, so that the seat does not shrink
            points = points + strength * near[:, None] * (average @ points - points)
        points = _mirrored(grid, push_out(points, grid.faces, obstacle, gap=_GAP))
    return replace(grid, points=points)


def _mirrored(grid: Grid, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points averaged with their mirror images."""
    partner = np.arange(len(points))
    partner[grid.hips] = grid.hips[:, (-np.arange(2 * HALF)) % (2 * HALF)]
    partner[grid.left[1:]] = grid.right[1:]
    partner[grid.right[1:]] = grid.left[1:]
    return np.asarray((points + points[partner] * (-1, 1, 1)) / 2, np.float64)
