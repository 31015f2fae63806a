"""From a garment to its field: simulate, train, judge, and write the card."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from dressform.assets.atomic import write_bytes
from dressform.assets.files.digests import topology_digest, uv1_digest
from dressform.assets.files.field_file import as_written, field_bytes
from dressform.assets.template_version import TemplateVersion
from dressform.authoring.draft import Draft
from dressform.runtime.body.anny_body import load_anny
from dressform.schemas.documents import dump_json
from dressform.schemas.errors import InputError
from dressform.schemas.field import FieldCard, FieldDigests, Scores
from dressform.schemas.progress import Progress, part, silent

from .card import Worth, field_card
from .cloth_on_body import Dress
from .fit_field import FieldOptions, FittedField, fit_field
from .gather import gather
from .judge import frame_ms, judge
from .noise import noise_floor_mm
from .plan import Split
from .samples import SampleSet
from .sampling import make_samples
from .specimen import Specimen
from .study import LearnOptions, learning_plan

BODY = "anny"
CLOCK = "clock.json"
SIMULATED, TRAINED, JUDGED = 0.82, 0.9, 0.97  # shares of the work that are done then
_MEGABYTE = 1e6


@dataclass(frozen=True)
class Learned:
    """A field that is ready for a draft.

    Attributes:
        data: The content of `field.<body>.safetensors`.
        card: Of `field.<body>.json`.
        fitted: The field, and what its training says of it.
    """

    data: bytes
    card: FieldCard
    fitted: FittedField

    def report(self) -> dict[str, Any]:
        """Return what a step's report says, JSON values."""
        held = cast("Mapping[Split, Scores]", self.card["held_out"])
        return {
            "poses": self.card["trained"]["poses"],
            "bodies": self.card["trained"]["bodies"],
            "modes": len(self.fitted.field.modes),
            "error_mm": {split: scores["error_mm"]["mean"] for split, scores in held.items()},
            "plain_error_mm": {split: scores["plain_error_mm"]["mean"] for split, scores in held.items()},
            "unseen_in_training_mm": [round(value, 2) for value in self.fitted.unseen_mm],
            "megabytes": self.card["megabytes"],
            "minutes": self.card["trained"]["minutes"],
        }


class Clock:
    """Adds up the time that interrupted runs have spent on one set of samples.

    Args:
        folder: Of the samples; nothing is written before it is there.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / CLOCK
        self._begun = self._written = time.monotonic()
        self._before = 0.0
        if self._path.is_file():
            held = json.loads(self._path.read_text(encoding="utf-8"))
            self._before = max(float(held.get("seconds", 0.0)), 0.0) if isinstance(held, dict) else 0.0

    @property
    def minutes(self) -> float:
        """So far."""
        return (self._before + time.monotonic() - self._begun) / 60

    def watched(self, progress: Progress) -> Progress:
        """Return a progress that writes the time down now and then."""

        def told(fraction: float, message: str, /) -> None:
            if self._path.parent.is_dir() and time.monotonic() - self._written > 5:
                self._written = time.monotonic()
                write_bytes(self._path, dump_json({"seconds": round(60 * self.minutes, 1)}))
            progress(fraction, message)

        return told


def learn_field(
    garment: TemplateVersion | Draft,
    folder: Path,
    options: LearnOptions | None = None,
    *,
    below: Sequence[TemplateVersion] = (),
    dress: Dress | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> Learned:
    """Learn a garment's field, going on where an interrupted run stopped.

    Args:
        garment: With a rig and an atlas.
        folder: Where the simulated samples lie, or will.
        options: How much is simulated.
        below: What is worn under it in the simulations, from the inside; shown with its own fields.
        dress: Starts a simulation; None takes the default solver.
        workers: Processes at once; None takes one a core.
        progress: Told how far it is, and the time left while it simulates.

    Raises:
        InputError: The garment has no atlas, or too many poses could not be simulated.
        UsageError: The folder holds something else.
    """
    options = options or LearnOptions()
    specimen = Specimen.of(garment, BODY)
    atlas = uv1_digest(specimen.meshes[specimen.default_size])
    if atlas is None:
        raise InputError(f"{specimen.label}: a field needs an atlas (UV1); run `dressform garment unwrap` first")
    clock = Clock(folder)
    watched = clock.watched(progress)
    stated = cast("Mapping[str, Any]", garment.manifest).get("sizes", {})
    measures = {size: stated.get(size, {}).get("measures", {}) for size in specimen.meshes}
    plan = learning_plan(measures, specimen.default_size, options)
    samples = make_samples(
        garment, plan, folder, below=below, dress=dress, workers=workers, progress=part(watched, 0.0, SIMULATED)
    )
    return trained(samples.over(below), options, dress=dress, clock=clock, progress=part(watched, SIMULATED, 1.0))


def trained(
    samples: SampleSet,
    options: LearnOptions,
    *,
    dress: Dress | None = None,
    clock: Clock | None = None,
    progress: Progress = silent,
) -> Learned:
    """Train a field on finished samples, and judge it on those that were kept from the training."""
    clock = clock or Clock(samples.folder)
    mesh = samples.meshes[samples.garment.default_size]
    body_digest = load_anny().topology_digest
    gathered = gather(samples, part(progress, 0.0, 0.3))
    progress(0.3, f"training on {len(gathered.features)} samples")
    fitted = fit_field(
        gathered,
        body=BODY,
        body_digest=body_digest,
        topology=topology_digest(mesh),
        options=FieldOptions(modes=options.modes),
    )
    field = as_written(fitted.field)  # what is judged is what will be read
    data = field_bytes(fitted.field)
    scores = judge(samples, field, progress=part(progress, 0.5, 0.9))
    progress(0.9, "simulating some poses twice: the noise floor")
    worth = Worth(
        scores=scores,
        noise_floor_mm=noise_floor_mm(samples, dress),
        latency_ms=frame_ms(samples, field),
        megabytes=len(data) / _MEGABYTE,
        minutes=clock.minutes,
    )
    digests = FieldDigests(
        topology=topology_digest(mesh),
        uv1=str(uv1_digest(mesh)),
        body=body_digest,
        field=hashlib.sha256(data).hexdigest(),
    )
    card = field_card(gathered, worth, digests, body=BODY, bound=field.bound, seed=options.seed)
    progress(1.0, "field learned")
    return Learned(data, card, fitted)
