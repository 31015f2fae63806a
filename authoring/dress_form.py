"""A tailor's form: the body that a garment hangs on, cut off where the garment ends, with wooden caps and a pole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.render.scene import SceneMesh, SurfaceMaterial

Floats = NDArray[np.float64]
Faces = NDArray[np.int32]

_LINEN = (222, 212, 196)  # sRGB
_WOOD = (132, 104, 78)  # sRGB
_NECK = 0.45  # where the neck is cut, from its joint to the head's
_ARMHOLE = 0.035  # [m] from the shoulder joint to the plate that closes a bare armhole
_INSIDE = 0.03  # [m] how far inside a sleeve, a leg or a hem the form ends
_INSIDE_CUFF = 0.1  # [m] and inside a long sleeve, whose cuff shows what is in it from below
_ABOVE = 0.075  # [m] of the form shown above a waistband
_ABOVE_CROTCH = 0.01  # [m] where a form without legs ends
_HIPS = 0.08  # [m] above the crotch; a hem that ends lower hides the form's end
_AROUND_ARM = 0.14  # [m] cloth nearer to the arm's axis is a sleeve
_MIDDLE = 0.1  # [m] what lies nearer to the middle plane is worn on the trunk
_STEP = 0.04  # [m] a sleeve has cloth at least so often
_TOUCHING = 1e-6  # [m]
_POLE = 0.013  # [m] radius


@dataclass(frozen=True)
class _Cut:
    """A surface in the making: points [V, 3], faces [F, 3], whether each face shows, and the outlines of its cuts."""

    points: Floats
    faces: Faces
    shown: NDArray[np.bool_]
    outlines: tuple[Floats, ...] = ()


def dress_form(
    rest: RestBody, mesh: GarmentMesh, hide: NDArray[np.bool_] | None
) -> tuple[list[SceneMesh], list[Floats]]:
    """Return the form's scene meshes, linen and wood, and their points [V, 3] in the canonical rest frame [m].

    Args:
        rest: The canonical body.
        mesh: The garment on it.
        hide: bool [F_body] triangles that the garment covers, or None.
    """
    shown = np.ones(len(rest.body.faces), np.bool_) if hide is None else ~hide
    cut = _Cut(rest.vertices.astype(np.float64), rest.body.faces, shown)
    fields = np.stack(_fields(rest, mesh.points.astype(np.float64)) or [np.full(len(cut.points), -1.0)])
    for number in range(len(fields)):
        cut, (first, second, share) = _cut(cut, fields[number])
        new = fields[:, first] + share * (fields[:, second] - fields[:, first])
        fields = np.concatenate([fields, new], axis=1)
    used, faces = np.unique(cut.faces[cut.shown], return_inverse=True)
    # what a later cut took away has no cap: it would hang in the air
    left = cKDTree(cut.points[used])
    outlines = [line for line in cut.outlines if float(np.asarray(left.query(line)[0]).min()) < _TOUCHING]
    wood_points, wood_faces = _wood(outlines, _pole(rest, mesh.points.astype(np.float64)))
    linen = _scene(_LINEN, 0.85, faces.reshape(-1, 3))
    if len(wood_faces) == 0:
        return [linen], [cut.points[used]]
    return [linen, _scene(_WOOD, 0.45, wood_faces)], [cut.points[used], wood_points]


def _scene(color: tuple[int, int, int], roughness: float, faces: NDArray[np.integer]) -> SceneMesh:
    material = SurfaceMaterial(np.full((4, 4, 3), color, np.uint8), roughness=roughness, sheen=(0.03, 0.03, 0.03))
    flat = np.zeros_like(faces, np.int32)
    return SceneMesh("form", faces.astype(np.int32), np.zeros((1, 2), np.float32), flat, material)


def _fields(rest: RestBody, cloth: Floats) -> list[Floats]:
    """Return, for each cut, a field over the body's vertices [V] that is positive where the form is cut away."""
    joints = rest.canonical_joints().astype(np.float64)
    points = rest.vertices.astype(np.float64)
    fields = []
    neck, head = joints[JOINT_INDEX["neck"]], joints[JOINT_INDEX["head"]]
    up = (head - neck) / np.linalg.norm(head - neck)
    at = neck + _NECK * (head - neck)
    if cloth[:, 2].max() < head[2] + 0.08:  # no hat
        fields.append((points - at) @ up)
    top = float(cloth[:, 2].max())
    low = top < joints[JOINT_INDEX["spine3"], 2]
    # a wide skirt comes near the hands too, but gloves do not come near the middle
    below_arms = low and float(np.abs(cloth[:, 0]).min()) < _MIDDLE
    for side in ("left", "right"):
        shoulder, wrist = joints[JOINT_INDEX[f"{side}_shoulder"]], joints[JOINT_INDEX[f"{side}_wrist"]]
        end = _ARMHOLE if below_arms else _sleeve_end(cloth, shoulder, wrist)
        if end is not None:
            along = (wrist - shoulder) / np.linalg.norm(wrist - shoulder)
            arm = _region(rest, (f"{side}_shoulder",))
            fields.append(np.where(arm, (points - shoulder) @ along - end, -1.0))
    crotch = _crotch(rest)
    hem = float(cloth[:, 2].min())
    if hem > 0.04:
        fields.append((hem + _INSIDE if hem < crotch + _HIPS else crotch + _ABOVE_CROTCH) - points[:, 2])
    if low:
        fields.append(points[:, 2] - top - _ABOVE)
    return fields


