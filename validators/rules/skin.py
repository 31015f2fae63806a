"""Rules on skin weights, binding and hide mask."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.glb import read_skin
from dressform.assets.files.rig import Rig
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.joints import CANONICAL_JOINTS
from dressform.runtime.geometry.adjacency import edges
from dressform.schemas.report import Severity
from dressform.validators.rule import LISTED, Defect, Measured, NotTestableError, Rule, counted
from dressform.validators.skin_weights import distance_to_part, joint_steps, rig_table, table
from dressform.validators.subject import Subject

FAMILIES = ("anny", "smplx")
_SAME = 1e-3  # files hold weights in single precision
# Measured over the starter library and seven garments from other makers, rigged here: neighbouring points are led by
# joints up to 6 bones apart, but every patch touches one that is at most 3 away; within 2 cm at most 0.45 of the weight
# changes; and what moves a point by a tenth is at most 0.25 m further away than the nearest part of the body.
_FAR_JOINT = 4  # bones
_JUMP_LENGTH = 0.02  # [m] over which the change of weights is measured; shorter edges count as this long
_WHOLE = 0.95  # of the weight: however long the edge
_COUNTS = 0.1  # share of the weight that moves a point visibly


def sums_to_one(subject: Subject) -> Iterator[Defect]:
    """Points whose weights do not sum to 1."""
    for body, rig in subject.rigs.items():
        with np.errstate(invalid="ignore", over="ignore"):  # damaged files hold any number
            off = np.abs(rig.joint_weights.sum(axis=1) - 1)
        bad = np.flatnonzero(~(off < 1e-3))
        if len(bad):
            worst = float(np.nanmax(off[bad])) if np.isfinite(off[bad]).any() else float("nan")
            found = f"{_points_have(len(bad))} weights that do not sum to 1 (off by up to {worst:.3f})"
            yield Defect(found, f"rig.{body}", worst, {"vertices": bad[:LISTED].tolist()})


def is_not_negative(subject: Subject) -> Iterator[Defect]:
    """Points with a weight below zero."""
    for body, rig in subject.rigs.items():
        bad = np.flatnonzero((rig.joint_weights < 0).any(axis=1))
        message, one = "points have a negative weight", "point has a negative weight"
        yield from counted(bad, message, f"rig.{body}", one=one, kind="vertices")


def names_known_joints(subject: Subject) -> Iterator[Defect]:
    """Body families that are unknown, joints that a family does not have or lacks, or indices without a joint."""
    for body, rig in subject.rigs.items():
        if body not in FAMILIES or rig.body != body:
            yield Defect(f"made for {rig.body}, needed {body}, one of {', '.join(FAMILIES)}", f"rig.{body}")
        missing = sorted(set(CANONICAL_JOINTS) - set(rig.joints)) if body == "smplx" else []
        if missing:  # a model file's further joints are known only where that file is
            yield Defect(f"joints {', '.join(missing[:5])} of {body} are missing", f"rig.{body}", len(missing))
        unknown = sorted(set(rig.joints) - set(load_anny().joint_names)) if body == "anny" else []
        if unknown:
            yield Defect(f"joints {', '.join(unknown[:5])} are not {body}'s", f"rig.{body}", len(unknown))
        bad = np.flatnonzero(((rig.joint_indices < 0) | (rig.joint_indices >= len(rig.joints))).any(axis=1))
        beyond = f"joints beyond the {len(rig.joints)} of the rig"
        yield from counted(bad, f"points name {beyond}", f"rig.{body}", one=f"point names {beyond}", kind="vertices")


def fits_this_body(subject: Subject) -> Iterator[Defect]:
    """Rigs made for another topology of the body."""
    for body, rig in subject.rigs.items():
        if body == "anny" and rig.body_digest != load_anny().topology_digest:
            yield Defect("made for another topology of the body", f"rig.{body}")


def binds_to_the_body(subject: Subject) -> Iterator[Defect]:
    """Bindings to triangles that the body does not have, or that are not finite or far off."""
    for body, rig in subject.rigs.items():
        faces = len(rig.hide)
        wrong = (rig.binding_triangles < 0) | (rig.binding_triangles >= faces)
        with np.errstate(invalid="ignore", over="ignore"):  # damaged files hold any number
            wrong |= ~(np.abs(rig.binding_barycentrics.sum(axis=1) - 1) < 1e-3)
            wrong |= ~(np.linalg.norm(rig.binding_offsets, axis=1) < 1.0)
        bad = np.flatnonzero(wrong)
        message, one = "points are bound to no place on the body", "point is bound to no place on the body"
        yield from counted(bad, message, f"rig.{body}", one=one, kind="vertices")


def covers_the_mesh(subject: Subject) -> Iterator[Defect]:
    """Rigs with another number of points than the mesh."""
    for body, rig in subject.rigs.items():
        for size, mesh in subject.meshes.items():
            if len(rig.joint_weights) != len(mesh.points) or len(rig.binding_triangles) != len(mesh.points):
                yield Defect(f"{len(rig.joint_weights)} points, the mesh of size {size} has {len(mesh.points)}",
                             f"rig.{body}", len(rig.joint_weights))  # fmt: skip


def agrees_with_the_file(subject: Subject) -> Iterator[Defect]:
    """Garment files without a skin, or with another than the rig's, so that other tools move them differently."""
    for rig in _anny(subject):
        wanted = rig_table(rig)
        for size, mesh in subject.meshes.items():
            if len(mesh.points) != len(wanted):
                continue  # skin.count says so
            path = f"sizes/{size}/garment.glb"
            held = read_skin(subject.files[path])
            if held is None:
                yield Defect("it has no skin, the rig has", path, None, {"size": size})
                continue
            off = np.abs(table(*held) - wanted).max(axis=1)
            bad = np.flatnonzero(off > _SAME)
            if len(bad):
                found = f"{_points_have(len(bad))} other weights than in the rig (off by up to {off.max():.3f})"
                yield Defect(found, path, round(float(off.max()), 4), {"size": size, "vertices": bad[:LISTED].tolist()})


