"""The one body that templates are authored on."""

from __future__ import annotations

import functools

from .anny_body import ADULT_AGE, load_anny
from .protocol import RestBody

CANONICAL_SHAPE = {"gender": 0.5, "age": ADULT_AGE, "muscle": 0.5, "weight": 0.5, "height": 0.5, "proportions": 0.5}


@functools.cache
def canonical_rest() -> RestBody:
    """Return the canonical body: Anny, a young adult, every other phenotype in the middle."""
    return load_anny().rest(CANONICAL_SHAPE)
