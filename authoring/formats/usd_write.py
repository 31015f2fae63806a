"""Garments as USD with UsdSkel and UsdPreviewSurface; .usda, .usdc, .usd or .usdz by suffix."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.atomic import write_bytes
from dressform.assets.files.garment import GarmentMesh, Layer
from dressform.assets.files.glb_buffer import turned
from dressform.assets.files.rig import Rig
from dressform.assets.files.skeleton import Skeleton
from dressform.schemas.errors import InputError, UsageError

from .obj_write import smooth_normals
from .rings import polygon_rings
from .usd_write_look import write_materials
from .usd_write_skel import Bones, bones_of, write_skin

SUFFIXES = (".usda", ".usdc", ".usd", ".usdz")


def write_usd(path: Path, mesh: GarmentMesh, rig: Rig | None = None, skeleton: Skeleton | None = None) -> None:
    """Write a garment with its UV sets, colours, normals, blend shapes, materials and skin, in metres and y up.

    Args:
        path: Ends in one of `SUFFIXES`. A .usdz holds its textures; the others have them in a folder beside.
        mesh: The garment [m], z up.
        rig: Skin weights; without them the skin that the artist's file came with is written, if there is one.
        skeleton: The joints that `rig` counts.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path} must end in one of {', '.join(SUFFIXES)}")
    try:
        from pxr import Usd, UsdUtils
    except ImportError:
        raise InputError(f"{path}: USD files need usd-core; run `pip install 'dressform[usd]'`") from None
    packed = path.suffix.lower() == ".usdz"
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / ("garment.usdc" if packed else f"garment{path.suffix.lower()}")
        stage = Usd.Stage.CreateNew(str(root))
        textures = _fill(stage, mesh, bones_of(mesh, rig, skeleton), "garment" if packed else path.stem)
        stage.GetRootLayer().Save()
        if packed:
            for name, image in textures.items():
                (root.parent / name).parent.mkdir(exist_ok=True)
                (root.parent / name).write_bytes(image)
            package = root.with_suffix(".usdz")
            if not UsdUtils.CreateNewUsdzPackage(str(root), str(package)):
                raise InputError(f"{path} could not be packed as usdz")
            write_bytes(path, package.read_bytes())
            return
        data = root.read_bytes()
    for name, image in textures.items():
        write_bytes(path.parent / name, image)
    write_bytes(path, data)


def _fill(stage: Any, mesh: GarmentMesh, bones: Bones | None, stem: str) -> dict[str, bytes]:
    """Write everything but the files and return the textures by the names that the stage uses."""
    from pxr import Kind, Usd, UsdGeom, UsdSkel

    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    skinned = bones is not None or bool(mesh.morphs)
    root = (UsdSkel.Root if skinned else UsdGeom.Xform).Define(stage, "/garment")
    stage.SetDefaultPrim(root.GetPrim())
    Usd.ModelAPI(root.GetPrim()).SetKind(Kind.Tokens.component)
    prim = UsdGeom.Mesh.Define(stage, "/garment/mesh")
    counts, corners, faces = polygon_rings(mesh)
    prim.CreatePointsAttr(vec3(turned(mesh.points)))
    prim.CreateFaceVertexCountsAttr(ints(counts))
    prim.CreateFaceVertexIndicesAttr(ints(mesh.faces.reshape(-1)[corners]))
    prim.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    prim.CreateDoubleSidedAttr(any(m.double_sided for m in mesh.materials))
    points = turned(mesh.points)
    prim.CreateExtentAttr(vec3(np.stack([points.min(axis=0), points.max(axis=0)])))
    uv_names = _write_layers(prim, mesh, corners)
    _write_parts(prim, mesh, faces)
    if bones is not None:
        write_skin(stage, prim, bones, len(mesh.points))
    if mesh.morphs:
        _write_morphs(stage, prim, mesh)
    return write_materials(stage, prim, mesh, faces, uv_names, stem)


def vec3(values: NDArray[Any]) -> Any:
    """Return numbers [N, 3] as USD's float3 array."""
    from pxr import Vt

    return Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(values, np.float32))


def ints(values: NDArray[Any]) -> Any:
    """Return whole numbers [N] as USD's int array."""
    from pxr import Vt

    return Vt.IntArray.FromNumpy(np.ascontiguousarray(values, np.int32))


