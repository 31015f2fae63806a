"""`dressform garment learn`: simulate, train, score, and write the field and its card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rich_click as click

from .garment_options import DRAFT, JSON
from .progress import progress_bar


@click.command()
@DRAFT
@click.option("--poses", type=int, help="To train on, over all bodies.  [default: 72]")
@click.option("--bodies", type=int, help="To train on, 2 to 64.  [default: one for 2.5 poses]")
@click.option("--minutes", type=float, help="Instead of --poses: as many as two laptop cores simulate in that time.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the poses.")
@click.option(
    "--over", multiple=True, help="A garment that it is worn over, as for --wear; repeat from the inside out."
)
@click.option("--samples", type=click.Path(path_type=Path), help="Folder for the samples, to keep; else DRAFT.samples.")
@click.option(
    "--resume/--fresh", default=True, show_default=True, help="Go on with an interrupted run's samples, or start anew."
)
@click.option("--workers", type=int, help="Simulations at once; by default one a core.")
@JSON
def learn(
    draft: Path,
    poses: int | None,
    bodies: int | None,
    minutes: float | None,
    seed: int,
    over: tuple[str, ...],
    samples: Path | None,
    resume: bool,
    workers: int | None,
    as_json: bool,
) -> None:
    """Learn how the garment folds: simulates it on bodies in poses, trains its field, and scores it on unseen ones.

    Writes field.anny.safetensors and its card field.anny.json. An interrupted run goes on where it stopped when it is
    started again. Needs the extra [sim].

    Example: dressform garment learn drafts/jacket --over tee --poses 120
    """
    from dressform.assets.library import Library
    from dressform.authoring.draft import Draft
    from dressform.authoring.learn.study import LearnOptions
    from dressform.authoring.steps.learn import learn as run
    from dressform.schemas.errors import UsageError

    if poses is not None and minutes is not None:
        raise UsageError("--poses and --minutes say the same thing twice; give one of them")
    if minutes is not None:
        options = LearnOptions.of_minutes(minutes, bodies=bodies, seed=seed)
    else:
        options = LearnOptions(LearnOptions.poses if poses is None else poses, bodies, seed)
    opened = Draft.open(draft)
    library = Library.open()
    below = [library.resolve(name) for name in over]
    with progress_bar("learn") as progress:
        done = run(opened, options, samples=samples, fresh=not resume, below=below, workers=workers, progress=progress)
    report = done.report("learn")
    if as_json:
        click.echo(json.dumps({"draft": str(draft), "step": "learn", "report": report}, indent=2))
    else:
        click.echo(f"learn: {gist(report)}")


def gist(report: Mapping[str, Any]) -> str:
    """Say what came of learning, in one line."""
    errors = [
        f"{split} {report['error_mm'][split]:.1f} mm (plain skinning {report['plain_error_mm'][split]:.1f})"
        for split in report["error_mm"]
    ]
    made = f"{report['poses']} poses on {report['bodies']} bodies"
    return f"{made}; unseen {', '.join(errors)}; {report['megabytes']:.2f} MB in {report['minutes']:.1f} minutes"
