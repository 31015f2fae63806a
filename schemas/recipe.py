"""Types of a garment's recipe (recipe.schema.json)."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from .template import Permissions


class StripeRecipe(TypedDict):
    """Parallel bands on a cloth."""

    color: str
    width_cm: float
    period_cm: float
    direction: NotRequired[str]
    offset_cm: NotRequired[float]
    strength: NotRequired[float]


class ClothRecipe(TypedDict, total=False):
    """What one slot of a pattern is cut from; colours are sRGB as #rrggbb."""

    fabric: str
    color: str
    stitch: str
    stripes: list[StripeRecipe]
    melange: float
    wash: float
    hem_rows: int
    metal: str


class ColourwayRecipe(TypedDict, total=False):
    """What a look changes."""

    title: str
    cloths: dict[str, ClothRecipe]


class PrintRecipe(TypedDict):
    """A picture on a panel."""

    image: str
    panel: str
    width_cm: float
    center_cm: NotRequired[list[float]]
    anchor: NotRequired[str]
    angle_deg: NotRequired[float]
    strength: NotRequired[float]


class RecipeDocument(TypedDict):
    """Everything that makes a garment from a pattern."""

    schema: str
    name: str
    title: NotRequired[str]
    description: NotRequired[str]
    pattern: str
    options: NotRequired[dict[str, object]]
    measures: NotRequired[dict[str, float]]
    sizes: NotRequired[list[str]]
    default_size: NotRequired[str]
    edge_length: NotRequired[float]
    cloths: NotRequired[dict[str, ClothRecipe]]
    colourways: NotRequired[dict[str, ColourwayRecipe]]
    prints: NotRequired[list[PrintRecipe]]
    licence: NotRequired[str]
    authors: NotRequired[list[str]]
    permissions: NotRequired[Permissions]
    tags: NotRequired[list[str]]
    layer: NotRequired[int]
