"""The starter wardrobe: every garment that ships with the package, built from its checked-in recipe.

python -m dressform.authoring.wardrobe                 rebuilds the library in assets/starter
python -m dressform.authoring.wardrobe --kind tee      rebuilds one garment of it
python -m dressform.authoring.wardrobe --check         builds anew elsewhere and compares what the versions hold
python -m dressform.authoring.wardrobe --learn FOLDER  learns the garments' fields, with the simulated cloth in FOLDER

A rebuilt garment keeps its field as long as nothing has changed that the field was learned from.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import rich_click as click

from dressform.assets.changes import content_key
from dressform.assets.library import STARTER, Library, PublishedVersion
from dressform.assets.models import model_path
from dressform.schemas.errors import AssetError, DressformError
from dressform.schemas.progress import Progress, silent
from dressform.schemas.report import Severity
from dressform.validators.engine import validate

from .build import BuildOptions, build
from .draft import Draft
from .learn.specimen import Specimen
from .learn.study import LearnOptions
from .patterns.kinds import KINDS, kind_of
from .patterns.make import make_draft
from .patterns.recipe import read_recipe, recipe_of
from .reopen import keep_field, reopen
from .steps.import_mesh import ImportOptions
from .steps.learn import learn
from .steps.unwrap import UnwrapOptions

# The tank top and the pencil skirt are left to who makes them: about 30 MB is enough to ship.
SHIPPED = tuple(name for name in KINDS if name not in ("tank", "pencil-skirt"))
# what is worn under a garment when its cloth is simulated
UNDER = {"jacket": ("tee",)}
# the garments that ship with a field; cloth that hangs loosely folds in more ways than the usual poses show
LEARNED = {
    "tee": LearnOptions(poses=240),
    "long-sleeve": LearnOptions(poses=120),
    "jacket": LearnOptions(poses=200),
    "shirt": LearnOptions(poses=96),
    "dress": LearnOptions(poses=96),
    "trousers": LearnOptions(poses=96),
    "shorts": LearnOptions(),
    "circle-skirt": LearnOptions(),
}
_EVERY = 20.0  # [s] between two lines on how far a long job is
MESH_SOURCE = "unisex_shirt.usd"
MESH_AUTHORS = ("the authors of newton",)
MESH_LICENCE = "LicenseRef-newton-example-asset"  # newton's package is Apache-2.0, its assets' licence is not stated


def build_wardrobe(
    folder: Path, kinds: Sequence[str] = SHIPPED, *, keeping: Library | None = None, workers: int = 1
) -> Iterator[PublishedVersion]:
    """Build a library of the patterns' own recipes; yields each garment as it is published.

    Args:
        folder: Of the library; one that is there is replaced when all is built, with its other garments kept.
        kinds: Which garments.
        keeping: A library of earlier builds, whose fields are kept where they still fit; None takes none.
        workers: Processes that drafts are made in.

    Raises:
        AssetError: When a garment has errors; nothing is replaced then.
    """
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
        fresh = Library.open(Path(scratch) / "library")
        jobs = [(name, Path(scratch) / name) for name in kinds]
        context = multiprocessing.get_context("spawn")  # a fork would share the kernels' state
        with context.Pool(workers, initializer=_alone) as pool:
            for draft in pool.imap(_draft, jobs):
                if keeping is not None:
                    _keep_field(keeping, fresh, draft)
                yield publish(fresh, draft)
        _replace(folder, fresh, Path(scratch))


def learn_wardrobe(
    folder: Path,
    samples: Path,
    kinds: Sequence[str] = tuple(LEARNED),
    *,
    workers: int | None = None,
    progress: Progress = silent,
) -> Iterator[PublishedVersion]:
    """Learn the fields of a library's garments; yields each garment as it is published with its field.

    Args:
        folder: Of the library, which is replaced when all are learned.
        samples: Where simulated cloth lies or will, a folder for each garment; a run that was interrupted goes on
            from it.
        kinds: Which garments; one that `LEARNED` lacks is learned by the usual plan.
        workers: Processes that simulate; None takes one a core.
        progress: Told how far the garment at hand is.

    Raises:
        AssetError: When a garment has errors; nothing is replaced then.
    """
    library = Library.open(folder)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
        fresh = Library.open(Path(scratch) / "library")
        for name in kinds:
            learn(
                reopen(library.resolve(name), Path(scratch) / name),
                LEARNED.get(name),
                samples=samples / name,
                below=[library.resolve(each) for each in UNDER.get(name, ())],
                workers=workers,
                progress=progress,
            )
            yield publish(fresh, Path(scratch) / name)
        _replace(folder, fresh, Path(scratch))


def _replace(folder: Path, fresh: Library, scratch: Path) -> None:
    """Put a library that was built in `scratch` in the place of one that may be there."""
    if Library.is_library(folder):
        _keep_others(Library.open(folder), fresh, scratch)
        shutil.rmtree(folder)
    shutil.rmtree(fresh.folder / "tmp", ignore_errors=True)
    (fresh.folder / ".lock").unlink(missing_ok=True)
    os.replace(fresh.folder, folder)


def _keep_field(library: Library, fresh: Library, draft: Path) -> None:
    """Give a draft the field of an earlier build, unless the garment or what it was simulated over has changed."""
    name = str(Draft.open(draft).manifest["name"])
    if name not in library.names():
        return
    for below in UNDER.get(name, ()):
        one, other = (
            Specimen.of(each.resolve(below)) for each in (library, fresh if below in fresh.names() else library)
        )
        if one.digest != other.digest:
            return
    keep_field(library.resolve(name), Draft.open(draft))


def publish_mesh_tee(library: Library, draft: Path, progress: Progress = silent) -> PublishedVersion:
    """Build `mesh-tee` from newton's bare shirt mesh (centimetres, y up, no UVs, no skin) and publish it.

    The mesh is input only: nobody states its licence, so a library that holds it is for your own machine.

    Args:
        library: Where it goes.
        draft: The folder of the draft; an earlier one is replaced.
        progress: Told how far it is.

    Raises:
        ModelFileError: The mesh has not been fetched.
    """
    source = ImportOptions(name="mesh-tee", category="tee", licence=MESH_LICENCE, authors=MESH_AUTHORS)
    unwrap = UnwrapOptions(color="#d9d4c7")
    build(model_path(MESH_SOURCE), draft, BuildOptions(source=source, unwrap=unwrap), progress)
    return publish(library, draft)


def publish(library: Library, draft: Path) -> PublishedVersion:
    """Validate a draft and publish it when it has no errors; the same content is published once."""
    report = validate(draft, publishing=True)
    if report.summary()["errors"]:
        first = next(finding for finding in report.findings if finding.severity is Severity.ERROR)
        raise AssetError(f"{draft}: {first.rule} {first.message}; see `dressform validate {draft}`")
    return library.publish(draft, report)


def _alone() -> None:
    """Keep a worker quiet and to one thread: small tensors are slower on two."""
    import torch
    import warp

    warp.config.log_level = warp.LOG_ERROR
    torch.set_num_threads(1)


def _draft(job: tuple[str, Path]) -> Path:
    """Make one kind's draft."""
    name, folder = job
    path = kind_of(name).recipe
    make_draft(recipe_of(read_recipe(path), path.parent, path.name), folder)
    return folder


