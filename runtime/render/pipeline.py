"""Pictures in the making beside each other: one is shown while the next are drawn and dressed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from dressform.schemas.errors import UsageError

from .checks import check_size
from .drawing import Drawing

_MOST_SAMPLES = 9_000_000  # of a picture of which several are in the making at once: memory goes before speed
Item = TypeVar("Item")


class Pipeline(Generic[Item]):
    """Dresses and draws ahead, each on a thread of its own, so that every core works without waiting within a frame.

    A drawing is taken for a later frame when the frame after its own is asked for.

    Args:
        drawings: Taken in turn.
        dress: Fills a drawing's vertices and returns what it shows; None at the end.
        draw: Finds what is seen of a drawing that shows this.
    """

    def __init__(
        self,
        drawings: Sequence[Drawing],
        dress: Callable[[Drawing], Item | None],
        draw: Callable[[Drawing, Item], None],
    ) -> None:
        self._drawings, self._dress, self._draw = drawings, dress, draw
        self._pools = [ThreadPoolExecutor(1, name) for name in ("dress", "draw")]
        self._stopped = False

    def frames(self) -> Iterator[tuple[Drawing, Item]]:
        """Yield what is drawn, in order.

        Raises:
            UsageError: When `stop` was called meanwhile.
        """
        try:
            coming = deque(self._begin(drawing) for drawing in self._drawings)
            while True:
                drawing, drawn = coming.popleft()
                item = drawn.result()
                if item is None:
                    break
                yield drawing, item
                if self._stopped:
                    raise UsageError("another stream of this TryOn has begun; take its frames one stream after another")
                coming.append(self._begin(drawing))
        finally:
            self.stop()

    def stop(self) -> None:
        """Give up what is coming; returns when no thread works on a drawing any more."""
        self._stopped = True
        for pool in self._pools:
            pool.shutdown(wait=True, cancel_futures=True)

    def _begin(self, drawing: Drawing) -> tuple[Drawing, Future[Item | None]]:
        dress, draw = self._pools
        return drawing, draw.submit(self._drawn, drawing, dress.submit(self._dressed, drawing))

    def _dressed(self, drawing: Drawing) -> Item | None:
        return None if self._stopped else self._dress(drawing)

    def _drawn(self, drawing: Drawing, dressing: Future[Item | None]) -> Item | None:
        item = dressing.result()
        if item is not None and not self._stopped:
            self._draw(drawing, item)
        return item


def frames_ahead(size: tuple[int, int], samples: int, device: str, *, most: int, layers: int = 0) -> int:
    """Return how many frames to make ahead: none where that takes much memory, or more than there is.

    Args:
        size: (width, height) of the frames [px].
        samples: Samples per pixel side.
        device: Warp device.
        most: How many there may be besides the one that is shown.
        layers: How many layers of sheer cloth a sample holds; 0: there is none.

    Raises:
        UsageError: When there is not enough for one frame.
    """
    try:
        check_size(size, samples, device, layers=layers)
    except ValueError as error:
        raise UsageError(f"--{error}") from None
    try:
        check_size(size, samples, device, drawings=1 + most, layers=layers)
    except ValueError:
        return 0
    return most if size[0] * size[1] * samples**2 <= _MOST_SAMPLES else 0
