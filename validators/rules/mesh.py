"""Rules on the garment's surface: triangles, edges, points and normals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Layer
from dressform.assets.files.glb_file import GlbFile, open_glb, read_bytes
from dressform.runtime.geometry.crossings import crossing_faces
from dressform.runtime.geometry.normals import face_areas, face_normals
from dressform.schemas.errors import InputError
from dressform.schemas.report import Severity
from dressform.validators.rule import LISTED, Defect, Measured, NotTestableError, Rule, counted
from dressform.validators.subject import Subject

NO_AREA = 1e-11  # [m²] twice the area of a triangle that is none
THINNEST = 1e-5  # [m] altitude of a triangle; `garment clean` takes what is thinner for modelling debris
UNIT = 0.01  # that a normal's length may be off one
COINCIDE = 1e-5  # [m] between points that should be one; `garment clean` welds them
_FLOATS = {5126: "<f4"}  # glTF's number for the component type


def directed_edges(mesh: GarmentMesh) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the directed edges as one number each, and their reverses, three a triangle in order."""
    a = mesh.faces[:, [0, 1, 2]].ravel().astype(np.int64)
    b = mesh.faces[:, [1, 2, 0]].ravel().astype(np.int64)
    count = len(mesh.points)
    return a * count + b, b * count + a


def is_finite(subject: Subject) -> Iterator[Defect]:
    """Coordinates, normals or weights that are infinite or no number."""
    for size in subject.sizes:
        path = f"sizes/{size}"
        try:
            file = open_glb(read_bytes(subject.files[f"{path}/garment.glb"]), path)
            attributes = file.primitive(0)["attributes"]
        except InputError:
            continue  # a file that cannot be opened is a finding of its own
        for name in sorted(attributes):
            bad = _not_finite(file, attributes, name)
            message = f"vertices have {name} values that are not finite"
            one = f"vertex has a {name} value that is not finite"
            yield from counted(bad, message, path, one=one, size=size, kind="vertices")


def _not_finite(file: GlbFile, attributes: dict[str, object], name: str) -> NDArray[np.int64]:
    """Return the numbers of the points whose values of an attribute are not finite."""
    try:
        kind = str(file.item("accessors", attributes[name]).get("type"))
        values = file.accessor(attributes[name], kind, _FLOATS)
        bad = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
        return np.unique(file.numbers(dict(attributes), "_POINT")[bad]) if len(bad) else bad
    except (InputError, KeyError, IndexError):
        return np.zeros(0, np.int64)  # no floats, or broken in another way, which reading tells


def has_no_degenerate_faces(subject: Subject) -> Iterator[Defect]:
    """Triangles with a repeated corner or without area."""
    for size, mesh in subject.meshes.items():
        bad = np.flatnonzero(~(2 * face_areas(mesh.points, mesh.faces) > NO_AREA))
        message, one = "triangles have no area", "triangle has no area"
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size)


def has_no_slivers(subject: Subject) -> Iterator[Defect]:
    """Triangles thinner than a hundredth of a millimetre."""
    for size, mesh in subject.meshes.items():
        corners = mesh.points[mesh.faces].astype(np.float64)
        longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
        double_area = 2 * face_areas(mesh.points, mesh.faces)
        bad = np.flatnonzero((double_area > NO_AREA) & (double_area < THINNEST * longest))
        message, one = (
            f"triangles are thinner than {1e3 * THINNEST:g} mm",
            f"triangle is thinner than {1e3 * THINNEST:g} mm",
        )
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size)


def has_no_duplicate_faces(subject: Subject) -> Iterator[Defect]:
    """Triangles that stand twice, in either winding."""
    for size, mesh in subject.layouts.items():
        a, b, c = np.sort(mesh.faces, axis=1).astype(np.int64).T
        keys = (a * len(mesh.points) + b) * len(mesh.points) + c  # files hold at most two million points: it fits
        _, first, count = np.unique(keys, return_index=True, return_counts=True)
        bad = np.sort(first[count > 1])
        message, one = "triangles stand twice", "triangle stands twice"
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size)


def has_no_loose_points(subject: Subject) -> Iterator[Defect]:
    """Points that no triangle uses."""
    for size, mesh in subject.layouts.items():
        bad = np.flatnonzero(np.bincount(mesh.faces.reshape(-1), minlength=len(mesh.points)) == 0)
        message, one = "points belong to no triangle", "point belongs to no triangle"
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size, kind="vertices")


