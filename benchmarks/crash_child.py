"""Runs a job in a process of its own, to be killed or hindered at any instant."""

from __future__ import annotations

import errno
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dressform.schemas.errors import DressformError

DONE, TOLD, BURST, KILLED = "done", "told", "burst", "killed"
_CODES = {0: DONE, 3: TOLD, 4: BURST}
# what changes a folder, and what opens or lists in it, as Python tells audit hooks
_WRITES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.truncate", "os.utime"}
_READS = {"os.listdir", "os.scandir"}
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT
NOBODY = 65_534
_LOOK_S = 0.002  # how often a child that is to be killed is looked at, so that nobody waits for one that is done


@dataclass(frozen=True)
class End:
    """How a child ended.

    Attributes:
        how: DONE, TOLD (one line for the user), BURST (a traceback) or KILLED.
        said: The line, or the traceback.
        events: File operations on the library that it came to, where they were counted.
        seconds: How long it ran [s].
    """

    how: str
    said: str
    events: int
    seconds: float


@dataclass(frozen=True)
class Hindrance:
    """What stands against a job.

    Attributes:
        folder: The library's and its cache's; only what happens in it counts.
        at: The number of the file operation that fails, from 0; None for none.
        error: The `errno` that it fails with; None kills the process there.
        lasting: Whether every later write fails too, as on a full disk.
        file_bytes: No file can become larger.
        as_nobody: Run without the right to write what this user owns.
    """

    folder: Path
    at: int | None = None
    error: int | None = None
    lasting: bool = False
    file_bytes: int | None = None
    as_nobody: bool = False


def start(job: Callable[[], object], note: Path, hindrance: Hindrance | None = None) -> int:
    """Fork a child that does a job, and return its process id.

    Args:
        job: What to do.
        note: File that receives what the child has to say, and how many file operations it came to.
        hindrance: What stands against it.
    """
    pid = os.fork()
    if pid:
        return pid
    code = 4
    try:
        handle = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        counter = _hinder(hindrance) if hindrance is not None else [0]
        said = ""
        try:
            job()
            code = 0
        except DressformError as error:
            said, code = str(error), 3
        except BaseException:
            said = traceback.format_exc()
        counter[0], events = -1, counter[0]
        os.write(handle, f"{events}\n{said[:4000]}".encode())
    finally:
        os._exit(code)


def wait(pid: int, note: Path, *, kill_after_s: float | None = None) -> End:
    """Wait for a child, or kill it after a while (SIGKILL), and return how it ended."""
    began = time.perf_counter()
    ended, status = 0, 0
    if kill_after_s is not None:
        while not ended and (left := began + kill_after_s - time.perf_counter()) > 0:
            time.sleep(min(left, _LOOK_S))
            ended, status = os.waitpid(pid, os.WNOHANG)
        if not ended:
            os.kill(pid, signal.SIGKILL)
    if not ended:
        _, status = os.waitpid(pid, 0)
    seconds = time.perf_counter() - began
    if os.WIFSIGNALED(status):
        return End(KILLED, "", 0, seconds)
    events, _, said = note.read_text().partition("\n")
    return End(_CODES.get(os.WEXITSTATUS(status), BURST), said, int(events or 0), seconds)


def _hinder(hindrance: Hindrance) -> list[int]:
    """Arm a child against itself, and return the counter of its file operations; −1 in it disarms."""
    if hindrance.as_nobody and os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    if hindrance.file_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hindrance.file_bytes, hindrance.file_bytes))
    counter = [0]

    def met(path: str, writes: bool) -> None:
        at = counter[0]
        if at < 0:
            return
        counter[0] += 1
        if hindrance.at is None or at < hindrance.at or (at > hindrance.at and not (hindrance.lasting and writes)):
            return
        if hindrance.error is None:
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            raise OSError(hindrance.error, os.strerror(hindrance.error), path)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event != "open" and event not in _WRITES and event not in _READS:
            return
        path = str(arguments[0])
        if path.startswith(str(hindrance.folder)):
            flags = arguments[2] if event == "open" else 0
            met(path, event in _WRITES or bool(isinstance(flags, int) and flags & _WRITE_FLAGS))

    sync = os.fsync

    def fsync(handle: int) -> None:
        met(str(hindrance.folder), True)
        sync(handle)

    os.fsync = fsync  # type: ignore[assignment]  # in this child only: no audit hook hears of it
    sys.addaudithook(hook)
    return counter


FAULTS = (
    (errno.ENOSPC, True),  # a full disk stays full
    (errno.EACCES, False),
    (errno.EROFS, True),
    (errno.EIO, False),
)
