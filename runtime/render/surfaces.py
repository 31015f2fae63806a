"""Materials as kernels read them: one table of surfaces over one buffer of texels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import warp as wp
from numpy.typing import NDArray

from ._kernels_surface import Surface
from .colour import linear_to_srgb
from .scene import SceneMesh, SurfaceMaterial
from .textures import MAX_LEVELS, PackedTexture, TextureAtlas, join_textures, pack_texture, spread_colours
from .topology import Topology
from .weave import SOFTENING, PackedWeave, kept_weave, pack_weave, weave_key

# How far past the terminator the sun still reaches, as a cosine: a little everywhere, as the lamp is wide; through skin
# more, red most.
_WRAP = np.full(3, 0.06)
_SKIN_WRAP = np.array([0.24, 0.10, 0.06])
# Ratios of a face's areas in two UV sets that differ by less come from one set through a transform.
_SAME_RATIO = 0.02


@dataclass(frozen=True)
class SurfaceTable:
    """All materials of a scene.

    Attributes:
        surfaces: One `Surface` a mesh.
        texels: uint32 [N], textures and weaves.
        levels: int32 [L], first texel of each level of each of them.
        cutout: bool [M], whether a mesh's texture cuts holes.
    """

    surfaces: list[Any]
    texels: NDArray[np.uint32]
    levels: NDArray[np.int32]
    cutout: NDArray[np.bool_]


@dataclass(frozen=True)
class PackedMaterial:
    """A material whose texture and weave are packed; no part of it depends on a mesh.

    Attributes:
        material: As given.
        texture: Its texture.
        weave: Its weave, or None.
        weave_key: Equal for equal weaves.
        opacity: How opaque it is from place to place, as a texture of greys, or None where its texture does not say.
    """

    material: SurfaceMaterial
    texture: PackedTexture
    weave: PackedWeave | None = None
    weave_key: str = ""
    opacity: PackedTexture | None = None


class Wrinkling(NamedTuple):
    """Where a mesh's wrinkles lie among those of all meshes.

    Attributes:
        first: Their first texel.
        side: Texels along a side; 0: it has none.
    """

    first: int
    side: int


def place_wrinkles(meshes: Sequence[SceneMesh], vertex_counts: Sequence[int]) -> tuple[list[Wrinkling], int]:
    """Return where each mesh's wrinkles lie, and how many texels there are; meshes that share vertices share them."""
    places: list[Wrinkling] = []
    total, own = 0, Wrinkling(0, 0)
    for mesh, count in zip(meshes, vertex_counts, strict=True):
        if count > 0:
            own = Wrinkling(total, mesh.wrinkle_side)
            total += own.side**2
        if mesh.wrinkle_side != own.side:
            raise ValueError(
                f"{mesh.name}: its meshes' wrinkle_side must be one, got {own.side} and {mesh.wrinkle_side}"
            )
        places.append(own)
    return places, total


def pack_materials(materials: Sequence[SurfaceMaterial], *, keep: bool = False) -> list[PackedMaterial]:
    """Pack textures and weaves; equal weaves are packed once.

    Args:
        materials: What is drawn.
        keep: Whether weaves are kept in the cache, so that the next process finds them there.
    """
    weaves: dict[str, PackedWeave] = {}
    packed = []
    for material in materials:
        blends, weave = material.blends_texture, material.weave
        texture = pack_texture(spread_colours(material.texture) if blends else material.texture)
        opacity = pack_texture(_grey(material.texture[..., 3])) if blends else None
        if weave is None:
            packed.append(PackedMaterial(material, texture, opacity=opacity))
            continue
        key = weave_key(weave, material.roughness)
        if key not in weaves:
            weaves[key] = (kept_weave if keep else pack_weave)(weave, material.roughness)
        packed.append(PackedMaterial(material, texture, weaves[key], key, opacity))
    return packed


