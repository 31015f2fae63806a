"""What the benchmarks wear: tee and trousers of the starter wardrobe, on the canonical body."""

from __future__ import annotations

from dressform.assets.library import Library
from dressform.runtime.avatar.avatar_file import Avatar
from dressform.runtime.body.canonical import CANONICAL_SHAPE, canonical_rest
from dressform.runtime.session import Look, TryOn

WEAR = ("trousers", "tee")


def wardrobe() -> Library:
    """Return the library that ships with the package."""
    return Library.embedded()


def canonical_avatar() -> Avatar:
    """Return the canonical body as an avatar."""
    return Avatar("anny", CANONICAL_SHAPE, {"height": canonical_rest().measures().height})


def wardrobe_tryon(size: tuple[int, int] = (512, 512), device: str = "cpu", preset: str = "realtime") -> TryOn:
    """Return the canonical body in tee and trousers."""
    return TryOn(canonical_avatar(), WEAR, library=wardrobe(), size=size, device=device, look=Look(preset=preset))
