"""The garments that the program drafts itself."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dressform.schemas.errors import UsageError

from .dress import DressOptions, draft_dress
from .jacket import JacketOptions, draft_jacket
from .pattern import Pattern
from .shirt import ShirtOptions, draft_shirt
from .shorts import ShortsOptions, draft_shorts
from .skirts import CircleSkirtOptions, PencilSkirtOptions, draft_circle_skirt, draft_pencil_skirt
from .tank import TankOptions, draft_tank
from .tee import LongSleeveOptions, TeeOptions, draft_long_sleeve, draft_tee
from .trousers import TrousersOptions, draft_trousers

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Kind:
    """One kind of garment.

    Attributes:
        name: In `dressform pattern list`.
        category: Of the template.
        summary: One line.
        options: Frozen dataclass of what the pattern leaves open; its defaults are the garment of the name.
        draft: Measures [m], options and size → pattern.
    """

    name: str
    category: str
    summary: str
    options: type[Any]
    draft: Callable[[Mapping[str, float], Any, str], Pattern]

    @property
    def recipe(self) -> Path:
        """The recipe that makes it as the embedded library has it."""
        return RECIPES / f"{self.name}.json"


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("tee", "tee", "crew-neck T-shirt with short sleeves and a rib neckband", TeeOptions, draft_tee),
        Kind("long-sleeve", "tee", "T-shirt with long sleeves and rib cuffs", LongSleeveOptions, draft_long_sleeve),
        Kind("tank", "top", "tank top, neck and armholes bound", TankOptions, draft_tank),
        Kind("shirt", "shirt", "button-down shirt with collar, yoke, placket and cuffs", ShirtOptions, draft_shirt),
        Kind("jacket", "jacket", "zipped jacket with rib collar, cuffs and hem", JacketOptions, draft_jacket),
        Kind("trousers", "trousers", "five-pocket jeans with a shaped waistband", TrousersOptions, draft_trousers),
        Kind("shorts", "shorts", "chino shorts with slant and welt pockets", ShortsOptions, draft_shorts),
        Kind("pencil-skirt", "skirt", "knee-length, with darts and a slit", PencilSkirtOptions, draft_pencil_skirt),
        Kind("circle-skirt", "skirt", "half or full circle, falls in folds", CircleSkirtOptions, draft_circle_skirt),
        Kind("dress", "dress", "fitted bodice with a flared skirt", DressOptions, draft_dress),
    )
}  # fmt: skip


def kind_of(name: str, *, besides: str = "") -> Kind:
    """Return a kind by name, or raise a UsageError that names those there are, and what else may stand there."""
    if name in KINDS:
        return KINDS[name]
    near = difflib.get_close_matches(name, KINDS, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    known = ", ".join([*KINDS, f"or {besides}"] if besides else KINDS)
    raise UsageError(f"there is no pattern {name!r}; there are {known}{hint}")
