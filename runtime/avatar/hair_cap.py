"""Hair as one sculpted shell over the skull: a short crop, or a chin-long bob.

The shell is a fan of strands from a pole (the crown's whorl, or the parting) to the hairline; a bob's strands go on
and fall past the ears. Everything is placed relative to the ellipsoid of `HeadFrame`, so it fits any head.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter, uniform_filter1d

from .colours import linear_to_bytes
from .head_frame import HeadFrame
from .noise import streaks

Floats = NDArray[np.float32]

COLUMNS = 128  # strands of the fan
ROWS = 22  # points along a strand on the skull
FALL_ROWS = 14  # points along the falling part of a bob
PROJECTION = 512  # pixels of the picture in which distances to the hairline are looked up
PROJECTION_REACH = 3.3  # [rad] half width of that picture

# Hairlines as (azimuth from the front, elevation) in degrees on the unit sphere of the head frame, one side.
SHORT_HAIRLINE = (
    (0, 27), (18, 27.5), (34, 28), (46, 24), (56, 12), (64, -6), (70, -25), (79, -27), (84, -14), (91, -7),
    (99, -10), (106, -24), (114, -40), (128, -50), (150, -54), (180, -54),
)  # fmt: skip
LONG_HAIRLINE = (
    (0, 28), (20, 27), (38, 22), (50, 13), (60, -2), (68, -18), (80, -18), (88, -10), (98, -10), (106, -24),
    (116, -40), (130, -48), (150, -52), (180, -52),
)  # fmt: skip


@dataclass(frozen=True)
class HairStyle:
    """How hair lies.

    Attributes:
        hairline: Its edge on one side, (azimuth, elevation) in degrees.
        pole: Where strands start, (azimuth, elevation) in degrees.
        falls: Whether the strands go on below the hairline at the sides and the back.
    """

    hairline: tuple[tuple[float, float], ...]
    pole: tuple[float, float]
    falls: bool


CROP = HairStyle(SHORT_HAIRLINE, (168, 62), falls=False)
BOB = HairStyle(LONG_HAIRLINE, (14, 52), falls=True)


@dataclass(frozen=True)
class HairShell:
    """The hair's mesh in the body's rest frame.

    Attributes:
        points: float32 [P, 3] [m].
        faces: int32 [F, 3].
        uv: float32 [N, 2], u around the fan, v from tip (0) to pole (1).
        uv_faces: int32 [F, 3].
    """

    points: Floats
    faces: NDArray[np.int32]
    uv: Floats
    uv_faces: NDArray[np.int32]


def _unit(azimuth: ArrayLike, elevation: ArrayLike) -> Floats:
    a, e = np.radians(azimuth), np.radians(elevation)
    return np.stack([np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), np.sin(e)], axis=-1).astype(np.float32)


def hairline(style: HairStyle) -> Floats:
    """Return the hairline as unit directions, evenly spaced from back over left to front and right, [COLUMNS, 3]."""
    side = np.array(style.hairline, float)
    azimuth = np.concatenate([side[::-1, 0], -side[1:, 0]])
    elevation = np.concatenate([side[::-1, 1], side[1:, 1]])
    dense = np.linspace(0, 1, 2000)
    corners = np.concatenate([[0], np.cumsum(np.hypot(np.diff(azimuth), np.diff(elevation)))])
    corners /= corners[-1]
    directions = _unit(np.interp(dense, corners, azimuth), np.interp(dense, corners, elevation)).astype(float)
    for axis in range(3):  # round the corners
        directions[:-1, axis] = uniform_filter1d(directions[:-1, axis], 81, mode="wrap")
    directions[-1] = directions[0]
    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(directions, axis=0), axis=1))])
    wanted = np.linspace(0, steps[-1], COLUMNS, endpoint=False)
    even = np.stack([np.interp(wanted, steps, directions[:, axis]) for axis in range(3)], axis=1)
    return np.asarray(even / np.linalg.norm(even, axis=1, keepdims=True), np.float32)


def _flatten(directions: Floats, pole: Floats) -> Floats:
    """Lay unit directions out around the pole, keeping the angle to it, [N, 2] in radians."""
    side = np.cross(pole, [1.0, 0.0, 0.0])
    side /= np.linalg.norm(side)
    other = np.cross(side, pole)
    x, y = directions @ other, directions @ side
    angle = np.arccos(np.clip(directions @ pole, -1, 1))
    flat = np.stack([x, y], axis=1) * (angle / np.maximum(np.hypot(x, y), 1e-6))[:, None]
    return np.asarray(flat, np.float32)


def inside_hairline(style: HairStyle, directions: Floats) -> Floats:
    """Return signed angular distances [rad] into the hair at unit directions [N, 3] (negative outside)."""
    # Seen from the crown no hairline comes near the far side, where this projection tears.
    pole = _unit(*CROP.pole)
    scale = PROJECTION / (2 * PROJECTION_REACH)
    outline = ((_flatten(hairline(style), pole) + PROJECTION_REACH) * scale * 16).round().astype(np.int32)
    filled = np.zeros((PROJECTION, PROJECTION), np.uint8)
    cv2.fillPoly(filled, [outline], 1, shift=4)
    distance = cv2.distanceTransform(filled, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - filled, cv2.DIST_L2, 5)
    at = (_flatten(directions, pole) + PROJECTION_REACH) * scale
    side = int(np.ceil(np.sqrt(len(at))))
    fold = [np.pad(part, (0, side * side - len(at))).reshape(side, side).astype(np.float32) for part in at.T]
    read = cv2.remap(distance.astype(np.float32), fold[0], fold[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(read.reshape(-1)[: len(at)] / scale, np.float32)


def scalp_density(style: HairStyle, frame: HeadFrame, points: Floats, seed: int = 3) -> Floats:
    """Return how densely hair grows at points [N, 3] of the head's skin, in [0, 1]; it thins out at the hairline."""
    directions = frame.directions(points)
    inside = inside_hairline(style, directions)
    ragged = np.random.default_rng(seed).uniform(-1, 1, 4096).astype(np.float32)
    azimuth = np.arctan2(directions[:, 0], -directions[:, 1])
    frayed = inside + 0.018 * ragged[((azimuth * 320).astype(np.int64)) % 4096]
    share = np.clip((frayed + 0.035) / 0.06, 0, 1)
    lobes = np.clip((np.abs(points[:, 0] - frame.centre[0]) / frame.radii[0] - 1.0) / 0.06, 0, 1)
    return np.asarray(share * share * (3 - 2 * share) * (1 - lobes), np.float32)


