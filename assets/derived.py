"""Arrays that follow from code and data alone, kept between runs by the digest of everything they follow from.

A kept file is named by the sha256 of its inputs, of the code that makes it and of the packages which that calls, so it
is never wrong, only unused. Files are written whole or not at all: any number of processes may share the folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .atomic import replacing
from .cache import cache_dir

Arrays = Mapping[str, NDArray[Any]]

KEPT_DAYS = 30.0  # what nobody has read for so long is deleted


def derived_key(made_by: Iterable[ModuleType], *inputs: NDArray[Any] | str | bytes) -> str:
    """Return the key of what modules make of inputs.

    Args:
        made_by: Every module whose code decides the result; of a package with a version, that counts.
        inputs: What they make it of; type and shape count too.
    """
    total = hashlib.sha256()
    for module in made_by:
        total.update(f"{module.__name__} {_state(module)}\n".encode())
    for value in inputs:
        if isinstance(value, str):
            value = value.encode()
        if isinstance(value, bytes):
            total.update(f"bytes {len(value)}\n".encode())
            total.update(value)
        else:
            total.update(f"{value.dtype.str} {value.shape}\n".encode())
            total.update(np.ascontiguousarray(value).data)
    return total.hexdigest()


def derived_arrays(kind: str, key: str, make: Callable[[], Arrays]) -> Arrays:
    """Return the arrays kept under a key; make and keep them where there are none, or none that can be read.

    Args:
        kind: What they are; names the folder in the cache.
        key: From `derived_key`.
        make: Makes them.
    """
    try:
        path = cache_dir("derived", kind) / f"{key}.safetensors"
    except OSError:
        return make()
    kept = _read(path)
    if kept is not None:
        return kept
    made = make()
    _write(path, made)
    return made


@cache
def _state(module: ModuleType) -> str:
    version = getattr(module, "__version__", None)
    if isinstance(version, str):
        return version
    return hashlib.sha256(Path(str(module.__file__)).read_bytes()).hexdigest()


def _read(path: Path) -> Arrays | None:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        kept = load_file(path)
        if time.time() - path.stat().st_mtime > 86400.0:
            os.utime(path)  # tells the clean-up that it is in use
    except (OSError, SafetensorError, ValueError, KeyError):
        return None
    return kept


def _write(path: Path, made: Arrays) -> None:
    """Keep arrays, and delete what nobody has read for a long time; where that fails it only costs time."""
    from safetensors.numpy import save_file

    with contextlib.suppress(OSError), replacing(path) as beside:
        save_file({name: np.ascontiguousarray(values) for name, values in made.items()}, beside)
    oldest = time.time() - KEPT_DAYS * 86400.0
    for other in path.parent.glob("*.safetensors"):
        with contextlib.suppress(OSError):
            if other.stat().st_mtime < oldest:
                other.unlink()
