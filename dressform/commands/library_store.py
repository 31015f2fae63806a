"""`dressform library verify|gc|export|import|keygen|sign`: what keeps a library whole, and carries it elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from .finite import FiniteRange
from .library_options import as_json, in_library, print_json
from .progress import progress_bar

if TYPE_CHECKING:
    from dressform.assets.library import Library
    from dressform.assets.signing import TrustedKeys
    from dressform.assets.template_version import TemplateVersion

trusted_keys = click.option(
    "--trusted",
    "keys",
    type=click.Path(path_type=Path),
    metavar="KEYS",
    help="Public keys: a file, or a folder of *.pub. Every version must be signed by one of them.",
)


@click.command()
@trusted_keys
@in_library
@as_json
def verify(keys: Path | None, folder: Path | None, as_json: bool) -> int:
    """Hash every file of the library and say what is damaged, missing or not signed.

    Example: dressform library verify --trusted keys/
    """
    from dressform.assets.library import Library
    from dressform.assets.verify import verify as run

    opened = Library.open(folder)
    trusted = _trusted(keys)
    with progress_bar("verifying", transient=True) as progress:
        report = run(opened, progress, trusted=trusted)
    sums = report.summary()
    if as_json:
        print_json(report.to_json())
    else:
        for finding in report.findings:
            click.echo(f"{finding.severity.value:7} {finding.rule} {finding.path}: {finding.message}; {finding.cure}")
        versions, errors = ("s" if sums[key] != 1 else "" for key in ("pass", "errors"))
        click.echo(f"{sums['pass']} version{versions} sound, {sums['errors']} error{errors}")
    return int(sums["errors"] > 0)


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option(
    "--grace-days",
    type=FiniteRange(min=0),
    default=14.0,
    show_default=True,
    help="Keep what was written in the last days.",
)
@in_library
@as_json
def gc(dry_run: bool, grace_days: float, folder: Path | None, as_json: bool) -> None:
    """Remove files that no version refers to, as killed or refused jobs leave them. Versions are never removed.

    Example: dressform library gc --dry-run
    """
    from dressform.assets.gc import collect
    from dressform.assets.library import Library

    opened = Library.open(folder)
    found = collect(opened, grace_s=grace_days * 86_400, dry_run=dry_run)
    if as_json:
        rows = {key: [vars(blob) for blob in getattr(found, key)] for key in ("removed", "kept")}
        print_json({"library": str(opened.folder), "dry_run": dry_run, "bytes": found.bytes, **rows})
        return
    verb = "would be removed" if dry_run else "removed"
    click.echo(f"{_files(len(found.removed))} ({found.bytes / 2**20:.1f} MiB) {verb} from {opened.folder}")
    if found.kept:
        click.echo(f"{_files(len(found.kept))} younger than {grace_days:g} days kept")


@click.command("export")
@click.argument("wears", nargs=-1, metavar="[WEAR]...")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="A new or empty folder, or a file such as X.glb: one WEAR."
)
@click.option("--bundle", type=click.Path(path_type=Path), help="A file for any number of versions with all they need.")
@click.option("--all", "every", is_flag=True, help="Bundle every version in the ranges; without WEAR, of the library.")
@click.option("--lock", "lock_file", type=click.Path(path_type=Path), help="Bundle the versions that a lock names.")
@in_library
@as_json
def export_version(
    wears: tuple[str, ...],
    output: Path | None,
    bundle: Path | None,
    every: bool,
    lock_file: Path | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Write a version as a plain folder, its garment as one file, or versions as a bundle for another library.

    A folder opens in any tool, a file such as X.glb has the garment of the size asked for with its skin and all its
    looks, and a bundle carries exact versions with their signatures. `import` takes back folders and bundles.

    Example: dressform library export tee@^1 trousers --bundle wardrobe.tar
    """
    from dressform.assets.library import Library
    from dressform.schemas.errors import UsageError

    if (output is None) == (bundle is None):
        raise UsageError("give either --output for one version or --bundle for any number")
    opened = Library.open(folder)
    if bundle is not None:
        _export_bundle(opened, wears, bundle, every=every, lock_file=lock_file, as_json=as_json)
        return
    if len(wears) != 1 or every or lock_file:
        raise UsageError("--output takes one WEAR; use --bundle FILE for several versions")
    assert output is not None
    _export_one(opened.resolve(wears[0]), output, as_json)


