"""A plain fabric for garments that come without a texture: yarn, hems and an optional stripe, without visible seams."""

from __future__ import annotations

import functools
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor
from scipy.ndimage import distance_transform_edt, gaussian_filter, zoom
from scipy.sparse.linalg import spsolve
from scipy.spatial import cKDTree

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.geometry.adjacency import boundary_loops, cotangent_laplacian, ring_length
from dressform.runtime.geometry.uv_measures import uv_charts
from dressform.schemas.errors import UsageError

from ._flatten import chart_up, rise
from ._uv_raster import Texels, texels

Floats = NDArray[np.float64]
Rgb = tuple[int, int, int]

SIZE = 1024
_SEED = 20
_BLEED = 16  # [px] beyond a chart's border, so that filtering never mixes in what lies between charts
# what a garment is made of when nobody says: sRGB
_COLORS = {"trousers": "#3a4250", "shorts": "#5b6156", "skirt": "#44506b", "suit": "#3d4654", "dress": "#7c3f4c"}
_COLORS |= {"jacket": "#46503f", "coat": "#4a4239", "shoes": "#3b322c", "hat": "#5a4b3c", "shirt": "#a9bfd3"}
_PLAIN = "#4f7690"
_BOTTOMS = frozenset({"trousers", "shorts", "skirt"})
_WOVEN = _BOTTOMS | {"shirt", "suit", "jacket", "coat", "hat"}
_STRIPE_PERIOD, _STRIPE_WIDTH = 0.036, 0.011  # [m] a Breton shirt's
_SMALLEST_GIRTH = 0.15  # [m] shorter borders are buttonholes or gaps and get no hem


def parse_color(text: str) -> Rgb:
    """Return the sRGB colour that a name or #hex says."""
    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        raise UsageError(f"--color {text!r} is no colour; needed a CSS name such as navy, or #rrggbb") from None
    return red, green, blue


def category_color(category: str) -> str:
    """Return the colour a kind of garment has when nobody says."""
    return _COLORS.get(category, _PLAIN)


def fabric_image(mesh: GarmentMesh, category: str, color: Rgb, stripe: Rgb | None) -> bytes:
    """Paint a base colour texture for UV0 as JPEG, `SIZE` pixels square.

    Yarn covers the whole image, so that no seam shows; hems follow the garment's openings on the surface.
    """
    assert mesh.uv0 is not None
    assert mesh.uv0_faces is not None
    shade = _yarn(category in _WOVEN)
    tint = np.broadcast_to(np.array(color, np.float64), (SIZE, SIZE, 3))
    shown = texels(mesh.uv0, mesh.uv0_faces, SIZE)
    if len(shown.rows):
        near, nearest = _nearest_shown(shown)
        shade = shade * np.where(near, _hems(mesh, shown, category)[nearest], 1.0)
        if stripe is not None:
            share = np.where(near, _stripes(mesh, shown)[nearest], 0.0)[..., None]
            tint = tint * (1 - share) + np.array(stripe, np.float64) * share
    pixels = np.clip(np.round(tint * shade[..., None]), 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=92, subsampling=0)
    return file.getvalue()


