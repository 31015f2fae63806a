"""A field's card: what it was made from, what it covers, and how good it is on what it never saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from dressform import __version__
from dressform.runtime.body.joints import CANONICAL_JOINTS
from dressform.schemas.documents import document_errors
from dressform.schemas.field import FieldCard, FieldDigests, HeldOut, Scores, Span, Trained, TrainedRange

from .gather import Gathered
from .plan import Split

_LEAST_TURN = 0.01  # [rad] joints turned less than this in all of the training were not turned
_LEAST_SPAN = 1e-4  # [m or kg] bodies that differ less than this in a measure are alike in it


@dataclass(frozen=True)
class Worth:
    """What was measured of a finished field.

    Attributes:
        scores: By split: "poses" and "bodies", and "outside" where there are such samples.
        noise_floor_mm: How far two simulations of one pose differ in the mean [mm].
        latency_ms: Of an evaluation on one core [ms].
        megabytes: Of the file [MB].
        minutes: Of simulation, training and scoring.
    """

    scores: dict[Split, Scores]
    noise_floor_mm: float
    latency_ms: float
    megabytes: float
    minutes: float


def field_card(
    gathered: Gathered, worth: Worth, digests: FieldDigests, *, body: str, bound: float, seed: int
) -> FieldCard:
    """Return the card of a field.

    Args:
        gathered: What it was trained on.
        worth: What was measured of it.
        digests: What it belongs to.
        body: Body family.
        bound: Furthest that it may move a point [m].
        seed: Of its samples.
    """
    held_out = {split: worth.scores[split] for split in ("poses", "bodies", "outside") if split in worth.scores}
    card = FieldCard(
        schema="dressform/field/1",
        body=body,
        sizes=list(gathered.ratios),
        digests=digests,
        trained=Trained(
            poses=len(gathered.joints),
            bodies=len(gathered.measures),
            minutes=max(round(worth.minutes, 2), 0.01),
            seed=seed,
        ),
        range=TrainedRange(
            joints=turned_joints(gathered), measures=spanned_measures(gathered), bound_mm=round(1e3 * bound, 1)
        ),
        held_out=cast("HeldOut", held_out),
        noise_floor_mm=round(worth.noise_floor_mm, 3),
        latency_ms=max(round(worth.latency_ms, 3), 0.001),
        megabytes=round(worth.megabytes, 3),
        tool=f"dressform {__version__}",
    )
    errors = document_errors("field", card)
    assert not errors, errors
    return card


def turned_joints(gathered: Gathered) -> dict[str, float]:
    """Return the largest rotation of each joint that the training turned [rad]."""
    most = gathered.joints.max(axis=0)
    return {
        name: round(float(angle), 3) for name, angle in zip(CANONICAL_JOINTS, most, strict=True) if angle > _LEAST_TURN
    }


def spanned_measures(gathered: Gathered) -> dict[str, Span]:
    """Return the least and greatest value of each measure in which the bodies differ [m or kg]."""
    names = next(iter(gathered.measures.values()))
    values = {name: np.array([measures[name] for measures in gathered.measures.values()]) for name in names}
    return {
        name: Span(low=round(float(each.min()), 4), high=round(float(each.max()), 4))
        for name, each in values.items()
        if np.ptp(each) > _LEAST_SPAN
    }
