"""A garment as it is sampled: every size's mesh without its looks, one rig and the fabric; it travels with the set."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from dressform.assets.atomic import write_bytes
from dressform.assets.files.digests import rig_digest, shape_digest, topology_digest, uv1_digest
from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.glb import glb_bytes
from dressform.assets.files.glb_read import read_glb
from dressform.assets.files.rig import Rig
from dressform.assets.files.rig_file import read_rig, rig_bytes
from dressform.assets.sizes import ordered_sizes
from dressform.assets.template_version import TemplateVersion
from dressform.authoring.draft import Draft
from dressform.schemas.documents import dump_json, load_json
from dressform.schemas.errors import AssetError, InputError
from dressform.schemas.template import Fabric

_DOCUMENT, _RIG = "garment.json", "rig.safetensors"


@dataclass(frozen=True)
class Specimen:
    """A garment to simulate, in all its sizes.

    Attributes:
        name: The template's.
        version: "X.Y.Z", or None for a draft.
        default_size: The size that the template recommends.
        layer: Higher lies over lower.
        fabric: Physics of its cloth, or None for the simulation's own.
        meshes: The garment by size, smallest first, in the canonical body's rest frame.
        rig: Of all sizes.
    """

    name: str
    version: str | None
    default_size: str
    layer: int
    fabric: Fabric | None
    meshes: Mapping[str, GarmentMesh]
    rig: Rig

    @classmethod
    def of(cls, garment: TemplateVersion | Draft, body: str = "anny") -> Specimen:
        """Read what is simulated of a version or a draft, for a body family."""
        if isinstance(garment, TemplateVersion):
            manifest = cast("dict[str, Any]", garment.manifest)
            sizes = list(manifest["sizes"])
            meshes = {size: garment.mesh(size) for size in sizes}
            garment.rig(body)  # says which families there are
            rig = read_rig(garment.file(f"rig.{body}.safetensors"))
            name, version = garment.name, garment.version
        else:
            manifest = garment.manifest
            sizes = [garment.default_size, *garment.further_sizes]
            meshes = {size: garment.mesh_of(size) for size in sizes}
            rig, name, version = garment.rig, str(manifest.get("name", garment.folder.name)), None
        return cls(
            name=name,
            version=version,
            default_size=str(manifest.get("default_size", sizes[0])),
            layer=int(manifest.get("layer", 0)),
            fabric=manifest.get("fabric"),
            meshes={size: _plain(meshes[size]) for size in ordered_sizes(meshes)},
            rig=rig,
        )

    @cached_property
    def digest(self) -> str:
        """The sha256 of all that a simulation reads: shapes, triangles, atlas, rig and fabric; looks do not count."""
        parts: dict[str, object] = {"rig": rig_digest(self.rig), "fabric": self.fabric}
        for size, mesh in self.meshes.items():
            parts[f"size {size}"] = [topology_digest(mesh), shape_digest(mesh), uv1_digest(mesh)]
        return hashlib.sha256(dump_json(parts)).hexdigest()

    @property
    def label(self) -> str:
        """Name and version, for messages."""
        return self.name if self.version is None else f"{self.name}@{self.version}"

    def size_like(self, size: str) -> str:
        """Return a size that this garment has: the one of that name, else its default."""
        return size if size in self.meshes else self.default_size

    def rig_of(self, size: str) -> Rig:
        """Return the rig with a size's binding."""
        return self.rig.of_size(size)

    def write(self, folder: Path) -> None:
        """Write it as a folder of its own."""
        for size, mesh in self.meshes.items():
            write_bytes(folder / f"{size}.glb", glb_bytes(mesh))
        write_bytes(folder / _RIG, rig_bytes(self.rig))
        document = {
            "name": self.name,
            "version": self.version,
            "default_size": self.default_size,
            "layer": self.layer,
            "fabric": self.fabric,
            "sizes": list(self.meshes),
            "digest": self.digest,
        }
        write_bytes(folder / _DOCUMENT, dump_json(document))  # last: with it the folder is whole

    @classmethod
    def read(cls, folder: Path) -> Specimen:
        """Read what `write` wrote; its digest is checked.

        Raises:
            InputError: A file is missing or not as it was written.
        """
        path = folder / _DOCUMENT
        held = load_json(path)
        try:
            found = cls(
                name=held["name"],
                version=held["version"],
                default_size=held["default_size"],
                layer=held["layer"],
                fabric=held["fabric"],
                meshes={size: read_glb(folder / f"{size}.glb") for size in held["sizes"]},
                rig=read_rig(folder / _RIG),
            )
            if found.digest != held["digest"]:
                raise InputError(f"{folder}: its files are not those that {path.name} names; make the samples again")
        except (AssetError, KeyError, TypeError) as error:
            raise InputError(f"{path}: not a sampled garment ({error}); make the samples again") from error
        return found


def _plain(mesh: GarmentMesh) -> GarmentMesh:
    """Return a mesh without looks, morphs and what else its file says; materials keep their names."""
    materials = tuple(Material(name=material.name) for material in mesh.materials)
    return replace(mesh, materials=materials, layers=(), morphs=(), skin=None, variants=(), extras={})
