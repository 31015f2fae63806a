"""Examples that break the rules on how UVs lie in their square."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dressform.assets.files.garment import Material

from .broken import breaks
from .builder import Parts, picture
from .mesh import tear
from .uv import part_charts, two_charts

CLAMP_TO_EDGE = 33071  # glTF 2.0


@breaks("uv.uv0-missing", at="sizes/M", place={"size": "M"})
def break_uv0_missing(parts: Parts) -> None:
    """No UVs for pictures."""
    parts.change_mesh(uv0=None, uv0_faces=None, materials=(Material(),))


def clamped(parts: Parts) -> None:
    """Let the picture end at its edge."""
    sampler = {"magFilter": 9729, "minFilter": 9987, "wrapS": CLAMP_TO_EDGE, "wrapT": CLAMP_TO_EDGE}
    record = {"pbrMetallicRoughness": {"baseColorTexture": {"sampler": sampler}}}
    parts.change_mesh(materials=(replace(parts.mesh.materials[0], record=record),))


def _move_uv0(parts: Parts, way: float) -> None:
    assert parts.mesh.uv0 is not None
    parts.change_mesh(uv0=parts.mesh.uv0 + np.float32(way))


@breaks("uv.tiling", at="sizes/M", place={"size": "M"}, prepare=clamped)
def break_tiling(parts: Parts) -> None:
    """A picture that ends before the cloth does."""
    _move_uv0(parts, 0.2)


@breaks("uv.far", at="sizes/M", place={"size": "M"})
def break_far(parts: Parts) -> None:
    """UVs a hundred tiles away."""
    _move_uv0(parts, 100.0)


@breaks("uv.smeared", at="sizes/M", place={"size": "M", "faces": [7]})
def break_smeared(parts: Parts) -> None:
    """A triangle that shows one point of its picture."""
    assert parts.mesh.uv0_faces is not None
    corners = parts.mesh.uv0_faces.copy()
    corners[7] = corners[7, 0]
    parts.change_mesh(uv0_faces=corners)


@breaks("uv.texel-density", at="sizes/M material 0", place={"size": "M"})
def break_texel_density(parts: Parts) -> None:
    """A picture of 32 pixels over more than a metre of cloth."""
    parts.change_mesh(materials=(replace(parts.mesh.materials[0], base_color_image=picture((32, 32))),))


@breaks("uv.gutter", at="sizes/M", place={"size": "M"}, prepare=two_charts)
def break_gutter(parts: Parts) -> None:
    """Charts half a texel apart."""
    part_charts(parts, gap=0.0005)


@breaks("uv.margin", at="sizes/M", place={"size": "M"})
def break_margin(parts: Parts) -> None:
    """A chart at the edge of the sheet."""
    parts.change_mesh(uv1=parts.atlas[0] - np.array([0.0498, 0.0], np.float32))


@breaks("uv.charts", at="sizes/M", place={"size": "M"})
def break_charts(parts: Parts) -> None:
    """A chart for every triangle."""
    uv, corners = parts.atlas
    each = uv[corners]
    apart = each + np.float32(0.05) * (each.mean(axis=1, keepdims=True) - each)
    numbers = np.arange(3 * len(corners), dtype=np.int32).reshape(-1, 3)
    parts.change_mesh(uv1=apart.reshape(-1, 2), uv1_faces=numbers)


@breaks("uv.panels", at="sizes/M", place={"size": "M"})
def break_panels(parts: Parts) -> None:
    """A chart that joins what is torn on the cloth."""
    tear(parts)


@breaks("uv.utilisation", at="sizes/M", place={"size": "M"})
def break_utilisation(parts: Parts) -> None:
    """An atlas in a corner of its sheet."""
    parts.change_mesh(uv1=np.float32(0.4) * parts.atlas[0] + np.float32(0.01))