def _region(rest: RestBody, names: Sequence[str]) -> NDArray[np.bool_]:
    """Return [V] which vertices follow these canonical joints, or what hangs on them, more than all others."""
    body = rest.body
    leaders = {int(rest.rig.leaders[JOINT_INDEX[name]]) for name in names}
    inside = np.zeros(len(body.joint_names), np.bool_)
    for joint, parent in enumerate(body.joint_parents):  # parents come first
        inside[joint] = joint in leaders or (parent >= 0 and inside[parent])
    share = (body.joint_weights * inside[body.joint_indices]).sum(axis=1)
    return np.asarray(share > 0.5)


def _sleeve_end(cloth: Floats, shoulder: Floats, wrist: Floats) -> float | None:
    """Return how far from the shoulder the arm is shown [m]; None shows it whole, as for gloves."""
    length = float(np.linalg.norm(wrist - shoulder))
    axis = (wrist - shoulder) / length
    t = (cloth - shoulder) @ axis
    near = t[np.linalg.norm(cloth - shoulder - t[:, None] * axis, axis=1) < _AROUND_ARM]
    near = np.sort(near[near > _ARMHOLE])
    if len(near) == 0:
        return _ARMHOLE
    if near[0] > length / 2:
        return None
    gaps = np.flatnonzero(np.diff(near) > _STEP)
    end = float(near[gaps[0]] if len(gaps) else near[-1])
    end -= _INSIDE_CUFF if end > length / 2 else _INSIDE
    # what only reaches over the shoulder's edge is no sleeve
    return end if end > 0.1 else _ARMHOLE


def _crotch(rest: RestBody) -> float:
    """Return the height where the legs part: of the lowest vertex on the middle plane above the knees [m]."""
    points = rest.vertices
    knee = float(rest.canonical_joints()[JOINT_INDEX["left_knee"], 2])
    middle = (np.abs(points[:, 0]) < 0.004) & (points[:, 2] > knee)
    return float(points[middle, 2].min())


