"""What speaks for and against a placement, each in words an artist can check on the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._place_openings import BOTTOMS, TOPS, Opening
from ._place_options import Evidence
from ._place_search import Found
from ._place_wear import Worn

_USUAL = {
    "hat": 1.0,
    "shoes": 0.5,
    "skirt": 0.5,
    "dress": 0.5,
    "coat": 0.5,
}  # [cm] brims, soles and flared cloth are off


def evidence(found: Found, category: str, worn: Worn) -> list[Evidence]:
    """Return the evidence on a placement.

    Args:
        found: Where it was placed.
        category: What it is.
        worn: What became of the cloth there.
    """
    kinds = {opening.kind for opening in found.openings} - {"other"}
    wanted = {"neck"} if category in TOPS else {"waist"} if category in BOTTOMS else set()
    missing = sorted(wanted - kinds)
    words = ", ".join(sorted(kinds)) or "no opening that tells where it hangs"
    margin = found.rival - found.cost
    expected = found.seed.stand.scale if found.told else 1.0
    resized = abs(float(np.log(found.fit.stand.scale / expected)))
    tube = category == "skirt" and not found.told
    return [
        *([Evidence(0.7, "nothing but its waist tells how high a skirt hangs")] if tube else []),
        Evidence(0.85, f"found {words}, but no {' or '.join(missing)}") if missing else Evidence(1.0, f"found {words}"),
        _fits(found.fit.misfit, _USUAL.get(category, 0.0)),
        _encloses(found),
        Evidence(1.0, "its skeleton says so")
        if found.told
        else Evidence(1.0, "no other place comes near")
        if margin > 1.0
        else Evidence(float(np.clip(0.35 + 0.8 * margin, 0.3, 1.0)), f"another place fits only {margin:.1f} cm worse"),
        Evidence(
            float(np.clip(1.0 - 2 * found.misplaced, 0.2, 1.0)), f"{found.misplaced:.0%} lies where no {category} does"
        ),
        Evidence(
            float(np.clip(1.1 - 2 * worn.deep, 0.2, 1.0)), f"{worn.deep:.1%} of it was deeper than 2 cm in the body"
        ),
        Evidence(
            float(np.clip(1.15 - worn.stretch_p95, 0.3, 1.0)),
            f"edges changed by up to {worn.stretch_p95:.0%} (95th percentile)",
        ),
        Evidence(float(np.clip(1.08 - 0.8 * resized, 0.3, 1.0)), f"scaled by {found.fit.stand.scale:.3f}"),
    ]


def _encloses(found: Found) -> Evidence:
    """Judge whether the cloth goes round something: a piece that lies on one side would lie as well on any other."""
    one_sided = float(np.linalg.norm(found.fit.contact.normals.mean(axis=0)))
    words = "it goes round the body" if one_sided < 0.7 else "it lies on one side of the body and would elsewhere"
    return Evidence(float(np.clip(1.5 - one_sided, 0.4, 1.0)), words)


def _fits(misfit: float, usual: float) -> Evidence:
    """Judge the misfit against what is usual for the kind of garment [cm]."""
    return Evidence(
        float(np.clip(1.25 - (misfit - usual) / 4, 0.2, 1.0)), f"cloth is {misfit:.1f} cm off the skin on the whole"
    )


def skin_evidence(inside: float, poking: float) -> list[Evidence]:
    """Return what cloth in the body, and skin seen through it, say of a placement that is done.

    Args:
        inside: Fraction of points and face centres deeper than 1 mm.
        poking: Part of the garment as seen from outside that skin breaks through.
    """
    found = []
    if inside > 0.0:
        score = float(np.clip(1.01 - 4 * inside, 0.2, 1.0))
        found.append(Evidence(score, f"{inside:.1%} of it still lies inside the body"))
    if poking > 0.0:
        score = float(np.clip(1.01 - 12 * poking, 0.2, 1.0))
        found.append(Evidence(score, f"skin pokes through {poking:.1%} of what is seen of it"))
    return found


def described(openings: Sequence[Opening]) -> tuple[dict[str, Any], ...]:
    """Return JSON values of openings."""
    return tuple(
        {"kind": o.kind, "girth": round(o.girth, 4), "height": round(float(o.center[2]), 4), "points": len(o.loop)}
        for o in openings
    )
