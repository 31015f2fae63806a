"""Values that change every frame, on their way from numpy to kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray


class Upload:
    """A Warp array that is filled from numpy again and again without allocating.

    Args:
        shape: Of the array.
        dtype: Warp type of its entries.
        device: Warp device.

    Attributes:
        array: On the device.
        values: float32, the same memory on a CPU, else the host's copy: write into it, then call `send`.
    """

    def __init__(self, shape: int | tuple[int, ...], dtype: Any, device: str) -> None:
        # not pinned: a copy from pinned memory would still be under way when the next frame is written into it
        self._host = wp.zeros(shape, dtype=dtype, device="cpu")
        self.values: NDArray[np.float32] = self._host.numpy()
        self.array = self._host if device == "cpu" else wp.zeros(shape, dtype=dtype, device=device)

    def send(self) -> None:
        """Bring what was written to the device."""
        if self.array is not self._host:
            wp.copy(self.array, self._host)

    def fill(self, values: NDArray[np.floating]) -> Any:
        """Write values of the array's shape, bring them to the device and return the Warp array."""
        self.values[...] = values
        self.send()
        return self.array
