"""A draft in memory while fixes work on it, and how the mended state is written."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from dressform.assets.atomic import write_bytes
from dressform.assets.files.checks import check_rig
from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.glb import Skeleton, glb_bytes, read_glb
from dressform.assets.files.rig import Rig, SizeBinding
from dressform.assets.files.rig_file import read_rig, rig_bytes
from dressform.runtime.body.canonical import canonical_rest
from dressform.schemas.documents import load_json
from dressform.schemas.errors import InputError
from dressform.validators.budgets import Budgets

MANIFEST = "template.json"
MAIN_BODY = "anny"  # the family whose rig a garment's GLB carries
_IN_GLB = ("title", "authors", "licence", "permissions")  # keys of the manifest that a GLB repeats

T = TypeVar("T")


@dataclass(frozen=True)
class Parts:
    """What of a draft is kept in memory.

    Attributes:
        manifest: template.json; empty when it cannot be read.
        meshes: Size → mesh; empty when one of them cannot be read.
        rigs: Body family → rig; empty when one of them cannot be read.
    """

    manifest: dict[str, Any]
    meshes: dict[str, GarmentMesh]
    rigs: dict[str, Rig]


@dataclass
class Workpiece:
    """The parts of a draft; fixes replace them, and `write` puts what has changed into the draft's folder.

    Attributes:
        folder: Where the draft lies.
        budgets: What it is held to.
        manifest: template.json; fixes change it in place.
        meshes: As in `Parts`.
        rigs: As in `Parts`.
        original: The parts as they were read.
        stale: Steps whose work no longer fits, since a fix changed what they were made from.
        files: New content of further files, by their path; None removes one.
        reskin: Whether the GLBs are written again although nothing in them changed but the skin.
    """

    folder: Path
    budgets: Budgets
    manifest: dict[str, Any]
    meshes: dict[str, GarmentMesh]
    rigs: dict[str, Rig]
    original: Parts
    stale: set[str] = field(default_factory=set)
    files: dict[str, bytes | None] = field(default_factory=dict)
    reskin: bool = False

    @classmethod
    def read(cls, folder: Path, budgets: Budgets) -> Workpiece:
        """Read a draft; fixes that need a part that cannot be read do not run."""
        try:
            manifest = load_json(folder / MANIFEST)
        except InputError:
            manifest = {}
        garments = {path.parent.name: path for path in sorted(folder.glob("sizes/*/garment.glb"))}
        rigs = {path.name.split(".")[1]: path for path in sorted(folder.glob("rig.*.safetensors"))}
        parts = Parts(
            manifest,
            _all_or_none(garments, read_glb),
            _all_or_none(rigs, lambda path: read_rig(path, check_values=False)),
        )
        return cls(folder, budgets, copy.deepcopy(manifest), dict(parts.meshes), dict(parts.rigs), parts)

    def has(self, part: str) -> bool:
        """Say whether a part is there and can be changed; a mesh cannot while its rig is unsound."""
        if part == "mesh":
            return bool(self.meshes) and self._can_write_meshes()
        return bool({"manifest": self.manifest, "rig": self.rigs}[part])

    @property
    def share_triangles(self) -> bool:
        """Whether all sizes have the same triangles, so that what is done to one may be done to all."""
        first, *others = self.meshes.values()
        return all(np.array_equal(first.faces, each.faces) and len(first.points) == len(each.points) for each in others)

    @property
    def default_mesh(self) -> GarmentMesh | None:
        """The mesh whose figures the manifest states; None when there is none of that name."""
        default = self.manifest.get("default_size", "M" if "M" in self.meshes else next(iter(self.meshes), ""))
        return self.meshes.get(default) if isinstance(default, str) else None

    def change_meshes(self, change: Callable[[GarmentMesh], GarmentMesh], *, stale: tuple[str, ...]) -> None:
        """Replace the mesh of every size.

        Args:
            change: Returns the new mesh.
            stale: Steps whose work no longer fits.
        """
        self.meshes = {size: change(mesh) for size, mesh in self.meshes.items()}
        self.stale |= set(stale)

    def keep_points(self, keep: NDArray[np.bool_]) -> None:
        """Leave points out of every size and of the rigs.

        Args:
            keep: bool [V]; no triangle uses a point that is left out.
        """
        number = np.cumsum(keep).astype(np.int32) - 1
        self.change_meshes(lambda mesh: _with_points(mesh, keep, number), stale=("lod", "preview"))
        self.rigs = {
            body: _with_rows(rig, keep) if len(rig.joint_indices) == len(keep) else rig
            for body, rig in self.rigs.items()
        }

    def write(self) -> None:
        """Write what has changed into the draft's folder."""
        written = {
            f"rig.{body}.safetensors": rig_bytes(rig, check_values=False)
            for body, rig in self.rigs.items()
            if rig is not self.original.rigs[body]
        }
        if self._can_write_meshes():
            written |= self._garments()
        if self.manifest != self.original.manifest:
            written[MANIFEST] = (json.dumps(self.manifest, indent=2, ensure_ascii=False) + "\n").encode()
        for path, content in sorted({**written, **self.files}.items()):
            if content is None:
                (self.folder / path).unlink(missing_ok=True)
            else:
                write_bytes(self.folder / path, content)

    def _garments(self) -> dict[str, bytes]:
        rig = self.rigs.get(MAIN_BODY)
        credits_changed = any(self.manifest.get(key) != self.original.manifest.get(key) for key in _IN_GLB)
        all_change = rig is not self.original.rigs.get(MAIN_BODY) or credits_changed or self.reskin
        skeleton = None
        if rig is not None:
            rest = canonical_rest()
            skeleton = Skeleton(rest.body.joint_names, rest.body.joint_parents, rest.joint_poses)
        return {
            f"sizes/{size}/garment.glb": glb_bytes(mesh, rig, skeleton, manifest=self.manifest)
            for size, mesh in self.meshes.items()
            if all_change or mesh is not self.original.meshes[size]
        }

    def _can_write_meshes(self) -> bool:
        """Whether the GLBs can carry the rig; there may be none yet."""
        rig = self.rigs.get(MAIN_BODY)
        if rig is None:
            return not (self.folder / f"rig.{MAIN_BODY}.safetensors").is_file()
        known = set(rig.joints) <= set(canonical_rest().body.joint_names)
        try:
            check_rig(rig, MAIN_BODY)
        except InputError:
            return False
        return known and all(len(rig.joint_indices) == len(mesh.points) for mesh in self.meshes.values())


def _all_or_none(files: Mapping[str, Path], read: Callable[[Path], T]) -> dict[str, T]:
    try:
        return {name: read(path) for name, path in files.items()}
    except InputError:
        return {}


def _with_points(mesh: GarmentMesh, keep: NDArray[np.bool_], number: NDArray[np.int32]) -> GarmentMesh:
    skin = mesh.skin
    return replace(
        mesh,
        points=mesh.points[keep],
        faces=number[mesh.faces],
        morphs=tuple(replace(morph, offsets=morph.offsets[keep]) for morph in mesh.morphs),
        skin=None if skin is None else replace(skin, indices=skin.indices[keep], weights=skin.weights[keep]),
    )


def _with_rows(rig: Rig, keep: NDArray[np.bool_]) -> Rig:
    sizes = {
        size: SizeBinding(own.triangles[keep], own.barycentrics[keep], own.offsets[keep])
        for size, own in rig.sizes.items()
    }
    return replace(
        rig,
        joint_indices=rig.joint_indices[keep],
        joint_weights=rig.joint_weights[keep],
        binding_triangles=rig.binding_triangles[keep],
        binding_barycentrics=rig.binding_barycentrics[keep],
        binding_offsets=rig.binding_offsets[keep],
        sizes=sizes,
    )
