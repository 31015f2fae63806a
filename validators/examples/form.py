"""Examples that break the rules on a garment as a whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import Part

from .broken import breaks
from .builder import Parts, rig_for, tube
from .mesh import bind_like, with_faces, with_points


@breaks("mesh.openings", at="sizes/M")
def break_openings(parts: Parts) -> None:
    """A lid on the hem."""
    middle = with_points(parts, [[0, 0, 0.9]])
    with_faces(parts, [[(k + 1) % 16, k, middle] for k in range(16)])


@breaks("mesh.scale", at="sizes/M")
def break_scale(parts: Parts) -> None:
    """Metres taken for centimetres."""
    parts.change_mesh(points=parts.mesh.points * np.float32(0.01))


@breaks("mesh.budget", at="sizes/M")
def break_budget(parts: Parts) -> None:
    """More triangles than any frame can hold."""
    refined(parts, rings=174, around=176)


@breaks("mesh.placed", at="sizes/M")
def break_placed(parts: Parts) -> None:
    """A garment a metre beside the body."""
    parts.change_mesh(points=parts.mesh.points + np.array([1, 0, 0], np.float32))


def with_piece(parts: Parts, points: NDArray[np.floating] | list[list[float]], faces: list[list[int]]) -> None:
    """Add a piece that does not hang together with the tube."""
    count = with_points(parts, points)
    with_faces(parts, [[count + corner for corner in face] for face in faces])


@breaks("mesh.pieces", at="sizes/M", place={"size": "M"})
def break_pieces(parts: Parts) -> None:
    """A cloud of triangles around the tube."""
    x, corners = -0.2 + 0.004 * np.arange(101), np.array([[0, -0.25, 1], [0.003, -0.25, 1], [0, -0.25, 1.003]])
    points = corners + np.stack([x, 0 * x, 0 * x], axis=1)[:, None]
    with_piece(parts, points.reshape(-1, 3), np.arange(303).reshape(-1, 3).tolist())


@breaks("mesh.debris", at="sizes/M", place={"size": "M", "faces": [224]})
def break_debris(parts: Parts) -> None:
    """A triangle that was left over."""
    with_piece(parts, [[0.0, -0.25, 1.0], [0.01, -0.25, 1.0], [0.0, -0.25, 1.01]], [[0, 1, 2]])


@breaks("mesh.stray", at="sizes/M", place={"size": "M"})
def break_stray(parts: Parts) -> None:
    """A piece half a metre beside the tube."""
    corners = [[0.7, 0.0, 1.0], [0.8, 0.0, 1.0], [0.7, 0.1, 1.0], [0.7, 0.0, 1.1]]
    with_piece(parts, corners, [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])


@breaks("mesh.hole", at="sizes/M", place={"size": "M"})
def break_hole(parts: Parts) -> None:
    """A triangle that is missing amid fine ones."""
    refined(parts, rings=40, around=96)
    keep, corners = np.arange(len(parts.mesh.faces)) != 4000, parts.atlas[1]
    parts.change_mesh(
        faces=parts.mesh.faces[keep],
        uv0_faces=corners[keep],
        uv1_faces=corners[keep],
        material_ids=parts.mesh.material_ids[keep],
    )


def refined(parts: Parts, rings: int, around: int) -> None:
    """Make the same tube of smaller triangles."""
    parts.mesh = tube(rings, around)
    parts.rig = parts.skin = rig_for(parts.mesh)


def lined(parts: Parts) -> None:
    """Give the tube a second shell three millimetres under the first."""
    _line(parts, depth=0.003)


def _line(parts: Parts, depth: float) -> None:
    mesh, count = parts.mesh, len(parts.mesh.points)
    inner: NDArray[np.float32] = mesh.points.copy()
    inner[:, :2] *= np.float32(1 - depth / 0.2)
    uv, corners = parts.atlas
    half = np.concatenate([uv, uv + np.array([0.0, 0.45], np.float32)])
    uv_faces = np.concatenate([corners, corners[:, ::-1] + len(uv)]).astype(np.int32)
    half[len(uv) :, 0] = 1 - half[len(uv) :, 0]  # seen from inside, so that nothing is mirrored
    parts.change_mesh(
        points=np.concatenate([mesh.points, inner]),
        faces=np.concatenate([mesh.faces, mesh.faces[:, ::-1] + count]).astype(np.int32),
        uv0=half,
        uv0_faces=uv_faces,
        uv1=half,
        uv1_faces=uv_faces,
        material_ids=np.tile(mesh.material_ids, 2),
        parts=(Part("cloth"), Part("lining", inner=True)),
        part_ids=np.repeat(np.arange(2, dtype=np.int32), len(mesh.faces)),
    )
    bind_like(parts, np.tile(np.arange(count), 2))


def _move_lining(parts: Parts, radius: float) -> None:
    points = parts.mesh.points.copy()
    half = len(points) // 2
    points[half:, :2] = points[:half, :2] * np.float32(radius / 0.2)
    parts.change_mesh(points=points)


@breaks("mesh.shell-distance", at="sizes/M", place={"size": "M"}, prepare=lined)
def break_shell_distance(parts: Parts) -> None:
    """A lining five centimetres under the cloth."""
    _move_lining(parts, radius=0.15)


@breaks("mesh.shell-order", at="sizes/M", place={"size": "M"}, prepare=lined)
def break_shell_order(parts: Parts) -> None:
    """A lining over the cloth."""
    _move_lining(parts, radius=0.205)
