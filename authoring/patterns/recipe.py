"""A garment's recipe: pattern, options, sizes, cloths, colourways and prints, in a file that an artist can change."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from dressform.authoring.fabrics.fabric import Fabric, fabric
from dressform.authoring.paint.grain import grain_name
from dressform.authoring.paint.look import ClothLook, Rgb, Stripe
from dressform.authoring.paint.prints import Anchor, Print, place_print
from dressform.schemas.documents import check_document, load_document
from dressform.schemas.errors import UsageError
from dressform.schemas.licences import UNSTATED, licence_fault
from dressform.schemas.recipe import ClothRecipe, RecipeDocument

from .check import check_pattern
from .kinds import Kind, kind_of
from .meshing import EDGE_LENGTH
from .pattern import Pattern
from .pattern_json import read_pattern
from .sizing import DEFAULT_SIZE, check_size, pattern_measures

SCHEMA = "dressform/recipe/1"
OWN_LOOK = "own"
_PLAIN: ClothRecipe = {"fabric": "poplin", "color": "#d9d4c7"}


@dataclass(frozen=True)
class ColourwayLooks:
    """One look of a garment.

    Attributes:
        name: In template.json.
        title: For people.
        looks: By slot.
    """

    name: str
    title: str
    looks: Mapping[str, ClothLook]


@dataclass(frozen=True)
class Recipe:
    """A recipe, read and checked.

    Attributes:
        document: As written, so that it can be kept beside the garment.
        category: Of the template.
        patterns: By size, in order; every one is checked when it is meshed.
        default_size: A key of `patterns`.
        edge_length: Of the mesh's triangles [m].
        fabrics: By slot.
        colourways: The garment's own look first.
        prints: On every look.
    """

    document: RecipeDocument
    category: str
    patterns: Mapping[str, Pattern]
    default_size: str
    edge_length: float
    fabrics: Mapping[str, Fabric]
    colourways: tuple[ColourwayLooks, ...]
    prints: tuple[Print, ...] = field(default=())

    @property
    def name(self) -> str:
        """The template's name."""
        return self.document["name"]


def read_recipe(path: Path) -> RecipeDocument:
    """Read a recipe's file; an InputError says what is wrong with it and where."""
    return cast("RecipeDocument", load_document("recipe", path))


def recipe_of(
    document: RecipeDocument, folder: Path, where: str = "recipe", *, body: Mapping[str, float] | None = None
) -> Recipe:
    """Draft what a recipe says, and check all of it before the long work starts.

    Args:
        document: The recipe.
        folder: What its pictures, fabrics and pattern files lie beside.
        where: The file or option for messages.
        body: Measures [m] of the body to make it for, instead of the size chart's.
    """
    check_document("recipe", document, where)
    if (fault := licence_fault(document.get("licence", UNSTATED))) is not None:
        raise UsageError(f"{where} $.licence: {fault}; use one of https://spdx.org/licenses, or LicenseRef-NAME")
    named = document["pattern"]
    kind = None if named.endswith(".json") else kind_of(named, besides="a pattern file that ends in .json")
    sizes = document.get("sizes", [document.get("default_size", DEFAULT_SIZE)])
    default = document.get("default_size", DEFAULT_SIZE if DEFAULT_SIZE in sizes else sizes[0])
    if default not in sizes:
        raise UsageError(f"{where}: default_size {default} is not among the sizes {', '.join(sizes)}; add it")
    patterns = _from_kind(kind, document, sizes, where, body) if kind else _from_file(folder / named, document, sizes)
    cloths = document.get("cloths", {})
    slots = sorted({panel.slot for panel in patterns[default].panels})
    fabrics = {slot: _fabric({**_PLAIN, **cloths.get(slot, {})}, folder) for slot in slots}
    _known_slots(cloths, slots, where)
    for pattern in patterns.values():
        check_pattern(pattern)
    prints = tuple(_prints(document, folder))
    for order in prints:
        place_print(patterns[default], order)
    return Recipe(
        document=document,
        category=kind.category if kind else patterns[default].category,
        patterns=patterns,
        default_size=default,
        edge_length=document.get("edge_length", EDGE_LENGTH),
        fabrics=fabrics,
        colourways=tuple(_colourways(document, cloths, fabrics, slots, where)),
        prints=prints,
    )


def options_of(kind: Kind, given: Mapping[str, Any], where: str) -> Any:
    """Return a kind's options with some given; texts are read as the option needs, as the command line gives them."""
    known = {each.name: each for each in dataclasses.fields(kind.options)}
    values = {}
    for name, value in given.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"{where}: there is no option {name!r}; {kind.name} has {', '.join(known)}{hint}")
        values[name] = _typed(value, known[name], f"{where}: {name}")
    return kind.options(**values)


