"""Simulated garments by the canonical protocol: cost, contact, stretch, and how repeatable a pose is."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from dressform.assets.library import STARTER, Library
from dressform.authoring.simulate.posed import CANONICAL, PosedCloth
from dressform.authoring.simulate.record import wearings
from dressform.runtime.body.anny_body import ADULT_AGE, load_anny
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.garment.penetration import body_penetration, layer_penetration
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.motion.sweep_poses import sweep_pose

OUTFITS = (("tee",), ("trousers",), ("circle-skirt",), ("tee", "jacket"))
POSES = ("walk_left", "arms_up", "bend")
BODIES = {
    "woman": {"gender": 1.0, "age": ADULT_AGE, "weight": 0.5, "height": 0.55},
    "man": {"gender": 0.0, "age": ADULT_AGE, "weight": 0.6, "height": 0.45},
}
NOISE_MM = 1.0  # standard deviation of the start's noise


def run() -> dict[str, float | str]:
    """Return figures by outfit and body: milliseconds and seconds of one core, percent, millimetres."""
    results: dict[str, float | str] = {}
    for outfit in OUTFITS:
        for name, shape in BODIES.items():
            results |= {f"{'+'.join(outfit)} {name} {key}": value for key, value in _figures(outfit, shape).items()}
    return results


def _figures(outfit: tuple[str, ...], shape: dict[str, float]) -> dict[str, float]:
    rest = load_anny().rest(shape)
    library = Library.open(STARTER)
    worn = wearings([library.resolve(name) for name in outfit], rest)
    cloth = PosedCloth(worn, rest)
    shaken = PosedCloth(worn, rest, protocol=replace(CANONICAL, noise_mm=NOISE_MM), seed=1)
    begun = time.process_time()
    cloth.settle()
    settled = time.process_time() - begun
    for calm, other in zip(cloth.layers, shaken.layers, strict=True):
        other.drape = calm.drape  # the same rest drape, so that only the pose differs
    seconds, inside, through, stretch, still, off = [], [], [], [], [], []
    for name in POSES:
        pose = sweep_pose(rest, name)
        begun = time.process_time()
        posed = cloth.pose(pose)
        seconds.append(time.process_time() - begun)
        still.append(posed.still_mm)
        off += [
            1e3 * np.linalg.norm(a - b, axis=1) for a, b in zip(posed.points, shaken.pose(pose).points, strict=True)
        ]
        inside.append(_inside(cloth, posed.points, rest.posed_vertices(pose), rest))
        through.append(_through(cloth, posed.points))
        layers = zip(cloth.layers, posed.points, strict=True)
        stretch += [layer.stretches(points[layer.wearing.points]) for layer, points in layers]
    strains = np.maximum(np.concatenate(stretch), 0)
    return {
        "settle s": round(settled, 1),
        "pose s": round(float(np.mean(seconds)), 2),
        "penetrating %": round(float(np.mean(inside)), 3),
        "layers through each other %": round(float(np.mean(through)), 3),
        "stretch p95 %": round(100 * float(np.percentile(strains, 95)), 1),
        "still mm": round(float(np.mean(still)), 2),
        "off by noise mm": round(float(np.concatenate(off).mean()), 2),
    }


def _inside(cloth: PosedCloth, points: list[np.ndarray], body: np.ndarray, rest: RestBody) -> float:
    surface = Surface(body, rest.body.faces)
    found = [
        body_penetration(own[layer.wearing.points], layer.wearing.faces, surface)
        for layer, own in zip(cloth.layers, points, strict=True)
    ]
    return 100 * sum(f.penetrating_vertices for f in found) / sum(f.vertices for f in found)


def _through(cloth: PosedCloth, points: list[np.ndarray]) -> float:
    simulated = [
        (own[layer.wearing.points], layer.wearing.faces) for layer, own in zip(cloth.layers, points, strict=True)
    ]
    found = [layer_penetration(*simulated[k], *simulated[k - 1]) for k in range(1, len(simulated))]
    return 100 * sum(f.penetrating_vertices for f in found) / max(sum(f.vertices for f in found), 1)
