"""Types of a fabric (fabric.schema.json)."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class FabricPhysics(TypedDict):
    """How the cloth hangs: g/m², mm, N/m and µN·m."""

    weight: float
    thickness: float
    stretch_warp: float
    stretch_weft: float
    shear: float
    bending_warp: float
    bending_weft: float
    friction: float


class WovenLook(TypedDict):
    """Ends and picks."""

    warp_per_cm: float
    weft_per_cm: float
    over: int
    under: int
    step: int
    together: int
    warp_width: float
    weft_width: float
    warp_white: float
    weft_white: float
    slub: float
    waver: float
    twist: float


class KnitLook(TypedDict):
    """Wales and courses."""

    wales_per_cm: float
    courses_per_cm: float
    rib_front: int
    rib_back: int
    rib_depth: float
    width: float
    slub: float
    waver: float
    twist: float


class PileLook(TypedDict):
    """Tufts, in cords or evenly."""

    wales_per_cm: float
    groove: float
    height: float
    tufts_per_cm: float
    curl: float


class GrainLook(TypedDict):
    """The skin of leather."""

    cells_per_cm: float
    crease: float
    pores_per_cm: float
    unevenness: float


class FabricLook(TypedDict):
    """The structure that is seen: one of these."""

    woven: NotRequired[WovenLook]
    knit: NotRequired[KnitLook]
    pile: NotRequired[PileLook]
    grain: NotRequired[GrainLook]


class FabricColour(TypedDict):
    """The dye and how it varies."""

    dye: list[float]
    tone: float
    melange: float
    streaks: float
    streak_length: float
    fuzz: float


class FabricShading(TypedDict):
    """How it takes light."""

    roughness: float
    relief: float
    cavity: float
    sheen: float
    sheen_tint: float
    sheen_roughness: float
    clearcoat: float
    clearcoat_roughness: float
    anisotropy: float
    alpha: float


class FabricDocument(TypedDict):
    """A fabric file."""

    schema: str
    name: str
    title: str
    description: str
    licence: str
    authors: list[str]
    tile: float
    physics: FabricPhysics
    sources: dict[str, str]
    look: FabricLook
    colour: FabricColour
    shading: FabricShading