@click.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--list", "only_list", is_flag=True, help="Only say what a bundle says that it holds.")
@trusted_keys
@in_library
@as_json
def import_version(source: Path, only_list: bool, keys: Path | None, folder: Path | None, as_json: bool) -> None:
    """Take in what `export` wrote, a folder or a bundle, with the same numbers and digests.

    Nothing in a bundle is trusted: it is refused unless every byte is what it lists.

    Example: dressform library import wardrobe.tar
    """
    from dressform.assets.bundle import import_bundle
    from dressform.assets.library import Library
    from dressform.schemas.errors import UsageError

    if only_list:
        _list_bundle(source, as_json)
        return
    opened = Library.open(folder)
    if source.is_dir():
        if keys is not None:
            raise UsageError(f"{source}: a folder carries no signatures; import a bundle, or leave --trusted out")
        version = opened.import_version(source)
        rows = [{"name": version.name, "version": version.version, "digest": version.digest}]
    else:
        trusted = _trusted(keys)
        with progress_bar("reading", transient=True) as progress:
            rows = [vars(each) for each in import_bundle(opened, source, trusted=trusted, progress=progress)]
    if as_json:
        print_json({"library": str(opened.folder), "templates": rows})
        return
    for row in rows:
        there = "" if row.get("created", True) else " (was there already)"
        click.echo(f"imported {row['name']}@{row['version']}{there}")


@click.command()
@click.argument("key", type=click.Path(path_type=Path))
def keygen(key: Path) -> None:
    """Make a key pair to sign versions with: the private KEY, which nobody else may see, and KEY.pub for everybody.

    The private key is encrypted when $DRESSFORM_KEY_PASSPHRASE is set.

    Example: dressform library keygen tailor.key
    """
    from dressform.assets.signing import make_key

    public = make_key(key)
    click.echo(f"wrote {key} (keep it secret) and {key}.pub (key {public[:16]})")


@click.command()
@click.argument("wear", metavar="NAME[@RANGE]")
@click.option("--key", type=click.Path(path_type=Path), required=True, help="The private key.")
@in_library
def sign(wear: str, key: Path, folder: Path | None) -> None:
    """Sign a version of the library, besides those who signed it before.

    Example: dressform library sign tee@1.1.0 --key tailor.key
    """
    from dressform.assets.library import Library
    from dressform.assets.sign_version import sign_version
    from dressform.assets.signing import Signer

    opened = Library.open(folder)
    version, signer = opened.resolve(wear), Signer.read(key)
    added = sign_version(opened, version, signer)
    click.echo(f"{'signed' if added else 'had signed already:'} {version.label} with the key {signer.key[:16]}")


def _export_bundle(
    opened: Library, wears: tuple[str, ...], bundle: Path, *, every: bool, lock_file: Path | None, as_json: bool
) -> None:
    from dressform.assets.bundle import write_bundle
    from dressform.assets.lock import read_lock, resolve_lock
    from dressform.assets.semver import parse_version
    from dressform.assets.wear import parse_wear
    from dressform.schemas.errors import UsageError

    if not (wears or every or lock_file):
        raise UsageError("name what to bundle: WEARs, --lock FILE, or --all for the whole library")
    versions: list[TemplateVersion] = []
    if every:
        specs = [parse_wear(wear) for wear in wears]
        versions += [] if specs else opened.versions()
        for spec in specs:
            versions += [v for v in opened.versions(spec.name) if parse_version(v.version) in spec.range]
    else:
        versions += [opened.resolve(wear) for wear in wears]
    if lock_file is not None:
        versions += resolve_lock(opened, read_lock(lock_file))
    if not versions:
        raise UsageError("no version is in these ranges; see `dressform library list`")
    contents = write_bundle(opened, versions, bundle)
    labels = [f"{name}@{number}" for name, entry in contents["templates"].items() for number in entry["versions"]]
    size = bundle.stat().st_size
    if as_json:
        print_json({"bundle": str(bundle), "bytes": size, "versions": labels})
    else:
        click.echo(f"exported {', '.join(labels)} to {bundle} ({size / 2**20:.1f} MiB)")


def _export_one(version: TemplateVersion, output: Path, as_json: bool) -> None:
    from dressform.authoring.steps.export import export_version as write_file
    from dressform.authoring.steps.export import is_file_name

    if is_file_name(output):
        write_file(version, output)
    else:
        version.export(output)
    if as_json:
        print_json({"name": version.name, "version": version.version, "output": str(output)})
    else:
        click.echo(f"exported {version.label} to {output}")


def _list_bundle(source: Path, as_json: bool) -> None:
    from dressform.assets.bundle import read_contents
    from dressform.assets.sizes import ordered_sizes

    contents = read_contents(source)
    if as_json:
        print_json(contents)
        return
    for name, entry in contents["templates"].items():
        for number, held in entry["versions"].items():
            keys = ", ".join(each["key"][:16] for each in held.get("signatures", []))
            signed = f"  signed by {keys}" if keys else ""
            reason = "".join(sign for sign in held["yanked"] or "" if sign.isprintable())  # a stranger's text
            yanked = f"  yanked: {reason}" if reason else ""
            click.echo(f"{name}@{number}  sizes {' '.join(ordered_sizes(held['sizes']))}{signed}{yanked}")


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _trusted(keys: Path | None) -> TrustedKeys | None:
    from dressform.assets.signing import TrustedKeys

    return TrustedKeys.read(keys) if keys is not None else None
