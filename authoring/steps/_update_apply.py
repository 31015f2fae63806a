"""A draft's garment with what an edited file changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dressform.assets.files.garment import GarmentMesh, Layer, MorphTarget, Variant
from dressform.runtime.geometry.uv_measures import uv_measures

from ._update_graph import Ints
from ._update_match import Match, is_ours

STILL = 2e-5  # [m] what the way through a file moves a point; less is no edit
_SAME_UV = 2e-5
_TORN = 1e-4  # [m]


@dataclass
class Changes:
    """What an edited file changed.

    Attributes:
        moved: bool [V] points that moved; for a changed topology those that are new.
        furthest: The longest way of a point [m].
        usual: The median way of all points that are found again [m].
        torn: Points whose copies at a seam came back apart.
        reassigned: Triangles that wear another material.
        uv0: Corners with another UV0.
        uv1: Corners with another atlas.
        layers: Further layers that were edited or are new.
        morphs: Morph targets that were edited or are new.
        variants: Whether the file brought looks.
        notes: What was left as it was, or mended.
    """

    moved: NDArray[np.bool_]
    furthest: float = 0.0
    usual: float = 0.0
    torn: int = 0
    reassigned: int = 0
    uv0: int = 0
    uv1: int = 0
    layers: list[str] = field(default_factory=list)
    morphs: list[str] = field(default_factory=list)
    variants: bool = False
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "points_moved": int(self.moved.sum()),
            "furthest_mm": round(1000 * self.furthest, 3),
            "seam_points_torn": self.torn,
            "triangles_reassigned": self.reassigned,
            "uv0_corners": self.uv0,
            "uv1_corners": self.uv1,
            "layers": self.layers,
            "morphs": self.morphs,
            "variants": self.variants,
        }


def applied(mesh: GarmentMesh, found: Match, material_ids: NDArray[np.int32]) -> tuple[GarmentMesh, Changes]:
    """Return the garment with the file's points, UVs, layers and morphs, and what that changed.

    Args:
        mesh: The draft's.
        found: How the file's mesh lies over it.
        material_ids: For each of the file's materials its number in the garment.
    """
    if found.corners is not None:
        return _same(mesh, found, found.corners, material_ids)
    return _joined_anew(mesh, found, material_ids)


def _same(
    mesh: GarmentMesh, found: Match, corners: Ints, material_ids: NDArray[np.int32]
) -> tuple[GarmentMesh, Changes]:
    edited = found.edited
    points, changes = _points(mesh, found)
    ids = material_ids[edited.material_ids[corners[:, 0] // 3]]
    changes.reassigned = int((ids != mesh.material_ids).sum())
    changed: dict[str, Any] = {"points": points, "material_ids": ids}
    for name in ("uv0", "uv1"):
        uv, uv_faces, count = _uv(mesh, edited, corners, name, changes.notes)
        if count:
            changed |= {name: uv, f"{name}_faces": uv_faces}
            setattr(changes, name, count)
    if changes.uv1 and not _injective(replace(mesh, **changed)):
        changed |= {"uv1": mesh.uv1, "uv1_faces": mesh.uv1_faces}
        changes.uv1 = 0
        changes.notes.append("the file's UV1 has flipped or overlapping triangles, no atlas; the draft's is kept")
    changed["layers"] = _layers(mesh, edited, corners, changes)
    changed["morphs"] = _morphs(mesh, found, changes)
    return replace(mesh, **changed), changes


def _points(mesh: GarmentMesh, found: Match) -> tuple[NDArray[np.float32], Changes]:
    """Return the points where the file has them; copies at a seam meet in their middle."""
    edited, count = found.edited, len(mesh.points)
    used = np.unique(edited.faces)
    used = used[found.numbers[used] >= 0]
    numbers = found.numbers[used]
    copies = np.maximum(np.bincount(numbers, minlength=count), 1)[:, None]
    there = np.bincount(numbers, minlength=count) > 0
    places = edited.points[used].astype(np.float64)
    sums = np.stack([np.bincount(numbers, places[:, k], count) for k in range(3)], axis=1)
    middle = np.where(there[:, None], sums / copies, mesh.points)
    apart = np.zeros(count)
    np.maximum.at(apart, numbers, np.linalg.norm(places - middle[numbers], axis=1))
    way = np.linalg.norm(middle - mesh.points, axis=1)
    moved = way > STILL
    changes = Changes(moved, float(way.max(initial=0.0)), float(np.median(way)), int((apart > _TORN).sum()))
    if changes.torn:
        changes.notes.append(
            f"{changes.torn} seam points came back torn, by up to {2000 * apart.max():.1f} mm, and were joined in the "
            "middle; import with merged vertices before editing"
        )
    return np.where(moved[:, None], middle, mesh.points).astype(np.float32), changes


def _uv(
    mesh: GarmentMesh, edited: GarmentMesh, corners: Ints, name: str, notes: list[str]
) -> tuple[NDArray[np.float32] | None, NDArray[np.int32] | None, int]:
    """Return a UV set as the file has it and how many corners that changes."""
    uv, uv_faces = getattr(mesh, name), getattr(mesh, f"{name}_faces")
    new, new_faces = getattr(edited, name), getattr(edited, f"{name}_faces")
    if new is None:
        if uv is not None:
            notes.append(f"the file has no {name.upper()}; the draft's is kept")
        return uv, uv_faces, 0
    values = new[new_faces.reshape(-1)[corners]]
    if uv is None:
        return *_welded(values, mesh.faces), values.size // 2
    off = np.abs(values - uv[uv_faces]).max(axis=2)
    changed = off > _SAME_UV
    if not changed.any():
        return uv, uv_faces, 0
    values = np.where(changed[..., None], values, uv[uv_faces])
    return *_welded(values, uv_faces), int(changed.sum())


def _welded(values: NDArray[np.float32], kin: NDArray[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Store values per corner [F, 3, K] once for each of `kin` [F, 3] and value; unmoved neighbours stay joined."""
    rounded = np.round(values.reshape(-1, values.shape[2]).astype(np.float64) / 1e-6).astype(np.int64)
    keys = np.column_stack([kin.reshape(-1).astype(np.int64), rounded])
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    table = values.reshape(-1, values.shape[2])[first]
    return table.astype(np.float32), inverse.reshape(-1, 3).astype(np.int32)


