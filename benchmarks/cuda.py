"""The same frames on CPU and CUDA: how fast each is, and how far they differ."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from .wardrobe import wardrobe_tryon

SECONDS, FPS, WARM_UP = 8.0, 30.0, 30
COMPARED = (3, 17, 60)  # frames


def run(sizes: tuple[tuple[int, int], ...] = ((512, 512), (1024, 1024))) -> dict[str, Any]:
    """Render tee and trousers on the catwalk on both devices, without encoding; without CUDA on the CPU alone."""
    wp.init()
    devices = ["cpu", *(["cuda"] if wp.is_cuda_available() else [])]
    result: dict[str, Any] = {"devices": [wp.get_device(name).name for name in devices]}
    for size in sizes:
        named = f"{size[0]}x{size[1]}"
        kept: dict[str, list[NDArray[np.uint8]]] = {}
        for device in devices:
            kept[device], rate = _frames(device, size)
            result[f"fps {device} {named}"] = round(rate, 1)
        if len(devices) == 2:
            pairs = zip(kept["cpu"], kept["cuda"], strict=True)
            off = np.concatenate([np.abs(a.astype(int) - b.astype(int)).max(axis=2).ravel() for a, b in pairs])
            result[f"mean difference of 255 {named}"] = round(float(off.mean()), 5)
            result[f"share of pixels off by more than 2 {named}"] = round(float((off > 2).mean()), 7)
    return result


def _frames(device: str, size: tuple[int, int]) -> tuple[list[NDArray[np.uint8]], float]:
    """Return the compared frames [H, W, 3] and frames a second."""
    tryon = wardrobe_tryon(size=size, device=device)
    kept, begun, count = [], 0.0, 0
    for number, frame in enumerate(tryon.stream("catwalk", fps=FPS, seconds=SECONDS)):
        if number == WARM_UP:
            begun = time.perf_counter()
        count = number - WARM_UP
        if number in COMPARED:
            kept.append(frame.rgb.copy())
    return kept, count / (time.perf_counter() - begun)
