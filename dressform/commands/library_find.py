"""The commands of `dressform library` that look things up: search and log."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from dressform.assets.sizes import ordered_sizes

from .library_options import as_json, in_library, print_json, print_table
from .progress import progress_bar

if TYPE_CHECKING:
    from dressform.assets.search import Hit


@click.command()
@click.argument("text", nargs=-1, metavar="[TEXT]...")
@click.option("--category", help="Such as tee, shirt, trousers, dress.")
@click.option("--tag", "tags", multiple=True, help="A tag that it has; repeat for several, all of which it must have.")
@click.option("--body", "bodies", multiple=True, help="Body family that can wear it, such as smplx; repeat for more.")
@click.option("--color", help="A colour of the cloth in any look: a name such as navy, or #rrggbb.")
@click.option("--size", help="A size that it has, such as XL.")
@click.option("--rebuild", is_flag=True, help="Make the index anew from the manifests first.")
@in_library
@as_json
def search(
    text: tuple[str, ...],
    category: str | None,
    tags: tuple[str, ...],
    bodies: tuple[str, ...],
    color: str | None,
    size: str | None,
    rebuild: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Find templates whose name, title, description, tags, cloth, authors or colourways hold every word of TEXT.

    Example: dressform library search cotton --category tee --color navy --size M
    """
    from dressform.assets.library import Library
    from dressform.assets.search import Query
    from dressform.assets.search import search as run

    query = Query(" ".join(text), category, tags, bodies, color, size)
    with progress_bar("index", transient=True) as progress:
        hits = run(Library.open(folder), query, rebuild=rebuild, progress=progress)
    if as_json:
        print_json({"templates": [asdict(hit) for hit in hits]})
    elif hits:
        print_table(("wear", "title", "category", "sizes", "colourways", "tags"), [_row(hit) for hit in hits])
    else:
        click.echo("nothing was found; see all with `dressform library list`", err=True)


@click.command()
@click.argument("name")
@in_library
@as_json
def log(name: str, folder: Path | None, as_json: bool) -> None:
    """Tell every version of a template and what it changed, the highest first.

    Example: dressform library log tee
    """
    from dressform.assets.history import history
    from dressform.assets.library import Library

    entries = history(Library.open(folder), name)
    if as_json:
        rows = [
            {
                "version": entry.version.version,
                "digest": entry.version.digest,
                "yanked": entry.version.yanked,
                "base": entry.base,
                "bump": entry.level,
                "changes": [asdict(change) for change in entry.changes],
                "tool": entry.version.manifest["tool"],
            }
            for entry in entries
        ]
        print_json({"name": name, "versions": rows})
        return
    for entry in entries:
        after = "the first" if entry.base is None else f"{entry.level or 'the same content'} after {entry.base}"
        yanked = f", yanked: {entry.version.yanked}" if entry.version.yanked else ""
        click.echo(f"{entry.version.label}  {after}  sha256 {entry.version.digest[:12]}{yanked}")
        for change in entry.changes:
            click.echo(f"  {change.level}: {change.what}")


def _row(hit: Hit) -> tuple[str, ...]:
    """Return a hit as cells; what can be given to --wear comes first, with the look that has the colour asked for."""
    look = next((f"/{look}" for look in hit.looks if look), "") if "" not in hit.looks else ""
    return (
        f"{hit.name}@{hit.version}{look}",
        hit.title,
        hit.category,
        *map(" ".join, (ordered_sizes(hit.sizes), hit.variants, hit.tags)),
    )