def _keep_others(old: Library, fresh: Library, scratch: Path) -> None:
    """Take over the garments that were not built anew."""
    built = set(fresh.names())
    for version in old.versions():
        if version.name not in built:
            exported = scratch / f"kept-{version.name}-{version.version}"
            version.export(exported)
            fresh.import_version(exported)


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=STARTER, help="The library to build.")
@click.option("--kind", "kinds", multiple=True, help="Only this garment; repeat for more.")
@click.option("--workers", type=click.IntRange(1, 64), default=os.cpu_count() or 1, help="Processes.")
@click.option("--check", is_flag=True, help="Build elsewhere and compare; exits with 1 when a version differs.")
@click.option(
    "--learn",
    "samples",
    type=click.Path(file_okay=False, path_type=Path),
    help="Learn fields; cloth is simulated here.",
)
def main(out: Path, kinds: tuple[str, ...], workers: int, check: bool, samples: Path | None) -> None:
    """Build the starter wardrobe from its recipes, or learn its fields.

    Example: python -m dressform.authoring.wardrobe --kind tee
    """
    if check and samples:
        raise click.UsageError("--check builds garments, --learn does not; give one of them")
    names = [kind_of(name).name for name in kinds] or list(LEARNED if samples else SHIPPED)
    old = Library.open(out) if Library.is_library(out) else None
    begun, differing = time.perf_counter(), 0
    with tempfile.TemporaryDirectory() as elsewhere:
        if samples:
            versions = learn_wardrobe(out, samples, names, workers=workers, progress=_Told())
        else:
            target = Path(elsewhere) / "library" if check else out
            versions = build_wardrobe(target, names, keeping=old, workers=workers)
        for version in versions:
            line = f"{version.label}  {_megabytes(version):.1f} MB"
            line += "" if version.manifest["digests"]["field"] else "  without a field"
            if check:
                same = content_key(version.manifest) == content_key(Library.open(out).resolve(version.name).manifest)
                differing += not same
                line += "  same content" if same else "  DIFFERS"
            click.echo(f"{line}  after {time.perf_counter() - begun:.0f} s")
    if differing:
        raise SystemExit(1)


def _megabytes(version: PublishedVersion) -> float:
    return sum(entry["bytes"] for entry in version.manifest["files"].values()) / 1e6


class _Told:
    """Says now and then how far a long job is."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, fraction: float, message: str, /) -> None:
        if time.monotonic() - self._last > _EVERY:
            self._last = time.monotonic()
            click.echo(f"{100 * fraction:3.0f} % {message}", err=True)


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except DressformError as error:
        click.echo(f"dressform: {error}", err=True)
        sys.exit(1)
