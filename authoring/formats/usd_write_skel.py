"""A garment's joints and weights as UsdSkel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.glb_buffer import Y_UP
from dressform.assets.files.rig import Rig
from dressform.assets.files.skeleton import Skeleton
from dressform.schemas.errors import InputError


@dataclass(frozen=True)
class Bones:
    """What a mesh hangs on.

    Attributes:
        names: Of the joints, parents first.
        parents: int32 [J], -1 for a root.
        rest: float64 [J, 4, 4] joint → the garment's frame [m], z up, for column vectors.
        indices: int32 [V, K].
        weights: float32 [V, K].
    """

    names: tuple[str, ...]
    parents: NDArray[np.int32]
    rest: NDArray[np.float64]
    indices: NDArray[np.int32]
    weights: NDArray[np.float32]


def bones_of(mesh: GarmentMesh, rig: Rig | None, skeleton: Skeleton | None) -> Bones | None:
    """Return the rig with its skeleton, else the skin that the artist's file came with, else None."""
    if rig is not None and skeleton is not None:
        if len(rig.joint_indices) != len(mesh.points):
            raise InputError(
                f"the rig holds {len(rig.joint_indices)} points and the garment has {len(mesh.points)}; "
                "run `dressform garment rig` again"
            )
        place = {name: k for k, name in enumerate(skeleton.names)}
        missing = [name for name in rig.joints if name not in place]
        if missing:
            raise InputError(f"the rig names the joint {missing[0]!r}, which the skeleton does not have")
        order = np.array([place[name] for name in rig.joints], np.int32)
        poses = skeleton.poses.astype(np.float64)
        return Bones(skeleton.names, skeleton.parents, poses, order[rig.joint_indices], rig.joint_weights)
    if mesh.skin is not None:
        skin = mesh.skin
        return Bones(skin.joints, skin.parents, skin.rest.astype(np.float64), skin.indices, skin.weights)
    return None


def write_skin(stage: Any, prim: Any, bones: Bones, n_points: int) -> None:
    """Write a skeleton beside a mesh and bind the mesh to it; y up."""
    from pxr import Gf, UsdSkel, Vt

    skeleton = UsdSkel.Skeleton.Define(stage, prim.GetPath().GetParentPath().AppendChild("skeleton"))
    world = Y_UP @ bones.rest
    local = [
        world[k] if parent < 0 else np.linalg.inv(world[parent]) @ world[k] for k, parent in enumerate(bones.parents)
    ]
    skeleton.CreateJointsAttr(_paths(bones))
    skeleton.GetPrim().SetCustomDataByKey("joints", Vt.StringArray(list(bones.names)))
    skeleton.CreateBindTransformsAttr([Gf.Matrix4d(m.T.tolist()) for m in world])
    skeleton.CreateRestTransformsAttr([Gf.Matrix4d(m.T.tolist()) for m in local])
    binding = UsdSkel.BindingAPI.Apply(prim.GetPrim())
    binding.CreateSkeletonRel().SetTargets([skeleton.GetPath()])
    width = bones.indices.shape[1]
    index = binding.CreateJointIndicesPrimvar(False, width)
    index.Set(Vt.IntArray.FromNumpy(np.ascontiguousarray(bones.indices.reshape(-1), np.int32)))
    weight = binding.CreateJointWeightsPrimvar(False, width)
    weight.Set(Vt.FloatArray.FromNumpy(np.ascontiguousarray(bones.weights.reshape(-1), np.float32)))
    binding.CreateGeomBindTransformAttr(Gf.Matrix4d(1.0))
    UsdSkel.BindingAPI.Apply(skeleton.GetPrim())


def _paths(bones: Bones) -> list[str]:
    """Return joints as paths of names that USD takes."""
    from pxr import Tf

    out: list[str] = []
    for name, parent in zip(bones.names, bones.parents.tolist(), strict=True):
        plain = Tf.MakeValidIdentifier(name)
        path = plain if parent < 0 else f"{out[parent]}/{plain}"
        out.append(path if path not in out else f"{path}_{len(out)}")
    return out
