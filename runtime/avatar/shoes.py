"""Plain sneakers, lofted around the feet of a shaped body.

A shoe is a stack of closed rings: the sole's outline (the foot's convex plan, rounded and let out), the upper that
follows the foot's top from the sole to the ankle, and a lining that turns in at the collar. The foot inside is not
drawn, so the sole needs no room below it: it lies flat at z = 0 and the wearer is not lifted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from scipy.spatial import cKDTree

from dressform.assets.derived import derived_arrays, derived_key
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.render import colour

from . import colours
from .colours import linear_to_bytes

Floats = NDArray[np.float32]

COLUMNS = 56  # points of a ring, from the heel around
UPPER_ROWS = 14
LET_OUT = 0.006  # [m] from the foot's skin to the sole's outline
UPPER_ROOM = 0.005  # [m] from the foot's skin to the upper's outside
INSET = 0.002  # [m] under the surface of the shoe that a foot which fills it lies; its ankle is drawn from there
SOLE_V, UPPER_V = (0.08, 0.26), (0.27, 0.9)  # texture rows (v) of the sole's side and of the upper
TEXTURE = 512


# rings from the collar inwards and down: how far in, how much higher [m]
_LINING = ((-0.0005, 0.0025), (0.0025, 0.0035), (0.005, 0.0005), (0.006, -0.02))


@dataclass(frozen=True)
class Shoe:
    """One shoe in the body's rest frame.

    Attributes:
        points: float32 [P, 3] [m].
        faces: int32 [F, 3].
        uv: float32 [N, 2], u around from the heel (toes at 0.5), v from the sole up.
        uv_faces: int32 [F, 3].
        joint_indices: int32 [P, 8].
        joint_weights: float32 [P, 8].
        inside: Body vertices that the shoe hides, bool [V].
        shod: float32 [N, 3] where the N hidden vertices are when the foot fills the shoe, a little inside [m].
    """

    points: Floats
    faces: NDArray[np.int32]
    uv: Floats
    uv_faces: NDArray[np.int32]
    joint_indices: NDArray[np.int32]
    joint_weights: Floats
    inside: NDArray[np.bool_]
    shod: Floats


@dataclass(frozen=True)
class _Foot:
    """A foot in its own plan frame: x across, y from heel to toes, origin under the ankle."""

    plan: Floats  # [N, 2] all of its points up to above the collar
    height: Floats  # [N]
    members: NDArray[np.intp]  # their body vertices
    axes: Floats  # [2, 2] rows: across, ahead
    origin: Floats  # [2]
    ankle: float  # height of the ankle joint


def build_shoes(rest: RestBody) -> tuple[Shoe, Shoe]:
    """Build the left shoe and the right."""
    return build_shoe(rest, "left"), build_shoe(rest, "right")


def build_shoe(rest: RestBody, side: str) -> Shoe:
    """Build the shoe of one side ("left" or "right")."""
    foot = _measure(rest, side)
    rings, heights, v = _loft(foot)
    points = np.concatenate([rings @ foot.axes + foot.origin, heights[..., None]], axis=2)
    mesh_points, faces, uv, uv_faces = _close(points.astype(np.float32), v)
    indices, weights = _weights(rest, foot, mesh_points)
    inside = _inside(rest, foot)
    shod = _filled(rest.vertices[inside], mesh_points, faces)
    return Shoe(mesh_points, faces, uv, uv_faces, indices, weights, inside, shod)


def shod_vertices(rest: RestBody, shoes: Sequence[Shoe]) -> Floats:
    """Return the body's vertices float32 [V, 3] with feet that fill their shoes: what trousers come to lie on [m].

    Args:
        rest: The body.
        shoes: Of `build_shoes`, for this body.
    """
    points = rest.vertices.copy()
    for shoe in shoes:
        points[shoe.inside] = shoe.shod
    return points


def _measure(rest: RestBody, side: str) -> _Foot:
    joints, points = rest.canonical_joints(), rest.vertices
    ankle, toes, knee = (joints[JOINT_INDEX[f"{side}_{name}"]] for name in ("ankle", "foot", "knee"))
    tall = 1.6 * ankle[2]
    length = 3.2 * ankle[2]
    other = joints[JOINT_INDEX["right_ankle" if side == "left" else "left_ankle"]]
    near = np.linalg.norm(points[:, :2] - ankle[:2], axis=1) < length
    nearer = np.linalg.norm(points[:, :2] - ankle[:2], axis=1) < np.linalg.norm(points[:, :2] - other[:2], axis=1)
    members = np.flatnonzero((points[:, 2] < tall) & near & nearer & (knee[2] > tall))
    ground = points[members]
    low = ground[ground[:, 2] < 0.7 * ankle[2], :2]
    spread = np.linalg.svd(low - low.mean(axis=0), full_matrices=False)[2][0]
    ahead = spread * np.sign(spread @ (toes[:2] - ankle[:2]))
    axes = np.array([[ahead[1], -ahead[0]], ahead], np.float32)
    plan = (ground[:, :2] - ankle[:2]) @ axes.T
    return _Foot(plan.astype(np.float32), ground[:, 2], members, axes, ankle[:2], float(ankle[2]))


def _ring(plan: Floats, room: float, smooth: float) -> Floats:
    """Convex outline of plan points, let out and rounded, evenly spaced from the heel, [COLUMNS, 2]."""
    angle = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    normal = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    support = gaussian_filter1d((plan @ normal.T).max(axis=0), smooth, mode="wrap") + room
    slope = (np.roll(support, -1) - np.roll(support, 1)) / (2 * (angle[1] - angle[0]))
    outline = support[:, None] * normal + slope[:, None] * np.stack([-normal[:, 1], normal[:, 0]], axis=1)
    outline = np.roll(outline, 90, axis=0)  # start at the heel (-y)
    closed = np.concatenate([outline, outline[:1]])
    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    # Toes on u = 1/2, whatever the two sides' lengths are.
    toe = steps[int(np.argmax(outline[:, 1]))]
    half = COLUMNS // 2
    wanted = np.append(np.linspace(0, toe, half, endpoint=False), np.linspace(toe, steps[-1], half, endpoint=False))
    return np.stack([np.interp(wanted, steps, closed[:, axis]) for axis in (0, 1)], axis=1).astype(np.float32)


def _loft(foot: _Foot) -> tuple[Floats, Floats, Floats]:
    """Return rings [R, COLUMNS, 2] in plan, heights [R, COLUMNS] and texture rows v [R], from the sole up."""
    around = np.arange(COLUMNS) / COLUMNS
    front = 0.5 - 0.5 * np.cos(2 * np.pi * around)  # 0 at the heel, 1 at the toes
    below = foot.height < 1.15 * foot.ankle
    sole = _ring(foot.plan[below], LET_OUT, 5)
    collar, rim = _collar(foot, front)
    outward = sole - sole.mean(axis=0)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    spring = 0.006 * np.clip((front - 0.86) / 0.14, 0, 1) ** 2
    top = 0.030 - 0.006 * front + spring
    rings: list[NDArray[np.floating]] = []
    heights: list[NDArray[np.floating]] = []
    for shift, share in ((-0.012, 0.0), (-0.003, 0.0), (0.0015, 0.12), (0.003, 0.5), (0.002, 0.94), (-0.001, 1.0)):
        rings.append(sole + outward * shift)
        heights.append(top * share + spring * (1 - share))
    upper_rings, upper_heights = _upper(foot, sole + outward * -0.0022, top, collar, rim)
    rings += list(upper_rings)
    heights += list(upper_heights)
    inward = collar - collar.mean(axis=0)
    inward = -inward / np.linalg.norm(inward, axis=1, keepdims=True)
    for shift, lift in _LINING:
        rings.append(collar + inward * shift)
        heights.append(rim + lift)
    lining_v = [0.915, 0.93, 0.95, 0.99]
    v = np.concatenate([[0.02, 0.06], np.linspace(*SOLE_V, 4), np.linspace(*UPPER_V, UPPER_ROWS), lining_v])
    return np.asarray(rings, np.float32), np.asarray(heights, np.float32), v.astype(np.float32)


def _collar(foot: _Foot, front: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """The opening around the ankle: its ring [COLUMNS, 2] and height [COLUMNS]; higher at tongue and heel."""
    rise = np.clip((front - 0.55) / 0.45, 0, 1) ** 1.2 * 0.36 + np.clip((0.25 - front) / 0.25, 0, 1) * 0.14
    rim = foot.ankle * (0.98 + rise)
    bands = []
    for level in (0.98, 1.34):
        band = np.abs(foot.height - level * foot.ankle) < 0.16 * foot.ankle
        bands.append(_ring(foot.plan[band], 0.004, 8))
    share = np.clip((front - 0.5) / 0.4, 0, 1)[:, None]
    return np.asarray(bands[0] * (1 - share) + bands[1] * share, np.float32), rim.astype(np.float32)


def _upper(foot: _Foot, edge: Floats, top: NDArray[np.floating], collar: Floats, rim: Floats) -> tuple[Floats, Floats]:
    """Rings from the sole's upper edge over the foot's top to the collar."""
    t = (np.linspace(0, 1, UPPER_ROWS) ** 1.25)[:, None]
    rings = edge[None] * (1 - t[..., None]) + collar[None] * t[..., None]
    below = foot.height < 1.25 * foot.ankle
    tree = cKDTree(foot.plan[below])
    neighbours = tree.query(rings.reshape(-1, 2), k=28, distance_upper_bound=0.016)[1]
    tops = np.append(foot.height[below], 0.0)[neighbours].max(axis=1).reshape(t.shape[0], COLUMNS) + UPPER_ROOM
    surface = np.maximum(tops, top[None] + 0.012)
    surface = np.minimum(np.maximum(surface, gaussian_filter(surface, (1.0, 1.5), mode=("nearest", "wrap"))), rim[None])
    inset = np.linalg.norm(rings - edge[None], axis=2)
    wall = 1 - (1 - np.clip(inset / 0.022, 0, 1)) ** 2.4
    heights = top[None] + (surface - top[None]) * wall ** (1 / 2.4)
    last = np.clip((t - 0.5) / 0.5, 0, 1) ** 1.5
    heights = heights + last * (rim[None] - heights)
    soft = gaussian_filter(heights, (0.8, 1.5), mode=("nearest", "wrap"))
    hold = np.clip(np.minimum(t, 1 - t) / 0.12, 0, 1)
    return rings.astype(np.float32), (heights + hold * (soft - heights)).astype(np.float32)


def _close(rings: Floats, v: Floats) -> tuple[Floats, NDArray[np.int32], Floats, NDArray[np.int32]]:
    """Join rings [R, COLUMNS, 3] into a mesh closed below."""
    count = len(rings)
    bottom = rings[0].mean(axis=0)
    bottom[2] = 0
    points = np.concatenate([bottom[None], rings.reshape(-1, 3)]).astype(np.float32)
    row, column = (part.reshape(-1) for part in np.meshgrid(np.arange(count - 1), np.arange(COLUMNS), indexing="ij"))

    def strip(width: int) -> NDArray[np.int32]:
        a, b = 1 + row * width + column, 1 + row * width + (column + 1) % width
        here = np.arange(COLUMNS)
        cap = np.stack([np.zeros(COLUMNS, int), 1 + (here + 1) % width, 1 + here], axis=1)
        walls = [np.stack([a, b, b + width], axis=1), np.stack([a, b + width, a + width], axis=1)]
        return np.concatenate([cap, *walls]).astype(np.int32)

    u = np.tile(np.linspace(0, 1, COLUMNS + 1), count)
    uv = np.concatenate([[[0.5, 0.0]], np.stack([u, np.repeat(v, COLUMNS + 1)], axis=1)])
    return points, strip(COLUMNS), uv.astype(np.float32), strip(COLUMNS + 1)


def _weights(rest: RestBody, foot: _Foot, points: Floats) -> tuple[NDArray[np.int32], Floats]:
    """Average the skin's weights around each point; toes then move as one."""
    body = rest.body
    neighbours = cKDTree(rest.vertices[foot.members]).query(points, k=40)[1]
    members = foot.members[neighbours]
    dense = np.zeros((len(points), len(body.joint_names)), np.float32)
    rows = np.arange(len(points))[:, None]
    for influence in range(body.joint_indices.shape[1]):
        np.add.at(dense, (rows, body.joint_indices[members, influence]), body.joint_weights[members, influence])
    indices = np.argsort(-dense, axis=1, kind="stable")[:, :8]
    weights = np.take_along_axis(dense, indices, axis=1)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.where(weights > 0, indices, 0).astype(np.int32), np.asarray(weights, np.float32)


