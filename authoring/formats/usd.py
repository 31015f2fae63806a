"""USD (.usd, .usda, .usdc, .usdz) through usd-core, an optional package."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import InputError

from .joining import finished, join
from .pieces import Findings, Piece
from .raw import RawMesh, check_count, check_size
from .shading import Look
from .usd_look import Surfaces
from .usd_mesh import OddValuesError, mesh_piece
from .usd_paths import refuse_outside_layers
from .usd_skel import Skeletons

Matrix = NDArray[np.float64]
_MOST_INSTANCES = 10_000
_LEFT_OUT = {
    "BasisCurves": "curves",
    "NurbsCurves": "curves",
    "NurbsPatch": "a NURBS surface",
    "Points": "loose points",
    "TetMesh": "a volume mesh",
    "Cube": "an implicit shape",
    "Sphere": "an implicit shape",
    "Cylinder": "an implicit shape",
    "Cone": "an implicit shape",
    "Capsule": "an implicit shape",
    "Plane": "an implicit shape",
    "Camera": "a camera",
    "SkelAnimation": "an animation",
}


@dataclass
class _Reading:
    """What the walk over a stage gathers."""

    path: Path
    stage: Any
    found: Findings
    surfaces: Surfaces
    skeletons: Skeletons
    pieces: list[Piece] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    extras: dict[str, Any] = field(default_factory=dict)


def read_usd(path: Path) -> RawMesh:
    """Read all visible meshes of a stage in world space, skinned ones as they were bound."""
    check_size(path)
    try:
        from pxr import Sdf, Tf, Usd
    except ImportError:
        raise InputError(f"{path}: USD files need usd-core; run `pip install 'dressform[usd]'`") from None
    try:
        refuse_outside_layers(path, Sdf)
        stage = Usd.Stage.Open(str(path), Usd.Stage.LoadAll)
        return _read(path, stage)
    except Tf.ErrorException as error:
        raise InputError(f"{path} cannot be opened as USD ({_reason(error)}); export the mesh again") from None
    except OddValuesError as error:
        raise InputError(f"{path} is not as USD defines meshes ({error}); export the mesh again") from None


def _reason(error: Exception) -> str:
    """Return the first thing that USD says, without where in its own code it was said."""
    try:
        text = str(error)
    except UnicodeDecodeError:  # it quotes the file, whatever is in there
        return "it holds bytes that are no text"
    lines = [line.strip(" '\t") for line in text.splitlines()]
    said = [line.rpartition(": '")[2] if line.startswith("Error in") else line for line in lines]
    return next((line for line in said if len(line) > 3), "no reason given")[:200]


def _read(path: Path, stage: Any) -> RawMesh:
    from pxr import UsdGeom

    found = Findings()
    reading = _Reading(path, stage, found, Surfaces(path, found), Skeletons(path, found))
    _walk(reading)
    if not reading.pieces:
        raise InputError(f"{path} holds no visible mesh; export the garment as a mesh")
    looks = reading.surfaces.looks or [Look()]
    raw = join(path, _renamed(reading), looks, reading.skeletons.joints, found)
    metres = UsdGeom.GetStageMetersPerUnit(stage) if UsdGeom.StageHasAuthoredMetersPerUnit(stage) else None
    up = str(UsdGeom.GetStageUpAxis(stage)).lower() if stage.HasAuthoredMetadata("upAxis") else None
    if metres is not None and not 0 < metres < 1e6:
        found.dropped("metersPerUnit", f"{metres:g} is no scale; the unit is told from the size")
        metres = None
    return finished(
        replace(raw, extras=reading.extras),
        found,
        metres_per_unit=metres,
        unit_reason=f"the stage's metersPerUnit is {metres:g}" if metres is not None else "",
        up=up if up in ("y", "z") else None,
        up_reason=f"the stage's upAxis is {up}" if up is not None else "",
    )


def _walk(reading: _Reading) -> None:
    from pxr import Usd, UsdGeom

    transforms = UsdGeom.XformCache(Usd.TimeCode.EarliestTime())
    prototypes: list[Any] = []
    for prim in reading.stage.Traverse(Usd.TraverseInstanceProxies(Usd.PrimDefaultPredicate)):
        _note_variants(reading, prim)
        if any(prim.GetPath().HasPrefix(prototype) for prototype in prototypes):
            continue
        if prim.IsA(UsdGeom.Mesh):
            if _is_hidden(reading, prim):
                continue
            _add(reading, prim, np.array(transforms.GetLocalToWorldTransform(prim)))
        elif prim.IsA(UsdGeom.PointInstancer):
            prototypes += UsdGeom.PointInstancer(prim).GetPrototypesRel().GetTargets()
            if not _is_hidden(reading, prim):
                _add_instances(reading, prim, transforms)
        elif prim.GetTypeName() in _LEFT_OUT:
            reading.found.dropped(str(prim.GetPath()), f"{_LEFT_OUT[prim.GetTypeName()]}; only meshes are read")


def _is_hidden(reading: _Reading, prim: Any) -> bool:
    from pxr import UsdGeom

    image = UsdGeom.Imageable(prim)
    if image.ComputeVisibility() == "invisible" or image.ComputePurpose() in ("guide", "proxy"):
        reading.found.dropped(str(prim.GetPath()), "it is hidden in the file")
        return True
    return False


def _note_variants(reading: _Reading, prim: Any) -> None:
    for name in prim.GetVariantSets().GetNames() if prim.HasVariantSets() else ():
        chosen = prim.GetVariantSet(name)
        others = [other for other in chosen.GetVariantNames() if other != chosen.GetVariantSelection()]
        what = f"variant set {name} of {prim.GetPath()}"
        reading.found.kept(what, f"{chosen.GetVariantSelection() or 'no'} variant is read, as the file chooses")
        if others:
            reading.found.dropped(what, f"not chosen: {', '.join(others[:8])}")


def _add(reading: _Reading, prim: Any, world: Matrix) -> None:
    bound = reading.skeletons.binding_of(prim)
    piece = mesh_piece(reading.path, prim, world if bound is None else bound.world, reading.surfaces, reading.found)
    if piece is None:
        return
    if bound is not None:
        piece = replace(piece, joints=bound.joints, weights=bound.weights)
    piece = replace(piece, shapes=reading.skeletons.shapes_of(prim, piece, world if bound is None else bound.world))
    reading.pieces.append(piece)
    reading.names.append(prim.GetName())
    custom = _custom(prim)
    if custom:
        reading.extras[str(prim.GetPath())] = custom
        reading.found.kept(f"custom properties of {prim.GetPath()}", "extras")


def _custom(prim: Any) -> dict[str, Any]:
    """Return the custom properties of a prim that JSON can hold."""
    out: dict[str, Any] = {}
    for attribute in prim.GetAuthoredAttributes():
        value = attribute.Get() if attribute.IsCustom() else None
        if isinstance(value, (str, bool, int)) or (isinstance(value, float) and np.isfinite(value)):
            out[attribute.GetName()] = value
    return out


def _add_instances(reading: _Reading, prim: Any, transforms: Any) -> None:
    """Put every copy that a point instancer makes where it shows."""
    from pxr import Usd, UsdGeom

    time, instancer, stage = Usd.TimeCode.EarliestTime(), UsdGeom.PointInstancer(prim), reading.stage
    targets = instancer.GetPrototypesRel().GetTargets()
    indices = np.array(instancer.GetProtoIndicesAttr().Get(time) or [], np.int64)
    check_count(reading.path, f"instances in {prim.GetPath()}", len(indices), _MOST_INSTANCES)
    matrices = np.array(instancer.ComputeInstanceTransformsAtTime(time, time) or [], np.float64).reshape(-1, 4, 4)
    mask = instancer.ComputeMaskAtTime(time)
    kept = np.array(mask, bool) if mask else np.ones(len(indices), bool)
    indices = indices[kept] if len(kept) == len(indices) else indices
    if len(matrices) != len(indices) or (len(indices) and not 0 <= indices.min() <= indices.max() < len(targets)):
        raise InputError(f"{reading.path}: {prim.GetPath()} has instances of no prototype; export the mesh again")
    world = np.array(transforms.GetLocalToWorldTransform(prim))
    for matrix, index in zip(matrices, indices, strict=True):
        root = stage.GetPrimAtPath(targets[index])
        if not root:
            continue
        base = np.linalg.inv(np.array(transforms.GetLocalToWorldTransform(root)))
        for mesh in Usd.PrimRange(root):
            if mesh.IsA(UsdGeom.Mesh):
                local = np.array(transforms.GetLocalToWorldTransform(mesh)) @ base
                _add(reading, mesh, local @ matrix @ world)
    reading.found.converted(str(prim.GetPath()), f"{len(indices)} instances became meshes of their own")


def _renamed(reading: _Reading) -> list[Piece]:
    """Name pieces by their prims; by the whole path where that is not unique."""
    names = reading.names
    return [
        replace(piece, name=name) if names.count(name) == 1 else piece
        for piece, name in zip(reading.pieces, names, strict=True)
    ]
