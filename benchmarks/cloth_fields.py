"""How near the fields of a library come to the frozen set of simulated cloth, against the bars; and a page of pictures.

Run `python -m dressform.benchmarks.cloth_fields --set FOLDER [--library LIBRARY] [--page docs/fields.md]`; the set is
built by `python -m dressform.benchmarks.cloth_set --out FOLDER`. Garments that are not judged on it are shown with
`--learned FOLDER`, the folder in which `python -m dressform.authoring.wardrobe --learn FOLDER` kept its simulated
cloth: on the poses that their cards were judged on, which no field was trained on either.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rich_click as click

from dressform.assets.library import Library
from dressform.assets.template_version import TemplateVersion
from dressform.authoring.learn.judge import HELD_OUT, frame_ms, judge
from dressform.authoring.learn.plan import Split
from dressform.authoring.learn.samples import SampleSet, load_samples
from dressform.schemas.documents import dump_json
from dressform.schemas.errors import DressformError, InputError
from dressform.schemas.field import Scores
from dressform.schemas.progress import Progress, part, silent

from .cloth_fields_page import write_page
from .cloth_set import load_set, recipe


@dataclass(frozen=True)
class Bar:
    """What a figure has to keep to.

    Attributes:
        name: Of the figure.
        least: Its least value.
        most: Its greatest.
    """

    name: str
    least: float
    most: float

    def holds(self, value: float) -> bool:
        """Say whether a value keeps to it."""
        return self.least <= value <= self.most


INSIDE: tuple[Split, ...] = ("poses", "bodies")
# largest mean error [mm], and share of plain skinning's
ERRORS: dict[str, tuple[float, float]] = {
    "tight-tee": (6.0, 1.0),
    "loose-tee": (7.5, 0.25),
    "trousers": (6.0, 1.0),
    "circle-skirt": (6.5, 0.15),
    "jacket-over-tee": (10.0, 1.0),
}
PENETRATING, STRETCH, LEAST_BENDING, MOST_BENDING = 0.05, 6.0, 0.7, 1.5
LATENCY_MS, MEGABYTES = 1.0, 2.0


@dataclass(frozen=True)
class Judged:
    """One garment of the set.

    Attributes:
        name: In the set.
        version: The version whose field was judged.
        scores: By split.
        latency_ms: What the field takes of a frame on one core [ms].
        megabytes: Its file [MB].
    """

    name: str
    version: TemplateVersion
    scores: Mapping[Split, Scores]
    latency_ms: float
    megabytes: float

    def measured(self) -> Iterator[tuple[Split | None, Bar, float]]:
        """Yield every figure that has a bar: of which split, the bar, and the value."""
        error, share = ERRORS[self.name]
        for split in INSIDE:
            own = self.scores[split]
            mean, plain = own["error_mm"]["mean"], own["plain_error_mm"]["mean"]
            yield split, Bar("error [mm]", 0.0, error), mean
            yield split, Bar("error over plain skinning's", 0.0, share), mean / plain
            most = max(PENETRATING, own["simulated"]["penetrating_percent"])
            yield split, Bar("penetrating after push-out [%]", 0.0, most), own["penetrating_percent"]["after"]
            most = max(STRETCH, own["simulated"]["stretch_percent"]["p95"])
            yield split, Bar("stretch, 95th percentile [%]", 0.0, most), own["stretch_percent"]["p95"]
            yield split, Bar("bending over the simulation's", LEAST_BENDING, MOST_BENDING), own["bending_ratio"]
        own = self.scores["outside"]
        share = own["error_mm"]["mean"] / own["plain_error_mm"]["mean"]
        yield "outside", Bar("error over plain skinning's", 0.0, 1.0), share
        yield None, Bar("field in a frame [ms]", 0.0, LATENCY_MS), self.latency_ms
        yield None, Bar("file [MB]", 0.0, MEGABYTES), self.megabytes


def run(
    folder: Path, library: Library | None = None, names: Sequence[str] = (), progress: Progress = silent
) -> list[Judged]:
    """Judge the fields of a library on the frozen set.

    Args:
        folder: Of the set.
        library: Whose fields; None takes those that ship.
        names: Garments of the set; all when empty.
        progress: Told how far it is.

    Raises:
        InputError: The set is not there, or not the frozen one, or a garment carries no field.
    """
    library = library or Library.embedded()
    sets = load_set(folder, names)
    wear = {row["name"]: row["wear"] for row in recipe()["garments"]}
    return [
        _judged(
            name,
            over_library(sets[name], library),
            library.resolve(wear[name]),
            part(progress, k / len(sets), (k + 1) / len(sets), f"{name}: "),
        )
        for k, name in enumerate(sets)
    ]


def over_library(samples: SampleSet, library: Library) -> SampleSet:
    """Return a set with what is worn below shown by a library's fields."""
    return samples.over([library.resolve(below.name) for below in samples.below])


