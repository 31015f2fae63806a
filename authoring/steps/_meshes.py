"""The objects of a file that holds more than a garment: what each is, and which are taken."""

from __future__ import annotations

import fnmatch
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dressform.authoring.formats.raw import Conversion, RawMesh
from dressform.authoring.formats.restrict import restricted
from dressform.authoring.formats.skeleton_map import canonical_joints_of, canonical_weights
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.schemas.errors import InputError, UsageError

from ._detect import category_from_name

# names that no piece of a garment has, and names that one may have
_FLESH = frozenset(
    re.findall(
        r"\w+",
        "skin nude naked human eye eyes eyeball eyeballs cornea iris teeth tooth tongue gums eyelash eyelashes lashes "
        "eyebrow eyebrows brows face nails fingernails toenails genesis basehuman ccbasebody wolfdbody wolfdhead "
        "stdskin tearline eyeocclusion",
    )
)
_PERHAPS_FLESH = frozenset(
    re.findall(r"\w+", "body base basemesh male female man woman avatar character mannequin head mesh figure actor")
)
_HAIR = frozenset(re.findall(r"\w+", "hair hairs hairstyle ponytail beard moustache mustache wig scalp haircut"))
_TRIM = frozenset(
    re.findall(
        r"\w+",
        "button buttons zip zipper zips buckle buckles strap straps trim stitch stitches stitching seam seams label "
        "pocket pockets lace laces eyelet eyelets rivet rivets thread drawstring cord loop loops puller slider",
    )
)
_SIDES = frozenset(("l", "r", "left", "right"))
_TALL = 0.8  # of the file's height: a body is about as tall as what it wears
_NEAR = 0.06  # of the height: clothes are no further from skin
_MOST = 0.8  # of the sample
_SAMPLE = 1500
_SMALL = 0.1  # of a garment's area: a piece on it is a trim


@dataclass(frozen=True)
class MeshInfo:
    """One object of a file.

    Attributes:
        name: Of the object.
        vertices: That its triangles use.
        triangles: How many.
        materials: Names.
        low: Corner of its bounding box, file units and axes.
        high: The other corner.
        kind: "body", "hair", "shoes" or "garment".
        reason: How that was told.
    """

    name: str
    vertices: int
    triangles: int
    materials: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    kind: str
    reason: str


def list_meshes(raw: RawMesh) -> tuple[MeshInfo, ...]:
    """Describe every object that has triangles."""
    evidence = _Evidence(raw)
    found = []
    for part, name in enumerate(raw.part_names):
        faces = raw.part_ids == part
        if not faces.any():
            continue
        used = np.unique(raw.faces[faces])
        materials = tuple(raw.materials[k].name for k in np.unique(raw.material_ids[faces]))
        kind, reason = evidence.kind(part, name, materials)
        low, high = raw.points[used].min(axis=0), raw.points[used].max(axis=0)
        box = tuple(float(x) for x in low), tuple(float(x) for x in high)
        found.append(MeshInfo(name, len(used), int(faces.sum()), materials, *box, kind, reason))
    return tuple(found)


def choose(raw: RawMesh, patterns: Sequence[str], path: Path) -> RawMesh:
    """Return the objects that are picked, or, without a pick, everything but body and hair.

    Args:
        raw: The whole file.
        patterns: Names or glob patterns, case ignored.
        path: The file, for messages.

    Raises:
        UsageError: When a pattern names nothing.
        InputError: When a body wears several garments and none is picked.
    """
    if not patterns and len(np.unique(raw.part_ids)) < 2:
        return raw
    meshes = list_meshes(raw)
    names = [mesh.name for mesh in meshes]
    if patterns:
        for pattern in patterns:
            if not any(_matches(name, pattern) for name in names):
                raise UsageError(f"--pick {pattern!r} names nothing in {path}; it holds {', '.join(names)}")
        taken = [mesh for mesh in meshes if any(_matches(mesh.name, pattern) for pattern in patterns)]
    else:
        taken = [mesh for mesh in meshes if mesh.kind not in ("body", "hair")]
        bodies = [mesh.name for mesh in meshes if mesh.kind == "body"]
        if not taken or len(taken) == len(meshes):
            return raw
        garments = _garments(raw, taken)
        if bodies and len(garments) > 1:
            listed = "; ".join(" + ".join(group) for group in garments)
            raise InputError(
                f"{path} holds a body ({', '.join(bodies)}) and {len(garments)} garments ({listed}); pick one with "
                f"--pick {garments[0][0]!r}, repeated for more pieces of it; `dressform garment meshes` lists them"
            )
    keep = {mesh.name for mesh in taken}
    picked = restricted(raw, np.isin(raw.part_ids, [k for k, name in enumerate(raw.part_names) if name in keep]))
    return replace(picked, record=(*picked.record, *_said(meshes, keep, bool(patterns))))


def _said(meshes: Sequence[MeshInfo], keep: set[str], stated: bool) -> Iterator[Conversion]:
    for mesh in meshes:
        if mesh.name in keep:
            yield Conversion(f"object {mesh.name}", "kept", "picked" if stated else f"a {mesh.kind}: {mesh.reason}")
        else:
            why = "not picked" if stated else f"{mesh.kind}: {mesh.reason}; name it with --pick to have it"
            yield Conversion(f"object {mesh.name}", "dropped", why)


def _matches(name: str, pattern: str) -> bool:
    return name.lower() == pattern.lower() or fnmatch.fnmatchcase(name.lower(), pattern.lower())


