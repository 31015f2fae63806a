"""Arrays that follow from code and data alone, kept between runs by the digest of everything they follow from.

A kept file is named by the sha256 of its inputs, of the code that makes it and of the packages which that calls, so it
is never wrong, only unused. Files are written whole or not at all: any number of processes may share the folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
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
KEPT_BYTES = 512 * 2**20  # of one kind; beyond that what was read longest ago is deleted


def derived_key(made_by: Iterable[ModuleType], *inputs: object) -> str:
    """Return the key of what modules make of inputs.

    Args:
        made_by: Every module whose code decides the result; a package counts by its version, one without by all the
            modules directly in it; and either by the C++ beside it.
        inputs: What they make it of: arrays, whose type and shape count too, text, bytes, numbers, None, and data
            classes, mappings and sequences of these.
    """
    total = hashlib.sha256()
    for module in made_by:
        total.update(f"{module.__name__} {_state(module)}\n".encode())
    for value in inputs:
        _feed(total, value)
    return total.hexdigest()


def _feed(total: Any, value: object) -> None:
    """Add a value to a digest, so that no two different ones add the same bytes."""
    if isinstance(value, np.ndarray | np.generic):
        total.update(f"{value.dtype.str} {value.shape}\n".encode())
        total.update(np.ascontiguousarray(value).data)
    elif isinstance(value, bytes):
        total.update(f"bytes {len(value)}\n".encode())
        total.update(value)
    elif value is None or isinstance(value, str | bool | int | float):
        total.update(f"{type(value).__name__} {value!r}\n".encode())
    elif is_dataclass(value) and not isinstance(value, type):
        total.update(f"{type(value).__name__}\n".encode())
        _feed(total, {each.name: getattr(value, each.name) for each in fields(value)})
    elif isinstance(value, Mapping):
        total.update(f"mapping {len(value)}\n".encode())
        for name in sorted(value):
            _feed(total, name)
            _feed(total, value[name])
    elif isinstance(value, Sequence):
        total.update(f"sequence {len(value)}\n".encode())
        for each in value:
            _feed(total, each)
    else:
        raise TypeError(f"a key follows from arrays, text, numbers and what holds them, not from {type(value)}")


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
    source = Path(str(module.__file__))
    # C++ that kernels are made of lies beside the modules that launch them
    written = sorted(source.parent.glob("*.py")) if hasattr(module, "__path__") else [source]
    files = [*written, *sorted(source.parent.glob("*.h"))]
    digests = [f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files]
    return " ".join(digests)


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
    """Keep arrays, and delete what nobody has read for long; where that fails it only costs time."""
    from safetensors.numpy import save_file

    with contextlib.suppress(OSError), replacing(path) as beside:
        save_file({name: np.ascontiguousarray(values) for name, values in made.items()}, beside)
    with contextlib.suppress(OSError):
        _clean(path.parent)


def _clean(folder: Path) -> None:
    oldest, total = time.time() - KEPT_DAYS * 86400.0, 0
    kept = [(path.stat(), path) for path in folder.glob("*.safetensors")]
    for found, path in sorted(kept, key=lambda each: -each[0].st_mtime):
        total += found.st_size
        if found.st_mtime < oldest or total > KEPT_BYTES:
            path.unlink()
