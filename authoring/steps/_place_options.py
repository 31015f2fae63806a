"""What placing can be told, and what it tells."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dressform.schemas.documents import is_number
from dressform.schemas.errors import UsageError


@dataclass(frozen=True)
class PlaceOptions:
    """The artist's corrections; all act on top of what is found.

    Attributes:
        keep: Leave the points where they are.
        translate: Added after the fit [m], x y z.
        rotate_deg: Turns about the garment's middle, about x, y, z in this order.
        yaw_deg: Turn about the vertical that makes its front look to −y; None finds it out.
        scale: Uniform scale to use; None lets the step decide (1 unless another fits far better).
        arm_angle_deg: Angle of the garment's sleeves below the horizontal; None estimates it.
        gap: Smallest distance between cloth and skin [m].
    """

    keep: bool = False
    translate: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rotate_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    yaw_deg: float | None = None
    scale: float | None = None
    arm_angle_deg: float | None = None
    gap: float = 0.004

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], where: str) -> PlaceOptions:
        """Read options from JSON values, such as a draft's overrides."""
        known = list(cls.__dataclass_fields__)
        unknown = sorted(str(name) for name in set(values) - set(known))
        if unknown:
            raise UsageError(f"{where}: there is no option {unknown[0]!r}; use {', '.join(known)}")
        ready = dict(values)
        for name in ("translate", "rotate_deg"):
            if name in ready:
                triple = ready[name]
                if not (isinstance(triple, Sequence) and len(triple) == 3 and all(is_number(v) for v in triple)):
                    raise UsageError(f"{where}: {name} needs three numbers, found {triple!r}")
                ready[name] = tuple(float(v) for v in triple)
        ranges = {
            "yaw_deg": (-360.0, 360.0),
            "scale": (0.01, 100.0),
            "arm_angle_deg": (-90.0, 90.0),
            "gap": (0.0, 0.05),
        }
        for name, (low, high) in ranges.items():
            value = ready.get(name)
            if value is not None and not (is_number(value) and low <= value <= high):
                raise UsageError(f"{where}: {name} needs a number from {low:g} to {high:g}, found {value!r}")
        if not isinstance(ready.get("keep", False), bool):
            raise UsageError(f"{where}: keep needs true or false, found {ready['keep']!r}")
        return cls(**ready)

    def corrects(self) -> bool:
        """Say whether the artist asked for any other place than the one found."""
        return self != PlaceOptions(gap=self.gap)

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def read_corrections(path: Path) -> dict[str, Any]:
    """Read an artist's corrections from a JSON file with the keys of `PlaceOptions`, and check every value.

    Args:
        path: Such as overrides/place.json of another draft; null takes a correction back.
    """
    cure = f"needed a JSON object with some of {', '.join(PlaceOptions.__dataclass_fields__)}"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--place {path} cannot be read ({error.strerror or error}); {cure}") from None
    except ValueError as error:
        raise UsageError(f"--place {path} is not JSON ({error}); {cure}") from None
    if not isinstance(values, dict):
        raise UsageError(f"--place {path} holds a {type(values).__name__}; {cure}")
    PlaceOptions.from_mapping({name: value for name, value in values.items() if value is not None}, f"--place {path}")
    return values


@dataclass(frozen=True)
class PlaceReport:
    """What placing found and did; lengths in metres, angles in degrees.

    Attributes:
        kept: The points were left where they were.
        confidence: In [0, 1].
        reason: What the confidence rests on, the weakest part first.
        category: As given.
        openings: Kind, girth and height of each opening found.
        scale: Uniform scale applied.
        yaw_deg: Turn about the vertical.
        pitch_deg: Lean backward (negative: forward).
        translation: Of the garment's middle.
        limb_turns_deg: How far the body's limbs had to turn to meet the garment's.
        inside_before: Fraction of points deeper than 1 mm in the body before the cloth was moved out.
        inside_after: The same at the end.
        poking: Part of the garment, as seen from front, side and back, that skin breaks through.
        stretch_p95: 95th percentile of |edge length / modelled length - 1|.
        misfit_cm: How far off the skin it is on the whole, inside counted four times [cm].
        margin_cm: How much worse the next best place fits [cm]; None when no other was worth a try.
    """

    kept: bool
    confidence: float
    reason: str
    category: str
    openings: tuple[dict[str, Any], ...]
    scale: float = 1.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    translation: tuple[float, float, float] = (0.0, 0.0, 0.0)
    limb_turns_deg: Mapping[str, float] | None = None
    inside_before: float = 0.0
    inside_after: float = 0.0
    poking: float = 0.0
    stretch_p95: float = 0.0
    misfit_cm: float = 0.0
    margin_cm: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {**asdict(self), "openings": list(self.openings), "translation": list(self.translation)}


@dataclass(frozen=True)
class Evidence:
    """One thing that speaks for or against a placement.

    Attributes:
        score: In [0, 1].
        words: What was seen.
    """

    score: float
    words: str


def judge(evidence: Sequence[Evidence]) -> tuple[float, str]:
    """Return the confidence (the product of the scores) and its reason, the weakest part first."""
    ordered = sorted(evidence, key=lambda part: part.score)
    confidence = float(np.prod([np.clip(part.score, 0.0, 1.0) for part in ordered]))
    return round(confidence, 3), "; ".join(part.words for part in ordered)
