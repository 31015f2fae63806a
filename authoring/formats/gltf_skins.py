"""Skins of a glTF file: who holds each vertex, where the skeleton holds it, and the skeleton itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import SourceSkin

from .gltf_document import Document, read_accessor
from .gltf_scene import Placement, Scene
from .skeleton_map import flat_joint

Array = NDArray[np.float64]
_ROUNDING = 0.02  # how far eight-bit weights may be off one in sum


class Skeletons:
    """All joints of a scene as one skeleton; influences are numbers of nodes until it is asked for."""

    def __init__(self, document: Document, scene: Scene) -> None:
        self._document, self._scene = document, scene
        used = {document.item("nodes", p.node).get("skin") for p in scene.placements} - {None}
        self._joints: set[int] = set()
        for number in used:
            for joint in document.item("skins", number)["joints"]:
                document.item("nodes", joint)
                self._joints.add(joint)

    def influences(
        self, placement: Placement, attributes: dict[str, Any], count: int
    ) -> tuple[NDArray[np.int64] | None, Array | None, Array | None]:
        """Return the joints [V, K] and weights [V, K] of a piece and how they move its vertices [V, 4, 4].

        A piece without a skin that hangs below a joint, like a button on a bone, is held by it alone; its node moves
        it. All are None where no joint holds the piece.
        """
        number = self._document.item("nodes", placement.node).get("skin")
        if number is None or "JOINTS_0" not in attributes or "WEIGHTS_0" not in attributes:
            if number is not None:
                why = "its vertices name no joints; it stands where its node stands"
                self._document.say(f"skin of {placement.name}", "dropped", why)
            holder = self._above(placement.node)
            if holder is None:
                return None, None, None
            self._document.say(
                f"{placement.name} hung on joint {self._name(holder)}", "converted", "all its weight is on this joint"
            )
            return np.full((count, 1), holder), np.ones((count, 1)), None
        joints: list[int] = self._document.item("skins", number)["joints"]
        index, weights = self._read(placement, attributes, count, len(joints))
        matrices = self._moves(number, joints)
        moves = np.zeros((count, 4, 4))
        for column in range(index.shape[1]):  # all at once would take gigabytes on a dense mesh
            moves += weights[:, column, None, None] * matrices[index[:, column]]
        return np.array(joints)[index], weights, moves

    def _read(
        self, placement: Placement, attributes: dict[str, Any], count: int, joint_count: int
    ) -> tuple[NDArray[np.int64], Array]:
        indices, weights = [], []
        number = 0
        while f"JOINTS_{number}" in attributes and f"WEIGHTS_{number}" in attributes:
            indices.append(read_accessor(self._document, attributes[f"JOINTS_{number}"], "VEC4"))
            weights.append(read_accessor(self._document, attributes[f"WEIGHTS_{number}"], "VEC4"))
            number += 1
        if any(len(values) != count for values in indices + weights):
            raise self._document.wrong("has skin weights that do not match its vertices or joints")
        index, weight = np.concatenate(indices, axis=1).astype(np.int64), np.concatenate(weights, axis=1)
        weight = self._sound(placement.name, weight)
        index = np.where(weight > 0, index, np.where(index < joint_count, index, 0))
        if index.max(initial=0) >= joint_count or index.min(initial=0) < 0:
            raise self._document.wrong(
                f"has skin weights that do not match its vertices or joints: joint {index.max()} of {joint_count}"
            )
        return index, weight

    def _sound(self, name: str, weights: Array) -> Array:
        """Return weights that are positive and sum to one; what had to be done for that is noted."""
        what = f"skin weights of {name}"
        bad = ~np.isfinite(weights) | (weights < 0)
        if bad.any():
            rows = int(bad.any(axis=1).sum())
            self._document.say(what, "converted", f"{rows} vertices had negative weights or no numbers, now 0")
            weights = np.where(bad, 0.0, weights)
        sums = weights.sum(axis=1, keepdims=True)
        loose = sums[:, 0] <= 1e-9
        if loose.any():
            why = f"{int(loose.sum())} vertices had no weight at all; they hang on the first joint that they name"
            self._document.say(what, "converted", why)
            weights = weights.copy()
            weights[loose, 0] = 1.0
            sums = np.where(loose[:, None], 1.0, sums)
        off = np.abs(sums[:, 0] - 1) > _ROUNDING
        if off.any():
            span = " to ".join(dict.fromkeys(f"{end:.4g}" for end in (sums[off].min(), sums[off].max())))
            self._document.say(what, "converted", f"{int(off.sum())} vertices' weights summed to {span}, now to 1")
        return np.asarray(weights / sums)

    def _moves(self, number: int, joints: list[int]) -> Array:
        moves = np.stack([self._scene.worlds[joint] for joint in joints])
        skin = self._document.item("skins", number)
        if "inverseBindMatrices" in skin:
            inverse = read_accessor(self._document, skin["inverseBindMatrices"], "MAT4")
            if len(inverse) < len(joints) or not np.isfinite(inverse).all():
                raise self._document.wrong(
                    f"skins[{number}] has {len(inverse)} inverse bind matrices for {len(joints)} joints, or not finite"
                )
            moves = moves @ inverse[: len(joints)].reshape(-1, 4, 4).transpose(0, 2, 1)
        return moves

    def _above(self, node: int) -> int | None:
        """Return the nearest joint that a node hangs below or is."""
        at: int | None = node
        while at is not None and at not in self._joints:
            at = self._scene.parents.get(at)
        return at

    def _name(self, joint: int) -> str:
        return str(self._document.item("nodes", joint).get("name") or f"joint {joint}")

    def skin(self, pieces: Sequence[tuple[int, NDArray[np.int64] | None, Array | None]]) -> SourceSkin | None:
        """Return the skin of pieces with so many vertices each, their joints and their weights; rests in the world."""
        if all(joints is None for _, joints, _ in pieces):
            if self._document.items("skins"):
                self._document.say("skin", "dropped", "nothing that is read hangs on it")
            return None
        order = [node for node in self._scene.order if node in self._joints]
        flat = flat_joint([self._scene.worlds[node] for node in order])
        if flat is not None:
            why = f"the node of {self._name(order[flat])} is scaled to nothing, so it holds no pose"
            self._document.say("skin", "dropped", why)
            return None
        place = {node: k for k, node in enumerate(order)}
        lookup = np.zeros(max(order) + 1, np.int64)
        lookup[order] = np.arange(len(order))
        width = max(0 if joints is None else joints.shape[1] for _, joints, _ in pieces)
        total = sum(count for count, _, _ in pieces)
        indices, weights = np.zeros((total, width), np.int32), np.zeros((total, width), np.float32)
        start = 0
        for count, joints, held in pieces:
            if joints is not None and held is not None:
                indices[start : start + count, : joints.shape[1]] = lookup[joints]
                weights[start : start + count, : joints.shape[1]] = held
            start += count
        width = int(np.flatnonzero((weights > 0).any(axis=0)).max(initial=0)) + 1
        indices, weights = np.where(weights > 0, indices, 0)[:, :width], weights[:, :width]
        parents = [self._above_of(node) for node in order]
        names: list[str] = []
        for node in order:
            name = self._name(node)
            names.append(name if name not in names else f"{name}.{node}")
        return SourceSkin(
            joints=tuple(names),
            parents=np.array([-1 if parent is None else place[parent] for parent in parents], np.int32),
            rest=np.stack([self._scene.worlds[node] for node in order]).astype(np.float32),
            indices=np.ascontiguousarray(indices, np.int32),
            weights=np.ascontiguousarray(weights),
        )

    def _above_of(self, node: int) -> int | None:
        parent = self._scene.parents.get(node)
        return None if parent is None else self._above(parent)
