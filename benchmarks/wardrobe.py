"""What the benchmarks wear: the demo's tee and trousers on the canonical body, made once and kept in the cache."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from dressform.assets.cache import cache_dir
from dressform.assets.library import Library
from dressform.authoring.wardrobe import publish_tee, publish_trousers
from dressform.runtime.avatar.avatar_file import Avatar
from dressform.runtime.body.canonical import CANONICAL_SHAPE, canonical_rest
from dressform.runtime.session import Look, TryOn

WEAR = ("trousers", "tee")


def wardrobe() -> Library:
    """Return a library that holds `tee` and `trousers` as today's code builds them."""
    folder = cache_dir("benchmarks", _code_digest())
    library = Library.open(folder / "library")
    if "tee" not in library.names():
        publish_tee(library, folder / "tee")
    if "trousers" not in library.names():
        publish_trousers(library, folder / "trousers")
    return library


def _code_digest() -> str:
    """Return a digest of the code that templates are made by, so that no figure is of templates of yesterday's."""
    total = hashlib.sha256()
    for package in ("authoring", "assets", "runtime"):
        spec = importlib.util.find_spec(f"dressform.{package}")
        assert spec is not None
        assert spec.submodule_search_locations is not None
        for file in sorted(Path(spec.submodule_search_locations[0]).rglob("*.py")):
            total.update(file.read_bytes())
    return total.hexdigest()[:16]


def canonical_avatar() -> Avatar:
    """Return the canonical body as an avatar."""
    return Avatar("anny", CANONICAL_SHAPE, {"height": canonical_rest().measures().height})


def wardrobe_tryon(size: tuple[int, int] = (512, 512), device: str = "cpu", preset: str = "realtime") -> TryOn:
    """Return the canonical body in tee and trousers."""
    return TryOn(canonical_avatar(), WEAR, library=wardrobe(), size=size, device=device, look=Look(preset=preset))
