"""How the garments that ship fare on bodies, in poses and over each other, and how long trying them on takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dressform.assets.library import STARTER
from dressform.validators.budgets import Budgets
from dressform.validators.fit_matrix import FIGURES, fit_matrix, garments_of


def run(
    library: Path | str = STARTER, bodies: Sequence[str] = (), poses: Sequence[str] = (), pairs: bool = True
) -> dict[str, Any]:
    """Try on every garment of a library, alone and over each of a lower layer.

    Args:
        library: Its folder; the starter library unless stated.
        bodies: Names of bodies; the default sweep's when empty.
        poses: Names of poses; the default sweep's when empty.
        pairs: Whether garments are worn over each other too.

    Returns:
        The worst figure of each kind and where, for garments alone and over others; seconds by the wall clock.
    """
    standard = Budgets()
    budgets = Budgets(
        sweep_bodies=tuple(bodies) or standard.sweep_bodies, sweep_poses=tuple(poses) or standard.sweep_poses
    )
    garments, _ = garments_of([library])
    started = time.perf_counter()
    matrix = fit_matrix(garments, budgets, pairs=pairs)
    seconds = time.perf_counter() - started
    worst = {}
    for kind, chosen in (
        ("alone", [trial for trial in matrix.trials if trial.under is None]),
        ("over another", [trial for trial in matrix.trials if trial.under is not None]),
    ):
        for figure in FIGURES if chosen else ():
            trial = max(chosen, key=figure.of)
            over = "" if trial.under is None else f" over {trial.under}"
            where = f"{trial.garment}{over}, {trial.body}, {trial.pose}"
            worst[f"{figure.limit}, {kind}"] = {"value": round(figure.of(trial), 2), "where": where}
    return {
        "garments": [garment.label for garment in garments],
        "trials": len(matrix.trials),
        "failed": len(matrix.failures),
        "seconds": round(seconds, 1),
        "seconds_per_trial": round(seconds / len(matrix.trials), 3),
        "worst": worst,
    }
