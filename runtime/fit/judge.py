"""From ease to words: what is tight, what is loose, which size to take and why."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from .report import SizeFit, Verdict

# What a size is judged by; the trunk's girths come first, as in every size table.
WEIGHTS = {"neck": 0.3, "chest": 1.0, "waist": 1.0, "hip": 1.0, "sleeve": 0.4, "thigh": 0.6, "hem": 0.2}
# Ease that is off the design by less than this counts as good: part of the body's girth (two sizes lie 4 % apart), and
# part of the ease itself, since nobody sees two centimetres in a flared skirt.
OF_BODY, OF_EASE = 0.025, 0.25
NEEDED = 0.015  # share of a girth that cloth must have over it to move without stretching
TIGHTER = 1.5  # cloth that is missing counts for more than cloth that hangs
# From 5.9 kPa on clothes are felt as uncomfortable: Denton, "Fit, stretch and comfort" (1972).
DISCOMFORT_KPA = 5.9
RANGE = 0.04  # share of a girth by which a body may lie beyond what the outermost size is made for: one size
RANGED = ("chest", "waist", "hip")
OFF: tuple[Verdict, ...] = ("tight", "loose", "close")  # in the order of what is told first


def off_design(ease: float, design: float, body: float) -> float:
    """Return how far ease is off its design, in steps of what still counts as good; below zero when tight.

    Args:
        ease: Girth of the garment over that of the body [m].
        design: The ease it is designed with [m].
        body: Girth of the body [m].
    """
    return (ease - design) / (OF_BODY * body + OF_EASE * max(design, 0.0))


def verdict(ease: float, design: float, body: float, pressure_kpa: float) -> Verdict:
    """Return the word for how a garment sits at a place; args as of `off_design`, and the pressure there [kPa]."""
    off = off_design(ease, design, body)
    if (off < 0 and pressure_kpa > DISCOMFORT_KPA) or (off < -1.0 and ease < NEEDED * body):
        return "tight"
    if off < -1.0:
        return "close"
    return "loose" if off > 1.0 else "good"


def misfit(offs: Mapping[str, float]) -> float:
    """Return one figure for how far all regions are off their design."""
    if not offs:
        return 0.0
    weighed = sum(WEIGHTS[name] * (off * (TIGHTER if off < 0 else 1.0)) ** 2 for name, off in offs.items())
    return math.sqrt(weighed / sum(WEIGHTS[name] for name in offs))


def recommend(sizes: Mapping[str, SizeFit]) -> tuple[str, str]:
    """Return the size that sits nearest to its design, and the reason in words."""
    best = min(sizes.values(), key=lambda fit: fit.misfit)
    order = list(sizes)
    reason = f"{best.size} sits {'as designed' if best.misfit <= 1 else 'nearest to its design'}"
    key = max(best.regions, key=lambda name: WEIGHTS[name])
    region = best.regions[key]
    reason += f" ({key} {_ease(region.ease_cm)}, designed with {region.design_cm:.1f} cm)"
    still = [f"{word} at the {_list(names)}" for word in OFF if (names := best.at(word))]
    if still:
        edge = ""
        if len(sizes) > 1 and best.at("tight") and best.size == order[-1]:
            edge = "the largest, "
        elif len(sizes) > 1 and best.at("loose") and best.size == order[0]:
            edge = "the smallest, "
        reason += f"; {edge}still {' and '.join(still)}"
    for other in sizes.values():
        if other is not best:
            reason += f"; {other.size} is {_against(other, best)}"
    return best.size, reason


def _against(other: SizeFit, best: SizeFit) -> str:
    """Return what is wrong with another size: where it is tight or loose, else where it differs most."""
    for word in OFF:
        names = other.at(word)
        if names:
            worst = sorted(names, key=lambda name: -WEIGHTS[name])[:3]
            return f"{word} at the {_list(f'{name} ({_ease(other.regions[name].ease_cm)})' for name in worst)}"
    shared = [name for name in other.regions if name in best.regions]
    if not shared:
        return "further from its design"
    key = max(shared, key=lambda name: WEIGHTS[name])
    more = other.regions[key].ease_cm - best.regions[key].ease_cm
    return f"{abs(more):.1f} cm {'wider' if more > 0 else 'closer'} at the {key}, further from its design"


def range_notes(
    body: Mapping[str, float], measures: Mapping[str, Mapping[str, float]], regions: Iterable[str]
) -> list[str]:
    """Return a line for each girth of a body that lies outside what the sizes are made for.

    Args:
        body: Its measures [m].
        measures: By size, what each is made for [m].
        regions: The garment's.
    """
    notes = []
    for name in RANGED:
        stated = [own[name] for own in measures.values() if own.get(name, 0) > 0]
        if not stated or name not in regions:
            continue
        low, high = min(stated), max(stated)
        if not low * (1 - RANGE) <= body[name] <= high * (1 + RANGE):
            notes.append(
                f"the body's {name}, {100 * body[name]:.0f} cm, is outside the sizes' range of {100 * low:.0f} to "
                f"{100 * high:.0f} cm"
            )
    return notes


def _ease(centimetres: float) -> str:
    return f"{centimetres:.1f} cm of ease" if centimetres >= 0 else f"{-centimetres:.1f} cm too little"


def _list(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
