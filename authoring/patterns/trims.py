"""Buttons, rivets and zip pulls, set on finished cloth where the pattern marks them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Material, Part
from dressform.runtime.geometry.normals import vertex_normals
from dressform.schemas.errors import InputError

from ._trim_shapes import BUTTONS, METAL, THREAD, Shape, trim_shapes
from .flat_mesh import FlatMesh
from .layout import trim_strip
from .pattern import Mark

Floats = NDArray[np.float64]

_LIFT = 0.0004  # [m] of a trim's underside from the cloth
_APART = 0.004  # [m] between charts on the sheet
_LEAST_SCALE = 0.25  # of the charts, when many trims share the strip
_ROUGHNESS = {BUTTONS: 0.32, THREAD: 0.9, METAL: 0.34}
_COLOR = {BUTTONS: (0.80, 0.77, 0.70), THREAD: (0.72, 0.70, 0.64), METAL: (0.55, 0.50, 0.42)}  # linear


@dataclass(frozen=True)
class _Trim:
    """One fastening, placed.

    Attributes:
        name: Of its part.
        shapes: Its pieces.
        frame: [3, 3] rows: the panel's x, its y, out of the cloth.
        place: Where its middle lies on the cloth [3] [m].
    """

    name: str
    shapes: tuple[Shape, ...]
    frame: Floats
    place: Floats


def add_trims(mesh: GarmentMesh, flat_mesh: FlatMesh) -> GarmentMesh:
    """Return a finished garment with a small rigid mesh on each mark of a button, a rivet or a zip's pull.

    Each fastening is a rigid part of its own; the slots "buttons", "button_thread" and "metal" become materials. Their
    charts lie in the strip of the sheet that layouts leave free, so UV0 and UV1 stay injective.

    Args:
        mesh: The finished garment; its first triangles are those of `flat_mesh`, in their order.
        flat_mesh: What it was sewn from.
    """
    trims = list(_trims(mesh, flat_mesh))
    if not trims:
        return mesh
    if mesh.uv0 is None or mesh.uv0_faces is None or mesh.part_ids is None:
        raise InputError(f"pattern {flat_mesh.pattern.name}: trims need a finished mesh with UVs and parts; finish it")
    shapes = [shape for trim in trims for shape in trim.shapes]
    slots = [slot for slot in (BUTTONS, THREAD, METAL) if any(shape.slot == slot for shape in shapes)]
    points, faces, parts, materials = [mesh.points], [mesh.faces], [mesh.part_ids], [mesh.material_ids]
    count = len(mesh.points)
    for number, trim in enumerate(trims):
        for shape in trim.shapes:
            points.append((trim.place + shape.points @ trim.frame).astype(np.float32))
            faces.append((shape.faces + count).astype(np.int32))
            parts.append(np.full(len(shape.faces), len(mesh.parts) + number, np.int32))
            materials.append(np.full(len(shape.faces), len(mesh.materials) + slots.index(shape.slot), np.int32))
            count += len(shape.points)
    uv, uv_faces = _charts(shapes, flat_mesh)
    uv_all = np.concatenate([mesh.uv0, uv]).astype(np.float32)
    corners = np.concatenate([mesh.uv0_faces, uv_faces + len(mesh.uv0)]).astype(np.int32)
    return replace(
        mesh,
        points=np.concatenate(points),
        faces=np.concatenate(faces),
        uv0=uv_all,
        uv0_faces=corners,
        uv1=uv_all,
        uv1_faces=corners,
        materials=(*mesh.materials, *(_material(slot) for slot in slots)),
        material_ids=np.concatenate(materials),
        parts=(*mesh.parts, *(Part(trim.name, rigid=True) for trim in trims)),
        part_ids=np.concatenate(parts),
    )


def _material(slot: str) -> Material:
    return Material(
        name=slot,
        base_color=(*_COLOR[slot], 1.0),
        roughness=_ROUGHNESS[slot],
        metallic=1.0 if slot == METAL else 0.0,
    )


def _trims(mesh: GarmentMesh, flat_mesh: FlatMesh) -> Iterator[_Trim]:
    """Yield the fastenings of all panels in order."""
    cloth = len(flat_mesh.flat_faces)
    normals = vertex_normals(mesh.points, mesh.faces[:cloth]).astype(np.float64)
    counts: dict[str, int] = {}
    for number, panel in enumerate(flat_mesh.pattern.panels):
        for mark in panel.marks:
            shapes = trim_shapes(mark)
            for spot in _spots(mark) if shapes else ():
                counts[mark.kind] = counts.get(mark.kind, 0) + 1
                frame, place = _on_cloth(mesh, flat_mesh, normals, number, spot)
                name = "zip_pull" if mark.kind == "zip" else mark.kind
                yield _Trim(f"{name}_{counts[mark.kind]}", shapes, frame, place)


def _spots(mark: Mark) -> Floats:
    """Return where a mark's fastenings sit on the panel, [N, 2] [m]."""
    points = np.asarray(mark.points, np.float64).reshape(-1, 2)
    if mark.kind != "zip":
        return points
    share = float(mark.options["pull"])
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    return np.array([[np.interp(share * lengths[-1], lengths, points[:, k]) for k in range(2)]])