def _judged(name: str, samples: SampleSet, version: TemplateVersion, progress: Progress) -> Judged:
    field = version.field()
    if field is None:
        raise InputError(f"{version.label} carries no field; run `dressform garment learn` on its draft and publish it")
    megabytes = version.file("field.anny.safetensors").stat().st_size / 1e6
    scores = judge(samples, field, HELD_OUT, progress)
    return Judged(name, version, scores, frame_ms(samples, field), megabytes)


def table(judged: Sequence[Judged]) -> list[str]:
    """Return the bars and what was measured as lines of a Markdown table."""
    lines = ["| garment | on | figure | needed | found | |", "| --- | --- | --- | ---: | ---: | --- |"]
    for each in judged:
        for split, bar, value in each.measured():
            needed = f"{bar.least:g}–{bar.most:g}" if bar.least else f"≤ {bar.most:g}"
            verdict = "holds" if bar.holds(value) else "**missed**"
            lines.append(f"| {each.name} | {_SPLITS[split]} | {bar.name} | {needed} | {value:.3g} | {verdict} |")
    return lines


def _others(library: Library, folder: Path, judged: Sequence[Judged]) -> dict[str, SampleSet]:
    """Return the samples of a library's garments that were not judged on the frozen set, by name."""
    held = {each.version.name for each in judged}
    versions = [library.resolve(name) for name in library.names() if name not in held]
    return {each.name: load_samples(folder / each.name) for each in versions if each.field() is not None}


_SPLITS: dict[Split | None, str] = {
    "poses": "unseen poses",
    "bodies": "unseen bodies",
    "outside": "bodies outside the span",
    "train": "training",
    None: "",
}


def document(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return everything measured as JSON values."""
    return {
        each.name: {
            "version": each.version.label,
            "scores": dict(each.scores),
            "latency_ms": round(each.latency_ms, 3),
            "megabytes": round(each.megabytes, 3),
            "missed": [
                f"{split or 'file'}: {bar.name}" for split, bar, value in each.measured() if not bar.holds(value)
            ],
        }
        for each in sorted(judged, key=operator.attrgetter("name"))
    }


@click.command()
@click.option("--set", "folder", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--library", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Other fields.")
@click.option("--garment", "names", multiple=True, help="Only this garment of the set; repeat for more.")
@click.option("--page", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with pictures too.")
@click.option(
    "--learned",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Cloth that fields were learned from; shows the garments that are not judged on the set.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(
    folder: Path, library: Path | None, names: tuple[str, ...], page: Path | None, learned: Path | None, as_json: bool
) -> None:
    """Judge fields on the benchmark set of simulated cloth.

    Example: python -m dressform.benchmarks.cloth_fields --set cloth-set --page docs/fields.md
    """

    def told(fraction: float, message: str, /) -> None:
        click.echo(f"{100 * fraction:3.0f} % {message}", err=True)

    try:
        fields = Library.open(library) if library else Library.embedded()
        judged = run(folder, fields, names, told)
        if page is not None:
            rows = [(each.name, each.version, each.scores) for each in judged]
            others = {} if learned is None else _others(fields, learned, judged)
            shown = {**load_set(folder, names), **others}
            shown = {name: over_library(samples, fields) for name, samples in shown.items()}
            write_page(page, rows, shown, table(judged), [fields.resolve(name) for name in others])
    except DressformError as error:
        raise click.ClickException(str(error)) from error
    click.echo(dump_json(document(judged)).decode() if as_json else "\n".join(table(judged)))


if __name__ == "__main__":
    main()
