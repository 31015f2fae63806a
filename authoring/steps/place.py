"""Place: a garment modelled on another body, in another pose, lands on the canonical body's rest pose."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from dressform.assets.files.garment import GarmentMesh, outer_faces
from dressform.assets.files.glb_read import read_glb
from dressform.authoring.draft import Draft
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.distance import Surface
from dressform.schemas.errors import AssetError, InputError
from dressform.schemas.progress import Progress, silent

from ._carry import carried, restored
from ._place_evidence import described, evidence, skin_evidence
from ._place_openings import find_openings
from ._place_options import Evidence, PlaceOptions, PlaceReport, judge, read_corrections
from ._place_overlay import overlay, poking_share
from ._place_search import NO_DOUBT, Doubt, Found, search, settle
from ._place_skeleton import led
from ._place_wear import clear_of, coarser, sized, wear
from ._shells import inner_followed, lining_depth
from .clean import CleanOptions, clean_mesh
from .import_mesh import ImportOptions, read_mesh

__all__ = ["PlaceOptions", "PlaceReport", "Placed", "place", "place_mesh", "read_corrections"]

Floats = NDArray[np.float64]

_AS_FOUND = PlaceOptions()
_INSIDE = 0.001  # [m] a point deeper than this penetrates
_MOST_INSIDE = 0.03  # a garment made for this body has at most this part of its points deeper than 1 cm
_STAYS = 0.012  # [m] and the best place found for it is, on the whole, no further than this from where it is
_RIGID = ("hat", "shoes")
_LOST = 0.5  # below this confidence the artist is told how to place it by hand


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
    asked = {**options.to_json(), **kept}
    if set(kept) - {"keep", "gap"}:  # a correction moves even what would be left where it is
        asked["keep"] = kept.get("keep", False)
    chosen = PlaceOptions.from_mapping(asked, f"{draft.folder}/overrides/place.json")
    rest = canonical_rest()
    doubt = Doubt.of_import(draft.report("import"))
    category = str(draft.manifest.get("category", ""))
    placed = place_mesh(_as_modelled(draft), category, rest, chosen, doubt=doubt, progress=progress)
    picture = overlay(placed.mesh, rest, placed.report)
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
    if draft.has("update"):  # an edited file came back, as it is worn
        source = draft.folder / str(draft.report("update")["base"])
        before = read_glb(source)
    else:
        source = draft.folder / "source" / str(draft.manifest["source"]["file"])
        before = read_mesh(source, ImportOptions(**steps["import"])).mesh
    if "clean" in steps:
        before, _ = clean_mesh(before, CleanOptions(**steps["clean"]))
    if not np.array_equal(before.faces, mesh.faces):
        raise AssetError(f"{source} is not what {draft.folder} was made from; import the garment again")
    return restored(mesh, before)


def place_mesh(
    mesh: GarmentMesh,
    category: str,
    rest: RestBody,
    options: PlaceOptions = _AS_FOUND,
    *,
    doubt: Doubt = NO_DOUBT,
    progress: Progress = silent,
) -> Placed:
    """Bring a garment in metres, z up, onto the rest body.

    Where the artist's own skeleton is understood, it tells size, facing and pose. Otherwise the garment is tried at
    many places, facing every way, on the body in several poses; where it fits best the body's limbs are brought along
    its sleeves and legs. The cloth comes back with them to the rest pose. A garment that already lies on the body
    stays where it is. Normals, tangents and morph offsets turn with the cloth.

    Args:
        mesh: The garment as imported and cleaned.
        category: What it is, such as "top" or "trousers"; other words leave it to the fit.
        rest: The canonical body.
        options: The artist's corrections.
        doubt: What the import could only guess.
        progress: Told how far it is.
    """
    points = mesh.points.astype(np.float64)
    if len(mesh.faces) == 0 or not np.isfinite(points).all():
        raise InputError(
            "place: the garment has no triangles or points that are not finite; run the step `clean` first"
        )
    if options.keep:
        openings = described(find_openings(points, outer_faces(mesh), category))
        return _kept(mesh, category, openings, Evidence(1.0, "left where it is, as stated or as its file fitted it"))
    progress(0.0, "trying where it belongs")
    found, points = _found(mesh, points, category, rest, options, doubt)
    small, _, _ = coarser(points, mesh.faces)
    stays = not options.corrects() and _stays(small, found)
    if stays and _lies_on(small, rest):
        return _settled(mesh, category, found, rest, options)
    return _fitted(mesh, points, category, rest, options, found, progress)


def _found(
    mesh: GarmentMesh, points: Floats, category: str, rest: RestBody, options: PlaceOptions, doubt: Doubt
) -> tuple[Found, Floats]:
    """Return where a garment belongs, and its points [V, 3] as long as the body's limbs if its skeleton tells."""
    limbs = category != "hat"
    if options.yaw_deg is None and options.arm_angle_deg is None:
        scale, rigid = options.scale, category in _RIGID
        lead = led(mesh.skin, points, rest, scale=scale, rigid=rigid)
        if lead is not None and scale is None:  # bones tell lengths, cloth around them tells girths
            small, faces, _ = coarser(lead.points, outer_faces(mesh))
            wide = settle(small, faces, category, lead.seed, scaled=True, limbs=limbs)
            lead = led(mesh.skin, points, rest, scale=wide.fit.stand.scale, rigid=rigid) if wide is not None else None
        if lead is not None:
            small, faces, _ = coarser(lead.points, outer_faces(mesh))
            found = settle(small, faces, category, lead.seed, limbs=limbs)
            if found is not None:
                return found, lead.points
    small, faces, _ = coarser(points, outer_faces(mesh))
    found = search(
        small,
        faces,
        category,
        rest,
        doubt=doubt,
        scale=options.scale,
        arm_angle_deg=options.arm_angle_deg,
        yaw_deg=options.yaw_deg,
        limbs=limbs,
    )
    return found, points


