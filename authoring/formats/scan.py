"""PLY and STL: polygons, colours, normals and UVs without units or axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import InputError

from .joining import finished, join
from .pieces import Findings, Joints, Piece, Values, checked_polygons
from .ply_file import Columns, read_ply_elements
from .raw import MAX_TRIANGLES, RawMesh, check_count, check_finite, check_size
from .shading import Look, Texture, texture_file

_STL_RECORD = np.dtype([("normal", "<f4", 3), ("points", "<f4", (3, 3)), ("color", "<u2")])


def read_scan(path: Path) -> RawMesh:
    """Read a .ply or .stl file."""
    check_size(path)
    found = Findings()
    if path.suffix.lower() == ".ply":
        piece, look = _ply(path, found)
        pieces = [piece]
    else:
        pieces, look = _stl(path, found), Look()
    for piece in pieces:
        check_finite(path, "vertex", piece.points)
    return finished(join(path, pieces, [look], Joints(), found), found)


def _ply(path: Path, found: Findings) -> tuple[Piece, Look]:
    elements, comments = read_ply_elements(path)
    vertex, face = elements.get("vertex", Columns()), elements.get("face", Columns())
    for name in sorted(set(elements) - {"vertex", "face"}):
        found.dropped(f"{name} entries", "only vertices and faces are read")
    if not {"x", "y", "z"} <= set(vertex.plain):
        raise InputError(f"{path} has vertices without x, y and z; export the mesh again")
    points = np.stack([vertex.plain[k].astype(np.float64) for k in "xyz"], axis=1)
    lists = face.lists.get("vertex_indices") or face.lists.get("vertex_index")
    if lists is None:
        raise InputError(f"{path} has {len(points)} vertices and no faces; export a triangle or quad mesh")
    counts, corners = lists[0].astype(np.int64), lists[1].astype(np.int64)
    keep = counts >= 3
    of_corner = np.repeat(keep, np.maximum(counts, 0))
    if not keep.all():
        found.dropped(f"{int((~keep).sum())} faces", "they have fewer than 3 corners")
    counts, corners = counts[keep], corners[of_corner]
    checked_polygons(path, "the mesh", points, corners, counts)
    layers = _ply_layers(vertex, face, corners, counts, keep, found)
    look = Look()
    for comment in comments:
        words = comment.split(maxsplit=1)
        if len(words) == 2 and words[0].lower() == "texturefile":
            image = texture_file(path, words[1], found, f"texture {words[1]}")
            if image is not None and "color" not in look.textures:
                look.textures["color"], look.color = Texture(image), (1.0, 1.0, 1.0)
    return Piece(path.stem, points, corners, counts, np.zeros(len(counts), np.int64), tuple(layers)), look


def _ply_layers(
    vertex: Columns,
    face: Columns,
    corners: NDArray[np.int64],
    counts: NDArray[np.int64],
    keep: NDArray[np.bool_],
    found: Findings,
) -> list[Values]:
    out: list[Values] = []
    texcoord = face.lists.get("texcoord")
    if texcoord is not None:
        fits = np.array_equal(texcoord[0][keep], 2 * counts) and len(keep) == len(texcoord[0])
        if fits:
            flat = np.repeat(keep, texcoord[0].astype(np.int64))
            table = texcoord[1].astype(np.float64)[flat].reshape(-1, 2)
            out.append(Values("texcoord", "uv", table, np.arange(len(table))))
        else:
            found.dropped("texcoord of the faces", "they are not two for each corner")
    used = {"x", "y", "z"}
    for names in (("s", "t"), ("texture_u", "texture_v"), ("u", "v")):
        if set(names) <= set(vertex.plain):
            out.append(Values("/".join(names), "uv", vertex.table(names), corners))
            used |= set(names)
    if {"nx", "ny", "nz"} <= set(vertex.plain):
        normals = vertex.table(("nx", "ny", "nz"))
        bad = ~np.isfinite(normals).all(axis=1) | (np.linalg.norm(np.nan_to_num(normals), axis=1) < 1e-12)
        index = np.where(bad[corners], -1, corners)
        out.append(Values("normal", "normal", np.where(bad[:, None], 0.0, normals), index))
        used |= {"nx", "ny", "nz"}
    if {"red", "green", "blue"} <= set(vertex.plain):
        channels = ("red", "green", "blue", *(("alpha",) if "alpha" in vertex.plain else ()))
        whole = vertex.plain["red"].dtype.kind in "ui"
        colors = vertex.table(channels) / (np.iinfo(vertex.plain["red"].dtype).max if whole else 1.0)
        if whole:  # whole numbers are pixels, as on a screen; floats are light
            rgb = colors[:, :3]
            colors[:, :3] = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
            found.converted("colours of the vertices", "from sRGB to linear")
        out.append(Values("Color", "color", colors, corners))
        used |= set(channels)
    for name in sorted(set(vertex.plain) - used):
        out.append(Values(name, "custom", vertex.table((name,)), corners))
    for name in sorted(set(face.plain)):
        values = face.plain[name].astype(np.float64)[keep][:, None]
        out.append(Values(name, "custom", values, np.repeat(np.arange(len(counts)), counts)))
    for name in sorted(set(face.lists) - {"vertex_indices", "vertex_index", "texcoord"}):
        found.dropped(f"{name} of the faces", "a list of unknown meaning")
    return out


def _stl(path: Path, found: Findings) -> list[Piece]:
    data = path.read_bytes()
    count = int.from_bytes(data[80:84], "little") if len(data) >= 84 else 0
    if data[:5] == b"solid" and len(data) != 84 + 50 * count:
        return _stl_text(path, data, found)
    if count == 0 or len(data) < 84 + 50 * count:
        raise InputError(
            f"{path} declares {count} triangles and has {len(data)} bytes: no STL or cut off; export it again"
        )
    check_count(path, "triangles", count, MAX_TRIANGLES)
    records = np.frombuffer(data, _STL_RECORD, count, 84)
    if records["color"].any():
        found.left_out("colours of the triangles", "two extensions of STL give the same bits different meanings")
    name = data[:80].split(b"\0")[0].decode("latin-1").strip()
    return [_stl_piece(path.stem if name.startswith("solid") or not name else name, records["points"])]


def _stl_text(path: Path, data: bytes, found: Findings) -> list[Piece]:
    pieces: list[Piece] = []
    for solid in data.split(b"solid")[1::2]:  # `endsolid` parts them too
        head, _, body = solid.partition(b"\n")
        words = body.replace(b"\n", b" ").split(b"vertex")[1:]
        check_count(path, "vertices in one solid", len(words), 3 * MAX_TRIANGLES)
        try:
            points = np.array([word.split()[:3] for word in words], np.float64).reshape(-1, 3, 3)
        except ValueError:
            raise InputError(f"{path}: solid {head.decode('latin-1')!r} is cut off or holds no numbers") from None
        name = head.decode("latin-1").strip()
        if len(points):
            pieces.append(_stl_piece(name or path.stem, points))
        else:
            found.dropped(f"solid {name or path.stem}", "it has no facets")
    if not pieces:
        raise InputError(f"{path} holds no facets: no STL or cut off; export it again")
    return pieces


def _stl_piece(name: str, points: NDArray[np.floating]) -> Piece:
    """Weld a soup of triangles [F, 3, 3] where corners are exactly equal."""
    unique, corners = np.unique(points.reshape(-1, 3).astype(np.float64) + 0.0, axis=0, return_inverse=True)
    count = len(points)
    return Piece(name, unique, corners.reshape(-1).astype(np.int64), np.full(count, 3), np.zeros(count, np.int64))