def _thickness(style: HairStyle, directions: Floats, inside: Floats) -> Floats:
    """Height of the hair above the skull [m], negative at the hairline, where the shell dives into the skin."""
    up = directions[..., 2]
    front = np.clip(-directions[..., 1], 0, 1)
    top = np.clip((up + 0.15) / 0.75, 0, 1)
    full = 0.006 + 0.011 * top * top * (3 - 2 * top) + 0.004 * front * top
    if style.falls:
        full = 0.010 + 0.008 * top
    rise = np.clip(inside / 0.16, 0, 1)
    return np.asarray(-0.0025 + (full + 0.0025) * np.sqrt(1 - (1 - rise) ** 2), np.float32)


def build_hair(style: HairStyle, frame: HeadFrame) -> HairShell:
    """Build the hair's shell on a head."""
    pole = _unit(*style.pole)
    edge = hairline(style)
    fall = _fall_share(edge) if style.falls else np.zeros(COLUMNS, np.float32)
    ends = _lift_ends(edge, fall)
    along = np.linspace(0, 1, ROWS + 1, dtype=np.float32)[1:] ** 0.9
    directions = _arcs(pole, ends, along)  # [ROWS, COLUMNS, 3]
    inside = inside_hairline(style, directions.reshape(-1, 3)).reshape(ROWS, COLUMNS)
    # Where strands fall the shell does not dive: there the hair goes on.
    inside = np.maximum(inside, fall[None] * 0.16)
    skull = frame.outer_surface(directions.reshape(-1, 3)).reshape(ROWS, COLUMNS, 3)
    radial = skull - frame.centre
    reach = np.linalg.norm(radial, axis=2)
    smooth = gaussian_filter(reach, (1.5, 2.0), mode=("nearest", "wrap"))
    height = _thickness(style, directions, inside) + _ridges(inside, ROWS, style)
    lifted = np.maximum(smooth + height, reach + np.minimum(height, 0.004))
    rows = frame.centre + radial / reach[..., None] * lifted[..., None]
    if style.falls:
        rows = _soften(np.concatenate([rows, _falling(rows[-1], fall, frame)]))
    crown = frame.outer_surface(pole[None])[0]
    crown += (crown - frame.centre) / np.linalg.norm(crown - frame.centre) * float(height[0].mean())
    return _fan(np.asarray(crown, np.float32), np.asarray(rows, np.float32))


