"""The page that shows what the main job made."""

from __future__ import annotations

import html
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_STYLE = """
:root { color-scheme: light; --ink: #23262b; --faint: #6b7280; --line: #e3e5e9; --paper: #fafafa; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 28px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 32px 0 12px; }
p { color: var(--faint); margin: 0; max-width: 70ch; }
.row { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 20px; align-items: start; }
.figures { columns: 2 400px; column-gap: 20px; }
figure { margin: 0 0 20px; break-inside: avoid; background: #fff; border: 1px solid var(--line); }
figure { border-radius: 12px; overflow: hidden; }
figure img, figure video { display: block; width: 100%; }
figcaption { padding: 10px 14px; font-size: 14px; color: var(--faint); border-top: 1px solid var(--line); }
table { border-collapse: collapse; background: #fff; border: 1px solid var(--line); border-radius: 12px; width: 100%; }
td, th { text-align: left; padding: 8px 14px; border-bottom: 1px solid var(--line); font-weight: normal; }
td:last-child { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
"""


@dataclass(frozen=True)
class Picture:
    """One figure of the page: a file in the page's folder and the line below it."""

    file: Path
    caption: str


def write_page(
    folder: Path, summary: str, pictures: Sequence[Picture], tables: Mapping[str, Mapping[str, str]], video: Picture
) -> Path:
    """Write index.html beside the files it shows and return its path.

    Args:
        folder: Where the page goes.
        summary: One sentence under the title.
        pictures: Shown after the video.
        tables: Title → rows of name and value.
        video: Shown first.
    """
    figures = "\n".join(_figure(f'<img src="{_link(folder, p.file)}" alt="">', p.caption) for p in pictures)
    player = f'<video src="{_link(folder, video.file)}" autoplay loop muted playsinline controls></video>'
    sections = "\n".join(f"<section><h2>{html.escape(title)}</h2>{_table(rows)}</section>"
                         for title, rows in tables.items())  # fmt: skip
    page = folder / "index.html"
    page.write_text(
        f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>dressform</title><style>{_STYLE}</style>
<main><h1>dressform</h1><p>{html.escape(summary)}</p>
<h2>Try-on</h2><div class="figures">{_figure(player, video.caption)}
{figures}</div>
<div class="row">{sections}</div></main></html>
""",
        encoding="utf-8",
    )
    return page


def _figure(content: str, caption: str) -> str:
    return f"<figure>{content}<figcaption>{html.escape(caption)}</figcaption></figure>"


def _table(rows: Mapping[str, str]) -> str:
    cells = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>" for name, value in rows.items()
    )
    return f"<table>{cells}</table>"


def _link(folder: Path, file: Path) -> str:
    """Return the link to a file, copying it beside the page when it lies elsewhere."""
    if not file.resolve().is_relative_to(folder.resolve()):
        target = folder / file.name
        shutil.copyfile(file, target)
        file = target
    return html.escape(file.resolve().relative_to(folder.resolve()).as_posix())