def _on_cloth(
    mesh: GarmentMesh, flat_mesh: FlatMesh, normals: Floats, panel: int, spot: Floats
) -> tuple[Floats, Floats]:
    """Return frame [3, 3] and place [3] of a panel's flat point on the worn cloth."""
    own = np.flatnonzero(flat_mesh.face_panels == panel)
    corners = flat_mesh.flat[flat_mesh.flat_faces[own]]
    edges = np.stack([corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]], axis=-1)
    inner = np.linalg.solve(edges, (spot - corners[:, 0])[..., None])[..., 0]
    shares = np.column_stack([1 - inner.sum(axis=1), inner])
    best = int(np.argmax(shares.min(axis=1)))  # a spot a hair outside the outline takes the nearest triangle
    share = np.clip(shares[best], 0, 1)
    share /= share.sum()
    points = mesh.faces[own[best]]
    worn = mesh.points[points].astype(np.float64)
    up = share @ normals[points]
    up /= np.linalg.norm(up)
    sides = np.stack([worn[1] - worn[0], worn[2] - worn[0]], axis=-1)
    head = sides @ np.linalg.inv(edges[best]) @ np.array([0.0, 1.0])
    head -= up * (head @ up)
    head /= np.linalg.norm(head)
    return np.stack([np.cross(head, up), head, up]), share @ worn + _LIFT * up


def _charts(shapes: list[Shape], flat_mesh: FlatMesh) -> tuple[Floats, NDArray[np.int64]]:
    """Return UVs [N, 2] and triangles [F, 3] into them: charts in rows on the free strip, all at one scale."""
    left, bottom, right, top = np.array(trim_strip(flat_mesh.sheet)) * flat_mesh.sheet
    charts = [chart for shape in shapes for chart in shape.charts]
    scale = 1.0
    while (places := _shelves([np.ptp(uv, axis=0) * scale for uv, _ in charts], right - left, top - bottom)) is None:
        scale *= 0.8
        if scale < _LEAST_SCALE:
            raise InputError(
                f"pattern {flat_mesh.pattern.name}: {len(shapes)} pieces of trims do not fit the strip of "
                f"{(right - left) * 100:.0f} × {(top - bottom) * 100:.0f} cm on its sheet; set on fewer"
            )
    uvs, faces, start = [], [], 0
    for (uv, own), place in zip(charts, places, strict=True):
        uvs.append((uv - uv.min(axis=0)) * scale + place + [left, bottom])
        faces.append(own + start)
        start += len(uv)
    return np.concatenate(uvs) / flat_mesh.sheet, np.concatenate(faces)


def _shelves(sizes: list[Floats], width: float, height: float) -> list[Floats] | None:
    """Return the lower left corners of boxes in rows, or None where the strip is too small."""
    places, x, y, row = [], 0.0, 0.0, 0.0
    for size in sizes:
        if x + size[0] > width:
            x, y, row = 0.0, y + row + _APART, 0.0
        if y + size[1] > height or size[0] > width:
            return None
        places.append(np.array([x, y]))
        x, row = x + float(size[0]) + _APART, max(row, float(size[1]))
    return places
