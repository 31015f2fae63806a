"""Kernel launches that are prepared once for each buffer they work on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

KEPT_BUFFERS = 4  # vertex buffers whose launches are kept ready, for callers that use them in turn


class Launches:
    """Runs recorded launches on a Warp array, recording them when the array is new.

    Args:
        record: Makes the recorded launches for an array.
    """

    def __init__(self, record: Callable[[Any], Sequence[Any]]) -> None:
        self._record = record
        self._commands: dict[int, Sequence[Any]] = {}

    def run(self, points: Any) -> None:
        """Launch on this array, in place."""
        if points.ptr not in self._commands:
            if len(self._commands) == KEPT_BUFFERS:
                self._commands.clear()
            self._commands[points.ptr] = self._record(points)
        for command in self._commands[points.ptr]:
            command.launch()
