"""One process of sampling: a garment on one body, pose after pose, each written as soon as it is there."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path

import warp

from dressform.assets.atomic import write_bytes
from dressform.schemas.documents import dump_json
from dressform.schemas.errors import AssetError, DressformError

from .cloth_on_body import ClothOnBody, Dress, Lost, Rested
from .plan import Group, Plan
from .poses import draw_pose
from .samples import drape_path, read_garments, rest_of, sample_path, write_points, write_sample

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_LOOK = 1.0  # time between two looks at whether the process that started this one is there [s]


@dataclass(frozen=True)
class Part:
    """Some samples on one body in one size.

    Attributes:
        folder: Of the set.
        plan: Of the set.
        samples: The group of each, all of one body and size, and its number in it; at least one.
        garments: How many are worn, the set's own on top.
    """

    folder: Path
    plan: Plan
    samples: tuple[tuple[Group, int], ...]
    garments: int


@contextmanager
def worker_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Open a pool of processes that compute in one thread each, and end at once when the block is left by an error.

    They are started anew, not forked: kernels and threads of numerical packages do not survive a fork.

    Raises:
        AssetError: A process was ended from outside.
    """
    context = multiprocessing.get_context("spawn")
    given_up = context.Event()
    pool = ProcessPoolExecutor(workers, context, _start, (os.getpid(), given_up))
    try:
        yield pool
    except BrokenProcessPool:
        raise AssetError(
            "a process that simulated cloth was ended from outside, perhaps for lack of memory; "
            "run the same again with fewer workers: it goes on where it stopped"
        ) from None
    except BaseException:
        given_up.set()  # what is done is written; nobody waits for what was begun
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _start(parent: int, given_up: Event) -> None:
    """Make this process compute in one thread, and end when the one that started it gives up or is gone.

    An interrupt from the keyboard reaches all processes; only the one that started them says so.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(dict.fromkeys(THREADS, "1"))
    warp.config.log_level = warp.LOG_ERROR  # each would greet on its own
    threading.Thread(target=_end_with, args=(parent, given_up), daemon=True).start()


def _end_with(parent: int, given_up: Event) -> None:
    while os.getppid() == parent and not given_up.wait(_LOOK):
        pass
    os._exit(1)


def simulate_all(part: Part, dress: Dress) -> None:
    """Simulate and write a part."""
    for _ in simulate(part, dress):
        pass


def simulate(part: Part, dress: Dress) -> Iterator[str]:
    """Simulate a part, write each sample (or why it was dropped), and yield its id."""
    group = part.samples[0][0]
    rest = rest_of(group.shape)
    cloth, reason = _settled(part, group, dress)
    for group, index in part.samples:
        name = group.sample_id(index)
        outcome: Rested | Lost = Lost(reason)
        if cloth is not None:
            pose = draw_pose(rest, part.plan.random(group, index))
            outcome = cloth.pose(pose)
        if isinstance(outcome, Lost):
            write_bytes(dropped_path(part.folder, name), dump_json({"reason": outcome.reason}))
        else:
            write_sample(sample_path(part.folder, name), pose, outcome.points, outcome.still_mm)
        yield name


def dropped_path(folder: Path, sample_id: str) -> Path:
    """Return where it says why a sample was dropped."""
    return folder / "dropped" / f"{sample_id}.json"


def _settled(part: Part, group: Group, dress: Dress) -> tuple[ClothOnBody | None, str]:
    """Return the garments at rest on the part's body, or None and why they cannot be worn there."""
    garments = read_garments(part.folder, part.garments)
    try:
        cloth = dress(garments, group.size, rest_of(group.shape))
        drape = cloth.settle()
    except DressformError as error:
        return None, str(error)
    path = drape_path(part.folder, group.body, group.size)
    if not path.is_file():
        write_points(path, drape)
    return cloth, ""
