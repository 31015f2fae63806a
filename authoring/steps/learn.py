"""Learn: the garment's deformation field, from cloth simulated on bodies and poses, with the card that judges it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from dressform.assets.template_version import TemplateVersion
from dressform.authoring.draft import Draft
from dressform.authoring.learn.cloth_on_body import Dress
from dressform.authoring.learn.learn import BODY, learn_field
from dressform.authoring.learn.samples import PLAN
from dressform.authoring.learn.study import LearnOptions
from dressform.schemas.documents import dump_json
from dressform.schemas.errors import AssetError, UsageError
from dressform.schemas.progress import Progress, silent


def samples_folder(draft: Draft) -> Path:
    """Return where a draft's simulated samples lie while its field is learned: beside it."""
    return draft.folder.with_name(f"{draft.folder.name}.samples")


def learn(
    draft: Draft,
    options: LearnOptions | None = None,
    *,
    samples: Path | None = None,
    fresh: bool = False,
    below: Sequence[TemplateVersion] = (),
    dress: Dress | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> Draft:
    """Learn a draft's field; a run that was interrupted goes on where it stopped, to the same field.

    Args:
        draft: With a rig and an atlas.
        options: How much is simulated.
        samples: Folder for the simulated samples, which stays; None takes `samples_folder` and removes it at the end.
        fresh: Throw away samples of an earlier run that are there.
        below: What is worn under it in the simulations, from the inside.
        dress: Starts a simulation; None takes the default solver.
        workers: Processes at once; None takes one a core.
        progress: Told how far it is.

    Raises:
        AssetError: The draft has no rig.
        UsageError: The samples' folder holds something else, or samples of another plan or garment.
    """
    begun = time.perf_counter()
    options = options or LearnOptions()
    if not draft.has("rig"):
        raise AssetError(f"{draft.folder}: a field needs a rig; run `dressform garment rig {draft.folder}` first")
    folder = samples_folder(draft) if samples is None else samples
    if fresh and folder.exists():
        _throw_away(folder)
    learned = learn_field(draft, folder, options, below=below, dress=dress, workers=workers, progress=progress)
    done = draft.commit_step(
        "learn",
        {**asdict(options), "over": [version.label for version in below]},
        learned.report(),
        files={f"field.{BODY}.safetensors": learned.data, f"field.{BODY}.json": dump_json(learned.card)},
        seconds=time.perf_counter() - begun,
    )
    if samples is None:
        shutil.rmtree(folder, ignore_errors=True)
    return done


def _throw_away(folder: Path) -> None:
    if not (folder / PLAN).is_file():
        raise UsageError(f"{folder} holds no samples ({PLAN} is missing); it is left alone, name another folder")
    shutil.rmtree(folder)
