"""`dressform pattern`: garments from flat panels: drafted, sewn, draped, painted and rigged."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import rich_click as click

from dressform.schemas.errors import UsageError

from .output_file import in_folder
from .progress import progress_bar

if TYPE_CHECKING:
    from dressform.authoring.patterns.recipe import Recipe
    from dressform.schemas.recipe import RecipeDocument

SIZE = click.option(
    "--size", "sizes", multiple=True, help="XS, S, M, L, XL or XXL; repeat for more. By default M, or the recipe's."
)
MEASURE = click.option(
    "--measure", "measures", multiple=True, metavar="NAME=METRES", help="A body measure instead of the size's; repeat."
)
AVATAR = click.option(
    "--avatar", "avatar_file", type=click.Path(path_type=Path), help="Make it to the measures of this avatar."
)
OPTION = click.option(
    "--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of `dressform pattern show`; repeat."
)
FABRIC = click.option(
    "--fabric",
    "fabrics",
    multiple=True,
    metavar="[CLOTH=]FABRIC",
    help="What the main or another cloth is cut from.",
)
COLOR = click.option(
    "--color", "colors", multiple=True, metavar="[CLOTH=]COLOR",
    help="Alone, a look of the recipe; or the colour of the main or another cloth, a CSS name or #rrggbb.",
)  # fmt: skip
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def pattern() -> None:
    """Make garments from patterns: flat panels with seams, in sizes, draped on the body.

    Example: dressform pattern make tee -o drafts/tee --size S --size M --size L
    """


@pattern.command("list")
@AS_JSON
def list_patterns(as_json: bool) -> None:
    """List the patterns.

    Example: dressform pattern list
    """
    from dressform.authoring.patterns.kinds import KINDS

    if as_json:
        rows = [{"name": n, "category": k.category, "summary": k.summary} for n, k in KINDS.items()]
        click.echo(json.dumps({"patterns": rows}, indent=2))
        return
    for name, known in KINDS.items():
        click.echo(f"{name:<14} {known.summary}")


@pattern.command()
@click.argument("name")
@AS_JSON
def show(name: str, as_json: bool) -> None:
    """Show a pattern's options, cloths, panels and finished measures by size.

    Example: dressform pattern show trousers
    """
    from dressform.authoring.patterns.kinds import kind_of
    from dressform.authoring.patterns.sizing import SIZES, pattern_measures

    kind = kind_of(name)
    options = kind.options()
    drafted = {size: kind.draft(pattern_measures(size, {}, None), options, size) for size in SIZES}
    defaults = dataclasses.asdict(options)
    panels = drafted["M"].panels
    if as_json:
        shown = {
            "name": name,
            "category": kind.category,
            "options": defaults,
            "panels": [panel.name for panel in panels],
            "cloths": sorted({panel.slot for panel in panels}),
            "finished": {size: dict(each.finished) for size, each in drafted.items()},
        }
        click.echo(json.dumps(shown, indent=2))
        return
    click.echo(f"{name}: {kind.summary}")
    click.echo(f"panels   {', '.join(panel.name for panel in panels)}")
    click.echo(f"cloths   {', '.join(sorted({panel.slot for panel in panels}))}")
    click.echo("options  (--option NAME=VALUE; lengths in metres)")
    about = _documented(kind.options)
    for option, value in defaults.items():
        click.echo(f"  {option:<14} {value!s:<9} {about.get(option, '')}")
    click.echo("finished measures [cm]")
    click.echo("  " + f"{'':<14}" + "".join(f"{size:>8}" for size in SIZES))
    for figure in drafted["M"].finished:
        row = "".join(f"{100 * drafted[size].finished[figure]:>8.1f}" for size in SIZES)
        click.echo(f"  {figure.replace('_', ' '):<14}{row}")


@pattern.command()
@click.argument("name")
@click.option("--output", "-o", "out", type=click.Path(path_type=Path), required=True, help="The .json to write.")
def recipe(name: str, out: Path) -> None:
    """Write the recipe of pattern NAME, to change it and make it: `dressform pattern make FILE.json`.

    Example: dressform pattern recipe tee -o my-tee.json
    """
    from dressform.assets.atomic import write_bytes
    from dressform.authoring.patterns.kinds import kind_of

    if out.suffix != ".json":
        raise UsageError(f"-o {out} must end in .json")
    write_bytes(in_folder(out), kind_of(name).recipe.read_bytes())
    click.echo(f"{out}: change it, then `dressform pattern make {out} -o DRAFT`")


@pattern.command()
@click.argument("name", metavar="NAME|RECIPE.json")
@click.option(
    "--output", "-o", "out", type=click.Path(path_type=Path), required=True, help="Folder of the draft to make."
)
@SIZE
@MEASURE
@AVATAR
@OPTION
@FABRIC
@COLOR
@click.option("--name", "template", help="The template's name; by default the recipe's.")
@AS_JSON
def make(name: str, out: Path, template: str | None, as_json: bool, **given: Any) -> None:
    """Make pattern NAME, or a recipe file, as a draft: sewn, draped on the canonical body, rigged, with pictures.

    A size takes half a minute to a few minutes.

    Example: dressform pattern make tee -o drafts/tee --size M --measure chest=0.96 --fabric jersey --color "#8a2b2b"
    """
    made = _recipe(name, template=template, **given)
    from dressform.authoring.patterns.make import make_draft

    with progress_bar("pattern") as progress:
        draft = make_draft(made, out, progress=progress)
    if as_json:
        steps = [{"step": s["step"], "seconds": s["seconds"], "report": s["report"]} for s in draft.steps]
        click.echo(json.dumps({"draft": str(draft.folder), "steps": steps}, indent=2))
        return
    sizes = ", ".join(draft.manifest["sizes"])
    click.echo(f"{draft.folder}: {draft.manifest['name']} in {sizes}, {draft.manifest['mesh']['triangles']} triangles")
    for size, drape in draft.report("drape")["sizes"].items():
        click.echo(
            f"  {size}: stretch p95 {drape['stretch_p95_percent']:.1f} %, {drape['penetrating_percent']:.2f} % inside "
            f"the body, {drape['seconds']:.0f} s"
        )


@pattern.command()
@click.argument("name", metavar="NAME|RECIPE.json")
@click.option(
    "--output", "-o", "out", type=click.Path(dir_okay=False, path_type=Path), required=True,
    help="Ends in .svg or .dxf (panels at true scale with seam allowance), or .json (panels to change by hand).",
)  # fmt: skip
@SIZE
@MEASURE
@AVATAR
@OPTION
def export(name: str, out: Path, **given: Any) -> None:
    """Write the panels of pattern NAME, or of a recipe, with seam allowance; several sizes are nested.

    Example: dressform pattern export shirt -o shirt.svg --size S --size M --size L
    """
    patterns = list(_recipe(name, template=None, fabrics=(), colors=(), **given).patterns.values())
    in_folder(out)
    suffix = out.suffix.lower()
    if suffix == ".svg":
        from dressform.authoring.patterns.export_svg import write_svg

        write_svg(out, patterns)
    elif suffix == ".dxf":
        from dressform.authoring.patterns.export_dxf import write_dxf

        write_dxf(out, patterns)
    elif suffix == ".json":
        from dressform.authoring.patterns.pattern_json import write_pattern

        if len(patterns) > 1:
            raise UsageError(f"-o {out}: a .json holds one size; give one --size")
        write_pattern(out, patterns[0])
    else:
        raise UsageError(f"-o {out} must end in .svg, .dxf or .json")
    click.echo(f"{out}: {len(patterns[0].panels)} panels, {', '.join(each.size for each in patterns)}")


def _recipe(
    name: str,
    *,
    template: str | None,
    sizes: tuple[str, ...],
    measures: tuple[str, ...],
    avatar_file: Path | None,
    options: tuple[str, ...],
    fabrics: tuple[str, ...],
    colors: tuple[str, ...],
) -> Recipe:
    """Read the recipe of a kind or a file, and lay the command line over it."""
    from dressform.authoring.patterns.kinds import kind_of
    from dressform.authoring.patterns.recipe import read_recipe, recipe_of
    from dressform.authoring.steps.import_mesh import template_name

    of_file = name.endswith(".json")
    path = Path(name) if of_file else kind_of(name, besides="a recipe that ends in .json").recipe
    document = cast("dict[str, Any]", read_recipe(path))
    if not of_file:
        sizes = sizes or ("M",)
    if sizes:
        document["sizes"] = list(dict.fromkeys(sizes))
        document.pop("default_size", None)
    if template is not None:
        if template != template_name(template):
            near = template_name(template)
            raise UsageError(f"--name {template!r} must be lower-case letters, digits and hyphens; try {near!r}")
        document["name"] = template
    if measures:
        stated = {key: _metres(key, value) for key, value in _pairs("--measure", measures)}
        document["measures"] = {**document.get("measures", {}), **stated}
    if options:
        document["options"] = {**document.get("options", {}), **dict(_pairs("--option", options))}
    _dress(document, fabrics, colors)
    return recipe_of(cast("RecipeDocument", document), path.parent, name, body=_body(avatar_file))


def _dress(document: dict[str, Any], fabrics: tuple[str, ...], colors: tuple[str, ...]) -> None:
    """Lay fabrics and colours over a recipe's: a look of its own is chosen by name, other colours make one look."""
    looks: dict[str, Any] = document.get("colourways", {})
    chosen = next((text for text in colors if len(colors) == 1 and text in looks), None)
    cloths = {slot: dict(cloth) for slot, cloth in document.get("cloths", {}).items()}
    for key, texts in (("fabric", fabrics), ("color", colors if chosen is None else ())):
        given: dict[str, str] = {}
        for text in texts:
            slot, _, value = text.rpartition("=")
            if (slot or "main") in given:
                raise UsageError(f"--{key} is given twice for the {slot or 'main'} cloth: give it once")
            given[slot or "main"] = _hex(value, looks) if key == "color" else value
        for slot, value in given.items():
            cloths.setdefault(slot, {})[key] = value
    document["cloths"] = cloths
    if chosen is not None:
        document["colourways"] = {chosen: looks[chosen]}
    elif colors:
        document.pop("colourways", None)


