"""Whether a library survives: jobs killed at any instant, disks that fill up, rights that lack, writers that meet."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .crash_child import BURST, DONE, FAULTS, KILLED, End, Hindrance, start, wait
from .crash_race import readers_while_writing, two_publishers
from .crash_scene import Job, Scene, broken_promises, make_scene

# in memory the jobs take a tenth of the time, so that kills land between more of their steps
_MEMORY = Path("/dev/shm")
FILE_BYTES = (0, 1, 100, 1_000, 3_000, 10_000, 30_000, 59_999)


def run(kills: int = 200, *, stride: int = 1, races: int = 20, reading_s: float = 10.0) -> dict[str, object]:
    """Kill and hinder publish, gc, import and the rebuilding of the index, and count what broke.

    Args:
        kills: SIGKILLs at random instants, for each job.
        stride: Of a job's file operations every so many-th is the one at which it is killed, or which fails.
        races: How often two processes publish the same version.
        reading_s: How long eight readers read while versions are published [s].

    Returns:
        Trials by how they ended, and `broken`: every promise that was not kept.
    """
    began = time.perf_counter()
    figures: dict[str, object] = {}
    broken: list[str] = []
    place = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder, _cache(f"{folder}/trial/cache"):
        Path(folder).chmod(0o755)  # so that a child without rights reads it
        scene = make_scene(Path(folder) / "scene")
        for job in scene.jobs:
            trials = _Trials(scene, job, Path(folder))
            figures[f"{job.name}_killed_at_random"] = trials.kill_at_random(kills)
            figures[f"{job.name}_killed_at_each_operation"] = trials.at_each_operation(stride, kill=True)
            figures[f"{job.name}_with_faults"] = trials.at_each_operation(stride, kill=False)
            figures[f"{job.name}_with_little_room"] = trials.with_little_room(stride)
            figures[f"{job.name}_without_rights"] = trials.without_rights()
            broken += trials.broken
        figures["same_version_twice"], wrong = two_publishers(Path(folder) / "race", races)
        broken += wrong
        figures["reads_while_writing"], wrong = readers_while_writing(scene, Path(folder) / "readers", reading_s)
        broken += wrong
    return {**figures, "broken": broken, "seconds": round(time.perf_counter() - began, 1)}


class _Trials:
    """Trials of one job; each starts from a copy of the scene's library."""

    def __init__(self, scene: Scene, job: Job, folder: Path) -> None:
        self._scene, self._job = scene, job
        self._folder, self._note = folder / "trial", folder / "note"
        self.broken: list[str] = []

    def kill_at_random(self, count: int) -> dict[str, int]:
        """Kill the job until it was hit `count` times, at instants spread over the time that it takes."""
        takes = deque((self._trial(None).seconds for _ in range(3)), maxlen=3)  # the machine may be busy now and then
        instants = random.Random(0)
        ends: list[str] = []
        while ends.count(KILLED) < count and len(ends) < 5 * count:
            end = self._trial(None, instants.uniform(0.0, min(takes)))
            ends.append(end.how)
            if end.how == DONE:
                takes.append(end.seconds)
        return self._count(ends)

    def at_each_operation(self, stride: int, *, kill: bool) -> dict[str, int]:
        """Kill the job just before each of its file operations, or let that one fail."""
        ends = []
        at = 0
        while True:
            error, lasting = (None, False) if kill else FAULTS[at // stride % len(FAULTS)]
            end = self._trial(Hindrance(self._folder, at, error, lasting))
            ends.append(end.how)
            if end.how == DONE and end.events <= at:
                return self._count(ends[:-1])
            at += stride

    def with_little_room(self, stride: int) -> dict[str, int]:
        """Let no file grow beyond a size, each size or a quarter of them."""
        return self._count(
            self._trial(Hindrance(self._folder, file_bytes=size)).how for size in FILE_BYTES[:: min(stride, 4)]
        )

    def without_rights(self) -> dict[str, int]:
        """Run the job without the right to write to the library."""
        return self._count([self._trial(Hindrance(self._folder, as_nobody=True)).how])

    def _trial(self, hindrance: Hindrance | None, kill_after_s: float | None = None) -> End:
        """Run the job in a child on a fresh copy, and note every promise that is not kept then."""
        library = self._scene.copy(self._folder)
        with _not_writable(self._folder, hindrance is not None and hindrance.as_nobody):
            pid = start(lambda: self._job.run(library), self._note, hindrance)
            end = wait(pid, self._note, kill_after_s=kill_after_s)
        where = f"{self._job.name}, {hindrance or kill_after_s}, {end.how}"
        if end.how == BURST or "\n" in end.said:
            self.broken.append(f"{where}: {end.said}")
        kept = broken_promises(self._scene, library, self._job, done=end.how == DONE)
        self.broken += [f"{where}: {each}" for each in kept]
        return end

    def _count(self, ends: Iterable[str]) -> dict[str, int]:
        return dict(sorted(Counter(ends).items()))


@contextmanager
def _cache(folder: str) -> Iterator[None]:
    """Let the index that is searched lie in a folder of the trials."""
    before = os.environ.get("DRESSFORM_CACHE")
    os.environ["DRESSFORM_CACHE"] = folder
    try:
        yield
    finally:
        del os.environ["DRESSFORM_CACHE"]
        if before is not None:
            os.environ["DRESSFORM_CACHE"] = before


@contextmanager
def _not_writable(folder: Path, applies: bool) -> Iterator[None]:
    """Take the right to write from a folder and those in it for a while."""
    folders = [folder, *(each for each in folder.rglob("*") if each.is_dir())] if applies else []
    for each in folders:
        each.chmod(0o555)
    yield
    for each in folders:
        each.chmod(0o755)
