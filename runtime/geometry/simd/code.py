"""Puts together C++ that works on LANES things at a time, for `warp.func_native`."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path

import warp as wp

_LANES = 16  # as in `begin.h`
# Many x86 processors gather from memory faster by loading one after another than by the instruction for it: on an AMD
# EPYC shading takes a tenth less time so, and on many of Intel's the instruction is slow since its mitigations of 2023.
_GATHER = "-target-feature +prefer-no-gather" if platform.machine() in ("x86_64", "AMD64") else ""
# where a processor has no vectors for a loop it is left a loop, without a word to who runs it
_FLAGS = f"{wp.config.cpu_compiler_flags or '-march=native'} -Wno-pass-failed {_GATHER}".strip()
# of modules whose kernels are made of such code
SIMD_OPTIONS = {"enable_backward": False, "cpu_compiler_flags": _FLAGS}


def simd_code(*files: Path, constants: Mapping[str, float | int] | None = None) -> str:
    """Return the code of files, in order, after `begin.h` and constants that Python knows too.

    Args:
        files: With C++ for the inside of a function.
        constants: By name; whole numbers become long integers, others single precision.
    """
    known = [_constant(name, value) for name, value in (constants or {}).items()]
    texts = [path.read_text("utf-8") for path in (Path(__file__).with_name("begin.h"), *files)]
    return "\n".join([*known, *texts])


def lanes_on(device: str) -> int:
    """Return how many lanes the code has on a Warp device: what one thread of a kernel works on at a time."""
    return _LANES if device == "cpu" else 1


def _constant(name: str, value: float | int) -> str:
    if isinstance(value, int):
        return f"constexpr long long {name} = {value}LL;"
    return f"constexpr float {name} = {value!r}f;"