def _pairs(option: str, texts: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals and value):
            raise UsageError(f"{option} {text!r} must be NAME=VALUE")
        pairs.append((key.strip().replace("-", "_"), value.strip()))
    return pairs


def _metres(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise UsageError(f"--measure {name}={text}: needs metres such as 0.96") from None
    if not 0 < value < math.inf:
        raise UsageError(f"--measure {name}={text}: needs a positive number such as 0.96 (metres; mass in kg)")
    return value


def _hex(text: str, looks: Collection[str]) -> str:
    """Return the colour of a CSS name or #rrggbb as a recipe has it; `looks` are named when it is none."""
    from PIL import ImageColor

    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        own = f", or alone a look of the recipe: {', '.join(looks)}" if looks else ""
        raise UsageError(f"--color {text!r} is no colour; needed a CSS name such as navy, or #rrggbb{own}") from None
    return f"#{red:02x}{green:02x}{blue:02x}"


def _body(avatar_file: Path | None) -> dict[str, float] | None:
    if avatar_file is None:
        return None
    from dressform.runtime.avatar.avatar_file import Avatar

    return Avatar.load(avatar_file).rest().measures().as_dict()


def _documented(options: type[Any]) -> dict[str, str]:
    """Return what a dataclass's docstring says of each field, its first line."""
    lines = (options.__doc__ or "").splitlines()
    known = {field.name for field in dataclasses.fields(options)}
    told = (line.strip().partition(": ") for line in lines)
    return {name: about for name, colon, about in told if colon and name in known}
