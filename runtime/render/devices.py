"""The devices that frames are made on, and the compiled kernels that they take."""

from __future__ import annotations

import warp as wp

from dressform.schemas.errors import UsageError


def device_named(name: str) -> str:
    """Return the Warp device of a name; "cuda" is the first GPU.

    Raises:
        UsageError: When there is none; names those there are.
    """
    wp.config.log_level = wp.LOG_ERROR
    wp.init()
    known = [device.alias for device in wp.get_devices()]
    if name == "cuda" and any(alias.startswith("cuda") for alias in known):
        return "cuda:0"
    if name not in known:
        raise UsageError(f"--device must be one of {', '.join(known)}, got {name!r}")
    return name


def load_kernels(device: str = "cpu") -> None:
    """Load the kernels of every part of the runtime that was imported, for the CPU and a device, before threads do.

    Otherwise each is loaded at its first launch, and two threads that load one at once would each load a copy, of which
    the first to come is let go of while it may run.
    """
    for place in dict.fromkeys(("cpu", device)):
        wp.load_module("dressform.runtime", device=place, recursive=True)
