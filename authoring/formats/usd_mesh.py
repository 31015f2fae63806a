"""The meshes of a USD stage with all their primvars."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import LayerKind
from dressform.schemas.errors import InputError

from .pieces import Findings, Piece, Values, checked_polygons
from .usd_look import Surfaces

_UV_NAMES = ("st", "st0", "UVMap", "uv", "map1", "Texture_uv", "UV", "uv0")
_HANDLED = ("skel:", "displayColor", "displayOpacity", "normals")


class OddValuesError(Exception):
    """Raised where an attribute holds values of another type or number than USD defines."""


def table(values: Any, dtype: type, width: int) -> NDArray[Any]:
    """Return a USD array as [N, width], or [N] when the width is 0; an OddValuesError when it is none."""
    try:
        array: NDArray[Any] = np.array(values if values is not None else [], dtype)
        return array.reshape(-1, width) if width else array.reshape(-1)
    except (TypeError, ValueError, OverflowError):
        raise OddValuesError(f"{type(values).__name__} in place of numbers") from None


def mesh_piece(path: Path, prim: Any, world: NDArray[np.float64], surfaces: Surfaces, found: Findings) -> Piece | None:
    """Read one mesh; None when it has no faces.

    Args:
        path: The file.
        prim: A UsdGeomMesh.
        world: [4, 4] for row vectors, as USD's.
        surfaces: The file's materials.
        found: Takes what is dropped or converted.
    """
    from pxr import Usd, UsdGeom

    mesh, time, name = UsdGeom.Mesh(prim), Usd.TimeCode.EarliestTime(), str(prim.GetPath())
    points = table(mesh.GetPointsAttr().Get(time), np.float64, 3)
    counts = table(mesh.GetFaceVertexCountsAttr().Get(time), np.int64, 0)
    corners = table(mesh.GetFaceVertexIndicesAttr().Get(time), np.int64, 0)
    if not len(counts):
        found.dropped(name, "it has no faces")
        return None
    checked_polygons(path, name, points, corners, counts)
    if not np.isfinite(world).all():
        raise InputError(f"{path}: {name} has a transform that is not finite; export the mesh again")
    layers = _layers(path, prim, name, len(points), counts, corners, found)
    materials = surfaces.of_faces(prim, len(counts))
    keep = np.ones(len(counts), bool)
    holes = table(mesh.GetHoleIndicesAttr().Get(time), np.int64, 0)
    keep[holes[(holes >= 0) & (holes < len(counts))]] = False
    if not keep.all():
        found.converted(f"holes of {name}", f"{int((~keep).sum())} faces that the file leaves open are not there")
    if not keep.any():
        return None
    _note_the_rest(mesh, name, found)
    of_corner = np.repeat(keep, counts)
    linear = world[:3, :3]
    left_handed = mesh.GetOrientationAttr().Get() == UsdGeom.Tokens.leftHanded
    return Piece(
        name,
        points @ linear + world[3, :3],
        corners[of_corner],
        counts[keep],
        materials[keep],
        tuple(_turned(replace(layer, index=layer.index[of_corner]), linear) for layer in layers),
        mirrored=bool((np.linalg.det(linear) < 0) != left_handed),
    )


def _turned(layer: Values, linear: NDArray[np.float64]) -> Values:
    """Turn normals and tangents into the world; row vectors."""
    if layer.kind not in ("normal", "tangent"):
        return layer
    try:
        matrix = np.linalg.inv(linear).T if layer.kind == "normal" else linear
    except np.linalg.LinAlgError:
        return layer
    turned = layer.values[:, :3] @ matrix
    lengths = np.linalg.norm(turned, axis=1, keepdims=True)
    turned = np.where(lengths > 1e-12, turned / np.maximum(lengths, 1e-12), layer.values[:, :3])
    return replace(layer, values=np.concatenate([turned, layer.values[:, 3:]], axis=1))


def _note_the_rest(mesh: Any, name: str, found: Findings) -> None:
    scheme = str(mesh.GetSubdivisionSchemeAttr().Get())
    if scheme != "none" and mesh.GetSubdivisionSchemeAttr().HasAuthoredValue():
        found.converted(f"subdivision of {name}", f"{scheme}; its cage is the mesh")
    if len(mesh.GetCreaseIndicesAttr().Get() or []) or len(mesh.GetCornerIndicesAttr().Get() or []):
        found.dropped(f"creases of {name}", "the cage is not subdivided")
    if mesh.GetPointsAttr().GetNumTimeSamples() > 1:
        found.dropped(
            f"moving points of {name}", f"{mesh.GetPointsAttr().GetNumTimeSamples()} frames; the first is the mesh"
        )


def _layers(
    path: Path,
    prim: Any,
    name: str,
    n_points: int,
    counts: NDArray[np.int64],
    corners: NDArray[np.int64],
    found: Findings,
) -> list[Values]:
    from pxr import Usd, UsdGeom

    time = Usd.TimeCode.EarliestTime()
    out: list[Values] = []
    primvars = [p for p in UsdGeom.PrimvarsAPI(prim).FindPrimvarsWithInheritance() if p.HasValue()]
    for primvar in primvars:
        label, type_name = str(primvar.GetPrimvarName()), str(primvar.GetTypeName())
        if label.startswith(_HANDLED) or ":" in label:
            continue
        kind = _kind(label, type_name)
        values = _numbers(primvar.Get(time), primvar.GetElementSize())
        if values is None:
            found.dropped(f"primvar {label} of {name}", f"{type_name} is not numbers per corner")
            continue
        index = _corner_index(primvar, primvar.GetInterpolation(), len(values), n_points, counts, corners)
        if index is None and kind == "uv":
            needed = len(corners) if primvar.GetInterpolation() == "faceVarying" else n_points
            raise InputError(f"{path}: {name} has {len(values)} UVs ({label}), needed {needed}; export the mesh again")
        if index is None:
            found.dropped(f"primvar {label} of {name}", f"its {len(values)} values do not fit the mesh")
            continue
        out.append(Values(label, kind, values, index))
    out.sort(key=lambda layer: (layer.kind != "uv", *_uv_rank(layer.name)))
    for extra in (_colors(prim, n_points, counts, corners), _normals(prim, name, n_points, counts, corners, found)):
        out += [] if extra is None else [extra]
    return out


def _uv_rank(name: str) -> tuple[int, int]:
    return (0, _UV_NAMES.index(name)) if name in _UV_NAMES else (1, 0)


def _kind(label: str, type_name: str) -> LayerKind:
    if type_name.startswith("texCoord2") or (type_name.startswith(("float2", "double2")) and label in _UV_NAMES):
        return "uv"
    if type_name.startswith("color"):
        return "color"
    if label in ("tangents", "tangent") and type_name.startswith(("float4", "half4", "double4")):
        return "tangent"
    return "custom"


def _numbers(values: Any, element_size: int) -> NDArray[np.float64] | None:
    try:
        array = np.array(values, np.float64)
    except (TypeError, ValueError):
        return None
    if array.ndim == 0:
        array = array[None]
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or not len(array) or element_size < 1 or len(array) % element_size:
        return None
    array = array.reshape(len(array) // element_size, -1)
    return array if array.shape[1] <= 16 else None


def _corner_index(
    primvar: Any,
    interpolation: str,
    n_values: int,
    n_points: int,
    counts: NDArray[np.int64],
    corners: NDArray[np.int64],
) -> NDArray[np.int64] | None:
    """Return the value of each polygon corner; None when the numbers do not fit."""
    per = {
        "constant": np.zeros(len(corners), np.int64),
        "uniform": np.repeat(np.arange(len(counts)), counts),
        "vertex": corners,
        "varying": corners,
        "faceVarying": np.arange(len(corners)),
    }.get(interpolation)
    needed = {"constant": 1, "uniform": len(counts), "faceVarying": len(corners)}.get(interpolation, n_points)
    indexed = primvar is not None and primvar.IsIndexed()
    index = table(primvar.GetIndices(), np.int64, 0) if indexed else np.arange(n_values)
    if per is None or len(index) != needed or not len(index):
        return None
    if not 0 <= index.min() <= index.max() < n_values:
        return None
    chosen: NDArray[np.int64] = index[per].astype(np.int64)
    return chosen


def _colors(prim: Any, n_points: int, counts: NDArray[np.int64], corners: NDArray[np.int64]) -> Values | None:
    """Return displayColor with displayOpacity; one colour for the whole mesh is its material's matter."""
    from pxr import Usd, UsdGeom

    time, gprim = Usd.TimeCode.EarliestTime(), UsdGeom.Gprim(prim)
    color, opacity = gprim.GetDisplayColorPrimvar(), gprim.GetDisplayOpacityPrimvar()
    values = _numbers(color.Get(time), 1) if color.HasValue() else None
    if values is None or values.shape[1] != 3 or len(values) < 2:
        return None
    index = _corner_index(color, color.GetInterpolation(), len(values), n_points, counts, corners)
    if index is None:
        return None
    alpha = _numbers(opacity.Get(time), 1) if opacity.HasValue() else None
    if alpha is None:
        return Values("displayColor", "color", values, index)
    at = _corner_index(opacity, opacity.GetInterpolation(), len(alpha), n_points, counts, corners)
    if at is None:
        return Values("displayColor", "color", values, index)
    table, inverse = np.unique(np.concatenate([values[index], alpha[at][:, :1]], 1), axis=0, return_inverse=True)
    return Values("displayColor", "color", table, inverse.reshape(-1).astype(np.int64))


