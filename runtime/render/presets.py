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
        coarseness: How far body, hair, eyes and shoes may be drawn from where they are [px]; 0 draws all of their
            triangles.
        hems: Whether cloth ends in rounded edges as thick as hems are; else in those of its sheet.
    """

    samples: int
    light_map: int
    light_blur: int
    ground_cells: int
    sides: int
    coarseness: float
    hems: bool


PRESETS: dict[str, Preset] = {
    "realtime": Preset(1, 384, 4, 96, 0, 0.35, False),
    "quality": Preset(2, 768, 8, 192, 24, 0.0, True),
}
