"""The objects of an FBX file, how they hang together, and where its nodes lie."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import InputError

from .fbx_file import Record

Matrix = NDArray[np.float64]
_ORDERS = ("xyz", "xzy", "yzx", "yxz", "zxy", "zyx")


@dataclass
class Thing:
    """An object of the file.

    Attributes:
        number: Its id.
        kind: "Model", "Geometry", "Material", …
        name: Without its class.
        subtype: "Mesh", "LimbNode", "Skin", …
        record: Its data.
        properties: Values by name, the template's where it says nothing itself.
        own: Properties that it says itself.
        user: Names of properties that an artist added.
    """

    number: int
    kind: str
    name: str
    subtype: str
    record: Record
    properties: dict[str, list[Any]] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    user: list[str] = field(default_factory=list)

    def numbers(self, name: str, otherwise: tuple[float, ...]) -> tuple[float, ...]:
        """Return a property's finite numbers, as many as `otherwise` has."""
        values = self.properties.get(name, [])[: len(otherwise)]
        if len(values) < len(otherwise) or not all(isinstance(v, (int, float)) and math.isfinite(v) for v in values):
            return otherwise
        return tuple(float(v) for v in values)

    def number_of(self, name: str, otherwise: float) -> float:
        """Return a property that is one number."""
        return self.numbers(name, (otherwise,))[0]


class FbxScene:
    """Objects and connections of a file.

    Args:
        path: The file, for messages.
        root: Its records.
    """

    def __init__(self, path: Path, root: Record) -> None:
        self.path = path
        templates = _templates(root)
        self.settings = Thing(0, "GlobalSettings", "", "", Record(""))
        settings = root.first("GlobalSettings")
        if settings is not None:
            _read_properties(self.settings, settings)
        self.creator = _creator(root)
        self.things: dict[int, Thing] = {}
        for record in objects.inner if (objects := root.first("Objects")) is not None else ():
            thing = _thing(record, templates)
            if thing is not None:
                self.things[thing.number] = thing
        self._below: dict[int, list[tuple[Thing, str]]] = {}
        self._above: dict[int, list[Thing]] = {}
        connections = root.first("Connections")
        for record in connections.all("C") if connections is not None else ():
            self._connect(record.values)
        self._worlds: dict[int, Matrix] = {}

    def _connect(self, values: list[Any]) -> None:
        if len(values) < 3 or values[0] not in ("OO", "OP") or not all(isinstance(v, int) for v in values[1:3]):
            return
        child, parent = self.things.get(values[1]), self.things.get(values[2])
        if child is not None:
            name = str(values[3]) if values[0] == "OP" and len(values) > 3 else ""
            self._below.setdefault(values[2], []).append((child, name))
            if parent is not None:
                self._above.setdefault(values[1], []).append(parent)

    def of_kind(self, kind: str) -> list[Thing]:
        """Return all objects of a kind, in the file's order."""
        return [thing for thing in self.things.values() if thing.kind == kind]

    def below(self, thing: Thing, kind: str) -> list[Thing]:
        """Return what of a kind is connected to an object."""
        return [child for child, _ in self._below.get(thing.number, ()) if child.kind == kind]

    def wired(self, thing: Thing) -> Iterator[tuple[Thing, str]]:
        """Yield what is connected to an object's properties, with the properties' names."""
        return ((child, name) for child, name in self._below.get(thing.number, ()) if name)

    def above(self, thing: Thing, kind: str) -> list[Thing]:
        """Return what of a kind an object is connected to."""
        return [parent for parent in self._above.get(thing.number, ()) if parent.kind == kind]

    def parent(self, model: Thing) -> Thing | None:
        """Return the node above a node."""
        return next(iter(self.above(model, "Model")), None)

    def ancestors(self, model: Thing) -> list[Thing]:
        """Return a node and those above it, the highest first; refuse a tree that bites its tail."""
        chain, seen = [model], {model.number}
        while (parent := self.parent(chain[-1])) is not None:
            if parent.number in seen:
                raise InputError(f"{self.path}: node {model.name!r} lies below itself; export it again as FBX")
            seen.add(parent.number)
            chain.append(parent)
        return chain[::-1]

    def world(self, model: Thing) -> Matrix:
        """Return a node's matrix [4, 4] → world, for column vectors, in the file's units."""
        chain = self.ancestors(model)
        above: Thing | None = None
        for node in chain:
            if node.number not in self._worlds:
                local = _local(node)
                base = np.eye(4) if above is None else self._worlds[above.number]
                self._worlds[node.number] = base @ local if above is None else _inherited(node, above, base, local)
            above = node
        world = self._worlds[model.number]
        if not np.isfinite(world).all():
            raise InputError(f"{self.path}: node {model.name!r} has a transform that is not finite; export it again")
        return world


def _creator(root: Record) -> str:
    """Return what the file says of the tools that wrote it."""
    said = [str(root.value("Creator", ""))]
    header = root.first("FBXHeaderExtension")
    info = header.first("SceneInfo") if header is not None else None
    if header is not None:
        said.append(str(header.value("Creator", "")))
    if info is not None:
        thing = Thing(0, "SceneInfo", "", "", info)
        _read_properties(thing, info)
        said += [str(v) for k in ("Original|ApplicationName",) for v in thing.properties.get(k, [])]
    return " ".join(said)


