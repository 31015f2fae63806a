"""A motion by name or by file."""

from __future__ import annotations

from pathlib import Path

from .clip import MotionClip, read_clip
from .procedural import motion


def load_motion(source: str | Path) -> MotionClip:
    """Return a built-in motion by name, or read a clip file (anything with a suffix or a folder in it).

    Raises:
        UsageError: There is no motion of that name.
        InputError: The file cannot be read as a clip.
    """
    path = Path(source)
    if path.suffix or len(path.parts) > 1:
        return read_clip(path)
    return motion(str(source))
