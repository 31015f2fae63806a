"""Build: from a mesh file to a draft that is ready to validate and publish."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dressform.schemas.errors import UsageError
from dressform.schemas.progress import Progress, silent

from .draft import Draft
from .steps.clean import CleanOptions, clean
from .steps.import_mesh import ImportOptions, import_mesh
from .steps.lod import LodOptions, lod
from .steps.place import PlaceOptions, place
from .steps.preview import PreviewOptions, preview
from .steps.rig import RigOptions, rig
from .steps.rig_smplx import STEP as RIG_SMPLX
from .steps.rig_smplx import rig_smplx
from .steps.unwrap import UnwrapOptions, unwrap

STEPS = ("import", "clean", "unwrap", "place", "rig", "lod", "preview")
# what part of the whole each step usually takes
_SHARE = {
    "import": 0.05,
    "clean": 0.1,
    "unwrap": 0.25,
    "place": 0.25,
    "rig": 0.15,
    "lod": 0.1,
    "preview": 0.1,
    RIG_SMPLX: 0.3,
}


@dataclass(frozen=True)
class BuildOptions:
    """Options of every step, and which to run.

    Attributes:
        source: Of the step import, and so on.
        place_corrections: Laid over the ones the draft keeps, and kept with them, see `read_corrections`.
        steps: Run in the order of `STEPS`, whatever the order here.
        smplx: An SMPL-X model file to rig the garment to as well, after the step rig; None for no such rig.
    """

    source: ImportOptions = field(default_factory=ImportOptions)
    clean: CleanOptions = field(default_factory=CleanOptions)
    unwrap: UnwrapOptions = field(default_factory=UnwrapOptions)
    place: PlaceOptions = field(default_factory=PlaceOptions)
    place_corrections: Mapping[str, Any] | None = None
    rig: RigOptions = field(default_factory=RigOptions)
    lod: LodOptions = field(default_factory=LodOptions)
    preview: PreviewOptions = field(default_factory=PreviewOptions)
    steps: Sequence[str] = STEPS
    smplx: Path | None = None

    def __post_init__(self) -> None:
        unknown = [step for step in self.steps if step not in STEPS]
        if unknown or not self.steps:
            named = f"{unknown[0]!r} is unknown" if unknown else "names none"
            raise UsageError(f"--steps {named}; needed some of {', '.join(STEPS)}")
        if self.smplx is not None and "rig" not in self.steps:
            raise UsageError(
                "--smplx needs the step rig; for a rigged draft: `dressform garment rig DRAFT --smplx FILE`"
            )

    @property
    def ordered(self) -> list[str]:
        """The steps to run, in their order."""
        wanted = [step for step in STEPS if step in self.steps]
        if self.smplx is not None:
            wanted.insert(wanted.index("rig") + 1, RIG_SMPLX)
        return wanted


@dataclass(frozen=True)
class StepResult:
    """One step that ran: its name, how long it took [s], and its report."""

    step: str
    seconds: float
    report: dict[str, Any]


@dataclass(frozen=True)
class BuildResult:
    """A finished build.

    Attributes:
        draft: The draft as the last step left it.
        seconds: All steps together [s].
        steps: Each step.
    """

    draft: Draft
    seconds: float
    steps: tuple[StepResult, ...] = field(default_factory=tuple)

    def to_json(self) -> dict[str, Any]:
        """Return what `garment build --json` prints."""
        return {
            "draft": str(self.draft.folder),
            "seconds": round(self.seconds, 3),
            "steps": [{"step": s.step, "seconds": round(s.seconds, 3), "report": s.report} for s in self.steps],
        }


def build(
    source: Path, folder: Path, options: BuildOptions = BuildOptions(), progress: Progress = silent
) -> BuildResult:
    """Run the steps on a mesh file; a failing step leaves the draft as the step before it did.

    Args:
        source: The artist's mesh.
        folder: Where the draft is made, or lies when the step import is left out.
        options: See there.
        progress: Told how far all of it is.
    """
    wanted = options.ordered
    draft = None if "import" in wanted else Draft.open(folder)
    total = sum(_SHARE[step] for step in wanted)
    results: list[StepResult] = []
    done = 0.0
    begun = time.perf_counter()
    for step in wanted:
        start = time.perf_counter()
        draft = _run(step, draft, source, folder, options, _part(progress, done / total, _SHARE[step] / total))
        done += _SHARE[step]
        results.append(StepResult(step, time.perf_counter() - start, draft.report(step)))
    assert draft is not None
    return BuildResult(draft, time.perf_counter() - begun, tuple(results))


def _run(
    step: str, draft: Draft | None, source: Path, folder: Path, options: BuildOptions, progress: Progress
) -> Draft:
    if draft is None:
        return import_mesh(source, folder, options.source, progress)
    if step == "place":
        defaults = place_defaults(draft, options.place)
        return place(draft, defaults, corrections=options.place_corrections, progress=progress)
    if step == "rig":
        return rig(draft, options.rig, progress=progress)
    runners: dict[str, Callable[[], Draft]] = {
        "clean": lambda: clean(draft, options.clean, progress),
        "unwrap": lambda: unwrap(draft, options.unwrap, progress),
        "lod": lambda: lod(draft, options.lod, progress),
        RIG_SMPLX: lambda: _rig_smplx(draft, options, progress),
        "preview": lambda: preview(draft, options.preview, progress),
    }
    return runners[step]()


def _rig_smplx(draft: Draft, options: BuildOptions, progress: Progress) -> Draft:
    assert options.smplx is not None  # else the step is not among those to run
    return rig_smplx(draft, options.smplx, progress=progress)


def place_defaults(draft: Draft, options: PlaceOptions) -> PlaceOptions:
    """Leave a garment where it is when its file already fitted it onto the canonical body."""
    if options == PlaceOptions() and draft.report("import")["on_canonical_body"]:
        return PlaceOptions(keep=True)
    return options


def _part(progress: Progress, start: float, share: float) -> Progress:
    def report(fraction: float, message: str, /) -> None:
        progress(start + share * fraction, message)

    return report
