"""Where downloaded and derived files are kept between runs."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir(*parts: str) -> Path:
    """Return (and make) a folder of the cache.

    The cache is `$DRESSFORM_CACHE`, else `$XDG_CACHE_HOME/dressform`, else `~/.cache/dressform`.
    """
    named = os.environ.get("DRESSFORM_CACHE")
    root = Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dressform"
    folder = root.expanduser().joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