def _cut(cut: _Cut, field: Floats) -> tuple[_Cut, tuple[NDArray[np.int64], NDArray[np.int64], Floats]]:
    """Cut a surface where a field over its points crosses zero; what is positive goes.

    Returns:
        The surface, and for each of its new points the two old ones it lies between and how far from the first [0, 1].
    """
    outside = field[cut.faces] > 0
    count = outside.sum(axis=1)
    points, extra = cut.points, []
    faces, shown = [cut.faces[count == 0]], [cut.shown[count == 0]]
    known: dict[tuple[int, int], int] = {}
    shares: list[float] = []
    edges: list[tuple[int, int]] = []

    def crossing(a: int, b: int) -> int:
        key = (min(a, b), max(a, b))
        if key not in known:
            share = field[key[0]] / (field[key[0]] - field[key[1]])
            extra.append(points[key[0]] + share * (points[key[1]] - points[key[0]]))
            shares.append(float(share))
            known[key] = len(points) + len(extra) - 1
        return known[key]

    for face in np.flatnonzero((count == 1) | (count == 2)):
        lone = int(np.argmax(outside[face] if count[face] == 1 else ~outside[face]))
        a, b, c = (int(cut.faces[face, (lone + k) % 3]) for k in range(3))
        ab, ac = crossing(a, b), crossing(a, c)
        new = [[ab, b, c], [ab, c, ac]] if count[face] == 1 else [[a, ab, ac]]
        faces.append(np.array(new, np.int32))
        shown.append(np.full(len(new), cut.shown[face]))
        edges.append((ab, ac))
    moved = np.concatenate([points, np.array(extra).reshape(-1, 3)])
    outlines = tuple(moved[np.array(group)] for group in _joined(edges))
    between = np.array(list(known), np.int64).reshape(-1, 2)
    done = _Cut(moved, np.concatenate(faces), np.concatenate(shown), cut.outlines + outlines)
    return done, (between[:, 0], between[:, 1], np.array(shares, np.float64))


def _joined(edges: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Group edges that hang together."""
    leader: dict[int, int] = {}

    def find(k: int) -> int:
        while leader.setdefault(k, k) != k:
            k = leader[k]
        return k

    for a, b in edges:
        leader[find(a)] = find(b)
    groups: dict[int, list[tuple[int, int]]] = {}
    for edge in edges:
        groups.setdefault(find(edge[0]), []).append(edge)
    return [group for group in groups.values() if len(group) > 8]


def _pole(rest: RestBody, cloth: Floats) -> tuple[Floats, float] | None:
    """Return where the pole starts [3] and where it ends [m above ground]; None for what has legs, which stand."""
    crotch = _crotch(rest)
    low, high = float(cloth[:, 2].min()), float(cloth[:, 2].max())
    halfway = cloth[np.abs(cloth[:, 2] - (low + crotch) / 2) < 0.05]
    if high < crotch or (low < crotch - 0.15 and not (np.abs(halfway[:, 0]) < 0.02).any()):
        return None
    pelvis = rest.canonical_joints()[JOINT_INDEX["pelvis"]].astype(np.float64)
    return pelvis, 0.0


def _wood(outlines: Sequence[Floats], pole: tuple[Floats, float] | None) -> tuple[Floats, Faces]:
    """Close every outline [N, 2, 3] by a fan about its middle, and add the pole."""
    points: list[Floats] = []
    faces: list[Faces] = []
    total = 0
    for outline in outlines:
        fan = np.arange(len(outline), dtype=np.int32)[:, None] * 2
        points.append(np.concatenate([outline.reshape(-1, 3), outline.mean(axis=(0, 1))[None]]))
        middle = np.full_like(fan, 2 * len(outline))
        corners = np.concatenate([fan, middle, fan + 1], axis=1)
        normals = np.cross(*(points[-1][corners[:, k]] - points[-1][corners[:, 0]] for k in (1, 2)))
        turned = normals @ normals[np.argmax((normals**2).sum(axis=1))] < 0
        corners[turned] = corners[turned][:, ::-1]
        faces.append(corners + total)
        total += len(points[-1])
    if pole is not None:
        (top, ground), sides = pole, 24
        angle = np.linspace(0.0, 2 * np.pi, sides, endpoint=False)
        ring = top[:2] + _POLE * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        points += [np.column_stack([ring, np.full(sides, height)]) for height in (top[2], ground)]
        k = np.arange(sides, dtype=np.int32)
        after = (k + 1) % sides
        lower = np.stack([k + sides, after + sides, after], axis=1)
        faces.append(np.concatenate([lower, np.stack([k + sides, after, k], axis=1)]).astype(np.int32) + total)
    if not points:
        return np.zeros((0, 3)), np.zeros((0, 3), np.int32)
    return np.concatenate(points), np.concatenate(faces)
