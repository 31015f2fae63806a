"""Progress bars on stderr, so that stdout stays machine-readable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dressform.schemas.progress import Progress


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """Show a bar with the time left while the block runs; yields what the work calls."""
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
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", title=title, total=1.0)

        def report(fraction: float, message: str, /) -> None:
            bar.update(task, completed=fraction, description=message)

        yield report
        bar.update(task, completed=1.0)
