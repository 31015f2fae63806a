"""Keeps what libraries print about themselves off the standard output that a command writes to."""

from __future__ import annotations


def quieten_warp() -> None:
    """Keep Warp's greeting back; loads Warp, so only what may reach a kernel calls it."""
    import warp

    warp.config.log_level = warp.LOG_ERROR
