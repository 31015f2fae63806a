"""The colours that a garment's looks are seen in, and their names, to search by."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import UsageError

from .files.garment import GarmentMesh, Material

# cloth of each name (sRGB), chosen on the wardrobe that ships; what lies nearest gives a colour its name
NAMED = {
    "black": ("#16161a", "#2b2b2e"),
    "white": ("#f7f7f4", "#e6e4dd"),
    "grey": ("#4d4f53", "#77797c", "#9b9d9f", "#c4c5c6"),
    "beige": ("#d8c8a8", "#bfae90", "#efe5cf"),
    "brown": ("#3f2c20", "#6b4a2f", "#94683f"),
    "red": ("#7a1620", "#a81f2b", "#d6332e"),
    "orange": ("#c8642a", "#ea8b3a"),
    "yellow": ("#e3bf35", "#f4e389"),
    "green": ("#24472f", "#4a7442", "#7fae78", "#6c6b3a", "#97a38b", "#3d5449"),
    "teal": ("#1d5f63", "#3c9699"),
    "blue": ("#2e4f96", "#4a6c9b", "#6d97cb", "#a9c4e2"),
    "navy": ("#161d33", "#26304a", "#33405c"),
    "purple": ("#4b2f63", "#7f62a3", "#b6a2cc"),
    "pink": ("#c04f78", "#e191ab", "#f2cbd4"),
}
WIDER = {"blue": ("blue", "navy"), "gray": ("grey",)}  # what a name is understood to hold too
NEAR = 20.0  # CIE76 difference up to which a colour given by its value is found
LEAST_SHARE = 0.10  # of the cloth; less is trimming
_ONE = 14.0  # CIE76 difference up to which shades of a heather or a shadow count as one colour
_TEXELS = 512  # across, of the textures that are read


def look_colors(mesh: GarmentMesh) -> list[tuple[NDArray[np.float64], float]]:
    """Return the colours that cover at least a tenth of a garment, as CIELAB [3] and share, largest first."""
    corners = mesh.points[mesh.faces].astype(np.float64)
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    lab = np.zeros((len(mesh.faces), 3))
    for number, material in enumerate(mesh.materials):
        own = mesh.material_ids == number
        if own.any():
            lab[own] = lab_of(_seen(material, mesh, own))
    found = _clusters(lab, areas / max(float(areas.sum()), 1e-12))
    return sorted(found, key=lambda color: -color[1])


def color_name(lab: NDArray[np.float64]) -> str:
    """Return the name of the nearest cloth colour."""
    return min(_named_lab(), key=lambda entry: float(np.linalg.norm(entry[1] - lab)))[0]


def wanted_color(text: str) -> tuple[tuple[str, ...], NDArray[np.float64] | None]:
    """Return what a colour asked for means: names of cloth colours, or a place in CIELAB.

    Args:
        text: One of `NAMED`, another CSS name, or "#rrggbb".

    Raises:
        UsageError: When it is no colour.
    """
    word = text.strip().lower()
    if word in NAMED or word in WIDER:
        return WIDER.get(word, (word,)), None
    from PIL import ImageColor

    try:
        rgb = ImageColor.getrgb(word)[:3]
    except ValueError:
        raise UsageError(f"--color {text!r} is not a colour; needed {', '.join(NAMED)}, or #rrggbb") from None
    return (), lab_of(np.array(rgb, np.float64)[None] / 255)[0]


def lab_of(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return CIELAB (D65, 2°) of sRGB in [0, 1], [N, 3]; after IEC 61966-2-1 and CIE 15."""
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ to_xyz.T / (0.95047, 1.0, 1.08883)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    lab: NDArray[np.float64] = np.stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1
    )
    return lab


def _seen(material: Material, mesh: GarmentMesh, own: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the base colour in the middle of each of a material's triangles, sRGB in [0, 1], [N, 3]."""
    factor = np.asarray(material.base_color[:3], np.float64)
    linear = np.broadcast_to(factor, (int(own.sum()), 3))
    if material.base_color_image is not None and mesh.uv0 is not None and mesh.uv0_faces is not None:
        texels = _texels(material.base_color_image)
        uv = mesh.uv0[mesh.uv0_faces[own]].mean(axis=1) % 1.0
        size = np.array([texels.shape[1], texels.shape[0]])
        column, row = np.minimum((np.stack([uv[:, 0], 1 - uv[:, 1]], axis=1) * size).astype(int), size - 1).T
        texture = texels[row, column] / 255.0
        linear = factor * np.where(texture <= 0.04045, texture / 12.92, ((texture + 0.055) / 1.055) ** 2.4)
    seen: NDArray[np.float64] = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.clip(seen, 0.0, 1.0)


def _texels(image: bytes) -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(io.BytesIO(image)) as opened:
        opened.draft("RGB", (_TEXELS, _TEXELS))
        opened.thumbnail((_TEXELS, _TEXELS), Image.Resampling.BOX)
        return np.asarray(opened.convert("RGB"), np.uint8)


def _clusters(lab: NDArray[np.float64], weights: NDArray[np.float64]) -> Iterator[tuple[NDArray[np.float64], float]]:
    """Yield the means and shares of colours that lie together."""
    cells, member = np.unique(np.floor(lab / (_ONE / 2)), axis=0, return_inverse=True)
    member = member.reshape(-1)
    left = weights.copy()
    for _ in range(len(cells)):
        heavy = int(np.argmax(np.bincount(member, left, len(cells))))
        inside = (member == heavy) & (left > 0)
        if not inside.any():
            return
        seed = np.average(lab[inside], axis=0, weights=left[inside])
        together = (np.linalg.norm(lab - seed, axis=1) <= _ONE) & (left > 0) | inside
        share = float(left[together].sum())
        if share >= LEAST_SHARE:
            yield np.average(lab[together], axis=0, weights=left[together]), share
        left[together] = 0.0
        if left.sum() < LEAST_SHARE:
            return


def _named_lab() -> Iterator[tuple[str, NDArray[np.float64]]]:
    for name, values in NAMED.items():
        rgb = np.array([[int(value[k : k + 2], 16) for k in (1, 3, 5)] for value in values], np.float64) / 255
        yield from ((name, lab) for lab in lab_of(rgb))
