"""Eyeballs and lashes with a texture of their own; a body atlas spends only a few texels on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from dressform.runtime.body.protocol import Body, RestBody

from .canvas import Face
from .colours import linear_to_bytes
from .noise import streaks

Floats = NDArray[np.float32]

EYE_CHART = (0.7, 0.92)  # Anny's atlas: the eyeballs' charts lie right of and above this (u, v)
TEXTURE = 256  # texels along a side
REACH = 1.25  # [rad] from the pupil to the edge of the visible cap
IRIS = 0.335  # [rad]
PUPIL = 0.125  # [rad]
RINGS, SPOKES = 14, 32
LASH_COLUMNS = 24
LASH_UV = (0.03, 0.03)  # the texture's corners, outside the eyeball's disc, hold the lashes' colour
LASHES = (0.012, 0.009, 0.008)
BROWN, HAZEL = (0.085, 0.036, 0.014), (0.16, 0.105, 0.045)  # linear


@dataclass(frozen=True)
class EyePiece:
    """An eyeball's visible cap, or a lid's lashes, in the rest frame.

    Attributes:
        joint: Index of the joint that moves it.
        points: float32 [P, 3] [m].
        faces: int32 [F, 3].
        uv: float32 [P, 2].
    """

    joint: int
    points: Floats
    faces: NDArray[np.int32]
    uv: Floats


def eye_faces(body: Body) -> NDArray[np.bool_]:
    """Return which body faces belong to Anny's eyeballs, bool [F]."""
    centres = body.uv[body.uv_faces].mean(axis=1)
    return np.asarray((centres[:, 0] > EYE_CHART[0]) & (centres[:, 1] > EYE_CHART[1]), np.bool_)


def build_eyes(rest: RestBody) -> list[EyePiece]:
    """Fit a smooth cap to each of the shaped body's eyeballs."""
    body = rest.body
    corners = body.faces[eye_faces(body)]
    eyes = []
    for name in ("eye.L", "eye.R"):
        joint = body.joint_names.index(name)
        near = np.linalg.norm(rest.vertices[corners[:, 0]] - rest.joint_poses[joint, :3, 3], axis=1) < 0.03
        ball = rest.vertices[np.unique(corners[near])].astype(np.float64)
        # Least squares sphere: |p|² = 2 c·p + (r² - |c|²).
        system = np.concatenate([2 * ball, np.ones((len(ball), 1))], axis=1)
        solution = np.linalg.lstsq(system, (ball**2).sum(axis=1), rcond=None)[0]
        centre = solution[:3]
        radius = float(np.sqrt(solution[3] + centre @ centre))
        eyes.append(_cap(joint, centre, radius))
    return eyes


def build_lashes(rest: RestBody, face: Face, femininity: float) -> list[EyePiece]:
    """Lay a ribbon of lashes along each upper lid of a shaped body, longer the more feminine."""
    head = rest.body.joint_names.index("head")
    pieces = []
    for name, side, lid in zip(("eye.L", "eye.R"), (1.0, -1.0), face.upper_lids, strict=True):
        centre = rest.joint_poses[rest.body.joint_names.index(name), :3, 3]
        rows = _lash_rows(rest.vertices[lid].astype(np.float64), centre, side, femininity)
        column = np.arange(LASH_COLUMNS - 1)
        faces = []
        for row in (0, LASH_COLUMNS):
            a, b = row + column, row + column + 1
            c, d = a + LASH_COLUMNS, b + LASH_COLUMNS
            faces += [np.stack([a, c, b], axis=1), np.stack([b, c, d], axis=1)]
        uv = np.tile(np.array(LASH_UV, np.float32), (len(rows), 1))
        pieces.append(EyePiece(head, rows, np.concatenate(faces).astype(np.int32), uv))
    return pieces


