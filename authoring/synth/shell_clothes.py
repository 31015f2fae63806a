"""Plain clothes for synthetic people: a long-sleeved top and trousers, lifted off the body as smooth shells.

They exist so that a synthetic photo shows a clothed person without any garment asset. A shell is the part of the
body inside a region with clean borders, smoothed until the body's detail is gone, let out, and creased at the joints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.adjacency import averaging_matrix, boundary_vertices
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]

CLEARANCE = 0.006  # [m] least distance of cloth from skin
INFLUENCES = 8
BORDER_PASSES = 12
HEM = 0.05  # [m] width of the border that the texture's rows show


@dataclass(frozen=True)
class Shell:
    """A garment in the rest frame of the body it was made for.

    Attributes:
        name: "top" or "trousers".
        points: float32 [P, 3] [m].
        faces: int32 [F, 3].
        uv: float32 [P, 2]; v grows from 0 at a border to 1 at `HEM` inside it.
        joint_indices: int32 [P, 8].
        joint_weights: float32 [P, 8].
        covers: Body faces that it hides, bool [F_body].
    """

    name: str
    points: Floats
    faces: Integers
    uv: Floats
    joint_indices: Integers
    joint_weights: Floats
    covers: NDArray[np.bool_]


def make_top(rest: RestBody) -> Shell:
    """Make a long-sleeved crew-neck top that ends below the hips."""
    joint = _joints(rest)
    points, arm, head = rest.vertices, _share(rest, "shoulder", "elbow", "wrist"), _share(rest, "head")
    hem = joint["left_hip"][2] - 0.045
    neck = joint["neck"] + np.array([0.0, 0.0, 0.028])
    tilt = np.array([0.0, -0.42, 1.0]) / np.hypot(0.42, 1.0)
    collar = -((points - neck) @ tilt)
    side = np.where(points[:, :1] > 0, 1.0, -1.0)
    mirrored = points * np.concatenate([side, np.ones((len(points), 2))], axis=1)
    forearm = joint["left_elbow"] - joint["left_wrist"]
    cuff = (mirrored - joint["left_wrist"]) @ (forearm / np.linalg.norm(forearm)) - 0.012
    cuff = np.where(arm > 0.5, cuff, 1.0)
    above_hem = np.where(arm > 0.5, 1.0, points[:, 2] - hem)
    above_hem = np.where(head > 0.5, -1.0, above_hem)
    tight = np.minimum(collar, cuff)
    ease = 0.013 - 0.005 * np.clip(arm, 0, 1) + 0.004 * np.clip((hem + 0.25 - points[:, 2]) / 0.25, 0, 1) * (1 - arm)
    creases = [(joint[f"{s}_{n}"], r) for s in ("left", "right") for n, r in (("elbow", 0.09), ("shoulder", 0.08))]
    creases.append((joint["spine1"], 0.12))
    return _shell(rest, "top", np.minimum(tight, above_hem), tight, ease, creases, smoothing=26)


def make_trousers_shell(rest: RestBody) -> Shell:
    """Make straight trousers to the ankles; they begin under the hem of the top, which hides the waist."""
    joint = _joints(rest)
    points, arm = rest.vertices, _share(rest, "shoulder", "elbow", "wrist")
    waist = joint["left_hip"][2] + 0.012 - points[:, 2]
    hem = points[:, 2] - 0.62 * joint["left_ankle"][2] - 0.02
    region = np.where(arm > 0.5, -1.0, np.minimum(waist, hem))
    shin = np.clip((joint["left_knee"][2] + 0.08 - points[:, 2]) / 0.3, 0, 1)
    ease = 0.009 + 0.011 * shin
    creases = [
        (joint[f"{s}_{n}"], r) for s in ("left", "right") for n, r in (("knee", 0.11), ("hip", 0.1), ("ankle", 0.12))
    ]
    return _shell(rest, "trousers", region, waist, ease, creases, smoothing=30)


def _joints(rest: RestBody) -> dict[str, NDArray[np.float64]]:
    joints = rest.canonical_joints().astype(np.float64)
    return {name: joints[index] for name, index in JOINT_INDEX.items()}


def _share(rest: RestBody, *parts: str) -> NDArray[np.float64]:
    """How much of each vertex moves with the canonical parts' segments, left or right, [V]."""
    body = rest.body
    segments = {JOINT_INDEX[name] for name in JOINT_INDEX if name.removeprefix("left_").removeprefix("right_") in parts}
    chosen = np.isin(rest.rig.segment_of_bone, list(segments))
    return np.asarray((body.joint_weights * chosen[body.joint_indices]).sum(axis=1), np.float64)


