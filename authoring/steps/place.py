"""Place: a garment modelled on another body, in another pose, lands on the canonical body's rest pose."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from dressform.assets.files.garment import GarmentMesh
from dressform.authoring.draft import Draft
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.distance import Surface
from dressform.schemas.errors import AssetError, InputError
from dressform.schemas.progress import Progress, silent

from ._place_extremes import set_on
from ._place_fit import anchor, anchor_on_body, facing, hang
from ._place_limbs import LIMBS, PosedBody, unposed
from ._place_openings import BOTTOMS, TOPS, Opening, asymmetry, front_tilt
from ._place_options import Evidence, PlaceOptions, PlaceReport, judge
from ._place_overlay import overlay
from ._place_relax import Obstacle, push_out, relax
from ._rig_transfer import cloth_joint_map, dense_weights, transfer_weights
from .clean import CleanOptions, clean_mesh
from .import_mesh import ImportOptions, read_mesh

__all__ = ["PlaceOptions", "PlaceReport", "Placed", "place", "place_mesh"]

_AS_FOUND = PlaceOptions()
_INSIDE = 0.001  # [m] a point deeper than this penetrates
_MOST_INSIDE = 0.03  # a garment made for this body has at most this part of its points deeper than 1 cm
_MOST_AWAY = 0.12  # [m] and their median distance from the skin is less than this
_NEAR_LIMB = 0.07  # [m] and its sleeves and legs end this near to the body's limbs


@dataclass(frozen=True)
class Placed:
    """A garment on the canonical rest body.

    Attributes:
        mesh: The garment.
        report: How it got there.
        confidence: Same as in the report.
    """

    mesh: GarmentMesh
    report: PlaceReport
    confidence: float


def place(
    draft: Draft,
    options: PlaceOptions = _AS_FOUND,
    *,
    corrections: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> Draft:
    """Place a draft's garment; corrections are kept in the draft's overrides and stay for the next run.

    Args:
        draft: With an imported mesh.
        options: Defaults below the overrides.
        corrections: New overrides, laid over the ones the draft has; a value of None takes one back.
        progress: Told how far it is.
    """
    begun = time.perf_counter()
    kept = {**draft.overrides("place"), **(corrections or {})}
    kept = {name: value for name, value in kept.items() if value is not None}
    chosen = PlaceOptions.from_mapping({**options.to_json(), **kept}, f"{draft.folder}/overrides/place.json")
    rest = canonical_rest()
    placed = place_mesh(_as_modelled(draft), str(draft.manifest.get("category", "")), rest, chosen, progress=progress)
    picture = overlay(placed.mesh, rest)
    files: dict[str, bytes] = {"place.png": picture}
    if corrections:
        files["overrides/place.json"] = (json.dumps(kept, indent=2) + "\n").encode()
    return draft.commit_step(
        "place",
        chosen.to_json(),
        placed.report.to_json(),
        mesh=placed.mesh,
        files=files,
        seconds=time.perf_counter() - begun,
    )


def _as_modelled(draft: Draft) -> GarmentMesh:
    """Return the mesh with the points it had before an earlier run of this step moved them."""
    mesh = draft.mesh
    if not draft.has("place") or draft.report("place")["kept"]:
        return mesh
    steps = {step["step"]: step["options"] for step in draft.steps}
    source = draft.folder / "source" / str(draft.manifest["source"]["file"])
    before = read_mesh(source, ImportOptions(**steps["import"])).mesh
    if "clean" in steps:
        before, _ = clean_mesh(before, CleanOptions(**steps["clean"]))
    if not np.array_equal(before.faces, mesh.faces):
        raise AssetError(f"{source} is not what {draft.folder} was made from; import the garment again")
    return replace(mesh, points=before.points)


def place_mesh(
    mesh: GarmentMesh,
    category: str,
    rest: RestBody,
    options: PlaceOptions = _AS_FOUND,
    *,
    progress: Progress = silent,
) -> Placed:
    """Bring a garment in metres, z up, onto the rest body.

    A garment that already lies on it, or that hangs from nothing known, is left where it is; the report says which.

    Args:
        mesh: The garment as imported and cleaned.
        category: What it is, such as "top" or "trousers"; other words leave it to its openings.
        rest: The canonical body.
        options: The artist's corrections.
        progress: Told how far it is.
    """
    points = mesh.points.astype(np.float64)
    if len(mesh.faces) == 0 or not np.isfinite(points).all():
        raise InputError(
            "place: the garment has no triangles or points that are not finite; run the step `clean` first"
        )
    progress(0.0, "finding the openings")
    yaw, around, openings = facing(points, mesh.faces, category)
    hanger = anchor(openings)
    if options.keep:
        return _kept(mesh, category, openings, Evidence(1.0, "left where it is, as asked"))
    if not options.corrects() and yaw == 0.0 and _lies_on(points, openings, rest):
        return _kept(mesh, category, openings, Evidence(0.98, "it already lies on the canonical body"))
    if hanger is None:
        return _unhung(mesh, category, openings, around, rest, options)

    return _fitted(mesh, category, rest, options, (yaw, around, openings), hanger, progress)


def _fitted(
    mesh: GarmentMesh,
    category: str,
    rest: RestBody,
    options: PlaceOptions,
    faced: tuple[float, NDArray[np.float64], list[Opening]],
    hanger: Opening,
    progress: Progress,
) -> Placed:
    """Hang the garment, fit it to the body in the garment's own pose, and bring it to the rest pose."""
    progress(0.1, "hanging it on the body")
    yaw, around, openings = faced
    angle = None if options.arm_angle_deg is None else float(np.radians(options.arm_angle_deg))
    transform, posed = hang(around, mesh.faces, openings, hanger, rest, scale=options.scale, arm_angle=angle)
    hung = _corrected(transform.apply(around), options)
    worn, before = _worn(hung, mesh.faces, posed, rest, options.gap, progress)
    after = Surface(rest.vertices, rest.body.faces).signed_distance(worn)
    stretch = _stretch_p95(worn, hung, mesh.faces)
    confidence, reason = judge(_evidence(category, openings, around, transform.scale, before, stretch))
    shift = worn.mean(axis=0) - mesh.points.mean(axis=0)
    report = PlaceReport(
        kept=False,
        confidence=confidence,
        reason=reason,
        category=category,
        openings=_described(openings),
        scale=transform.scale,
        yaw_deg=float(np.degrees(yaw)),
        pitch_deg=float(np.degrees(transform.pitch)),
        translation=(float(shift[0]), float(shift[1]), float(shift[2])),
        limb_turns_deg=posed.turns_deg,
        inside_before=float((before < -_INSIDE).mean()),
        inside_after=float((after < -_INSIDE).mean()),
        stretch_p95=stretch,
    )
    progress(1.0, "placed")
    return Placed(replace(mesh, points=worn.astype(np.float32)), report, confidence)


