"""Runs cases in a process of its own, which may hang, run out of memory or crash without harm to the others."""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from .fuzz_case import make_case
from .fuzz_doors import enter
from .fuzz_seeds import Seed

HANG_S = 10.0
MEMORY = 2**30  # bytes of address space that a case may take beyond what the program holds
BATCH = 500  # cases of one process
# what changes a folder, as Python tells audit hooks
_WRITES = {
    "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.chown", "os.truncate", "os.utime", "os.link",
    "os.symlink", "shutil.rmtree", "shutil.copyfile", "shutil.move",
}  # fmt: skip
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
TAKEN, TOLD = "taken", "told"


@dataclass(frozen=True)
class Ending:
    """How a case ended.

    Attributes:
        number: Of the case.
        how: "taken", "told", or what went wrong: "burst", "hang", "memory", "crash", "escape".
        kind: Door and changed files, for the sums.
        said: What tells of the failure.
        seconds: How long it ran [s].
        grown: Bytes of memory that it took beyond what was held before, at its height.
    """

    number: int
    how: str
    kind: str = ""
    said: str = ""
    seconds: float = 0.0
    grown: int = 0

    @property
    def wrong(self) -> bool:
        """Whether a promise was broken."""
        return self.how not in (TAKEN, TOLD)


def run_cases(
    seeds: dict[str, list[Seed]], seed: int, numbers: range, folder: Path, kinds: tuple[str, ...] = ()
) -> Iterator[Ending]:
    """Run cases, in as many processes one after the other as it takes, and yield how each ended.

    Args:
        seeds: What the cases are made from.
        seed: Of the random numbers.
        numbers: Of the cases.
        folder: Where a case may write.
        kinds: The kinds of cases; all when empty.
    """
    yield from run_jobs(lambda number: _case(seeds, seed, number, folder, kinds), numbers, folder)


def run_jobs(job: Callable[[int], Ending], numbers: range, folder: Path) -> Iterator[Ending]:
    """Do jobs, in as many processes one after the other as it takes, and yield how each ended.

    Args:
        job: Does the one of a number.
        numbers: Of the jobs.
        folder: Where a job may write.
    """
    at = numbers.start
    while at < numbers.stop:
        stop = min(at + BATCH, numbers.stop)
        for ending in _batch(job, range(at, stop), folder):
            yield ending
            at = ending.number + 1


def _batch(case: Callable[[int], Ending], numbers: range, folder: Path) -> Iterator[Ending]:
    """Yield the endings of cases until all are done or one ended the process."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if not pid:
        os.close(reader)
        _work(case, numbers, writer, folder)
    os.close(writer)
    at, held = numbers.start, b""
    try:
        while at < numbers.stop:
            ready, _, _ = select.select([reader], [], [], HANG_S)
            if not ready:
                yield Ending(at, "hang", said=_trace(folder), seconds=HANG_S)
                return
            piece = os.read(reader, 1 << 16)
            if not piece:
                _, status = os.waitpid(pid, 0)
                pid = 0
                yield Ending(at, "crash", said=f"ended by {os.waitstatus_to_exitcode(status)}; {_trace(folder)}")
                return
            *lines, held = (held + piece).split(b"\n")
            for line in lines:
                ending = Ending(**json.loads(line))
                at = ending.number + 1
                yield ending
    finally:
        os.close(reader)
        if pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _trace(folder: Path) -> str:
    path = folder.with_name("trace")
    return path.read_text(errors="replace")[-3000:] if path.is_file() else ""


def _work(case: Callable[[int], Ending], numbers: range, writer: int, folder: Path) -> None:
    """Be the child: run cases, tell of each, and never return."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    trace = folder.with_name("trace").open("w")
    faulthandler.enable(trace)
    work = folder.with_name("work")  # where relative names end up, also those that count from an open folder
    work.mkdir(exist_ok=True)
    os.chdir(work)
    tempfile.tempdir = str(work)
    guard = Guard(folder, work, Path(os.environ["DRESSFORM_CACHE"]))
    guard.limit_memory()
    sys.addaudithook(guard.hear)
    for number in numbers:
        faulthandler.dump_traceback_later(HANG_S - 0.5, file=trace)
        guard.escaped.clear()
        ending = case(number)
        if guard.escaped and not ending.wrong:
            ending = Ending(number, "escape", ending.kind, guard.escaped[0])
        os.write(writer, json.dumps(ending.__dict__).encode() + b"\n")
    faulthandler.cancel_dump_traceback_later()
    os._exit(0)


def _case(seeds: dict[str, list[Seed]], seed: int, number: int, folder: Path, kinds: tuple[str, ...]) -> Ending:
    """Make a case, write it and bring it in."""
    made = make_case(seeds, Random(f"{seed}/{number}"), kinds)
    kind = f"{made.kind}: {', '.join(sorted({Path(path).suffix[1:] or 'blob' for path in made.changed}))}"
    made.write(folder)
    before, start = _forget_peak(), time.perf_counter()
    how, said = "", ""
    try:
        how = enter(made.kind, folder, made.main)
    except MemoryError:
        how, said = "memory", traceback.format_exc()
    except BaseException:
        how, said = "burst", traceback.format_exc()
    seconds, grown = time.perf_counter() - start, max(0, _memory("VmHWM") - before)
    if grown > MEMORY:
        how, said = "memory", f"{grown / 2**20:.0f} MiB"
    return Ending(number, how, kind, said[-6000:], round(seconds, 3), grown)


def _forget_peak() -> int:
    """Let the kernel measure the height of the memory anew, and return what is held now."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return _memory("VmHWM")
    return _memory("VmRSS")


def _memory(what: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) * 1024
    return 0


class Guard:
    """Hears of every file that the process opens or changes, and notes those outside of some folders."""

    def __init__(self, *folders: Path) -> None:
        self._inside = (*(f"{folder.resolve()}/" for folder in folders), f"/proc/{os.getpid()}/")
        roots = {sys.prefix, sys.base_prefix, str(Path(__file__).resolve().parents[1]), str(Path.home() / ".cache")}
        self._readable = (*(f"{root}/" for root in roots), "/usr/", "/lib", "/proc/", "/sys/", "/dev/")
        self._own = {os.devnull}
        self.escaped: list[str] = []

    def limit_memory(self) -> None:
        """Refuse memory beyond `MEMORY` more than is held now."""
        limit = _memory("VmSize") + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Be told of an event, as `sys.addaudithook` does."""
        if event == "open":
            path, _, flags = arguments
            writes = isinstance(flags, int) and bool(flags & _WRITE_FLAGS)
            self._note(event, path, writes=writes)
        elif event in _WRITES:
            paths = arguments[:2] if event in ("os.rename", "os.link", "shutil.move") else arguments[:1]
            for path in paths:
                self._note(event, path, writes=True)
        elif event in ("os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "socket.connect"):
            self.escaped.append(f"{event} {arguments!r}"[:500])

    def _note(self, event: str, path: object, *, writes: bool) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        real = os.path.realpath(os.fsdecode(path))
        if f"{real}/".startswith(self._inside) or real in self._own:
            return
        if writes or (not real.startswith(self._readable) or real == "/dev/zero"):
            self.escaped.append(f"{event} {real!r}, {'written' if writes else 'read'}")
