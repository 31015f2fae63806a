"""The card that `dressform library show` prints of a template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dressform.assets.sizes import ordered_sizes

if TYPE_CHECKING:
    from dressform.assets.template_version import TemplateVersion

_CHART = ("chest", "waist", "hip", "height")  # body measures of the size chart, as far as a size says them


def print_card(version: TemplateVersion, others: Sequence[Mapping[str, Any]], *, files: bool) -> None:
    """Print what a customer asks about a garment, then what a developer does.

    Args:
        version: With its size and look.
        others: All its versions: number, and why it was yanked or None.
        files: Whether its files are listed.
    """
    manifest: Mapping[str, Any] = version.manifest
    mesh = manifest["mesh"]
    rows = [
        ("category", f"{manifest['category']}, layer {manifest['layer']}"),
        ("sizes", _sizes(manifest)),
        ("colourways", ", ".join(f"{name} ({v.get('title', name)})" for name, v in manifest["variants"].items())),
        ("cloth", _cloth(manifest.get("fabric"))),
        ("bodies", ", ".join(manifest["bodies"])),
        ("tags", " ".join(manifest.get("tags", []))),
        (
            "mesh",
            f"{mesh['points']:,} points, {mesh['triangles']:,} triangles; materials {', '.join(mesh['materials'])}",
        ),
        ("licence", f"{manifest['licence']}; {', '.join(manifest['authors']) or 'no author named'}"),
        ("permissions", _permissions(manifest.get("permissions", {}))),
        ("versions", ", ".join(f"{v['version']} (yanked)" if v["yanked"] else str(v["version"]) for v in others)),
        ("yanked", version.yanked or ""),
        ("weighs", f"{sum(entry['bytes'] for entry in manifest['files'].values()) / 1e6:.1f} MB"),
        ("preview", _preview(version)),
        ("wear it", f"--wear {_example(version)}"),
    ]
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in rows:
        if value:
            table.add_row(Text(name), Text(value))
    parts: list[RenderableType] = [table]
    if "description" in manifest:
        parts.insert(0, Text(manifest["description"] + "\n", style="italic"))
    chart = _chart(manifest)
    if chart is not None:
        parts += [Text("\nmade for these body measures [cm]", style="bold"), chart]
    if files:
        listed = (f"{path}  {entry['bytes'] / 1e3:,.1f} kB" for path, entry in manifest["files"].items())
        parts.append(Text("\n" + "\n".join(listed)))
    title = Text(f"{manifest.get('title', version.name)}  ·  {version.label}")
    Console().print(Panel(Group(*parts), title=title, title_align="left", expand=False))


def _preview(version: TemplateVersion) -> str:
    """Say how to look at a version: in the store its pictures are named by their digests, which no viewer opens."""
    pictures = [name for name in ("preview.png", "turntable.mp4") if name in version.files]
    export = f"dressform library export {version.label} -o {version.name}"
    return f"{', '.join(pictures)} in what `{export}` writes" if pictures else ""


def _sizes(manifest: Mapping[str, Any]) -> str:
    default = manifest["default_size"]
    return " ".join(
        f"{size}*" if size == default and len(manifest["sizes"]) > 1 else size
        for size in ordered_sizes(manifest["sizes"])
    )


def _cloth(fabric: Mapping[str, Any] | None) -> str:
    if not fabric:
        return ""
    shown = [str(fabric.get("name", "unnamed"))]
    if "weight" in fabric:
        shown.append(f"{1000 * fabric['weight']:.0f} g/m²")
    if "thickness" in fabric:
        shown.append(f"{1000 * fabric['thickness']:.2f} mm")
    return ", ".join(shown)


def _permissions(stated: Mapping[str, Any]) -> str:
    def shown(value: object) -> str:
        return ("yes" if value else "no") if isinstance(value, bool) else str(value)

    return ", ".join(f"{name.replace('_', ' ')} {shown(value)}" for name, value in stated.items())


def _chart(manifest: Mapping[str, Any]) -> Table | None:
    """Return the size chart, or None where no size says what it is made for."""
    stated = manifest["sizes"]
    sizes = {size: stated[size]["measures"] for size in ordered_sizes(stated) if "measures" in stated[size]}
    names = [name for name in _CHART if any(name in measures for measures in sizes.values())]
    if not names:
        return None
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("")
    for size in sizes:
        table.add_column(size, justify="right")
    for name in names:
        table.add_row(name, *(f"{100 * m[name]:.0f}" if name in m else "" for m in sizes.values()))
    return table


def _example(version: TemplateVersion) -> str:
    """Return how the last colourway of a further size is asked for."""
    manifest = version.manifest
    size = next((size for size in manifest["sizes"] if size != manifest["default_size"]), None)
    look = next(reversed(manifest["variants"]), None)
    return version.name + (f":{size}" if size else "") + (f"/{look}" if look else "")