def _fitted(
    mesh: GarmentMesh,
    points: Floats,
    category: str,
    rest: RestBody,
    options: PlaceOptions,
    found: Found,
    progress: Progress,
) -> Placed:
    """Fit the cloth to the body in the garment's own pose, and bring it to the rest pose."""
    stand, posed = found.fit.stand, found.fit.body
    hung = _corrected(stand.apply(points), options)
    worn = wear(hung, mesh, posed, options.gap + lining_depth(mesh), rigid=category in _RIGID, progress=progress)
    after, poking = _in_the_way(worn.points, mesh.faces, rest)
    seen = [*evidence(found, category, worn), *skin_evidence(after, poking)]
    if options.corrects():
        seen.append(Evidence(1.0, "moved as asked"))
    confidence, reason = judge(seen)
    if confidence < _LOST:
        reason = (
            f"{reason}; look at place.png and correct it with `dressform garment place DRAFT --yaw ANGLE`, "
            "--translate X Y Z, --rotate, --scale or --place FILE"
        )
    shift = worn.points.mean(axis=0) - mesh.points.mean(axis=0)
    report = PlaceReport(
        kept=False,
        confidence=confidence,
        reason=reason,
        category=category,
        openings=described(found.openings),
        scale=stand.scale,
        yaw_deg=found.seed.yaw_deg,
        pitch_deg=found.pitch_deg(),
        translation=(float(shift[0]), float(shift[1]), float(shift[2])),
        limb_turns_deg=posed.turns_deg(),
        inside_before=worn.inside_before,
        inside_after=after,
        poking=poking,
        stretch_p95=worn.stretch_p95,
        misfit_cm=round(found.fit.misfit, 3),
        margin_cm=None if found.rival == np.inf else round(found.rival - found.cost, 3),
    )
    progress(1.0, "placed")
    return Placed(carried(mesh, worn.points), report, confidence)


def _settled(mesh: GarmentMesh, category: str, found: Found, rest: RestBody, options: PlaceOptions) -> Placed:
    """Leave a garment that already lies on the body, but for points inside the skin."""
    openings = described(found.openings)
    inside, poking = _in_the_way(mesh.points, mesh.faces, rest)
    if max(inside, poking) == 0.0:
        return _kept(mesh, category, openings, Evidence(0.98, "it already lies on the canonical body"))
    points = mesh.points.astype(np.float64)
    if category in _RIGID:
        points = sized(points, mesh.faces, rest)
    cleared = inner_followed(mesh, clear_of(points, mesh.faces, rest, options.gap / 2 + lining_depth(mesh)))
    most = max(inside, poking)
    seen = [Evidence(0.96, f"it already lies on the canonical body; {most:.1%} of it was moved out of the skin")]
    after, left = _in_the_way(cleared, mesh.faces, rest)
    confidence, reason = judge([*seen, *skin_evidence(after, left)])
    report = PlaceReport(
        False, confidence, reason, category, openings, inside_before=inside, inside_after=after, poking=left
    )
    return Placed(carried(mesh, cleared), report, confidence)


def _in_the_way(points: NDArray[np.floating], faces: NDArray[np.int32], rest: RestBody) -> tuple[float, float]:
    """Return the fraction of points and face centres deeper than 1 mm in the body, and what skin breaks through."""
    sample = points[:: max(1, len(points) // 50_000)]
    middles = points[faces[:: max(1, len(faces) // 50_000)]].mean(axis=1)
    distance = Surface(rest.vertices, rest.body.faces).signed_distance(np.concatenate([sample, middles]))
    return float((distance < -_INSIDE).mean()), poking_share(rest.vertices, rest.body.faces, points, faces)


def _corrected(points: Floats, options: PlaceOptions) -> Floats:
    """Apply the artist's turn (about the middle) and shift."""
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    turn = Rotation.from_euler("xyz", options.rotate_deg, degrees=True).as_matrix()
    return np.asarray((points - middle) @ turn.T + middle + options.translate, np.float64)


def _stays(points: Floats, found: Found) -> bool:
    """Say whether the best place found for a garment is where it is, on the body at rest."""
    sample = points[:: max(1, len(points) // 500)]
    posed = found.fit.body
    moved = np.linalg.norm(found.fit.stand.apply(sample) - sample, axis=1).mean()
    skin = found.fit.contact.triangles
    corners = posed.rest.body.faces[skin]
    bent = np.linalg.norm((posed.points - posed.rest.vertices)[corners].mean(axis=1), axis=1).mean()
    return bool(moved + bent < 2 * _STAYS and abs(found.seed.yaw_deg) < 5.0)


def _lies_on(points: Floats, rest: RestBody) -> bool:
    """Say whether so little of a garment is in the body that it must have been made for it."""
    sample = points[:: max(1, len(points) // 20_000)]
    distance = Surface(rest.vertices, rest.body.faces).signed_distance(sample)
    return bool((distance < -0.01).mean() <= _MOST_INSIDE)


def _kept(mesh: GarmentMesh, category: str, openings: tuple[dict[str, Any], ...], seen: Evidence) -> Placed:
    confidence, reason = judge([seen])
    return Placed(mesh, PlaceReport(True, confidence, reason, category, openings), confidence)
