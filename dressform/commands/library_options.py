"""What the commands of `dressform library` share: options and the form of their JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import rich_click as click

in_library = click.option(
    "--library",
    "folder",
    type=click.Path(path_type=Path),
    help="The library's folder; by default $DRESSFORM_LIBRARY, else one in your data folder.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_json(data: object) -> None:
    """Print a result as JSON on the standard output."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def print_table(headings: tuple[str, ...] | None, rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows as a table on the standard output, as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", show_header=headings is not None)
    for number, heading in enumerate(headings or ("", "", "")):
        table.add_column(heading, overflow="fold", no_wrap=number == 0)  # names are copied, so they stay in one piece
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # as text: names may hold what rich takes for markup
    Console().print(table)
