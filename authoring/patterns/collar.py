"""The worn shape of a shirt collar, built from the neckline that it is sewn to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d

from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.distance import Surface
from dressform.schemas.errors import InputError

from ._collar_panels import COLLAR_PANELS, FALL, FALL_FACING, STAND, STAND_FACING, Strip, strip_of
from ._sheet import Obstacle, Smooth, grid_faces, settle
from .flat_mesh import FlatMesh
from .pattern import Panel

Floats = NDArray[np.float64]

_CELL = 0.005  # [m] of the grids on which the shape is found
_PLY = 0.0009  # [m] from one cloth of the collar to the next
_SKIN_GAP = 0.004  # [m] of the stand's outer cloth; its facing lies one ply further in
_CLOTH_GAP = 0.0025  # [m] of the fall from what it lies on: its own facing and some air
_FOLD_GAP = 0.003  # [m] between the stand and the fall
_LAP = 0.0016  # [m] of the stand's tab from what it laps over; it must leave room below the fall
_EVEN = 0.02  # [m] along the neckline over which directions are evened out
_NEIGHBOURHOOD = 0.25  # [m] around the neck's joint
_EDGE = 0.008  # [m] from its border a piece reaches its full thickness


@dataclass(frozen=True)
class _Piece:
    """A settled strip: angle and depth → point."""

    panel: Panel
    strip: Strip
    surface: Smooth
    ends: tuple[float, float]


def form_collar(flat_mesh: FlatMesh, points: NDArray[np.floating], rest: RestBody) -> NDArray[np.float32]:
    """Return the points [P, 3] of a draped garment with its collar in its worn shape.

    The stand rises along the neck from the neckline, where it stays; the fall folds over and lies on the garment. Both
    are found on fine grids, by the lengths of the flat pieces, and read at the mesh's own points.

    Args:
        flat_mesh: Of a pattern with the pieces of `shirt_collar`.
        points: [P, 3] of the draped garment; those of the collar may be anywhere but for its neck edge [m].
        rest: The body it was draped on.
    """
    names = [panel.name for panel in flat_mesh.pattern.panels]
    missing = [name for name in COLLAR_PANELS if name not in names]
    if missing:
        raise InputError(f"pattern {flat_mesh.pattern.name!r} has no panel {missing[0]!r}; draft it with shirt_collar")
    formed = np.isin(flat_mesh.face_panels, [names.index(name) for name in COLLAR_PANELS])
    worn = np.array(points, np.float64)
    cloth = Surface(worn, flat_mesh.faces[~formed], sign="normal")
    body = _near_neck(rest)
    stand, grid = _stand(flat_mesh, worn, rest, body)
    leaning = Surface(grid.reshape(-1, 3), grid_faces(*grid.shape[:2]), sign="normal")
    fall = _fall(flat_mesh, stand, body, [Obstacle(leaning, _FOLD_GAP), Obstacle(cloth, _CLOTH_GAP)])
    _place(flat_mesh, worn, stand, fall)
    return worn.astype(np.float32)


def _near_neck(rest: RestBody) -> Surface:
    """Return the skin of neck, chest and shoulders."""
    center = np.asarray(rest.canonical_joints()[JOINT_INDEX["neck"]], np.float32)
    corners = rest.vertices[rest.body.faces]
    near = (np.linalg.norm(corners - center, axis=2) < _NEIGHBOURHOOD).any(axis=1)
    return Surface(rest.vertices, rest.body.faces[near], sign="normal")


def _stand(flat_mesh: FlatMesh, worn: Floats, rest: RestBody, body: Surface) -> tuple[_Piece, Floats]:
    """Return the settled stand, and its grid of points [R, C, 3] without the tab [m]."""
    panel = flat_mesh.pattern.panel(STAND)
    strip = strip_of(panel)
    seam = flat_mesh.edges[(STAND, "neck")]
    turn, depth = strip.polar(flat_mesh.flat[seam])
    line = CubicSpline(turn, worn[flat_mesh.points[seam]])
    first, last = float(turn[0]), float(turn[-1])
    start = float(strip.polar(panel.outline)[0].min())
    across = np.linspace(start, last, int((last - start) * (strip.radius + depth[0]) / _CELL) + 1)
    down = np.linspace(0.0, float(depth.mean()), int(depth.mean() / _CELL) + 2)
    lap = across < first
    wrapped = np.where(lap, across + (last - first), across)
    sole, tangent = line(wrapped), line(wrapped, 1)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    joints = np.asarray(rest.canonical_joints(), np.float64)
    axis = joints[JOINT_INDEX["head"]] - joints[JOINT_INDEX["neck"]]
    outward = _even(np.cross(tangent, axis))
    upward = _even(np.cross(outward, tangent) + axis / np.linalg.norm(axis))  # not square to a neckline that dips
    sole = sole + np.where(lap, _LAP, 0.0)[:, None] * outward
    guess = sole[None] + (down[-1] - down)[:, None, None] * upward[None]
    flat = strip.flat(*np.broadcast_arrays(across[None], down[:, None]))
    fixed = np.zeros(guess.shape[:2], np.bool_)
    fixed[-1] = ~lap
    grid = settle(guess, flat, fixed, [Obstacle(body, _SKIN_GAP)])
    return _Piece(panel, strip, Smooth(down, across, grid), (first, last)), grid[:, ~lap]


def _even(ways: Floats) -> Floats:
    """Return unit directions [N, 3] along a line without its small bends."""
    smooth = gaussian_filter1d(ways, _EVEN / _CELL, axis=0, mode="nearest")
    return np.asarray(smooth / np.linalg.norm(smooth, axis=1, keepdims=True))


def _fall(flat_mesh: FlatMesh, stand: _Piece, body: Surface, obstacles: list[Obstacle]) -> _Piece:
    """Return the settled fall; its parameters are shares of the leaf's depth and of the half turn at that share."""
    panel = flat_mesh.pattern.panel(FALL)
    strip = strip_of(panel)
    leaf = strip.polar(panel.edge("leaf").points)
    half = float(strip.polar(panel.edge("top").points)[0].max())
    tip = float(leaf[0].max())
    rows, columns = int(leaf[1].max() / _CELL) + 2, int(2 * half * strip.radius / _CELL) + 1
    down, across = np.linspace(0, 1, rows), np.linspace(-1, 1, columns)
    deep = np.interp(across * tip, *leaf)
    turn = across[None] * (half + (tip - half) * down[:, None])
    depth = down[:, None] * deep[None]
    inner, outer = stand.strip.polar(stand.panel.edge("top").points)[0][[-1, 0]]
    seat = inner + (across + 1) / 2 * (outer - inner)
    zero = np.zeros(columns)
    ridge, outward = stand.surface.at(zero, seat), stand.surface.normals(zero, seat)
    upward = ridge - stand.surface.at(zero + 0.01, seat)
    upward /= np.linalg.norm(upward, axis=1, keepdims=True)
    top = ridge + 0.6 * _PLY * upward + 0.4 * _PLY * outward
    lean = 0.35 + 0.35 * np.abs(across[:, None]) ** 3
    ways = outward * np.sin(lean) - upward * np.cos(lean)
    guess = top[None] + depth[..., None] * ways[None] + (_FOLD_GAP * np.minimum(depth / _EDGE, 1))[..., None] * outward
    fixed = np.zeros(guess.shape[:2], np.bool_)
    fixed[0] = True
    grid = settle(guess, strip.flat(turn, depth), fixed, [*obstacles, Obstacle(body, _CLOTH_GAP)])
    return _Piece(panel, strip, Smooth(down, across, grid), (half, tip))


