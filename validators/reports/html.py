"""A report as one HTML page that stands alone: every finding with its pictures, why it matters and what mends it.

It loads nothing and runs nothing, so that it can be sent by mail or kept beside a build.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Sequence

from dressform import __version__
from dressform.schemas.report import Finding, Report
from dressform.validators.subject import Subject

from .alike import ORDER, gaps, grouped
from .exhibit import Exhibit, photograph
from .exhibits import exhibits_of, thumbnail
from .html_style import STYLE
from .location import excerpt, locate, owner_of, owner_of_skipped
from .reasons import REASONS
from .safe_text import safe_text
from .text import counted, where

Card = tuple[Finding, ...]  # findings that differ in their place alone


def render(report: Report, subjects: Sequence[Subject] = (), *, title: str | None = None, pictures: int = 60) -> str:
    """Return a report as an HTML page.

    Args:
        report: What a validation found.
        subjects: What was validated; without it there are no pictures.
        title: Of the page; by default it names the target.
        pictures: Most findings that get pictures, the gravest first.
    """
    names = list(dict.fromkeys([each.name for each in report.subjects] or [each.name for each in subjects]))
    groups: dict[str, list[Finding]] = {name: [] for name in names}
    for finding in report.findings:
        groups.setdefault(owner_of(finding.path, names), []).append(finding)
    cards = {name: grouped(findings) for name, findings in groups.items()}
    drawn = _drawn([card for own in cards.values() for card in own], subjects, pictures)
    heading = title or f"Validation of {report.target}"
    body = [
        _head(report, heading),
        _overview(report, groups) if len(groups) > 1 else "",
        *(_garment(name, own, subjects, drawn) for name, own in cards.items() if own),
        _further(report, list(groups)),
        f"<footer>dressform {_text(__version__)}, profile {_text(report.profile)}. "
        "Red is what a finding names; broken rings and hollow marks lie behind the cloth; blue is its inside.</footer>",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n"
        f"<title>{_text(heading)}</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main></body></html>\n"
    )


def _text(text: object) -> str:
    return html.escape(safe_text(str(text)))


def _drawn(cards: Sequence[Card], subjects: Sequence[Subject], most: int) -> dict[int, list[Exhibit]]:
    """Return the pictures of the gravest cards that have some, by the card's identity."""
    drawn: dict[int, list[Exhibit]] = {}
    for card in sorted(cards, key=lambda card: ORDER.index(card[0].severity)):
        if len(drawn) >= most:
            break
        exhibits = exhibits_of(card[0], locate(card[0], subjects))
        if exhibits:
            drawn[id(card)] = exhibits
    return drawn


def _head(report: Report, heading: str) -> str:
    sums = report.summary()
    if sums["errors"]:
        verdict = '<span class="chip error">not sound</span>'
    elif sums["fail"]:
        verdict = '<span class="chip warning">sound, with remarks</span>'
    else:
        verdict = '<span class="chip good">sound</span>'
    tiles = [
        ("error" if sums["errors"] else "", sums["errors"], "errors"),
        ("warning" if sums["warnings"] else "", sums["warnings"], "warnings"),
        ("good" if sums["pass"] else "", sums["pass"], "checks passed"),
        ("", sums["not_tested"], "not tested"),
    ]
    shown = "".join(f'<div class="tile {kind}"><strong>{count}</strong>{word}</div>' for kind, count, word in tiles)
    return f'<div class="verdict"><h1>{_text(heading)}</h1>{verdict}</div><div class="tiles">{shown}</div>'


def _anchor(name: str) -> str:
    return "g-" + "".join(sign if sign.isascii() and sign.isalnum() else f"-{ord(sign):x}-" for sign in name)


def _overview(report: Report, groups: dict[str, list[Finding]]) -> str:
    """Return the table of all garments."""
    skipped = [owner_of_skipped(each, list(groups)) for each in report.not_tested]
    everywhere = skipped.count("")
    rows = []
    for name, findings in groups.items():
        state = counted(findings) or "sound"
        kind = min(findings, key=lambda each: ORDER.index(each.severity)).severity.value if findings else "good"
        link = f'<a href="#{_anchor(name)}">{_text(name)}</a>' if findings else _text(name)
        rows.append(
            f'<tr><td>{link}</td><td><span class="chip {kind}">{_text(state)}</span></td>'
            f'<td class="number">{skipped.count(name) + everywhere}</td></tr>'
        )
    head = '<tr><th>garment</th><th>findings</th><th class="number">not tested</th></tr>'
    return f'<div class="sheet"><table>{head}{"".join(rows)}</table></div>'


