"""Puts together C++ that works on LANES things at a time, for `warp.func_native`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_LANES = 16  # as in `begin.h`


def simd_code(*files: Path, constants: Mapping[str, float | int] | None = None) -> str:
    """Return the code of files, in order, after `begin.h` and constants that Python knows too.

    Args:
        files: With C++ for the inside of a function.
        constants: By name; whole numbers become long integers, others single precision.
    """
    known = [_constant(name, value) for name, value in (constants or {}).items()]
    texts = [path.read_text() for path in (Path(__file__).with_name("begin.h"), *files)]
    return "\n".join([*known, *texts])


def lanes_on(device: str) -> int:
    """Return how many lanes the code has on a Warp device: what one thread of a kernel works on at a time."""
    return _LANES if device == "cpu" else 1


def _constant(name: str, value: float | int) -> str:
    if isinstance(value, int):
        return f"constexpr long long {name} = {value}LL;"
    return f"constexpr float {name} = {value!r}f;"
