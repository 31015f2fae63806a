"""Judges a field as the runtime shows it, on samples that it never saw."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.assets.files.field import Field
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.garment.field_base import FieldBase, carry
from dressform.runtime.garment.field_code import read_model
from dressform.runtime.garment.field_features import PoseFeatures, body_features
from dressform.runtime.garment.outfit import Outfit
from dressform.runtime.garment.wrinkles import shaded_normals, wrinkle_normals
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals
from dressform.schemas.field import Scores
from dressform.schemas.progress import Progress, silent

from .gather import Dressed, dressed_groups
from .plan import Split
from .samples import Sample, SampleSet
from .score import Gauge, Shown, Tally

Floats = NDArray[np.float32]
HELD_OUT: tuple[Split, ...] = ("poses", "bodies", "outside")
_FRAMES, _WARM = 60, 5  # timed for the latency, the first few left out


def judge(
    samples: SampleSet, field: Field, splits: Sequence[Split] = HELD_OUT, progress: Progress = silent
) -> dict[Split, Scores]:
    """Return the scores of a field on a set's samples, by split; a split without samples is left out."""
    total = sum(len(samples.samples.of(split)) for split in splits)
    done = 0
    scores: dict[Split, Scores] = {}
    for split in splits:
        tally = Tally()
        chosen = samples.samples.of(split)
        for plain, part in dressed_groups(samples, chosen):
            gauge = Gauge(samples.meshes[plain.size])
            learned = Dressed(samples, plain.rest, plain.size, field)
            for sample in part:
                tally.add(gauge, shown(plain, learned, sample, field), posed_body(plain.rest, sample))
                done += 1
                progress(done / total, f"judged {done} of {total} poses that it never saw")
        if len(chosen):
            scores[split] = tally.scores()
    return scores


def shown(plain: Dressed, learned: Dressed, sample: Sample, field: Field) -> Shown:
    """Return a sample as it was simulated, and as the runtime shows it without and with the field."""
    transforms = plain.rest.skin_transforms(sample.pose)
    pushed = learned.posed(transforms)
    return Shown(
        truth=sample.points,
        plain=plain.posed(transforms),
        skinned=learned.posed(transforms, push_out=False),
        pushed=pushed,
        normals=_shaded(learned, transforms, field, pushed),
    )


def _shaded(learned: Dressed, transforms: Floats, field: Field, points: Floats) -> Floats | None:
    """Return the normals [V, 3] that points [V, 3] are shaded by; None where the field has no wrinkles."""
    if (wrinkles := field.wrinkles) is None:
        return None
    of_body = body_features(learned.rest, field.sizes[learned.size])
    code = read_model(field.model, np.concatenate([PoseFeatures(learned.rest).of_transforms(transforms), of_body]))
    base = FieldBase(field.points, field.joints, field.joint_indices, field.joint_weights)
    turns = carry(base, learned.rest_points, transforms).turns
    normals = vertex_normals(points, learned.outfit.faces[-1])
    own = np.einsum("pab,pb->pa", turns, wrinkle_normals(wrinkles, code.coefficients))
    normals[field.points] = shaded_normals(normals[field.points], own, wrinkles.share * code.confidence)
    return normals


def posed_body(rest: RestBody, sample: Sample) -> Surface:
    """Return the body in a sample's pose."""
    return Surface(rest.posed_vertices(sample.pose), rest.body.faces)


def frame_ms(samples: SampleSet, field: Field) -> float:
    """Return what the field takes of a frame, the median over frames on one core, without waiting [ms].

    What is worn below is skinned plainly: its fields are not this one's time.
    """
    entry = samples.samples.entries[0]
    rest = samples.rest(entry.body)
    outfit = Dressed(replace(samples, below_fields=()), rest, entry.size, field).outfit
    poses = [rest.skin_transforms(sample.pose) for sample in samples.samples[:2]]
    out = wp.zeros(sum(outfit.vertex_counts), dtype=wp.vec3, device="cpu")
    times: list[float] = []
    for frame in range(_FRAMES):
        with_it, without = (_core_ms(outfit, poses[frame % len(poses)], out, fields=own) for own in (True, False))
        times.append(with_it - without)
    return max(float(np.median(times[_WARM:])), 0.0)


def _core_ms(outfit: Outfit, transforms: Floats, out: Any, *, fields: bool) -> float:
    started = time.thread_time()
    outfit.pose(transforms, out, fields=fields, push_out=False)
    return 1e3 * (time.thread_time() - started)
