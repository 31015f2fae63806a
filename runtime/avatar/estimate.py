"""From one photo to an avatar: detect, fit, measure, take the skin, and say how far it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.measures import Measures
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.geometry.rotations import matrix_to_quat
from dressform.runtime.render.scene import Camera
from dressform.schemas.errors import ConsentError, InputError
from dressform.schemas.progress import Progress, silent

from .avatar_file import Avatar, Keypoint, Source
from .consent import CURE, read_consent
from .detect import LANDMARKS, Person, detect_person
from .face_landmarks import FaceMarks, face_vertices, find_face
from .fit import Fit, fit_person, refit
from .fit_body import FIT_LANDMARK_INDICES, load_fit_body
from .fit_rows import CAMERA_FROM_WORLD, Evidence
from .make import check_stature, gender_value
from .photo import Photo, load_photo, photo_from_array
from .photo_skin import read_skin
from .silhouette import mask_agreement, view_body

DEFAULT_FOCAL = 1.1  # of the picture's longer side: between a phone's main lens and a portrait lens
# A face this much larger than the fitted adult's, compared with the rest of the body, is a child's (up to about nine
# years). On renders of known bodies adults measured 0.88 to 1.01, children of five to eight 1.18 to 1.36.
CHILD_FACE = 1.12
SEEN = 0.5  # visibility from which a part counts as seen
PARTS: Mapping[str, tuple[str, ...]] = {
    "head": ("nose", "left_eye", "right_eye", "left_ear", "right_ear"),
    "torso": ("left_shoulder", "right_shoulder", "left_hip", "right_hip"),
    "left_arm": ("left_elbow", "left_wrist"),
    "right_arm": ("right_elbow", "right_wrist"),
    "left_leg": ("left_knee", "left_ankle"),
    "right_leg": ("right_knee", "right_ankle"),
    "feet": ("left_heel", "left_foot_index", "right_heel", "right_foot_index"),
}


def estimate_avatar(
    photo: Path | str | NDArray[np.uint8],
    *,
    consent: Path | str | None,
    height_m: float | None = None,
    mass_kg: float | None = None,
    gender: str | float | None = None,
    person: int | None = None,
    progress: Progress = silent,
) -> Avatar:
    """Estimate a person's body and looks from one photo. Adults only.

    Args:
        photo: A picture file, or sRGB uint8 [H, W, 3].
        consent: "self" for one's own photo, or the path of a consent file (who, for, until).
        height_m: Standing height; without it the height is a guess.
        mass_kg: Body mass, or None.
        gender: "female", "male", "neutral", or 0 (male) … 1 (female); None guesses weakly.
        person: Which person, counted from 1 at the left; needed only when there are several.
        progress: Told the finished fraction.

    Raises:
        ConsentError: No valid consent; the photo was not opened.
        UsageError: An argument out of range, or several persons and no number.
        InputError: The photo cannot be used, or shows no person, or a child.
    """
    if consent is None:
        raise ConsentError(f"no consent given; {CURE}")
    agreed = read_consent(consent)
    check_stature(height_m, mass_kg)
    told = _Told(height_m, mass_kg, gender_value(gender))
    progress(0.0, "reading the photo")
    picture = photo_from_array(photo) if isinstance(photo, np.ndarray) else load_photo(photo)
    progress(0.05, "finding the person")
    seen = detect_person(picture, person)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # on tensors this small more threads only wait for each other
    try:
        evidence, fit, rest = _fit(picture, seen, told, progress)
    finally:
        torch.set_num_threads(threads)
    pose, camera = _stand(fit, rest, picture, evidence.focal_px)
    vertices = rest.posed_vertices(pose)
    marks = find_face(picture.rgb, seen)
    _refuse_child(picture, marks, camera, vertices)
    view = view_body(rest.body, vertices, camera)
    progress(0.8, "taking the skin")
    skin = read_skin(picture, seen, marks, rest, vertices, camera, view)
    quality, flags = _quality(evidence, fit, seen, told, rest.measures())
    if marks is None:
        flags.append("age_unchecked")
    quality["mask_iou"] = mask_agreement(view, seen.mask)
    avatar = Avatar(
        family="anny",
        shape=dict(rest.shape),
        measures=rest.measures().as_dict(),
        pose=pose,
        camera=camera,
        texture=skin.texture,
        skin_tone=skin.skin_tone,
        hair_color=skin.hair_color,
        light=skin.light,
        keypoints=_keypoints(seen),
        quality=quality,
        flags=(*flags, *skin.flags),
        consent=agreed,
        source=Source(picture.sha256, picture.original_size_px),
        retention=agreed.until,
    )
    progress(1.0, "avatar ready")
    return avatar


@dataclass(frozen=True)
class _Told:
    height_m: float | None
    mass_kg: float | None
    gender: float | None


def _fit(picture: Photo, seen: Person, told: _Told, progress: Progress) -> tuple[Evidence, Fit, RestBody]:
    body = load_fit_body(progress)
    anny = load_anny(progress)
    height, width = picture.rgb.shape[:2]
    evidence = Evidence(
        points_px=seen.points_px[FIT_LANDMARK_INDICES],
        visibility=seen.visibility[FIT_LANDMARK_INDICES],
        world=seen.world[FIT_LANDMARK_INDICES],
        focal_px=picture.focal_px or DEFAULT_FOCAL * max(width, height),
        centre_px=(width / 2.0, height / 2.0),
        mask=seen.mask,
        height_m=told.height_m,
        mass_kg=told.mass_kg,
        gender=told.gender,
    )
    fit = fit_person(body, evidence, progress=lambda f, m: progress(0.1 + 0.5 * f, m))
    rest = anny.rest(fit.shape)
    if told.mass_kg is not None or told.height_m is not None:
        # the baked body's mass and stature are interpolated: correct them by the true ones and fit once more
        fit = _refine_told(evidence, fit, told)
        rest = anny.rest(fit.shape)
    return evidence, fit, rest


def _refuse_child(picture: Photo, marks: FaceMarks | None, camera: Camera, vertices: NDArray[np.float32]) -> None:
    """Raise when the face is as large against the body as a child's."""
    if marks is None:
        return
    pairs = face_vertices()
    adult = camera.project(vertices[pairs.vertices])[:, :2]
    seen = marks.points_px[pairs.marks]
    spread = [np.linalg.norm(points - points.mean(0)) for points in (seen, adult)]
    if spread[0] > CHILD_FACE * spread[1]:
        raise InputError(
            f"{picture.name}: the person has a child's proportions; only adults can be fitted; use a photo of an adult"
        )


