"""Find persons in a photo: 33 body landmarks with visibility, metric landmarks, and a person mask.

The networks are BlazePose's detector and landmark model (Apache-2.0), run by LiteRT on the CPU.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dressform.assets.models import model_path
from dressform.schemas.errors import InputError, UsageError

from .photo import Photo

LANDMARKS: tuple[str, ...] = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    "left_pinky", "right_pinky", "left_index", "right_index", "left_thumb", "right_thumb",
    "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
    "left_heel", "right_heel", "left_foot_index", "right_foot_index",
)  # fmt: skip

DETECTOR_SIZE_PX = 224
DETECTOR_STRIDES = (8, 16, 32, 32, 32)
LANDMARK_SIZE_PX = 256
MIN_DETECTION = 0.5
MIN_PRESENCE = 0.5
OVERLAP_IS_SAME_PERSON = 0.3
# A passer-by in the background is not a second subject: persons smaller than this share of the largest are left out.
MIN_RELATIVE_SIZE = 0.4
HIP_CENTRE, FULL_BODY = 33, 34  # two extra points by which the landmark model frames its next crop


@dataclass(frozen=True)
class Person:
    """One person in a photo. Pixel coordinates are continuous: the first pixel's centre is at (0.5, 0.5).

    Attributes:
        score: Confidence of the landmark model in [0, 1].
        box_px: Left, top, right, bottom of the landmarks, [4].
        points_px: Landmarks in the order of `LANDMARKS`, [33, 2].
        visibility: Probability that a landmark is in the picture and not hidden, [33].
        world: Metric landmarks about the hips, axes of the camera (x right, y down, z forward), [33, 3].
        mask: Probability that a pixel shows the person, float32 [H, W].
    """

    score: float
    box_px: NDArray[np.float32]
    points_px: NDArray[np.float32]
    visibility: NDArray[np.float32]
    world: NDArray[np.float32]
    mask: NDArray[np.float32]


def detect_person(photo: Photo, number: int | None = None) -> Person:
    """Find the person to fit.

    Args:
        photo: The photo.
        number: Which person, counted from left to right from 1; needed only when there are several.

    Raises:
        InputError: Nobody was found.
        UsageError: Several persons and no number, or a number out of range.
    """
    persons = detect_persons(photo)
    if not persons:
        raise InputError(
            f"{photo.name}: no person found; needed one person, well lit, at least from head to hips; try another photo"
        )
    if number is None:
        if len(persons) > 1:
            raise UsageError(
                f"{photo.name}: {len(persons)} persons found; choose one with --person N, "
                f"N from 1 (left) to {len(persons)} (right)"
            )
        number = 1
    if not 1 <= number <= len(persons):
        raise UsageError(
            f"{photo.name}: --person {number} is not there; {len(persons)} found, counted from 1 at the left"
        )
    return persons[number - 1]


def detect_persons(photo: Photo) -> list[Person]:
    """Return the confidently seen persons from left to right."""
    rgb = photo.rgb
    found: list[Person] = []
    for centre, toward in _detect(rgb):
        person = _landmarks(rgb, centre, toward)
        if person is None or any(_same_person(person, other) for other in found):
            continue
        found.append(person)
    if not found:
        return []
    largest = max(_size(p) for p in found)
    kept = [p for p in found if _size(p) >= MIN_RELATIVE_SIZE * largest]
    return sorted(kept, key=lambda p: float(p.box_px[0] + p.box_px[2]))


def _size(person: Person) -> float:
    left, top, right, bottom = (float(v) for v in person.box_px)
    return max(right - left, bottom - top)


def _same_person(a: Person, b: Person) -> bool:
    """Two detections agree when most of their well-seen landmarks coincide."""
    both = (a.visibility > 0.5) & (b.visibility > 0.5)
    if both.sum() < 4:
        both = np.ones(len(LANDMARKS), bool)
    gap = np.linalg.norm(a.points_px[both] - b.points_px[both], axis=1)
    return bool(np.median(gap) < 0.08 * max(_size(a), _size(b)))


@functools.cache
def _interpreter(file_name: str) -> Any:
    from ai_edge_litert.interpreter import Interpreter  # heavy; only a photo needs it

    interpreter = Interpreter(str(model_path(file_name)), num_threads=2)
    interpreter.allocate_tensors()
    return interpreter


def run_model(file_name: str, image: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Run a model on one image [H, W, 3] in its own value range; returns its outputs by name, without the batch."""
    interpreter = _interpreter(file_name)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[None])
    interpreter.invoke()
    return {d["name"]: interpreter.get_tensor(d["index"])[0].copy() for d in interpreter.get_output_details()}