def _shell(
    rest: RestBody,
    name: str,
    region: NDArray[np.floating],
    tight: NDArray[np.floating],
    ease: NDArray[np.floating],
    creases: list[tuple[NDArray[np.float64], float]],
    *,
    smoothing: int,
) -> Shell:
    """Cut the region (signed distance [m] into it, [V]) out of the body and lift it off.

    `tight` is the distance to the borders that hug the skin, `ease` how far the rest is let out [m].
    """
    body = rest.body
    faces, first, second, share = _cut(body.faces, region)

    def mixed(values: NDArray[np.floating]) -> NDArray[np.float64]:
        weight = share if values.ndim == 1 else share[:, None]
        return np.asarray(values[first] * (1 - weight) + values[second] * weight, np.float64)

    dense = np.zeros((len(rest.vertices), len(body.joint_names)))
    np.add.at(dense, (np.arange(len(dense))[:, None], body.joint_indices), body.joint_weights)
    fields = np.column_stack([mixed(rest.vertices), mixed(region), mixed(tight), mixed(ease), mixed(dense)])
    fields, faces = _subdivide(fields, faces)
    average = averaging_matrix(faces, len(fields))
    fixed = boundary_vertices(faces, len(fields))
    points, weights = fields[:, :3].copy(), fields[:, 6:]
    for _ in range(smoothing):
        points = np.where(fixed[:, None], points, average @ points)
        weights = average @ weights
    normals = vertex_normals(points, faces).astype(np.float64)
    hug = np.clip(fields[:, 4] / 0.05, 0, 1)
    points += normals * (0.003 + (fields[:, 5] - 0.003) * hug * (2 - hug))[:, None]
    points += normals * _folds(points, creases, fields[:, 3])[:, None]
    skin = Surface(rest.vertices, body.faces)
    gap = np.where(fixed, 0.002, CLEARANCE) - skin.signed_distance(points.astype(np.float32))
    points += normals * np.clip(gap, 0, 0.03)[:, None]
    points = _even_borders(points, faces)
    indices = np.argsort(-weights, axis=1, kind="stable")[:, :INFLUENCES].astype(np.int32)
    top = np.take_along_axis(weights, indices, axis=1)
    uv = np.stack([points[:, 0] + points[:, 1] + points[:, 2], np.clip(fields[:, 3] / HEM, 0.01, 0.99)], axis=1)
    covers = (region[body.faces] > 0.015).all(axis=1)
    return Shell(
        name,
        points.astype(np.float32),
        faces,
        (uv * np.array([12.0, 1.0])).astype(np.float32),
        indices,
        (top / top.sum(axis=1, keepdims=True)).astype(np.float32),
        np.asarray(covers, np.bool_),
    )


def _even_borders(points: NDArray[np.float64], faces: Integers) -> NDArray[np.float64]:
    """Draw the borders smooth: the cut leaves slivers whose normals jump."""
    sides = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    unique, counts = np.unique(np.sort(sides, axis=1), axis=0, return_counts=True)
    border = unique[counts == 1]
    ends = np.concatenate([border, border[:, ::-1]])
    graph = sparse.coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(points),) * 2).tocsr()
    degree = np.asarray(graph.sum(axis=1)).reshape(-1, 1)
    for _ in range(BORDER_PASSES):
        points = np.where(degree > 0, 0.5 * points + 0.5 * (graph @ points) / np.maximum(degree, 1), points)
    return points


def _folds(
    points: NDArray[np.float64], creases: list[tuple[NDArray[np.float64], float]], inside: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Height of folds [m]: level creases about the joints, fading to the borders."""
    lattice = np.random.default_rng(17)
    height = np.zeros(len(points))
    for centre, reach in creases:
        away = np.linalg.norm(points - centre, axis=1) / reach
        for _ in range(3):
            wave = 2 * np.pi / lattice.uniform(0.032, 0.06)
            slant = lattice.uniform(-0.5, 0.5, 2)
            phase = wave * (points[:, 2] + slant[0] * points[:, 0] + slant[1] * points[:, 1]) + lattice.uniform(0, 6)
            height += 0.0036 * np.cos(phase) * np.exp(-(away**2))
    return np.asarray(height * np.clip(inside / 0.04, 0, 1), np.float64)


def _cut(
    faces: Integers, field: NDArray[np.floating]
) -> tuple[Integers, NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Keep the part of a mesh where a field is positive, cut along its zero line.

    Returns:
        Faces [F, 3], and for every vertex the two old vertices [P] it lies between and its share of the second.
    """
    names: dict[tuple[int, int], int] = {}

    def point(a: int, b: int) -> int:
        return names.setdefault((min(a, b), max(a, b)), len(names))

    positive = field > 0
    kept = []
    for face in faces[positive[faces].any(axis=1)].tolist():
        outline = []
        for a, b in zip(face, face[1:] + face[:1], strict=True):
            if positive[a]:
                outline.append(point(a, a))
            if positive[a] != positive[b]:
                outline.append(point(a, b))
        kept += [(outline[0], outline[i], outline[i + 1]) for i in range(1, len(outline) - 1)]
    pairs = np.array(list(names), np.intp)
    first, second = pairs[:, 0], pairs[:, 1]
    span = field[first] - field[second]
    share = np.divide(field[first], span, out=np.zeros(len(pairs)), where=span != 0)
    return np.array(kept, np.int32), first, second, share


def _subdivide(values: NDArray[np.float64], faces: Integers) -> tuple[NDArray[np.float64], Integers]:
    """Split every triangle in four."""
    sides = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    unique, names = np.unique(sides, axis=0, return_inverse=True)
    middle = names.reshape(-1, 3).astype(np.int32) + np.int32(len(values))
    a, b, c = faces.T
    ab, bc, ca = middle.T
    split = [np.stack(t, axis=1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    mid_values = 0.5 * (values[unique[:, 0]] + values[unique[:, 1]])
    return np.concatenate([values, mid_values]), np.concatenate(split).astype(np.int32)
