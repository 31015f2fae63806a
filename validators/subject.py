"""What a validation looks at: the manifest and files of one draft or version, read lazily and at most once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.glb import read_glb
from dressform.assets.files.glb_file import read_bytes
from dressform.assets.files.glb_read import parse_glb
from dressform.assets.files.rig import Rig
from dressform.assets.files.rig_file import read_rig
from dressform.schemas.errors import InputError

from .budgets import Budgets
from .textures import Texture, gather

if TYPE_CHECKING:
    from PIL.Image import Image

    from dressform.runtime.geometry.uv_measures import UvMeasures

    from .khronos import Issue
    from .topology import Topology
    from .trial import Trial


@dataclass(frozen=True)
class Subject:
    """One draft or version.

    Attributes:
        name: What messages call it.
        kind: "draft" or "version".
        files: Path in the template → file on disk; a draft's source, steps and report are not among them.
        steps: The draft's steps that have run; for a version, all.
        manifest_file: Where template.json lies.
        reports: What each step of a draft reported, by its name; empty for a version.
        budgets: What it is held to.
        previous: template.json of the highest release before it in its library; None for the first one or a draft.
    """

    name: str
    kind: str
    files: Mapping[str, Path]
    steps: frozenset[str]
    manifest_file: Path
    reports: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    budgets: Budgets = field(default_factory=Budgets)
    previous: Path | None = None

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """template.json as read; an InputError when it is not a JSON object."""
        try:
            data = json.loads(self.manifest_file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"{self.name}: template.json cannot be read ({error})") from error
        if not isinstance(data, dict):
            raise InputError(f"{self.name}: template.json must hold an object, found {type(data).__name__}")
        return data

    @property
    def sizes(self) -> list[str]:
        """The sizes that have a mesh, sorted."""
        return sorted(path.split("/")[1] for path in self.files if path.endswith("/garment.glb"))

    @cached_property
    def meshes(self) -> dict[str, GarmentMesh]:
        """Size → mesh; an InputError when one cannot be read."""
        return {size: read_glb(self.files[f"sizes/{size}/garment.glb"]) for size in self.sizes}

    @cached_property
    def topologies(self) -> dict[str, Topology]:
        """Size → what follows from its triangles; sizes with the same triangles share one."""
        from .topology import Topology

        found: dict[str, Topology] = {}
        for size, mesh in self.meshes.items():
            alike = (known for known in found.values() if known.points == len(mesh.points))
            same = next((known for known in alike if np.array_equal(known.faces, mesh.faces)), None)
            found[size] = same or Topology(mesh.faces, len(mesh.points))
        return found

    @property
    def default_size(self) -> str:
        """The size that others are compared with: the default size, M, or the first there is."""
        try:
            stated = self.manifest.get("default_size", "M")
        except InputError:
            stated = "M"
        return stated if stated in self.sizes else "M" if "M" in self.sizes else next(iter(self.sizes), "M")

    @cached_property
    def layouts(self) -> dict[str, GarmentMesh]:
        """Size → mesh; of sizes that share triangles and UVs only one, the default size first.

        What follows from triangles and UVs alone is told of these, not of every size again.
        """
        found: dict[str, GarmentMesh] = {}
        for size in sorted(self.meshes, key=lambda size: (size != self.default_size, size)):
            if not any(_share_layout(self.meshes[size], known) for known in found.values()):
                found[size] = self.meshes[size]
        return found

    @cached_property
    def levels(self) -> dict[tuple[str, int], GarmentMesh | str]:
        """(Size, level of detail from 1) → its mesh, or why it cannot be read; those that template.json names."""
        found: dict[tuple[str, int], GarmentMesh | str] = {}
        for size, paths in sorted(self.named_levels().items()):
            for level, path in enumerate(paths, 1):
                file = self.files.get(path)
                if file is None:
                    continue
                try:
                    found[size, level] = parse_glb(read_bytes(file), path)
                except InputError as error:
                    found[size, level] = str(error)
        return found

    def named_levels(self) -> dict[str, list[str]]:
        """Return size → the files of its levels of detail, as far as template.json says."""
        sizes = self.manifest.get("sizes")
        entries = sizes.items() if isinstance(sizes, dict) else ()
        listed = {size: entry.get("lods") for size, entry in entries if isinstance(entry, dict)}
        return {
            size: [path for path in paths if isinstance(path, str)]
            for size, paths in listed.items()
            if isinstance(paths, list)
        }

    @cached_property
    def rigs(self) -> dict[str, Rig]:
        """Body family → rig; an InputError when one cannot be read."""
        found = (path for path in self.files if path.startswith("rig.") and path.endswith(".safetensors"))
        return {path.split(".")[1]: read_rig(self.files[path], check_values=False) for path in found}

    @cached_property
    def atlas(self) -> dict[str, UvMeasures]:
        """Size → measures of UV1, for the sizes that have it; overlaps are looked for in `layouts` only."""
        from dressform.runtime.geometry.uv_measures import uv_measures

        return {
            size: uv_measures(mesh.points, mesh.faces, mesh.uv1, mesh.uv1_faces, overlaps=size in self.layouts)
            for size, mesh in self.meshes.items()
            if mesh.uv1 is not None and mesh.uv1_faces is not None
        }

    @cached_property
    def textures(self) -> list[Texture]:
        """Every picture of the materials and looks, once, by where it is used first."""
        return gather(self.meshes, self.manifest, self.files)

    @cached_property
    def khronos(self) -> dict[str, list[Issue]]:
        """GLB → what the Khronos validator says of it; raises where that is not at hand."""
        from .khronos import issues

        paths = sorted(path for path in self.files if path.endswith(".glb"))
        return dict(zip(paths, issues([self.files[path] for path in paths]), strict=True)) if paths else {}

    def picture_of(self, data: bytes | None) -> Image | str | None:
        """Return one of the textures' encoded pictures decoded, why it cannot be, or None without one."""
        return next((texture.picture for texture in self.textures if texture.data == data), None)

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """How it fares on the bodies and in the poses of its budgets; takes seconds for each body."""
        from .trial import swept

        return swept(self)

    @cached_property
    def layer_trials(self) -> tuple[Trial, ...]:
        """The same over a close-fitting layer."""
        from .trial import swept_over_slip

        return swept_over_slip(self)


def _share_layout(mine: GarmentMesh, other: GarmentMesh) -> bool:
    """Say whether two meshes have the same triangles and UVs."""
    pairs = [(getattr(mine, name), getattr(other, name)) for name in ("faces", "uv0", "uv0_faces", "uv1", "uv1_faces")]
    alike = (np.array_equal(a, b) if a is not None and b is not None else a is b for a, b in pairs)
    return len(mine.points) == len(other.points) and all(alike)
