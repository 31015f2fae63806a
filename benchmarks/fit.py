"""Fit against simulation: each size of garments on bodies, worn at its real size by `runtime.fit` and by the solver."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dressform.assets.library import STARTER, Library
from dressform.authoring.simulate.posed import PosedCloth
from dressform.authoring.simulate.wearing import Wearing
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.body_range import ranged_body
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.fit.cut import Cut
from dressform.runtime.fit.fit import design_eases, fit_garment, judge_worn
from dressform.runtime.fit.report import SizeFit

BODIES = ("thin woman", "average woman", "heavy woman", "thin man", "average man", "heavy man")
GARMENTS = ("tee", "trousers")
DIFFERENT_CM = 0.2  # sizes nearer to each other than this have no order


def run(
    garments: Sequence[str] = GARMENTS, bodies: Sequence[str] = BODIES, library: Path | str = STARTER
) -> dict[str, Any]:
    """Compare the eases of all sizes with those that simulation settles at.

    Args:
        garments: Templates of the library.
        bodies: Names of the body range.
        library: Its folder.

    Returns:
        Errors of ease [cm], the share within 1 cm, the share of pairs of sizes in the same order and of bodies with the
        same recommended size, the difference in stretch [%], and seconds a size.
    """
    store = Library.open(library)
    errors: dict[str, list[float]] = {}
    pairs: list[bool] = []
    chosen: list[bool] = []
    stretch: list[float] = []
    seconds = 0.0
    sizes = 0
    for name, body in itertools.product(garments, bodies):
        rest = ranged_body(load_anny(), body)
        cut = Cut.of(store.resolve(name), "anny")
        started = time.perf_counter()
        found = fit_garment(rest, cut)
        seconds += time.perf_counter() - started
        sizes += len(found.sizes)
        design = design_eases(cut)
        simulated = {size: _simulated(rest, cut, size, design) for size in cut.meshes}
        for size, truth in simulated.items():
            for region in truth.regions.keys() & found.sizes[size].regions.keys():
                error = found.sizes[size].regions[region].ease_cm - truth.regions[region].ease_cm
                errors.setdefault(region, []).append(error)
            stretch.append(found.sizes[size].stretch_p95_percent - truth.stretch_p95_percent)
        pairs += _orders(found.sizes, simulated)
        chosen.append(found.recommended == min(simulated.values(), key=lambda fit: fit.misfit).size)
    everything = np.abs(np.concatenate([np.array(values) for values in errors.values()]))
    return {
        "cases": sizes,
        "ease_error_cm": {region: round(float(np.abs(values).mean()), 2) for region, values in sorted(errors.items())},
        "ease_error_mean_cm": round(float(everything.mean()), 2),
        "ease_within_1_cm_percent": round(100 * float((everything <= 1.0).mean()), 1),
        "order_of_sizes_right_percent": round(100 * float(np.mean(pairs)), 1),
        "same_recommendation_percent": round(100 * float(np.mean(chosen)), 1),
        "stretch_p95_off_percent": round(float(np.abs(stretch).mean()), 2),
        "seconds_per_size": round(seconds / sizes, 2),
    }


def _simulated(rest: RestBody, cut: Cut, size: str, design: dict[str, float]) -> SizeFit:
    """Return how a size sits where simulation settles it."""
    fabrics = {"main": cut.fabric} if cut.fabric else None
    wearing = Wearing.of(cut.meshes[size], cut.rigs[size], rest, fabrics)
    (points,) = PosedCloth([wearing], rest).settle()
    return judge_worn(rest, cut, size, points, design)


def _orders(found: dict[str, SizeFit] | Any, truth: dict[str, SizeFit]) -> list[bool]:
    """Return for each pair of sizes and each region whether both say the same of which is closer-fitting."""
    same = []
    for one, other in itertools.combinations(truth, 2):
        shared = [set(fits[size].regions) for fits in (found, truth) for size in (one, other)]
        for region in set.intersection(*shared):
            apart = [fits[other].regions[region].ease_cm - fits[one].regions[region].ease_cm for fits in (found, truth)]
            if abs(apart[1]) > DIFFERENT_CM:
                same.append((apart[0] > 0) == (apart[1] > 0))
    return same