def _worn(
    hung: NDArray[np.float64],
    faces: NDArray[np.int32],
    posed: PosedBody,
    rest: RestBody,
    gap: float,
    progress: Progress,
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return hung cloth [V, 3] around the rest body, and how far it was from the posed body before [V] [m]."""
    obstacle = Obstacle(posed.points, rest.body.faces)
    before = obstacle.surface.signed_distance(hung)
    progress(0.35, "fitting the cloth around the body")
    worn = relax(hung, hung, faces, obstacle, gap=gap, anchor=0.02, rounds=12)
    if posed.turns_deg:
        progress(0.55, "bringing arms and legs to the rest pose")
        joint_map = cloth_joint_map(rest.body.joint_names, rest.body.joint_parents)
        body_weights = dense_weights(rest.body.joint_indices, rest.body.joint_weights, joint_map)
        transfer = transfer_weights(worn, faces, posed.points, rest.body.faces, body_weights)
        worn = unposed(worn, transfer.weights, posed.transforms)
        obstacle = Obstacle(rest.vertices, rest.body.faces)
    progress(0.7, "smoothing")
    worn = relax(worn, hung, faces, obstacle, gap=gap)
    return push_out(worn, faces, obstacle, gap=gap), before


def _unhung(
    mesh: GarmentMesh,
    category: str,
    openings: Sequence[Opening],
    points: NDArray[np.float64],
    rest: RestBody,
    options: PlaceOptions,
) -> Placed:
    """Place what hangs from neither neck nor waist: set it on as it is, or leave it to the artist."""
    scale = options.scale or 1.0
    seated = points * scale
    found = set_on(seated, mesh.faces, category, rest)
    if found is None:
        unfound = "no neck or waist opening found to hang it from"
        seen = Evidence(0.15, f"{unfound}, so it is only moved as asked: look at place.png")
        if not options.corrects():
            cure = "move it onto the body with `dressform garment place DRAFT --translate X Y Z`, --rotate or --scale"
            return _kept(mesh, category, openings, Evidence(0.15, f"{unfound}, so it was left where it is; {cure}"))
    else:
        seated, scale = found[0], scale * found[1]
        seen = Evidence(0.6, f"{category} set on the body without fitting: look at place.png")
    moved = _corrected(seated, options)
    shift = moved.mean(axis=0) - mesh.points.mean(axis=0)
    confidence, reason = judge([seen])
    report = PlaceReport(
        kept=False,
        confidence=confidence,
        reason=reason,
        category=category,
        openings=_described(openings),
        scale=scale,
        translation=(float(shift[0]), float(shift[1]), float(shift[2])),
        inside_after=float((Surface(rest.vertices, rest.body.faces).signed_distance(moved) < -_INSIDE).mean()),
    )
    return Placed(replace(mesh, points=moved.astype(np.float32)), report, confidence)


def _corrected(points: NDArray[np.float64], options: PlaceOptions) -> NDArray[np.float64]:
    """Apply the artist's turn (about the middle) and shift."""
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    turn = Rotation.from_euler("xyz", options.rotate_deg, degrees=True).as_matrix()
    return np.asarray((points - middle) @ turn.T + middle + options.translate, np.float64)


def _lies_on(points: NDArray[np.float64], openings: Sequence[Opening], rest: RestBody) -> bool:
    """Say whether a garment was made for this body in this pose."""
    distance = Surface(rest.vertices, rest.body.faces).signed_distance(points)
    if (distance < -0.01).mean() > _MOST_INSIDE or np.median(np.abs(distance)) > _MOST_AWAY:
        return False
    joints = rest.canonical_joints().astype(np.float64)
    for opening in openings:
        if opening.kind in LIMBS:
            chain = joints[[JOINT_INDEX[name] for name in LIMBS[opening.kind]]]
            if _distance_to_chain(opening.center, chain) > _NEAR_LIMB:
                return False
    hanger = anchor(list(openings))
    if hanger is None:
        return True
    return bool(np.linalg.norm(hanger.center - anchor_on_body(rest, hanger)) < _MOST_AWAY)


def _distance_to_chain(point: NDArray[np.float64], chain: NDArray[np.float64]) -> float:
    """Return the distance [m] of a point from a polyline [n, 3]."""
    start, way = chain[:-1], np.diff(chain, axis=0)
    along = np.clip(np.einsum("na,na->n", point - start, way) / np.einsum("na,na->n", way, way), 0.0, 1.0)
    return float(np.linalg.norm(start + along[:, None] * way - point, axis=1).min())


def _stretch_p95(worn: NDArray[np.float64], reference: NDArray[np.float64], faces: NDArray[np.int32]) -> float:
    pairs = edges(faces).vertices
    now = np.linalg.norm(worn[pairs[:, 0]] - worn[pairs[:, 1]], axis=1)
    then = np.linalg.norm(reference[pairs[:, 0]] - reference[pairs[:, 1]], axis=1)
    return float(np.quantile(np.abs(now / np.maximum(then, 1e-9) - 1), 0.95))


def _evidence(
    category: str,
    openings: Sequence[Opening],
    points: NDArray[np.float64],
    scale: float,
    before: NDArray[np.float32],
    stretch: float,
) -> list[Evidence]:
    """Collect what speaks for and against a placement."""
    kinds = {opening.kind for opening in openings}
    wanted = {"neck"} if category in TOPS else {"waist"} if category in BOTTOMS else set()
    wanted |= {"hem"} if category in TOPS - {"suit"} or category == "skirt" else set()
    missing = sorted(wanted - kinds)
    found = ", ".join(sorted(kinds - {"other"}))
    lean, uneven = abs(front_tilt(list(openings))), asymmetry(points)
    deep = float((before < -0.02).mean())
    resized = abs(float(np.log(scale)))
    return [
        Evidence(0.5, f"found {found}, but no {' or '.join(missing)}") if missing else Evidence(1.0, f"found {found}"),
        Evidence(1.0, "front told by the lean of the upper opening")
        if lean > 0.05
        else Evidence(0.7, "front and back hardly differ, so the side that was modelled as front is kept"),
        Evidence(float(np.clip(1.25 - uneven / 0.04, 0.3, 1.0)), f"mirror images differ by {uneven * 1000:.0f} mm"),
        Evidence(float(np.clip(1.1 - 2 * deep, 0.2, 1.0)), f"{deep:.1%} of it was deeper than 2 cm in the body"),
        Evidence(float(np.clip(1.1 - stretch, 0.3, 1.0)), f"edges changed by up to {stretch:.0%} (95th percentile)"),
        Evidence(float(np.clip(1.03 - 0.6 * resized, 0.3, 1.0)), f"scaled by {scale:.3f}"),
    ]


def _described(openings: Sequence[Opening]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"kind": o.kind, "girth": round(o.girth, 4), "height": round(float(o.center[2]), 4), "points": len(o.loop)}
        for o in openings
    )


def _kept(mesh: GarmentMesh, category: str, openings: Sequence[Opening], evidence: Evidence) -> Placed:
    confidence, reason = judge([evidence])
    return Placed(mesh, PlaceReport(True, confidence, reason, category, _described(openings)), confidence)
