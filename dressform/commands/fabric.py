"""`dressform fabric`: the cloths that garments are made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from dressform.schemas.errors import UsageError

from .output_file import in_folder

if TYPE_CHECKING:
    from dressform.authoring.fabrics.fabric import Fabric

_UNITS = {
    "weight": "g/m²",
    "thickness": "mm",
    "stretch_warp": "N/m",
    "stretch_weft": "N/m",
    "shear": "N/m",
    "bending_warp": "µN·m",
    "bending_weft": "µN·m",
    "friction": "",
}
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def fabric() -> None:
    """List fabrics and look at them.

    Example: dressform fabric swatch denim -o denim.png
    """


@fabric.command("list")
@as_json
def list_fabrics(as_json: bool) -> None:
    """List the fabrics that garments can be made of.

    Example: dressform fabric list
    """
    from dressform.authoring.fabrics.fabric import fabric as find
    from dressform.authoring.fabrics.fabric import fabric_names

    found = [find(name) for name in fabric_names()]
    if as_json:
        rows = [
            {
                "name": f.name,
                "title": f.document["title"],
                "description": f.document["description"],
                "structure": next(iter(f.look)),
                "weight": f.physics["weight"],
            }
            for f in found
        ]
        click.echo(json.dumps({"fabrics": rows}, indent=2, ensure_ascii=False))
        return
    for f in found:
        click.echo(f"{f.name:<13} {f.physics['weight']:4.0f} g/m²  {f.document['description']}")


@fabric.command()
@click.argument("name")
@as_json
def show(name: str, as_json: bool) -> None:
    """Show a fabric: how it hangs, what it is made of, where the values come from. NAME may be a fabric file.

    Example: dressform fabric show denim
    """
    from dressform.authoring.fabrics.fabric import fabric as find
    from dressform.authoring.fabrics.fabric import template_fabric

    found = find(name)
    if as_json:
        shown = {"fabric": found.document, "template": template_fabric(found)}
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    for label, text in _card(found):
        click.echo(f"{label:<14} {text}")


def _physics(found: Fabric) -> dict[str, float]:
    return {key: value for key, value in found.physics.items() if isinstance(value, int | float)}


def _card(found: Fabric) -> list[tuple[str, str]]:
    from dressform.authoring.fabrics.fabric import counts

    document = found.document
    return [
        ("fabric", f"{document['title']} ({found.name})"),
        ("", document["description"]),
        *((key.replace("_", " "), f"{value:g} {_UNITS[key]}".rstrip()) for key, value in _physics(found).items()),
        ("structure", next(iter(found.look))),
        *((key.removesuffix("_per_cm"), f"{per_cm:g} per cm") for key, (per_cm, _) in counts(found).items()),
        ("tile", f"{100 * found.tile_m:g} cm"),
        ("licence", f"{document['licence']}; {', '.join(document['authors'])}"),
        *(("source", f"{what}: {text}") for what, text in document["sources"].items()),
    ]


@fabric.command()
@click.argument("name")
@click.option(
    "--output", "-o", "out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="PNG to write."
)
@click.option("--color", help="A CSS name such as navy, or #rrggbb; by default the fabric's own dye.")
@click.option("--width-cm", default=5.0, help="What the picture shows from side to side.")
def swatch(name: str, out: Path, color: str | None, width_cm: float) -> None:
    """Draw fabric NAME from close by, in a soft fold under a lamp, with a scale bar.

    Example: dressform fabric swatch denim -o denim.png --color "#27364f" --width-cm 2
    """
    if out.suffix.lower() != ".png":
        raise UsageError(f"-o {out} must end in .png")
    from dressform.authoring.fabrics.fabric import fabric as find
    from dressform.authoring.fabrics.swatch import linear_color, write_swatch

    write_swatch(in_folder(out), find(name), 0.01 * width_cm, None if color is None else linear_color(color))
    click.echo(out)
