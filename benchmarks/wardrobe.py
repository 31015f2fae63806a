"""What the benchmarks wear: the demo's tee and trousers on the canonical body, made once and kept in the cache."""

from __future__ import annotations

from dressform import __version__
from dressform.assets.cache import cache_dir
from dressform.assets.library import Library
from dressform.authoring.wardrobe import publish_tee, publish_trousers
from dressform.runtime.avatar.avatar_file import Avatar
from dressform.runtime.body.canonical import CANONICAL_SHAPE, canonical_rest
from dressform.runtime.session import Look, TryOn

WEAR = ("trousers", "tee")


def wardrobe(*, fresh: bool = False) -> Library:
    """Return a library that holds `tee` and `trousers`; `fresh` builds them again."""
    folder = cache_dir("benchmarks", __version__)
    library = Library.open(folder / "library")
    if fresh or "tee" not in library.names():
        publish_tee(library, folder / "tee")
    if fresh or "trousers" not in library.names():
        publish_trousers(library, folder / "trousers")
    return library


def canonical_avatar() -> Avatar:
    """Return the canonical body as an avatar."""
    return Avatar("anny", CANONICAL_SHAPE, {"height": canonical_rest().measures().height})


def wardrobe_tryon(size: tuple[int, int] = (512, 512), device: str = "cpu", preset: str = "realtime") -> TryOn:
    """Return the canonical body in tee and trousers."""
    return TryOn(canonical_avatar(), WEAR, library=wardrobe(), size=size, device=device, look=Look(preset=preset))