def pack_surfaces(packed: Sequence[PackedMaterial], topology: Topology, wrinkles: Sequence[Wrinkling]) -> SurfaceTable:
    """Join packed materials, one a mesh of the topology; equal textures and equal weaves are held once."""
    weaves = {each.weave_key: each.weave for each in packed if each.weave is not None}
    blended = {index: each.opacity for index, each in enumerate(packed) if each.opacity is not None}
    atlas = join_textures(
        [*(each.texture for each in packed), *blended.values()],
        [level.ravel() for weave in weaves.values() for level in weave.levels],
    )
    levels = atlas.offsets.ravel().tolist()
    total = len(atlas.texels) - sum(level.size for weave in weaves.values() for level in weave.levels)
    first = {}
    for key, weave in weaves.items():
        first[key] = len(levels)
        for level in weave.levels:
            levels.append(total)
            total += level.size
    surfaces = []
    for index, each in enumerate(packed):
        surface = _surface(each.material, index, atlas)
        surface.wrinkle_first, surface.wrinkle_side = wrinkles[index]
        if index in blended:
            surface.opacity_level = (len(packed) + list(blended).index(index)) * MAX_LEVELS
        if each.weave is not None:
            own = topology.face_mesh == index
            ratio = _ratio(topology.face_uv[own], topology.weave_uv[own])
            _set_weave(surface, each.weave, first[each.weave_key], ratio)
        surfaces.append(surface)
    cutout = atlas.cutout[: len(packed)] & ~np.array([each.material.blended for each in packed], np.bool_)
    return SurfaceTable(surfaces, atlas.texels, np.array(levels, np.int32), cutout)


def _surface(material: SurfaceMaterial, index: int, atlas: TextureAtlas) -> Any:
    surface = Surface()
    surface.first_level = index * MAX_LEVELS
    surface.base = int(atlas.offsets[index, 0])
    surface.width_log2, surface.height_log2 = (int(side) for side in atlas.sides_log2[index])
    surface.roughness = material.roughness
    surface.specular = material.specular * (1.0 - material.metallic) + material.metallic
    surface.metallic = material.metallic
    surface.coat, surface.coat_roughness = material.coat, material.coat_roughness
    wrap = _WRAP + material.subsurface * _SKIN_WRAP
    surface.wrap, surface.wrap_scale = wp.vec3(*wrap.tolist()), wp.vec3(*(1.0 / (1.0 + wrap)).tolist())
    surface.sheen, surface.inside = wp.vec3(*material.sheen), wp.vec3(*material.inside)
    surface.weave_first = surface.opacity_level = -1
    surface.sheer, surface.opacity = int(material.is_sheer), material.opacity
    return surface


def _grey(shares: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return shares [H, W] of 255 as the sRGB greys [H, W, 3] whose light is that share."""
    levels = np.rint(255 * linear_to_srgb(np.arange(256, dtype=np.float32) / 255.0)).astype(np.uint8)
    return np.repeat(levels[shares][..., None], 3, axis=2)


def _set_weave(surface: Any, packed: PackedWeave, first: int, ratio: float) -> None:
    surface.roughness = packed.roughness
    top = len(packed.levels) - 1
    if top > 0:
        surface.weave_first, surface.weave_top = first, top
        surface.weave_width_log2, surface.weave_height_log2 = packed.sides_log2
        surface.weave_gate = ratio * SOFTENING * 2.0 ** (sum(packed.sides_log2) - 2 * top)


def _ratio(face_uv: NDArray[np.float32], weave_uv: NDArray[np.float32]) -> float:
    """Return how much larger faces are in the weave's UVs than in the texture's, or 0 where that differs by face."""
    areas, woven = _areas(face_uv), _areas(weave_uv)
    large = areas > 1e-12
    if not large.any():
        return 0.0
    ratios = woven[large] / areas[large]
    middle = float(np.median(ratios))
    alike = np.abs(ratios - middle) < _SAME_RATIO * middle
    return middle if np.average(alike, weights=areas[large]) > 0.99 else 0.0


def _areas(uv: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the areas [F] of triangles [F, 3, 2]."""
    b, c = (uv[:, k].astype(np.float64) - uv[:, 0] for k in (1, 2))
    areas: NDArray[np.float64] = np.abs(b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0]) / 2.0
    return areas
