"""The artist's own skin, taken over where its skeleton is understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import SourceSkin
from dressform.authoring.formats.skeleton_map import canonical_joints_of, canonical_weights
from dressform.runtime.body.joints import CANONICAL_JOINTS
from dressform.runtime.body.protocol import RestBody

Floats = NDArray[np.float64]

_LEAST_UNDERSTOOD = 0.9  # share of the skin's weight that must lie on understood joints


@dataclass(frozen=True)
class SourceUse:
    """What became of the artist's own skin.

    Attributes:
        state: "used", "unmapped" (its joints are not understood) or "none".
        mapped: How many canonical joints it names.
        joints: How many it has.
    """

    state: str
    mapped: int = 0
    joints: int = 0


def blend_source(
    weights: Floats,
    skin: SourceSkin | None,
    vertex: NDArray[np.int32],
    rest: RestBody,
    copied: NDArray[np.bool_],
) -> tuple[Floats, SourceUse, NDArray[np.bool_]]:
    """Give each canonical joint the share that the artist gave it, spread over the body's own joints as carried over.

    Args:
        weights: As carried over from the body [U, J].
        skin: The artist's, over the garment's points [V], or None.
        vertex: int32 [V] the joined point of each garment point.
        rest: The body.
        copied: bool [U] points that keep the body's weights.

    Returns:
        Weights [U, J], what was used, and which points bool [U] have the artist's shares.
    """
    nowhere = np.zeros(len(weights), bool)
    if skin is None:
        return weights, SourceUse("none"), nowhere
    named = canonical_joints_of(skin.joints, skin.parents)
    use = SourceUse("unmapped", len(named), len(skin.joints))
    if len(vertex) != len(skin.weights) or _understood(skin, named) < _LEAST_UNDERSTOOD:
        return weights, use, nowhere
    shares = np.zeros((len(weights), len(CANONICAL_JOINTS)))
    np.add.at(shares, vertex, canonical_weights(skin, named))
    held = shares.sum(axis=1)
    sourced = (held > 1e-3) & ~copied
    shares = shares / np.maximum(held, 1e-3)[:, None]
    result = np.where(sourced[:, None], _spread(shares, weights, rest), weights)
    return result, SourceUse("used", use.mapped, use.joints), sourced


def _understood(skin: SourceSkin, named: Mapping[str, int]) -> float:
    """Return the share of a skin's weight on joints that name a canonical one, themselves or through a joint above."""
    found = np.zeros(len(skin.joints), bool)
    found[list(named.values())] = True
    for joint, parent in enumerate(skin.parents):  # parents come first
        found[joint] |= parent >= 0 and found[parent]
    total = float(skin.weights.sum())
    return float(skin.weights[found[skin.indices]].sum()) / total if named and total > 0 else 0.0


def _spread(shares: Floats, weights: Floats, rest: RestBody) -> Floats:
    """Spread canonical shares [U, 22] over the body's joints in the proportions of `weights` [U, J] in each group.

    Where a group has no weight at a point, its leading joint takes the share.
    """
    groups = rest.rig.segment_of_bone
    result = np.zeros_like(weights)
    for group in np.flatnonzero(shares.max(axis=0) > 0):
        members = np.flatnonzero(groups == group)
        own = weights[:, members]
        total = own.sum(axis=1, keepdims=True)
        leading = (members == rest.rig.leaders[group]).astype(np.float64)[None]
        # little weight says little about proportions: it fades into the leading joint
        trust = np.clip(total / 0.05, 0, 1)
        split = trust * own / np.maximum(total, 1e-9) + (1 - trust) * leading
        result[:, members] = shares[:, group, None] * split
    return result