def _words(text: str) -> list[str]:
    plain = re.sub(r"([a-z])([A-Z])", r"\1 \2", text)
    words = re.findall(r"[a-z]+", plain.lower())
    return [*words, "".join(words), *("".join(pair) for pair in itertools.pairwise(words))]


class _Evidence:
    """What names, shape and skin say about the parts of a file."""

    def __init__(self, raw: RawMesh) -> None:
        self._raw = raw
        used = raw.points[np.unique(raw.faces)]
        self._up = 2 if raw.up == "z" else int(np.argmax(np.ptp(used, axis=0)[1:])) + 1 if raw.up is None else 1
        self._height = float(np.ptp(used[:, self._up]))
        self._weights: NDArray[np.float32] | None = None
        if raw.skin is not None:
            mapping = canonical_joints_of(raw.skin.joints, raw.skin.parents)
            self._weights = canonical_weights(raw.skin, mapping) if mapping else None

    def kind(self, part: int, name: str, materials: Sequence[str]) -> tuple[str, str]:
        """Return what a part is and why."""
        words = _words(name)
        if found := _HAIR.intersection(words):
            return "hair", f"the name says {min(found)!r}"
        category = category_from_name(name)
        if category is not None:
            return "shoes" if category.value == "shoes" else "garment", category.reason
        if found := _FLESH.intersection(words):
            return "body", f"the name says {min(found)!r}"
        flesh = {word for material in materials for word in _FLESH.intersection(_words(material))}
        if flesh and all(_FLESH.intersection(_words(material)) for material in materials):
            return "body", f"its material says {min(flesh)!r}"
        if self._is_held_everywhere(part):
            return "body", "the skeleton's head, hands and feet all hold it"
        if (found := _PERHAPS_FLESH.intersection(words)) and self._is_worn_over(part):
            return "body", f"the name says {min(found)!r} and the rest lies over it"
        return "garment", "neither name, skin nor shape says otherwise"

    def _is_held_everywhere(self, part: int) -> bool:
        """Whether a part's skin weights reach head, both hands and both feet."""
        if self._weights is None:
            return False
        held = self._weights[self._used(part)].sum(axis=0)
        ends = ("head", "left_wrist", "right_wrist", "left_ankle", "right_ankle")
        return all(held[JOINT_INDEX[end]] > 1 for end in ends)

    def _is_worn_over(self, part: int) -> bool:
        """Whether the other parts lie close over a part that is as tall as all of them."""
        raw, own = self._raw, self._used(part)
        rest = np.setdiff1d(np.unique(raw.faces[raw.part_ids != part]), own)
        if not len(rest) or np.ptp(raw.points[own, self._up]) < _TALL * self._height:
            return False
        corners = raw.points[raw.faces[raw.part_ids == part]]
        areas = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        centers = corners.mean(axis=1)
        sample = raw.points[rest[:: max(1, len(rest) // _SAMPLE)]]
        distance, nearest = cKDTree(centers).query(sample)
        over = np.einsum("ij,ij->i", sample - centers[nearest], areas[nearest]) > 0
        return bool(np.mean(over & (distance < _NEAR * self._height)) > _MOST)

    def _used(self, part: int) -> NDArray[np.int64]:
        return np.unique(self._raw.faces[self._raw.part_ids == part])


def _garments(raw: RawMesh, taken: Sequence[MeshInfo]) -> list[list[str]]:
    """Return the names of the objects that make one garment: those that touch, left and right, and trims."""
    parts = [raw.part_names.index(mesh.name) for mesh in taken]
    group = list(range(len(taken)))

    def join(first: int, second: int) -> None:
        old, new = group[second], group[first]
        group[:] = [new if each == old else each for each in group]

    cells = [_cells(raw, part) for part in parts]
    bare = [" ".join(word for word in re.findall(r"[a-z]+", mesh.name.lower()) if word not in _SIDES) for mesh in taken]
    areas = [_area(raw, part) for part in parts]
    for i in range(len(taken)):
        for j in range(i):
            touching = len(cells[i] & cells[j]) >= 3
            pair = bare[i] == bare[j] and bool(_SIDES.intersection(re.findall(r"[a-z]+", taken[i].name.lower())))
            if touching or pair:
                join(i, j)
    for i, mesh in enumerate(taken):
        alone = sum(each == group[i] for each in group) == 1
        small = areas[i] < _SMALL * max(areas) and category_from_name(mesh.name) is None
        if alone and (small or _TRIM.intersection(_words(mesh.name))):
            near = [j for j in range(len(taken)) if j != i and areas[j] > areas[i] and _inside(mesh, taken[j])]
            if near:
                join(max(near, key=lambda j: areas[j]), i)
    return [[mesh.name for mesh, each in zip(taken, group, strict=True) if each == one] for one in dict.fromkeys(group)]


def _cells(raw: RawMesh, part: int) -> set[tuple[int, ...]]:
    """Return where a part's points are, in cells much smaller than any gap between two garments."""
    used = np.unique(raw.faces[raw.part_ids == part])
    step = 1e-5 * float(np.ptp(raw.points[np.unique(raw.faces)], axis=0).max())
    return set(map(tuple, np.round(raw.points[used] / step).astype(np.int64).tolist()))


def _area(raw: RawMesh, part: int) -> float:
    corners = raw.points[raw.faces[raw.part_ids == part]]
    return float(np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum())


def _inside(small: MeshInfo, large: MeshInfo) -> bool:
    """Whether the middle of one object lies in the box around another, with a little room."""
    middle = (np.array(small.low) + small.high) / 2
    room = 0.05 * (np.array(large.high) - large.low)
    return bool(((middle > np.array(large.low) - room) & (middle < np.array(large.high) + room)).all())
