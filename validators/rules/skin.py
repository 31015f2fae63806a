"""Rules on skin weights, binding and hide mask."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.joints import CANONICAL_JOINTS
from dressform.schemas.report import Severity
from dressform.validators.rule import LISTED, Defect, Rule, counted
from dressform.validators.subject import Subject

FAMILIES = ("anny", "smplx")


def sums_to_one(subject: Subject) -> Iterator[Defect]:
    """Points whose weights do not sum to 1."""
    for body, rig in subject.rigs.items():
        off = np.abs(rig.joint_weights.sum(axis=1) - 1)
        bad = np.flatnonzero(~(off < 1e-3))
        if len(bad):
            worst = float(np.nanmax(off[bad])) if np.isfinite(off[bad]).any() else float("nan")
            yield Defect(f"{len(bad)} points have weights that do not sum to 1 (off by up to {worst:.3f})",
                         f"rig.{body}", worst, {"vertices": bad[:LISTED].tolist()})  # fmt: skip


def is_not_negative(subject: Subject) -> Iterator[Defect]:
    """Points with a weight below zero."""
    for body, rig in subject.rigs.items():
        bad = np.flatnonzero((rig.joint_weights < 0).any(axis=1))
        yield from counted(bad, "points have a negative weight", f"rig.{body}", kind="vertices")


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
        yield from counted(
            bad, f"points name joints beyond the {len(rig.joints)} of the rig", f"rig.{body}", kind="vertices"
        )


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
        wrong |= ~(np.abs(rig.binding_barycentrics.sum(axis=1) - 1) < 1e-3)
        wrong |= ~(np.linalg.norm(rig.binding_offsets, axis=1) < 1.0)
        bad = np.flatnonzero(wrong)
        yield from counted(bad, "points are bound to no place on the body", f"rig.{body}", kind="vertices")


def covers_the_mesh(subject: Subject) -> Iterator[Defect]:
    """Rigs with another number of points than the mesh."""
    for body, rig in subject.rigs.items():
        for size, mesh in subject.meshes.items():
            if len(rig.joint_weights) != len(mesh.points) or len(rig.binding_triangles) != len(mesh.points):
                yield Defect(f"{len(rig.joint_weights)} points, the mesh of size {size} has {len(mesh.points)}",
                             f"rig.{body}", len(rig.joint_weights))  # fmt: skip


_CURE = "run dressform garment rig; for SMPL-X: dressform garment rig DRAFT --smplx FILE"
RULES = (
    Rule("DF-SKIN-001", "skin.sum", Severity.ERROR, ("rig",), _CURE, sums_to_one),
    Rule("DF-SKIN-002", "skin.negative", Severity.ERROR, ("rig",), _CURE, is_not_negative),
    Rule("DF-SKIN-003", "skin.joints", Severity.ERROR, ("rig",), _CURE, names_known_joints),
    Rule("DF-SKIN-004", "skin.body", Severity.ERROR, ("rig",), _CURE, fits_this_body),
    Rule("DF-SKIN-005", "skin.binding", Severity.ERROR, ("rig",), _CURE, binds_to_the_body),
    Rule("DF-SKIN-006", "skin.count", Severity.ERROR, ("rig", "mesh"), _CURE, covers_the_mesh),
)
