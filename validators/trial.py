"""Garments tried on: posed as the runtime does, then measured for what a viewer would notice."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.body.body_range import BODIES
from dressform.runtime.garment.outfit import Outfit
from dressform.runtime.garment.penetration import DEPTH, LAYER_REACH, distance_to_cloth
from dressform.runtime.garment.stretch import cloth_edges, edge_ratios
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.motion.sweep_poses import SWEEP, sweep_pose
from dressform.schemas.progress import Progress, silent

from .holes import Hole, find_holes
from .rule import LISTED, NotTestableError
from .slip import slip
from .subject import Subject
from .wearable import Wearable, check_names, trial_body, wearable

LANES = 2
MOST_QUERIES = 6000  # of a larger garment, every n-th point and triangle centre is tested
SHARE = 0.95  # the quantile of stretch that is told: a few edges at buttons and corners always stretch

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Trial:
    """How a garment, over another one or over bare skin, fares on one body in one pose.

    Attributes:
        garment: Label of the outer garment, which the figures are of.
        size: Its size.
        under: Label and size of the garment below it, or None.
        body: The body's name.
        pose: The pose's name.
        penetrating_before: Part of its points and triangle centres deeper than 1 mm in the posed body, before push-out.
        penetrating: The same as it is drawn, after push-out.
        deepest: Of those, after push-out [m].
        stretch: How much longer the cloth's edges are than they are cut, 95th percentile; 0.2 is a fifth.
        stretch_most: The same of the longest edge.
        sunk: Part of its points and triangle centres deeper than 1 mm in the garment below; 0 where there is none.
        hole: What is seen through where the hide mask left skin out.
        inside: Triangles in the body, the first ones.
        strained: The most stretched triangles.
        through: Triangles in the garment below, the first ones.
    """

    garment: str
    size: str
    under: str | None
    body: str
    pose: str
    penetrating_before: float
    penetrating: float
    deepest: float
    stretch: float
    stretch_most: float
    sunk: float
    hole: Hole
    inside: tuple[int, ...]
    strained: tuple[int, ...]
    through: tuple[int, ...]


def try_on(
    garment: Wearable,
    bodies: Sequence[str],
    poses: Sequence[str],
    *,
    under: Wearable | None = None,
    size: str | None = None,
    progress: Progress = silent,
) -> tuple[Trial, ...]:
    """Try a garment on, body by body and pose by pose.

    Args:
        garment: What is measured.
        bodies: Names of `BODIES`.
        poses: Names of `SWEEP`.
        under: What is worn below it.
        size: Of the garment; each body's own when None.
        progress: Told after every body.
    """
    check_names("body", bodies, BODIES)
    check_names("pose", poses, SWEEP)
    done: list[Trial] = []
    with ThreadPoolExecutor(LANES) as lanes:
        jobs = lanes.map(lambda body: _on_body(garment, under, size, body, poses), bodies)
        for number, trials in enumerate(jobs):
            done += trials
            progress((number + 1) / len(bodies), f"{garment.label} on {bodies[number]}")
    return tuple(done)


def swept(subject: Subject) -> tuple[Trial, ...]:
    """Try a draft or version on alone, over the bodies and poses of its budgets."""
    return try_on(wearable(subject), subject.budgets.sweep_bodies, subject.budgets.sweep_poses)


def swept_over_slip(subject: Subject) -> tuple[Trial, ...]:
    """Try a draft or version on over a close-fitting layer, over the bodies and poses of its budgets."""
    garment, below = wearable(subject), slip()
    if garment.layer <= below.layer:
        raise NotTestableError(f"it lies on the skin (layer {garment.layer}): nothing is worn below it")
    return try_on(garment, subject.budgets.sweep_bodies, subject.budgets.sweep_poses, under=below)


def dressed_pose(
    garment: Wearable, body: str, pose: str, *, size: str, under: Wearable | None = None
) -> tuple[Outfit, list[Floats]]:
    """Return the outfit of one trial and the points of its body and garments, after push-out [m]."""
    rest = trial_body(body)
    lower = [] if under is None else [under.dressed(under.size_for(body))]
    outfit = Outfit(rest, [*lower, garment.dressed(size)])
    out = wp.zeros(sum(outfit.vertex_counts), dtype=wp.vec3, device=outfit.device)
    outfit.pose(rest.skin_transforms(sweep_pose(rest, pose)), out)
    return outfit, outfit.split(out.numpy())


def _on_body(
    garment: Wearable, under: Wearable | None, size: str | None, body: str, poses: Sequence[str]
) -> list[Trial]:
    rest, chosen = trial_body(body), size or garment.size_for(body)
    lower = [] if under is None else [under.dressed(under.size_for(body))]
    below = None if under is None else f"{under.label}:{under.size_for(body)}"
    outfit = Outfit(rest, [*lower, garment.dressed(chosen)])
    out = wp.zeros(sum(outfit.vertex_counts), dtype=wp.vec3, device=outfit.device)
    mesh = garment.meshes[chosen]
    trials = []
    for pose in poses:
        transforms = rest.skin_transforms(sweep_pose(rest, pose))
        outfit.pose(transforms, out, push_out=False)
        plain = outfit.split(out.numpy().copy())[-1]
        outfit.pose(transforms, out)
        posed = outfit.split(out.numpy().copy())
        before, after = _depths(posed[0], rest.body.faces, plain, posed[-1], mesh.faces)
        longer = edge_ratios(mesh, posed[-1]) - 1
        cloth = longer[cloth_edges(mesh)]
        sunk = np.zeros(0, np.float32) if under is None else _sunk(posed, outfit.faces)
        of_faces = longer[edges(mesh.faces).face_edges].max(axis=1)
        trials.append(
            Trial(
                garment.label,
                chosen,
                below,
                body,
                pose,
                float((before < -DEPTH).mean()),
                float((after < -DEPTH).mean()),
                float(max(-after.min(), 0.0)),
                max(float(np.quantile(cloth, SHARE)), 0.0),
                float(cloth.max()),
                float((sunk < -DEPTH).mean()) if len(sunk) else 0.0,
                find_holes(posed, outfit.faces, outfit.hidden_body_faces),
                _faces_of(after < -DEPTH, mesh),
                tuple(np.argsort(-of_faces, kind="stable")[:LISTED].tolist()),
                _faces_of(sunk < -DEPTH, mesh) if len(sunk) else (),
            )
        )
    return trials


def _depths(
    body: Floats, body_faces: NDArray[np.int32], plain: Floats, pushed: Floats, faces: NDArray[np.int32]
) -> tuple[Floats, Floats]:
    """Return the heights over the body of the thinned points and triangle centres, before and after push-out [m]."""
    queries = np.concatenate([_samples(plain, faces), _samples(pushed, faces)])
    before, after = np.split(Surface(body, body_faces).signed_distance(queries), 2)
    return before, after


def _sunk(posed: Sequence[Floats], faces: Sequence[NDArray[np.int32]]) -> Floats:
    """Return how deep the outer garment's thinned points and triangle centres are in the one below, negative [m]."""
    signed = distance_to_cloth(_samples(posed[-1], faces[-1]), posed[-2], faces[-2])
    return np.where(np.isfinite(signed) & (signed > -LAYER_REACH), signed, np.float32(0))


def _stride(points: int, faces: int) -> int:
    return -(-(points + faces) // MOST_QUERIES)


def _samples(points: Floats, faces: NDArray[np.int32]) -> Floats:
    both = np.concatenate([points, points[faces].mean(axis=1)])
    return np.asarray(both[:: _stride(len(points), len(faces))], np.float32)


def _faces_of(bad: NDArray[np.bool_], mesh: GarmentMesh) -> tuple[int, ...]:
    """Return the first triangles whose centre, or a corner of which, is a bad sample; `bad` is as `_samples` thins."""
    count = len(mesh.points)
    numbers = np.flatnonzero(bad) * _stride(count, len(mesh.faces))
    touched = np.zeros(count, np.bool_)
    touched[numbers[numbers < count]] = True
    found: NDArray[np.bool_] = np.asarray(touched[mesh.faces].any(axis=1))
    found[numbers[numbers >= count] - count] = True
    return tuple(np.flatnonzero(found)[:LISTED].tolist())
