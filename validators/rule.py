"""What a rule is and what it yields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.report import Severity

from .subject import Subject

LISTED = 20  # places named in a finding; the value says how many there are


@dataclass(frozen=True)
class Defect:
    """One place where a rule does not hold.

    Attributes:
        message: What is wrong, with what was needed and found.
        path: File or JSON path.
        value: The measured number, if there is one.
        place: Where on the asset: size, faces, vertices …, JSON values.
    """

    message: str
    path: str
    value: float | None = None
    place: dict[str, object] | None = None


@dataclass(frozen=True)
class Measured:
    """A number that a rule measured on a thing that is sound; a report tells it beside "passed".

    Attributes:
        value: The number.
        unit: "m", "%", "px", "triangles" …
        path: File or JSON path.
    """

    value: float
    unit: str
    path: str


class NotTestableError(Exception):
    """Raised by a rule that cannot be tested here; its text says why (a tool is missing, a part is not there)."""


def counted(
    bad: NDArray[np.integer],
    message: str,
    path: str,
    *,
    one: str,
    kind: str = "faces",
    size: str | None = None,
) -> Iterator[Defect]:
    """Yield one defect for all of `bad`, none when it is empty: how many, and where the first ones are.

    Args:
        bad: The ids.
        message: What is wrong with them; their number goes before it.
        path: File or JSON path.
        one: The same of a single one.
        kind: What the ids count: "faces", "vertices" or "uv".
        size: Size of the garment they belong to.
    """
    if len(bad):
        place: dict[str, object] = {} if size is None else {"size": size}
        text = one if len(bad) == 1 else message
        yield Defect(f"{len(bad)} {text}", path, len(bad), {**place, kind: bad[:LISTED].tolist()})


@dataclass(frozen=True)
class Rule:
    """A named check.

    Attributes:
        code: Stable code, "DF-MESH-003"; never used again for another defect.
        name: "mesh.degenerate".
        severity: Of its findings.
        needs: Parts that must be there to test it, names of `engine.PARTS`.
        cure: What mends it.
        check: Yields a defect for every place, and what it measured; reads the subject, changes nothing.
        slow: Whether it moves the garment over poses and bodies; runs only when a sweep is asked for.
    """

    code: str
    name: str
    severity: Severity
    needs: tuple[str, ...]
    cure: str
    check: Callable[[Subject], Iterator[Defect | Measured]]
    slow: bool = False

    @property
    def group(self) -> str:
        """First part of the name: "mesh"."""
        return self.name.split(".")[0]
