"""The two garments of the demo and the benchmarks: a real T-shirt mesh, and trousers from a pattern."""

from __future__ import annotations

from pathlib import Path

from dressform.assets.library import Library, PublishedVersion
from dressform.assets.models import model_path
from dressform.schemas.errors import AssetError
from dressform.schemas.progress import Progress, silent
from dressform.schemas.report import Severity
from dressform.validators.engine import validate

from .build import BuildOptions, build
from .patterns.make import make_draft
from .steps.import_mesh import ImportOptions
from .steps.unwrap import UnwrapOptions

TEE_SOURCE = "unisex_shirt.usd"
TEE_AUTHORS = ("the authors of newton",)


def publish_tee(library: Library, draft: Path, progress: Progress = silent) -> PublishedVersion:
    """Build `tee` from newton's bare shirt mesh (centimetres, y up, no UVs, no skin) and publish it.

    The mesh is input only: its licence is unstated, so a library that holds it is for your own machine.

    Args:
        library: Where it goes.
        draft: The folder of the draft; an earlier one is replaced.
        progress: Told how far it is.

    Raises:
        ModelFileError: The mesh has not been fetched.
    """
    source = ImportOptions(name="tee", category="tee", authors=TEE_AUTHORS)
    unwrap = UnwrapOptions(color="#d9d4c7")
    build(model_path(TEE_SOURCE), draft, BuildOptions(source=source, unwrap=unwrap), progress)
    return publish(library, draft)


def publish_trousers(library: Library, draft: Path, progress: Progress = silent) -> PublishedVersion:
    """Make `trousers` from the pattern and publish them.

    Args:
        library: Where they go.
        draft: The folder of the draft; an earlier one is replaced.
        progress: Told how far it is.
    """
    make_draft("trousers", draft, {"color": "indigo"}, progress=progress)
    return publish(library, draft)


def publish(library: Library, draft: Path) -> PublishedVersion:
    """Validate a draft and publish it when it has no errors; the same content is published once."""
    report = validate(draft, publishing=True)
    if report.summary()["errors"]:
        first = next(finding for finding in report.findings if finding.severity is Severity.ERROR)
        raise AssetError(f"{draft}: {first.rule} {first.message}; see `dressform validate {draft}`")
    return library.publish(draft, report)
