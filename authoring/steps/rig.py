"""Rig: skin weights, surface binding and hide mask, without painting."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.rig import Rig
from dressform.assets.files.skeleton import Skeleton
from dressform.authoring.draft import Draft
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.garment.shape_transfer import bind
from dressform.runtime.geometry.normals import vertex_normals
from dressform.schemas.errors import InputError
from dressform.schemas.progress import Progress, silent

from ._place_overlay import match_picture
from ._rig_hide import covered_faces
from ._rig_sweep import PoseCheck, pose_sweep
from ._rig_transfer import TransferOptions, cloth_joint_map, dense_weights, packed, transfer_weights

_FARTHEST = 0.6  # [m] a garment further than this from the body does not lie on it


@dataclass(frozen=True)
class RigOptions:
    """How a garment is rigged.

    Attributes:
        distance_fraction: Largest distance of a sure match, as a fraction of the garment's bounding-box diagonal.
        angle_deg: Largest angle between cloth and skin normals of a sure match.
        smoothing: Length over which weights are evened out [m].
        hide_reach: Skin is covered when cloth lies within this distance along its normal [m].
        hide_margin: Rings of skin triangles left visible at openings.
        match_picture: Also leave `rig_match.png`, which shows the points that were matched and those solved for.
    """

    distance_fraction: float = 0.05
    angle_deg: float = 30.0
    smoothing: float = 0.015
    hide_reach: float = 0.08
    hide_margin: int = 2
    match_picture: bool = False


@dataclass(frozen=True)
class RigReport:
    """How the rig came about.

    Attributes:
        matched: Fraction of points with weights copied from the skin below.
        inpainted: Fraction of points with weights solved for.
        islands_without_match: Pieces of the garment that had no sure match and took the nearest skin's weights.
        joints_used: Number of joints with any weight.
        largest_offset: Largest distance between a point and the skin it hangs on [m].
        hidden_fraction: Fraction of the body's triangles that the garment hides.
        poses: The quick pose sweep.
        matches: bool [V] which points were matched.
    """

    matched: float
    inpainted: float
    islands_without_match: int
    joints_used: int
    largest_offset: float
    hidden_fraction: float
    poses: tuple[PoseCheck, ...]
    matches: NDArray[np.bool_]

    def to_json(self) -> dict[str, Any]:
        """Return JSON values (without the mask)."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in ("poses", "matches")}
        return {**plain, "poses": [asdict(check) for check in self.poses]}


def rig(draft: Draft, options: RigOptions = RigOptions(), *, progress: Progress = silent) -> Draft:
    """Rig a draft's garment to the canonical body."""
    begun = time.perf_counter()
    rest = canonical_rest()
    made, report = rig_mesh(draft.mesh, rest, options, progress=progress)
    files: dict[str, bytes | None] = {"rig_match.png": None}
    if options.match_picture:
        files["rig_match.png"] = match_picture(draft.mesh, report.matches, rest)
    return draft.commit_step(
        "rig",
        asdict(options),
        report.to_json(),
        rig=made,
        skeleton=skeleton_of(rest),
        files=files,
        seconds=time.perf_counter() - begun,
    )


def rig_mesh(
    mesh: GarmentMesh, rest: RestBody, options: RigOptions = RigOptions(), *, progress: Progress = silent
) -> tuple[Rig, RigReport]:
    """Rig a placed garment to a body.

    Weights are found per welded point, so the two sides of a UV seam always agree.

    Args:
        mesh: The garment on the rest body.
        rest: The canonical body.
        options: How it is rigged.
        progress: Told how far it is.
    """
    body = rest.body
    points = mesh.points
    if len(mesh.faces) == 0 or not np.isfinite(points).all():
        raise InputError("rig: the garment has no triangles or points that are not finite; run the step `clean` first")
    progress(0.0, "carrying weights over")
    joint_map = cloth_joint_map(body.joint_names, body.joint_parents)
    body_weights = dense_weights(body.joint_indices, body.joint_weights, joint_map)
    transfer_options = TransferOptions(options.distance_fraction, options.angle_deg, options.smoothing)
    transfer = transfer_weights(points, mesh.faces, rest.vertices, body.faces, body_weights, transfer_options)
    joint_indices, joint_weights = packed(transfer.weights)
    progress(0.4, "binding")
    binding = bind(points, rest.vertices, body.faces, normals=vertex_normals(points, mesh.faces))
    largest = float(np.linalg.norm(binding.offsets, axis=1).max())
    if largest > _FARTHEST:
        raise InputError(
            f"rig: a point lies {largest:.2f} m from the body, needed at most {_FARTHEST} m; bring the garment onto it "
            "with `dressform garment place DRAFT`, where that leaves it off with --translate X Y Z, --rotate or --scale"
        )
    progress(0.6, "finding what it covers")
    hide = covered_faces(
        points, mesh.faces, rest.vertices, body.faces, reach=options.hide_reach, margin=options.hide_margin
    )
    made = Rig(
        body=body.family,
        body_digest=body.topology_digest,
        joints=body.joint_names,
        joint_indices=joint_indices,
        joint_weights=joint_weights,
        binding_triangles=binding.triangles,
        binding_barycentrics=binding.barycentrics,
        binding_offsets=binding.offsets,
        hide=hide,
    )
    progress(0.8, "trying poses")
    checks = pose_sweep(points, mesh.faces, made, rest)
    report = RigReport(
        matched=float(transfer.matched.mean()),
        inpainted=float(1 - transfer.matched.mean()),
        islands_without_match=transfer.islands_without_match,
        joints_used=int((transfer.weights.max(axis=0) > 0).sum()),
        largest_offset=largest,
        hidden_fraction=float(hide.mean()),
        poses=tuple(checks),
        matches=transfer.matched,
    )
    progress(1.0, "rigged")
    return made, report


def skeleton_of(rest: RestBody) -> Skeleton:
    """Return the rest body's joints as glTF needs them."""
    return Skeleton(rest.body.joint_names, rest.body.joint_parents, rest.joint_poses)
