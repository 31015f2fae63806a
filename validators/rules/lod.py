"""Rules on levels of detail: coarser meshes made of some of the garment's own points."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.lod import dressed_level, lod_points
from dressform.runtime.geometry.distance import Surface
from dressform.schemas.errors import AssetError
from dressform.schemas.report import Severity
from dressform.validators.rule import LISTED, Defect, Measured, NotTestableError, Rule, counted
from dressform.validators.subject import Subject
from dressform.validators.topology import Topology

MOVED = 1e-4  # [m] that a level's point may lie from the garment's
_LEVEL = re.compile(r"sizes/([^/]+)/lod\d+\.glb")


def files_are_named(subject: Subject) -> Iterator[Defect]:
    """Levels that template.json names and that are not there, or the other way round."""
    named = {path: size for size, paths in subject.named_levels().items() for path in paths}
    there = {path: found[1] for path in subject.files if (found := _LEVEL.fullmatch(path))}
    if not named and not there:
        raise NotTestableError("there are no levels of detail")
    for path in sorted(set(named) - set(subject.files)):
        yield Defect(f"{path} is named as a level of detail but is not there", path, place={"size": named[path]})
    for path in sorted(set(there) - set(named)):
        message = f"{path} is there but template.json does not name it as a level of detail"
        yield Defect(message, path, place={"size": there[path]})


def is_readable(subject: Subject) -> Iterator[Defect]:
    """Levels whose file cannot be read."""
    for (size, level), mesh in _levels(subject).items():
        if isinstance(mesh, str):
            yield Defect(
                f"level of detail {level} cannot be read: {mesh.partition(': ')[2]}",
                _path(subject, size, level),
                place={"size": size},
            )


def names_its_points(subject: Subject) -> Iterator[Defect]:
    """Levels that do not say which of the garment's points they have, or name points it does not have."""
    for size, level, mesh in _meshes(subject):
        try:
            lod_points(mesh, len(subject.meshes[size].points), f"level of detail {level}")
        except AssetError as error:
            yield Defect(str(error).split(";")[0], _path(subject, size, level), place={"size": size})


def keeps_the_budget(subject: Subject) -> Iterator[Defect | Measured]:
    """Levels with more triangles than their budget."""
    budgets = subject.budgets
    limits = (budgets.lod1_triangles, budgets.lod2_triangles, budgets.lod3_triangles, budgets.lod4_triangles)
    for size, level, mesh in _meshes(subject):
        most, count = limits[min(level, len(limits)) - 1], len(mesh.faces)
        if count > most:
            message = f"level of detail {level} has {count} triangles, at most {most}"
            yield Defect(message, _path(subject, size, level), count, {"size": size})
        yield Measured(count, "triangles", _path(subject, size, level))


def gets_coarser(subject: Subject) -> Iterator[Defect]:
    """Levels with no fewer triangles than the level before."""
    before = {size: len(mesh.faces) for size, mesh in subject.meshes.items()}
    for size, level, mesh in _meshes(subject):
        if len(mesh.faces) >= before[size]:
            message = f"level of detail {level} has {len(mesh.faces)} triangles, the one before {before[size]}"
            yield Defect(message, _path(subject, size, level), len(mesh.faces), {"size": size})
        before[size] = len(mesh.faces)


def lies_on_its_points(subject: Subject) -> Iterator[Defect]:
    """Levels whose points are not where the garment's are, such as those of another size."""
    for size, level, mesh, own in _placed(subject):
        apart = np.linalg.norm(mesh.points - subject.meshes[size].points[own], axis=1)
        bad = own[~(apart <= MOVED)]
        message = f"points of level of detail {level} lie elsewhere than the garment's (up to {apart.max():.3f} m)"
        one = f"point of level of detail {level} lies elsewhere than the garment's ({apart.max():.3f} m off)"
        yield from counted(bad, message, _path(subject, size, level), one=one, size=size, kind="vertices")


def stays_near(subject: Subject) -> Iterator[Defect | Measured]:
    """Levels from which the garment's surface lies far."""
    for size, level, mesh in _meshes(subject):
        points, most = subject.meshes[size].points, subject.budgets.lod_distance
        distance = Surface(mesh.points, mesh.faces, sign="normal").closest(points).distances
        bad, worst = np.flatnonzero(distance > most), float(distance.max())
        if len(bad):
            message = (
                f"the garment lies up to {1e3 * worst:.1f} mm from level of detail {level}, at most {1e3 * most:g}"
            )
            place = {"size": size, "vertices": bad[:LISTED].tolist()}
            yield Defect(message, _path(subject, size, level), 1e3 * worst, place)
        yield Measured(1e3 * worst, "mm", _path(subject, size, level))


def keeps_its_uvs(subject: Subject) -> Iterator[Defect]:
    """Levels whose UVs are not the garment's, so that its pictures lie elsewhere on them."""
    for size, level, mesh, own in _placed(subject):
        garment = subject.meshes[size]
        for name in ("uv0", "uv1"):
            known, mine = _corner_uvs(garment, name, np.arange(len(garment.points))), _corner_uvs(mesh, name, own)
            path = _path(subject, size, level)
            if known is None and mine is None:
                continue
            if known is None or mine is None:
                lacks = f"level of detail {level} lacks" if mine is None else f"only level of detail {level} has"
                yield Defect(f"{lacks} {name.upper()}", path, place={"size": size})
                continue
            bad = np.unique(own[mesh.faces.reshape(-1)[~np.isin(mine, known)]])
            message = f"points have another {name.upper()} in level of detail {level} than in the garment"
            one = f"point has another {name.upper()} in level of detail {level} than in the garment"
            yield from counted(bad, message, path, one=one, size=size, kind="vertices")


