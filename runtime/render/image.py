"""Frames as picture files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.assets.atomic import replacing
from dressform.schemas.errors import UsageError


def save_png(path: str | Path, rgb: NDArray[np.uint8]) -> None:
    """Write sRGB uint8 [H, W, 3] as PNG, whole or not at all."""
    target = Path(path)
    if not target.parent.is_dir():
        raise UsageError(f"cannot write {target}: the folder {target.parent} does not exist; make it first")
    try:
        with replacing(target) as beside:
            Image.fromarray(rgb).save(beside, format="PNG")
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror or error}; name another file") from error
