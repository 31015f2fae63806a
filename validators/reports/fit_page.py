"""The fit matrix for people: one self-contained page, and the same table in Markdown."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from dressform.validators.fit_matrix import FIGURES, Figure, FitMatrix, below
from dressform.validators.trial import Trial

from .fit_picture import LEGEND

_CSS = """
:root { color-scheme: light dark; --paper: #fbfbf9; --ink: #1d2024; --soft: #63686f; --line: #d9dad6; --card: #fff;
  --good: #e3f1e2; --near: #fbeec4; --bad: #f6cfc9; --bad-ink: #9c1c14; }
@media (prefers-color-scheme: dark) { :root { --paper: #17191c; --ink: #e8e8e4; --soft: #a0a5ab; --line: #34383d;
  --card: #1f2226; --good: #1f3a24; --near: #4a3d12; --bad: #58211c; --bad-ink: #ff9d92; } }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 76rem; background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p { max-width: 62rem; } .soft { color: var(--soft); } .fail { color: var(--bad-ink); font-weight: 600; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }
thead th { background: var(--card); } td { min-width: 7.5rem; font-size: .88rem; }
td.good { background: var(--good); } td.near { background: var(--near); }
td.bad { background: var(--bad); } td b.over { color: var(--bad-ink); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(26rem, 1fr)); gap: 1.2rem; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 6px; overflow: hidden;
  break-inside: avoid; } figure img { width: 100%; display: block; } figcaption { padding: .6rem .8rem; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; padding: 0; list-style: none; }
.legend i { display: inline-block; width: 1em; height: 1em; margin-right: .4em; vertical-align: -.12em;
  border: 1px solid var(--line); }
@media (max-width: 32rem) { .cards { grid-template-columns: 1fr; } body { padding: 1rem; } }
@media print { :root { --paper: #fff; --ink: #000; --soft: #444; } body { max-width: none; padding: 0; }
  td, i { print-color-adjust: exact; -webkit-print-color-adjust: exact; } .cards { grid-template-columns: 1fr 1fr; } }
"""
_NEAR = 0.6  # of a limit: from here on a cell is yellow


@dataclass(frozen=True)
class Shot:
    """A picture of one trial.

    Attributes:
        trial: What it shows.
        jpeg: The encoded picture.
        file: Its name beside the page.
    """

    trial: Trial
    jpeg: bytes
    file: str


def html_page(matrix: FitMatrix, shots: Sequence[Shot]) -> str:
    """Return the matrix as one page that needs no other file.

    Args:
        matrix: What was measured.
        shots: Pictures, the worst first.
    """
    failures = len(matrix.failures)
    verdict = f'<span class="fail">{_verdict(matrix)}</span>' if failures else escape(_verdict(matrix))
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        '<meta name=viewport content="width=device-width, initial-scale=1">',
        f"<title>Fit matrix</title><style>{_CSS}</style></head><body>",
        f"<h1>Fit matrix</h1><p>{verdict}</p><p class=soft>{escape(_how(matrix))}</p>",
        f"<h2>The worst of each figure on each body</h2>{_table(matrix)}",
    ]
    if matrix.untested:
        items = "".join(f"<li>{escape(name)}: {escape(why)}</li>" for name, why in matrix.untested.items())
        parts.append(f"<h2>Not tested</h2><ul>{items}</ul>")
    if shots:
        colors = "".join(f'<li><i style="background: rgb{color}"></i>{escape(text)}</li>' for color, text in LEGEND)
        cards = "".join(_card(matrix, shot) for shot in shots)
        parts.append(f"<h2>The worst trials</h2><ul class=legend>{colors}</ul><div class=cards>{cards}</div>")
    return "".join(parts) + "</body></html>\n"


def markdown(matrix: FitMatrix, shots: Sequence[Shot]) -> str:
    """Return the matrix as Markdown; its pictures are files beside it."""
    bodies = matrix.budgets.sweep_bodies
    lines = ["# Fit matrix", "", _verdict(matrix), "", _how(matrix), ""]
    lines += ["| garment | " + " | ".join(bodies) + " |", "| --- |" + " --- |" * len(bodies)]
    for row in matrix.rows():
        cells = [_cell_text(matrix, matrix.on_body(row, body)) for body in bodies]
        lines.append(f"| {_plain(_name(*row))} | " + " | ".join(map(_plain, cells)) + " |")
    lines += [""] + [f"Not tested: {_plain(name)}: {_plain(why)}" for name, why in matrix.untested.items()]
    for shot in shots:
        lines += ["", f"![{_plain(_title(shot.trial))}]({shot.file})", "", _plain(_said(matrix, shot.trial))]
    return "\n".join(lines).rstrip("\n") + "\n"


def summary_lines(matrix: FitMatrix) -> list[str]:
    """Return the verdict, then every trial above a limit, as lines for a terminal."""
    lines = [f"{_title(trial)}: {_said(matrix, trial)}" for trial in matrix.failures]
    lines += [f"not tested: {name}: {why}" for name, why in matrix.untested.items()]
    return [*lines, _verdict(matrix)]


def _verdict(matrix: FitMatrix) -> str:
    failures, total = len(matrix.failures), len(matrix.trials)
    tried = f"{total} trial{'s' if total != 1 else ''}"
    return f"{failures} of {tried} are above a limit" if failures else f"{tried}, none above a limit"


def _how(matrix: FitMatrix) -> str:
    budgets = matrix.budgets
    limits = ", ".join(f"{figure.title} {matrix.limit(figure):g} {figure.unit}" for figure in FIGURES)
    poses = ", ".join(budgets.sweep_poses).replace("_", " ")
    return (
        f"Tried on {', '.join(budgets.sweep_bodies)} in the poses {poses}, each body in the "
        f"size nearest to its girths. Limits: {limits}. Cloth counts as in the body, or in the layer below, from 1 mm "
        "deep, as it is drawn; stretch is the 95th percentile of how much longer its edges are than they are cut."
    )


def _table(matrix: FitMatrix) -> str:
    bodies = matrix.budgets.sweep_bodies
    head = "".join(f"<th scope=col>{escape(body)}</th>" for body in bodies)
    rows = []
    for row in matrix.rows():
        cells = "".join(_cell(matrix, matrix.on_body(row, body)) for body in bodies)
        rows.append(f"<tr><th scope=row>{escape(_name(*row))}</th>{cells}</tr>")
    table = f"<table><thead><tr><th scope=col>garment</th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f"<div class=scroll>{table}</div>"


def _cell(matrix: FitMatrix, trials: Sequence[Trial]) -> str:
    excess = max(matrix.excess(trial) for trial in trials)
    kind = "bad" if excess > 1 else "near" if excess > _NEAR else "good"
    figures = "<br>".join(
        f"{escape(figure.title)} <b{_over(matrix, figure, worst)}>{_told(figure, worst)}</b> "
        f"<span class=soft>{escape(_pose(worst))}</span>"
        for figure, worst in _figures(trials)
    )
    return f"<td class={kind}>size {escape(trials[0].size)}<br>{figures}</td>"


def _cell_text(matrix: FitMatrix, trials: Sequence[Trial]) -> str:
    mark = "**above** " if any(matrix.above(trial) for trial in trials) else ""
    figures = (f"{figure.title} {_told(figure, worst)} ({_pose(worst)})" for figure, worst in _figures(trials))
    return f"{mark}{trials[0].size}: {', '.join(figures)}"


def _figures(trials: Sequence[Trial]) -> Iterator[tuple[Figure, Trial]]:
    """Yield what a cell tells: the worst stretch, and of the other figures what is there, each with its trial."""
    for figure in FIGURES:
        worst = max(trials, key=figure.of)
        if figure.key == "stretch" or _number(figure.of(worst)) != "0":
            yield figure, worst


def _over(matrix: FitMatrix, figure: Figure, trial: Trial) -> str:
    return " class=over" if figure.of(trial) > matrix.limit(figure) else ""


def _told(figure: Figure, trial: Trial) -> str:
    return f"{_number(figure.of(trial))} {figure.unit}"


def _pose(trial: Trial) -> str:
    return trial.pose.replace("_", " ")


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")


def _card(matrix: FitMatrix, shot: Shot) -> str:
    data = base64.b64encode(shot.jpeg).decode("ascii")
    title = escape(_title(shot.trial))
    above = " class=fail" if matrix.above(shot.trial) else ""
    return (
        f'<figure><img src="data:image/jpeg;base64,{data}" alt="{title}">'
        f"<figcaption><b>{title}</b><br><span{above}>{escape(_said(matrix, shot.trial))}</span></figcaption></figure>"
    )


def _name(garment: str, under: str | None) -> str:
    return garment if under is None else f"{garment} over {under}"


def _title(trial: Trial) -> str:
    return f"{_name(trial.garment, below(trial))}, size {trial.size}, {trial.body}, {_pose(trial)}"


def _said(matrix: FitMatrix, trial: Trial) -> str:
    def told(figure: Figure) -> str:
        value, limit = figure.of(trial), matrix.limit(figure)
        over = f" (at most {limit:g} {figure.unit})" if value > limit else ""
        return f"{figure.title} {_number(value)} {figure.unit}{over}"

    return "; ".join(told(figure) for figure in FIGURES if figure.key != "sunk" or trial.under is not None)


def _plain(text: str) -> str:
    """Return text that cannot end a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")