def keeps_its_openings(subject: Subject) -> Iterator[Defect]:
    """Levels with more or fewer border loops than their garment."""
    for size, level, mesh in _meshes(subject):
        found, needed = (
            int(each.loops.max(initial=-1)) + 1
            for each in (Topology(mesh.faces, len(mesh.points)), subject.topologies[size])
        )
        if found != needed:
            message = f"level of detail {level} has {found} openings, the garment {needed}"
            yield Defect(message, _path(subject, size, level), found, {"size": size})


def keeps_its_materials(subject: Subject) -> Iterator[Defect]:
    """Levels with other materials than their garment."""
    for size, level, mesh in _meshes(subject):
        try:
            dressed_level(mesh, subject.meshes[size], f"level of detail {level}")
        except AssetError as error:
            yield Defect(str(error).split(";")[0], _path(subject, size, level), place={"size": size})


def are_alike_in_every_size(subject: Subject) -> Iterator[Defect]:
    """Sizes with other levels than the first size's."""
    levels = _levels(subject)
    first, *others = subject.sizes
    for size in others:
        mine, needed = ({k: mesh for (each, k), mesh in levels.items() if each == name} for name in (size, first))
        if set(mine) != set(needed):
            message = f"size {size} has {len(mine)} levels of detail, size {first} has {len(needed)}"
            yield Defect(message, f"sizes/{size}", len(mine), {"size": size})
            continue
        for level, mesh in sorted(mine.items()):
            other = needed[level]
            if isinstance(mesh, str) or isinstance(other, str):
                continue
            if _record(mesh) != _record(other) or not np.array_equal(mesh.faces, other.faces):
                message = f"level of detail {level} of size {size} is joined in another way than size {first}'s"
                yield Defect(message, _path(subject, size, level), place={"size": size})


def _levels(subject: Subject) -> dict[tuple[str, int], GarmentMesh | str]:
    if not subject.levels:
        raise NotTestableError("there are no levels of detail")
    return subject.levels


def _meshes(subject: Subject) -> Iterator[tuple[str, int, GarmentMesh]]:
    """Yield size, level and mesh of the levels that can be read and whose size has a garment."""
    for (size, level), mesh in _levels(subject).items():
        if not isinstance(mesh, str) and size in subject.meshes:
            yield size, level, mesh


def _placed(subject: Subject) -> Iterator[tuple[str, int, GarmentMesh, NDArray[np.int32]]]:
    """Yield size, level, mesh and its points' numbers in the garment, where it says them soundly."""
    for size, level, mesh in _meshes(subject):
        try:
            yield size, level, mesh, lod_points(mesh, len(subject.meshes[size].points), "")
        except AssetError:
            continue


def _corner_uvs(mesh: GarmentMesh, name: str, own: NDArray[np.integer]) -> NDArray[np.void] | None:
    """Return the garment's point and the UV of each corner as one comparable value, [3 F]; None without that UV set."""
    uv, uv_faces = (mesh.uv0, mesh.uv0_faces) if name == "uv0" else (mesh.uv1, mesh.uv1_faces)
    if uv is None or uv_faces is None:
        return None
    rows = np.column_stack([own[mesh.faces.reshape(-1)], (uv + np.float32(0))[uv_faces.reshape(-1)].view(np.int32)])
    return np.ascontiguousarray(rows, np.int32).view(np.dtype((np.void, 12))).reshape(-1)


def _record(mesh: GarmentMesh) -> object:
    record = mesh.extras.get("lod")
    return record.get("points") if isinstance(record, dict) else None


def _path(subject: Subject, size: str, level: int) -> str:
    return subject.named_levels()[size][level - 1]


_CURE = "make the levels again: dressform garment lod"
_NEEDS = ("mesh", "manifest")
RULES = (
    Rule("DF-LOD-001", "lod.files", Severity.ERROR, ("manifest",), _CURE, files_are_named),
    Rule("DF-LOD-002", "lod.readable", Severity.ERROR, ("manifest",), _CURE, is_readable),
    Rule("DF-LOD-003", "lod.points", Severity.ERROR, _NEEDS, _CURE, names_its_points),
    Rule("DF-LOD-004", "lod.budget", Severity.WARNING, _NEEDS,
         "make coarser levels: dressform garment lod DRAFT --ratios 0.3,0.1", keeps_the_budget),
    Rule("DF-LOD-005", "lod.order", Severity.WARNING, _NEEDS, _CURE, gets_coarser),
    Rule("DF-LOD-006", "lod.place", Severity.ERROR, _NEEDS, _CURE, lies_on_its_points),
    Rule("DF-LOD-007", "lod.distance", Severity.WARNING, _NEEDS,
         "make finer levels: dressform garment lod DRAFT --ratios 0.6,0.3", stays_near),
    Rule("DF-LOD-008", "lod.uv", Severity.ERROR, _NEEDS, _CURE, keeps_its_uvs),
    Rule("DF-LOD-009", "lod.openings", Severity.WARNING, _NEEDS, _CURE, keeps_its_openings),
    Rule("DF-LOD-010", "lod.materials", Severity.ERROR, _NEEDS, _CURE, keeps_its_materials),
    Rule("DF-LOD-011", "lod.sizes", Severity.ERROR, _NEEDS, _CURE, are_alike_in_every_size),
)  # fmt: skip
