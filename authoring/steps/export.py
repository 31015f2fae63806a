"""Export: one GLB with mesh, UVs, textures and skin, for any 3D tool."""

from __future__ import annotations

from pathlib import Path

from dressform.assets.atomic import write_bytes
from dressform.authoring.draft import SIZE, Draft
from dressform.schemas.errors import AssetError, UsageError


def export(draft: Draft, target: Path, *, size: str = SIZE) -> Path:
    """Write a draft's garment as GLB, skinned once it is rigged; returns the path.

    Args:
        draft: With an imported mesh.
        target: Ends in .glb; an existing file is replaced in one move.
        size: Which size.
    """
    if target.suffix.lower() != ".glb":
        raise UsageError(f"-o {target} must end in .glb")
    source = draft.folder / "sizes" / size / "garment.glb"
    if not source.is_file():
        known = sorted(path.parent.name for path in draft.folder.glob("sizes/*/garment.glb"))
        raise AssetError(f"{draft.folder} has no size {size}; it has {', '.join(known) or 'none, import a mesh first'}")
    if not target.parent.is_dir():
        raise UsageError(f"-o {target}: the folder {target.parent} does not exist; make it first")
    try:
        write_bytes(target, source.read_bytes())
    except OSError as error:
        raise UsageError(f"-o {target} cannot be written ({error.strerror})") from None
    return target
