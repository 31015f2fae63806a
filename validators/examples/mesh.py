"""Examples that break the rules on the surface."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Layer
from dressform.assets.files.glb import glb_bytes
from dressform.runtime.geometry.normals import vertex_normals

from .broken import breaks
from .builder import Parts


def with_faces(parts: Parts, faces: list[list[int]]) -> None:
    """Add triangles, each with texels of its own in the empty part of the atlas."""
    mesh, (uv, corners), count = parts.mesh, parts.atlas, len(faces)
    uv = np.concatenate([uv, _laid_out(mesh.points[np.array(faces)]).reshape(-1, 2)]).astype(np.float32)
    numbers = np.arange(len(uv) - 3 * count, len(uv), dtype=np.int32).reshape(-1, 3)
    corners = np.concatenate([corners, numbers])
    parts.change_mesh(
        faces=np.concatenate([mesh.faces, np.array(faces, np.int32)]),
        uv0=uv,
        uv0_faces=corners,
        uv1=uv,
        uv1_faces=corners,
        material_ids=np.zeros(len(mesh.faces) + count, np.int32),
    )


def _laid_out(corners: NDArray[np.floating]) -> NDArray[np.float64]:
    """Lay triangles [F, 3, 3] flat, side by side above the tube's chart and at its scale; return UVs [F, 3, 2]."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    base = np.maximum(np.linalg.norm(first, axis=1), 1e-6)
    along = np.einsum("ij,ij->i", first, second) / base
    high = np.linalg.norm(np.cross(first, second), axis=1) / base
    flat = np.zeros((len(corners), 3, 2))
    flat[:, 1, 0], flat[:, 2, 0], flat[:, 2, 1] = base, along, high
    flat *= 0.9 / (2 * np.pi * 0.2)  # the tube's girth is so much of the sheet
    across, up, shelf = 0.05, 0.5, 0.0
    for triangle in flat:
        triangle[:, 0] -= triangle[:, 0].min()
        width, height = np.ptp(triangle, axis=0).tolist()
        if across + width > 0.95:
            across, up, shelf = 0.05, up + shelf + 0.01, 0.0
        triangle += [across, up]
        across, shelf = across + width + 0.01, max(shelf, height)
    return flat


def with_points(parts: Parts, points: NDArray[np.floating] | list[list[float]]) -> int:
    """Add points [N, 3], bound and weighted as the first one is; return the number of the first of them."""
    count = len(parts.mesh.points)
    parts.change_mesh(points=np.concatenate([parts.mesh.points, points]).astype(np.float32))
    bind_like(parts, np.concatenate([np.arange(count), np.zeros(len(points), np.int64)]))
    return count


def bind_like(parts: Parts, rows: NDArray[np.integer]) -> None:
    """Give each point the rig's row of the point whose number stands in `rows`."""
    names = ["joint_indices", "joint_weights", "binding_triangles", "binding_barycentrics", "binding_offsets"]
    parts.change_rig(**{name: getattr(parts.rig, name)[rows] for name in names})
    parts.skin = parts.rig


@breaks("mesh.degenerate", at="sizes/M", place={"size": "M", "faces": [224]})
def break_degenerate(parts: Parts) -> None:
    """A triangle with a corner twice."""
    with_faces(parts, [[3, 3, 4]])


@breaks("mesh.duplicate", at="sizes/M", place={"size": "M", "faces": [5]})
def break_duplicate(parts: Parts) -> None:
    """A triangle twice."""
    with_faces(parts, [parts.mesh.faces[5].tolist()])


@breaks("mesh.loose", at="sizes/M", place={"size": "M", "vertices": [0]})
def break_loose(parts: Parts) -> None:
    """A point that no triangle uses."""
    faces, corners = parts.mesh.faces, parts.atlas[1]
    keep = ~(faces == 0).any(axis=1)
    parts.change_mesh(
        faces=faces[keep],
        uv0_faces=corners[keep],
        uv1_faces=corners[keep],
        material_ids=parts.mesh.material_ids[keep],
    )


@breaks("mesh.orientation", at="sizes/M", place={"size": "M"})
def break_orientation(parts: Parts) -> None:
    """A triangle that faces the other way."""
    faces = parts.mesh.faces.copy()
    faces[40] = faces[40][::-1]
    parts.change_mesh(faces=faces)


