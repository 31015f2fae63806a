"""Frames as picture files."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.schemas.errors import UsageError


def save_png(path: str | Path, rgb: NDArray[np.uint8]) -> None:
    """Write sRGB uint8 [H, W, 3] as PNG, whole or not at all."""
    target = Path(path)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        Image.fromarray(rgb).save(partial, format="PNG")
        os.replace(partial, target)
    except OSError as error:
        raise UsageError(
            f"cannot write {target}: {error.strerror or error}; name a file in a folder that exists"
        ) from error
    finally:
        partial.unlink(missing_ok=True)
