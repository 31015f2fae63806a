"""Examples that break the rules on the surface."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .broken import breaks
from .builder import Parts


def _with_faces(parts: Parts, faces: list[list[int]], uv_faces: list[list[int]] | None = None) -> None:
    mesh, (_, uv1_faces) = parts.mesh, parts.atlas
    assert mesh.uv0_faces is not None
    added = np.array(faces, np.int32)
    corners = np.array(uv_faces or [[0, 1, 2]] * len(faces), np.int32)
    parts.change_mesh(
        faces=np.concatenate([mesh.faces, added]),
        uv0_faces=np.concatenate([mesh.uv0_faces, corners]),
        uv1_faces=np.concatenate([uv1_faces, corners]),
        material_ids=np.zeros(len(mesh.faces) + len(added), np.int32),
    )


@breaks("mesh.degenerate", at="sizes/M", place={"size": "M", "faces": [224]})
def break_degenerate(parts: Parts) -> None:
    """A triangle with a corner twice."""
    _with_faces(parts, [[3, 3, 4]])


@breaks("mesh.duplicate", at="sizes/M", place={"size": "M", "faces": [5]})
def break_duplicate(parts: Parts) -> None:
    """A triangle twice."""
    _with_faces(parts, [parts.mesh.faces[5].tolist()])


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
    _with_faces(parts, [[a, b, 100], [b, a, 70]])


@breaks("mesh.openings", at="sizes/M")
def break_openings(parts: Parts) -> None:
    """A lid on the hem."""
    around, middle = 16, len(parts.mesh.points)
    lid = [[k, middle, (k + 1) % around] for k in range(around)]
    points = np.concatenate([parts.mesh.points, [[0, 0, 0.9]]]).astype(np.float32)
    parts.change_mesh(points=points)
    _with_faces(parts, lid)


@breaks("mesh.scale", at="sizes/M")
def break_scale(parts: Parts) -> None:
    """Metres taken for centimetres."""
    parts.change_mesh(points=parts.mesh.points * np.float32(0.01))


@breaks("mesh.budget", at="sizes/M")
def break_budget(parts: Parts) -> None:
    """More triangles than any frame can hold."""
    count = 61_000
    _with_faces(parts, parts.mesh.faces[np.arange(count) % len(parts.mesh.faces)].tolist())


@breaks("mesh.placed", at="sizes/M")
def break_placed(parts: Parts) -> None:
    """A garment a metre beside the body."""
    parts.change_mesh(points=parts.mesh.points + np.array([1, 0, 0], np.float32))


@breaks("sizes.topology", at="sizes/M", place={"size": "M"})
def break_topology(parts: Parts) -> None:
    """A size with other triangles."""
    parts.manifest["sizes"]["L"] = {"garment": "sizes/L/garment.glb"}
    parts.further["L"] = replace(parts.mesh, faces=parts.mesh.faces[::-1].copy())
