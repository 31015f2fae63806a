"""A garment as it is tried on: every size with its rig, its layer, and the size that suits a body."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.rig import Rig
from dressform.assets.manifest import LAYERS, OUTER_LAYER
from dressform.assets.sizes import GIRTHS, nearest_size
from dressform.runtime.body.body_range import ranged_body
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.garment.dressed import DressedGarment
from dressform.schemas.errors import DressformError, UsageError

from .rule import NotTestableError
from .subject import Subject

FAMILY = "anny"  # the family whose bodies `BODIES` names


@dataclass(frozen=True)
class Wearable:
    """One garment.

    Attributes:
        label: What tables call it: "tee@1.0.0", or a draft's name.
        category: "tee".
        layer: Higher lies over lower.
        default_size: Of those in `meshes`.
        meshes: Size → mesh on the canonical body.
        rig: For Anny, with the bindings of all sizes.
        measures: Size → the measures it is cut for [m]; empty where the manifest does not say.
    """

    label: str
    category: str
    layer: int
    default_size: str
    meshes: Mapping[str, GarmentMesh]
    rig: Rig
    measures: Mapping[str, Mapping[str, float]]

    def dressed(self, size: str) -> DressedGarment:
        """Return a size, ready to be worn."""
        return DressedGarment(self.label, self.meshes[size], self.rig.of_size(size), self.layer)

    def size_for(self, body: str) -> str:
        """Return the size whose girths are nearest to those of one of `BODIES`; the default size where none are known.

        Args:
            body: Its name.
        """
        return nearest_size(self.measures, girths_of(body), self.default_size)


@functools.cache
def trial_body(name: str) -> RestBody:
    """Return one of `BODIES`, made once."""
    return ranged_body(canonical_rest().body, name)


@functools.cache
def girths_of(name: str) -> Mapping[str, float]:
    """Return chest, waist and hip of one of `BODIES` [m]."""
    measures = trial_body(name).measures()
    return {girth: float(getattr(measures, girth)) for girth in GIRTHS}


def wearable(subject: Subject) -> Wearable:
    """Return a draft or version as a garment to try on.

    Raises:
        NotTestableError: When it has no rig for Anny, or mesh and rig are too broken to be posed; other rules say how.
    """
    manifest = subject.manifest
    try:
        meshes, rigs = subject.meshes, subject.rigs
    except DressformError as error:
        raise NotTestableError(str(error)) from error
    if FAMILY not in rigs:
        raise NotTestableError(f"it has no rig for the body {FAMILY!r}")
    if not meshes:
        raise NotTestableError("it has no size with a mesh")
    sizes = manifest.get("sizes")
    entries = sizes if isinstance(sizes, dict) else {}
    stated = manifest.get("default_size")
    rig, category, layer = rigs[FAMILY], str(manifest.get("category", "other")), manifest.get("layer")
    for size, mesh in meshes.items():
        _check_posable(size, mesh, rig.of_size(size))
    return Wearable(
        subject.name,
        category,
        layer if isinstance(layer, int) else LAYERS.get(category, OUTER_LAYER),
        stated if stated in meshes else _middle(list(meshes)),
        meshes,
        rig,
        {size: _measures(entries.get(size)) for size in meshes},
    )


def _middle(sizes: list[str]) -> str:
    return "M" if "M" in sizes else sizes[0]


def _measures(entry: object) -> dict[str, float]:
    found = entry.get("measures") if isinstance(entry, dict) else None
    values = found.items() if isinstance(found, dict) else ()
    return {str(name): float(value) for name, value in values if isinstance(value, int | float)}


def _check_posable(size: str, mesh: GarmentMesh, rig: Rig) -> None:
    """Raise a NotTestableError unless every index of mesh and rig means something and every number is finite."""
    body, count = canonical_rest().body, len(mesh.points)
    rows = (rig.joint_indices, rig.joint_weights, rig.binding_triangles, rig.binding_offsets, rig.binding_barycentrics)
    if rig.body_digest != body.topology_digest or any(len(row) != count for row in rows):
        raise NotTestableError(f"the rig does not belong to the mesh of size {size} or to this body")
    if len(mesh.faces) == 0 or not _within(mesh.faces, count):
        raise NotTestableError(f"the triangles of size {size} name points that are not there, or there are none")
    in_range = _within(rig.joint_indices, len(rig.joints)) and _within(rig.binding_triangles, len(body.faces))
    if not in_range or set(rig.joints) - set(body.joint_names) or len(rig.hide) != len(body.faces):
        raise NotTestableError(f"the rig of size {size} names joints or triangles that the body does not have")
    numbers = (mesh.points, rig.joint_weights, rig.binding_offsets, rig.binding_barycentrics)
    if not all(bool(np.isfinite(values).all()) for values in numbers):
        raise NotTestableError(f"points or weights of size {size} are not finite")


def _within(indices: np.ndarray, count: int) -> bool:
    return bool(indices.min(initial=0) >= 0 and indices.max(initial=-1) < count)


def check_names(kind: str, names: Sequence[str], known: Iterable[str]) -> None:
    """Raise a UsageError when a body or pose is named that there is not, or none is named.

    Args:
        kind: "body" or "pose", for the message.
        names: As a user gave them.
        known: All there are.
    """
    there = list(known)
    wrong = [name for name in names if name not in there]
    if wrong:
        raise UsageError(f"there is no {kind} {wrong[0]!r} to try garments on; there are {', '.join(there)}")
    if not names:
        raise UsageError(f"name at least one {kind} to try garments on; there are {', '.join(there)}")
