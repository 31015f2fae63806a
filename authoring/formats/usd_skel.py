"""UsdSkel: skeletons, skin weights and blend shapes of a USD stage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .pieces import Findings, Joints, Piece, Shape, Values
from .usd_mesh import table

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Bound:
    """How a mesh hangs on the file's joints.

    Attributes:
        world: [4, 4] mesh → world as it was bound, for row vectors.
        joints: int64 [V, K] into the file's joints.
        weights: float64 [V, K].
    """

    world: Matrix
    joints: NDArray[np.int64]
    weights: NDArray[np.float64]


class Skeletons:
    """The skeletons of a stage, read as meshes ask for them.

    Args:
        path: The file, for messages.
        found: Takes what is dropped.
    """

    def __init__(self, path: Path, found: Findings) -> None:
        self.joints = Joints()
        self._path, self._found = path, found
        self._known: dict[str, tuple[list[str], int, Matrix] | None] = {}

    def binding_of(self, prim: Any) -> Bound | None:
        """Return a mesh's skin, or None when it has none that can be used."""
        from pxr import Usd, UsdSkel

        binding = UsdSkel.BindingAPI(prim)
        index_var, weight_var = binding.GetJointIndicesPrimvar(), binding.GetJointWeightsPrimvar()
        if not (index_var and index_var.HasValue() and weight_var and weight_var.HasValue()):
            return None
        skeleton = binding.GetInheritedSkeleton()
        if not skeleton:
            self._found.dropped(f"skin of {prim.GetPath()}", "it names no skeleton")
            return None
        known = self._skeleton(skeleton)
        if known is None:
            return None
        names, first, world = known
        time = Usd.TimeCode.EarliestTime()
        n_points = len(prim.GetAttribute("points").Get(time))
        width = max(index_var.GetElementSize(), 1)
        indices, weights = table(index_var.Get(time), np.int64, 0), table(weight_var.Get(time), np.float64, 0)
        rigid = index_var.GetInterpolation() == "constant"
        if len(indices) != len(weights) or len(indices) != width * (1 if rigid else n_points):
            self._found.dropped(f"skin of {prim.GetPath()}", f"{len(weights)} weights do not fit {n_points} points")
            return None
        indices, weights = indices.reshape(-1, width), weights.reshape(-1, width)
        if rigid:
            indices, weights = np.repeat(indices, n_points, axis=0), np.repeat(weights, n_points, axis=0)
        local = binding.GetJointsAttr().Get()
        if local:
            order = np.array([names.index(str(j)) if str(j) in names else -1 for j in local], np.int64)
            indices = np.where((indices >= 0) & (indices < len(order)), order[np.clip(indices, 0, len(order) - 1)], -1)
        outside = (indices < 0) | (indices >= len(names))
        bind = binding.GetGeomBindTransformAttr().Get(time)
        matrix = np.eye(4) if bind is None else np.array(bind)
        return Bound(matrix @ world, np.where(outside, -1, indices + first), weights)

    def shapes_of(self, prim: Any, piece: Piece, world: Matrix) -> tuple[Shape, ...]:
        """Return the blend shapes of a mesh in the world that its points are in."""
        from pxr import Usd, UsdSkel

        binding = UsdSkel.BindingAPI(prim)
        names = [str(n) for n in binding.GetBlendShapesAttr().Get() or []]
        targets = binding.GetBlendShapeTargetsRel().GetTargets() if names else []
        source = binding.GetInheritedAnimationSource() if names else None
        weights: dict[str, float] = {}
        if source:
            animation, time = UsdSkel.Animation(source), Usd.TimeCode.EarliestTime()
            shown = zip(
                animation.GetBlendShapesAttr().Get() or [],
                animation.GetBlendShapeWeightsAttr().Get(time) or [],
                strict=False,
            )
            weights = {str(n): float(w) for n, w in shown}
        out: list[Shape] = []
        for name, target in zip(names, targets, strict=False):
            shape = UsdSkel.BlendShape(prim.GetStage().GetPrimAtPath(target))
            read = self._shape(shape, name, weights.get(name, 0.0), piece, world) if shape else None
            if read is None:
                self._found.dropped(f"blend shape {name} of {prim.GetPath()}", "its offsets do not fit the mesh")
            else:
                out.append(read)
        return tuple(out)

    def _shape(self, shape: Any, name: str, weight: float, piece: Piece, world: Matrix) -> Shape | None:
        offsets = table(shape.GetOffsetsAttr().Get(), np.float64, 3)
        normals = table(shape.GetNormalOffsetsAttr().Get(), np.float64, 3)
        points = table(shape.GetPointIndicesAttr().Get(), np.int64, 0)
        count = len(piece.points)
        points = points if len(points) else np.arange(len(offsets))
        fits = len(points) == len(offsets) <= count and (not len(points) or 0 <= points.min() <= points.max() < count)
        if not fits or not np.isfinite(offsets).all():
            return None
        if shape.GetInbetweens():
            self._found.dropped(f"steps between of {name}", "a blend shape moves its points along straight lines")
        full = np.zeros((count, 3))
        full[points] = offsets @ world[:3, :3]
        turned = None
        if len(normals) == len(points) and np.isfinite(normals).all() and abs(np.linalg.det(world[:3, :3])) > 1e-30:
            values = np.zeros((count, 3))
            values[points] = normals @ _unit_columns(np.linalg.inv(world[:3, :3]).T)
            turned = Values(name, "normal", values, piece.corners)
        return Shape(name, full, weight if np.isfinite(weight) else 0.0, turned)

    def _skeleton(self, skeleton: Any) -> tuple[list[str], int, Matrix] | None:
        """Return joint paths, the place of the first joint among all, and skeleton → world."""
        path = str(skeleton.GetPath())
        if path not in self._known:
            self._known[path] = self._read(skeleton)
        return self._known[path]

    def _read(self, skeleton: Any) -> tuple[list[str], int, Matrix] | None:
        from pxr import Usd, UsdGeom, UsdSkel

        names = [str(n) for n in skeleton.GetJointsAttr().Get() or []]
        parents = np.array(UsdSkel.Topology(names).GetParentIndices(), np.int64) if names else np.zeros(0, np.int64)
        if not names or len(set(names)) < len(names) or (parents >= np.arange(len(parents))).any():
            self._found.dropped(str(skeleton.GetPath()), "its joints do not form a tree with parents first")
            return None
        bind = table(skeleton.GetBindTransformsAttr().Get(), np.float64, 16).reshape(-1, 4, 4)
        rest = table(skeleton.GetRestTransformsAttr().Get(), np.float64, 16).reshape(-1, 4, 4)
        placed = _accumulated(rest, parents) if len(rest) == len(names) else None
        if len(bind) != len(names):
            bind = placed if placed is not None else bind
        if len(bind) != len(names) or not np.isfinite(bind).all():
            self._found.dropped(str(skeleton.GetPath()), "it has no bind transform for each joint")
            return None
        world = np.array(UsdGeom.XformCache(Usd.TimeCode.EarliestTime()).GetLocalToWorldTransform(skeleton.GetPrim()))
        if placed is not None:
            # Bind transforms are meant to be in the world; most exporters write them in the skeleton's own space
            if np.allclose(bind, placed @ world, atol=1e-4) and not np.allclose(bind, placed, atol=1e-4):
                world = np.eye(4)
            elif not np.allclose(bind, placed, atol=1e-3 * (1 + np.abs(bind).max())):
                self._found.converted(
                    f"pose of {skeleton.GetPath()}", "the mesh is as it was bound, not as it is posed"
                )
        first = len(self.joints.names)
        self.joints.names += [name.rpartition("/")[2] for name in names]
        self.joints.parents += [int(p) + first if p >= 0 else -1 for p in parents]
        self.joints.rest += list((bind @ world).transpose(0, 2, 1))
        return names, first, world


def _accumulated(local: Matrix, parents: NDArray[np.int64]) -> Matrix:
    out = local.copy()
    for k, parent in enumerate(parents):
        if parent >= 0:
            out[k] = local[k] @ out[parent]
    return out


def _unit_columns(matrix: NDArray[np.floating]) -> Matrix:
    """Take the size out of a normal matrix, so that offsets of unit normals keep their length."""
    size = abs(np.linalg.det(matrix)) ** (1 / 3)
    scaled: Matrix = matrix / size
    return scaled
