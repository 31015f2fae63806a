"""Progress bars on stderr, so that stdout stays machine-readable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dressform.schemas.progress import Progress


@contextmanager
def progress_bar(title: str, *, transient: bool = False) -> Iterator[Progress]:
    """Show a bar with the time left while the block runs; yields what the work calls.

    Args:
        title: What the work is.
        transient: Whether the bar is seen only on a terminal and goes when the work is done.
    """
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.fields[title]:<12}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    console = Console(stderr=True)
    with Bar(*columns, console=console, transient=transient, disable=transient and not console.is_terminal) as bar:
        task = bar.add_task("", title=title, total=1.0)

        def report(fraction: float, message: str, /) -> None:
            bar.update(task, completed=fraction, description=message)

        yield report
        bar.update(task, completed=1.0)
