"""Ten adult bodies of two genders, from thin to heavy: what a garment is judged on."""

from __future__ import annotations

from .canonical import CANONICAL_SHAPE
from .protocol import Body, RestBody

BODIES: dict[str, dict[str, float]] = {
    f"{name} {who}": {"gender": gender, "weight": weight, "muscle": muscle}
    for who, gender in (("woman", 1.0), ("man", 0.0))
    for name, weight, muscle in (
        ("thin", 0.05, 0.3),
        ("slim", 0.28, 0.45),
        ("average", 0.5, 0.5),
        ("stout", 0.75, 0.5),
        ("heavy", 0.98, 0.45),
    )
}


def ranged_body(body: Body, name: str) -> RestBody:
    """Return one of `BODIES` in its rest pose; `body` is Anny, whose phenotypes they name."""
    return body.rest({**CANONICAL_SHAPE, **BODIES[name]})