def _normals(
    prim: Any, name: str, n_points: int, counts: NDArray[np.int64], corners: NDArray[np.int64], found: Findings
) -> Values | None:
    from pxr import Usd, UsdGeom

    time, mesh = Usd.TimeCode.EarliestTime(), UsdGeom.Mesh(prim)
    primvar = UsdGeom.PrimvarsAPI(prim).GetPrimvar("normals")
    if primvar and primvar.HasValue():
        values, interpolation = _numbers(primvar.Get(time), 1), primvar.GetInterpolation()
    elif mesh.GetNormalsAttr().HasAuthoredValue():
        primvar, values, interpolation = (
            None,
            _numbers(mesh.GetNormalsAttr().Get(time), 1),
            mesh.GetNormalsInterpolation(),
        )
    else:
        return None
    index = None
    if values is not None and values.shape[1] == 3:
        index = _corner_index(primvar, interpolation, len(values), n_points, counts, corners)
    if values is None or index is None:
        found.dropped(f"normals of {name}", "they do not fit the mesh")
        return None
    bad = ~np.isfinite(values).all(axis=1) | (np.linalg.norm(np.nan_to_num(values), axis=1) < 1e-12)
    return Values("normals", "normal", np.where(bad[:, None], 0.0, values), np.where(bad[index], -1, index))
