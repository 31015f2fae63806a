"""PLY and STL, read by trimesh: bare triangles without units or axes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dressform.assets.files.garment import Material
from dressform.schemas.errors import InputError

from .raw import MAX_TRIANGLES, MAX_VERTICES, RawMesh, check_count, check_size


def read_scan(path: Path) -> RawMesh:
    """Read a .ply or .stl file."""
    import trimesh  # heavy, and only these two formats need it

    check_size(path)
    if path.suffix.lower() == ".ply":
        _check_ply_header(path)
    else:
        _check_stl_length(path)
    try:
        mesh: Any = trimesh.load(path, force="mesh", process=False)
        points, faces = np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.int64).reshape(-1, 3)
    except Exception as error:  # trimesh's readers raise whatever their parsing trips over
        raise InputError(f"{path} cannot be read ({type(error).__name__}: {error}); export the mesh again") from error
    return RawMesh(
        points=points.reshape(-1, 3),
        faces=faces,
        materials=(Material(),),
        material_ids=np.zeros(len(faces), np.int64),
        part_names=(path.stem,),
        part_ids=np.zeros(len(faces), np.int64),
    )


def _check_ply_header(path: Path) -> None:
    """Hold the declared counts against the file before any array is made from them."""
    with path.open("rb") as file:
        head = file.read(65536)
    if not head.startswith(b"ply"):
        raise InputError(f"{path} is no PLY (it does not start with `ply`); check the file's type")
    for line in head.partition(b"end_header")[0].split(b"\n"):
        words = line.split()
        if len(words) == 3 and words[0] == b"element":
            try:
                count = int(words[2])
            except ValueError:
                raise InputError(f"{path}: header line {line.decode(errors='replace')!r} has no count") from None
            check_count(path, words[1].decode(errors="replace") + " entries", count, MAX_VERTICES + MAX_TRIANGLES)
            if count < 0 or count > path.stat().st_size:
                raise InputError(
                    f"{path} declares {count} entries and has {path.stat().st_size} bytes; export it again"
                )


def _check_stl_length(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(84)
    if head[:5] == b"solid" and b"\0" not in head:
        return
    count = int.from_bytes(head[80:84], "little") if len(head) == 84 else 0
    if count == 0 or path.stat().st_size < 84 + 50 * count:
        raise InputError(
            f"{path} declares {count} triangles and has {path.stat().st_size} bytes: no STL or cut off; export it again"
        )
    check_count(path, "triangles", count, MAX_TRIANGLES)