def geometric(model: Thing) -> Matrix:
    """Return the matrix between a node's geometry and the node itself, which its children do not see."""
    return (
        _moved(model.numbers("GeometricTranslation", (0.0, 0.0, 0.0)))
        @ _turned(model.numbers("GeometricRotation", (0.0, 0.0, 0.0)))
        @ _scaled(model.numbers("GeometricScaling", (1.0, 1.0, 1.0)))
    )


def _thing(record: Record, templates: dict[str, Thing]) -> Thing | None:
    values = record.values
    if not values or not isinstance(values[0], int):
        return None
    name = str(values[1]) if len(values) > 1 else ""
    subtype = str(values[2]) if len(values) > 2 else ""
    thing = Thing(values[0], record.name, name.partition("::")[2] if "::" in name else name, subtype, record)
    template = templates.get(record.name)
    if template is not None:
        thing.properties.update(template.properties)
    _read_properties(thing, record)
    return thing


def _read_properties(thing: Thing, record: Record) -> None:
    table = record.first("Properties70")
    for entry in table.all("P") if table is not None else ():
        if len(entry.values) >= 4:
            name = str(entry.values[0])
            thing.properties[name] = entry.values[4:]
            thing.own.add(name)
            if "U" in str(entry.values[3]):
                thing.user.append(name)


def _templates(root: Record) -> dict[str, Thing]:
    """Return the defaults that the file states for each kind of object."""
    out: dict[str, Thing] = {}
    definitions = root.first("Definitions")
    for kind in definitions.all("ObjectType") if definitions is not None else ():
        template = kind.first("PropertyTemplate")
        if template is not None and kind.values:
            thing = Thing(0, str(kind.values[0]), "", "", template)
            _read_properties(thing, template)
            out[thing.kind] = thing
    return out


def _moved(offset: tuple[float, ...]) -> Matrix:
    matrix = np.eye(4)
    matrix[:3, 3] = offset
    return matrix


def _scaled(factors: tuple[float, ...]) -> Matrix:
    return np.diag([*factors, 1.0])


def _turned(degrees: tuple[float, ...], order: str = "xyz") -> Matrix:
    matrix = np.eye(4)
    for axis in order:  # the axis named first turns first
        angle = math.radians(degrees["xyz".index(axis)])
        one, two = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
        turn = np.eye(4)
        turn[one, one] = turn[two, two] = math.cos(angle)
        turn[two, one], turn[one, two] = math.sin(angle), -math.sin(angle)
        matrix = turn @ matrix
    return matrix


def _local(node: Thing) -> Matrix:
    """Return a node's matrix in its parent: T · Roff · Rp · Rpre · R · Rpost⁻¹ · Rp⁻¹ · Soff · Sp · S · Sp⁻¹."""
    zero, one = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    order = int(node.number_of("RotationOrder", 0.0))
    pivot, scale_pivot = _moved(node.numbers("RotationPivot", zero)), _moved(node.numbers("ScalingPivot", zero))
    turn = (
        _turned(node.numbers("PreRotation", zero))
        @ _turned(node.numbers("Lcl Rotation", zero), _ORDERS[order] if 0 <= order < len(_ORDERS) else "xyz")
        @ _turned(node.numbers("PostRotation", zero)).T
    )
    return (
        _moved(node.numbers("Lcl Translation", zero))
        @ _moved(node.numbers("RotationOffset", zero))
        @ pivot
        @ turn
        @ np.linalg.inv(pivot)
        @ _moved(node.numbers("ScalingOffset", zero))
        @ scale_pivot
        @ _scaled(node.numbers("Lcl Scaling", one))
        @ np.linalg.inv(scale_pivot)
    )


def _inherited(node: Thing, above: Thing, base: Matrix, local: Matrix) -> Matrix:
    """Put a node below its parent in the way it inherits scale: 0 scales after its turn, 2 not at all, 1 plainly."""
    mode = int(node.number_of("InheritType", 0.0))
    if mode not in (0, 2):
        return base @ local
    turn_above, size_above = _parted(base)
    turn, size = _parted(local)
    if mode == 2:
        factors = above.numbers("Lcl Scaling", (1.0, 1.0, 1.0))
        size_above = size_above @ np.diag([1 / f if f else 1.0 for f in factors])
    out = np.eye(4)
    out[:3, :3] = turn_above @ turn @ size_above @ size
    out[:3, 3] = (base @ local)[:3, 3]
    return out


def _parted(matrix: Matrix) -> tuple[Matrix, Matrix]:
    """Part the linear block of a matrix into a rotation and what remains."""
    left, _, right = np.linalg.svd(matrix[:3, :3])
    turn = left @ right
    if np.linalg.det(turn) < 0:  # keep a mirror in the remainder
        left[:, -1] *= -1
        turn = left @ right
    return turn, turn.T @ matrix[:3, :3]
