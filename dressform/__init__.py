"""Garment templates with learned fit, and a try-on renderer that runs on a laptop.

The names below load on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

import gc
import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from dressform.assets.library import Library as Library
    from dressform.fitting import fit as fit
    from dressform.runtime.avatar.avatar_file import Avatar as Avatar
    from dressform.runtime.avatar.estimate import estimate_avatar as estimate_avatar
    from dressform.runtime.motion.load import load_motion as motion
    from dressform.runtime.render.scene import Background as Background
    from dressform.runtime.render.shot import Shot as Shot
    from dressform.runtime.session import Look as Look
    from dressform.runtime.session import TryOn as TryOn
    from dressform.schemas.errors import DressformError as DressformError
    from dressform.validators.engine import validate as validate

_PUBLIC = {
    "Avatar": ("dressform.runtime.avatar.avatar_file", "Avatar"),
    "Background": ("dressform.runtime.render.scene", "Background"),
    "DressformError": ("dressform.schemas.errors", "DressformError"),
    "Library": ("dressform.assets.library", "Library"),
    "Look": ("dressform.runtime.session", "Look"),
    "Shot": ("dressform.runtime.render.shot", "Shot"),
    "TryOn": ("dressform.runtime.session", "TryOn"),
    "estimate_avatar": ("dressform.runtime.avatar.estimate", "estimate_avatar"),
    "fit": ("dressform.fitting", "fit"),
    "motion": ("dressform.runtime.motion.load", "load_motion"),
    "validate": ("dressform.validators.engine", "validate"),
}
__all__ = [
    "Avatar",
    "Background",
    "DressformError",
    "Library",
    "Look",
    "Shot",
    "TryOn",
    "estimate_avatar",
    "fit",
    "motion",
    "validate",
]


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'dressform' has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    # what an import makes stays; looking through it for garbage again and again takes a tenth of the time and more
    collecting = gc.isenabled()
    gc.disable()
    try:
        return getattr(importlib.import_module(module), attribute)
    finally:
        if collecting:
            gc.enable()


def __dir__() -> list[str]:
    return sorted([*_PUBLIC, "__version__"])