def _injective(mesh: GarmentMesh) -> bool:
    assert mesh.uv1 is not None
    assert mesh.uv1_faces is not None
    measured = uv_measures(mesh.points, mesh.faces, mesh.uv1, mesh.uv1_faces)
    inside = mesh.uv1.min() > -1e-6 and mesh.uv1.max() < 1 + 1e-6
    return bool(
        inside and not measured.flipped.any() and not measured.collapsed.any() and not len(measured.overlapping)
    )


def _layers(mesh: GarmentMesh, edited: GarmentMesh, corners: Ints, changes: Changes) -> tuple[Layer, ...]:
    """Return the layers as the file has them; those that the tool dropped stay, those it made up are left out."""
    theirs = [layer for layer in edited.layers if not (layer.kind == "custom" and is_ours(layer.name))]
    kept = []
    for place, layer in enumerate(mesh.layers):
        same_kind = [other for other in theirs if other.kind == layer.kind]
        number = sum(own.kind == layer.kind for own in mesh.layers[:place])
        named = [other for other in same_kind if other.name == layer.name]
        other = named[0] if named else same_kind[number] if number < len(same_kind) else None
        if other is None or other.values.shape[1] != layer.values.shape[1]:
            changes.notes.append(f"the file has no {layer.kind} layer {layer.name!r}; the draft's is kept")
            kept.append(layer)
            continue
        values = other.values[other.faces.reshape(-1)[corners]]
        if np.abs(values - layer.values[layer.faces]).max() < 4e-3:
            kept.append(layer)
            continue
        table, faces = _welded(values, mesh.faces)
        kept.append(replace(layer, values=table, faces=faces))
        changes.layers.append(layer.name)
    have = {layer.kind for layer in mesh.layers}
    for layer in theirs:
        # shading that a tool writes down unasked would freeze what is made anew for every pose
        if layer.kind not in have and layer.kind not in ("normal", "tangent"):
            table, faces = _welded(layer.values[layer.faces.reshape(-1)[corners]], mesh.faces)
            kept.append(replace(layer, values=table, faces=faces))
            changes.layers.append(layer.name)
    return tuple(kept)


