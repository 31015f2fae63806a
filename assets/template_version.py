"""One immutable version of a garment template, as a runtime reads it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dressform.schemas.errors import AssetError
from dressform.schemas.template import MaterialChange, TemplateManifest

from .atomic import write_bytes
from .draft_digest import file_sha256
from .files.garment import GarmentMesh, Material
from .files.glb_read import read_glb
from .files.rig import Rig
from .files.rig_file import read_rig


@functools.lru_cache(maxsize=4096)
def _sha256_once(path: Path, size: int, modified_ns: int) -> str:
    """Return a file's sha256, computed once for a size and a time of change."""
    return file_sha256(path)


@dataclass(frozen=True)
class TemplateVersion:
    """A version with the size and look that were asked for.

    Attributes:
        name: The template.
        version: "X.Y.Z".
        manifest: Its template.json.
        manifest_path: Where that lies.
        digest: sha256 of template.json, which names the digests of every other file.
        files: Path in the template → file on disk.
        size: The size asked for, or the template's default.
        variant: The look asked for, or None for the template's own.
        yanked: Why the version was yanked, or None.
    """

    name: str
    version: str
    manifest: TemplateManifest
    manifest_path: Path
    digest: str
    files: Mapping[str, Path]
    size: str
    variant: str | None = None
    yanked: str | None = None

    @property
    def label(self) -> str:
        """Name and version, as messages show them."""
        return f"{self.name}@{self.version}"

    def mesh(self, size: str | None = None, variant: str | None = None) -> GarmentMesh:
        """Read the garment of a size and look; by default those that were asked for."""
        chosen = self.chosen_size(size or self.size)
        mesh = read_glb(self.file(self.manifest["sizes"][chosen]["garment"]))
        look = self.chosen_variant(variant or self.variant)
        if look is None:
            return mesh
        changes = self.manifest["variants"][look]["materials"]
        materials = tuple(self._changed(material, changes.get(material.name, {})) for material in mesh.materials)
        return dataclasses.replace(mesh, materials=materials)

    def rig(self, body: str = "anny") -> Rig:
        """Read the rig for a body family."""
        path = f"rig.{body}.safetensors"
        if path not in self.files:
            bodies = ", ".join(self.manifest["bodies"])
            raise AssetError(f"{self.label} has no rig for the body {body!r}; it has {bodies}")
        return read_rig(self.file(path))

    def file(self, path: str) -> Path:
        """Return where one of the version's files lies on disk.

        Its sha256 is compared with the manifest's, the first time in a process and again when the file was changed.
        """
        if path not in self.files:
            raise AssetError(f"{self.label} has no file {path!r}; it has {', '.join(sorted(self.files))}")
        if not self.files[path].is_file():
            raise AssetError(f"{self.label}: {path} is missing from the library; run `dressform library verify`")
        found = self.files[path].stat()
        if _sha256_once(self.files[path], found.st_size, found.st_mtime_ns) != self._sha256(path):
            raise AssetError(f"{self.label}: {path} is damaged; run `dressform library verify` or publish it again")
        return self.files[path]

    def chosen_size(self, size: str) -> str:
        """Return a size that the template has, or raise an AssetError naming those it has."""
        if size not in self.manifest["sizes"]:
            raise AssetError(f"{self.label} has no size {size!r}; it has {', '.join(self.manifest['sizes'])}")
        return size

    def chosen_variant(self, variant: str | None) -> str | None:
        """Return a look that the template has, or raise an AssetError naming those it has."""
        if variant is not None and variant not in self.manifest["variants"]:
            looks = ", ".join(self.manifest["variants"]) or "only its own look"
            raise AssetError(f"{self.label} has no variant {variant!r}; it has {looks}")
        return variant

    def export(self, folder: Path) -> None:
        """Write the version as a plain folder: template.json and its files; every file's sha256 is checked."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise AssetError(f"{folder} is not empty; name another folder")
        for path in self.manifest["files"]:
            write_bytes(folder / path, self.file(path).read_bytes())
        write_bytes(folder / "template.json", self.manifest_path.read_bytes())  # last: with it the folder is whole

    def _sha256(self, path: str) -> str:
        """Return the digest that one of the version's files must have."""
        entry = self.manifest["files"].get(path)
        return self.digest if entry is None else entry["sha256"]

    def _changed(self, material: Material, change: MaterialChange) -> Material:
        """Return a material with a variant's changes."""

        def image(path: str | None, own: bytes | None) -> bytes | None:
            return own if path is None else self.file(path).read_bytes()

        color = change.get("base_color", material.base_color)
        sheen = change.get("sheen", material.sheen)
        return dataclasses.replace(
            material,
            base_color=(color[0], color[1], color[2], color[3]),
            base_color_image=image(change.get("base_color_image"), material.base_color_image),
            normal_image=image(change.get("normal_image"), material.normal_image),
            roughness=change.get("roughness", material.roughness),
            metallic=change.get("metallic", material.metallic),
            sheen=(sheen[0], sheen[1], sheen[2]),
        )
