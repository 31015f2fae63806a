"""`dressform fit`: which size of a garment fits a person, and where it is tight or loose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from dressform.schemas.errors import UsageError

from .output_file import in_folder
from .progress import progress_bar

if TYPE_CHECKING:
    from dressform.runtime.body.protocol import RestBody
    from dressform.runtime.fit.report import GarmentFit, SizeFit


@click.command()
@click.argument("avatar", type=click.Path(path_type=Path))
@click.option("--wear", multiple=True, required=True, metavar="NAME[@RANGE]", help="What to try on; repeatable.")
@click.option("--size", "sizes", multiple=True, metavar="SIZE", help="A size to try; repeatable, all unless stated.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="PNG: strain maps of all sizes.")
@click.option("--library", type=click.Path(path_type=Path), help="Where the templates are; your library unless stated.")
@click.option("--lock", type=click.Path(path_type=Path), help="Wear the versions that a lock file names.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def fit(
    avatar: Path,
    wear: tuple[str, ...],
    sizes: tuple[str, ...],
    output: Path | None,
    library: Path | None,
    lock: Path | None,
    as_json: bool,
) -> None:
    """Try every size of a garment on AVATAR, each as large as it is cut, and recommend one.

    Ease is the garment's girth less the body's; garments are tried one by one, not over each other.

    Example: dressform fit avatar.json --wear tee -o tee-fit.png
    """
    if output is not None:
        if output.suffix.lower() != ".png":
            raise UsageError(f"-o {output}: the picture is a PNG; name a file that ends in .png")
        in_folder(output)
    from dressform.fitting import fit as try_on
    from dressform.runtime.avatar.avatar_file import Avatar

    person = Avatar.load(avatar)
    found = []
    for name in wear:
        with progress_bar(f"fitting {name}") as progress:
            found.append(try_on(person, name, sizes=sizes, library=library, lock=lock, progress=progress))
    if output is not None:
        _draw(found, person.rest(), output)
    if as_json:
        picture = {} if output is None else {"picture": str(output)}
        click.echo(json.dumps({"garments": [one.as_dict() for one in found], **picture}, indent=2))
        return
    for one in found:
        click.echo("\n".join(_lines(one)))
    if output is not None:
        click.echo(f"wrote {output}")


def _draw(found: list[GarmentFit], rest: RestBody, output: Path) -> None:
    from dressform.runtime.fit.picture import fit_picture, stacked
    from dressform.runtime.render.image import save_png

    save_png(output, stacked([fit_picture(one, rest) for one in found]))


def _lines(one: GarmentFit) -> list[str]:
    """Return what is told of a garment: the size to take, why, and a table."""
    take = f"take {one.recommended}" if len(one.sizes) > 1 else f"size {one.recommended}"
    lines = [f"{one.garment}: {take}", f"  {one.reason}"]
    lines += [f"  mind: {note}" for note in one.notes]
    names = list(dict.fromkeys(name for size in one.sizes.values() for name in size.regions))
    heads = "".join(f"{name:>14}" for name in names)
    lines.append(f"  {'ease in cm':12}{heads}{'stretch p95':>14}{'kPa':>9}")
    lines += [f"  {_row(size, names)}" for size in one.sizes.values()]
    if one.lacks:
        lines.append(f"  it has no {', '.join(one.lacks)}")
    return lines


def _row(size: SizeFit, names: list[str]) -> str:
    cells = []
    for name in names:
        region = size.regions.get(name)
        cells.append("–" if region is None else f"{region.ease_cm:+.1f} {region.verdict}")
    row = f"{size.size:12}" + "".join(f"{cell:>14}" for cell in cells)
    return f"{row}{size.stretch_p95_percent:>12.1f} %{size.pressure_kpa:>9.2f}"