def _typed(value: Any, option: dataclasses.Field[Any], where: str) -> Any:
    """Return a value as an option's annotation says: str, bool, int, float, or one of these or None."""
    wanted = str(option.type).replace(" | None", "")
    if wanted == "str":
        if isinstance(value, str):
            return value
        raise UsageError(f"{where} needs a text, found {value!r}")
    if wanted == "bool":
        known = {"true": True, "yes": True, "false": False, "no": False}
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in known:
            return known[value.lower()]
        raise UsageError(f"{where} needs true or false, found {value!r}")
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or (wanted == "int" and number != int(number)):
        raise UsageError(f"{where} needs a {'whole ' if wanted == 'int' else ''}number, found {value!r}")
    return int(number) if wanted == "int" else number


def _from_kind(
    kind: Kind, document: RecipeDocument, sizes: Sequence[str], where: str, body: Mapping[str, float] | None
) -> dict[str, Pattern]:
    options = options_of(kind, document.get("options", {}), where)
    measures = document.get("measures", {})
    return {size: kind.draft(pattern_measures(check_size(size), measures, body), options, size) for size in sizes}


def _from_file(path: Path, document: RecipeDocument, sizes: Sequence[str]) -> dict[str, Pattern]:
    """Return the one size that a pattern's file holds."""
    for key in ("options", "measures"):
        if document.get(key):
            raise UsageError(f"{path.name} is drawn already and takes no {key}; leave them out, or name a kind")
    pattern = read_pattern(path)
    if list(sizes) not in ([pattern.size], [DEFAULT_SIZE]):
        raise UsageError(f"{path.name} is drawn for size {pattern.size} alone; leave out the other sizes")
    return {sizes[0]: dataclasses.replace(pattern, size=sizes[0])}


def _fabric(cloth: ClothRecipe, folder: Path) -> Fabric:
    named = cloth["fabric"]
    return fabric(str(folder / named) if named.endswith(".json") else named)


def _known_slots(cloths: Mapping[str, ClothRecipe], slots: Sequence[str], where: str) -> None:
    for slot in cloths:
        if slot not in slots:
            raise UsageError(f"{where}: the pattern has no cloth {slot!r}; it has {', '.join(slots)}")


def _colourways(
    document: RecipeDocument,
    cloths: Mapping[str, ClothRecipe],
    fabrics: Mapping[str, Fabric],
    slots: Sequence[str],
    where: str,
) -> list[ColourwayLooks]:
    ways = []
    for name, way in (document.get("colourways") or {OWN_LOOK: {}}).items():
        changed = way.get("cloths", {})
        _known_slots(changed, slots, f"{where}: colourway {name}")
        for slot, cloth in changed.items():
            if "fabric" in cloth and cloth["fabric"] != fabrics[slot].name:
                raise UsageError(
                    f"{where}: colourway {name} cuts {slot} from {cloth['fabric']}, but a garment keeps its fabric "
                    f"({fabrics[slot].name}) in all its colours; make it a garment of its own"
                )
        looks = {
            slot: _look({**_PLAIN, **cloths.get(slot, {}), **changed.get(slot, {})}, fabrics[slot]) for slot in slots
        }
        ways.append(ColourwayLooks(name, way.get("title", name.replace("-", " ").capitalize()), looks))
    return ways


def _look(cloth: ClothRecipe, of: Fabric) -> ClothLook:
    stripes = tuple(
        Stripe(
            color=rgb(stripe["color"]),
            width=stripe["width_cm"] / 100,
            period=stripe["period_cm"] / 100,
            direction="along" if stripe.get("direction") == "along" else "across",
            offset=stripe.get("offset_cm", 0.0) / 100,
            strength=stripe.get("strength", 1.0),
        )
        for stripe in cloth.get("stripes", ())
    )
    given: dict[str, Any] = {key: cloth[key] for key in ("melange", "wash", "hem_rows") if key in cloth}
    for key in ("stitch", "metal"):
        if key in cloth:
            given[key] = rgb(cloth[key])
    return ClothLook(color=rgb(cloth["color"]), fabric=grain_name(of), stripes=stripes, **given)


def _prints(document: RecipeDocument, folder: Path) -> list[Print]:
    return [
        Print(
            panel=each["panel"],
            image=folder / each["image"],
            width_cm=each["width_cm"],
            center_cm=(each["center_cm"][0], each["center_cm"][1]) if "center_cm" in each else (0.0, 0.0),
            anchor=cast("Anchor", each.get("anchor", "center")),
            angle_deg=each.get("angle_deg", 0.0),
            strength=each.get("strength", 0.96),
        )
        for each in document.get("prints", ())
    ]


def rgb(text: str) -> Rgb:
    """Return #rrggbb as sRGB in [0, 1]."""
    value = int(text.removeprefix("#"), 16)
    return (value >> 16) / 255, (value >> 8 & 255) / 255, (value & 255) / 255
