"""Rules on the atlas, UV1."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dressform.schemas.report import Severity
from dressform.validators.rule import Defect, Rule, counted
from dressform.validators.subject import Subject

STRETCH_LIMIT = 1.5


def is_there(subject: Subject) -> Iterator[Defect]:
    """Sizes without UV1."""
    for size, mesh in subject.meshes.items():
        if mesh.uv1 is None:
            yield Defect("UV1 is missing", f"sizes/{size}")


def is_in_range(subject: Subject) -> Iterator[Defect]:
    """UV1 coordinates outside the unit square or not finite."""
    for size, mesh in subject.meshes.items():
        if mesh.uv1 is not None:
            bad = np.flatnonzero(~((mesh.uv1 >= -1e-6) & (mesh.uv1 <= 1 + 1e-6)).all(axis=1))
            yield from counted(bad, "UV1 coordinates are outside [0, 1]", f"sizes/{size}", size=size, kind="uv")


def is_not_flipped(subject: Subject) -> Iterator[Defect]:
    """Triangles mirrored in UV1."""
    for size, atlas in subject.atlas.items():
        bad = np.flatnonzero(atlas.flipped)
        yield from counted(bad, "triangles are mirrored in UV1", f"sizes/{size}", size=size)


def has_area(subject: Subject) -> Iterator[Defect]:
    """Triangles without area in UV1."""
    for size, atlas in subject.atlas.items():
        bad = np.flatnonzero(atlas.collapsed)
        yield from counted(bad, "triangles have no area in UV1", f"sizes/{size}", size=size)


def does_not_overlap(subject: Subject) -> Iterator[Defect]:
    """Pairs of triangles on the same texels of UV1."""
    for size, atlas in subject.atlas.items():
        message = "pairs of triangles overlap in UV1"
        yield from counted(atlas.overlapping, message, f"sizes/{size}", size=size)


def is_not_stretched(subject: Subject) -> Iterator[Defect]:
    """Atlases whose mean anisotropy is high."""
    for size, atlas in subject.atlas.items():
        if not atlas.anisotropy_mean <= STRETCH_LIMIT:
            yield Defect(f"mean anisotropy {atlas.anisotropy_mean:.2f}, at most {STRETCH_LIMIT}", f"sizes/{size}",
                         atlas.anisotropy_mean)  # fmt: skip


_CURE = "run dressform garment unwrap"
RULES = (
    Rule("DF-UV-001", "uv.missing", Severity.ERROR, ("unwrapped",), _CURE, is_there),
    Rule("DF-UV-002", "uv.range", Severity.ERROR, ("unwrapped",), _CURE, is_in_range),
    Rule("DF-UV-003", "uv.flipped", Severity.ERROR, ("unwrapped",), _CURE, is_not_flipped),
    Rule("DF-UV-004", "uv.zero-area", Severity.ERROR, ("unwrapped",), _CURE, has_area),
    Rule("DF-UV-005", "uv.overlap", Severity.ERROR, ("unwrapped",), _CURE, does_not_overlap),
    Rule("DF-UV-006", "uv.stretch", Severity.WARNING, ("unwrapped",), _CURE, is_not_stretched),
)
