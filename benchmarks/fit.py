"""Fit against simulation: each size of garments on bodies, worn at its real size by `runtime.fit` and by the solver.

`python -m dressform.benchmarks.fit` simulates every size itself, which takes long. Drapes that were simulated before
do as well: `--samples FOLDER`, any number of times, takes folders of samples such as
`python -m dressform.benchmarks.cloth_set --out FOLDER` builds, and judges the bodies and sizes that they hold.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rich_click as click
import warp
from numpy.typing import NDArray

from dressform.assets.library import STARTER, Library
from dressform.authoring.learn.plan import Plan
from dressform.authoring.learn.samples import PLAN, drape_path, read_garments, read_points, rest_of
from dressform.authoring.simulate.posed import PosedCloth
from dressform.authoring.simulate.wearing import Wearing
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.body_range import ranged_body
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.fit.cut import Cut
from dressform.runtime.fit.fit import design_eases, fit_garment, judge_worn
from dressform.runtime.fit.report import SizeFit
from dressform.schemas.documents import dump_json, load_json
from dressform.schemas.errors import DressformError, InputError

BODIES = ("thin woman", "average woman", "heavy woman", "thin man", "average man", "heavy man")
GARMENTS = ("tee", "trousers")
DIFFERENT_CM = 0.2  # sizes nearer to each other than this have no order
AIM_CM = 1.0

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Trial:
    """Sizes of a garment on a body, as simulation leaves them.

    Attributes:
        cut: The garment.
        body: The body's name.
        rest: The body.
        drapes: By size, the garment's points float32 [V, 3] [m].
    """

    cut: Cut
    body: str
    rest: RestBody
    drapes: Mapping[str, Floats]


@dataclass
class Tally:
    """What was found so far.

    Attributes:
        errors: By garment and region, and then by body and size: how far ease is off [cm].
        pairs: Of sizes at a region, whether their order is right.
        eases: By garment and region, for each size on each body the body and the ease, found and true [cm].
        chosen: Of bodies on which all sizes were simulated, whether the same size is recommended.
        stretch: How far the 95th percentile of stretch is off [%].
        seconds: Of the processor, for trying sizes on.
        sizes: How many were tried.
    """

    errors: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)
    pairs: list[bool] = field(default_factory=list)
    eases: dict[tuple[str, str], list[tuple[str, float, float]]] = field(default_factory=dict)
    chosen: list[bool] = field(default_factory=list)
    stretch: list[float] = field(default_factory=list)
    seconds: float = 0.0
    sizes: int = 0

    def add(self, trial: Trial) -> None:
        """Try the sizes of a trial on and compare."""
        cut, started = trial.cut, time.process_time()
        found = fit_garment(trial.rest, cut, list(trial.drapes))
        self.seconds += time.process_time() - started
        self.sizes += len(trial.drapes)
        design = design_eases(cut)
        truths = {size: judge_worn(trial.rest, cut, size, drape, design) for size, drape in trial.drapes.items()}
        for size, truth in truths.items():
            mine = found.sizes[size]
            for region in truth.regions.keys() & mine.regions.keys():
                eases = mine.regions[region].ease_cm, truth.regions[region].ease_cm
                self.errors.setdefault((cut.label, region), {})[f"{trial.body}, {size}"] = eases[0] - eases[1]
                self.eases.setdefault((cut.label, region), []).append((trial.body, *eases))
            self.stretch.append(mine.stretch_p95_percent - truth.stretch_p95_percent)
        self.pairs += _orders(found.sizes, truths)
        if len(truths) == len(cut.meshes):
            self.chosen.append(found.recommended == min(truths.values(), key=lambda fit: fit.misfit).size)

    def figures(self) -> dict[str, Any]:
        """Return errors of ease [cm] by garment and region, all of them and the worst, orders, stretch, seconds."""
        everything = np.abs([error for place in self.errors.values() for error in place.values()])
        bodies = [right for place in self.eases.values() for right in _orders_of_bodies(place)]
        means: dict[str, dict[str, float]] = {}
        for (garment, region), errors in sorted(self.errors.items()):
            means.setdefault(garment, {})[region] = round(float(np.abs(list(errors.values())).mean()), 2)
        where, worst = max(
            ((f"{garment}, {region}, {who}", error) for (garment, region), errors in self.errors.items()
             for who, error in errors.items()),
            key=lambda one: abs(one[1]),
        )  # fmt: skip
        return {
            "cases": self.sizes,
            "ease_error_cm": means,
            "ease_error_mean_cm": round(float(everything.mean()), 2),
            "ease_error_worst_cm": {"value": round(abs(worst), 2), "where": where},
            "ease_within_1_cm_percent": round(100 * float((everything <= AIM_CM).mean()), 1),
            "pairs_of_sizes": len(self.pairs),
            "order_of_sizes_right_percent": _percent(self.pairs),
            "pairs_of_bodies": len(bodies),
            "order_of_bodies_right_percent": _percent(bodies),
            "same_recommendation_percent": _percent(self.chosen),
            "stretch_p95_off_percent": round(float(np.abs(self.stretch).mean()), 2),
            "processor_seconds_per_size": round(self.seconds / self.sizes, 2),
        }


def run(
    garments: Sequence[str] = GARMENTS, bodies: Sequence[str] = BODIES, library: Path | str = STARTER
) -> dict[str, Any]:
    """Compare the eases of all sizes with those that simulation settles at now.

    Args:
        garments: Templates of the library.
        bodies: Names of the body range.
        library: Its folder.

    Returns:
        As `Tally.figures`.
    """
    return compare(simulated(garments, bodies, Library.open(library)))


def compare(trials: Iterable[Trial]) -> dict[str, Any]:
    """Return how far fit is off in trials, as `Tally.figures`.

    Raises:
        InputError: When there are no trials.
    """
    tally = Tally()
    for trial in trials:
        tally.add(trial)
    if not tally.sizes:
        raise InputError("no drape to compare with; name garments and bodies, or folders with simulated drapes")
    return tally.figures()


def simulated(garments: Sequence[str], bodies: Sequence[str], library: Library) -> Iterator[Trial]:
    """Simulate all sizes of garments on bodies of the body range."""
    for name, body in itertools.product(garments, bodies):
        rest, cut = ranged_body(load_anny(), body), Cut.of(library.resolve(name), "anny")
        yield Trial(cut, body, rest, {size: _simulated(rest, cut, size) for size in cut.meshes})


def sampled(folders: Sequence[Path]) -> Iterator[Trial]:
    """Read the rest drapes that folders of samples hold; sizes of one garment on one body make one trial.

    Raises:
        InputError: When a folder holds no plan, or not the garments that the plan names.
    """
    cuts: dict[str, Cut] = {}
    found: dict[tuple[str, str], dict[str, Path]] = {}
    shapes: dict[str, Mapping[str, float]] = {}
    for folder in folders:
        if not (folder / PLAN).is_file():
            raise InputError(f"{folder}: needs a folder of samples ({PLAN}), found none; build one with cloth_set")
        asked = load_json(folder / PLAN)
        garment = read_garments(folder, len(asked["garments"]))[-1]
        if garment.digest != asked["garments"][-1]:
            raise InputError(f"{folder}: it holds another garment than {PLAN} names; make the samples again")
        rigs = {size: garment.rig_of(size) for size in garment.meshes}
        cuts.setdefault(
            garment.digest, Cut(garment.label, garment.default_size, garment.meshes, rigs, {}, garment.fabric)
        )
        for group in Plan.from_document(asked["plan"]).groups:
            drape = drape_path(folder, group.body, group.size)
            if drape.is_file():
                shapes[group.body] = group.shape
                found.setdefault((garment.digest, group.body), {})[group.size] = drape
    for (digest, body), drapes in found.items():
        points = {size: read_points(path)[-1] for size, path in drapes.items()}
        yield Trial(cuts[digest], body, rest_of(shapes[body]), points)


def _simulated(rest: RestBody, cut: Cut, size: str) -> Floats:
    """Return where simulation settles a size."""
    fabrics = {"main": cut.fabric} if cut.fabric else None
    wearing = Wearing.of(cut.meshes[size], cut.rigs[size], rest, fabrics)
    (points,) = PosedCloth([wearing], rest).settle()
    return points


def _orders(found: Mapping[str, SizeFit], truth: Mapping[str, SizeFit]) -> list[bool]:
    """Return for each pair of sizes and each region whether both say the same of which is closer-fitting."""
    same = []
    for one, other in itertools.combinations(truth, 2):
        shared = [set(fits[size].regions) for fits in (found, truth) for size in (one, other)]
        for region in set.intersection(*shared):
            apart = [fits[other].regions[region].ease_cm - fits[one].regions[region].ease_cm for fits in (found, truth)]
            if abs(apart[1]) > DIFFERENT_CM:
                same.append((apart[0] > 0) == (apart[1] > 0))
    return same


def _orders_of_bodies(eases: Sequence[tuple[str, float, float]]) -> list[bool]:
    """Return for each pair of bodies whether both say the same of which one a garment sits closer on at a region."""
    pairs = itertools.combinations(eases, 2)
    return [
        (found > other_found) == (true > other_true)
        for (body, found, true), (other, other_found, other_true) in pairs
        if body != other and abs(true - other_true) > DIFFERENT_CM
    ]


def _percent(yes: Sequence[bool]) -> float | None:
    return round(100 * float(np.mean(yes)), 1) if yes else None


@click.command()
@click.option(
    "--samples",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of samples with simulated rest drapes; repeatable. Without it, every size is simulated.",
)
def main(samples: tuple[Path, ...]) -> None:
    """Compare fit with simulation and print the figures as JSON."""
    warp.config.log_level = warp.LOG_ERROR  # its greeting would stand in the result
    try:
        figures = compare(sampled(samples)) if samples else run()
    except DressformError as error:
        raise click.ClickException(str(error)) from error
    click.echo(dump_json(figures), nl=False)


if __name__ == "__main__":
    main()
