"""The documentation of all rules, written from the table: `python -m dressform.validators.reports.page docs`.

It writes an index, a page for each group and a picture for each rule, drawn from the rule's own example.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from dressform.assets.atomic import write_bytes, write_text
from dressform.validators.examples.table import EXAMPLES
from dressform.validators.rule import Rule
from dressform.validators.rules.table import RULES

from .reasons import REASONS

INDEX = "rules.md"
FOLDER = "rules"
PICTURES = "rules/images"
_COMMAND = "python -m dressform.validators.reports.page docs"
_TITLES = {
    "manifest": "the manifest",
    "mesh": "the surface",
    "sizes": "the sizes",
    "lod": "levels of detail",
    "uv": "the UV sets",
    "skin": "weights and binding",
    "place": "the placing",
    "material": "materials",
    "texture": "textures",
    "picture": "preview and turntable",
    "gltf": "the glTF files",
    "sweep": "motion over poses and bodies",
    "field": "the learned field",
    "fabric": "the fabric",
    "version": "versions",
}


def pages(pictures: Sequence[str]) -> dict[str, str]:
    """Return the pages by their path under docs/.

    Args:
        pictures: Files under docs/rules/images; a rule is shown the one that begins with its name.
    """
    groups: dict[str, list[Rule]] = {}
    for rule in sorted(RULES, key=lambda rule: rule.code):
        groups.setdefault(rule.group, []).append(rule)
    order = sorted(groups, key=lambda group: [*_TITLES, group].index(group))
    found = {INDEX: _index({group: groups[group] for group in order})}
    for group in order:
        found[f"{FOLDER}/{group}.md"] = _group(group, groups[group], pictures)
    return found


def finds(rule: Rule) -> str:
    """Return what a rule finds, in one sentence."""
    return " ".join((rule.check.__doc__ or "").split("\n\n")[0].split())


def title(rule: Rule) -> str:
    """Return the heading of a rule."""
    return f"{rule.code} {rule.name}"


def anchor(heading: str) -> str:
    """Return what a Markdown viewer makes of a heading in a link."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _index(groups: dict[str, list[Rule]]) -> str:
    lines = [
        "# Validation rules",
        "",
        f"Written by `{_COMMAND}`, as are the pages it leads to: what a",
        "rule finds, why that matters, what mends it, and a picture of a sound garment beside one that breaks it.",
        "Codes are stable: a code that is retired is never used again. A file that cannot be read is DF-FILE-001",
        "`file.readable`, and the rules that need it are *not tested*. On a draft, a step that has not run leaves its",
        "rules *not tested*; before publishing it is an error. `dressform library verify` adds DF-LIBRARY rules on the",
        "store. `--sweep` runs the rules on motion.",
        "",
    ]
    for group, rules in groups.items():
        lines += [f"## [{_TITLES.get(group, group).capitalize()}]({FOLDER}/{group}.md)", ""]
        lines += ["| code | name | severity | what it finds |", "| --- | --- | --- | --- |"]
        for rule in rules:
            link = f"{FOLDER}/{group}.md#{anchor(title(rule))}"
            lines.append(f"| [{rule.code}]({link}) | `{rule.name}` | {rule.severity.value} | {finds(rule)} |")
        lines.append("")
    return "\n".join(lines)


def _group(group: str, rules: Sequence[Rule], pictures: Sequence[str]) -> str:
    lines = [f"# Rules on {_TITLES.get(group, group)}", "", f"[All rules](../{INDEX}). Written by `{_COMMAND}`.", ""]
    for rule in rules:
        lines += [f"## {title(rule)}", "", f"**{rule.severity.value}** · {finds(rule)}", ""]
        example = EXAMPLES[rule.name].what
        picture = next((name for name in pictures if Path(name).stem == rule.name), None)
        if picture:
            lines += [f"![A sound garment beside an example: {example}](images/{picture})", ""]
        lines += [f"- **Example:** {example}"]
        if rule.name in REASONS:
            lines.append(f"- **Why it matters:** {REASONS[rule.name]}")
        lines += [f"- **How to mend it:** {rule.cure}", ""]
    return "\n".join(lines)


def write_pages(docs: Path, only: Sequence[str] = ()) -> None:
    """Write the index, the pages and the pictures.

    Args:
        docs: The folder of the documentation.
        only: Rules or groups whose pictures are drawn again; all when empty. Those of rules that are gone are removed.
    """
    from .page_picture import rule_picture

    folder = docs / PICTURES
    names = {rule.name for rule in RULES}
    for old in sorted(folder.glob("*")):
        if old.stem not in names:
            old.unlink()
    for rule in RULES:
        if only and rule.name not in only and rule.group not in only:
            continue
        picture = rule_picture(rule)
        if picture is None:
            print(f"{rule.name}: cannot be tested here; its picture is left as it is", file=sys.stderr)
            continue
        for old in folder.glob(f"{rule.name}.*"):
            if old.stem == rule.name:
                old.unlink()
        write_bytes(folder / f"{rule.name}.{picture.suffix}", picture.content)
    for path, text in pages(sorted(file.name for file in folder.glob("*"))).items():
        write_text(docs / path, text)
    for page in (docs / FOLDER).glob("*.md"):
        if page.stem not in {rule.group for rule in RULES}:
            page.unlink()


if __name__ == "__main__":
    import warp

    warp.config.log_level = warp.LOG_ERROR
    if len(sys.argv) < 2:
        sys.exit("usage: python -m dressform.validators.reports.page DOCS [RULE or GROUP ...]")
    write_pages(Path(sys.argv[1]), sys.argv[2:])
