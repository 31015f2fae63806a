"""Examples that break the rules on sizes beside each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .broken import breaks
from .builder import Parts


def two_sizes(parts: Parts) -> None:
    """Add a size L, a twentieth wider."""
    add_size(parts, 1.05)


def add_size(parts: Parts, width: float) -> None:
    """Add a size L of a width."""
    parts.manifest["sizes"]["L"] = {"garment": "sizes/L/garment.glb"}
    points = (parts.mesh.points * np.array([width, width, 1.0])).astype(np.float32)
    parts.further["L"] = replace(parts.mesh, points=points)


def measured(parts: Parts) -> None:
    """State the measures of size M."""
    parts.manifest["sizes"]["M"]["measures"] = {"chest": 0.96, "mass": 70.0}


@breaks("sizes.topology", at="sizes/L", place={"size": "L"}, prepare=two_sizes)
def break_topology(parts: Parts) -> None:
    """A size with other triangles."""
    parts.further["L"] = replace(parts.further["L"], faces=parts.mesh.faces[::-1].copy())


@breaks("sizes.uv", at="sizes/L", place={"size": "L"}, prepare=two_sizes)
def break_uv(parts: Parts) -> None:
    """A size whose pictures lie elsewhere."""
    assert parts.mesh.uv0 is not None
    parts.further["L"] = replace(parts.further["L"], uv0=parts.mesh.uv0 + np.float32(0.01))


@breaks("sizes.materials", at="sizes/L", place={"size": "L"}, prepare=two_sizes)
def break_materials(parts: Parts) -> None:
    """A size of another material."""
    (material,) = parts.mesh.materials
    parts.further["L"] = replace(parts.further["L"], materials=(replace(material, name="leather"),))


@breaks("sizes.order", at="sizes/L", place={"size": "L"}, prepare=two_sizes)
def break_order(parts: Parts) -> None:
    """A size L smaller than M."""
    add_size(parts, 0.9)


@breaks("sizes.measures", at="$.sizes.M.measures.chest", place={"size": "M"}, prepare=measured)
def break_measures(parts: Parts) -> None:
    """A chest in centimetres."""
    parts.manifest["sizes"]["M"]["measures"]["chest"] = 96.0