def _garment(name: str, cards: Sequence[Card], subjects: Sequence[Subject], drawn: dict[int, list[Exhibit]]) -> str:
    subject = next((each for each in subjects if each.name == name), None)
    small = None if subject is None else thumbnail(subject)
    picture = "" if small is None else _image(photograph("preview", small))
    told = counted([finding for card in cards for finding in card])
    head = f'<div class="head">{picture}<div><h2>{_text(name)}</h2><p class="faint">{_text(told)}</p></div></div>'
    shown = "\n".join(_finding(card, name, subjects, drawn.get(id(card), [])) for card in cards)
    return f'<section class="garment" id="{_anchor(name)}">{head}\n{shown}</section>'


def _finding(card: Card, name: str, subjects: Sequence[Subject], exhibits: Sequence[Exhibit]) -> str:
    first = card[0]
    rows = [("where", f"<code>{_text(where(card, name))}</code>")]
    reason = REASONS.get(first.name)
    if reason:
        rows.append(("why it matters", _text(reason)))
    rows.append(("how to mend it", _text(first.cure)))
    values = dict.fromkeys(f"{each.value:g}" for each in card if each.value is not None and not _tells(each))
    if values:
        rows.append(("measured", ", ".join(values)))
    listed = "".join(f"<dt>{key}</dt><dd>{value}</dd>" for key, value in rows)
    said = excerpt(locate(first, subjects))
    figures = "".join(
        f"<figure>{_image(exhibit)}<figcaption>{_text(exhibit.caption)}</figcaption></figure>" for exhibit in exhibits
    )
    beside = " beside" if len(exhibits) == 1 else ""
    return (
        f'<article class="finding {first.severity.value}">'
        f'<p><span class="chip {first.severity.value}">{first.severity.value}</span> '
        f'<span class="faint">{_text(first.rule)} · {_text(first.name)}</span></p>'
        f"<h3>{_text(_sentence(first.message))}</h3>"
        + f'<div class="told{beside}">'
        + (f'<div class="pictures">{figures}</div>' if figures else "")
        + "<div>"
        + (f"<pre>{_text(said)}</pre>" if said else "")
        + f"<dl>{listed}</dl></div></div></article>"
    )


def _tells(finding: Finding) -> bool:
    """Say whether a message holds the measured value already."""
    return any(float(number) == finding.value for number in re.findall(r"\d+(?:\.\d+)?", finding.message))


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:]


def _image(exhibit: Exhibit) -> str:
    data = base64.b64encode(exhibit.content).decode("ascii")
    width, height = exhibit.size
    alt = _text(exhibit.caption)
    return f'<img src="data:{exhibit.mime};base64,{data}" width="{width}" height="{height}" alt="{alt}">'


def _further(report: Report, names: Sequence[str]) -> str:
    """Return what else there is to know, folded away."""
    parts = [
        _folded(
            "not tested",
            ("garment", "rule", "reason"),
            [
                (", ".join(owners) or "all", ", ".join(rules), reason)
                for owners, reason, rules in gaps(report.not_tested, names)
            ],
        ),
        _folded(
            "findings that do not count",
            ("finding", "what", "reason"),
            [
                (
                    f"{each.finding.rule} {each.finding.name} {each.finding.path}",
                    each.finding.message,
                    f"{each.kind}: {each.reason}" + (f" (until {each.until})" if each.until else ""),
                )
                for each in report.suppressed
            ],
        ),
        _folded(
            "known findings that are gone",
            ("rule", "where"),
            [(f"{each.rule} {each.name}", each.path) for each in report.gone],
        ),
        _folded(
            "measured",
            ("rule", "where", "value"),
            [(each.name, each.path, f"{each.value:g} {each.unit}") for each in report.measured],
        ),
    ]
    found = "\n".join(part for part in parts if part)
    return f'<section class="garment">{found}</section>' if found else ""


def _folded(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{column}</th>" for column in columns)
    body = "".join(_row(row) for row in rows)
    table = f'<div class="sheet"><table><tr>{head}</tr>{body}</table></div>'
    return f"<details><summary>{_text(title)} ({len(rows)})</summary>{table}</details>"


def _row(row: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>"