@functools.lru_cache(maxsize=2)
def _yarn(woven: bool) -> Floats:
    """Return the brightness of bare cloth, mean 1: a twill or knit columns, and a soft unevenness."""
    random = np.random.default_rng(_SEED)

    def noise(*sigma: float) -> Floats:
        field = gaussian_filter(random.standard_normal((SIZE, SIZE)), sigma, mode="wrap")
        return np.asarray(field / field.std())

    coarse = gaussian_filter(random.standard_normal((SIZE // 16, SIZE // 16)), 2.5, mode="wrap")
    clouds = zoom(coarse / coarse.std(), 16, order=3, mode="grid-wrap", grid_mode=True)
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    if woven:
        line = np.cos(2 * np.pi * (x + y) / 4.0)  # divides the size, so that the image tiles
        threads = 0.6 * noise(0.5, 3.0) + 0.6 * noise(3.0, 0.5)
    else:
        line = np.cos(2 * np.pi * x / 4.0)
        threads = noise(3.5, 0.6)
    shade: Floats = 1.0 + 0.012 * line + 0.017 * threads + 0.012 * noise(0.7, 0.7) + 0.008 * clouds
    return shade


def _nearest_shown(shown: Texels) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which pixels charts bleed into, and for every pixel the number of the nearest covered texel."""
    number = np.full((SIZE, SIZE), -1, np.int64)
    number[shown.rows, shown.columns] = np.arange(len(shown.rows))
    distance, (rows, columns) = distance_transform_edt(number < 0, return_indices=True)
    return np.asarray(distance) < _BLEED, np.asarray(number[rows, columns])


def _hems(mesh: GarmentMesh, shown: Texels, category: str) -> Floats:
    """Return the brightness [N] that hems, cuffs, waistbands and collars give to covered texels."""
    points = mesh.points.astype(np.float64)
    place = np.einsum("nk,nkj->nj", shown.barycentrics, points[mesh.faces[shown.faces]])
    out = np.ones(len(place))
    loops = [loop for loop in boundary_loops(mesh.faces) if ring_length(points[loop]) > _SMALLEST_GIRTH]
    highest = max((float(points[loop][:, 2].mean()) for loop in loops), default=0.0)
    for loop in loops:
        samples, arc = _walk(points[loop])
        is_top = float(points[loop][:, 2].mean()) >= highest - 1e-6
        band = 0.035 if is_top and category in _BOTTOMS else 0.018 if is_top else 0.022
        distance, index = cKDTree(samples).query(place, distance_upper_bound=band + 0.01)
        distance, index = np.asarray(distance), np.asarray(index)
        near = np.flatnonzero(np.isfinite(distance))
        d, s = distance[near], arc[index[near]]
        stitch = 0.5 + 0.5 * np.cos(2 * np.pi * s / 0.005)
        dark = 0.13 * _line(d, band, 0.0011) * (0.45 + 0.55 * stitch) + 0.10 * np.exp(-d / 0.0018)
        if is_top and category not in _WOVEN:  # a ribbed collar, set on with a seam
            dark = 0.16 * _line(d, band, 0.0013) + 0.05 * (d < band) * np.cos(2 * np.pi * s / 0.0052)
        elif not is_top:
            dark += 0.10 * _line(d, band - 0.006, 0.0011) * (0.45 + 0.55 * stitch)
        out[near] *= 1.0 - dark
    return out


def _line(distance: Floats, at: float, width: float) -> Floats:
    return np.asarray(np.exp(-(((distance - at) / width) ** 2)))


def _walk(ring: Floats) -> tuple[Floats, Floats]:
    """Return samples every half millimetre along a closed line, and how far along it they lie [m]."""
    closed = np.vstack([ring, ring[:1]])
    at = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    arc = np.linspace(0, at[-1], max(8, int(at[-1] / 0.0005)), endpoint=False)
    return np.stack([np.interp(arc, at, closed[:, k]) for k in range(3)], axis=1), arc


def _stripes(mesh: GarmentMesh, shown: Texels) -> Floats:
    """Return the share of the stripe's colour in covered texels [N]: lines level in the cloth, matched at its seams."""
    level = _level(mesh)
    height = np.einsum("nk,nk->n", shown.barycentrics, level[mesh.faces[shown.faces]])
    phase = np.abs((height / _STRIPE_PERIOD) % 1.0 - 0.5) * _STRIPE_PERIOD
    return np.asarray(np.clip((_STRIPE_WIDTH / 2 - phase) / 0.0012 + 0.5, 0.0, 1.0), np.float64)


def _level(mesh: GarmentMesh) -> Floats:
    """Return a height along the cloth [V] [m] that rises as v does in each chart and runs on across seams.

    It is the function whose gradient is nearest to that of v: a Poisson equation on the welded surface.
    """
    assert mesh.uv0 is not None
    assert mesh.uv0_faces is not None
    faces, corners = mesh.faces, mesh.points[mesh.faces].astype(np.float64)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    double_area = np.maximum(np.linalg.norm(normal, axis=1), 1e-14)
    opposite = np.roll(corners, -2, axis=1) - np.roll(corners, -1, axis=1)  # the edge facing each corner
    hats = np.cross(normal[:, None], opposite) / (double_area**2)[:, None, None]  # gradients of the corners' hats
    v = _upward(mesh)
    rise = np.einsum("fk,fkx->fx", v, hats)
    rise /= np.maximum(np.linalg.norm(rise, axis=1, keepdims=True), 1e-14)  # a metre a metre, whatever the UVs' scale
    wanted = np.einsum("fkx,fx->fk", hats, rise) * double_area[:, None] / 2
    right = np.bincount(faces.reshape(-1), wanted.reshape(-1), minlength=len(mesh.points))
    laplacian, mass = cotangent_laplacian(mesh.points, faces)
    level = spsolve((1e-4 * mass - laplacian).tocsc(), right)  # a trace of mass fixes what the gradient leaves open
    return np.asarray(level - level.min(), np.float64)


def _upward(mesh: GarmentMesh) -> Floats:
    """Return at each corner [F, 3] the UV coordinate that rises with the cloth: v, or what a chart that was turned has
    in its place.
    """
    assert mesh.uv0 is not None
    assert mesh.uv0_faces is not None
    points, faces = mesh.points.astype(np.float64), mesh.faces.astype(np.int64)
    uv = mesh.uv0[mesh.uv0_faces].astype(np.float64)
    out = uv[:, :, 1].copy()
    charts = uv_charts(mesh.uv0_faces)
    for k in range(int(charts.max(initial=-1)) + 1):
        own = np.flatnonzero(charts == k)
        corners = np.arange(3 * len(own)).reshape(-1, 3)
        spread = points[faces[own]].reshape(-1, 3)
        way = rise(spread, corners, uv[own].reshape(-1, 2), chart_up(spread, corners))
        axis = int(np.argmax(np.abs(way)))
        out[own] = uv[own][:, :, axis] * (1.0 if way[axis] >= 0 else -1.0)
    return out
