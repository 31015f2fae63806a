"""Two pieces of a frame beside each other: Warp's CPU kernels run on one core each and let go of the GIL."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


class Lanes:
    """Runs independent launches on a second core where there is one.

    Args:
        device: Warp device; a GPU keeps its own order and needs no lanes.
    """

    def __init__(self, device: str) -> None:
        several = device == "cpu" and (os.cpu_count() or 1) > 1
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="render") if several else None
        self._warm: set[str] = set()

    def both(self, name: str, here: Callable[[], None], beside: Callable[[], None]) -> None:
        """Run both and return when both are done.

        Args:
            name: Of the pair. Its first run is one after the other, because that is when Warp compiles.
            here: The piece for this thread.
            beside: The piece for the other core; it may not depend on `here`.
        """
        if self._pool is None or name not in self._warm:
            self._warm.add(name)
            beside()
            here()
            return
        other = self._pool.submit(beside)
        try:
            here()
        finally:
            other.result()