def _inside(rest: RestBody, foot: _Foot) -> NDArray[np.bool_]:
    inside = np.zeros(len(rest.vertices), np.bool_)
    plan = foot.plan
    ahead = np.clip((plan[:, 1] + 0.02) / 0.08, 0, 1)
    inside[foot.members] = foot.height < foot.ankle * (0.98 + 0.25 * ahead) - 0.012
    return inside


def _filled(foot: Floats, points: Floats, faces: NDArray[np.int32]) -> Floats:
    """Return a foot's vertices [N, 3] on the outer surface of its shoe, a little inside [m].

    Args:
        foot: Of the bare foot [N, 3] [m].
        points: Of the shoe [P, 3] [m].
        faces: Its triangles [F, 3].
    """
    rows = (len(points) - 1) // COLUMNS - len(_LINING)
    outer = faces[(faces < 1 + rows * COLUMNS).all(axis=1)]
    closest = Surface(points, outer, sign="normal").closest(foot)
    a, b, c = (points[outer[closest.triangles, corner]] for corner in range(3))
    outward = np.cross(b - a, c - a)
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-12)
    return np.asarray(closest.points - INSET * outward, np.float32)


def shoe_texture() -> NDArray[np.uint8]:
    """Return a dark upper with laces over a white sole, sRGB uint8 [512, 512, 3]; painted once, kept in the cache."""
    key = derived_key([sys.modules[__name__], colours, colour, np])
    return derived_arrays("shoes", key, lambda: {"texture": _paint_shoe()})["texture"]


