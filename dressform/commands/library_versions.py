"""The commands of `dressform library` that tell versions apart and choose among them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from .library_options import as_json, in_library, print_json
from .output_file import in_folder
from .progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dressform.assets.differences import Comparison
    from dressform.assets.template_version import TemplateVersion

for_bodies = click.option(
    "--body",
    "bodies",
    multiple=True,
    help="Body family that has to be able to wear it, such as smplx; repeat for more.",
)


@click.command()
@click.argument("wears", nargs=-1, required=True, metavar="WEAR...")
@for_bodies
@in_library
@as_json
def resolve(wears: tuple[str, ...], bodies: tuple[str, ...], folder: Path | None, as_json: bool) -> None:
    """Say which version, size and variant each NAME[@RANGE][:SIZE][/VARIANT] means: one version a template.

    Where no version will do, it says of each what stands against it.

    Example: dressform library resolve tee@^1:M/navy
    """
    from dressform.assets.library import Library

    _print_versions(wears, Library.open(folder).resolve_all(wears, bodies), as_json)


@click.command()
@click.argument("old")
@click.argument("new", metavar="NEW|DRAFT")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for pictures: before and after, and how far each place of the cloth moved.",
)
@in_library
@as_json
def diff(old: str, new: str, output: Path | None, folder: Path | None, as_json: bool) -> None:
    """Say in words and numbers what changed from OLD to NEW (NAME@VERSION, or a draft) and which step that asks for.

    Example: dressform library diff tee@1.0.0 tee@1.1.0 -o difference
    """
    from dressform.assets.differences import differences
    from dressform.assets.draft_version import draft_version, is_draft
    from dressform.assets.library import Library

    from .library_diff import as_document, as_lines

    library = Library.open(folder)
    later = draft_version(Path(new)) if is_draft(Path(new)) else library.resolve(new)
    compared = differences(library.resolve(old), later)
    pictures = _draw(compared, output) if output is not None else []
    if as_json:
        print_json(as_document(compared, pictures))
        return
    for line in as_lines(compared, pictures):
        click.echo(line)


def _draw(compared: Comparison, folder: Path) -> list[Path]:
    import warp

    from dressform.authoring.version_pictures import write_pictures

    warp.config.log_level = warp.LOG_ERROR  # its greeting would stand in the result
    with progress_bar("pictures") as progress:
        return write_pictures(compared, folder, progress)


@click.command()
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
@click.option("--update", is_flag=True, help="Resolve what the file says is worn anew.")
@for_bodies
@in_library
@as_json
def lock(
    wears: tuple[str, ...],
    output: Path,
    check: bool,
    update: bool,
    bodies: tuple[str, ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """Write the exact versions that WEARs resolve to, check them, or bring them up to date.

    `render` and `tryon` wear what dressform.lock in the working folder names.

    Example: dressform library lock tee@^1:M trousers
    """
    from dressform.assets.library import Library
    from dressform.assets.lock import make_lock, read_lock, resolve_lock, write_lock
    from dressform.schemas.errors import UsageError

    opened = Library.open(folder)
    if [check, update, bool(wears)].count(True) != 1 or (check and bodies):
        raise UsageError("give what to wear, to write a lock; or --check or --update alone, for one that is there")
    if wears:
        locked = make_lock(opened, wears, bodies)
    else:
        locked = read_lock(output)
        if update:
            asked = [entry["wear"] for entry in locked["templates"]]
            locked = make_lock(opened, asked, bodies or locked.get("bodies", ()))
    versions = resolve_lock(opened, locked)
    if not check:
        write_lock(in_folder(output), locked)
    _print_versions([entry["wear"] for entry in locked["templates"]], versions, as_json)


def _print_versions(wears: Sequence[str], versions: Sequence[TemplateVersion], as_json: bool) -> None:
    rows = [
        {
            "wear": wear,
            "name": v.name,
            "version": v.version,
            "size": v.size,
            "variant": v.variant,
            "digest": v.digest,
            "yanked": v.yanked,
        }
        for wear, v in zip(wears, versions, strict=True)
    ]
    if as_json:
        print_json({"templates": rows})
        return
    for row in rows:
        look = f"/{row['variant']}" if row["variant"] else ""
        yanked = f" (yanked: {row['yanked']})" if row["yanked"] else ""
        click.echo(f"{row['wear']} → {row['name']}@{row['version']}:{row['size']}{look}{yanked}")
