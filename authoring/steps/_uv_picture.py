"""A picture of a garment's atlas for the eye: named charts, seams alike on both sides, stretch, and the garment."""

from __future__ import annotations

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.uv_measures import UvMeasures, uv_charts

from ._islands import find_islands
from ._uv_raster import Texels, texels
from ._uv_view import garment_views

SIZE = 1024  # [px] of the layout, and of the texture that the garment is shown with
WIDTH, HEIGHT = 1720, 1120
_PAPER, _INK, _WIRE = (250, 249, 247), (45, 45, 50), np.array((120, 120, 125.0))
_TIGHT = np.array((214, 48, 49.0))  # where the cloth stretches
_WORST = 1.33  # anisotropy drawn at full strength
_CHECK = 0.02  # [m] side of a checker's square
_SHIFT = 4  # cv2 takes fixed-point corners

Pixels = NDArray[np.uint8]


def uv_picture(mesh: GarmentMesh, measures: UvMeasures, names: list[str], caption: str) -> bytes:
    """Draw UV1 as PNG beside the garment that wears it.

    Every chart has a tint, its name and a checker of 2 cm; red grows with stretch up to an anisotropy of 1.33; a seam
    has one colour on both its sides, borders of the cloth are dark.

    Args:
        mesh: With UV1.
        measures: Of UV1.
        names: Of the charts, in the order of `uv_charts`.
        caption: One line of figures below.
    """
    assert mesh.uv1 is not None
    assert mesh.uv1_faces is not None
    charts = uv_charts(mesh.uv1_faces)
    shown = texels(mesh.uv1, mesh.uv1_faces, SIZE)
    texture = _cloth(mesh, measures, charts, shown)
    lines = _seam_lines(mesh, charts)
    _draw_seams(texture, mesh.uv1, lines, 5)
    page = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    page.paste(Image.fromarray(texture), (16, 16))
    draw = ImageDraw.Draw(page)
    draw.rectangle((15, 15, 16 + SIZE, 16 + SIZE), outline=(190, 190, 190))
    _write_names(draw, charts, shown, names)
    views = garment_views(mesh, _bled(texture, shown), (WIDTH - SIZE - 48, SIZE))
    page.paste(Image.fromarray(views), (SIZE + 32, 16))
    _legend(draw, caption)
    file = io.BytesIO()
    page.save(file, "PNG", optimize=True)
    return file.getvalue()