def has_no_islands(subject: Subject) -> Iterator[Defect]:
    """Patches that a far-off joint moves while all around them follows another part of the body."""
    for rig, mesh, weights in _fitted(subject):
        leading = weights.argmax(axis=1)
        found = edges(mesh.faces).vertices
        alike = leading[found[:, 0]] == leading[found[:, 1]]
        patches = _connected(found[alike], len(weights))
        across = found[~alike]
        steps = joint_steps()[leading[across[:, 0]], leading[across[:, 1]]]
        nearest = np.full(len(weights), np.iinfo(np.int64).max)
        for side in range(2):
            np.minimum.at(nearest, patches[across[:, side]], steps)
        nearest[nearest == np.iinfo(np.int64).max] = 0  # a piece that one joint moves as a whole
        bad = np.flatnonzero(nearest[patches] >= _FAR_JOINT)
        names = sorted({load_anny().joint_names[joint] for joint in leading[bad]})
        followed = ", ".join(names[:3])
        message = f"points follow {followed}, all around them follow other parts"
        one = f"point follows {followed}, all around it follow other parts"
        yield from counted(bad, message, f"rig.{rig.body}", one=one, kind="vertices")


def changes_softly(subject: Subject) -> Iterator[Defect | Measured]:
    """Neighbours that follow different joints, so that the cloth tears or creases between them."""
    limit = subject.budgets.skin_jump
    for rig, mesh, weights in _fitted(subject):
        pairs = edges(_soft(mesh)).vertices
        moved = 0.5 * np.abs(weights[pairs[:, 0]] - weights[pairs[:, 1]]).sum(axis=1)
        long = np.linalg.norm(mesh.points[pairs[:, 0]] - mesh.points[pairs[:, 1]], axis=1) / _JUMP_LENGTH
        bad = moved > np.minimum(limit * np.maximum(long, 1), _WHOLE)
        points = np.unique(pairs[bad])
        near = f"weights with a neighbour within {_JUMP_LENGTH * 100:g} cm"
        message = f"points share less than {1 - limit:.0%} of their {near}"
        one = f"point shares less than {1 - limit:.0%} of its {near}"
        yield from counted(points, message, f"rig.{rig.body}", one=one, kind="vertices")
        if not len(points) and len(moved):
            yield Measured(round(float((moved / np.maximum(long, 1)).max()), 3), "of the weight", f"rig.{rig.body}")