@breaks("mesh.manifold", at="sizes/M", place={"size": "M"})
def break_manifold(parts: Parts) -> None:
    """A fin."""
    a, b, _ = parts.mesh.faces[40].tolist()
    with_faces(parts, [[a, b, 100], [b, a, 70]])


@breaks("mesh.finite", at="sizes/M", place={"size": "M", "vertices": [40]})
def break_finite(parts: Parts) -> None:
    """A point at infinity."""
    x, y, z = parts.mesh.points[40].tolist()
    held, broken = struct.pack("<3f", x, z, -y), struct.pack("<3f", np.inf, z, -y)  # glTF's y is up
    parts.files["sizes/M/garment.glb"] = glb_bytes(parts.mesh).replace(held, broken)


@breaks("mesh.pinched", at="sizes/M", place={"size": "M"})
def break_pinched(parts: Parts) -> None:
    """A triangle that hangs on one point of the hem."""
    count = with_points(parts, [[-0.18, 0.1, 0.85], [-0.19, 0.12, 0.8]])
    with_faces(parts, [[4, count, count + 1]])


@breaks("mesh.sliver", at="sizes/M", place={"size": "M", "faces": [224]})
def break_sliver(parts: Parts) -> None:
    """A triangle two thousandths of a millimetre thin."""
    a, b = parts.mesh.points[[0, 1]].astype(np.float64)
    count = with_points(parts, ((a + b) / 2 - [0, 0, 2e-6])[None])
    with_faces(parts, [[1, 0, count]])


@breaks("mesh.self-intersection", at="sizes/M", place={"size": "M"})
def break_self_intersection(parts: Parts) -> None:
    """A ring of the tube that was pulled through the next one."""
    points = parts.mesh.points.copy()
    ring = points[48:64]
    ring[:, :2] *= np.tile([1.3, 0.7], 8)[:, None].astype(np.float32)
    points[32:48, 2], points[48:64, 2] = ring[0, 2], points[32, 2]
    parts.change_mesh(points=points)


@breaks("mesh.inside-out", at="sizes/M", place={"size": "M"})
def break_inside_out(parts: Parts) -> None:
    """A tube that shows its wrong side."""
    corners = parts.atlas[1][:, ::-1].copy()
    parts.change_mesh(faces=parts.mesh.faces[:, ::-1].copy(), uv0_faces=corners, uv1_faces=corners)


@breaks("mesh.crack", at="sizes/M", place={"size": "M"})
def break_crack(parts: Parts) -> None:
    """A tube that is torn all around, edge on edge."""
    tear(parts)


def tear(parts: Parts) -> None:
    """Part the upper half of the tube from the lower one where it stands."""
    mesh, ring, count = parts.mesh, np.arange(64, 80), len(parts.mesh.points)
    faces = mesh.faces.copy()
    upper = faces[128:]  # the rows above the fifth ring
    upper[np.isin(upper, ring)] += count - 64
    parts.change_mesh(points=np.concatenate([mesh.points, mesh.points[ring]]), faces=faces)
    bind_like(parts, np.concatenate([np.arange(count), ring]))


def with_normals(parts: Parts) -> None:
    """Give the tube normals of its own."""
    parts.change_mesh(layers=(_normals_of(parts.mesh),))


def _normals_of(mesh: GarmentMesh) -> Layer:
    return Layer("normals", "normal", vertex_normals(mesh.points, mesh.faces), mesh.faces)


@breaks("mesh.normal-length", at="sizes/M", place={"size": "M"}, prepare=with_normals)
def break_normal_length(parts: Parts) -> None:
    """Normals of half their length."""
    (layer,) = parts.mesh.layers
    values = layer.values.copy()
    values[20] *= 0.5
    parts.change_mesh(layers=(replace(layer, values=values),))


@breaks("mesh.normal-side", at="sizes/M", place={"size": "M"}, prepare=with_normals)
def break_normal_side(parts: Parts) -> None:
    """Normals that look into the tube."""
    (layer,) = parts.mesh.layers
    parts.change_mesh(layers=(replace(layer, values=-layer.values),))
