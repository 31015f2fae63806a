"""What the renderer's presets switch on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """What a preset switches on.

    Attributes:
        samples: Samples per pixel side.
        light_map: Side of the sun's map [texels].
        light_blur: Its blur [texels].
        ground_cells: Side of the map of the shadow on the ground.
        sides: Maps of what keeps light from all around away; 0 leaves that to what stands close on the screen.
        baked: Whether they are made once, of how the person stands at rest (`Renderer.bake`), not of every picture.
        coarseness: How far body, hair, eyes and shoes may be drawn from where they are [px]; 0 draws all of their
            triangles.
        hems: Whether cloth ends in rounded edges as thick as hems are; else in those of its sheet.
        layers: Of sheer cloth behind each other that a sample shows, the nearest; those beyond are left out.
        lit_layers: Of sheer cloth, nearest to the sun, that each texel of its map holds.
    """

    samples: int
    light_map: int
    light_blur: int
    ground_cells: int
    sides: int
    baked: bool
    coarseness: float
    hems: bool
    layers: int
    lit_layers: int


PRESETS: dict[str, Preset] = {
    "realtime": Preset(1, 384, 4, 96, 48, True, 0.35, False, 4, 2),
    "quality": Preset(2, 768, 8, 192, 24, False, 0.0, True, 8, 3),
}