def _write_layers(prim: Any, mesh: GarmentMesh, corners: NDArray[np.int64]) -> list[str]:
    """Write everything that lies on corners and return the names of UV0 and the artist's further UV sets."""
    from pxr import Sdf, Tf, UsdGeom

    api = UsdGeom.PrimvarsAPI(prim)
    names: list[str] = []
    taken = {"st", "st1", "normals", "tangents"}
    if mesh.uv0 is not None and mesh.uv0_faces is not None:
        _write(api, "st", Sdf.ValueTypeNames.TexCoord2fArray, mesh.uv0, mesh.uv0_faces.reshape(-1)[corners])
        names.append("st")
    if mesh.uv1 is not None and mesh.uv1_faces is not None:
        _write(api, "st1", Sdf.ValueTypeNames.TexCoord2fArray, mesh.uv1, mesh.uv1_faces.reshape(-1)[corners])
    types = Sdf.ValueTypeNames
    seen: set[str] = set()
    for layer in mesh.layers:
        base = name = Tf.MakeValidIdentifier(layer.name)
        while name in taken:
            name = f"{base}_{len(taken)}"
        kind = {"uv": types.TexCoord2fArray, "color": types.Color3fArray}.get(layer.kind)
        if layer.kind == "color" and layer.values.shape[1] == 4:
            kind = types.Color4fArray
        if layer.kind in ("normal", "tangent") and layer.kind not in seen:
            name = f"{layer.kind}s"
            kind = types.Normal3fArray if layer.kind == "normal" else types.Float4Array
        taken.add(name)
        seen.add(layer.kind)
        values = turned(layer.values) if layer.kind in ("normal", "tangent") else layer.values
        _write(api, name, kind or _plain_type(layer), values, layer.faces.reshape(-1)[corners])
        if layer.kind == "uv":
            names.append(name)
    if "normal" not in seen:
        prim.CreateNormalsAttr(vec3(turned(smooth_normals(mesh))))
        prim.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    return names


def _plain_type(layer: Layer) -> Any:
    from pxr import Sdf

    types = Sdf.ValueTypeNames
    return {2: types.Float2Array, 3: types.Float3Array, 4: types.Float4Array}.get(
        layer.values.shape[1], types.FloatArray
    )


def _write(api: Any, name: str, kind: Any, values: NDArray[Any], index: NDArray[Any]) -> None:
    from pxr import UsdGeom, Vt

    primvar = api.CreatePrimvar(name, kind, UsdGeom.Tokens.faceVarying)
    table = np.ascontiguousarray(values, np.float32)
    width = table.shape[1]
    arrays = {2: Vt.Vec2fArray, 3: Vt.Vec3fArray, 4: Vt.Vec4fArray}
    if width in arrays:
        primvar.Set(arrays[width].FromNumpy(table))
    else:
        primvar.Set(Vt.FloatArray.FromNumpy(table.reshape(-1)))
        if width > 1:
            primvar.SetElementSize(width)
    primvar.SetIndices(ints(index))


def _write_parts(prim: Any, mesh: GarmentMesh, faces: NDArray[np.int64]) -> None:
    """Write named pieces as a family of subsets that no face is in twice."""
    from pxr import Tf, UsdGeom

    if len(mesh.parts) < 2 or mesh.part_ids is None:
        return
    ids = mesh.part_ids[faces]
    for k, part in enumerate(mesh.parts):
        name = f"part_{k}_{Tf.MakeValidIdentifier(part.name)}"
        subset = UsdGeom.Subset.CreateGeomSubset(
            prim, name, UsdGeom.Tokens.face, ints(np.flatnonzero(ids == k)), "parts"
        )
        subset.GetPrim().SetCustomDataByKey("name", part.name)
        subset.GetPrim().SetCustomDataByKey("rigid", part.rigid)
        subset.GetPrim().SetCustomDataByKey("inner", part.inner)
    UsdGeom.Subset.SetFamilyType(prim, "parts", UsdGeom.Tokens.nonOverlapping)


def _write_morphs(stage: Any, prim: Any, mesh: GarmentMesh) -> None:
    from pxr import Tf, UsdSkel

    binding = UsdSkel.BindingAPI.Apply(prim.GetPrim())
    names: list[str] = []
    targets: list[Any] = []
    for k, morph in enumerate(mesh.morphs):
        name = Tf.MakeValidIdentifier(morph.name)
        name = f"{name}_{k}" if name in names else name
        shape = UsdSkel.BlendShape.Define(stage, prim.GetPath().AppendChild(name))
        moved = np.flatnonzero(np.any(morph.offsets != 0, axis=1))
        shape.CreateOffsetsAttr(vec3(turned(morph.offsets[moved])))
        shape.CreatePointIndicesAttr(ints(moved))
        names.append(name)
        targets.append(shape.GetPath())
    binding.CreateBlendShapesAttr(names)
    binding.CreateBlendShapeTargetsRel().SetTargets(targets)