def _place(flat_mesh: FlatMesh, worn: Floats, stand: _Piece, fall: _Piece) -> None:
    """Write the points of all four cloths; what they share lies where the outer cloths have it."""
    names = [panel.name for panel in flat_mesh.pattern.panels]
    neck = flat_mesh.points[flat_mesh.edges[(STAND, "neck")]]
    kept = worn[neck].copy()
    for name in (STAND_FACING, FALL_FACING, STAND, FALL):
        mine = np.flatnonzero(flat_mesh.panel_ids == names.index(name))
        facing = name in (FALL_FACING, STAND_FACING)
        flat = flat_mesh.flat[mine] * ([-1.0, 1.0] if facing else [1.0, 1.0])
        piece = stand if name in (STAND, STAND_FACING) else fall
        turn, depth = piece.strip.polar(flat)
        if piece is fall:
            depth, turn = _shares(fall, turn, depth)
        place = piece.surface.at(depth, turn)
        if facing:
            place -= _PLY * piece.surface.normals(depth, turn)
        worn[flat_mesh.points[mine]] = place
    worn[neck] = kept


def _shares(fall: _Piece, turn: Floats, depth: Floats) -> tuple[Floats, Floats]:
    """Return the parameters of flat points on the fall: shares of the depth and of the half turn, [N] each."""
    half, tip = fall.ends
    leaf = fall.strip.polar(fall.panel.edge("leaf").points)
    down = depth / np.interp(turn, *leaf)
    for _ in range(30):
        across = np.clip(turn / (half + (tip - half) * down), -1, 1)
        down = np.clip(depth / np.interp(across * tip, *leaf), 0, 1)
    return down, across
