"""Where the detector marks known bodies: the table of `runtime/avatar/landmark_offsets.py`.

Bodies in random poses are drawn in plain clay; the offset of each landmark, fixed to its segment, that explains the
detections best is found by reweighted least squares over all pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dressform.runtime.avatar.detect import detect_persons
from dressform.runtime.avatar.fit_body import (
    FIT_LANDMARK_INDICES,
    FIT_LANDMARKS,
    SHAPE_KEYS,
    load_fit_body,
    pose_joints,
    pose_landmarks,
    shaped,
)
from dressform.runtime.avatar.fit_prior import HINGES, pose_prior, shape_prior
from dressform.runtime.avatar.fit_rows import rotation_matrices
from dressform.runtime.avatar.photo import photo_from_array
from dressform.runtime.avatar.silhouette import view_body
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import Pose
from dressform.runtime.geometry.rotations import matrix_to_quat
from dressform.runtime.render.scene import Camera

PICTURES = 120
SIZE, FIELD_OF_VIEW_RAD = (640, 800), 0.7
BACKDROP = (176, 180, 186)  # sRGB
OUTLIER = 0.035  # [m] residuals beyond this have little say


@dataclass(frozen=True)
class Sight:
    """One picture: keypoints [K, 3], their segments' turns [K, 3, 3] (camera axes), detections [K, 2], trust [K]."""

    points: NDArray[np.float64]
    turns: NDArray[np.float64]
    seen_px: NDArray[np.float64]
    trust: NDArray[np.float64]
    camera: Camera


def run(pictures: int = PICTURES) -> dict[str, Any]:
    """Return the offsets [m] of the middle and left landmarks, mirror images averaged."""
    sights = [sight for seed in range(pictures) if (sight := _look(seed)) is not None]
    offsets = np.stack([_offset([_row(s, k) for s in sights]) for k in range(len(FIT_LANDMARKS))])
    table = {}
    for k, name in enumerate(FIT_LANDMARKS):
        if name.startswith("right_"):
            continue
        twin = offsets[FIT_LANDMARKS.index(name.replace("left_", "right_"))] * [-1.0, 1.0, 1.0]
        table[name] = [round(float(v), 3) for v in (offsets[k] + twin) / 2]
    return {"pictures": len(sights), "offsets_m": table}


def _look(seed: int) -> Sight | None:
    rng = np.random.default_rng(seed)
    mean, spread = (values.numpy() for values in shape_prior())
    values = np.clip(rng.normal(mean, spread), 0.0, 1.0)
    values[SHAPE_KEYS.index("gender")] = rng.integers(2)
    prior = pose_prior()
    vectors = 0.6 * rng.normal(size=prior.sigma.shape) * np.nan_to_num(prior.sigma.numpy(), posinf=0.0)
    for joint, (axis, sign, _, _) in HINGES.items():
        vectors[JOINT_INDEX[joint], axis] = sign * abs(vectors[JOINT_INDEX[joint], axis])
    vectors[0] = (0.0, 0.0, rng.normal(0.0, 0.9))
    rotations = rotation_matrices(torch.tensor(vectors, dtype=torch.float32)) @ prior.mean
    rest = load_anny().rest(dict(zip(SHAPE_KEYS, values.tolist(), strict=True)))
    vertices = rest.posed_vertices(Pose(matrix_to_quat(rotations.numpy()).astype(np.float32), -rest.rig.t_pelvis))
    middle, reach = (vertices.max(0) + vertices.min(0)) / 2, float(np.ptp(vertices, axis=0).max())
    eye = middle + np.array([0.0, -1.25 * reach / (2 * np.tan(FIELD_OF_VIEW_RAD / 2)), 0.0])
    camera = Camera.look_at(eye, middle, FIELD_OF_VIEW_RAD, SIZE)
    view = view_body(rest.body, vertices, camera, max_side=max(SIZE))
    persons = detect_persons(photo_from_array(np.where(view.mask[..., None], view.rgb, np.array(BACKDROP, np.uint8))))
    if len(persons) != 1:
        return None
    body = shaped(load_fit_body(), torch.tensor(values[None], dtype=torch.float32))
    moves, places = pose_joints(body, rotations[None])
    segment = body.landmark_shares.argmax(1)
    turns = (moves[:, segment] @ body.alignments[:, segment].transpose(-1, -2))[0].numpy()
    to_camera = camera.T_world_cam[:3, :3].T
    points = (pose_landmarks(body, moves, places)[0].numpy() - camera.T_world_cam[:3, 3]) @ to_camera.T
    found = persons[0]
    seen, trust = found.points_px[FIT_LANDMARK_INDICES], found.visibility[FIT_LANDMARK_INDICES]
    return Sight(points, to_camera @ turns, seen.astype(np.float64), trust.astype(np.float64), camera)


def _row(sight: Sight, k: int) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return what an offset moves in the picture [2, 3], what it should, both in metres at the landmark, and trust."""
    x, y, z = sight.points[k]
    slope = np.array([[1.0, 0.0, -x / z], [0.0, 1.0, -y / z]]) @ sight.turns[k]
    centre = np.array(sight.camera.center_px)
    missing = (sight.seen_px[k] - centre) * z / sight.camera.focal_px - np.array([x, y])
    return slope, missing, float(sight.trust[k])


def _offset(rows: list[tuple[NDArray[np.float64], NDArray[np.float64], float]]) -> NDArray[np.float64]:
    offset = np.zeros(3)
    for _ in range(6):
        normal, side = 1e-6 * np.eye(3), np.zeros(3)
        for slope, missing, trust in rows:
            rest = missing - slope @ offset
            weight = trust / (1.0 + float(rest @ rest) / OUTLIER**2) ** 2
            normal += weight * slope.T @ slope
            side += weight * slope.T @ missing
        # what few views tell apart stays near zero
        offset = np.linalg.solve(normal + 0.02 * np.trace(normal) / 3 * np.eye(3), side)
    return offset


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name, offset in run()["offsets_m"].items():
        print(f'    "{name}": ({", ".join(f"{v:.3f}" for v in offset)}),')