def _refine_told(evidence: Evidence, fit: Fit, told: _Told) -> Fit:
    body, anny = load_fit_body(), load_anny()
    for _ in range(2):
        measured = anny.rest(fit.shape).measures()
        wanted = evidence
        if told.height_m is not None:
            wanted = replace(wanted, height_m=told.height_m + fit.stature - measured.height)
        fit = refit(body, wanted, fit, mass_ratio=measured.mass / fit.mass)
    return fit


def _stand(fit: Fit, rest: RestBody, picture: Photo, focal_px: float) -> tuple[Pose, Camera]:
    """Put the person on the ground at the origin and the camera where it then was, looking level along +y."""
    rotations = matrix_to_quat(fit.rotations).astype(np.float32)
    hanging = rest.posed_vertices(Pose(rotations, -rest.rig.t_pelvis))  # pelvis at the origin
    pelvis = np.array([0.0, 0.0, -float(hanging[:, 2].min())])
    pose = Pose(rotations, (pelvis - rest.rig.t_pelvis).astype(np.float32))
    turn = CAMERA_FROM_WORLD.numpy().astype(np.float64).T
    transform = np.eye(4)
    transform[:3, :3] = turn
    transform[:3, 3] = pelvis - turn @ fit.pelvis.astype(np.float64)
    height, width = picture.rgb.shape[:2]
    return pose, Camera(transform, focal_px, (width / 2.0, height / 2.0), (width, height))


def _quality(
    evidence: Evidence, fit: Fit, seen: Person, told: _Told, measures: Measures
) -> tuple[dict[str, float | None], list[str]]:
    """Return figures and flags: confidence of each part, landmark error, and what was guessed."""
    flags: list[str] = []
    figures: dict[str, float | None] = {}
    for part, names in PARTS.items():
        confidence = float(np.mean([seen.visibility[LANDMARKS.index(name)] for name in names]))
        figures[f"{part}_confidence"] = confidence
        if confidence < SEEN:
            flags.append(f"{part}_unseen")
    gap = np.linalg.norm(fit.points_px - evidence.points_px, axis=1)
    clear = evidence.visibility > SEEN
    figures["keypoint_error_px"] = float(gap[clear].mean()) if clear.any() else None
    figures["detection_score"] = seen.score
    if told.height_m is None:
        flags.append("height_guessed")
    elif abs(measures.height - told.height_m) > 0.02:
        flags.append("height_not_reached")
    if told.gender is None:
        flags.append("gender_guessed")
    if told.mass_kg is not None and abs(measures.mass - told.mass_kg) > 0.05 * told.mass_kg:
        flags.append("mass_not_reached")
    return figures, flags


def _keypoints(seen: Person) -> tuple[Keypoint, ...]:
    return tuple(
        Keypoint(name, (float(xy[0]), float(xy[1])), float(np.clip(v, 0.0, 1.0)))
        for name, xy, v in zip(LANDMARKS, seen.points_px, seen.visibility, strict=True)
    )