def _morphs(mesh: GarmentMesh, found: Match, changes: Changes) -> tuple[MorphTarget, ...]:
    theirs = {morph.name: morph for morph in found.edited.morphs}
    used = np.unique(found.edited.faces)
    used = used[found.numbers[used] >= 0]
    kept = []
    for morph in mesh.morphs:
        other = theirs.pop(morph.name, None)
        if other is None:
            changes.notes.append(f"the file has no morph target {morph.name!r}; the draft's is kept")
            kept.append(morph)
            continue
        offsets = morph.offsets.copy()
        offsets[found.numbers[used]] = other.offsets[used]
        if np.abs(offsets - morph.offsets).max() > STILL:
            kept.append(replace(morph, offsets=offsets, layers=()))
            changes.morphs.append(morph.name)
        else:
            kept.append(morph)
    for name, morph in theirs.items():
        offsets = np.zeros_like(mesh.points)
        offsets[found.numbers[used]] = morph.offsets[used]
        kept.append(MorphTarget(name, offsets, morph.weight))
        changes.morphs.append(name)
    return tuple(kept)


def _joined_anew(mesh: GarmentMesh, found: Match, material_ids: NDArray[np.int32]) -> tuple[GarmentMesh, Changes]:
    """Return the file's triangles; with the same points these keep their numbers."""
    edited = found.edited
    names: dict[str, Any] = {"materials": mesh.materials, "material_ids": material_ids[edited.material_ids]}
    if mesh.parts and mesh.part_ids is not None:
        names |= {"parts": mesh.parts, "part_ids": _carried_parts(mesh, edited, mesh.part_ids)}
    else:
        names |= {"parts": (), "part_ids": None}
    layers = tuple(
        layer
        for layer in edited.layers
        if not (layer.kind == "custom" and is_ours(layer.name)) and layer.kind not in ("normal", "tangent")
    )
    new = replace(edited, **names, layers=layers, skin=None, variants=mesh.variants, extras=mesh.extras)
    notes = []
    if new.uv0 is None and mesh.uv0 is not None:
        uv0, uv0_faces = _carried_uv0(mesh, new)
        new = replace(new, uv0=uv0, uv0_faces=uv0_faces)
        notes.append("the file has no UV0; each triangle takes the draft's from the triangle next to it")
    if found.topology == "changed":
        known = found.numbers >= 0
        changes = Changes(~known, notes=notes)
        if known.any():
            way = np.linalg.norm(edited.points[known] - mesh.points[found.numbers[known]], axis=1)
            changes.furthest, changes.usual = float(way.max()), float(np.median(way))
        return new, changes
    points, changes = _points(mesh, found)
    changes.notes += [*notes, "the triangles join the same points otherwise; points keep their numbers"]
    offsets = _morphs(mesh, found, changes)
    return replace(new, points=points, faces=found.numbers[edited.faces].astype(np.int32), morphs=offsets), changes


def _carried_parts(mesh: GarmentMesh, edited: GarmentMesh, part_ids: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give each triangle the part of the draft's triangle next to it."""
    _, nearest = cKDTree(mesh.points[mesh.faces].mean(axis=1)).query(edited.points[edited.faces].mean(axis=1))
    return part_ids[nearest].astype(np.int32)


def _carried_uv0(mesh: GarmentMesh, new: GarmentMesh) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Continue the UV0 of the nearest of the draft's triangles over each new one; seams stay where they were."""
    assert mesh.uv0 is not None
    assert mesh.uv0_faces is not None
    corners = mesh.points[mesh.faces].astype(np.float64)
    wanted = new.points[new.faces].astype(np.float64)
    _, nearest = cKDTree(corners.mean(axis=1)).query(wanted.mean(axis=1))
    a, b, c = np.moveaxis(corners[nearest], 1, 0)
    frame = np.stack([b - a, c - a], axis=2)  # [F, 3, 2]: how a point of the triangle's plane is reached
    weights = np.einsum("fka,fca->fck", np.linalg.pinv(frame), wanted - a[:, None])
    uv = mesh.uv0[mesh.uv0_faces[nearest]].astype(np.float64)
    values = uv[:, :1] + np.einsum("fck,fka->fca", weights, uv[:, 1:] - uv[:, :1])
    return _welded(values.astype(np.float32), new.faces)


def merged_variants(
    own: Sequence[Variant], theirs: Sequence[Variant], ids: NDArray[np.int32], count: int
) -> tuple[tuple[Variant, ...], bool]:
    """Return the looks over `count` materials, and whether they are the file's.

    Args:
        own: The draft's, over its first materials.
        theirs: The file's, over its own materials.
        ids: For each of the file's materials its number among the `count`.
        count: Materials now.
    """
    taken = bool(theirs)
    looks = []
    for variant in theirs if taken else own:
        worn = list(range(count))
        for number, material in enumerate(variant.materials):
            place = int(ids[number]) if taken else number
            worn[place] = int(ids[material]) if taken else material
        looks.append(Variant(variant.name, tuple(worn)))
    return tuple(looks), taken
