"""Skins and blend shapes of an FBX file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .fbx_scene import FbxScene, Thing
from .pieces import Findings, Joints, Shape, Values

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class FbxBound:
    """How a mesh hangs on the file's joints.

    Attributes:
        world: [4, 4] mesh node → world as it was bound, for column vectors.
        joints: int64 [V, K].
        weights: float64 [V, K].
    """

    world: Matrix
    joints: NDArray[np.int64]
    weights: NDArray[np.float64]


class FbxRig:
    """The joints of a file: every node that a skin hangs on, and those above it that are bones.

    Args:
        scene: The file.
        found: Takes what is dropped or converted.
    """

    def __init__(self, scene: FbxScene, found: Findings) -> None:
        self.joints = Joints()
        self._scene, self._found = scene, found
        self._bound: dict[int, Matrix] = {}
        self._places: dict[int, int] = {}
        self._collect()

    def _collect(self) -> None:
        """Number all joints, parents first; a joint lies where its cluster says that it lay when bound."""
        bones: dict[int, Thing] = {}
        for cluster in self._scene.of_kind("Deformer"):
            bone = next(iter(self._scene.below(cluster, "Model")), None)
            if cluster.subtype == "Cluster" and bone is not None:
                bones[bone.number] = bone
                link = cluster.record.array("TransformLink", np.float64)
                if len(link) == 16 and np.isfinite(link).all():
                    self._bound.setdefault(bone.number, link.reshape(4, 4).T)
        for bone in list(bones.values()):
            for above in self._scene.ancestors(bone):
                if above.number in bones or above.subtype in ("LimbNode", "Root", "Limb"):
                    self._add(above)

    def _add(self, node: Thing) -> None:
        if node.number in self._places:
            return
        above = [self._places[n.number] for n in self._scene.ancestors(node)[:-1] if n.number in self._places]
        self._places[node.number] = len(self.joints.names)
        self.joints.names.append(node.name)
        self.joints.parents.append(above[-1] if above else -1)
        self.joints.rest.append(self._bound.get(node.number, self._scene.world(node)))

    def binding_of(self, geometry: Thing, n_points: int) -> FbxBound | None:
        """Return a mesh's skin, or None when it has none that can be used."""
        skins = [d for d in self._scene.below(geometry, "Deformer") if d.subtype == "Skin"]
        if len(skins) > 1:
            self._found.dropped(f"{len(skins) - 1} further skins of {geometry.name}", "one skin holds a garment")
        world: Matrix | None = None
        points: list[NDArray[np.int64]] = []
        weights: list[NDArray[np.float64]] = []
        joints: list[NDArray[np.int64]] = []
        for cluster in self._scene.below(skins[0], "Deformer") if skins else ():
            bone = next(iter(self._scene.below(cluster, "Model")), None)
            index, weight = cluster.record.array("Indexes", np.int64), cluster.record.array("Weights", np.float64)
            place = cluster.record.array("Transform", np.float64)
            if bone is None or bone.number not in self._bound or len(place) != 16:
                self._found.dropped(f"cluster {cluster.name}", "it names no bone or no place")
                continue
            if world is None and np.isfinite(place).all():
                world = self._bound[bone.number] @ place.reshape(4, 4).T
            fits = len(index) == len(weight) and (not len(index) or 0 <= index.min() <= index.max() < n_points)
            if not fits:
                self._found.dropped(f"cluster {cluster.name}", "its weights do not fit the mesh")
                continue
            points.append(index)
            weights.append(weight)
            joints.append(np.full(len(index), self._places[bone.number]))
        if world is None or not points:
            return None
        model = next(iter(self._scene.above(geometry, "Model")), None)
        if model is not None and not np.allclose(
            self._scene.world(model), world, atol=1e-3 * (1 + np.abs(world).max())
        ):
            self._found.converted(f"pose of {model.name}", "the mesh is as bound, not as posed")
        table = _table(np.concatenate(points), np.concatenate(joints), np.concatenate(weights), n_points)
        return FbxBound(world, *table)

    def shapes_of(
        self, geometry: Thing, points: Matrix, corners: NDArray[np.int64], world: Matrix
    ) -> tuple[Shape, ...]:
        """Return the blend shapes of a mesh, whose points go to the world by `world` [4, 4]."""
        out: list[Shape] = []
        for deformer in self._scene.below(geometry, "Deformer"):
            channels = self._scene.below(deformer, "Deformer") if deformer.subtype == "BlendShape" else []
            for channel in channels:
                targets = [g for g in self._scene.below(channel, "Geometry") if g.subtype == "Shape"]
                if len(targets) > 1:
                    self._found.dropped(f"steps between of {channel.name}", "a blend shape moves along straight lines")
                shape = self._shape(channel, targets[-1], points, corners, world) if targets else None
                if shape is None:
                    self._found.dropped(f"blend shape {channel.name}", "its offsets do not fit the mesh")
                else:
                    out.append(shape)
        return tuple(out)

    def _shape(
        self, channel: Thing, target: Thing, points: Matrix, corners: NDArray[np.int64], world: Matrix
    ) -> Shape | None:
        index, offsets = target.record.array("Indexes", np.int64), target.record.array("Vertices", np.float64)
        normals = target.record.array("Normals", np.float64)
        if len(offsets) != 3 * len(index) or not np.isfinite(offsets).all():
            return None
        if len(index) and not 0 <= index.min() <= index.max() < len(points):
            return None
        full = np.zeros_like(points)
        full[index] = offsets.reshape(-1, 3) @ world[:3, :3].T
        turned = None
        size = abs(np.linalg.det(world[:3, :3])) ** (1 / 3)
        if len(normals) == 3 * len(index) and np.isfinite(normals).all() and np.any(normals) and size > 1e-12:
            values = np.zeros_like(points)
            values[index] = normals.reshape(-1, 3) @ (np.linalg.inv(world[:3, :3]) * size)
            turned = Values(channel.name, "normal", values, corners)
        percent = channel.number_of("DeformPercent", 0.0)
        said = channel.record.value("DeformPercent")
        if "DeformPercent" not in channel.own and isinstance(said, (int, float)) and np.isfinite(said):
            percent = float(said)
        return Shape(channel.name, full, percent / 100, turned)


def _table(
    points: NDArray[np.int64], joints: NDArray[np.int64], weights: NDArray[np.float64], n_points: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Turn a list of influences into rows of equal length, the strongest first."""
    used = weights != 0
    points, joints, weights = points[used], joints[used], weights[used]
    order = np.lexsort((-np.nan_to_num(weights), points))
    points, joints, weights = points[order], joints[order], weights[order]
    counts = np.bincount(points, minlength=n_points)
    width = max(int(counts.max(initial=0)), 1)
    column = np.arange(len(points)) - np.repeat(np.cumsum(counts) - counts, counts)
    indices, table = np.zeros((n_points, width), np.int64), np.zeros((n_points, width))
    indices[points, column], table[points, column] = joints, weights
    return indices, table