def _sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -60.0, 60.0))), dtype=np.float32)


@functools.cache
def _anchors() -> NDArray[np.float32]:
    """Centres of the detector's anchors in units of its input, [A, 2]; layers of equal stride share one grid."""
    grids = []
    for stride in sorted(set(DETECTOR_STRIDES)):
        per_cell = 2 * DETECTOR_STRIDES.count(stride)
        n = -(-DETECTOR_SIZE_PX // stride)
        y, x = np.mgrid[:n, :n]
        grids.append(np.repeat(np.stack([(x + 0.5) / n, (y + 0.5) / n], -1).reshape(-1, 2), per_cell, axis=0))
    return np.concatenate(grids).astype(np.float32)


def _detect(rgb: NDArray[np.uint8]) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Return (hip centre, point on the circle around the body) of each detection in pixels, best first."""
    height, width = rgb.shape[:2]
    scale = DETECTOR_SIZE_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    left, top = (DETECTOR_SIZE_PX - size[0]) // 2, (DETECTOR_SIZE_PX - size[1]) // 2
    letterbox = np.zeros((DETECTOR_SIZE_PX, DETECTOR_SIZE_PX, 3), np.float32)
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    letterbox[top : top + size[1], left : left + size[0]] = small
    out = run_model("pose_detection.tflite", letterbox / 127.5 - 1.0)
    scores = _sigmoid(out["Identity_1"][:, 0])
    keep = scores > MIN_DETECTION
    raw, scores, anchors = out["Identity"][keep] / DETECTOR_SIZE_PX, scores[keep], _anchors()[keep]
    centre = raw[:, :2] + anchors
    boxes = np.concatenate([centre - raw[:, 2:4] / 2, centre + raw[:, 2:4] / 2], axis=1)
    points = raw[:, 4:].reshape(len(raw), raw.shape[1] // 2 - 2, 2) + anchors[:, None]
    merged = []
    for chosen in _groups(boxes, scores):
        weight = scores[chosen][:, None, None]
        point = (points[chosen] * weight).sum(0) / weight.sum()
        point = (point * DETECTOR_SIZE_PX - [left, top]) / scale
        merged.append((point[0].astype(np.float32), point[1].astype(np.float32)))
    return merged


def _groups(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> list[NDArray[np.intp]]:
    """Group overlapping boxes, best first."""
    groups = []
    order = np.argsort(-scores)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    while len(order):
        best, rest = boxes[order[0]], boxes[order]
        low, high = np.maximum(best[:2], rest[:, :2]), np.minimum(best[2:], rest[:, 2:])
        overlap = np.prod(np.clip(high - low, 0.0, None), axis=1)
        same = overlap >= OVERLAP_IS_SAME_PERSON * (area[order[0]] + area[order] - overlap)
        same[0] = True
        groups.append(order[same])
        order = order[~same]
    return groups


def _landmarks(rgb: NDArray[np.uint8], centre: NDArray[np.float32], toward: NDArray[np.float32]) -> Person | None:
    """Run the landmark model twice, the second time on the crop that the first one asks for."""
    height, width = rgb.shape[:2]
    for _ in range(2):
        reach = toward - centre
        side = 2.5 * float(np.hypot(*reach))
        if not 16.0 <= side <= 8.0 * max(height, width):
            return None
        turn = math.pi / 2 - math.atan2(-float(reach[1]), float(reach[0]))
        crop_to_image = crop_transform(centre, side, turn, LANDMARK_SIZE_PX)
        crop = sample_crop(rgb, crop_to_image, side, LANDMARK_SIZE_PX)
        out = run_model("pose_landmark_full.tflite", crop.astype(np.float32) / 255.0)
        raw = out["Identity"].reshape(39, 5)
        crop_xy = _refine(raw[:, :2].copy(), _sigmoid(out["Identity_3"]))
        points = crop_xy @ crop_to_image[:, :2].T + crop_to_image[:, 2]
        centre, toward = points[HIP_CENTRE].astype(np.float32), points[FULL_BODY].astype(np.float32)
    score = float(out["Identity_1"].reshape(-1)[0])
    if score < MIN_PRESENCE:
        return None
    points = points[:33].astype(np.float32)
    inside = ((points >= 0) & (points <= [width, height])).all(axis=1)
    visibility = _sigmoid(raw[:33, 3]) * _sigmoid(raw[:33, 4]) * inside
    world = out["Identity_4"].reshape(39, 3)[:33].copy()
    cos, sin = math.cos(turn), math.sin(turn)
    world[:, :2] = world[:, :2] @ np.array([[cos, sin], [-sin, cos]], np.float32)
    seen = points[visibility > 0.3] if (visibility > 0.3).sum() >= 4 else points
    box = np.concatenate([seen.min(0), seen.max(0)]).astype(np.float32)
    mask = _mask_to_image(
        _sigmoid(out["Identity_2"].reshape(LANDMARK_SIZE_PX, LANDMARK_SIZE_PX)), crop_to_image, rgb.shape
    )
    return Person(
        score, box, np.asarray(points, np.float32), visibility.astype(np.float32), world.astype(np.float32), mask
    )


def crop_transform(centre: NDArray[np.float32], side: float, turn: float, size: int) -> NDArray[np.float64]:
    """Return the affine map [2, 3] from continuous pixels of a `size`-pixel crop to continuous image pixels."""
    k = side / size
    linear = k * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return np.column_stack([linear, np.asarray(centre, np.float64) - linear @ np.full(2, size / 2)])


def _pixel_index_map(transform: NDArray[np.float64], source_scale: float = 1.0) -> NDArray[np.float64]:
    """Turn a map of continuous coordinates into OpenCV's, where the first pixel's centre is 0."""
    linear = transform[:, :2] * source_scale
    return np.column_stack([linear, linear @ [0.5, 0.5] + transform[:, 2] * source_scale - 0.5])


def sample_crop(
    rgb: NDArray[np.uint8], crop_to_image: NDArray[np.float64], side: float, size: int
) -> NDArray[np.uint8]:
    """Sample a crop [size, size, 3]; a picture much larger than the crop is shrunk first so that nothing aliases."""
    shrink = min(1.0, 1.5 * size / side)
    if shrink < 1.0:
        height, width = rgb.shape[:2]
        reduced = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        rgb = cv2.resize(rgb, reduced, interpolation=cv2.INTER_AREA).astype(np.uint8)
        shrink = reduced[0] / width
    index_map = _pixel_index_map(crop_to_image, shrink)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(rgb, index_map, (size, size), flags=flags).astype(np.uint8)


def _mask_to_image(
    mask: NDArray[np.float32], crop_to_image: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    full = cv2.warpAffine(mask, _pixel_index_map(crop_to_image), (shape[1], shape[0]), flags=cv2.INTER_CUBIC)
    return np.clip(full, 0.0, 1.0).astype(np.float32)


def _refine(points: NDArray[np.float32], heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move each point to the centroid of its heat map's 7×7 neighbourhood, where that is confident."""
    scale = LANDMARK_SIZE_PX / heat.shape[0]
    for i, (x, y) in enumerate(points / scale):
        column, row = int(x), int(y)
        if not (0 <= column < heat.shape[1] and 0 <= row < heat.shape[0]):
            continue
        top, left = max(0, row - 3), max(0, column - 3)
        window = heat[top : row + 4, left : column + 4, i]
        if window.max() < 0.5:
            continue
        rows, columns = np.mgrid[top : top + window.shape[0], left : left + window.shape[1]]
        total = window.sum()
        points[i] = [(window * columns).sum() / total * scale, (window * rows).sum() / total * scale]
    return points
