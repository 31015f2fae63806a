"""Carrying a garment from the body it was made on to a body of another shape.

A garment point hangs on a body triangle: barycentrics say where, an offset in the triangle's frame says how far off.
`unbind` evaluates that on any shape, but triangle frames jump from one triangle to the next and tear loose cloth.
`transfer` is what dresses a body: offsets turn with frames smoothed over the skin, and the displacement of the whole
garment is then smoothed by a bi-Laplacian solve, so that folds, hems and distances survive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from dressform.runtime.geometry.adjacency import averaging_matrix, cotangent_laplacian, edges
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import face_areas
from dressform.runtime.geometry.rotations import nearest_rotations
from dressform.schemas.errors import InputError

from .facing import facing_closest
from .stiff import moved_as_one

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.integer]

SMOOTHING_LENGTH = 0.045  # [m] displacement detail shorter than this is smoothed away
SMOOTHING_PASSES = 3
TRUST_DISTANCE = 0.03  # [m] cloth this far from the skin follows it half as strictly
ROTATION_PASSES = 12  # averagings of the body's local rotation over the skin


class Binding(NamedTuple):
    """Where garment points hang on a body.

    Attributes:
        triangles: int32 [V] body triangle of each garment point.
        barycentrics: float32 [V, 3] in that triangle, rows sum to 1.
        offsets: float32 [V, 3] from that body point, in the triangle's frame (tangent along edge 0-1, bitangent,
            normal) [m].
    """

    triangles: NDArray[np.int32]
    barycentrics: NDArray[np.float32]
    offsets: NDArray[np.float32]


def bind(
    points: FloatArray, body_vertices: FloatArray, faces: IntArray, *, normals: FloatArray | None = None
) -> Binding:
    """Hang each point on the closest body point that faces the same way.

    Args:
        points: Garment points [V, 3], body's rest frame [m].
        body_vertices: [B, 3] [m].
        faces: Body triangles [F, 3].
        normals: Outward garment normals [V, 3]. With them the inside of one trouser leg never hangs on the other leg;
            without them the closest triangle is taken as it is.
    """
    if normals is None:
        triangles, barycentrics, _, _ = Surface(body_vertices, faces).closest(points)
    else:
        triangles, barycentrics = facing_closest(points, normals, body_vertices, faces)
    offsets = np.asarray(points, np.float32) - _on_triangles(body_vertices, faces, triangles, barycentrics)
    local = np.einsum("vij,vj->vi", triangle_frames(body_vertices, faces[triangles]), offsets)
    return Binding(triangles, barycentrics, local.astype(np.float32))


def unbind(binding: Binding, body_vertices: FloatArray, faces: IntArray) -> NDArray[np.float32]:
    """Return the points [V, 3] that the binding says on a body of this shape; exact on the body it was made on."""
    frames = triangle_frames(body_vertices, faces[binding.triangles])
    base = _on_triangles(body_vertices, faces, binding.triangles, binding.barycentrics)
    return np.asarray(base + np.einsum("vij,vi->vj", frames, binding.offsets), np.float32)


def transfer(
    binding: Binding,
    garment_faces: IntArray,
    source: FloatArray,
    target: FloatArray,
    faces: IntArray,
    *,
    stiff: Sequence[NDArray[np.integer]] = (),
    smoothing_length: float = SMOOTHING_LENGTH,
) -> NDArray[np.float32]:
    """Carry a garment from the `source` body to the `target` body of the same topology.

    Args:
        binding: The garment on the source body.
        garment_faces: [F_garment, 3].
        source: Body vertices [B, 3] the binding was made on [m].
        target: Body vertices [B, 3] to dress [m].
        faces: Body triangles [F, 3].
        stiff: Points of each piece that may turn and grow as a whole but not bend.
        smoothing_length: Detail of the displacement shorter than this is smoothed away [m].

    Returns:
        Garment points [V, 3] float32 in the target's rest frame; the garment as it was where source equals target.
    """
    points = unbind(binding, source, faces)
    start = _on_triangles(source, faces, binding.triangles, binding.barycentrics)
    end = _on_triangles(target, faces, binding.triangles, binding.barycentrics)
    rotations = _interpolate(_smooth_rotations(source, target, faces), faces, binding)
    offsets = points - start
    wanted = end + np.einsum("vij,vj->vi", nearest_rotations(rotations), offsets) - points
    trust = 1.0 / (1.0 + (np.linalg.norm(offsets, axis=1) / TRUST_DISTANCE) ** 2)
    carried = points + smooth_field(wanted, points, garment_faces, trust, smoothing_length)
    for piece in stiff:
        carried[piece] = moved_as_one(points[piece], (points + wanted)[piece], trust[piece])
    return np.asarray(carried, np.float32)


def smooth_field(
    values: FloatArray, points: FloatArray, faces: IntArray, trust: FloatArray, length: float
) -> NDArray[np.float64]:
    """Return the field [V, C] closest to `values` (weighted by `trust` [V]) that has no detail below `length` [m].

    It minimises the area integral of trust · |u − values|² + length⁴ · |Δu|². At a border Δ is the
    second derivative along the border: hems stay even and yet may move apart.

    Raises:
        InputError: The points make no surface.
    """
    laplacian, mass = cotangent_laplacian(points, faces)
    laplacian = _along_borders(laplacian, mass.diagonal(), points, faces)
    inverse_mass = sparse.diags(1.0 / mass.diagonal())
    data = sparse.diags(mass.diagonal() * np.maximum(trust, 1e-4))
    try:
        solver = splu((data + length**4 * (laplacian.T @ inverse_mass @ laplacian)).tocsc())
    except RuntimeError:  # SuperLU's "exactly singular"
        raise InputError(
            "the garment's points lie upon each other where its binding puts them on the body, and make no surface; "
            "run `dressform garment rig` on its draft again"
        ) from None
    wanted = np.asarray(values, np.float64)
    smooth = np.zeros_like(wanted)
    # what a pass loses is smoothed and added again: on curved cloth even a plain widening is not free of Laplacian, and
    # would otherwise flare at the hems
    for _ in range(SMOOTHING_PASSES):
        smooth += solver.solve(np.ascontiguousarray(data @ (wanted - smooth)))
    return smooth


def _along_borders(
    laplacian: sparse.csc_matrix, mass: NDArray[np.float64], points: FloatArray, faces: IntArray
) -> sparse.csc_matrix:
    """Replace the rows of border vertices by the second derivative along the border, times their mass."""
    found = edges(faces)
    ends = found.vertices[found.face_counts == 1]
    count = len(points)
    border = np.bincount(ends.reshape(-1), minlength=count)
    lengths = np.maximum(np.linalg.norm(np.asarray(points[ends[:, 0]] - points[ends[:, 1]], np.float64), axis=1), 1e-6)
    around = np.bincount(ends.reshape(-1), weights=np.repeat(lengths, 2), minlength=count)
    one, other = np.concatenate([ends[:, 0], ends[:, 1]]), np.concatenate([ends[:, 1], ends[:, 0]])
    pull = 2.0 * mass[one] / (np.tile(lengths, 2) * around[one])
    pull[border[one] != 2] = 0.0  # where borders cross there is no direction along them
    rows, columns = np.concatenate([one, one]), np.concatenate([other, one])
    along = sparse.csc_matrix((np.concatenate([pull, -pull]), (rows, columns)), shape=(count, count))
    return sparse.csc_matrix(sparse.diags((border == 0).astype(np.float64)) @ laplacian + along)


def triangle_frames(vertices: FloatArray, triangles: IntArray) -> NDArray[np.float64]:
    """Return [T, 3, 3] whose rows are each triangle's unit tangent along edge 0-1, bitangent and normal."""
    a, b, c = (np.asarray(vertices[triangles[:, k]], np.float64) for k in range(3))
    tangent, normal = b - a, np.cross(b - a, c - a)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-20)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-20)
    return np.stack([tangent, np.cross(normal, tangent), normal], axis=1)