def follows_what_is_near(subject: Subject) -> Iterator[Defect | Measured]:
    """Points that follow a part of the body that is far away."""
    limit = subject.budgets.skin_reach
    for rig, mesh, weights in _fitted(subject):
        nearest = distance_to_part(None, mesh.points)
        beyond = np.zeros(len(weights))
        for joint in np.flatnonzero((weights > _COUNTS).any(axis=0)):
            held = np.flatnonzero(weights[:, joint] > _COUNTS)
            further = distance_to_part(int(joint), mesh.points[held]) - nearest[held]
            beyond[held] = np.maximum(beyond[held], np.where(np.isfinite(further), further, 0))
        bad = np.flatnonzero(beyond > limit)
        far = f"a part of the body that is over {limit:g} m further away than the nearest"
        yield from counted(bad, f"points follow {far}", f"rig.{rig.body}", one=f"point follows {far}", kind="vertices")
        if not len(bad):
            yield Measured(round(float(beyond.max(initial=0)), 3), "m", f"rig.{rig.body}")


def _anny(subject: Subject) -> Iterator[Rig]:
    """Yield the rig for the open body, whose surface and joints are known here."""
    rigs = [rig for body, rig in subject.rigs.items() if body == "anny"]
    if not rigs:
        raise NotTestableError("it has no rig for anny, and other bodies' surfaces are not at hand")
    yield from rigs


def _fitted(subject: Subject) -> Iterator[tuple[Rig, GarmentMesh, NDArray[np.float32]]]:
    """Yield the rig, the first size that has its points, and its weights as a table."""
    for rig in _anny(subject):
        mesh = next((m for m in subject.meshes.values() if len(m.points) == len(rig.joint_weights)), None)
        if mesh is None:
            raise NotTestableError("no size has as many points as the rig")
        yield rig, mesh, rig_table(rig)


def _soft(mesh: GarmentMesh) -> NDArray[np.int32]:
    """Return the triangles that are not of rigid parts, [F', 3]."""
    if mesh.part_ids is None:
        return mesh.faces
    return mesh.faces[~np.array([part.rigid for part in mesh.parts], np.bool_)[mesh.part_ids]]


def _connected(pairs: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """Return each point's group, int32 [count], when points are joined by pairs [E, 2]."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    joined = coo_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, groups = connected_components(joined, directed=False)
    return np.asarray(groups, np.int32)


_CURE = "run dressform garment rig; for SMPL-X: dressform garment rig DRAFT --smplx FILE"
_PAINT = "run dressform garment rig again, or smooth the weights there in the 3D tool"
RULES = (
    Rule("DF-SKIN-001", "skin.sum", Severity.ERROR, ("rig",), _CURE, sums_to_one),
    Rule("DF-SKIN-002", "skin.negative", Severity.ERROR, ("rig",), _CURE, is_not_negative),
    Rule("DF-SKIN-003", "skin.joints", Severity.ERROR, ("rig",), _CURE, names_known_joints),
    Rule("DF-SKIN-004", "skin.body", Severity.ERROR, ("rig",), _CURE, fits_this_body),
    Rule("DF-SKIN-005", "skin.binding", Severity.ERROR, ("rig",), _CURE, binds_to_the_body),
    Rule("DF-SKIN-006", "skin.count", Severity.ERROR, ("rig", "mesh"), _CURE, covers_the_mesh),
    Rule("DF-SKIN-007", "skin.file", Severity.ERROR, ("rig", "mesh"), _CURE, agrees_with_the_file),
    Rule("DF-SKIN-008", "skin.island", Severity.WARNING, ("rig", "mesh"), _PAINT, has_no_islands),
    Rule("DF-SKIN-009", "skin.jump", Severity.WARNING, ("rig", "mesh"), _PAINT, changes_softly),
    Rule("DF-SKIN-010", "skin.far", Severity.WARNING, ("rig", "mesh"), _PAINT, follows_what_is_near),
)


def _points_have(count: int) -> str:
    return "1 point has" if count == 1 else f"{count} points have"
