"""A garment as a file holds it, before units, axes and repairs; with the limits every reader keeps to."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from dressform.assets.files import checks
from dressform.assets.files.garment import Layer, Material, MorphTarget, Part, SourceSkin, Variant
from dressform.schemas.errors import InputError

MAX_VERTICES, MAX_TRIANGLES = checks.MAX_POINTS, checks.MAX_TRIANGLES
MAX_FILE_BYTES = 1 << 30
MAX_TEXTURE_PX = 16_384
MAX_TEXTURE_PIXELS = 80_000_000  # a little more than 8192 × 8192; decoded it takes 320 MB


Outcome = Literal["kept", "converted", "dropped"]


@dataclass(frozen=True)
class Conversion:
    """What became of one thing in a file.

    Attributes:
        what: The thing, such as "UV set 2" or "animation Idle".
        outcome: "kept", "converted" or "dropped".
        why: In what form it is kept, how it was converted, or why it was dropped and where it is still to be found.
    """

    what: str
    outcome: Outcome
    why: str


@dataclass(frozen=True)
class RawMesh:
    """Triangles in file units and file axes.

    Attributes:
        points: float64 [V, 3].
        faces: int64 [F, 3].
        materials: At least one.
        material_ids: int64 [F].
        part_names: Names of the file's objects.
        part_ids: int64 [F] into `part_names`.
        uv0: float64 [N, 2], origin bottom-left, or None.
        uv0_faces: int64 [F, 3] into `uv0`, or None.
        uv1: float64 [M, 2] a second set, or None.
        uv1_faces: int64 [F, 3] into `uv1`, or None.
        metres_per_unit: What the file says, or None.
        unit_reason: Where the file says it.
        up: "y" or "z" as the file says, or None.
        up_reason: Where the file says it.
        polygons: int64 [F] the file's polygon behind each triangle, ascending; None when all are triangles.
        layers: Further values per corner; normals and tangents in file axes, UV origin bottom-left.
        morphs: Offsets in file units and file axes.
        skin: Rest matrices in file units and file axes, rows for the points; points are as the skeleton holds them.
        variants: Looks.
        extras: What else the file says of the mesh, JSON values.
        parts: What is known of the parts beside their names; empty when nothing is.
        record: What was kept, converted and dropped, for the report.
        placed: Whether points are already metres, z up, on the canonical rest body.
        notes: What was left out or mended while reading, for the report.
        hints: Facts for later steps, for the report.
        companions: Other files that were read, to be kept beside the source.
        licence: SPDX identifier when the file states one.
        authors: Who the file says made it.
        permissions: What it says others may do, as template.json has it.
    """

    points: NDArray[np.float64]
    faces: NDArray[np.int64]
    materials: tuple[Material, ...]
    material_ids: NDArray[np.int64]
    part_names: tuple[str, ...]
    part_ids: NDArray[np.int64]
    uv0: NDArray[np.float64] | None = None
    uv0_faces: NDArray[np.int64] | None = None
    uv1: NDArray[np.float64] | None = None
    uv1_faces: NDArray[np.int64] | None = None
    metres_per_unit: float | None = None
    unit_reason: str = ""
    up: str | None = None
    up_reason: str = ""
    polygons: NDArray[np.int64] | None = None
    layers: tuple[Layer, ...] = ()
    morphs: tuple[MorphTarget, ...] = ()
    skin: SourceSkin | None = None
    variants: tuple[Variant, ...] = ()
    extras: dict[str, Any] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    record: tuple[Conversion, ...] = ()
    placed: bool = False
    notes: tuple[str, ...] = ()
    hints: dict[str, Any] = field(default_factory=dict)
    companions: tuple[Path, ...] = ()
    licence: str | None = None
    authors: tuple[str, ...] = ()
    permissions: Mapping[str, object] = field(default_factory=dict)


def check_size(path: Path) -> None:
    """Raise unless the file is there, has content and is not beyond what a garment can weigh."""
    if path.is_dir():
        raise InputError(f"{path} is a folder; name one mesh file")
    if not path.is_file():
        raise InputError(f"{path}: no such file; check the path")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path} cannot be read; check its permissions")
    size = path.stat().st_size
    if size == 0:
        raise InputError(f"{path} is empty; export the mesh again")
    if size > MAX_FILE_BYTES:
        raise InputError(
            f"{path} has {size / 1e9:.1f} GB, at most {MAX_FILE_BYTES / 1e9:.1f} are read; decimate the mesh"
        )


def check_count(path: Path, what: str, count: int, most: int) -> None:
    """Raise when a file declares more than is taken in."""
    if count > most:
        raise InputError(f"{path} has {count:,} {what}, at most {most:,} are read; decimate the mesh")


def check_raw(raw: RawMesh, path: Path) -> None:
    """Raise unless the arrays form a mesh: finite, in range, with area."""
    check_count(path, "vertices", len(raw.points), MAX_VERTICES)
    check_count(path, "triangles", len(raw.faces), MAX_TRIANGLES)
    if len(raw.points) == 0:
        raise InputError(f"{path} has no vertices; export a triangle or quad mesh")
    if len(raw.faces) == 0:
        raise InputError(f"{path} has {len(raw.points)} vertices and no faces; export a triangle or quad mesh")
    check_finite(path, "vertex", raw.points)
    _check_range(path, "vertices", raw.faces, len(raw.points))
    for name, uv, uv_faces in (("UV0", raw.uv0, raw.uv0_faces), ("UV1", raw.uv1, raw.uv1_faces)):
        if uv is not None and uv_faces is not None:
            check_finite(path, f"{name} coordinate", uv)
            _check_range(path, f"{name} coordinates", uv_faces, len(uv))
    extent = np.ptp(raw.points[np.unique(raw.faces)], axis=0)
    a, b, c = (raw.points[raw.faces[:, k]] for k in range(3))
    area = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()
    if not area > 1e-9 * float(extent.max()) ** 2 or np.count_nonzero(extent > 0) < 2:
        raise InputError(f"{path}: every face has zero area; export a mesh with surface")


def check_finite(path: Path, what: str, values: NDArray[np.float64]) -> None:
    """Raise unless all rows [N, K] are finite numbers of a size that can be computed with."""
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1) | (np.abs(values) > 1e12).any(axis=1))
    if len(bad):
        raise InputError(
            f"{path}: {what} {bad[0]} is {values[bad[0]].tolist()} ({len(bad)} such); all must be finite numbers, "
            "export the mesh again"
        )


def _check_range(path: Path, what: str, indices: NDArray[np.int64], count: int) -> None:
    bad = np.flatnonzero(((indices < 0) | (indices >= count)).any(axis=1))
    if len(bad):
        raise InputError(
            f"{path}: face {bad[0]} names {what} {indices[bad[0]].tolist()} but there are {count} "
            f"({len(bad)} such faces); export the mesh again"
        )


def beside(path: Path, name: str) -> Path:
    """Return the file that `path` names, refusing anything outside the folder of `path`."""
    folder = path.parent.resolve()
    plain = name.strip().replace("\\", "/")
    absolute = plain.startswith(("/", "~")) or (len(plain) > 1 and plain[1] == ":")
    if "://" in plain or plain.lower().startswith(("http:", "https:", "file:", "ftp:")):
        raise InputError(
            f"{path} refers to {name!r}, a URL; only files beside the mesh are read, embed or copy it there"
        )
    try:
        target = (folder / plain).resolve()
        target.is_file()
    except (OSError, ValueError, RuntimeError):  # too long, half characters, a null, links in a circle
        raise InputError(
            f"{path} refers to {name[:80]!r}, outside its folder or no file's name; only files beside the mesh are read"
        ) from None
    if absolute or not target.is_relative_to(folder):
        raise InputError(
            f"{path} refers to {name!r}, outside its folder; only files beside the mesh are read, copy it there"
        )
    return target


def check_image(data: bytes, where: str) -> bytes:
    """Return an encoded image as PNG or JPEG, refusing what is no image or too large to be one."""
    try:
        with _opened(data) as image:
            if max(image.size) > MAX_TEXTURE_PX or image.size[0] * image.size[1] > MAX_TEXTURE_PIXELS:
                raise InputError(
                    f"{where}: texture of {image.size[0]}×{image.size[1]} pixels, at most {MAX_TEXTURE_PX} a side and "
                    f"{MAX_TEXTURE_PIXELS / 1e6:.0f} million are read; scale it down, to 8192×8192 or less"
                )
            if image.format in ("PNG", "JPEG"):
                image.load()
                return data
            converted = io.BytesIO()
            image.convert("RGBA" if "A" in image.getbands() else "RGB").save(converted, "PNG")
            return converted.getvalue()
    except Image.DecompressionBombError:
        raise InputError(f"{where}: texture of far too many pixels; scale it down, to 8192×8192 or less") from None
    except (OSError, ValueError, SyntaxError) as error:
        reason = "no image that is known" if isinstance(error, UnidentifiedImageError) else error
        raise InputError(f"{where}: not a readable texture ({reason}); export it as PNG or JPEG") from error


def _opened(data: bytes) -> Image.Image:
    """Open an image without Pillow's warning about large ones, which has limits of its own here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(io.BytesIO(data))


def read_image(mesh_path: Path, name: str, notes: list[str], companions: list[Path]) -> bytes | None:
    """Read a texture beside the mesh; a missing one is noted, since artists often ship a mesh alone."""
    path = beside(mesh_path, name)
    if not path.is_file():
        notes.append(f"texture {name} is not there; the material keeps its plain colour")
        return None
    check_size(path)
    image = check_image(path.read_bytes(), str(path))
    companions.append(path)
    return image
