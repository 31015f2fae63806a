"""The public benchmark set of simulated cloth: unseen poses, unseen bodies, bodies outside the span of any training.

Run `python -m dressform.benchmarks.cloth_set --out FOLDER`. The recipe is cloth_set.json; what it gave when the set was
frozen is in cloth_set_frozen.json, and every build is compared with it. A build that was ended goes on where it
stopped. With `--freeze` the record is written anew, which makes every figure that was measured on the old one stale.
"""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import numpy as np
import rich_click as click

from dressform.assets.atomic import write_bytes
from dressform.assets.library import Library
from dressform.assets.sizes import nearest_size, ordered_sizes
from dressform.assets.template_version import TemplateVersion
from dressform.authoring.learn.bodies import ALL, Figure
from dressform.authoring.learn.plan import Group, Plan
from dressform.authoring.learn.samples import SampleSet, load_samples
from dressform.authoring.learn.sampling import make_samples
from dressform.schemas.documents import dump_json, load_json
from dressform.schemas.errors import DressformError, InputError
from dressform.schemas.progress import Progress, part, silent

from .cloth_set_extras import Extras, make_extras

RECIPE = Path(__file__).with_name("cloth_set.json")
FROZEN = Path(__file__).with_name("cloth_set_frozen.json")
REPORT = "cloth-set.json"
ALIKE_MM = 0.5  # between builds on different machines, whose last bits differ; far below the noise floor


@dataclass(frozen=True)
class Entry:
    """One garment of the set.

    Attributes:
        name: In the set.
        garment: What is sampled.
        below: What is worn under it, from the inside.
        plan: Its samples.
        motions: What its clips show.
    """

    name: str
    garment: TemplateVersion
    below: tuple[TemplateVersion, ...]
    plan: Plan
    motions: tuple[str, ...]


def recipe() -> dict[str, Any]:
    """Return the recipe of the set."""
    return load_json(RECIPE)


def entries(library: Library, asked: Mapping[str, Any] | None = None) -> list[Entry]:
    """Return the garments of the set as a library has them, with what is to be simulated of each."""
    asked = asked or recipe()
    found = []
    for row in asked["garments"]:
        garment = library.resolve(row["wear"])
        groups = [
            Group(
                split, name, dict(figure_named(name).shape), worn_size(garment, name, row["size_step"]), rows["poses"]
            )
            for split, rows in asked["splits"].items()
            for name in rows["bodies"]
        ]
        plan = Plan(f"{asked['domain']} {row['name']}", int(asked["seed"]), tuple(groups))
        below = tuple(library.resolve(name) for name in row["below"])
        found.append(Entry(row["name"], garment, below, plan, tuple(row["motions"])))
    return found


def figure_named(name: str) -> Figure:
    """Return a body by name."""
    return next(figure for figure in ALL if figure.name == name)


def worn_size(garment: TemplateVersion, body: str, step: int) -> str:
    """Return the size nearest to a body, or one smaller (−1) or larger (1), as far as there are sizes."""
    sizes = garment.manifest["sizes"]
    stated = {size: entry.get("measures", {}) for size, entry in sizes.items()}
    fits = nearest_size(stated, figure_named(body).rest.measures().as_dict(), garment.size)
    order = ordered_sizes(sizes)
    return order[min(max(order.index(fits) + step, 0), len(order) - 1)]


def _worn_by(body: str, entry: Entry) -> tuple[TemplateVersion, ...]:
    """Return what one of the set's bodies wears, from the inside, each in its size."""
    size = next(group.size for group in entry.plan.groups if group.body == body)
    below = (replace(each, size=size if size in each.manifest["sizes"] else each.size) for each in entry.below)
    return (*below, replace(entry.garment, size=size))


def build(
    folder: Path, library: Library | None = None, *, workers: int | None = None, progress: Progress = silent
) -> dict[str, Any]:
    """Build the set, or what is missing of it, and return its record: digests, counts, noise floor.

    Args:
        folder: Where it lies.
        library: Where its garments come from; None takes those that ship.
        workers: Processes at once; None takes one a core.
        progress: Told how far it is.
    """
    begun = time.monotonic()
    asked = recipe()
    rows = entries(library or Library.embedded(), asked)
    sets: dict[str, SampleSet] = {}
    for number, row in enumerate(rows):
        told = part(progress, 0.75 * number / len(rows), 0.75 * (number + 1) / len(rows), f"{row.name}: ")
        sets[row.name] = make_samples(
            row.garment, row.plan, folder / row.name, below=row.below, workers=workers, progress=told
        )
    shown = asked["extras"]["body"]
    jobs = [Extras(folder, row.name, _worn_by(shown, row), row.motions, **asked["extras"]) for row in rows]
    extras = make_extras(jobs, sets, workers=workers, progress=part(progress, 0.75, 1.0))
    record = {
        "schema": asked["schema"],
        "recipe": hashlib.sha256(dump_json(asked)).hexdigest(),
        "garments": {name: {**_record(made), **extras[name]} for name, made in sets.items()},
        "made_with": {name: version_of(name) for name in ("newton", "warp-lang", "numpy")},
        "machine": platform.machine(),
    }
    write_bytes(
        folder / REPORT, dump_json({**record, "minutes_of_this_run": round((time.monotonic() - begun) / 60, 1)})
    )
    return record


