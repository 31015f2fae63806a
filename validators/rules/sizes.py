"""Rules on a garment's sizes beside each other."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.sizes import size_rank
from dressform.runtime.geometry.normals import face_areas
from dressform.schemas.documents import is_number
from dressform.schemas.report import Severity
from dressform.validators.rule import Defect, NotTestableError, Rule
from dressform.validators.subject import Subject

SHRINKS = 0.99  # of the smaller size's cloth that the larger one must have
# [m] least and most that a length on an adult body or a garment can be; mass is in kilograms
SHORTEST, LONGEST = 0.03, 2.6
UNIT_OF = {"mass": (20.0, 400.0, "kg")}


def share_topology(subject: Subject) -> Iterator[Defect]:
    """Sizes whose triangles differ from the default size's."""
    for size, first in _others(subject):
        mine, other = subject.topologies[size], subject.topologies[first]
        if mine is not other:
            found, needed = (f"{each.points} points and {len(each.faces)} triangles" for each in (mine, other))
            message = f"size {size} has {found}, joined in another way than the {needed} of size {first}"
            yield Defect(message, f"sizes/{size}", place={"size": size})


def share_uvs(subject: Subject) -> Iterator[Defect]:
    """Sizes whose UV sets differ from the default size's."""
    for size, first in _others(subject):
        for name in ("uv0", "uv1"):
            mine, other = (_uv(subject.meshes[each], name) for each in (size, first))
            if not _equal(mine, other):
                message = f"size {size} has another {name.upper()} than size {first}; pictures would lie elsewhere"
                yield Defect(message, f"sizes/{size}", place={"size": size})


def share_materials(subject: Subject) -> Iterator[Defect]:
    """Sizes whose materials differ by name or by triangle from the default size's."""
    for size, first in _others(subject):
        mine, other = subject.meshes[size], subject.meshes[first]
        found, needed = ([material.name for material in mesh.materials] for mesh in (mine, other))
        if found != needed or not np.array_equal(mine.material_ids, other.material_ids):
            message = f"size {size} has the materials {', '.join(found)}, size {first} has {', '.join(needed)}"
            if found == needed:
                message = f"size {size} gives the materials {', '.join(found)} to other triangles than size {first}"
            yield Defect(message, f"sizes/{size}", place={"size": size})


def grow(subject: Subject) -> Iterator[Defect]:
    """Sizes with less cloth than the size before them."""
    ordered = sorted((order, size) for size in subject.meshes if (order := _order(size)) is not None)
    if len(ordered) < 2:
        raise NotTestableError("there are no two sizes whose names have an order")
    cloth = {size: float(face_areas(mesh.points, mesh.faces).sum()) for size, mesh in subject.meshes.items()}
    for (below, smaller), (above, larger) in itertools.pairwise(ordered):
        if below[0] == above[0] and below != above and cloth[larger] < SHRINKS * cloth[smaller]:
            message = f"size {larger} has {cloth[larger]:.3f} m² of cloth, size {smaller} has {cloth[smaller]:.3f} m²"
            yield Defect(message, f"sizes/{larger}", cloth[larger], {"size": larger})


def have_plausible_measures(subject: Subject) -> Iterator[Defect]:
    """Measures of sizes that no adult body has, such as centimetres where metres are meant."""
    measured = {size: entry["measures"] for size, entry in _entries(subject).items() if entry.get("measures")}
    if not measured:
        raise NotTestableError("no size states its measures")
    for size, measures in sorted(measured.items()):
        for name, value in sorted(measures.items()) if isinstance(measures, dict) else ():
            low, high, unit = UNIT_OF.get(name, (SHORTEST, LONGEST, "m"))
            if is_number(value) and not low <= value <= high:
                message = f"{name} of size {size} is {value:g} {unit}, needed {low:g} to {high:g}"
                yield Defect(message, f"template.json $.sizes.{size}.measures.{name}", float(value), {"size": size})


def _others(subject: Subject) -> Iterator[tuple[str, str]]:
    """Yield every size but the default one, and that one."""
    if len(subject.meshes) < 2:
        raise NotTestableError("there is one size")
    yield from ((size, subject.default_size) for size in subject.meshes if size != subject.default_size)


def _uv(mesh: GarmentMesh, name: str) -> tuple[NDArray[np.float32] | None, NDArray[np.int32] | None]:
    return (mesh.uv0, mesh.uv0_faces) if name == "uv0" else (mesh.uv1, mesh.uv1_faces)


def _equal(
    mine: tuple[NDArray[np.float32] | None, NDArray[np.int32] | None],
    other: tuple[NDArray[np.float32] | None, NDArray[np.int32] | None],
) -> bool:
    return all(
        np.array_equal(a, b) if a is not None and b is not None else a is b for a, b in zip(mine, other, strict=True)
    )


def _entries(subject: Subject) -> dict[str, dict[str, object]]:
    """Return the sizes of template.json, as far as they are objects."""
    sizes = subject.manifest.get("sizes")
    return {k: v for k, v in sizes.items() if isinstance(v, dict)} if isinstance(sizes, dict) else {}


def _number(size: str) -> float | None:
    return float(size) if re.fullmatch(r"\d{1,3}", size) else None


_READERS: tuple[tuple[str, Callable[[str], float | None]], ...] = (("letters", size_rank), ("numbers", _number))


def _order(size: str) -> tuple[str, float] | None:
    """Return the scale that a size's name belongs to and its place there, or None."""
    return next(((kind, place) for kind, read in _READERS if (place := read(size.upper())) is not None), None)


RULES = (
    Rule("DF-SIZES-001", "sizes.topology", Severity.ERROR, ("mesh",),
         "derive every size from one mesh", share_topology),
    Rule("DF-SIZES-002", "sizes.uv", Severity.ERROR, ("mesh",),
         "derive every size from one mesh; keep its UVs", share_uvs),
    Rule("DF-SIZES-003", "sizes.materials", Severity.ERROR, ("mesh",),
         "derive every size from one mesh; keep its materials", share_materials),
    Rule("DF-SIZES-004", "sizes.order", Severity.WARNING, ("mesh",),
         "give each size its own mesh under its own name", grow),
    Rule("DF-SIZES-005", "sizes.measures", Severity.ERROR, ("manifest",),
         "state lengths in metres and mass in kilograms", have_plausible_measures),
)  # fmt: skip
