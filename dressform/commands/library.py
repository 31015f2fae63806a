"""`dressform library`: publish, find and check garment templates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dressform.assets.template_version import TemplateVersion

in_library = click.option(
    "--library",
    "folder",
    type=click.Path(path_type=Path),
    help="The library's folder; by default $DRESSFORM_LIBRARY, else one in your data folder.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def library() -> None:
    """Publish, find and check garment templates.

    Example: dressform library list
    """


@library.command("list")
@in_library
@as_json
def list_templates(folder: Path | None, as_json: bool) -> None:
    """List the templates at their newest versions.

    Example: dressform library list --json
    """
    from dressform.assets.library import Library

    opened = Library.open(folder)
    rows = [
        {**vars(row), "sizes": list(row.sizes), "variants": list(row.variants), "bodies": list(row.bodies)}
        for row in opened.list()
    ]
    if as_json:
        _print_json({"templates": rows})
    elif rows:
        _print_table(
            ("template", "version", "category", "sizes", "variants", "bodies"),
            [
                (r["name"], r["version"], r["category"], *(" ".join(r[key]) for key in ("sizes", "variants", "bodies")))
                for r in rows
            ],
        )
    else:
        click.echo(f"{opened.folder} is empty; publish with `dressform library publish DRAFT`", err=True)


@library.command()
@click.argument("wear")
@click.option("--files", is_flag=True, help="List its files too.")
@in_library
@as_json
def show(wear: str, files: bool, folder: Path | None, as_json: bool) -> None:
    """Show a template's card: sizes, colourways, cloth, licence, versions. WEAR is NAME[@RANGE].

    Example: dressform library show tee@^1
    """
    from dressform.assets.library import Library

    from .library_card import print_card

    opened = Library.open(folder)
    version = opened.resolve(wear)
    others = [{"version": v.version, "yanked": v.yanked} for v in opened.versions(version.name)]
    if as_json:
        _print_json({"manifest": version.manifest, "versions": others, "digest": version.digest})
        return
    print_card(version, others, files=files)


@library.command()
@click.argument("draft", type=click.Path(path_type=Path))
@click.option("--version", "number", metavar="X.Y.Z", help="The version's number; by default what the changes ask for.")
@in_library
@as_json
def publish(draft: Path, number: str | None, folder: Path | None, as_json: bool) -> int:
    """Validate DRAFT and publish it as an immutable version; a draft with errors is refused.

    Example: dressform library publish drafts/tee
    """

    from dressform.assets.library import Library
    from dressform.validators.engine import validate
    from dressform.validators.reports.text import lines

    opened = Library.open(folder)
    report = validate(draft, publishing=True)
    if report.summary()["errors"]:
        click.echo("\n".join(lines(report)), err=True)
        click.echo(f"dressform: {draft} is not published: mend the errors first", err=True)
        return 1
    version = opened.publish(draft, report, number)
    changes = [vars(change) for change in version.changes]
    if as_json:
        result = {"name": version.name, "version": version.version, "created": version.created, "changes": changes}
        _print_json({**result, "digest": version.digest, "library": str(opened.folder)})
    elif version.created:
        bodies = ", ".join(opened.resolve(f"{version.name}@{version.version}").manifest["bodies"])
        click.echo(f"published {version.label} (for {bodies}) to {opened.folder}")
        for change in version.changes:
            click.echo(f"  {change.level}: {change.what}")
    else:
        click.echo(f"{version.label} is already there with the same content; nothing was published")
    return 0


@library.command()
@click.argument("wears", nargs=-1, required=True, metavar="WEAR...")
@in_library
@as_json
def resolve(wears: tuple[str, ...], folder: Path | None, as_json: bool) -> None:
    """Say which version, size and variant each NAME[@RANGE][:SIZE][/VARIANT] means.

    Example: dressform library resolve tee@^1:M/navy
    """
    from dressform.assets.library import Library

    opened = Library.open(folder)
    _print_versions(wears, [opened.resolve(wear) for wear in wears], as_json)


@library.command()
@in_library
@as_json
def verify(folder: Path | None, as_json: bool) -> int:
    """Hash every file of the library and say what is damaged or missing.

    Example: dressform library verify
    """
    from rich.console import Console
    from rich.progress import Progress as Bar

    from dressform.assets.library import Library
    from dressform.assets.verify import verify as run

    opened = Library.open(folder)
    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("verifying", total=1.0)
        report = run(opened, lambda fraction, message: bar.update(task, completed=fraction, description=message))
    sums = report.summary()
    if as_json:
        _print_json(report.to_json())
    else:
        for finding in report.findings:
            click.echo(f"{finding.severity.value:7} {finding.rule} {finding.path}: {finding.message}; {finding.cure}")
        click.echo(f"{sums['pass']} versions sound, {sums['errors']} errors")
    return int(sums["errors"] > 0)


@library.command()
@click.argument("old")
@click.argument("new")
@in_library
@as_json
def diff(old: str, new: str, folder: Path | None, as_json: bool) -> None:
    """Say what changed from OLD to NEW (NAME@VERSION) and which bump that asks for.

    Example: dressform library diff tee@1.0.0 tee@1.1.0
    """
    from dressform.assets.changes import level_of
    from dressform.assets.library import Library

    changes = Library.open(folder).diff(old, new)
    if as_json:
        _print_json({"bump": level_of(changes), "changes": [vars(change) for change in changes]})
        return
    for change in changes:
        click.echo(f"{change.level}: {change.what}")
    if not changes:
        click.echo("the content is the same")


@library.command()
@click.argument("version", metavar="NAME@VERSION")
@click.option("--reason", required=True, help="What is wrong with it.")
@in_library
def yank(version: str, reason: str, folder: Path | None) -> None:
    """Keep ranges from resolving to a version; its exact number still does.

    Example: dressform library yank tee@1.1.0 --reason "left sleeve inside out"
    """
    from dressform.assets.library import Library

    name, _, number = version.partition("@")
    yanked = Library.open(folder).yank(name, number, reason)
    click.echo(f"yanked {yanked.label}: {yanked.yanked}")


@library.command()
@click.argument("wears", nargs=-1, metavar="[WEAR]...")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("dressform.lock"),
    show_default=True,
    help="The file.",
)
@click.option("--check", is_flag=True, help="Check that the library still holds exactly what the file names.")
@in_library
@as_json
def lock(wears: tuple[str, ...], output: Path, check: bool, folder: Path | None, as_json: bool) -> None:
    """Write the exact versions that WEARs resolve to, or check them.

    Example: dressform library lock tee@^1:M trousers -o dressform.lock
    """
    from dressform.assets.library import Library
    from dressform.assets.lock import make_lock, read_lock, resolve_lock, write_lock
    from dressform.schemas.errors import UsageError

    opened = Library.open(folder)
    if check == bool(wears):
        raise UsageError("give either what to wear, to write a lock, or --check, to check one")
    locked = read_lock(output) if check else make_lock(opened, wears)
    versions = resolve_lock(opened, locked)
    if not check:
        write_lock(output, locked)
    _print_versions([entry["wear"] for entry in locked["templates"]], versions, as_json)


@library.command("export")
@click.argument("wear")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="A new or empty folder, or a file such as X.glb.",
)
@in_library
def export_version(wear: str, output: Path, folder: Path | None) -> None:
    """Write a version as a plain folder that any tool opens and `import` takes back; or its garment as one file.

    The file has the garment of the size asked for with its skin and all its looks.

    Example: dressform library export tee@^1 -o tee
    """
    from dressform.assets.library import Library
    from dressform.authoring.steps.export import export_version as write_file
    from dressform.authoring.steps.export import is_file_name

    version = Library.open(folder).resolve(wear)
    if is_file_name(output):
        write_file(version, output)
    else:
        version.export(output)
    click.echo(f"exported {version.label} to {output}")


@library.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@in_library
def import_version(source: Path, folder: Path | None) -> None:
    """Take in a version that `export` wrote, with the same number and digests.

    Example: dressform library import tee
    """
    from dressform.assets.library import Library

    version = Library.open(folder).import_version(source)
    click.echo(f"imported {version.label}")


def _print_versions(wears: Sequence[str], versions: Sequence[TemplateVersion], as_json: bool) -> None:
    rows = [
        {"wear": wear, "name": v.name, "version": v.version, "size": v.size, "variant": v.variant, "digest": v.digest}
        for wear, v in zip(wears, versions, strict=True)
    ]
    if as_json:
        _print_json({"templates": rows})
        return
    for row in rows:
        look = f"/{row['variant']}" if row["variant"] else ""
        click.echo(f"{row['wear']} → {row['name']}@{row['version']}:{row['size']}{look}")


def _print_json(data: object) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def _print_table(headings: tuple[str, ...] | None, rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", show_header=headings is not None)
    for heading in headings or ("", "", ""):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # as text: names may hold what rich takes for markup
    Console().print(table)
