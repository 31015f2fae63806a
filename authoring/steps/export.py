"""Export: one file with mesh, UVs, textures, looks and skin, for any 3D tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dressform.assets.atomic import write_bytes
from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.glb import glb_bytes
from dressform.assets.files.glb_read import read_glb
from dressform.assets.files.lod import dressed_level, lod_points, lod_rig
from dressform.assets.files.rig import Rig
from dressform.assets.looks import check_looks, with_looks
from dressform.assets.template_version import TemplateVersion
from dressform.authoring.draft import Draft
from dressform.authoring.formats.obj_write import write_obj
from dressform.authoring.formats.usd_write import write_usd
from dressform.runtime.body.canonical import canonical_rest
from dressform.schemas.errors import AssetError, UsageError

from .rig import skeleton_of

_USD = (".usda", ".usdc", ".usd", ".usdz")
FORMATS = (".glb", *_USD, ".obj")


@dataclass(frozen=True)
class Exported:
    """What goes into an exported file.

    Attributes:
        mesh: The garment with its looks as variants.
        rig: Its rig, or None before it is rigged or when it was not asked for.
        manifest: The template.json it belongs to.
    """

    mesh: GarmentMesh
    rig: Rig | None
    manifest: Mapping[str, Any]


def export(draft: Draft, target: Path, *, size: str | None = None, lod: int = 0, skin: bool = True) -> Path:
    """Write a draft's garment, skinned once it is rigged; returns the path.

    Args:
        draft: With an imported mesh.
        target: Ends in one of `FORMATS`; an existing file is replaced in one move.
        size: Which size; the default one when None.
        lod: Which level of detail; 0 is the garment itself.
        skin: Whether the rig, or else the skin that the artist's file came with, goes into the file.
    """
    check_target(target)
    size = size or draft.default_size
    source = draft.folder / "sizes" / size / "garment.glb"
    if not source.is_file():
        known = sorted(path.parent.name for path in draft.folder.glob("sizes/*/garment.glb"))
        raise AssetError(f"{draft.folder} has no size {size}; it has {', '.join(known) or 'none, import a mesh first'}")
    mesh = read_glb(source)
    rig = draft.rig.of_size(size) if draft.has("rig") else None
    if lod:
        path = _level_path(draft, source, lod)
        level = dressed_level(read_glb(path), mesh, str(path))
        rig = rig and lod_rig(rig, lod_points(level, len(mesh.points), str(path)))
        mesh = level
    looks = draft.manifest.get("variants", {})
    check_looks(looks, [material.name for material in mesh.materials], str(draft.folder))
    dressed = with_looks(mesh, looks, lambda path: _image(draft, path))
    return _write(Exported(dressed, rig, draft.manifest), target, skin)


def export_version(version: TemplateVersion, target: Path, *, lod: int = 0, skin: bool = True) -> Path:
    """Write a published garment of the size asked for with all its looks; returns the path.

    Args:
        version: Of a library.
        target: As in `export`.
        lod: As in `export`.
        skin: Whether the rig for the default body goes into the file.
    """
    check_target(target)
    rig = version.rig(lod=lod) if skin and "anny" in version.manifest["bodies"] else None
    return _write(Exported(version.mesh_with_looks(lod), rig, version.manifest), target, skin)


def is_file_name(target: Path) -> bool:
    """Say whether a path names a file that a garment can be written to, and not a folder."""
    return target.suffix.lower() in FORMATS and not target.is_dir()


def check_target(target: Path) -> None:
    """Raise unless a garment can be written there."""
    if target.suffix.lower() not in FORMATS:
        raise UsageError(f"-o {target} must end in {', '.join(FORMATS)}")
    if not target.parent.is_dir():
        raise UsageError(f"-o {target}: the folder {target.parent} does not exist; make it first")


def _write(exported: Exported, target: Path, skin: bool) -> Path:
    mesh = exported.mesh if skin else replace(exported.mesh, skin=None)
    rig = exported.rig if skin else None
    skeleton = skeleton_of(canonical_rest()) if rig else None
    suffix = target.suffix.lower()
    try:
        if suffix == ".obj":
            write_obj(target, mesh)
        elif suffix in _USD:
            write_usd(target, mesh, rig, skeleton)
        else:
            write_bytes(target, glb_bytes(mesh, rig, skeleton, manifest=exported.manifest))
    except OSError as error:
        raise UsageError(f"-o {target} cannot be written ({error.strerror})") from None
    return target


def _image(draft: Draft, path: str) -> bytes:
    try:
        return (draft.folder / path).read_bytes()
    except OSError as error:
        raise AssetError(f"{draft.folder}: a variant needs {path}, which cannot be read ({error.strerror})") from None


def _level_path(draft: Draft, source: Path, lod: int) -> Path:
    """Return the file of a level of detail."""
    path = source.with_name(f"lod{lod}.glb")
    if lod < 0 or not path.is_file():
        levels = len(list(source.parent.glob("lod*.glb")))
        there = f"it has 0 to {levels}" if levels else "make them with `dressform garment lod`"
        raise AssetError(f"{draft.folder} has no level of detail {lod} in size {source.parent.name}; {there}")
    return path
