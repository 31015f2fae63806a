"""One immutable version of a garment template, as a runtime reads it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dressform.schemas.errors import AssetError
from dressform.schemas.template import TemplateManifest

from .atomic import write_bytes
from .files.field import Field, lod_field
from .files.field_file import read_field
from .files.garment import GarmentMesh
from .files.glb_read import read_glb
from .files.lod import dressed_level, lod_points, lod_rig
from .files.rig import Rig
from .files.rig_file import read_rig
from .hashing import file_sha256
from .looks import with_looks, worn_look


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

    def mesh(self, size: str | None = None, variant: str | None = None, lod: int = 0) -> GarmentMesh:
        """Read the garment of a size and look, by default those that were asked for, at a level of detail."""
        chosen = self.chosen_size(size or self.size)
        mesh = read_glb(self.file(self._mesh_path(chosen, 0)))
        if lod:
            path = self._mesh_path(chosen, lod)
            mesh = dressed_level(read_glb(self.file(path)), mesh, f"{self.label}: {path}")
        look = self.chosen_variant(variant or self.variant)
        if look is None:
            return mesh
        return worn_look(mesh, self.manifest["variants"][look], self._content)

    def mesh_with_looks(self, lod: int = 0) -> GarmentMesh:
        """Read the garment of the size asked for in its own look, with all its looks as variants."""
        own = replace(self, variant=None)
        return with_looks(own.mesh(lod=lod), self.manifest["variants"], self._content)

    def rig(self, body: str = "anny", lod: int = 0) -> Rig:
        """Read the rig for a body family: the size's binding, with the rows of a level of detail."""
        path = f"rig.{body}.safetensors"
        if path not in self.files:
            bodies = ", ".join(self.manifest["bodies"])
            cure = "rig its draft with `dressform garment rig DRAFT --smplx FILE` and publish it again"
            raise AssetError(
                f"{self.label} has no rig for the body {body!r}; it has {bodies}"
                + (f"; {cure}" if body == "smplx" else "")
            )
        rig = read_rig(self.file(path)).of_size(self.size)
        if lod == 0:
            return rig
        level = self._mesh_path(self.size, lod)
        return lod_rig(rig, lod_points(read_glb(self.file(level)), len(rig.joint_indices), f"{self.label}: {level}"))

    def field(self, body: str = "anny", lod: int = 0) -> Field | None:
        """Read the field for a body family, with the rows of a level of detail; None where the version has none.

        Raises:
            AssetError: When the field was made for another body or mesh than the version's.
        """
        path = f"field.{body}.safetensors"
        if path not in self.files:
            return None
        field = read_field(self.file(path))
        topology = self.manifest["digests"]["topology"]
        if (field.body, field.topology) != (body, topology):
            found = f"{field.body} and the mesh {field.topology[:12]}"
            raise AssetError(
                f"{self.label}: {path} is for {found}, needed {body} and {topology[:12]}; "
                "run `dressform garment learn` on its draft and publish it again"
            )
        if lod == 0:
            return field
        level = self._mesh_path(self.size, lod)
        count = self.manifest["mesh"]["points"]
        return lod_field(field, lod_points(read_glb(self.file(level)), count, f"{self.label}: {level}"))

    @property
    def lods(self) -> int:
        """The coarsest level of detail that the size has; 0 is the garment itself."""
        return len(self.manifest["sizes"][self.size].get("lods", []))

    def file(self, path: str) -> Path:
        """Return where one of the version's files lies on disk.

        Its sha256 is compared with the manifest's, the first time in a process and again when the file was changed.
        """
        if path not in self.files:
            raise AssetError(f"{self.label} has no file {path!r}; it has {', '.join(sorted(self.files))}")
        if not self.files[path].is_file():
            raise AssetError(f"{self.label}: {path} is missing from the library; run `dressform library verify`")
        try:
            found = self.files[path].stat()
            sha256 = _sha256_once(self.files[path], found.st_size, found.st_mtime_ns)
        except OSError as error:
            raise AssetError(f"{self.label}: {path} cannot be read ({error.strerror})") from None
        if sha256 != self._sha256(path):
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

    def _mesh_path(self, size: str, lod: int) -> str:
        """Return the file of a size at a level of detail, or raise an AssetError naming the levels it has."""
        entry = self.manifest["sizes"][size]
        levels = [entry["garment"], *entry.get("lods", [])]
        if not 0 <= lod < len(levels):
            has = f"it has 0 to {len(levels) - 1}" if len(levels) > 1 else "it has only 0, the garment itself"
            raise AssetError(f"{self.label} has no level of detail {lod} in size {size}; {has}")
        return levels[lod]

    def _sha256(self, path: str) -> str:
        """Return the digest that one of the version's files must have."""
        entry = self.manifest["files"].get(path)
        return self.digest if entry is None else entry["sha256"]

    def _content(self, path: str) -> bytes:
        return self.file(path).read_bytes()
