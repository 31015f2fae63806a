"""Where the layers and assets of a USD file may lie: beside it or in its package, nowhere else."""

from __future__ import annotations

import posixpath
import zipfile
from pathlib import Path
from typing import Any

from dressform.schemas.errors import InputError

from .raw import MAX_TRIANGLES, beside, check_count, check_size


def refuse_outside_layers(path: Path, sdf: Any) -> None:
    """Walk the layers a stage would pull in and refuse those outside the file's folder or package."""
    if path.suffix.lower() == ".usdz":
        _refuse_outside_package(path, sdf)
        return
    waiting, seen = [path.resolve()], set()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if current.suffix.lower() == ".usdz":
            _refuse_outside_package(current, sdf)
            continue
        layer = sdf.Layer.FindOrOpen(str(current))
        if layer is None:
            raise InputError(f"{current} cannot be opened as USD; export the mesh again")
        for name in layer.GetCompositionAssetDependencies():
            target = beside(path, relative_to(path, current, name)) if name else None
            if target is not None and target.is_file():
                check_size(target)
                waiting.append(target)


def relative_to(path: Path, layer: Path, name: str) -> str:
    """Say where an asset that a layer names lies, seen from the folder of `path`; absolute names stay as they are."""
    if name.startswith(("/", "\\", "~")) or ":" in name:
        return name
    folder = layer.parent.resolve().relative_to(path.parent.resolve()).as_posix()
    return posixpath.normpath(posixpath.join(folder, name.replace("\\", "/")))


def _refuse_outside_package(path: Path, sdf: Any) -> None:
    try:
        with zipfile.ZipFile(path) as package:
            names = package.namelist()
            size = sum(entry.file_size for entry in package.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise InputError(f"{path} is no usdz package ({error}); export the mesh again") from None
    check_count(path, "bytes inside", size, 1 << 31)
    check_count(path, "files inside", len(names), MAX_TRIANGLES)
    for name in names:
        if not name.lower().endswith((".usd", ".usda", ".usdc")):
            continue
        layer = sdf.Layer.FindOrOpen(f"{path}[{name}]")
        for asset in layer.GetCompositionAssetDependencies() if layer is not None else ():
            plain = posixpath.normpath(posixpath.join(posixpath.dirname(name), asset))
            if asset.startswith(("/", "\\", "~")) or ":" in asset or plain.startswith(".."):
                raise InputError(
                    f"{path} refers to {asset!r}, outside its package; only what lies in a usdz is read, pack it again"
                )
