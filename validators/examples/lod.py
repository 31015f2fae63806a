"""Examples that break the rules on levels of detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.glb import glb_bytes
from dressform.assets.files.lod import plain_materials, with_lod

from .broken import breaks
from .builder import Parts, tube
from .sizes import two_sizes

AROUND = 16  # triangles of the tube stand in rings of so many points
COARSE, COARSER = (0, 2, 4, 6, 7), (0, 4, 7)  # rings that the levels keep


def level_of(mesh: GarmentMesh, level: int, rings: Sequence[int]) -> GarmentMesh:
    """Return a level of the tube that keeps some of its rings."""
    shape = tube(rings=len(rings), around=AROUND)
    points = (AROUND * np.array(rings)[:, None] + np.arange(AROUND)).reshape(-1)
    corners = ((AROUND + 1) * np.array(rings)[:, None] + np.arange(AROUND + 1)).reshape(-1)
    assert mesh.uv0 is not None
    assert mesh.uv1 is not None
    coarse = replace(shape, points=mesh.points[points], uv0=mesh.uv0[corners], uv1=mesh.uv1[corners])
    return with_lod(plain_materials(replace(coarse, materials=mesh.materials)), level, points)


def with_levels(parts: Parts) -> None:
    """Give every size two levels of detail."""
    for size, mesh in {"M": parts.mesh, **parts.further}.items():
        parts.manifest["sizes"][size]["lods"] = [f"sizes/{size}/lod{level}.glb" for level in (1, 2)]
        for level, rings in ((1, COARSE), (2, COARSER)):
            parts.files[f"sizes/{size}/lod{level}.glb"] = glb_bytes(level_of(mesh, level, rings))


def two_sizes_with_levels(parts: Parts) -> None:
    """Two sizes with two levels of detail each."""
    two_sizes(parts)
    with_levels(parts)


def _change_level(parts: Parts, **arrays: Any) -> None:
    """Replace arrays of the first level."""
    level = level_of(parts.mesh, 1, COARSE)
    parts.files["sizes/M/lod1.glb"] = glb_bytes(replace(level, **arrays))


@breaks("lod.files", at="sizes/M/lod2.glb", place={"size": "M"}, prepare=with_levels)
def break_files(parts: Parts) -> None:
    """A level that is named and has no file."""
    del parts.files["sizes/M/lod2.glb"]


@breaks("lod.readable", at="sizes/M/lod1.glb", place={"size": "M"}, prepare=with_levels)
def break_readable(parts: Parts) -> None:
    """Half a level."""
    parts.files["sizes/M/lod1.glb"] = parts.files["sizes/M/lod1.glb"][:700]


@breaks("lod.points", at="sizes/M/lod1.glb", place={"size": "M"}, prepare=with_levels)
def break_points(parts: Parts) -> None:
    """A level that does not say which points it has."""
    _change_level(parts, extras={})


@breaks("lod.budget", at="sizes/M/lod1.glb", place={"size": "M"}, prepare=with_levels)
def break_budget(parts: Parts) -> None:
    """A level that is none: 33,000 triangles."""
    parts.files["sizes/M/lod1.glb"] = glb_bytes(plain_materials(tube(rings=130, around=128)))


@breaks("lod.order", at="sizes/M/lod1.glb", place={"size": "M"}, prepare=with_levels)
def break_order(parts: Parts) -> None:
    """Levels in the wrong order."""
    parts.manifest["sizes"]["M"]["lods"].reverse()


@breaks("lod.place", at="sizes/M/lod1.glb", place={"size": "M"}, prepare=with_levels)
def break_place(parts: Parts) -> None:
    """A level of another size."""
    _change_level(parts, points=level_of(parts.mesh, 1, COARSE).points * np.float32(1.05))


@breaks("lod.distance", at="sizes/M/lod1.glb", place={"size": "M"}, prepare=with_levels)
def break_distance(parts: Parts) -> None:
    """A level that left out the upper half."""
    parts.files["sizes/M/lod1.glb"] = glb_bytes(level_of(parts.mesh, 1, (0, 2, 4)))


@breaks("lod.uv", at="sizes/M/lod1.glb", place={"size": "M"}, prepare=with_levels)
def break_uv(parts: Parts) -> None:
    """A level with UVs of its own."""
    uv1 = level_of(parts.mesh, 1, COARSE).uv1
    assert uv1 is not None
    _change_level(parts, uv1=uv1 * np.float32(0.9))


@breaks("lod.openings", at="sizes/M/lod1.glb", place={"size": "M"}, prepare=with_levels)
def break_openings(parts: Parts) -> None:
    """A level with a hole."""
    level = level_of(parts.mesh, 1, COARSE)
    keep = np.arange(len(level.faces)) != 50
    assert level.uv0_faces is not None
    assert level.uv1_faces is not None
    _change_level(
        parts,
        faces=level.faces[keep],
        uv0_faces=level.uv0_faces[keep],
        uv1_faces=level.uv1_faces[keep],
        material_ids=level.material_ids[keep],
    )


@breaks("lod.materials", at="sizes/M/lod1.glb", place={"size": "M"}, prepare=with_levels)
def break_materials(parts: Parts) -> None:
    """A level of another material."""
    (material,) = level_of(parts.mesh, 1, COARSE).materials
    _change_level(parts, materials=(replace(material, name="leather"),))


@breaks("lod.sizes", at="sizes/M", place={"size": "M"}, prepare=two_sizes_with_levels)
def break_sizes(parts: Parts) -> None:
    """A size with fewer levels than the others."""
    del parts.files["sizes/L/lod2.glb"]
    parts.manifest["sizes"]["L"]["lods"].pop()
