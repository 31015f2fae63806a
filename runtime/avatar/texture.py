"""Skin from the photo, unrolled onto the body's atlas.

Only skin is taken: the face where it is seen large and from the front, and bare forearms where their colour is the
face's. Clothes are never taken, nor fingers (a fit does not bend them), nor the neck (it carries the chin's shadow);
the rest of the body is painted in the person's skin tone by whoever draws it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator

from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals
from dressform.runtime.render.colour import srgb_to_linear
from dressform.runtime.render.scene import Camera

from .avatar_file import PhotoTexture
from .colours import linear_to_bytes
from .face_landmarks import LEFT_OUTER, OVAL, RIGHT_OUTER, FaceMarks, face_vertices
from .photo_light import shading
from .silhouette import View
from .uv_raster import UvRaster, rasterise_uv

TEXTURE_SIZE = 1024
MIN_EYE_DISTANCE_PX = 26.0  # below this a face on the body is a blur: worse than none
MIN_FACING = 0.72  # cosine between the face's direction and the camera: about 44°
MAX_ALIGNMENT_ERROR = 0.22  # of the eye distance, before alignment: beyond, the fit's head is not where the face is
DEPTH_SLACK = 0.012  # [m]
WARP_SMOOTHING = 2.0  # lets the warp of the face miss single landmarks by a pixel or two
MIRROR_TRUST = 0.9
FEATHER_TEXELS = 9  # about 1 cm on the face
FOREARM_RANGE = (0.1, 0.9)  # the part of the way from elbow to wrist that is taken
# How much of the slow changes of colour across a patch is taken out: what the fitted light leaves over is mostly light.
EVENING = 0.8
EVENING_TEXELS = 18.0  # about 2 cm on the face: brows, lips and stubble are finer
HIGHLIGHT = (1.06, 1.30)  # of the tone's brightness: from here skin gives way to the plain tone, to here entirely


@dataclass(frozen=True)
class Texels:
    """What the atlas shows of the posed body, one row per covered texel.

    Attributes:
        raster: Which texels.
        points: World positions, float32 [N, 3] [m].
        normals: World directions, float32 [N, 3].
        places_px: Where the photo shows them, float32 [N, 2].
        facing: Cosine between normal and direction to the camera, float32 [N].
        visible: Seen by the camera and nothing before it, bool [N].
        head: Share of the head, float32 [N] in [0, 1].
        forearm: Share of the forearms' middle, float32 [N] in [0, 1].
    """

    raster: UvRaster
    points: NDArray[np.float32]
    normals: NDArray[np.float32]
    places_px: NDArray[np.float32]
    facing: NDArray[np.float32]
    visible: NDArray[np.bool_]
    head: NDArray[np.float32]
    forearm: NDArray[np.float32]


def body_texels(rest: RestBody, vertices: NDArray[np.float32], camera: Camera, view: View) -> Texels:
    """Find where the photo shows each texel of the body's atlas.

    Args:
        rest: The shaped body.
        vertices: Its world positions in the photo's pose, [V, 3] [m].
        camera: The photo's.
        view: The same body drawn by the same camera, for what hides what.
    """
    body = rest.body
    raster, head, forearm = _skin_texels()
    points = raster.interpolate(body.faces, vertices)
    normals = raster.interpolate(body.faces, vertex_normals(vertices, body.faces).astype(np.float32))
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    projected = camera.project(points)
    toward = np.asarray(camera.T_world_cam)[:3, 3] - points
    facing = (normals * toward).sum(1) / np.linalg.norm(toward, axis=1)
    column, row = (np.floor(projected[:, :2] * view.scale).astype(int)).T
    height, width = view.mask.shape
    inside = (column >= 0) & (row >= 0) & (column < width) & (row < height) & (projected[:, 2] > 0.1)
    column, row = column.clip(0, width - 1), row.clip(0, height - 1)
    front = np.where(view.mask[row, column], view.depth[row, column], 0.0)
    visible = inside & (projected[:, 2] < front + DEPTH_SLACK) & (facing > 0.15)
    places = projected[:, :2].astype(np.float32)
    return Texels(raster, points, normals, places, facing.astype(np.float32), visible, head, forearm)


@functools.cache
def _skin_texels() -> tuple[UvRaster, NDArray[np.float32], NDArray[np.float32]]:
    """Return the texels of Anny's atlas and their shares of head and forearms."""
    rest = canonical_rest()
    body = rest.body
    raster = rasterise_uv(body.uv, body.uv_faces, TEXTURE_SIZE)
    shares = np.zeros((len(rest.vertices), len(rest.rig.joints)), np.float32)
    rows = np.arange(len(shares))
    for k in range(body.joint_indices.shape[1]):
        np.add.at(shares, (rows, rest.rig.segment_of_bone[body.joint_indices[:, k]]), body.joint_weights[:, k])
    forearm = np.zeros(len(shares), np.float32)
    for side in ("left", "right"):
        elbow, wrist = (rest.rig.joints[JOINT_INDEX[f"{side}_{name}"]] for name in ("elbow", "wrist"))
        along = (rest.vertices - elbow) @ (wrist - elbow) / float((wrist - elbow) @ (wrist - elbow))
        low, high = FOREARM_RANGE
        middle = np.clip((along - low) / 0.15, 0.0, 1.0) * np.clip((high - along) / 0.15, 0.0, 1.0)
        forearm += shares[:, JOINT_INDEX[f"{side}_elbow"]] * middle
    head = np.ascontiguousarray(shares[:, JOINT_INDEX["head"]])
    return raster, raster.interpolate(body.faces, head), raster.interpolate(body.faces, forearm.astype(np.float32))