def is_oriented(subject: Subject) -> Iterator[Defect]:
    """Edges that both their triangles walk in the same direction."""
    for size, mesh in subject.layouts.items():
        directed, _ = directed_edges(mesh)
        _, inverse, count = np.unique(directed, return_inverse=True, return_counts=True)
        twice = (count[inverse] > 1) & (_edge_counts(subject, size) == 2)
        bad = np.unique(np.flatnonzero(twice) // 3)
        message, one = "triangles face against their neighbours", "triangle faces against its neighbours"
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size)


def faces_outward(subject: Subject) -> Iterator[Defect]:
    """Pieces whose triangles all look inward, so that the cloth is seen from its wrong side."""
    for size, mesh in subject.meshes.items():
        areas, normals = face_areas(mesh.points, mesh.faces), face_normals(mesh.points, mesh.faces)
        centers = mesh.points[mesh.faces].mean(axis=1)
        cloth, pieces = _cloth(mesh, inner=False), subject.topologies[size].pieces
        # what is small may look any way: a pocket, a label
        large = np.flatnonzero(np.bincount(pieces, areas * cloth) > 0.1 * areas.sum())
        for piece in large.tolist():
            own = np.flatnonzero((pieces == piece) & cloth)
            arms = centers[own] - np.average(centers[own], axis=0, weights=areas[own])
            arms[:, 2] = 0  # a tube says nothing along its own way
            outward = areas[own] * np.einsum("ij,ij->i", normals[own], arms)
            if outward.sum() < -0.2 * (areas[own] * np.linalg.norm(arms, axis=1)).sum():
                message, one = "triangles of a piece look inward", "triangle of a piece looks inward"
                yield from counted(own, message, f"sizes/{size}", one=one, size=size)


def is_manifold(subject: Subject) -> Iterator[Defect]:
    """Triangles at edges that three or more share."""
    for size in subject.layouts:
        bad = np.unique(np.flatnonzero(_edge_counts(subject, size) > 2) // 3)
        message, one = "triangles meet at edges of three or more", "triangle stands at an edge of three or more"
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size)


def is_not_pinched(subject: Subject) -> Iterator[Defect]:
    """Points where parts of the surface touch without sharing an edge."""
    for size in subject.layouts:
        bad = subject.topologies[size].pinched
        message = "points hold parts of the surface together that share no edge there"
        one = "point holds parts of the surface together that share no edge there"
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size, kind="vertices")


def is_sewn(subject: Subject) -> Iterator[Defect]:
    """Borders that lie on each other and are not joined: a crack along a seam."""
    for size, mesh in subject.meshes.items():
        topology = subject.topologies[size]
        ends = topology.edges.vertices[topology.border]
        cells = np.clip(np.round(mesh.points[ends.reshape(-1)].astype(np.float64) / COINCIDE), -2e18, 2e18)
        _, place = np.unique(cells.astype(np.int64), axis=0, return_inverse=True)
        here = np.sort(place.reshape(-1, 2), axis=1).astype(np.int64)
        keys = here[:, 0] * (2 * len(ends) + 1) + here[:, 1]
        _, inverse, count = np.unique(keys, return_inverse=True, return_counts=True)
        bad = np.unique(topology.border_faces[(count[inverse] > 1) & (here[:, 0] != here[:, 1])])
        message = "triangles lie border to border with others and are not joined"
        one = "triangle lies border to border with itself and is not joined"
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size)


def does_not_cross_itself(subject: Subject) -> Iterator[Defect | Measured]:
    """Cloth that goes through itself; buttons and what else is rigid may."""
    for size, mesh in subject.meshes.items():
        cloth = np.flatnonzero(_cloth(mesh, inner=True))
        if not len(cloth):
            continue
        bad = cloth[crossing_faces(mesh.points, mesh.faces[cloth])]
        share, most = len(bad) / len(cloth), subject.budgets.crossing_share
        if share > most:
            message = f"{len(bad)} triangles ({100 * share:.1f} %) go through others, at most {100 * most:g} %"
            place = {"size": size, "faces": bad[:LISTED].tolist()}
            yield Defect(message, f"sizes/{size}", 100 * share, place)
        yield Measured(100 * share, "%", f"sizes/{size}")


