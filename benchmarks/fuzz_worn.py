"""Garments with a learned field, and clips of simulated cloth: sound ones, and the doors by which they are worn."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.cloth_clip import ClothFrame, WornInClip, clip_header, frame_bytes
from dressform.assets.files.field import Field
from dressform.assets.files.field_file import field_bytes, read_field
from dressform.assets.library import STARTER, Library
from dressform.runtime.avatar.avatar_file import Avatar
from dressform.runtime.body.canonical import CANONICAL_SHAPE, canonical_rest
from dressform.runtime.garment.shape_transfer import bind
from dressform.runtime.session import TryOn
from dressform.schemas.report import Report
from dressform.validators.examples.builder import sound_parts
from dressform.validators.examples.field import carry_a_field

DRAFT, FIELD, CARD = "draft", "field.anny.safetensors", "field.anny.json"
CLIP = "a.cloth"
_WORN = "tee"  # of the starter library, which the clip is of
_FRAMES = 2
_SIDE = 64  # of the pictures [px]
_OUT = 0.004  # how far the field moves each point from the body's axis, and its modes [m]


def worn_draft(folder: Path) -> Path:
    """Write a sound draft of a tube on the body, whose field moves it in every pose, and return the folder."""
    parts, rest = sound_parts(), canonical_rest()
    binding = bind(parts.mesh.points, rest.vertices, rest.body.faces)
    parts.rig = replace(
        parts.rig,
        binding_triangles=binding.triangles,
        binding_barycentrics=binding.barycentrics,
        binding_offsets=binding.offsets,
    )
    carry_a_field(parts)
    draft = parts.write(folder)
    content = field_bytes(_acting(read_field(draft / FIELD), parts.mesh.points))
    (draft / FIELD).write_bytes(content)
    card = json.loads((draft / CARD).read_text())
    card["digests"]["field"] = hashlib.sha256(content).hexdigest()
    (draft / CARD).write_text(json.dumps(card))
    return draft


def _acting(field: Field, points: NDArray[np.float32]) -> Field:
    """Return a field of zeros as one that acts everywhere."""
    random, model = np.random.default_rng(0), field.model
    centres, modes = model.coefficients.shape
    out = points * np.array([1, 1, 0], np.float32) / np.linalg.norm(points[:, :2], axis=1, keepdims=True)
    acting = replace(
        model,
        coefficients=random.normal(0, 1 / centres, (centres, modes)).astype(np.float32),
        lowest=np.full(modes, -1, np.float32),
        highest=np.full(modes, 1, np.float32),
        # with scales of zero all kernels are 1, and so the doubt is 1 - 1² = 0
        support=np.full((centres, 1), 1 / centres, np.float32),
    )
    waves = random.normal(0, _OUT, field.modes.shape).astype(np.float32)
    return replace(field, mean=(_OUT * out).astype(np.float32), modes=waves, model=acting)


def cloth_clip() -> bytes:
    """Return a clip of a starter garment that stands still on the canonical body."""
    version, rest = Library.open(STARTER).resolve(_WORN), canonical_rest()
    points, pose = version.mesh().points, rest.rest_pose()
    worn = WornInClip(version.name, version.version, version.digest, version.size, len(points))
    measures = {name: round(value, 4) for name, value in rest.measures().as_dict().items()}
    header = clip_header(30.0, _FRAMES, (worn,), {"motion": "none", "body": "anny", "measures": measures})
    return header + _FRAMES * frame_bytes(ClothFrame(pose.rotations, pose.root, [points]))


def wear(folder: Path, check: Callable[[Path], Report]) -> None:
    """Publish a draft as somebody would whose validators find nothing, and show it on a person.

    Args:
        folder: Where the draft lies; a library is made beside it.
        check: Validates the draft; its report is taken for clean.
    """
    library = Library.open(folder / "library")
    published = library.publish(folder / DRAFT, replace(check(folder / DRAFT), findings=[]))
    tryon = TryOn(_person(), [published.name], library=library, size=(_SIDE, _SIDE))
    for frame in tryon.stream("idle", fps=30, seconds=0.04):
        _check_picture(frame.rgb)


def replay(folder: Path, main: Path) -> None:
    """Make a video of a clip, as `dressform render --simulated` does."""
    tryon = _wearer()
    tryon.replay(main)
    tryon.write(folder / "video.mp4")


def _check_picture(rgb: NDArray[np.uint8]) -> None:
    if not rgb.any():
        raise ValueError("the picture is black")


@functools.cache
def _person() -> Avatar:
    return Avatar("anny", CANONICAL_SHAPE, {"height": canonical_rest().measures().height})


@functools.cache
def _wearer() -> TryOn:
    return TryOn(_person(), [_WORN], library=Library.open(STARTER), size=(_SIDE, _SIDE))
