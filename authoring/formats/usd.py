"""USD (.usd, .usda, .usdc, .usdz) through usd-core, an optional package."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import Material
from dressform.schemas.errors import InputError

from .polygons import triangulate
from .raw import MAX_TRIANGLES, MAX_VERTICES, RawMesh, beside, check_count, check_finite, check_size, read_image

_UV_NAMES = ("st", "st0", "UVMap", "uv", "map1", "Texture_uv")


@dataclass
class _Pieces:
    points: list[NDArray[np.float64]] = field(default_factory=list)
    faces: list[NDArray[np.int64]] = field(default_factory=list)
    uv: list[NDArray[np.float64]] = field(default_factory=list)
    uv_faces: list[NDArray[np.int64]] = field(default_factory=list)
    material_ids: list[NDArray[np.int64]] = field(default_factory=list)
    materials: dict[str, Material] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    companions: list[Path] = field(default_factory=list)
    bare: int = 0


def read_usd(path: Path) -> RawMesh:
    """Read all visible meshes of a stage in world space."""
    check_size(path)
    try:
        from pxr import Sdf, Tf, Usd, UsdGeom
    except ImportError:
        raise InputError(f"{path}: USD files need usd-core; run `pip install 'dressform[usd]'`") from None
    try:
        _refuse_outside_layers(path, Sdf)
        stage = Usd.Stage.Open(str(path), Usd.Stage.LoadAll)
    except Tf.ErrorException as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise InputError(f"{path} cannot be opened as USD ({reason}); export the mesh again") from None
    pieces = _Pieces()
    transforms = UsdGeom.XformCache(Usd.TimeCode.EarliestTime())
    for prim in stage.Traverse():
        if prim.IsA(UsdGeom.Mesh):
            image = UsdGeom.Imageable(prim)
            if image.ComputeVisibility() == "invisible" or image.ComputePurpose() in ("guide", "proxy"):
                pieces.notes.append(f"{prim.GetPath()} is hidden in the file and left out")
                continue
            _add_mesh(path, pieces, prim, np.array(transforms.GetLocalToWorldTransform(prim)))
        elif prim.IsA(UsdGeom.PointInstancer):
            pieces.notes.append(f"{prim.GetPath()} is an instancer and left out")
    if not pieces.faces:
        raise InputError(f"{path} holds no visible mesh; export the garment as a mesh")
    return _join(path, pieces, stage, UsdGeom)


def _refuse_outside_layers(path: Path, sdf: Any) -> None:
    """Walk the layers a stage would pull in and refuse those outside the file's folder."""
    waiting, seen = [path], set()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        layer = sdf.Layer.FindOrOpen(str(current))
        if layer is None:
            raise InputError(f"{current} cannot be opened as USD; export the mesh again")
        if current.suffix.lower() != ".usdz":
            found = (beside(current, name) for name in layer.GetCompositionAssetDependencies() if name)
            waiting += [target for target in found if target.is_file()]


def _add_mesh(path: Path, pieces: _Pieces, prim: Any, world: NDArray[np.float64]) -> None:
    from pxr import Usd, UsdGeom

    mesh, time = UsdGeom.Mesh(prim), Usd.TimeCode.EarliestTime()
    points = _table(mesh.GetPointsAttr().Get(time), np.float64, 3)
    counts = _table(mesh.GetFaceVertexCountsAttr().Get(time), np.int64, 0)
    corners = _table(mesh.GetFaceVertexIndicesAttr().Get(time), np.int64, 0)
    name = str(prim.GetPath())
    check_count(path, "vertices", sum(map(len, pieces.points)) + len(points), MAX_VERTICES)
    check_count(path, "face corners", len(corners), 3 * MAX_TRIANGLES)
    if len(counts) and (counts.min() < 3 or counts.sum() != len(corners)):
        raise InputError(
            f"{path}: {name} has {len(corners)} face corners for faces that need {counts.sum()}, each at least 3; "
            "export the mesh again"
        )
    if len(corners) and not 0 <= corners.min() <= corners.max() < len(points):
        raise InputError(f"{path}: {name} names vertex {corners.max()} of {len(points)}; export the mesh again")
    if not len(counts):
        pieces.notes.append(f"{name} has no faces and is left out")
        return
    check_finite(path, f"{name} vertex", points)
    triangles, owner = triangulate(points, corners, counts)
    mirrored = (np.linalg.det(world[:3, :3]) < 0) != (mesh.GetOrientationAttr().Get() == UsdGeom.Tokens.leftHanded)
    if mirrored:
        triangles = triangles[:, ::-1]
    uv, uv_corners = _uv_of(path, prim, name, len(points), corners, time)
    if uv is None:
        pieces.bare += 1
        uv, uv_corners = np.zeros((1, 2)), np.zeros(len(corners), np.int64)
    offset = sum(map(len, pieces.points))
    uv_offset = sum(map(len, pieces.uv))
    pieces.points.append(points @ world[:3, :3] + world[3, :3])  # USD matrices act on row vectors
    pieces.faces.append(corners[triangles] + offset)
    pieces.uv.append(uv)
    pieces.uv_faces.append(uv_corners[triangles] + uv_offset)
    pieces.material_ids.append(_materials_of(path, pieces, prim, len(counts))[owner])
    pieces.parts.append(name)


def _table(values: Any, dtype: type, width: int) -> NDArray[Any]:
    table: NDArray[Any] = np.array(values if values is not None else [], dtype)
    return table.reshape(-1, width) if width else table.reshape(-1)


