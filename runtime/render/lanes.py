"""Two halves of a picture beside each other: Warp's CPU kernels run on one core each and let go of the GIL."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from .boxes import Box, halves


class Lanes:
    """Works on the lower half of a box of pixels on a second core.

    Args:
        several: Whether to; else the calling thread does all of it. The kernels have to be loaded then.
    """

    def __init__(self, *, several: bool) -> None:
        several = several and (os.cpu_count() or 1) > 1
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="half") if several else None

    def each(self, box: Box, work: Callable[[Box], None]) -> None:
        """Work on a box and return when all of it is done."""
        if self._pool is None:
            work(box)
            return
        upper, lower = halves(box)
        other = self._pool.submit(work, lower)
        try:
            work(upper)
        finally:
            other.result()
