"""How a rig fares: a sweep of poses on bodies from thin to heavy, stretch and cloth inside the body."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.rig import Rig
from dressform.runtime.body.body_range import BODIES, ranged_body
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.outfit import Outfit
from dressform.runtime.garment.penetration import DEPTH
from dressform.runtime.garment.stretch import cloth_edges, edge_ratios
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.motion.sweep_poses import SWEEP, sweep_pose
from dressform.schemas.progress import Progress, silent

# the thinnest and the heaviest; what `quick` leaves out lies between them
_QUICK_BODIES = ("thin woman", "heavy woman", "thin man", "heavy man")
_LANES = 2
_MOST_QUERIES = 6000  # of a larger garment, every n-th point and triangle centre is tested


@dataclass(frozen=True)
class PoseCheck:
    """How a garment fares on one body in one pose.

    Edges are measured against the garment's own lengths under plain skinning, which are not the rest body's: what a
    larger body stretches counts.

    Attributes:
        body: Its name.
        pose: Its name.
        stretch_mean: Mean of |edge length / own length - 1|.
        stretch_p95: Its 95th percentile.
        stretch_max: Largest edge length / own length.
        penetrating: Fraction of points and triangle centres deeper than 1 mm in the whole posed body, before push-out.
        penetrating_after: The same after push-out.
    """

    body: str
    pose: str
    stretch_mean: float
    stretch_p95: float
    stretch_max: float
    penetrating: float
    penetrating_after: float

    @property
    def badness(self) -> float:
        """What the worst pose is chosen by: stretch, and what the push-out leaves inside counted fivefold."""
        return self.stretch_p95 + 5 * self.penetrating_after


@dataclass(frozen=True)
class Sweep:
    """All checks of a garment.

    Attributes:
        checks: One for each body and pose.
    """

    checks: tuple[PoseCheck, ...]

    @property
    def worst(self) -> PoseCheck:
        """The check with the most stretch and penetration together."""
        return max(self.checks, key=lambda check: check.badness)

    def to_json(self) -> dict[str, Any]:
        """Return JSON values: every check, their gist and the worst."""

        def mean(name: str) -> float:
            return float(np.mean([getattr(check, name) for check in self.checks]))

        rounded = [
            {key: round(value, 5) if isinstance(value, float) else value for key, value in asdict(check).items()}
            for check in self.checks
        ]
        return {
            "poses": rounded,
            "poses_gist": {
                "stretch_p95_mean": round(mean("stretch_p95"), 4),
                "penetrating_mean": round(mean("penetrating"), 5),
                "penetrating_after_mean": round(mean("penetrating_after"), 5),
                "penetrating_after_worst": max(row["penetrating_after"] for row in rounded),
            },
            "worst_pose": {"body": self.worst.body, "pose": self.worst.pose},
        }


def pose_sweep(
    mesh: GarmentMesh,
    rig: Rig,
    rest: RestBody,
    *,
    poses: Sequence[str] = tuple(SWEEP),
    quick: bool = False,
    progress: Progress = silent,
) -> Sweep:
    """Dress bodies from thin to heavy and pose them as the runtime does.

    Args:
        mesh: The garment on the canonical body.
        rig: Its rig.
        rest: The canonical body.
        poses: Of `SWEEP`.
        quick: Try the thinnest and the heaviest bodies only.
        progress: Told how far it is.
    """
    names = _QUICK_BODIES if quick else tuple(BODIES)
    done: list[PoseCheck] = []
    with ThreadPoolExecutor(_LANES) as lanes:
        for number, checks in enumerate(lanes.map(lambda name: _on_body(mesh, rig, rest, name, poses), names)):
            done += checks
            progress((number + 1) / len(names), f"tried poses on {number + 1} of {len(names)} bodies")
    return Sweep(tuple(done))


def dressed_pose(mesh: GarmentMesh, rig: Rig, rest: RestBody, check: PoseCheck) -> list[NDArray[np.float32]]:
    """Return the body's and the garment's points of one check, after push-out [m]."""
    body = ranged_body(rest.body, check.body)
    outfit = Outfit(body, [DressedGarment("garment", mesh, rig, 0)])
    out = wp.zeros(sum(outfit.vertex_counts), dtype=wp.vec3, device=outfit.device)
    outfit.pose(body.skin_transforms(sweep_pose(body, check.pose)), out)
    return outfit.split(out.numpy())


def _on_body(mesh: GarmentMesh, rig: Rig, rest: RestBody, name: str, poses: Sequence[str]) -> list[PoseCheck]:
    body = ranged_body(rest.body, name)
    outfit = Outfit(body, [DressedGarment("garment", mesh, rig, 0)])
    out = wp.zeros(sum(outfit.vertex_counts), dtype=wp.vec3, device=outfit.device)
    checks = []
    for pose in poses:
        transforms = body.skin_transforms(sweep_pose(body, pose))
        outfit.pose(transforms, out, push_out=False)
        skinned, plain = (part.copy() for part in outfit.split(out.numpy()))
        outfit.pose(transforms, out)
        pushed = outfit.split(out.numpy())[1]
        queries = [_samples(plain, mesh.faces), _samples(pushed, mesh.faces)]
        signed = Surface(skinned, body.body.faces).signed_distance(np.concatenate(queries))
        before, after = (float((half < -DEPTH).mean()) for half in np.split(signed, 2))
        ratios = edge_ratios(mesh, plain)[cloth_edges(mesh)]
        off = np.abs(ratios - 1)
        checks.append(
            PoseCheck(
                name,
                pose,
                float(off.mean()),
                float(np.quantile(off, 0.95)),
                float(ratios.max()),
                before,
                after,
            )
        )
    return checks


def _samples(points: NDArray[np.floating], faces: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return points and triangle centres, evenly thinned where they are many [Q, 3]."""
    both = np.concatenate([points, points[faces].mean(axis=1)])
    return np.asarray(both[:: -(-len(both) // _MOST_QUERIES)], np.float32)
