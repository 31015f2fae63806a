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
        coarseness: How far body, hair, eyes and shoes may be drawn from where they are [px]; 0 draws all of their
            triangles.
    """

    samples: int
    light_map: int
    light_blur: int
    coarseness: float


PRESETS: dict[str, Preset] = {"realtime": Preset(1, 384, 4, 0.35), "quality": Preset(2, 768, 8, 0.0)}
