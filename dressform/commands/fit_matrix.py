"""`dressform fit-matrix`: try garments on bodies, in poses and over each other, and gate on what is found."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from dressform.schemas.errors import UsageError

from .finite import FiniteRange

if TYPE_CHECKING:
    from dressform.validators.budgets import Budgets
    from dressform.validators.fit_matrix import FitMatrix
    from dressform.validators.reports.fit_page import Shot
    from dressform.validators.trial import Trial
    from dressform.validators.wearable import Wearable

Command = Callable[..., Any]

PAGE, TABLE, DATA, PICTURES = "index.html", "fit-matrix.md", "fit-matrix.json", "pictures"
ALL = "all"


def limit(name: str, unit: str, what: str) -> Callable[[Command], Command]:
    """Return an option for a limit that the profile sets otherwise."""
    return click.option(
        f"--max-{name}", type=FiniteRange(min=0), metavar=unit, help=f"{what}; the profile's unless stated."
    )


@click.command("fit-matrix")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder.")
@click.option("--bodies", metavar="NAME,…|all", help="Bodies to try on; the profile's unless stated.")
@click.option("--poses", metavar="NAME,…|all", help="Poses to try in; the profile's unless stated.")
@limit("penetration", "%", "Most of the cloth that may be in the body")
@limit("stretch", "%", "Most stretch, 95th percentile")
@limit("sunk", "%", "Most of the cloth that may be in the layer below")
@limit("hole", "CM2", "Largest hole that the hide mask may bare")
@click.option("--profile", default="default", metavar="NAME|FILE", help="Where bodies, poses and limits come from.")
@click.option("--pairs/--no-pairs", default=True, help="Whether garments are tried over each other too.")
@click.option("--pictures", type=click.IntRange(0, 200), default=12, help="How many of the worst trials are drawn.")
@click.option("--library", type=click.Path(path_type=Path), help="Where to look up NAME@RANGE; else your library.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def fit_matrix(
    targets: tuple[str, ...],
    output: Path,
    bodies: str | None,
    poses: str | None,
    max_penetration: float | None,
    max_stretch: float | None,
    max_sunk: float | None,
    max_hole: float | None,
    profile: str,
    pairs: bool,
    pictures: int,
    library: Path | None,
    as_json: bool,
) -> int:
    """Try TARGETs on: drafts, libraries, exported versions, folders that hold any of them, or NAME@RANGE.

    Every garment is worn alone and over each one of a lower layer, by bodies from thin to heavy, each in the size
    nearest to its girths. The folder gets index.html, fit-matrix.md, fit-matrix.json and pictures of the worst trials.
    Exits with 1 when a trial is above a limit or a garment cannot be tried on.

    Example: dressform fit-matrix garments/ -o fit --bodies thin-woman,heavy-man --max-penetration 2
    """
    from dressform.validators.fit_matrix import fit_matrix as measure
    from dressform.validators.fit_matrix import garments_of
    from dressform.validators.profile import load_profile
    from dressform.validators.reports.fit_page import summary_lines

    limits: dict[str, Any] = {
        "penetrating_percent": max_penetration,
        "stretch_percent": max_stretch,
        "sunk_percent": max_sunk,
        "hole_cm2": max_hole,
    }
    budgets = replace(
        _trials(load_profile(profile).budgets, bodies, poses),
        **{name: value for name, value in limits.items() if value is not None},
    )
    _check_output(output)
    garments, untested = garments_of(targets, library)
    if os.isatty(2):
        from .progress import progress_bar

        with progress_bar("trying on") as progress:
            matrix = measure(garments, budgets, pairs=pairs, untested=untested, progress=progress)
    else:
        matrix = measure(garments, budgets, pairs=pairs, untested=untested)
    shots = _shots(matrix, garments, pictures)
    data = _write(output, matrix, shots)
    if as_json:
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join([*summary_lines(matrix), f"wrote {output / PAGE}"]))
    return int(bool(matrix.failures or matrix.untested))


def _trials(budgets: Budgets, bodies: str | None, poses: str | None) -> Budgets:
    """Return budgets with the bodies and poses that were named; spaces, hyphens and underscores are alike in names."""
    from dressform.runtime.body.body_range import BODIES
    from dressform.runtime.motion.sweep_poses import SWEEP
    from dressform.validators.wearable import check_names

    chosen_bodies = budgets.sweep_bodies if bodies is None else _names(bodies, BODIES)
    chosen_poses = budgets.sweep_poses if poses is None else _names(poses, SWEEP)
    check_names("body", chosen_bodies, BODIES)
    check_names("pose", chosen_poses, SWEEP)
    return replace(budgets, sweep_bodies=chosen_bodies, sweep_poses=chosen_poses)


def _names(text: str, known: Iterable[str]) -> tuple[str, ...]:
    spelled = {_plain(name): name for name in known}
    if _plain(text) == ALL:
        return tuple(spelled.values())
    named = [part.strip() for part in text.split(",") if part.strip()]
    return tuple(dict.fromkeys(spelled.get(_plain(name), name) for name in named))


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", " ").replace("-", " ")


def _check_output(folder: Path) -> None:
    """Refuse a folder with other things in it, before minutes are spent; an earlier matrix is replaced."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / DATA).is_file():
        raise UsageError(f"-o {folder} is not empty and holds no fit matrix; name a new folder")


def _shots(matrix: FitMatrix, garments: Sequence[Wearable], count: int) -> list[Shot]:
    """Draw the worst trial of each garment and pair, the worst first, up to a number."""
    from dressform.validators.fit_matrix import below
    from dressform.validators.reports.fit_page import Shot
    from dressform.validators.reports.fit_picture import trial_picture

    by_label = {garment.label: garment for garment in garments}
    worst: dict[tuple[str, str | None], Trial] = {}
    for trial in matrix.ranked():
        worst.setdefault((trial.garment, below(trial)), trial)
    shots = []
    for number, ((label, under), trial) in enumerate(list(worst.items())[:count], 1):
        jpeg = trial_picture(trial, by_label[label], None if under is None else by_label[under])
        shots.append(Shot(trial, jpeg, f"{PICTURES}/{number:03}.jpg"))
    return shots


def _write(folder: Path, matrix: FitMatrix, shots: Sequence[Shot]) -> dict[str, object]:
    """Write page, table, figures and pictures, take away the pictures of an earlier run, and return the figures."""
    from dressform.assets.atomic import write_bytes, write_text
    from dressform.validators.reports.fit_page import html_page, markdown

    data = matrix.to_json() | {"pictures": [shot.file for shot in shots]}
    for shot in shots:
        write_bytes(folder / shot.file, shot.jpeg)
    drawn = {folder / shot.file for shot in shots}
    for stale in set(folder.glob(f"{PICTURES}/[0-9][0-9][0-9].jpg")) - drawn:
        stale.unlink()
    write_text(folder / TABLE, markdown(matrix, shots))
    write_text(folder / PAGE, html_page(matrix, shots))
    write_text(folder / DATA, json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    return data
