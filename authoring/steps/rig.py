"""Rig: skin weights, surface binding and hide mask, without painting; the artist's corrections are kept."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, outer_faces
from dressform.assets.files.rig import Rig, SizeBinding
from dressform.assets.files.skeleton import Skeleton
from dressform.authoring.draft import Draft
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.garment.shape_transfer import bind
from dressform.runtime.garment.under import cloth_normals
from dressform.runtime.motion.sweep_poses import SWEEP
from dressform.schemas.errors import InputError, UsageError
from dressform.schemas.progress import Progress, silent

from ._rig_hide import covered_faces, hidden_by_artist
from ._rig_mask import read_mask
from ._rig_overrides import Corrections, orders_of, read_regions
from ._rig_painted import PAINTED, read_painted
from ._rig_picture import match_picture, weights_picture, worst_picture
from ._rig_poses import QUICK
from ._rig_refine import RefineOptions
from ._rig_source import SourceUse
from ._rig_sweep import Sweep, pose_sweep
from ._rig_transfer import TransferOptions, packed
from ._rig_weights import Origin, Weights, find_weights

_FARTHEST = 0.6  # [m] a garment further than this from the body does not lie on it
SWEEPS = ("full", "quick", "none")
_NONE = Corrections()
_MASK = "overrides/rig_mask.png"
_REGIONS = "overrides/rig.json"
_PICTURES = ("rig_match.png", "rig_weights.png", "rig_worst.png")


@dataclass(frozen=True)
class RigOptions:
    """How a garment is rigged.

    Attributes:
        distance_fraction: Largest distance of a sure match, as a fraction of the garment's bounding-box diagonal.
        angle_deg: Largest angle between cloth and skin normals of a sure match.
        smoothing: Length over which weights are evened out [m].
        hide_reach: Skin is covered when cloth lies within this distance along its normal [m].
        hide_margin: Rings of skin triangles left visible at openings.
        tune: Whether weights are tuned over poses.
        sweep: Bodies and poses the rig is tried on: "full", "quick" or "none".
    """

    distance_fraction: float = 0.05
    angle_deg: float = 30.0
    smoothing: float = 0.015
    hide_reach: float = 0.08
    hide_margin: int = 2
    tune: bool = True
    sweep: str = "quick"

    def __post_init__(self) -> None:
        if self.sweep not in SWEEPS:
            raise UsageError(f"--sweep {self.sweep!r} is unknown; use {', '.join(SWEEPS)}")


@dataclass(frozen=True)
class RigReport:
    """How the rig came about.

    Attributes:
        matched: Fraction of points with weights copied from the skin below.
        inpainted: Fraction of points with weights solved for.
        islands_without_match: Pieces with neither skin nor cloth to follow; they took the nearest skin's weights.
        hung_pieces: Pieces without a sure match that follow the cloth they touch.
        rigid_parts: Parts that move as one.
        corrected: Fraction of points under the artist's corrections.
        source_skin: What became of the skin that the garment's file came with.
        joints_used: Number of joints with any weight.
        largest_offset: Largest distance between a point and the skin it hangs on [m].
        hidden_fraction: Fraction of the body's triangles that the garment hides.
        sweep: How it fares over bodies and poses, or None when that was not asked for.
        origins: int8 [V] where each point's weights come from, an `_rig_weights.Origin` each.
    """

    matched: float
    inpainted: float
    islands_without_match: int
    hung_pieces: int
    rigid_parts: int
    corrected: float
    source_skin: SourceUse
    joints_used: int
    largest_offset: float
    hidden_fraction: float
    origins: NDArray[np.int8]
    sweep: Sweep | None = field(default=None)

    def to_json(self) -> dict[str, Any]:
        """Return JSON values (without the origins)."""
        apart = ("sweep", "origins", "source_skin")
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in apart}
        source = {
            "source_skin": self.source_skin.state,
            "source_joints_mapped": self.source_skin.mapped,
            "source_joints": self.source_skin.joints,
        }
        return {**plain, **source, **({} if self.sweep is None else self.sweep.to_json())}


def rig(
    draft: Draft,
    options: RigOptions = RigOptions(),
    *,
    corrections: Corrections | None = None,
    progress: Progress = silent,
) -> Draft:
    """Rig a draft's garment to the canonical body.

    Args:
        draft: With its garment placed.
        options: See there.
        corrections: The artist's, to be kept in the draft in place of earlier ones; None uses those it has.
        progress: Told how far it is.
    """
    begun = time.perf_counter()
    rest = canonical_rest()
    files: dict[str, bytes | None] = {}
    if corrections is None:
        corrections = kept_corrections(draft)
    else:
        files = _correction_files(corrections)
    mesh = draft.mesh
    made, report = rig_mesh(
        mesh, rest, options, corrections=corrections, progress=lambda f, what: progress(0.5 * f, what)
    )
    made = with_sizes(made, {size: draft.mesh_of(size) for size in draft.further_sizes}, rest, options)
    told = hidden_by_artist(draft, rest.body.faces, margin=options.hide_margin)
    if told.any():
        made = replace(made, hide=made.hide | told)
        report = replace(report, hidden_fraction=float(made.hide.mean()))
    poses = {"full": tuple(SWEEP), "quick": QUICK, "none": ()}[options.sweep]
    if poses:
        sweep = pose_sweep(
            mesh,
            made,
            rest,
            poses=poses,
            quick=options.sweep == "quick",
            progress=lambda f, w: progress(0.5 + 0.4 * f, w),
        )
        report = replace(report, sweep=sweep)
    progress(0.9, "drawing what was matched")
    files |= dict.fromkeys(_PICTURES)
    files["rig_match.png"] = match_picture(mesh, report.origins, rest)
    files["rig_weights.png"] = weights_picture(mesh, made, rest)
    if report.sweep is not None:
        files["rig_worst.png"] = worst_picture(mesh, made, report.sweep)
    progress(1.0, "rigged")
    return draft.commit_step(
        "rig",
        asdict(options),
        report.to_json(),
        rig=made,
        skeleton=skeleton_of(rest),
        files=files,
        seconds=time.perf_counter() - begun,
    )


def new_corrections(
    draft: Draft, mask: Path | None, mask_uv: int | None, override: Path | None, *, reset: bool = False
) -> Corrections | None:
    """Return a draft's corrections with new files laid over them; None when nothing is to change.

    Args:
        draft: Whose corrections they are.
        mask: A painted PNG that takes the place of the earlier one.
        mask_uv: The UV set it is painted over.
        override: A JSON file of regions that take the place of the earlier ones.
        reset: Start from none.
    """
    if mask is None and override is None and mask_uv is None and not reset:
        return None
    kept = _NONE if reset else kept_corrections(draft)
    if mask_uv is not None and mask is None and kept.mask is None:
        raise UsageError("--mask-uv needs a mask; give one with --mask FILE.png")
    data = kept.mask if mask is None else _read_file(mask, "--mask")
    if mask is not None:
        assert data is not None
        read_mask(data, f"--mask {mask}")
    regions = kept.regions
    if override is not None:
        text = _read_file(override, "--override")
        try:
            document = json.loads(text)
        except ValueError as error:
            raise UsageError(f"--override {override}: needs JSON, found something else ({error})") from error
        regions = read_regions(document, f"--override {override}")
    chosen = mask_uv if mask_uv is not None or mask is not None else kept.mask_uv
    return Corrections(regions, data, chosen, kept.painted)


def _read_file(path: Path, option: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{option} {path}: cannot be read ({error.strerror}); check the path") from error


def kept_corrections(draft: Draft) -> Corrections:
    """Return the corrections that a draft holds."""
    document = draft.overrides("rig")
    where = f"{draft.folder}/{_REGIONS}"
    mask = draft.folder / _MASK
    mask_uv = document.get("mask_uv")
    if mask_uv not in (None, 0, 1) or isinstance(mask_uv, bool):
        raise UsageError(f"{where}: mask_uv needs 0 or 1, found {mask_uv!r}")
    regions = read_regions({"regions": document.get("regions", []), **_without(document, "regions")}, where)
    painted = read_painted(draft.folder, len(draft.mesh.points))
    return Corrections(regions, mask.read_bytes() if mask.is_file() else None, mask_uv, painted)


def rig_mesh(
    mesh: GarmentMesh,
    rest: RestBody,
    options: RigOptions = RigOptions(),
    *,
    corrections: Corrections = _NONE,
    named_on: tuple[GarmentMesh, RestBody] | None = None,
    progress: Progress = silent,
) -> tuple[Rig, RigReport]:
    """Rig a placed garment to a body; the pose sweep is the step's.

    Weights are found per joined point, so the two sides of a seam always agree.

    Args:
        mesh: The garment on the rest body.
        rest: The canonical body, or another family's.
        options: How it is rigged.
        corrections: The artist's.
        named_on: The garment and body that the corrections' places are of, when those are not `mesh` and `rest`.
        progress: Told how far it is.
    """
    body = rest.body
    points = mesh.points
    if len(mesh.faces) == 0 or not np.isfinite(points).all():
        raise InputError("rig: the garment has no triangles or points that are not finite; run the step `clean` first")
    binding = bind(points, rest.vertices, body.faces, normals=cloth_normals(mesh))
    largest = float(np.linalg.norm(binding.offsets, axis=1).max())
    if largest > _FARTHEST:
        raise InputError(
            f"rig: a point lies {largest:.2f} m from the body, needed at most {_FARTHEST} m; bring the garment onto it "
            "with `dressform garment place DRAFT`, where that leaves it off with --translate X Y Z, --rotate or --scale"
        )
    progress(0.1, "carrying weights over")
    weights = find_weights(
        mesh,
        rest,
        orders_of(corrections, mesh, rest, named_on=named_on),
        TransferOptions(options.distance_fraction, options.angle_deg, options.smoothing),
        RefineOptions() if options.tune else None,
        progress=lambda f, what: progress(0.1 + 0.7 * f, what),
    )
    joint_indices, joint_weights = packed(weights.dense)
    progress(0.8, "finding what it covers")
    hide = _covered(mesh, rest, options)
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
    progress(1.0, "rigged")
    return made, _report(weights, largest, hide)


def with_sizes(made: Rig, meshes: Mapping[str, GarmentMesh], rest: RestBody, options: RigOptions) -> Rig:
    """Return a rig with the bindings of further sizes; it hides only what every size covers.

    Args:
        made: The default size's rig to the body.
        meshes: The further sizes on that body.
        rest: The body.
        options: How the default size was rigged.
    """
    bindings, hide = {}, made.hide
    for size, mesh in meshes.items():
        found = bind(mesh.points, rest.vertices, rest.body.faces, normals=cloth_normals(mesh))
        bindings[size] = SizeBinding(found.triangles, found.barycentrics, found.offsets)
        hide = hide & _covered(mesh, rest, options)
    return replace(made, sizes=bindings, hide=hide)


def _covered(mesh: GarmentMesh, rest: RestBody, options: RigOptions) -> NDArray[np.bool_]:
    return covered_faces(
        mesh.points,
        outer_faces(mesh),
        rest.vertices,
        rest.body.faces,
        reach=options.hide_reach,
        margin=options.hide_margin,
    )


def _report(weights: Weights, largest: float, hide: NDArray[np.bool_]) -> RigReport:
    matched = float(weights.matched.mean())
    return RigReport(
        matched=matched,
        inpainted=1 - matched,
        islands_without_match=weights.lost_pieces,
        hung_pieces=weights.hung_pieces,
        rigid_parts=weights.rigid_parts,
        corrected=float((weights.origin == Origin.CORRECTED).mean()),
        source_skin=weights.source,
        joints_used=int((weights.dense.max(axis=0) > 0).sum()),
        largest_offset=largest,
        hidden_fraction=float(hide.mean()),
        origins=weights.origin,
    )


def _correction_files(corrections: Corrections) -> dict[str, bytes | None]:
    document: dict[str, Any] = {"regions": list(corrections.regions)} if corrections.regions else {}
    if corrections.mask is not None and corrections.mask_uv is not None:
        document["mask_uv"] = corrections.mask_uv
    text = (json.dumps(document, indent=2) + "\n").encode()
    files: dict[str, bytes | None] = {_REGIONS: text if document else None, _MASK: corrections.mask}
    return files if corrections.painted else {**files, PAINTED: None}


def _without(document: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != key}


def skeleton_of(rest: RestBody) -> Skeleton:
    """Return the rest body's joints as glTF needs them."""
    return Skeleton(rest.body.joint_names, rest.body.joint_parents, rest.joint_poses)
