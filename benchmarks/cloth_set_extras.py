"""What belongs to the benchmark set beside its samples: the noise floor by cause, and clips of cloth in motion."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.atomic import write_bytes
from dressform.assets.files.cloth_clip import SUFFIX
from dressform.assets.hashing import file_sha256
from dressform.assets.template_version import TemplateVersion
from dressform.authoring.learn.canonical_cloth import wear
from dressform.authoring.learn.samples import Sample, SampleSet, load_samples
from dressform.authoring.learn.sampling_worker import worker_pool
from dressform.authoring.learn.score import Gauge
from dressform.authoring.simulate.posed import CANONICAL, CanonicalProtocol, PosedCloth
from dressform.authoring.simulate.poses import blended, eased
from dressform.authoring.simulate.record import Take, record
from dressform.authoring.simulate.solver import FRAME
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.motion.playback import play
from dressform.runtime.motion.procedural import motion
from dressform.schemas.documents import dump_json, load_json
from dressform.schemas.progress import Progress

Floats = NDArray[np.float32]

# By cause, another way to the same pose.
_WAYS: dict[str, CanonicalProtocol] = {
    "start noise of 1 mm": replace(CANONICAL, noise_mm=1.0),
    "finer solver": replace(CANONICAL, attempts=((4, 16), (6, 16)), finish=16),
}


@dataclass(frozen=True)
class Extras:
    """What to add to one garment of the set.

    Attributes:
        folder: Of the whole set.
        name: The garment's in the set.
        versions: What is worn in its clips, from the inside, each in its size.
        motions: Of its clips.
        body: Which of the set's bodies all this is done on.
        noise_poses: How many of its poses are simulated again.
        fps: Of the clips.
        from_s: Where in the motions the clips begin [s].
        seconds: How long they are [s].
    """

    folder: Path
    name: str
    versions: tuple[TemplateVersion, ...]
    motions: tuple[str, ...]
    body: str
    noise_poses: int
    fps: float
    from_s: float
    seconds: float

    @property
    def report(self) -> Path:
        """Where its figures lie."""
        return self.folder / "extras" / f"{self.name}.json"

    def clip(self, name: str) -> Path:
        """Return where a clip lies."""
        return self.folder / "clips" / f"{self.name}.{name}{SUFFIX}"


def make_extras(
    jobs: Sequence[Extras], sets: Mapping[str, SampleSet], *, workers: int | None, progress: Progress
) -> dict[str, dict[str, Any]]:
    """Make what is missing and return the figures by garment: `noise_floor_mm` by cause, `clips` with their sha256."""
    missing = [job for job in jobs if not _is_made(job, sets[job.name])]
    count = min(workers or os.cpu_count() or 1, len(missing))
    if count:
        with worker_pool(count) as pool:
            running = {pool.submit(make, job): job.name for job in missing}
            for done, future in enumerate(as_completed(running)):
                future.result()
                progress((done + 1) / len(missing), f"{running[future]}: noise floor and clips")
    return {job.name: {key: load_json(job.report)[key] for key in ("noise_floor_mm", "clips")} for job in jobs}


def _is_made(job: Extras, samples: SampleSet) -> bool:
    return (
        job.report.is_file()
        and load_json(job.report)["digest"] == samples.digest
        and all(job.clip(name).is_file() for name in job.motions)
    )


def make(job: Extras) -> None:
    """Measure the noise floor and write the clips of one garment."""
    samples = load_samples(job.folder / job.name)
    chosen = [sample for sample in samples.samples if sample.body == job.body][: job.noise_poses]
    garments, rest = (*samples.below, samples.garment), samples.rest(job.body)
    cloth = PosedCloth(wear(garments, chosen[0].size, rest), rest)
    gauge = Gauge(samples.meshes[chosen[0].size])
    again = {cause: _another_way(cloth, way, chosen) for cause, way in _WAYS.items()}
    again["by way of another pose"] = [
        _by_way_of(cloth, other.pose, sample.pose)
        for sample, other in zip(chosen, (*chosen[1:], chosen[0]), strict=True)
    ]
    floor = {
        cause: round(
            1e3 * float(np.mean([gauge.errors(a, b.points).mean() for a, b in zip(found, chosen, strict=True)])), 2
        )
        for cause, found in again.items()
    }
    clips = {name: _write_clip(job, rest, name) for name in job.motions}
    write_bytes(job.report, dump_json({"digest": samples.digest, "noise_floor_mm": floor, "clips": clips}))


def _another_way(cloth: PosedCloth, way: CanonicalProtocol, chosen: Sequence[Sample]) -> list[Floats]:
    """Return the outermost garment [V, 3] in the poses of samples, reached by another protocol [m]."""
    other = PosedCloth(cloth.wearings, cloth.rest, protocol=way)
    return [other.pose(sample.pose).points[-1] for sample in chosen]


def _by_way_of(cloth: PosedCloth, first: Pose, last: Pose) -> Floats:
    """Return the outermost garment [V, 3] in a pose that was reached from another one instead of from rest [m]."""
    way = [first, *(blended(first, last, eased((k + 1) / CANONICAL.move)) for k in range(CANONICAL.move))]
    *_, points = cloth.clip([*way, *[last] * CANONICAL.hold], 1 / FRAME)
    return points[-1]


def _write_clip(job: Extras, rest: RestBody, name: str) -> str:
    """Simulate a motion, going on where an interrupted run stopped, and return the file's sha256."""
    path = job.clip(name)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        first, last = round(job.from_s * job.fps), round((job.from_s + job.seconds) * job.fps)
        poses = list(itertools.islice(play(motion(name), rest, job.fps), first, last))
        record(Take(job.versions, rest, poses, job.fps, {"body_name": job.body, "motion": name}), path)
    return file_sha256(path)
