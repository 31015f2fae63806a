"""Types of a motion clip (motion.schema.json)."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class MotionDocument(TypedDict):
    """A clip; the arrays are absent where the document is only the header of a safetensors file."""

    schema: str
    name: str
    title: NotRequired[str]
    fps: float
    frames: int
    loop: bool
    reference_pelvis_height: float
    joints: list[str]
    rotations: NotRequired[list[list[list[float]]]]
    root: NotRequired[list[list[float]]]
    contacts: NotRequired[list[list[bool]]]
    licence: NotRequired[str]
    source: NotRequired[str]
