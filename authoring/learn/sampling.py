"""Carries out a plan: simulates its samples over all cores, goes on where an interrupted run stopped."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from dressform.assets.atomic import write_bytes
from dressform.assets.hashing import file_sha256
from dressform.assets.template_version import TemplateVersion
from dressform.authoring.draft import Draft
from dressform.authoring.simulate.parts import hanging_faces
from dressform.runtime.garment.dressed import DressedGarment
from dressform.schemas.documents import dump_json, load_json
from dressform.schemas.errors import InputError, UsageError
from dressform.schemas.progress import Progress, silent

from . import sampling_worker
from .canonical_cloth import canonical_cloth, simulation
from .cloth_on_body import Dress
from .plan import Group, Plan
from .samples import (
    PLAN,
    SCHEMA,
    SET,
    Entry,
    SampleSet,
    garment_folders,
    load_samples,
    read_sample,
    sample_path,
    set_digest,
)
from .sampling_worker import Part, dropped_path
from .specimen import Specimen

MOST_DROPPED = 0.05  # share of the samples
LOCK = ".lock"
PART = 20  # poses that one worker simulates on a body before the next part may go to another
_MOST_LAYERS = 9
_LOOK = 1.0  # time between two looks at how many samples there are [s]


def make_samples(
    garment: TemplateVersion | Draft,
    plan: Plan,
    folder: Path,
    *,
    dress: Dress | None = None,
    below: Sequence[TemplateVersion | Draft] = (),
    workers: int | None = None,
    progress: Progress = silent,
) -> SampleSet:
    """Simulate a plan's samples into a folder, and open the set.

    A run that was ended in its midst, however rudely, is taken up where it stopped, to the same set. A finished set is
    opened as it is.

    Args:
        garment: What is sampled.
        plan: Its bodies, sizes and poses.
        folder: Where the set lies; made when it is not there.
        dress: Starts a simulation; None takes the default solver and the canonical protocol, which the set notes. Each
            `dress` of your own needs a folder of its own: a set cannot tell one from another.
        below: What is worn under the garment, from the inside.
        workers: Processes at once; None takes one a core, 1 works in this process.
        progress: Told how far it is.

    Raises:
        UsageError: The folder holds something else, or another run is at work in it.
        InputError: More than 5 % of the samples could not be simulated; the message names the reasons. Or what is
            worn is no cloth that could be.
    """
    count = os.cpu_count() or 1 if workers is None else workers
    if count < 1:
        raise UsageError(f"workers: at least 1 is needed, got {count}")
    garments = [Specimen.of(each) for each in (*below, garment)]
    _check_sizes(garments[-1], plan)
    if not (folder / SET).is_file():
        for each in garments:
            _check_cloth(each)
    with _alone_in(folder):
        _begin(folder, plan, garments, simulation() if dress is None else None)
        if not (folder / SET).is_file():
            parts = list(_missing(folder, plan, len(garments)))
            _work(parts, dress or canonical_cloth, count, _Count(folder, plan, progress))
            _finish(folder, plan)
    progress(1.0, f"{len(plan)} samples")
    return load_samples(folder)


def _check_sizes(garment: Specimen, plan: Plan) -> None:
    for group in plan.groups:
        if group.size not in garment.meshes:
            raise UsageError(
                f"plan: {group.body} wears size {group.size}, which {garment.label} lacks; "
                f"it has {', '.join(garment.meshes)}"
            )


def _check_cloth(garment: Specimen) -> None:
    """Refuse at once what every simulation would refuse."""
    size = garment.default_size
    worn = DressedGarment(garment.name, garment.meshes[size], garment.rig_of(size), 0)
    hanging_faces(worn.mesh, worn.stiff, garment.label)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder for the samples")
    held = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    # a run that was ended while it wrote the garments has left no plan yet
    if PLAN not in held and held - {LOCK, *(each.name for each in garment_folders(folder, _MOST_LAYERS))}:
        raise UsageError(f"{folder} is not empty and holds no samples; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise UsageError(
            f"{folder}: another run is making samples there; wait for it, or name another folder"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _begin(folder: Path, plan: Plan, garments: Sequence[Specimen], simulated: dict[str, Any] | None) -> None:
    """Write the garments and then the plan, or make sure that the folder was begun with the same."""
    digests = [garment.digest for garment in garments]
    asked = {"garments": digests, "plan": plan.document(), "simulation": simulated}
    if (folder / PLAN).is_file():
        held = load_json(folder / PLAN)
        for key, wanted in asked.items():
            if dump_json(held.get(key)) != dump_json(wanted):
                raise UsageError(f"{folder} holds samples of another {key.rstrip('s')}; name another folder")
        for stray in folder.rglob(".*.part"):  # what a killed run was writing
            stray.unlink(missing_ok=True)
        return
    for garment, own in zip(garments, garment_folders(folder, len(garments)), strict=True):
        garment.write(own)
    write_bytes(folder / PLAN, dump_json(asked))


def _missing(folder: Path, plan: Plan, garments: int) -> Iterator[Part]:
    """Yield the samples that are neither there nor dropped, in parts of one body and size each.

    What comes to rest on a body is simulated anew for each part, so all splits share it.
    """
    worn: dict[tuple[str, str], list[tuple[Group, int]]] = {}
    for group, index in plan:
        worn.setdefault((group.body, group.size), []).append((group, index))
    for samples in worn.values():
        for first in range(0, len(samples), PART):
            chunk = samples[first : first + PART]
            left = tuple(sample for sample in chunk if not _is_done(folder, sample[0].sample_id(sample[1])))
            if left:
                yield Part(folder, plan, left, garments)


def _is_done(folder: Path, sample_id: str) -> bool:
    return sample_path(folder, sample_id).is_file() or dropped_path(folder, sample_id).is_file()


class _Count:
    """Tells how many samples there are, and how long the rest may take."""

    def __init__(self, folder: Path, plan: Plan, progress: Progress) -> None:
        self._folder, self._total, self._progress = folder, len(plan), progress
        self._begun, self._at_first = time.monotonic(), self._done()

    def _done(self) -> int:
        return sum(len(list(self._folder.glob(pattern))) for pattern in ("samples/*.safetensors", "dropped/*.json"))

    def tell(self) -> None:
        done = self._done()
        made = done - self._at_first
        left = ""
        if made:
            seconds = (time.monotonic() - self._begun) / made * (self._total - done)
            left = f", {seconds:.0f} s left" if seconds < 90 else f", {seconds / 60:.0f} min left"
        self._progress(done / self._total, f"simulated {done} of {self._total} poses{left}")


def _work(parts: Sequence[Part], dress: Dress, workers: int, count: _Count) -> None:
    count.tell()
    if workers == 1 or len(parts) < 2:
        for part in parts:
            for _ in sampling_worker.simulate(part, dress):
                count.tell()
        return
    with sampling_worker.worker_pool(min(workers, len(parts))) as pool:
        pending: set[Future[Any]] = {pool.submit(sampling_worker.simulate_all, part, dress) for part in parts}
        while pending:
            finished, pending = wait(pending, timeout=_LOOK, return_when=FIRST_COMPLETED)
            for future in finished:
                future.result()
            count.tell()


def _finish(folder: Path, plan: Plan) -> None:
    """Check and list all samples, unless too many were dropped."""
    dropped = {
        group.sample_id(index): str(load_json(dropped_path(folder, group.sample_id(index)))["reason"])
        for group, index in plan
        if dropped_path(folder, group.sample_id(index)).is_file()
    }
    if len(dropped) > MOST_DROPPED * len(plan):
        shutil.rmtree(folder / "dropped")  # so that a run with the cause removed tries them again
        first, reason = next(iter(dropped.items()))
        raise InputError(
            f"{folder}: {len(dropped)} of {len(plan)} poses could not be simulated, needed at most {MOST_DROPPED:.0%}; "
            f"the first is {first} ({reason}); look at how the garment drapes on that body, then run the same again"
        )
    entries = [_entry(folder, group, index) for group, index in plan if group.sample_id(index) not in dropped]
    document = {
        "schema": SCHEMA,
        "digest": set_digest(entries),
        "samples": [vars(entry) for entry in entries],
        "dropped": dropped,
    }
    write_bytes(folder / SET, dump_json(document))


def _entry(folder: Path, group: Group, index: int) -> Entry:
    name = group.sample_id(index)
    path = sample_path(folder, name)
    _, _, still_mm = read_sample(path)
    return Entry(name, group.split, group.body, group.size, round(still_mm, 4), file_sha256(path))
