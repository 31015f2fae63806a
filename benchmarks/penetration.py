"""How much of tee and trousers is inside the body over the catwalk, before and after push-out, on several bodies."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import warp as wp

from dressform.assets.library import Library
from dressform.runtime.body.canonical import CANONICAL_SHAPE, canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.outfit import Outfit
from dressform.runtime.garment.penetration import NOTHING, PenetrationReport
from dressform.runtime.motion.playback import play
from dressform.runtime.motion.procedural import motion

from .wardrobe import WEAR, wardrobe

SHAPES: dict[str, dict[str, float]] = {
    "canonical": {},
    "thin woman": {"gender": 1.0, "weight": 0.05, "muscle": 0.3},
    "heavy woman": {"gender": 1.0, "weight": 0.98},
    "thin man": {"gender": 0.0, "weight": 0.05, "muscle": 0.3, "height": 0.6},
    "heavy man": {"gender": 0.0, "weight": 0.98, "muscle": 0.4},
    "tall man": {"gender": 0.0, "height": 0.75, "muscle": 0.8},
}
FPS, SECONDS, EVERY = 30, 8, 8  # every 8th frame of 8 seconds is measured


def run(library: Path | str | None = None, wear: Sequence[str] = WEAR) -> dict[str, Any]:
    """Walk tee and trousers of a library (by default the benchmarks' own) on every body and count.

    Returns:
        Percentages of vertices and face centres more than 1 mm inside; times are of one core, without waiting.
    """
    store = wardrobe() if library is None else Library.open(library)
    versions = [store.resolve(name) for name in wear]
    family = canonical_rest().body.family
    garments = [
        DressedGarment(version.name, version.mesh(), version.rig(family), int(version.manifest.get("layer", order)))
        for order, version in enumerate(versions)
    ]
    bodies = {
        name: _walk(canonical_rest().body.rest({**CANONICAL_SHAPE, **shape}), garments)
        for name, shape in SHAPES.items()
    }
    return {
        "garments": [version.label for version in versions],
        "garment_vertices": sum(len(garment.mesh.points) for garment in garments),
        "before_pct": max(figures["before_pct"] for figures in bodies.values()),
        "after_pct": max(figures["after_pct"] for figures in bodies.values()),
        "bodies": bodies,
    }


def _walk(rest: RestBody, garments: Sequence[DressedGarment]) -> dict[str, float]:
    started = time.perf_counter()
    outfit = Outfit(rest, garments)
    fit_s = time.perf_counter() - started
    out = wp.zeros(sum(outfit.vertex_counts), dtype=wp.vec3)
    before, after, layers = NOTHING, NOTHING, NOTHING
    skin_ms, pose_ms, worst = [], [], 0.0
    for frame, pose in enumerate(play(motion("catwalk"), rest, FPS, SECONDS)):
        transforms = rest.skin_transforms(pose)
        skin_ms.append(core_ms(outfit, transforms, out, push_out=False))
        skinned = out.numpy().copy() if frame % EVERY == 0 else None
        pose_ms.append(core_ms(outfit, transforms, out, push_out=True))
        if skinned is None:
            continue
        pushed = outfit.penetration(out.numpy())
        before, after, worst = before + outfit.penetration(skinned), after + pushed, max(worst, pushed.fraction)
        layers = layers + outfit.layer_penetration(out.numpy())
    return {
        "before_pct": percent(before),
        "after_pct": percent(after),
        "after_worst_frame_pct": round(100 * worst, 3),
        "after_deepest_mm": round(1e3 * after.deepest, 1),
        "layers_after_pct": percent(layers),
        "fit_s": round(fit_s, 2),
        "skinning_ms": round(statistics.median(skin_ms), 2),
        "skinning_and_push_out_ms": round(statistics.median(pose_ms), 2),
    }


def core_ms(outfit: Outfit, transforms: Any, out: Any, *, push_out: bool) -> float:
    """Return what posing an outfit takes of one core, see `Outfit.pose` [ms]."""
    started = time.thread_time()
    outfit.pose(transforms, out, push_out=push_out)
    return 1e3 * (time.thread_time() - started)


def percent(report: PenetrationReport) -> float:
    """Return the penetrating part [%]."""
    return round(100 * report.fraction, 3)