def has_unit_normals(subject: Subject) -> Iterator[Defect]:
    """Normals of the artist's that are not of length one."""
    for size, layer in _normal_layers(subject):
        bad = ~(np.abs(np.linalg.norm(layer.values, axis=1) - 1) < UNIT)
        faces = np.flatnonzero(bad[layer.faces].any(axis=1))
        message = f"triangles have normals in {layer.name!r} that are not of length 1"
        one = f"triangle has a normal in {layer.name!r} that is not of length 1"
        yield from counted(faces, message, f"sizes/{size}", one=one, size=size)


def has_normals_of_its_side(subject: Subject) -> Iterator[Defect]:
    """Normals of the artist's that all look to the other side of their triangle."""
    for size, layer in _normal_layers(subject):
        mesh = subject.meshes[size]
        own = face_normals(mesh.points, mesh.faces)
        against = np.einsum("fkc,fc->fk", layer.values[layer.faces], own) < 0
        faces = np.flatnonzero(against.all(axis=1))
        message = f"triangles have normals in {layer.name!r} that look to their other side"
        one = f"triangle has normals in {layer.name!r} that look to its other side"
        yield from counted(faces, message, f"sizes/{size}", one=one, size=size)


def _normal_layers(subject: Subject) -> list[tuple[str, Layer]]:
    found = [(size, layer) for size, mesh in subject.meshes.items() for layer in mesh.layers if layer.kind == "normal"]
    if not found:
        raise NotTestableError("the mesh brings no normals of its own; they follow from its triangles")
    return found


def _edge_counts(subject: Subject, size: str) -> NDArray[np.int32]:
    """Return how many triangles share each triangle's edges, three a triangle in order, [3 F]."""
    found = subject.topologies[size].edges
    return np.asarray(found.face_counts[found.face_edges.reshape(-1)])


def _cloth(mesh: GarmentMesh, *, inner: bool) -> NDArray[np.bool_]:
    """Say which triangles are of no rigid part and, unless `inner`, of no inner shell, [F]."""
    if mesh.part_ids is None:
        return np.ones(len(mesh.faces), np.bool_)
    soft = np.array([not part.rigid and (inner or not part.inner) for part in mesh.parts], np.bool_)
    return np.asarray(soft[mesh.part_ids])


_CLEAN = "run dressform garment clean"
RULES = (
    Rule("DF-MESH-001", "mesh.degenerate", Severity.ERROR, ("mesh",), _CLEAN, has_no_degenerate_faces),
    Rule("DF-MESH-002", "mesh.duplicate", Severity.ERROR, ("mesh",), _CLEAN, has_no_duplicate_faces),
    Rule("DF-MESH-003", "mesh.loose", Severity.WARNING, ("mesh",), _CLEAN, has_no_loose_points),
    Rule("DF-MESH-004", "mesh.orientation", Severity.ERROR, ("mesh",), _CLEAN, is_oriented),
    Rule("DF-MESH-005", "mesh.manifold", Severity.ERROR, ("mesh",),
         "split the fins in a 3D tool and import again", is_manifold),
    Rule("DF-MESH-010", "mesh.finite", Severity.ERROR, (),
         "mend the points in the 3D tool that wrote them and import again", is_finite),
    Rule("DF-MESH-011", "mesh.pinched", Severity.ERROR, ("mesh",), _CLEAN, is_not_pinched),
    Rule("DF-MESH-012", "mesh.sliver", Severity.WARNING, ("mesh",), _CLEAN, has_no_slivers),
    Rule("DF-MESH-013", "mesh.self-intersection", Severity.WARNING, ("mesh",),
         "part the layers that go through each other in a 3D tool and import again", does_not_cross_itself),
    Rule("DF-MESH-014", "mesh.inside-out", Severity.ERROR, ("mesh",), _CLEAN, faces_outward),
    Rule("DF-MESH-015", "mesh.crack", Severity.WARNING, ("mesh",),
         "run dressform garment clean, which welds borders; a slit that is meant to be there may stay", is_sewn),
    Rule("DF-MESH-016", "mesh.normal-length", Severity.ERROR, ("mesh",),
         "export the mesh with normals of length 1, or without normals, and import again", has_unit_normals),
    Rule("DF-MESH-017", "mesh.normal-side", Severity.WARNING, ("mesh",),
         "recompute the normals in the 3D tool, or export without them, and import again", has_normals_of_its_side),
)  # fmt: skip