def load_set(folder: Path, names: Sequence[str] = (), *, frozen: bool = True) -> dict[str, SampleSet]:
    """Open a built set by garment.

    Args:
        folder: Where it lies.
        names: Garments of the set; all when empty. The others need not be built.
        frozen: Whether it has to be the frozen one, to the accuracy of another machine.

    Raises:
        InputError: It is not built, or another one, or has no such garment.
    """
    known = [row["name"] for row in recipe()["garments"]]
    unknown = set(names) - set(known)
    if unknown:
        raise InputError(f"{folder}: the set has no garment {min(unknown)!r}; it has {', '.join(known)}")
    sets = {name: load_samples(folder / name) for name in names or known}
    if frozen:
        held = _frozen()
        found = [
            line
            for name, made in sets.items()
            for line in _differences(name, _record(made), held["garments"].get(name, {}))
        ]
        if found:
            raise InputError(f"{folder}: not the frozen set: {found[0]}; build it with the version that froze it")
    return sets


def compare(record: Mapping[str, Any]) -> list[str]:
    """Return what sets a build apart from the frozen set, one line each; none when it is the same."""
    held = _frozen()
    if record["recipe"] != held["recipe"]:
        return ["the recipe is another one than was frozen"]
    return [
        line
        for name, made in record["garments"].items()
        for line in _differences(name, made, held["garments"].get(name, {}))
    ]


def shared_samples(first: SampleSet, second: SampleSet) -> list[str]:
    """Return the ids of the second set's samples whose body and pose are in the first: of a training there are none."""

    def key(shape: Mapping[str, float], rotations: Any) -> tuple[object, ...]:
        return (*sorted(shape.items()), rotations.tobytes())

    known = {key(sample.shape, sample.pose.rotations) for sample in first.samples}
    return [sample.id for sample in second.samples if key(sample.shape, sample.pose.rotations) in known]


def _frozen() -> dict[str, Any]:
    if not FROZEN.is_file():
        raise InputError(f"{FROZEN}: the set has not been frozen; build it with --freeze")
    return load_json(FROZEN)


def _record(made: SampleSet) -> dict[str, Any]:
    """Return what identifies a set of samples, on this machine by digest and on any other by where the cloth lies."""
    return {
        "garments": [each.digest for each in (*made.below, made.garment)],
        "plan": hashlib.sha256(dump_json(made.plan.document())).hexdigest(),
        "simulation": made.simulation,
        "digest": made.digest,
        "samples": {split: len(made.samples.of(split)) for split in ("poses", "bodies", "outside")},
        "dropped": dict(made.dropped),
        "lies_mm": {sample.id: _lies(sample.points) for sample in made.samples},
    }


def _lies(points: Any) -> list[float]:
    """Return the middle of a cloth and its root mean square distance from there [mm]."""
    middle = points.mean(axis=0, dtype=np.float64)
    spread = float(np.sqrt(((points - middle) ** 2).sum(axis=1).mean()))
    return [round(1e3 * float(value), 2) for value in (*middle, spread)]


def _differences(name: str, made: Mapping[str, Any], held: Mapping[str, Any]) -> Iterator[str]:
    if not held:
        yield f"{name} is not in the frozen set"
    elif made["digest"] == held["digest"]:
        return
    elif made["simulation"] != held["simulation"]:
        yield f"{name} was simulated in another way than when it was frozen"
    elif made["garments"] != held["garments"]:
        yield f"{name} is another garment than was frozen"
    elif made["plan"] != held["plan"] or set(made["lies_mm"]) != set(held["lies_mm"]):
        yield f"{name} has other samples than were frozen"
    else:
        apart = [np.abs(np.subtract(lies, held["lies_mm"][sample])).max() for sample, lies in made["lies_mm"].items()]
        if max(apart) > ALIKE_MM:
            yield f"{name} lies up to {max(apart):.1f} mm elsewhere than when it was frozen"


def summary(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line on each garment of a record."""
    for name, made in record["garments"].items():
        counts = ", ".join(f"{count} {split}" for split, count in made["samples"].items())
        floor = ", ".join(f"{cause} {value:.1f} mm" for cause, value in made["noise_floor_mm"].items())
        yield f"{name}: {counts}; {len(made['dropped'])} dropped; noise floor: {floor}; {len(made['clips'])} clips"


@click.command()
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the set.")
@click.option("--library", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Other garments.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes at once; one a core by default.")
@click.option("--freeze", is_flag=True, help="Record this build as the frozen set.")
def main(out: Path, library: Path | None, workers: int | None, freeze: bool) -> None:
    """Build the benchmark set of simulated cloth and compare it with the frozen one.

    Example: python -m dressform.benchmarks.cloth_set --out cloth-set
    """
    last = ""

    def told(fraction: float, message: str, /) -> None:
        nonlocal last
        if message != last:
            click.echo(f"{100 * fraction:3.0f} % {message}", err=True)
        last = message

    try:
        record = build(out, Library.open(library) if library else None, workers=workers, progress=told)
        for line in summary(record):
            click.echo(line)
        if freeze:
            write_bytes(FROZEN, dump_json(record))
        found: Sequence[str] = compare(record)
    except DressformError as error:
        raise click.ClickException(str(error)) from error
    for line in found:
        click.echo(line)
    if not found:
        click.echo("this is the frozen set")
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    main()
