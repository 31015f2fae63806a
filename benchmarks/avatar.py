"""How far an avatar estimated from one photo is from the person in it: synthetic, clothed, standing people."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.authoring.synth.studio import StudioPhoto, random_person, render_studio_photo
from dressform.runtime.avatar.avatar_file import Avatar
from dressform.runtime.avatar.estimate import estimate_avatar
from dressform.runtime.body.protocol import Pose

CASES, FIRST_SEED, SIZE = 8, 7_000, (600, 800)

FloatArray = NDArray[np.float64]


def run() -> dict[str, Any]:
    """Photograph eight random people and estimate each, without and with height and gender.

    Returns:
        Means in millimetres: MPJPE of the 22 canonical joints about the pelvis, PA-MPJPE of them after a similarity,
        PVE of the skin in the T-pose about the pelvis (shape alone), the error of the height; seconds a photo.
    """
    plain, told = [], []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(FIRST_SEED, FIRST_SEED + CASES):
            path = Path(folder) / f"{seed}.png"
            photo = render_studio_photo(path, person=random_person(seed), size=SIZE, seed=seed)
            plain.append(_case(path, photo))
            height = photo.rest.measures().height
            gender = float(photo.person.shape["gender"])
            told.append(_case(path, photo, height_m=height, gender=gender))
    return {
        "cases": CASES,
        "first_seed": FIRST_SEED,
        "photo": f"{SIZE[0]}x{SIZE[1]}, synthetic, standing, clothed",
        "from_the_photo_alone": _means(plain),
        "with_height_and_gender": _means(told),
    }


def _case(path: Path, photo: StudioPhoto, **known: Any) -> dict[str, float]:
    started = time.perf_counter()
    avatar = estimate_avatar(path, consent="self", **known)
    seconds = time.perf_counter() - started
    rest = avatar.rest()
    found, truth = _in_camera(avatar), photo.camera
    assert avatar.pose is not None
    wanted = _seen(photo.rest.posed_joints(photo.pose), np.asarray(truth.T_world_cam, np.float64))
    skin = rest.posed_vertices(Pose.t_pose()) - rest.posed_joints(Pose.t_pose())[0]
    true_skin = photo.rest.posed_vertices(Pose.t_pose()) - photo.rest.posed_joints(Pose.t_pose())[0]
    return {
        "mpjpe_mm": _mean_mm((found - found[0]) - (wanted - wanted[0])),
        "pa_mpjpe_mm": _mean_mm(_aligned(found, wanted) - wanted),
        "pve_mm": _mean_mm(skin - true_skin),
        "height_mm": 1e3 * abs(avatar.height - photo.rest.measures().height),
        "seconds": seconds,
    }


def _in_camera(avatar: Avatar) -> FloatArray:
    """Return the estimated joints as the estimated camera sees them [22, 3] [m]."""
    assert avatar.pose is not None
    assert avatar.camera is not None
    joints = avatar.rest().posed_joints(avatar.pose)
    return _seen(joints, np.asarray(avatar.camera.T_world_cam, np.float64))


def _seen(points: NDArray[np.float32], pose: FloatArray) -> FloatArray:
    return np.asarray((points.astype(np.float64) - pose[:3, 3]) @ pose[:3, :3])


def _aligned(points: FloatArray, target: FloatArray) -> FloatArray:
    """Return the points after the similarity that brings them nearest to the target (Umeyama 1991)."""
    a, b = points - points.mean(axis=0), target - target.mean(axis=0)
    u, scale, v = np.linalg.svd(a.T @ b)
    flip = np.array([1.0, 1.0, float(np.sign(np.linalg.det(u @ v)))])
    rotation = u @ np.diag(flip) @ v
    return np.asarray((scale * flip).sum() / (a * a).sum() * a @ rotation + target.mean(axis=0))


def _mean_mm(differences: NDArray[np.floating]) -> float:
    return float(1e3 * np.linalg.norm(differences, axis=1).mean())


def _means(cases: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.fmean(case[name] for case in cases), 2) for name in cases[0]}
