"""The noise floor: how far two simulations of one pose differ, below which no field's error means anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from dressform.authoring.simulate.posed import CANONICAL
from dressform.runtime.body.protocol import RestBody
from dressform.schemas.errors import InputError

from .canonical_cloth import CanonicalCloth
from .cloth_on_body import ClothOnBody, Dress, Lost
from .samples import SampleSet
from .score import Gauge
from .specimen import Specimen

POSES = 3
OTHER_WAY = replace(CANONICAL, move=27, noise_mm=1.0)  # half as slow again, from a start that is a little off


def another_way(garments: Sequence[Specimen], size: str, rest: RestBody) -> ClothOnBody:
    """Return garments on a body that reach their poses on another path than the samples did."""
    return CanonicalCloth(garments, size, rest, protocol=OTHER_WAY)


def noise_floor_mm(
    samples: SampleSet, dress: Dress | None = None, *, told: Callable[[int], None] = lambda done: None
) -> float:
    """Simulate some of a set's unseen poses anew, another way, and return the mean distance over points [mm].

    Args:
        samples: The set; the first body and size of its unseen poses are taken.
        dress: Starts the other simulation; None takes `another_way`.
        told: Called with the number of poses done.

    Raises:
        InputError: The set has no unseen poses, or none of those tried could be simulated the other way.
    """
    unseen = samples.samples.of("poses")
    if not len(unseen):
        raise InputError(f"{samples.folder}: holds no unseen poses to simulate twice")
    first = unseen.entries[0]
    same = [entry for entry in unseen.entries if (entry.body, entry.size) == (first.body, first.size)]
    cloth = (dress or another_way)((*samples.below, samples.garment), first.size, samples.rest(first.body))
    cloth.settle()
    gauge = Gauge(samples.meshes[first.size])
    apart = []
    for done, sample in enumerate(unseen[: min(POSES, len(same))]):
        again = cloth.pose(sample.pose)
        if not isinstance(again, Lost):
            apart.append(float(gauge.errors(again.points[-1], sample.points).mean()))
        told(done + 1)
    if not apart:
        raise InputError(f"{samples.folder}: no pose of {first.body} could be simulated another way")
    return 1e3 * float(np.mean(apart))
