"""How far the photo fit is off, on pictures of synthetic people whose body, pose and camera are known."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import roma
import torch
from numpy.typing import NDArray

from dressform.authoring.synth.studio import StudioPerson, StudioPhoto, random_person, render_studio_photo
from dressform.runtime.avatar.avatar_file import Avatar
from dressform.runtime.avatar.estimate import estimate_avatar

PEOPLE = 12
FIRST_SEED = 7_000  # far from those that the fit was developed on
SIZE = (720, 960)


def run(people: int = PEOPLE) -> dict[str, Any]:
    """Fit clothed, standing people from their pictures alone, and with height and gender told.

    MPJPE is the mean distance of the 22 canonical joints about the pelvis, PA-MPJPE after the best similarity, PVE that
    of the skin's vertices [mm].
    """
    alone: list[dict[str, float]] = []
    told: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(FIRST_SEED, FIRST_SEED + people):
            path = Path(folder) / f"{seed}.png"
            truth = render_studio_photo(path, person=adult(seed), size=SIZE, seed=seed)
            shape = truth.rest.shape
            facts = {"height_m": truth.rest.measures().height, "gender": float(shape["gender"])}
            alone.append(_compare(path, truth))
            told.append(_compare(path, truth, **facts))
    return {
        "people": people,
        "size": f"{SIZE[0]}x{SIZE[1]}",
        "alone": _means(alone),
        "height_and_gender_told": _means(told),
    }


def adult(seed: int) -> StudioPerson:
    """Return someone with the height and build of the population: 1.63 ± 0.07 m women, 1.76 ± 0.07 m men."""
    rng = np.random.default_rng(seed)
    means, spreads = (0.5, 0.6, 0.36, 0.6), (0.15, 0.25, 0.065, 0.15)
    values = np.clip(rng.normal(means, spreads), 0.0, 1.0)
    build = dict(zip(("muscle", "weight", "height", "proportions"), values.tolist(), strict=True))
    return replace(random_person(seed), shape={"gender": float(rng.integers(2)), **build})


def _compare(path: Path, truth: StudioPhoto, **facts: Any) -> dict[str, float]:
    started = time.perf_counter()
    avatar = estimate_avatar(path, consent="self", **facts)
    seconds = time.perf_counter() - started
    joints, vertices = _in_camera(avatar)
    true_joints, true_vertices = _true_in_camera(truth)
    gap = joints - joints[0] - (true_joints - true_joints[0])
    error = avatar.quality["keypoint_error_px"]
    return {
        "mpjpe_mm": 1e3 * float(np.linalg.norm(gap, axis=1).mean()),
        "pa_mpjpe_mm": 1e3 * _aligned_error(joints, true_joints),
        "pve_mm": 1e3 * float(np.linalg.norm(vertices - joints[0] - (true_vertices - true_joints[0]), axis=1).mean()),
        "height_error_mm": 1e3 * abs(avatar.height - truth.rest.measures().height),
        "chest_error_mm": 1e3 * abs(avatar.measures["chest"] - truth.rest.measures().chest),
        "hip_error_mm": 1e3 * abs(avatar.measures["hip"] - truth.rest.measures().hip),
        "keypoint_error_px": float("nan") if error is None else error,
        "mask_iou": avatar.quality["mask_iou"] or 0.0,
        "seconds": seconds,
    }


def _in_camera(avatar: Avatar) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    assert avatar.pose is not None
    assert avatar.camera is not None
    rest = avatar.rest()
    pose = np.asarray(avatar.camera.T_world_cam, np.float64)
    return _to_camera(pose, rest.posed_joints(avatar.pose)), _to_camera(pose, rest.posed_vertices(avatar.pose))


def _true_in_camera(truth: StudioPhoto) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    pose = np.asarray(truth.camera.T_world_cam, np.float64)
    joints, vertices = truth.rest.posed_joints(truth.pose), truth.rest.posed_vertices(truth.pose)
    return _to_camera(pose, joints), _to_camera(pose, vertices)


def _to_camera(T_world_cam: NDArray[np.float64], points: NDArray[np.float32]) -> NDArray[np.float64]:
    return (points - T_world_cam[:3, 3]) @ T_world_cam[:3, :3]


def _aligned_error(found: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    a, b = torch.tensor(found), torch.tensor(true)
    turn, shift, scale = roma.rigid_points_registration(a, b, compute_scaling=True)
    return float((scale * a @ turn.T + shift - b).norm(dim=1).mean())


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    figures = {key: round(statistics.fmean(row[key] for row in rows), 3) for key in rows[0]}
    figures["seconds"] = round(statistics.median(row["seconds"] for row in rows), 2)
    return figures


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
