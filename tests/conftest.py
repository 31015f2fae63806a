"""Drafts, a library and an avatar that many tests start from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dressform.validators.examples.builder import Parts, picture, sound_parts, tube


@pytest.fixture
def parts() -> Parts:
    return sound_parts()


@pytest.fixture
def encode() -> Callable[..., bytes]:
    return picture


@pytest.fixture(scope="session")
def tube_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with one garment, `tube`, truly rigged to the canonical body."""
    from dressform.assets.library import Library
    from dressform.authoring.steps.rig import rig_mesh
    from dressform.runtime.body.canonical import canonical_rest
    from dressform.validators.engine import validate

    mesh = tube(rings=24, around=64)
    rig, _ = rig_mesh(mesh, canonical_rest())
    manifest = {
        "schema": "dressform/draft/1",
        "name": "tube",
        "category": "top",
        "layer": 20,
        "sizes": {"M": {"garment": "sizes/M/garment.glb"}},
        "licence": "CC0-1.0",
        "authors": ["a tailor"],
    }
    folder = tmp_path_factory.mktemp("wardrobe")
    draft = Parts(mesh, rig, manifest, skin=rig).write(folder / "draft")
    Library.open(folder / "library").publish(draft, validate(draft, publishing=True))
    return folder / "library"


@pytest.fixture(scope="session")
def plain_avatar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An avatar file of the canonical body, made without a photo."""
    from dressform.runtime.avatar.avatar_file import Avatar
    from dressform.runtime.body.canonical import CANONICAL_SHAPE, canonical_rest

    path = tmp_path_factory.mktemp("avatar") / "avatar.json"
    Avatar("anny", CANONICAL_SHAPE, {"height": canonical_rest().measures().height}).save(path)
    return path
