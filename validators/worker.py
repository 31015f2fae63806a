"""Starts a process that checks garments; imports nothing itself, as what it sets is read when packages load."""

from __future__ import annotations

import os
from collections.abc import Callable

# as many processes as cores run side by side: threads of their own would only wait for each other
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def start(prepare: Callable[[], None] | None) -> None:
    """Make this process compute in one thread, then prepare it."""
    os.environ.update(dict.fromkeys(THREADS, "1"))
    if prepare:
        prepare()
