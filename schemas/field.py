"""Types of a field's card (field.schema.json)."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class FieldDigests(TypedDict):
    """What a field belongs to."""

    topology: str
    uv1: str
    body: str
    field: str


class Trained(TypedDict):
    """What a field was made from."""

    poses: int
    bodies: int
    minutes: float
    seed: int


class Span(TypedDict):
    """Smallest and largest value."""

    low: float
    high: float


class TrainedRange(TypedDict):
    """What the training covers: rotations of joints [rad], body measures [m or kg], and the bound beyond it [mm]."""

    joints: dict[str, float]
    measures: dict[str, Span]
    bound_mm: float


class Spread(TypedDict):
    """Mean and 95th percentile."""

    mean: float
    p95: float


class PushOut(TypedDict):
    """Before and after push-out."""

    before: float
    after: float


class Simulated(TypedDict):
    """The simulation's own figures on the same samples: tight cloth is stretched there too."""

    stretch_percent: Spread
    crossing_pairs: float
    penetrating_percent: float


class Shading(TypedDict):
    """How far normals look from the simulation's, without the field's wrinkles and with them, mean [degrees]."""

    plain: float
    wrinkled: float


class Scores(TypedDict):
    """How good a field is on samples that it never saw, against simulation."""

    samples: int
    error_mm: Spread
    plain_error_mm: Spread
    penetrating_percent: PushOut
    stretch_percent: Spread
    crossing_pairs: float
    bending_ratio: float
    normals_degrees: NotRequired[Shading]
    simulated: Simulated


class HeldOut(TypedDict):
    """Scores by what was unseen: poses, bodies inside the trained range, bodies outside it."""

    poses: Scores
    bodies: Scores
    outside: NotRequired[Scores]


class FieldCard(TypedDict):
    """A field's card."""

    schema: str
    body: str
    sizes: list[str]
    digests: FieldDigests
    trained: Trained
    range: TrainedRange
    held_out: HeldOut
    noise_floor_mm: float
    latency_ms: float
    megabytes: float
    tool: str
