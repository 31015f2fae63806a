"""Rules on the atlas, UV1, triangle by triangle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.normals import face_areas
from dressform.schemas.report import Severity
from dressform.validators.rule import LISTED, Defect, Measured, Rule, counted
from dressform.validators.subject import Subject

if TYPE_CHECKING:
    from dressform.runtime.geometry.uv_measures import UvMeasures

DISTORTED = 2.0  # anisotropy from which a pattern on the cloth looks drawn out


def is_there(subject: Subject) -> Iterator[Defect]:
    """Sizes without UV1."""
    for size, mesh in subject.layouts.items():
        if mesh.uv1 is None:
            yield Defect("UV1 is missing", f"sizes/{size}", place={"size": size})


def is_in_range(subject: Subject) -> Iterator[Defect]:
    """UV1 coordinates outside the unit square."""
    for size, mesh in subject.layouts.items():
        if mesh.uv1 is not None:
            bad = np.flatnonzero(~((mesh.uv1 >= -1e-6) & (mesh.uv1 <= 1 + 1e-6)).all(axis=1))
            message, one = "UV1 coordinates are outside [0, 1]", "UV1 coordinate is outside [0, 1]"
            yield from counted(bad, message, f"sizes/{size}", one=one, size=size, kind="uv")


def is_not_flipped(subject: Subject) -> Iterator[Defect]:
    """Triangles mirrored in UV1."""
    for size, atlas in _atlases(subject):
        bad = np.flatnonzero(atlas.flipped)
        message, one = "triangles are mirrored in UV1", "triangle is mirrored in UV1"
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size)


def has_area(subject: Subject) -> Iterator[Defect]:
    """Triangles without area in UV1."""
    for size, atlas in _atlases(subject):
        bad = np.flatnonzero(atlas.collapsed)
        message, one = "triangles have no area in UV1", "triangle has no area in UV1"
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size)


def does_not_overlap(subject: Subject) -> Iterator[Defect]:
    """Triangles that share texels of UV1 with others."""
    for size, atlas in _atlases(subject):
        bad = np.unique(atlas.overlapping)
        pairs = len(atlas.overlapping)
        message = f"triangles overlap in UV1, in {pairs} pair{'s' if pairs > 1 else ''}"
        yield from counted(bad, message, f"sizes/{size}", one="triangle overlaps in UV1", size=size)


def is_not_stretched(subject: Subject) -> Iterator[Defect | Measured]:
    """Atlases whose mean anisotropy is high."""
    for size, atlas in subject.atlas.items():
        most = subject.budgets.uv_stretch
        if not atlas.anisotropy_mean <= most:
            place = _place(size, atlas.anisotropy)
            message = f"mean anisotropy {atlas.anisotropy_mean:.2f}, at most {most:g}"
            yield Defect(message, f"sizes/{size}", atlas.anisotropy_mean, place)
        yield Measured(atlas.anisotropy_mean, "anisotropy", f"sizes/{size}")


def is_nowhere_distorted(subject: Subject) -> Iterator[Defect | Measured]:
    """Atlases that draw out a part of the cloth, however good they are elsewhere."""
    for size, atlas in subject.atlas.items():
        mesh, most = subject.meshes[size], subject.budgets.uv_distorted_share
        area = face_areas(mesh.points, mesh.faces)
        bad = atlas.anisotropy > DISTORTED
        share = float(area[bad].sum() / max(area.sum(), 1e-30))
        if share > most:
            place = _place(size, np.where(bad, atlas.anisotropy, np.nan))
            message = f"{100 * share:.1f} % of the surface is drawn out more than {DISTORTED:g} times in UV1"
            yield Defect(f"{message}, at most {100 * most:g} %", f"sizes/{size}", 100 * share, place)
        yield Measured(100 * share, "%", f"sizes/{size}")


def is_evenly_dense(subject: Subject) -> Iterator[Defect | Measured]:
    """Atlases that give one part of the cloth many more texels than another."""
    for size, atlas in subject.atlas.items():
        most = subject.budgets.uv_density_spread
        if atlas.area_spread > most:
            off = np.abs(np.log(np.maximum(atlas.area_ratio, 1e-30)))
            message = f"texels over surface differ {atlas.area_spread:.2f} times in UV1, at most {most:g}"
            place = _place(size, off)
            yield Defect(message, f"sizes/{size}", atlas.area_spread, place)
        yield Measured(atlas.area_spread, "times", f"sizes/{size}")


def _atlases(subject: Subject) -> Iterator[tuple[str, UvMeasures]]:
    """Yield the measures that follow from UV1 alone, once for all sizes that share it."""
    yield from ((size, subject.atlas[size]) for size in subject.layouts if size in subject.atlas)


def _place(size: str, values: NDArray[np.floating]) -> dict[str, object]:
    """Return the place of the triangles with the largest values, the largest first; NaN is none."""
    order = np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")[:LISTED]
    return {"size": size, "faces": [int(number) for number in order if np.isfinite(values[number])]}


_CURE = "run dressform garment unwrap"
_ANEW = "lay the atlas out anew: dressform garment unwrap DRAFT --fresh-atlas"
RULES = (
    Rule("DF-UV-001", "uv.missing", Severity.ERROR, ("unwrapped",), _CURE, is_there),
    Rule("DF-UV-002", "uv.range", Severity.ERROR, ("unwrapped",), _CURE, is_in_range),
    Rule("DF-UV-003", "uv.flipped", Severity.ERROR, ("unwrapped",), _CURE, is_not_flipped),
    Rule("DF-UV-004", "uv.zero-area", Severity.ERROR, ("unwrapped",), _CURE, has_area),
    Rule("DF-UV-005", "uv.overlap", Severity.ERROR, ("unwrapped",), _CURE, does_not_overlap),
    Rule("DF-UV-006", "uv.stretch", Severity.WARNING, ("unwrapped",), _ANEW, is_not_stretched),
    Rule("DF-UV-007", "uv.distorted", Severity.WARNING, ("unwrapped",), _ANEW, is_nowhere_distorted),
    Rule("DF-UV-008", "uv.density", Severity.WARNING, ("unwrapped",), _ANEW, is_evenly_dense),
)