def _lash_rows(rim: NDArray[np.float64], centre: NDArray[np.floating], side: float, femininity: float) -> Floats:
    """Points of the ribbon: a line on the lid, the lid's edge, the lashes' tips, float32 [3 * LASH_COLUMNS, 3]."""
    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(rim, axis=0), axis=1))])
    wanted = np.linspace(0, steps[-1], LASH_COLUMNS)
    line = np.stack([np.interp(wanted, steps, rim[:, axis]) for axis in range(3)], axis=1)
    line = gaussian_filter1d(line, 1.2, axis=0, mode="nearest")
    along = np.linspace(0, 1, LASH_COLUMNS)[:, None]
    full = np.clip(along / 0.3, 0, 1) * (1 - 0.35 * along**4)
    normal = (line - centre) / np.linalg.norm(line - centre, axis=1, keepdims=True)
    up, out = np.array([0.0, 0.0, 1.0]), np.array([side, 0.0, 0.0])
    edge = line + 0.0003 * normal
    tip = normal + 0.30 * up + 0.5 * out * along
    tip /= np.linalg.norm(tip, axis=1, keepdims=True)
    above = edge + (0.0004 + 0.0005 * femininity) * full * (up + 0.4 * normal)
    tips = edge + (0.0012 + 0.0026 * femininity) * full * tip
    return np.concatenate([above, edge, tips]).astype(np.float32)


def _cap(joint: int, centre: NDArray[np.float64], radius: float) -> EyePiece:
    ring, spoke = np.meshgrid(np.arange(1, RINGS + 1), np.arange(SPOKES), indexing="ij")
    angle = (ring / RINGS * REACH).reshape(-1)
    turn = (spoke / SPOKES * 2 * np.pi).reshape(-1)
    around = np.stack([np.sin(angle) * np.cos(turn), -np.cos(angle), np.sin(angle) * np.sin(turn)], axis=1)
    points = centre + radius * np.concatenate([[[0.0, -1.0, 0.0]], around])
    share = 0.5 * angle / REACH
    uv = 0.5 + np.concatenate([[[0.0, 0.0]], np.stack([share * np.cos(turn), share * np.sin(turn)], axis=1)])
    here = np.arange(SPOKES)
    after = (here + 1) % SPOKES
    faces = [np.stack([np.zeros(SPOKES, int), 1 + here, 1 + after], axis=1)]
    for row in range(RINGS - 1):
        a, b = 1 + row * SPOKES + here, 1 + row * SPOKES + after
        faces += [np.stack([a, a + SPOKES, b + SPOKES], axis=1), np.stack([a, b + SPOKES, b], axis=1)]
    return EyePiece(joint, points.astype(np.float32), np.concatenate(faces).astype(np.int32), uv.astype(np.float32))


def eye_texture(skin_tone: Floats, hair_colour: Floats) -> NDArray[np.uint8]:
    """Paint an eye looking ahead, sRGB uint8 [256, 256, 3]; fair hair gives hazel eyes, dark hair brown ones.

    The lids' shade is part of the picture: without it eyes stare.
    """
    grid = (np.arange(TEXTURE) + 0.5) / TEXTURE * 2 - 1
    x, z = np.meshgrid(grid * REACH, -grid * REACH)
    angle, turn = np.hypot(x, z), np.arctan2(z, x)
    soft = 2.5 * REACH / TEXTURE

    def within(limit: float, width: float = soft) -> NDArray[np.float64]:
        return np.clip((limit - angle) / width + 0.5, 0, 1)[..., None]

    fibres = streaks(8, 1024, strands=90, length=0.5, seed=31)[4]
    fibre = fibres[((turn / (2 * np.pi) + 0.5) * 1023).astype(int)][..., None]
    fair = float(np.clip((hair_colour.mean() - 0.03) / 0.12, 0, 1))
    iris = np.array(BROWN) + fair * (np.array(HAZEL) - np.array(BROWN))
    ring = np.clip((angle - 0.72 * IRIS) / (0.28 * IRIS), 0, 1)[..., None]
    iris_light = iris * (1.25 + 0.22 * fibre) * (1 - 0.72 * ring**2)
    # Next to dark skin a white of the same brightness would glow.
    white = (
        (0.52 + 0.48 * min(float(skin_tone.mean()) / 0.4, 1))
        * np.array([0.48, 0.445, 0.42])
        * (1 - 0.25 * np.clip((angle - 0.5) / 0.6, 0, 1))[..., None]
    )
    white = white * np.array([1.0, 0.97, 0.965])
    light = white + within(IRIS, 2 * soft) * (iris_light - white)
    light = light + within(PUPIL) * (np.array([0.004, 0.004, 0.004]) - light)
    light = light * (1 - 0.62 * np.clip((z - 0.03) / 0.2, 0, 1))[..., None]
    glint = np.clip(1.3 - np.hypot(x + 0.085, z - 0.09) / 0.038, 0, 1)[..., None]
    light = light + 0.6 * glint * (1 - light)
    return linear_to_bytes(np.where((angle > 1.1 * REACH)[..., None], np.array(LASHES), light))
