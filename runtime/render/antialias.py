"""Silhouettes with gradients: pixels beside an edge are blended by the area that the edge gives to each side.

Rasterising alone is flat: moving a vertex does not change which face a pixel centre sees, until it jumps. Here every
silhouette edge that passes between the centres of two neighbouring pixels moves a share of one's colour to the other,
by where it passes; that place is a smooth function of the vertices. The share is the one that `Renderer` shows
(`_kernels_edges.find_crossings`), and the idea is that of Laine et al. 2020, "Modular Primitives for High-Performance
Differentiable Rendering", section 3.5; they start from pixels and miss edges of triangles that no pixel centre sees, so
we start from edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ._kernels_view import EMPTY, FACE_BITS, FACE_MASK, INVERSE_NEAR, NEARNESS_SCALE, NEARNESS_TOP
from .fragments import Fragments
from .topology import pair_edges

_LIMITS = (torch.minimum, torch.maximum)


@dataclass(frozen=True)
class EdgeTable:
    """The edges of the faces drawn.

    Attributes:
        ends: int64 [E, 2], vertices.
        faces: int64 [E, 2], faces beside it; the second is -1 at a border.
        thirds: int64 [E, 2], the vertex of each of those faces that is not on the edge.
        meshes: int64 [F], which mesh each face belongs to.
    """

    ends: torch.Tensor
    faces: torch.Tensor
    thirds: torch.Tensor
    meshes: torch.Tensor

    @classmethod
    def of(cls, faces: torch.Tensor, vertex_count: int, meshes: torch.Tensor | None = None) -> EdgeTable:
        """Return the edges of faces [F, 3]; `meshes` [F] tells several meshes apart."""
        table = faces.detach().cpu().numpy().astype(np.int32)
        ends, beside = pair_edges(table, vertex_count)
        corners = table[np.maximum(beside, 0)].astype(np.int64)
        thirds = corners.sum(axis=-1) - ends.astype(np.int64).sum(axis=1, keepdims=True)
        own = torch.zeros(len(faces), dtype=torch.int64, device=faces.device) if meshes is None else meshes.long()

        def tensor(indices: NDArray[np.integer]) -> torch.Tensor:
            return torch.from_numpy(indices.astype(np.int64)).to(faces.device)

        return cls(tensor(ends), tensor(beside), tensor(thirds), own)


@dataclass(frozen=True)
class _Crossings:
    """Edges that pass between the centres of neighbouring pixels, K of them, one a pair of pixels.

    Attributes:
        ends: int64 [K, 2], vertices.
        axis: int64 [K], 0 between a pixel and its right neighbour, 1 its lower one.
        first: int64 [K], the left or upper pixel, y · W + x.
        first_inside: bool [K], whether that one shows the edge's surface.
    """

    ends: torch.Tensor
    axis: torch.Tensor
    first: torch.Tensor
    first_inside: torch.Tensor


def antialias(
    image: torch.Tensor, fragments: Fragments, screen: torch.Tensor, edges: EdgeTable, focal_px: float
) -> torch.Tensor:
    """Blend pixels beside silhouettes by coverage.

    Args:
        image: [H, W, C], one sample a pixel; differentiable.
        fragments: What `rasterize` found.
        screen: Vertices as (x px, y px, 1 / depth), [V, 3]; differentiable in x and y.
        edges: The edges of the faces that were drawn.
        focal_px: Focal length [px]; tells how far behind its silhouette a rounded surface may be seen.

    Returns:
        [H, W, C]. Applied to a mask it gives coverage in [0, 1] whose gradient moves silhouettes.
    """
    height, width, channels = image.shape
    if (height, width) != fragments.keys.shape:
        raise ValueError(f"image must be {list(fragments.keys.shape)} by channels, got {list(image.shape)}")
    with torch.no_grad():
        crossings = _find(fragments, screen.detach(), edges, focal_px)
    share = _share(crossings, screen, width)
    step = torch.where(crossings.axis == 0, 1, width)
    inside = torch.where(crossings.first_inside, crossings.first, crossings.first + step)
    outside = torch.where(crossings.first_inside, crossings.first + step, crossings.first)
    # Up to one half the edge cuts into the inner pixel; beyond, the surface reaches into the outer one.
    into_outer = share > 0.5
    to = torch.where(into_outer, outside, inside)
    source = torch.where(into_outer, inside, outside)
    area = (share - 0.5).abs()
    kept = _along_the_stronger_axis(to, crossings.axis, area.detach(), height * width)
    to, source, area = to[kept], source[kept], area[kept]
    flat = image.reshape(height * width, channels)
    change = area[:, None] * (flat.index_select(0, source) - flat.index_select(0, to))
    return flat.index_add(0, to, change).reshape(height, width, channels)


def _along_the_stronger_axis(
    to: torch.Tensor, axis: torch.Tensor, area: torch.Tensor, pixel_count: int
) -> torch.Tensor:
    """Whether to count each crossing: an edge counts along the direction that it crosses most, or it would twice."""
    total = area.new_zeros(2 * pixel_count).index_add(0, axis * pixel_count + to, area)
    level, upright = total[:pixel_count][to], total[pixel_count:][to]
    return torch.where(axis == 0, level >= upright, upright > level)


def _share(crossings: _Crossings, screen: torch.Tensor, width: int) -> torch.Tensor:
    """Where edges pass between the centres of the inner (0) and the outer pixel (1), [K]; differentiable."""
    a, b = (screen.index_select(0, ends) for ends in crossings.ends.unbind(dim=1))
    x, y = crossings.first % width, crossings.first // width
    upright = crossings.axis == 1
    line = torch.where(upright, x, y) + 0.5  # the row, or column, of pixel centres that the edge crosses
    along_a, along_b = (torch.where(upright, end[:, 0], end[:, 1]) for end in (a, b))
    over_a, over_b = (torch.where(upright, end[:, 1], end[:, 0]) for end in (a, b))
    at = over_a + (line - along_a) / (along_b - along_a) * (over_b - over_a)
    passed = at - 0.5 - torch.where(upright, y, x)
    return torch.where(crossings.first_inside, passed, 1.0 - passed).clamp(0.0, 1.0)


def _find(fragments: Fragments, screen: torch.Tensor, edges: EdgeTable, focal_px: float) -> _Crossings:
    """Find where silhouettes pass; of several between two pixels the one that reaches farthest, as areas join."""
    facing = fragments.facing
    here = facing[edges.faces[:, 0]]
    there = facing[edges.faces[:, 1].clamp(min=0)]
    border = edges.faces[:, 1] < 0
    silhouette = torch.where(border, here != 0, here != there)
    ends = screen[edges.ends]
    silhouette &= ((ends[..., 2] > 0.0) & (ends[..., 2] <= INVERSE_NEAR)).all(dim=1)
    silhouette &= ends.isfinite().all(dim=2).all(dim=1)
    chosen = torch.nonzero(silhouette).reshape(-1)
    side = torch.where(here[chosen] != 0, 0, 1)  # the face beside the edge that is drawn
    third = edges.thirds[chosen].gather(1, side[:, None])[:, 0]
    face = edges.faces[chosen].gather(1, side[:, None])[:, 0]
    found = [
        _find_along(axis, fragments.keys, screen, edges.ends[chosen], third, edges.meshes[face], edges.meshes, focal_px)
        for axis in (0, 1)
    ]
    joined = _Crossings(
        *(torch.cat([getattr(each[0], name) for each in found]) for name in ("ends", "axis", "first", "first_inside"))
    )
    reach = torch.cat([each[1] for each in found])
    return _farthest(joined, reach, fragments.keys.numel())


def _farthest(crossings: _Crossings, reach: torch.Tensor, pixel_count: int) -> _Crossings:
    """Keep one crossing a pair of pixels."""
    by_reach = torch.argsort(reach, stable=True)
    pair = (crossings.axis * pixel_count + crossings.first)[by_reach]
    by_pair = torch.argsort(pair, stable=True)
    pair = pair[by_pair]
    last = torch.ones_like(pair, dtype=torch.bool)
    last[:-1] = pair[1:] != pair[:-1]
    kept = by_reach[by_pair[last]]
    return _Crossings(crossings.ends[kept], crossings.axis[kept], crossings.first[kept], crossings.first_inside[kept])


def _find_along(
    axis: int,
    keys: torch.Tensor,
    screen: torch.Tensor,
    ends: torch.Tensor,
    third: torch.Tensor,
    mesh: torch.Tensor,
    meshes: torch.Tensor,
    focal_px: float,
) -> tuple[_Crossings, torch.Tensor]:
    """Find crossings between pixels and their right (axis 0) or lower (1) neighbours, and how far they reach."""
    height, width = keys.shape
    lines, length = (height, width) if axis == 0 else (width, height)
    a, b, c = screen[ends[:, 0]], screen[ends[:, 1]], screen[third]
    along, over = (1, 0) if axis == 0 else (0, 1)
    low, high = (torch.ceil(limit(a[:, along], b[:, along]).sub(0.5).clamp(0, lines)) for limit in _LIMITS)
    counts = (high - low).long()
    which = torch.repeat_interleave(torch.arange(len(ends), device=keys.device), counts)
    offset = torch.arange(len(which), device=keys.device) - (counts.cumsum(0) - counts)[which]
    line = low.long()[which] + offset
    a, b, c, mesh, ends = a[which], b[which], c[which], mesh[which], ends[which]
    s = (line + 0.5 - a[:, along]) / (b[:, along] - a[:, along])
    at = a[:, over] + s * (b[:, over] - a[:, over]) - 0.5
    place = torch.floor(at.clamp(-1, length))
    # on which side of the edge, along the line, the surface lies
    turn = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    rise = b[:, along] - a[:, along]
    first_inside = turn * rise > 0.0 if axis == 0 else turn * rise < 0.0
    kept = (place >= 0) & (place < length - 1)
    place = place.clamp(0, length - 2).long()
    first = line * width + place if axis == 0 else place * width + line
    nearer, farther = _keys_beside(keys, first, first + (1 if axis == 0 else width), first_inside)
    inverse_depth = a[:, 2] + s * (b[:, 2] - a[:, 2])
    # On a rounded silhouette depth falls away steeply within one pixel; this allows for it.
    tolerance = 0.02 + 8.0 / (focal_px * torch.minimum(a[:, 2], b[:, 2]))
    seen = (NEARNESS_TOP.value - (nearer >> FACE_BITS.value)).to(screen.dtype) / NEARNESS_SCALE
    kept &= (nearer < EMPTY.value) & (farther > nearer)
    kept &= meshes[(nearer & FACE_MASK.value).clamp(max=len(meshes) - 1)] == mesh
    kept &= (1.0 / seen - 1.0 / inverse_depth).abs() <= tolerance
    reach = torch.where(first_inside, at - place, 1.0 - (at - place))
    crossings = _Crossings(ends[kept], torch.full_like(first[kept], axis), first[kept], first_inside[kept])
    return crossings, reach[kept]


def _keys_beside(
    keys: torch.Tensor, first: torch.Tensor, second: torch.Tensor, first_inside: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the keys of the inner and the outer one of pairs of pixels."""
    flat = keys.reshape(-1)
    one, other = flat[first], flat[second]
    return torch.where(first_inside, one, other), torch.where(first_inside, other, one)