def _paint_shoe() -> NDArray[np.uint8]:
    u, v = np.meshgrid((np.arange(TEXTURE) + 0.5) / TEXTURE, 1 - (np.arange(TEXTURE) + 0.5) / TEXTURE)
    across = np.abs(u - 0.5)
    soft = 1.5 / TEXTURE

    def inside(distance: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.asarray(np.clip(distance / soft + 0.5, 0, 1)[..., None])

    weave = 1 + 0.05 * np.sign(np.sin(u * 420) * np.sin(v * 700))
    light = np.array([0.030, 0.034, 0.042]) * weave[..., None]
    level = (v - UPPER_V[0]) / (UPPER_V[1] - UPPER_V[0])
    tapered = 0.035 + 0.05 * np.clip(level, 0, 1)

    def paint(coverage: NDArray[np.floating], colour: tuple[float, float, float]) -> None:
        nonlocal light
        light = light + coverage * (np.array(colour) - light)

    cap = 0.30 - 2.0 * across**2 * 6 - level  # toe cap: lower away from the tip
    paint(inside(cap * 0.5) * inside(0.16 - across), (0.045, 0.050, 0.060))
    paint(inside(0.004 - np.abs(cap * 0.5)) * inside(0.16 - across), (0.10, 0.11, 0.12))
    counter = 0.62 - level - 3.0 * np.clip(np.minimum(u, 1 - u) - 0.06, 0, 1) * 4  # heel counter
    paint(inside(counter * 0.5) * inside(0.12 - np.minimum(u, 1 - u)), (0.045, 0.050, 0.060))
    stay = inside(tapered + 0.018 - across) * inside(level - 0.42)
    paint(stay, (0.042, 0.047, 0.056))
    paint(inside(tapered - 0.006 - across) * inside(level - 0.46), (0.018, 0.020, 0.025))
    for lace in np.linspace(0.52, 0.92, 6):
        stripe = inside(0.013 - np.abs(level - lace - 0.5 * across))
        paint(stripe * inside(tapered + 0.006 - across), (0.55, 0.55, 0.53))
    paint(inside(UPPER_V[0] - v), (0.62, 0.62, 0.60))
    paint(inside(0.006 - np.abs(v - 0.20)), (0.30, 0.31, 0.33))
    paint(inside(0.05 - v), (0.22, 0.22, 0.22))
    paint(inside(v - 0.925), (0.012, 0.013, 0.015))
    return linear_to_bytes(light.astype(np.float32))