def _uv_of(
    path: Path, prim: Any, name: str, n_points: int, corners: NDArray[np.int64], time: Any
) -> tuple[NDArray[np.float64] | None, NDArray[np.int64]]:
    """Return UVs and the UV of each polygon corner."""
    from pxr import UsdGeom

    found = {
        p.GetPrimvarName(): p
        for p in UsdGeom.PrimvarsAPI(prim).GetPrimvarsWithValues()
        if str(p.GetTypeName()) in ("texCoord2f[]", "float2[]", "texCoord2d[]", "double2[]", "texCoord2h[]")
    }
    order = [n for n in _UV_NAMES if n in found] + [
        n for n in found if str(found[n].GetTypeName()).startswith("texCoord")
    ]
    if not order:
        return None, corners
    primvar = found[order[0]]
    uv = _table(primvar.Get(time), np.float64, 2)
    per_corner = primvar.GetInterpolation() == UsdGeom.Tokens.faceVarying
    index = _table(primvar.GetIndices(time), np.int64, 0) if primvar.IsIndexed() else np.arange(len(uv))
    needed = len(corners) if per_corner else n_points
    if len(index) != needed or (len(index) and not 0 <= index.min() <= index.max() < len(uv)):
        raise InputError(f"{path}: {name} has {len(index)} UVs ({order[0]}), needed {needed}; export the mesh again")
    return uv, index if per_corner else index[corners]


def _materials_of(path: Path, pieces: _Pieces, prim: Any, n_faces: int) -> NDArray[np.int64]:
    """Return the material of each polygon, by subset and else by the mesh."""
    from pxr import UsdGeom, UsdShade

    ids = np.full(n_faces, _material_id(path, pieces, UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()[0]))
    for subset in UsdGeom.Subset.GetAllGeomSubsets(UsdGeom.Imageable(prim)):
        faces = _table(subset.GetIndicesAttr().Get(), np.int64, 0)
        material = UsdShade.MaterialBindingAPI(subset.GetPrim()).ComputeBoundMaterial()[0]
        if material and len(faces) and 0 <= faces.min() <= faces.max() < n_faces:
            ids[faces] = _material_id(path, pieces, material)
    return ids.astype(np.int64)


def _material_id(path: Path, pieces: _Pieces, material: Any) -> int:
    name = str(material.GetPath()) if material else ""
    if name not in pieces.materials:
        pieces.materials[name] = _material(path, pieces, material) if material else Material()
    return list(pieces.materials).index(name)


def _material(path: Path, pieces: _Pieces, material: Any) -> Material:
    """Read a UsdPreviewSurface; any other shader leaves the plain material."""
    from pxr import UsdShade

    out = Material(name=material.GetPrim().GetName())
    shader = material.ComputeSurfaceSource()[0]
    if not shader or shader.GetIdAttr().Get() != "UsdPreviewSurface":
        pieces.notes.append(f"material {out.name} has no UsdPreviewSurface; it gets a plain grey")
        return out
    values = {key: shader.GetInput(key).Get() for key in ("roughness", "metallic") if shader.GetInput(key)}
    if values.get("roughness") is not None:
        out = replace(out, roughness=float(values["roughness"]))
    if values.get("metallic") is not None:
        out = replace(out, metallic=float(values["metallic"]))
    diffuse = shader.GetInput("diffuseColor")
    if diffuse and diffuse.Get() is not None:
        red, green, blue = (float(x) for x in diffuse.Get())
        out = replace(out, base_color=(red, green, blue, 1.0))
    color = _connected_image(path, pieces, shader.GetInput("diffuseColor"), UsdShade)
    if color is not None:
        out = replace(out, base_color_image=color, base_color=(1.0, 1.0, 1.0, 1.0))
    return replace(out, normal_image=_connected_image(path, pieces, shader.GetInput("normal"), UsdShade))


def _connected_image(path: Path, pieces: _Pieces, source: Any, shade: Any) -> bytes | None:
    if not source or not source.HasConnectedSource():
        return None
    texture = shade.Shader(source.GetConnectedSources()[0][0].source.GetPrim())
    file = texture.GetInput("file").Get() if texture and texture.GetInput("file") else None
    if file is None or not file.path:
        return None
    if path.suffix.lower() == ".usdz":
        pieces.notes.append(f"texture {file.path} inside the usdz is left out; unpack the usdz to keep it")
        return None
    return read_image(path, file.path, pieces.notes, pieces.companions)


def _join(path: Path, pieces: _Pieces, stage: Any, geom: Any) -> RawMesh:
    faces, uv_faces = np.concatenate(pieces.faces), np.concatenate(pieces.uv_faces)
    has_uv = pieces.bare < len(pieces.points)
    if has_uv and pieces.bare:
        pieces.notes.append(f"{pieces.bare} of {len(pieces.points)} meshes have no UVs; each shares one coordinate")
    metres = geom.GetStageMetersPerUnit(stage) if geom.StageHasAuthoredMetersPerUnit(stage) else None
    up = str(geom.GetStageUpAxis(stage)).lower() if stage.HasAuthoredMetadata("upAxis") else None
    return RawMesh(
        points=np.concatenate(pieces.points),
        faces=faces,
        materials=tuple(pieces.materials.values()),
        material_ids=np.concatenate(pieces.material_ids),
        part_names=tuple(pieces.parts),
        part_ids=np.repeat(np.arange(len(pieces.parts)), [len(f) for f in pieces.faces]).astype(np.int64),
        uv0=np.concatenate(pieces.uv) if has_uv else None,
        uv0_faces=uv_faces if has_uv else None,
        metres_per_unit=metres,
        unit_reason=f"the stage's metersPerUnit is {metres:g}" if metres is not None else "",
        up=up,
        up_reason=f"the stage's upAxis is {up}" if up is not None else "",
        notes=tuple(pieces.notes),
        companions=tuple(pieces.companions),
    )
