"""Examples that break the rules on learned fields: a sound card, and what may be wrong with one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.digests import topology_digest, uv1_digest
from dressform.assets.files.field import Field, FieldModel
from dressform.assets.files.field_file import field_bytes
from dressform.runtime.garment.field_features import FEATURES

from .broken import breaks
from .builder import Parts

_FIELD, _CARD = "field.anny.safetensors", "field.anny.json"


def carry_a_field(parts: Parts) -> None:
    """A garment with a field, of zeros, and its card."""
    content = _still_field(parts)
    scores = {
        "samples": 24,
        "error_mm": {"mean": 7.2, "p95": 18.7},
        "plain_error_mm": {"mean": 31.7, "p95": 76.1},
        "penetrating_percent": {"before": 0.09, "after": 0.0},
        "stretch_percent": {"mean": 1.6, "p95": 4.3},
        "crossing_pairs": 1.5,
        "bending_ratio": 0.86,
        "simulated": {"stretch_percent": {"mean": 1.4, "p95": 3.9}, "crossing_pairs": 0.8, "penetrating_percent": 0.02},
    }
    card = {
        "schema": "dressform/field/1",
        "body": "anny",
        "sizes": ["M"],
        "digests": {
            "topology": topology_digest(parts.mesh),
            "uv1": uv1_digest(parts.mesh),
            "body": parts.rig.body_digest,
            "field": hashlib.sha256(content).hexdigest(),
        },
        "trained": {"poses": 90, "bodies": 4, "minutes": 8.5, "seed": 7},
        "range": {
            "joints": {"left_shoulder": 1.9, "right_shoulder": 1.9, "spine1": 0.6},
            "measures": {"chest": {"low": 0.82, "high": 1.16}, "waist": {"low": 0.64, "high": 1.08}},
            "bound_mm": 180.0,
        },
        "held_out": {"poses": scores, "bodies": {**scores, "error_mm": {"mean": 7.9, "p95": 20.3}}},
        "noise_floor_mm": 2.9,
        "latency_ms": 0.4,
        "megabytes": len(content) / 1e6,
        "tool": "dressform 0.1.0",
    }
    parts.files |= {_FIELD: content, _CARD: json.dumps(card).encode()}


def _still_field(parts: Parts, *, modes: int = 8, centres: int = 100) -> bytes:
    """Return the file of a field that moves nothing."""
    features, count = len(FEATURES), len(parts.mesh.points)

    def zeros(*shape: int) -> NDArray[np.float32]:
        return np.zeros(shape, np.float32)

    model = FieldModel(
        shift=zeros(features), scale=zeros(features), low=zeros(features), high=zeros(features),
        centres=zeros(centres, features), coefficients=zeros(centres, modes), linear=zeros(features, modes),
        offset=zeros(modes), lowest=zeros(modes), highest=zeros(modes), support=zeros(centres, 1),
        doubt_full=0.5, doubt_none=0.9,
    )  # fmt: skip
    return field_bytes(Field(
        body=parts.rig.body, body_digest=parts.rig.body_digest, topology=topology_digest(parts.mesh),
        joints=parts.rig.joints, sizes={"M": 1.0}, features=FEATURES, points=np.arange(count, dtype=np.int32),
        joint_indices=parts.rig.joint_indices, joint_weights=parts.rig.joint_weights,
        mean=zeros(count, 3), modes=zeros(modes, count, 3), model=model, bound=0.18,
    ))  # fmt: skip


def _edit(parts: Parts, change: Callable[[dict[str, Any]], None]) -> None:
    card = json.loads(parts.files[_CARD])
    change(card)
    parts.files[_CARD] = json.dumps(card).encode()


def _score(parts: Parts, key: str, value: object) -> None:
    _edit(parts, lambda card: card["held_out"]["poses"].update({key: value}))


@breaks("field.card", at=f"{_CARD} $.held_out", prepare=carry_a_field)
def break_card(parts: Parts) -> None:
    """A card without scores on unseen bodies."""
    _edit(parts, lambda card: card["held_out"].pop("bodies"))


@breaks("field.digests", at=f"{_CARD} $.digests.topology", prepare=carry_a_field)
def break_digests(parts: Parts) -> None:
    """A field that was trained before the mesh was changed."""
    _edit(parts, lambda card: card["digests"].update(topology="0" * 64))


@breaks("field.error", at="$.held_out.poses.error_mm.mean", prepare=carry_a_field)
def break_error(parts: Parts) -> None:
    """A field that is hardly better than plain skinning."""
    _score(parts, "error_mm", {"mean": 28.0, "p95": 70.0})


@breaks("field.noise", at="$.held_out.poses.error_mm.mean", prepare=carry_a_field)
def break_noise(parts: Parts) -> None:
    """A field that was scored on its own training poses."""
    _score(parts, "error_mm", {"mean": 0.4, "p95": 1.0})


@breaks("field.penetration", at="$.held_out.poses.penetrating_percent.after", prepare=carry_a_field)
def break_penetration(parts: Parts) -> None:
    """A field that leaves cloth in the body."""
    _score(parts, "penetrating_percent", {"before": 3.1, "after": 1.2})


@breaks("field.stretch", at="$.held_out.poses.stretch_percent.p95", prepare=carry_a_field)
def break_stretch(parts: Parts) -> None:
    """A field that makes rubber of the cloth."""
    _score(parts, "stretch_percent", {"mean": 6.0, "p95": 22.0})


@breaks("field.fold-over", at="$.held_out.poses.crossing_pairs", prepare=carry_a_field)
def break_fold_over(parts: Parts) -> None:
    """A field that folds the cloth through itself."""
    _score(parts, "crossing_pairs", 410.0)


@breaks("field.bending", at="$.held_out.poses.bending_ratio", prepare=carry_a_field)
def break_bending(parts: Parts) -> None:
    """A field that crumples the cloth."""
    _score(parts, "bending_ratio", 4.4)


@breaks("field.range", at="$.range.bound_mm", prepare=carry_a_field)
def break_range(parts: Parts) -> None:
    """A field that may throw a hem three metres away."""
    _edit(parts, lambda card: card["range"].update(bound_mm=3000.0))


@breaks("field.latency", at="$.latency_ms", prepare=carry_a_field)
def break_latency(parts: Parts) -> None:
    """A field that takes half a frame."""
    _edit(parts, lambda card: card.update(latency_ms=8.0))


@breaks("field.size", at=_FIELD, prepare=carry_a_field)
def break_size(parts: Parts) -> None:
    """A field of five megabytes."""
    content = _still_field(parts, centres=18_500)
    parts.files[_FIELD] = content
    _edit(parts, lambda card: card.update(megabytes=len(content) / 1e6))
    _edit(parts, lambda card: card["digests"].update(field=hashlib.sha256(content).hexdigest()))
