"""The node tree of a glTF file: where every object of the default scene stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .gltf_document import Document, read_accessor
from .raw import check_count

MAX_NODES = 50_000
MAX_OBJECTS = 5_000
INSTANCING = "EXT_mesh_gpu_instancing"
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Placement:
    """One appearance of a mesh.

    Attributes:
        node: Its node.
        mesh: Its mesh.
        name: Of the object, unique in the scene.
        world: float64 [4, 4] mesh frame → world.
    """

    node: int
    mesh: int
    name: str
    world: Matrix


@dataclass(frozen=True)
class Scene:
    """The default scene.

    Attributes:
        placements: Every mesh in it.
        worlds: World matrix of each node of the file.
        parents: Node above each node that has one.
        order: All nodes, parents before children.
    """

    placements: tuple[Placement, ...]
    worlds: dict[int, Matrix]
    parents: dict[int, int]
    order: tuple[int, ...]


def read_scene(document: Document) -> Scene:
    """Return the default scene; what lies in others is noted as dropped."""
    check_count(document.path, "nodes", len(document.data.get("nodes") or []), MAX_NODES)
    nodes = document.items("nodes")
    parents: dict[int, int] = {}
    for index, node in enumerate(nodes):
        for child in node.get("children") or []:
            document.item("nodes", child)
            if child in parents:
                raise document.wrong(f"node {child} is reached twice, nodes must form a tree")
            parents[child] = index
    roots = [index for index in range(len(nodes)) if index not in parents]
    worlds, order = _worlds(document, nodes, roots)
    if len(order) < len(nodes):
        lost = next(index for index in range(len(nodes)) if index not in worlds)
        raise document.wrong(f"node {lost} hangs below itself, nodes must form a tree")
    shown = _shown(document, nodes, roots)
    placements: list[Placement] = []
    taken: dict[str, int] = {}
    for index in (index for index in order if index in shown and "mesh" in nodes[index]):
        node = nodes[index]
        mesh = document.item("meshes", node["mesh"])
        name = str(node.get("name") or mesh.get("name") or f"mesh {node['mesh']}")
        for world in _instances(document, node, worlds[index], name, len(placements)):
            placements.append(Placement(index, int(node["mesh"]), _unique(name, taken), world))
        check_count(document.path, "objects", len(placements), MAX_OBJECTS)
    return Scene(tuple(placements), worlds, parents, tuple(order))


def _worlds(document: Document, nodes: list[dict[str, Any]], roots: list[int]) -> tuple[dict[int, Matrix], list[int]]:
    worlds: dict[int, Matrix] = {}
    order: list[int] = []
    stack = [(root, np.eye(4)) for root in reversed(roots)]
    while stack:
        index, above = stack.pop()
        with np.errstate(invalid="ignore", over="ignore"):
            world = above @ _local_matrix(nodes[index])
        if not np.isfinite(world).all():
            raise document.wrong(f"node {index} has a transform that is not finite")
        worlds[index] = world
        order.append(index)
        stack += [(child, world) for child in reversed(nodes[index].get("children") or [])]
    return worlds, order


def _local_matrix(node: dict[str, Any]) -> Matrix:
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    matrix = np.eye(4)
    matrix[:3, :3] = rotation_matrix(np.array(node.get("rotation", (0, 0, 0, 1)), np.float64))
    matrix[:3, :3] *= np.array(node.get("scale", (1, 1, 1)), np.float64)
    matrix[:3, 3] = node.get("translation", (0, 0, 0))
    return matrix


def rotation_matrix(quaternion: Matrix) -> Matrix:
    """Return the rotation [3, 3] of a quaternion xyzw of any length but 0."""
    x, y, z, w = quaternion / max(float(np.linalg.norm(quaternion)), 1e-30)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def _shown(document: Document, nodes: list[dict[str, Any]], roots: list[int]) -> set[int]:
    """Return the nodes of the default scene."""
    scenes = document.items("scenes")
    if not scenes:
        return set(range(len(nodes)))
    default = document.data.get("scene", 0)
    shown = _below(document, nodes, document.item("scenes", default).get("nodes") or [])
    for number, scene in enumerate(scenes):
        if number != default:
            more = _below(document, nodes, scene.get("nodes") or []) - shown
            count = sum("mesh" in nodes[index] for index in more)
            name = str(scene.get("name") or number)
            why = f"only the default scene is read, this one has {count} further objects; make it the default scene"
            document.say(f"scene {name}", "dropped", why if count else "it shows nothing that the default one does not")
    return shown


def _below(document: Document, nodes: list[dict[str, Any]], roots: list[int]) -> set[int]:
    found: set[int] = set()
    stack = list(roots)
    while stack:
        index = stack.pop()
        document.item("nodes", index)
        if index not in found:
            found.add(index)
            stack += nodes[index].get("children") or []
    return found


def _instances(document: Document, node: dict[str, Any], world: Matrix, name: str, before: int) -> list[Matrix]:
    """Return the world matrix of each appearance of a node's mesh: one, or as many as it is instanced."""
    instancing = (node.get("extensions") or {}).get(INSTANCING)
    if not instancing:
        return [world]
    attributes = instancing.get("attributes") or {}
    kinds = {"TRANSLATION": "VEC3", "ROTATION": "VEC4", "SCALE": "VEC3"}
    held = {key: read_accessor(document, attributes[key], kind) for key, kind in kinds.items() if key in attributes}
    counts = {len(values) for values in held.values()}
    if len(counts) != 1:
        raise document.wrong(f"{name} is instanced by {sorted(counts)} values, needed as many of each")
    count = counts.pop()
    check_count(document.path, "objects", before + count, MAX_OBJECTS)
    document.say(f"{count} instances of {name}", "converted", "each is its own piece of cloth")
    locals_ = [_local_matrix({kind.lower(): values[k] for kind, values in held.items()}) for k in range(count)]
    return [world @ local for local in locals_]


def _unique(name: str, taken: dict[str, int]) -> str:
    """Return the name, numbered where the scene has it already."""
    count = taken[name] = taken.get(name, 0) + 1
    numbered = name if count == 1 else f"{name}.{count - 1:03d}"
    return numbered if count == 1 or numbered not in taken else _unique(numbered, taken)