def _fall_share(edge: Floats) -> Floats:
    azimuth = np.degrees(np.abs(np.arctan2(edge[:, 0], -edge[:, 1])))
    t = np.clip((azimuth - 44) / 16, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _lift_ends(edge: Floats, fall: Floats) -> Floats:
    """Strands that fall leave the skull where it is widest, not at the hairline."""
    azimuth, elevation = np.arctan2(edge[:, 0], -edge[:, 1]), np.arcsin(edge[:, 2])
    lifted = elevation + fall * (np.radians(2.0) - elevation)
    return _unit(np.degrees(azimuth), np.degrees(lifted))


def _arcs(pole: Floats, ends: Floats, along: Floats) -> Floats:
    """Great circles from the pole to each end, [len(along), COLUMNS, 3]."""
    angle = np.arccos(np.clip(ends @ pole, -1, 1))[None, :, None]
    t = along[:, None, None]
    return np.asarray((np.sin((1 - t) * angle) * pole + np.sin(t * angle) * ends[None]) / np.sin(angle), np.float32)


def _ridges(inside: Floats, rows: int, style: HairStyle) -> Floats:
    """Locks: shallow ridges along the strands, none at the pole and the hairline [m]."""
    locks = streaks(rows, COLUMNS, strands=26 if style.falls else 34, length=0.7, seed=11)
    fade = np.clip(np.linspace(0, 1, rows) * 3, 0, 1)[:, None] * np.clip(inside / 0.2, 0, 1)
    return np.asarray(0.0011 * locks * fade, np.float32)


def _falling(last: Floats, fall: Floats, frame: HeadFrame) -> Floats:
    """Rows that go on from the skull's widest ring to the tips and roll under, [FALL_ROWS + 4, COLUMNS, 3]."""
    span = frame.radii[2] / 1.39  # the frame's height in distances between the eyes
    back = np.clip((last[:, 1] - frame.centre[1]) / frame.radii[1], -1, 1)
    tip_height = frame.eye_height - span * (1.66 + 0.08 * back)
    drop = np.minimum(tip_height - last[:, 2], 0) * fall
    outward = last[:, :2] - frame.centre[:2]
    outward = outward / np.linalg.norm(outward, axis=1, keepdims=True)
    # Ears and the nape stand beside the skull's ellipse: the fall keeps clear of the widest ear.
    head = frame.points[np.unique(frame.faces)]
    ear = np.abs(head[:, 0] - frame.centre[0]).max() + 0.007
    beside = np.abs(outward[:, 0])
    clear = np.maximum(ear - np.abs(last[:, 0] - frame.centre[0]), 0) * beside**4 * fall
    rows = []
    for step in np.linspace(0, 1, FALL_ROWS + 1)[1:]:
        swell = np.sin(min(step / 0.5, 1) * np.pi / 2) ** 1.5
        curl = -0.026 * (max(step - 0.25, 0) / 0.75) ** 2
        shift = clear * swell + (0.004 * swell + curl) * fall
        place = last + drop[:, None] * step * np.array([0, 0, 1.0])
        place[:, :2] += outward * shift[:, None]
        rows.append(place)
    tip = rows[-1]
    for inward, up in ((0.003, -0.003), (0.008, -0.001), (0.011, 0.012), (0.012, 0.045)):
        place = tip.copy()
        place[:, :2] -= outward * (inward * fall)[:, None]
        place[:, 2] += up * fall
        rows.append(place)
    return np.asarray(np.stack(rows), np.float32)


def _soften(rows: Floats) -> Floats:
    """Round the bend where strands leave the skull."""
    soft = gaussian_filter(rows, (2.5, 0, 0), mode="nearest")
    row = np.arange(len(rows))
    share = np.clip(1.6 - np.abs(row - (ROWS - 0.5)) / 6, 0, 1)[:, None, None]
    return np.asarray(rows + share * (soft - rows), np.float32)


def _fan(crown: Floats, rows: Floats) -> HairShell:
    """Close rows of points [R, C, 3] into a fan around the crown; u is split at the first column."""
    count, columns = rows.shape[:2]
    points = np.concatenate([crown[None], rows.reshape(-1, 3)])
    row, column = (part.reshape(-1) for part in np.meshgrid(np.arange(count - 1), np.arange(columns), indexing="ij"))

    def strip(width: int, step: int) -> NDArray[np.int32]:
        a, b = 1 + row * width + column, 1 + row * width + (column + 1) % step
        c, d = a + width, b + width
        ring = np.arange(columns)
        cap = np.stack([np.zeros(columns, int), 1 + (ring + 1) % step, 1 + ring], axis=1)
        return np.concatenate([cap, np.stack([a, b, d], axis=1), np.stack([a, d, c], axis=1)]).astype(np.int32)

    faces, uv_faces = strip(columns, columns), strip(columns + 1, columns + 2)
    u = np.tile(np.linspace(0, 1, columns + 1), count)
    v = np.repeat(1 - np.arange(1, count + 1) / (count + 1), columns + 1)
    uv = np.concatenate([[[0.5, 1.0]], np.stack([u, v], axis=1)]).astype(np.float32)
    return HairShell(points.astype(np.float32), faces, uv, uv_faces)


def hair_texture(colour: Floats, style: HairStyle) -> NDArray[np.uint8]:
    """Paint strands of a linear colour [3], sRGB uint8 [512, 1024, 3], row 0 at the pole."""
    rows, columns = 512, 1024
    fine = streaks(rows, columns, strands=420, length=0.6, seed=21)
    locks = streaks(rows, columns, strands=90, length=0.5, seed=22)
    share = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    centre = 0.34 if style.falls else 0.5
    gloss = np.exp(-(((share - centre - 0.03 * locks) / 0.1) ** 2))
    root = 1 - 0.25 * np.exp(-share / 0.06)
    tip = 1 - (0.45 if style.falls else 0.35) * np.clip((share - 0.86) / 0.14, 0, 1)
    shade = (1 + 0.2 * fine + 0.16 * locks + 0.28 * gloss) * root * tip
    light = np.clip(shade, 0.3, 2.2)[..., None] * colour + (0.004 * gloss + 0.002 * fine)[..., None]
    return linear_to_bytes(np.asarray(light, np.float32))