def _on_triangles(
    vertices: FloatArray, faces: IntArray, triangles: IntArray, barycentrics: FloatArray
) -> NDArray[np.float64]:
    corners = np.asarray(vertices, np.float64)[faces[triangles]]
    return np.asarray(np.einsum("vk,vkc->vc", barycentrics, corners))


def _interpolate(values: NDArray[np.float64], faces: IntArray, binding: Binding) -> NDArray[np.float64]:
    return np.asarray(np.einsum("vk,vkij->vij", binding.barycentrics, values[faces[binding.triangles]]))


def _smooth_rotations(source: FloatArray, target: FloatArray, faces: IntArray) -> NDArray[np.float64]:
    """Return how the skin turns around each body vertex [B, 3, 3] from source to target, averaged over the skin."""
    turned = np.einsum("fij,fik->fjk", triangle_frames(target, faces), triangle_frames(source, faces))
    weighted = turned * face_areas(source, faces)[:, None, None]
    corners = faces.reshape(-1)
    flat = np.repeat(weighted.reshape(len(faces), 9), 3, axis=0)
    summed = np.stack([np.bincount(corners, weights=flat[:, k], minlength=len(source)) for k in range(9)], axis=1)
    averaging = averaging_matrix(faces, len(source))
    field = nearest_rotations(np.asarray(summed, np.float64).reshape(-1, 3, 3)).reshape(-1, 9)
    for _ in range(ROTATION_PASSES):
        field = 0.5 * field + 0.5 * (averaging @ field)
    return np.asarray(field.reshape(-1, 3, 3))
