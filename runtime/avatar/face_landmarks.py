"""Dense landmarks of the face in a photo, and the body's vertices that they belong to."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.anny_body import AnnyBody
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.geometry.uv_measures import uv_charts

from .body_canvas import HEAD_CHART, MOUTH_CHART, SOCKET_CHARTS
from .detect import LANDMARKS, Person, crop_transform, run_model, sample_crop

MODEL = "face_landmark.tflite"
CROP_SIZE_PX = 192
MIN_SCORE = 0.7
MIN_VISIBILITY = 0.5
# Points of the face mesh (its published topology) along the face's outline, and at the features used for alignment.
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
RIGHT_OUTER, RIGHT_INNER, LEFT_INNER, LEFT_OUTER = 33, 133, 362, 263
RIGHT_TOP, RIGHT_BOTTOM, LEFT_TOP, LEFT_BOTTOM = 159, 145, 386, 374
MOUTH_RIGHT, MOUTH_LEFT, LIP_TOP, LIP_BOTTOM = 61, 291, 13, 14
NOSE_TIP, NASION, CHIN = 1, 168, 199


@dataclass(frozen=True)
class FaceMarks:
    """A face in a photo.

    Attributes:
        points_px: The 468 points of the face mesh, float32 [468, 2].
        score: Confidence that this is a face, in [0, 1].
    """

    points_px: NDArray[np.float32]
    score: float

    @property
    def eye_distance_px(self) -> float:
        """Distance between the centres of the eyes."""
        right = (self.points_px[RIGHT_OUTER] + self.points_px[RIGHT_INNER]) / 2
        left = (self.points_px[LEFT_OUTER] + self.points_px[LEFT_INNER]) / 2
        return float(np.linalg.norm(left - right))


def find_face(rgb: NDArray[np.uint8], person: Person) -> FaceMarks | None:
    """Return the person's face, or None where it is not clearly seen."""
    at = {name: index for index, name in enumerate(LANDMARKS)}
    needed = [at[name] for name in ("nose", "left_eye", "right_eye", "mouth_left", "mouth_right")]
    if person.visibility[needed].min() < MIN_VISIBILITY:
        return None
    points = person.points_px
    eyes = (points[at["left_eye"]] + points[at["right_eye"]]) / 2
    mouth = (points[at["mouth_left"]] + points[at["mouth_right"]]) / 2
    down = mouth - eyes
    side = 4.6 * float(np.hypot(*down))
    turn = math.atan2(float(down[1]), float(down[0])) - math.pi / 2
    centre = (eyes + mouth) / 2
    for _ in range(2):
        if side < 24.0:
            return None
        transform = crop_transform(centre, side, turn, CROP_SIZE_PX)
        crop = sample_crop(rgb, transform, side, CROP_SIZE_PX)
        out = run_model(MODEL, crop.astype(np.float32) / 255.0)
        score = 1.0 / (1.0 + math.exp(-float(out["conv2d_31"].reshape(-1)[0])))
        crop_points = out["conv2d_21"].reshape(468, 3)[:, :2]
        marks = (crop_points @ transform[:, :2].T + transform[:, 2]).astype(np.float32)
        low, high = marks.min(0), marks.max(0)
        centre, side = (low + high) / 2, 1.5 * float((high - low).max())
        across = marks[LEFT_OUTER] - marks[RIGHT_OUTER]
        turn = math.atan2(float(across[1]), float(across[0]))
    return FaceMarks(marks, score) if score >= MIN_SCORE else None


@dataclass(frozen=True)
class FaceVertices:
    """Vertices of the body and the face-mesh points that mark the same places.

    Attributes:
        vertices: int [M].
        marks: int [M].
    """

    vertices: NDArray[np.intp]
    marks: NDArray[np.intp]


@functools.cache
def face_vertices() -> FaceVertices:
    """Return Anny's vertices at eye corners, lids, lips, nose and chin; found once on the average body."""
    rest = canonical_rest()
    body, points = rest.body, rest.vertices
    assert isinstance(body, AnnyBody)
    charts = uv_charts(body.uv_faces)
    centres = body.uv[body.uv_faces].mean(axis=1)

    def chart(place: tuple[float, float]) -> NDArray[np.intp]:
        nearest = int(np.argmin(((centres - np.array(place)) ** 2).sum(axis=1)))
        return np.unique(body.faces[charts == charts[nearest]])

    head = chart(HEAD_CHART)
    pairs: list[tuple[int, int]] = []
    # the skin meets the linings of eyes and mouth at lids and lips
    corners = ((LEFT_OUTER, LEFT_INNER, LEFT_TOP, LEFT_BOTTOM), (RIGHT_OUTER, RIGHT_INNER, RIGHT_TOP, RIGHT_BOTTOM))
    sockets = np.unique(np.concatenate([chart(place) for place in SOCKET_CHARTS]))
    lids = np.intersect1d(head, sockets)
    for sign, (outer, inner, top, bottom) in zip((1.0, -1.0), corners, strict=True):
        rim = lids[points[lids, 0] * sign > 0]
        across, middle = points[rim, 0] * sign, float(np.mean(points[rim, 0]))
        central = rim[np.abs(points[rim, 0] - middle) < 0.006]
        pairs += [(int(rim[across.argmax()]), outer), (int(rim[across.argmin()]), inner)]
        pairs += [(int(central[points[central, 2].argmax()]), top), (int(central[points[central, 2].argmin()]), bottom)]
    lips = np.intersect1d(head, chart(MOUTH_CHART))
    lips = lips[points[lips, 1] < np.median(points[lids, 1]) + 0.03]
    pairs += [(int(lips[points[lips, 0].argmax()]), MOUTH_LEFT), (int(lips[points[lips, 0].argmin()]), MOUTH_RIGHT)]
    middle_lips = lips[np.abs(points[lips, 0]) < 0.004]
    pairs += [(int(middle_lips[points[middle_lips, 2].argmax()]), LIP_TOP)]
    pairs += [(int(middle_lips[points[middle_lips, 2].argmin()]), LIP_BOTTOM)]
    midline = head[np.abs(points[head, 0]) < 0.003]
    eye_level, mouth_level = float(points[lids, 2].mean()), float(points[lips, 2].mean())

    def foremost(low: float, high: float) -> int:
        band = midline[(points[midline, 2] > low) & (points[midline, 2] < high)]
        return int(band[points[band, 1].argmin()])

    pairs += [(foremost(mouth_level + 0.01, eye_level - 0.01), NOSE_TIP)]
    pairs += [(foremost(eye_level - 0.003, eye_level + 0.006), NASION)]
    pairs += [(foremost(mouth_level - 0.06, mouth_level - 0.025), CHIN)]
    vertices, marks = zip(*pairs, strict=True)
    return FaceVertices(np.array(vertices, np.intp), np.array(marks, np.intp))