def sample_photo(rgb: NDArray[np.uint8], places_px: NDArray[np.float32]) -> NDArray[np.float32]:
    """Read linear colours [N, 3] at continuous pixel positions [N, 2]."""
    count = len(places_px)
    side = int(np.ceil(np.sqrt(max(count, 1))))
    flat = np.zeros((side * side, 2), np.float32)
    flat[:count] = places_px - 0.5
    folded = flat.reshape(side, side, 2)  # cv2.remap keeps pictures below 32768 rows
    read = cv2.remap(rgb, folded[..., 0], folded[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return srgb_to_linear(np.asarray(read, np.uint8).reshape(side * side, 3)[:count])


def skin_likeness(linear: NDArray[np.float32], tone: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much colours [N, 3] could be this skin in more or less light, in [0, 1]."""
    log = np.log(np.maximum(linear, 1e-3)) - np.log(np.maximum(tone, 1e-3))
    brightness = log.mean(1)
    hue = np.linalg.norm(log - brightness[:, None], axis=1)
    near_hue = np.clip((0.30 - hue) / 0.12, 0.0, 1.0)
    near_light = np.clip((1.1 - np.abs(brightness + 0.1)) / 0.4, 0.0, 1.0)
    return np.asarray(near_hue * near_light, np.float32)


def face_usable(marks: FaceMarks | None, texels: Texels, vertices: NDArray[np.float32], camera: Camera) -> bool:
    """Whether a face is large enough, turned enough to the camera, and where the fitted head is."""
    if marks is None or marks.eye_distance_px < MIN_EYE_DISTANCE_PX:
        return False
    pairs = face_vertices()
    model = camera.project(vertices[pairs.vertices])[:, :2]
    seen = marks.points_px[pairs.marks]
    error = float(np.linalg.norm(model - seen, axis=1).mean())
    if error > MAX_ALIGNMENT_ERROR * marks.eye_distance_px * 3.0:
        return False
    return _frontality(marks) > MIN_FACING


def _frontality(marks: FaceMarks) -> float:
    """Return the cosine of the face's turn, from how the nose tip lies between the outlines of the two cheeks."""
    right, left, nose = (marks.points_px[i] for i in (234, 454, 1))
    across = left - right
    share = float((nose - right) @ across / max(float(across @ across), 1e-6))
    # a nose stands out about as far as 0.55 of the half width of a face
    return float(np.sqrt(max(0.0, 1.0 - min(1.0, abs(2.0 * share - 1.0) / 0.9) ** 2)))


def make_texture(
    rgb: NDArray[np.uint8],
    mask: NDArray[np.float32],
    texels: Texels,
    tone: NDArray[np.float32],
    light: NDArray[np.float32],
    face: tuple[FaceMarks, NDArray[np.float32]] | None,
) -> PhotoTexture:
    """Take the visible skin, even out its light, and fill what only the other side shows.

    Args:
        rgb: The photo, sRGB uint8 [H, W, 3].
        mask: Person probability, [H, W].
        texels: From `body_texels`.
        tone: The skin's linear colour, [3].
        light: From `fit_light`.
        face: The face's landmarks and where the photo shows the body's face vertices [M, 2], or None to leave it out.
    """
    places = texels.places_px.copy()
    ramp = np.clip((texels.facing - 0.25) / 0.35, 0.0, 1.0) * texels.visible
    face_share = np.zeros(len(places), np.float32)
    if face is not None:
        marks, model = face
        head = np.flatnonzero((texels.head > 0.5) & texels.visible)
        places[head] = _face_warp(model, marks)(places[head])
        face_share[head] = _inside_oval(marks, places[head], mask.shape)
    inner = np.clip((sample_mask(mask, places) - 0.6) / 0.3, 0.0, 1.0)
    linear = sample_photo(rgb, places)
    linear = linear / np.clip(shading(light, texels.normals), 0.45, 2.2)[:, None]
    trust = ramp * inner * np.maximum(face_share, texels.forearm * skin_likeness(linear, tone))
    trust, linear = _mirror(_feathered(texels.raster, trust.astype(np.float32)), linear)
    return PhotoTexture(*_pictures(texels.raster, linear, trust, tone))


def sample_mask(mask: NDArray[np.float32], places_px: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mask's nearest values at pixel positions [N, 2]; 0 outside."""
    column, row = np.floor(places_px).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < mask.shape[1]) & (row < mask.shape[0])
    values = mask[row.clip(0, mask.shape[0] - 1), column.clip(0, mask.shape[1] - 1)]
    return np.where(inside, values, 0.0).astype(np.float32)


def _face_warp(model: NDArray[np.float32], marks: FaceMarks) -> RBFInterpolator:
    """Return the smooth map from where the fit puts the face to where the photo has it."""
    seen = marks.points_px[face_vertices().marks].astype(np.float64)
    return RBFInterpolator(
        model.astype(np.float64), seen, kernel="thin_plate_spline", smoothing=WARP_SMOOTHING, degree=1
    )


def _inside_oval(marks: FaceMarks, places_px: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return 1 well inside the outline of the face, falling to 0 at it."""
    oval = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(oval, [np.round(marks.points_px[list(OVAL)]).astype(np.int32)], 1)
    depth = np.asarray(cv2.distanceTransform(oval, cv2.DIST_L2, 5), np.float32)
    width = float(np.linalg.norm(marks.points_px[LEFT_OUTER] - marks.points_px[RIGHT_OUTER]))
    return np.asarray(np.clip((sample_mask(depth, places_px) - 0.05 * width) / (0.18 * width), 0.0, 1.0), np.float32)


def _feathered(raster: UvRaster, trust: NDArray[np.float32]) -> NDArray[np.float32]:
    """Let trust fall off before it ends, so that no line shows where the camera's view of the skin ends."""
    weights = np.zeros((raster.size, raster.size), np.float32)
    weights[raster.rows, raster.columns] = trust
    inner = cv2.erode(weights, np.ones((FEATHER_TEXELS, FEATHER_TEXELS), np.uint8))
    soft = cv2.GaussianBlur(inner, (0, 0), FEATHER_TEXELS / 2)
    return np.minimum(trust, soft[raster.rows, raster.columns])


def _mirror(trust: NDArray[np.float32], linear: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Let texels that are seen worse than their mirror image on the other side take its colour."""
    twin = _twins()
    other = MIRROR_TRUST * trust[twin]
    share = np.clip((other / np.maximum(trust + other, 1e-6) - 0.5) / 0.4, 0.0, 1.0)
    return np.maximum(trust, other), linear + share[:, None] * (linear[twin] - linear)


@functools.cache
def _twins() -> NDArray[np.intp]:
    """Return for each covered texel the covered texel that shows the mirrored point of the average body."""
    raster, _, _ = _skin_texels()
    rest = canonical_rest()
    body = rest.body
    points = raster.interpolate(body.faces, rest.vertices) * np.array([-1.0, 1.0, 1.0], np.float32)
    closest = Surface(rest.vertices, body.faces).closest(points)
    corners = body.uv[body.uv_faces[closest.triangles]]
    uv = (corners * closest.barycentrics[..., None]).sum(1)
    column = np.clip(uv[:, 0] * TEXTURE_SIZE, 0, TEXTURE_SIZE - 1).astype(int)
    row = np.clip((1.0 - uv[:, 1]) * TEXTURE_SIZE, 0, TEXTURE_SIZE - 1).astype(int)
    return np.asarray(raster.nearest[row, column], np.intp)


def _pictures(
    raster: UvRaster, linear: NDArray[np.float32], trust: NDArray[np.float32], tone: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Spread texels over the square; colours run on past the charts' borders so that filters find no black there."""
    at = (raster.rows, raster.columns)
    weights = np.zeros((raster.size, raster.size), np.float32)
    weights[at] = trust
    colours = np.zeros((raster.size, raster.size, 3), np.float32)
    colours[at] = linear * trust[:, None]
    spread = cv2.GaussianBlur(weights, (0, 0), EVENING_TEXELS)[at]
    slow = cv2.GaussianBlur(colours, (0, 0), EVENING_TEXELS)[at] / np.maximum(spread, 1e-3)[:, None]
    even = _without_highlights(np.asarray(linear * (tone / np.maximum(slow, 0.02)) ** EVENING, np.float32), tone)
    rgb = np.zeros((raster.size, raster.size, 3), np.uint8)
    raster.paste(linear_to_bytes(np.where(trust[:, None] > 0, even, tone)), rgb)
    # narrow before softening, so that nothing untrusted gains weight; charts end hard
    soft = cv2.GaussianBlur(cv2.erode(weights, np.ones((5, 5), np.uint8)), (0, 0), 2.0)
    return rgb, np.where(weights > 0, np.clip(soft, 0.0, 1.0), 0.0).astype(np.float32)


def _without_highlights(linear: NDArray[np.float32], tone: NDArray[np.float32]) -> NDArray[np.float32]:
    """Replace what is brighter than skin (shine, eye whites) by the tone: painted on, it would shine in any light."""
    low, high = HIGHLIGHT
    over = np.clip((linear.mean(1) / max(float(tone.mean()), 1e-3) - low) / (high - low), 0.0, 1.0)[:, None]
    return np.asarray(linear + over * (np.float32(low) * tone - linear), np.float32)