def _cloth(mesh: GarmentMesh, measures: UvMeasures, charts: NDArray[np.int32], shown: Texels) -> Pixels:
    """Return the texture without seams, [SIZE, SIZE, 3]."""
    tints = _tints(int(charts.max()) + 1)
    ratio = np.nan_to_num(measures.anisotropy, nan=1.0)
    share = np.clip((ratio - 1.0) / (_WORST - 1.0), 0.0, 1.0)[shown.faces, None] ** 1.3
    step = _CHECK / measures.meters_per_uv * SIZE
    odd = ((shown.columns // step).astype(int) + (shown.rows // step).astype(int)) % 2
    color = tints[charts[shown.faces]] * (1.0 - 0.07 * odd[:, None])
    near = shown.barycentrics.min(axis=1)  # draw wires only where triangles are large enough to tell
    pixels = np.sqrt(np.maximum(measures.utilisation, 1e-9) / len(mesh.faces)) * SIZE
    wire = np.clip(1.0 - near * pixels / 1.2, 0.0, 1.0)[:, None] * (0.35 if pixels > 6 else 0.0)
    picture = np.full((SIZE, SIZE, 3), _PAPER, np.float64)
    picture[shown.rows, shown.columns] = (color * (1 - share) + _TIGHT * share) * (1 - wire) + _WIRE * wire
    return np.asarray(np.round(picture), np.uint8)


def _seam_lines(mesh: GarmentMesh, charts: NDArray[np.int32]) -> list[tuple[tuple[int, int, int], NDArray[np.int32]]]:
    """Return colours and UV edges [n, 2] of every seam (both its sides) and, last, of the cloth's own borders."""
    assert mesh.uv1 is not None
    assert mesh.uv1_faces is not None
    found = edges(mesh.faces)
    corners = mesh.faces.astype(np.int64), mesh.uv1_faces.astype(np.int64)
    cut = find_islands(corners[0], found, mesh.uv1.astype(np.float64), corners[1]).seams
    face, corner = np.nonzero(cut[found.face_edges])
    edge = found.face_edges[face, corner]
    ends = np.stack([mesh.uv1_faces[face, corner], mesh.uv1_faces[face, (corner + 1) % 3]], axis=1)
    two = found.face_counts[edge] == 2
    pair = np.full((len(found.vertices), 2), -1, np.int64)
    np.maximum.at(pair[:, 0], edge, charts[face])
    pair[:, 1] = pair[:, 0]
    np.minimum.at(pair[:, 1], edge, charts[face])
    own, places = np.unique(edge[two], return_inverse=True)
    number = _joined_runs(found.vertices[own], pair[own])[places.reshape(-1)]
    seams = int(number.max(initial=-1)) + 1
    colors = _strong(seams)
    lines = [(colors[k], ends[two][number == k]) for k in range(seams)]
    return [*lines, (_INK, ends[~two])]


def _joined_runs(ends: NDArray[np.integer], pair: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the runs of edges [K] that hang together and part the same two charts."""
    kind = np.unique(pair, axis=0, return_inverse=True)[1].reshape(-1) if len(pair) else np.zeros(0, np.int64)
    size = int(ends.max(initial=-1)) + 1
    at = np.unique((kind[:, None] * size + ends).reshape(-1), return_inverse=True)[1].reshape(-1, 2)
    count = int(at.max(initial=-1)) + 1
    links = sparse.coo_matrix((np.ones(len(at), np.int8), (at[:, 0], at[:, 1])), shape=(count, count))
    label = connected_components(links, directed=False)[1]
    return np.asarray(label[at[:, 0]], np.int64)


def _draw_seams(
    picture: Pixels, uv: NDArray[np.float32], lines: list[tuple[tuple[int, int, int], NDArray[np.int32]]], width: int
) -> None:
    at = np.stack([uv[:, 0], 1.0 - uv[:, 1]], axis=1).astype(np.float64) * SIZE - 0.5
    at = np.round(np.clip(at, -SIZE, 2 * SIZE) * (1 << _SHIFT)).astype(np.int32)
    for color, ends in lines:
        thick = width if color != _INK else 2
        cv2.polylines(picture, list(at[ends]), False, color, thick, cv2.LINE_AA, _SHIFT)


def _bled(texture: Pixels, shown: Texels) -> Pixels:
    """Let charts' colours run out beyond their borders, so that the garment shows no paper at its seams."""
    covered = np.zeros((SIZE, SIZE), np.uint8)
    covered[shown.rows, shown.columns] = 1
    _, label = cv2.distanceTransformWithLabels(1 - covered, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    number = np.zeros(int(label.max()) + 1, np.int64)
    flat = np.flatnonzero(covered.reshape(-1))
    number[label.reshape(-1)[flat]] = flat
    return np.asarray(texture.reshape(-1, 3)[number[label]])


def _write_names(draw: ImageDraw.ImageDraw, charts: NDArray[np.int32], shown: Texels, names: list[str]) -> None:
    """Write each name where its chart is broadest; charts too small for it get none."""
    label = np.full((SIZE, SIZE), -1, np.int32)
    label[shown.rows, shown.columns] = charts[shown.faces]
    for k, name in enumerate(names):
        own = (label == k).astype(np.uint8)
        depth = cv2.distanceTransform(cv2.copyMakeBorder(own, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 3)
        row, column = np.unravel_index(int(np.argmax(depth)), depth.shape)
        room = float(depth[row, column])
        if room < 9:
            continue
        size = float(np.clip(room * 0.42, 13, 26))
        font = ImageFont.load_default(size)
        text = name.replace(" ", "\n", 1) if draw.textlength(name, font) > 2.2 * room else name
        place = (15 + int(column), 15 + int(row))
        draw.text(place, text, (30, 30, 34), font, anchor="mm", align="center", stroke_width=2, stroke_fill="white")


def _legend(draw: ImageDraw.ImageDraw, caption: str) -> None:
    font = ImageFont.load_default(17)
    top = SIZE + 34
    for x in range(220):
        share = (x / 219) ** 1.3
        color = tuple(int(v) for v in np.array((236, 236, 232.0)) * (1 - share) + _TIGHT * share)
        draw.line((16 + x, top, 16 + x, top + 18), color)
    draw.text((16, top + 22), "stretch 1.0", _INK, font)
    draw.text((236, top + 22), f"{_WORST}", _INK, font, anchor="ra")
    text = "a seam has the same colour on both its sides and on the garment; dark lines are borders; checker 2 cm"
    draw.text((270, top - 2), text, _INK, font)
    draw.text((270, top + 24), caption, _INK, font)


def _tints(count: int) -> NDArray[np.float64]:
    """Return light colours that differ from their neighbours, [count, 3]."""
    hue = (np.arange(count) * 0.381966) % 1.0
    hsv = np.stack([hue * 179, np.full(count, 34), np.full(count, 242)], axis=1).astype(np.uint8)
    rgb: Pixels = cv2.cvtColor(hsv[None], cv2.COLOR_HSV2RGB)[0]
    return rgb.astype(np.float64)


def _strong(count: int) -> list[tuple[int, int, int]]:
    """Return saturated colours that differ from each other; none is the red of stretch."""
    hue = 0.06 + 0.86 * ((np.arange(count) * 0.618034 + 0.5) % 1.0)
    value = np.where(np.arange(count) % 2, 215, 165)
    hsv = np.stack([hue * 179, np.full(count, 225), value], axis=1).astype(np.uint8)
    rgb = cv2.cvtColor(hsv[None], cv2.COLOR_HSV2RGB)[0] if count else np.zeros((0, 3), np.uint8)
    return [(int(r), int(g), int(b)) for r, g, b in rgb]
