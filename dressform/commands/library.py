"""`dressform library`: publish, find and check garment templates."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from .library_find import log, search
from .library_options import as_json, in_library, print_json, print_table
from .library_store import export_version, gc, import_version, keygen, sign, verify
from .library_versions import diff, lock, resolve


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
        print_json({"templates": rows})
    elif rows:
        print_table(
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
        print_json({"manifest": version.manifest, "versions": others, "digest": version.digest})
        return
    print_card(version, others, files=files)


@library.command()
@click.argument("draft", type=click.Path(path_type=Path))
@click.option("--version", "number", metavar="X.Y.Z", help="The version's number; by default what the changes ask for.")
@click.option("--pre", metavar="WORD", help="Make it the next pre-release of that number, such as beta.")
@click.option("--sign", "key", type=click.Path(path_type=Path), metavar="KEY", help="Sign it with this private key.")
@click.option("--profile", default="default", metavar="NAME|FILE", help="What it is held to; see `dressform validate`.")
@click.option("--sweep", is_flag=True, help="Try it on bodies and poses too, as some profiles do anyway.")
@in_library
@as_json
def publish(
    draft: Path,
    number: str | None,
    pre: str | None,
    key: Path | None,
    profile: str,
    sweep: bool,
    folder: Path | None,
    as_json: bool,
) -> int:
    """Validate DRAFT and publish it as an immutable version; a draft with errors is refused.

    Example: dressform library publish drafts/tee
    """

    from dressform.assets.library import Library
    from dressform.assets.signing import Signer
    from dressform.validators.engine import validate
    from dressform.validators.reports.text import render

    opened = Library.open(folder)
    signer = Signer.read(key) if key is not None else None
    report = validate(draft, publishing=True, sweep=sweep, profile=profile)
    if report.summary()["errors"]:
        click.echo(render(report), err=True, nl=False)
        click.echo(f"dressform: {draft} is not published: mend the errors first", err=True)
        return 1
    version = opened.publish(draft, report, number, pre=pre, signer=signer)
    changes = [vars(change) for change in version.changes]
    if as_json:
        result = {"name": version.name, "version": version.version, "created": version.created, "changes": changes}
        print_json({**result, "digest": version.digest, "library": str(opened.folder)})
    elif version.created:
        bodies = ", ".join(opened.resolve(f"{version.name}@{version.version}").manifest["bodies"])
        click.echo(f"published {version.label} (for {bodies}) to {opened.folder}")
        for change in version.changes:
            click.echo(f"  {change.level}: {change.what}")
        if opened.covers(version.name):
            click.echo(f"  it hides the starter library's {version.name}; with another name you have both")
    else:
        click.echo(f"{version.label} is already there with the same content; nothing was published")
    return 0


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


for command in (search, log, resolve, diff, lock, verify, gc, export_version, import_version, keygen, sign):
    library.add_command(command)
