"""Rules on the physics of the cloth, as template.json states them in SI units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dressform.schemas.documents import is_number, schema
from dressform.schemas.report import Severity
from dressform.validators.rule import Defect, Measured, NotTestableError, Rule
from dressform.validators.subject import Subject


@dataclass(frozen=True)
class Quantity:
    """One number of a fabric.

    Attributes:
        key: In template.json.
        unit: That it is stated in there.
        trade: The unit that fabric files and mills use.
        per_trade: One of that in `unit`.
        low: Least that cloth for garments has, in the trade's unit.
        high: Most.
    """

    key: str
    unit: str
    trade: str
    per_trade: float
    low: float
    high: float

    @property
    def bounds(self) -> tuple[float, float]:
        """What any fabric file may hold, in `unit` (fabric.schema.json)."""
        held = schema("fabric")["properties"]["physics"]["properties"][self.key]
        return held["minimum"] * self.per_trade, held["maximum"] * self.per_trade

    def fault(self, value: float) -> str:
        """Say what shows that a number is no fabric's, and which unit was meant; nothing where some fabric has it."""
        low, high = self.bounds
        if low <= value <= high:
            return ""
        meant = value * self.per_trade
        hint = f"; {value:g} {self.trade} is {meant:g} {self.unit}" if low <= meant <= high else ""
        return f"{self.key} is {value:g} {self.unit}, needed {low:g} to {high:g} {self.unit}{hint}"


# The usual ranges hold every cloth of the fabric library with room to both sides: from chiffon (42 g/m², 0.12 mm) to
# leather (560 g/m², bending 90 µN·m) and fleece (2.6 mm), and from a rib that stretches at 40 N/m to linen at 16 kN/m.
QUANTITIES = (
    Quantity("weight", "kg/m²", "g/m²", 1e-3, 10, 1500),
    Quantity("thickness", "m", "mm", 1e-3, 0.04, 8),
    Quantity("stretch_warp", "N/m", "N/m", 1.0, 10, 200_000),
    Quantity("stretch_weft", "N/m", "N/m", 1.0, 10, 200_000),
    Quantity("shear", "N/m", "N/m", 1.0, 1, 20_000),
    Quantity("bending_warp", "N·m", "µN·m", 1e-6, 0.1, 2000),
    Quantity("bending_weft", "N·m", "µN·m", 1e-6, 0.1, 2000),
)
# Cloth is fibre and air: no denser than solid leather or vinyl, and fleece, the loftiest in the library, has 100 kg/m³.
_LEAST_DENSITY, _GREATEST_DENSITY = 15.0, 1700.0


def is_in_si_units(subject: Subject) -> Iterator[Defect]:
    """Numbers that are no fabric's in SI units: mostly g/m², mm or µN·m taken for kg/m², m or N·m."""
    for quantity, value in _stated(subject):
        fault = quantity.fault(value)
        if fault:
            yield _defect(quantity, fault, value)


def is_usual(subject: Subject) -> Iterator[Defect]:
    """Numbers that no cloth for garments has, though some fabric might."""
    for quantity, value in _possible(subject):
        low, high = quantity.low * quantity.per_trade, quantity.high * quantity.per_trade
        if not low <= value <= high:
            found = f"{quantity.key} is {value:g} {quantity.unit}, cloth for garments has {low:g} to {high:g}"
            yield _defect(quantity, found, value)


def has_a_possible_density(subject: Subject) -> Iterator[Defect | Measured]:
    """Weight and thickness that make the cloth denser than its fibres or lighter than down."""
    values = {quantity.key: value for quantity, value in _possible(subject)}
    if "weight" not in values or "thickness" not in values:
        raise NotTestableError("template.json states no possible weight or thickness of the fabric")
    density = values["weight"] / values["thickness"]
    path = "template.json $.fabric.thickness"
    if not _LEAST_DENSITY <= density <= _GREATEST_DENSITY:
        found = f"weight over thickness is {density:.3g} kg/m³, needed {_LEAST_DENSITY:g} to {_GREATEST_DENSITY:g}"
        yield Defect(found, path, density)
    else:
        yield Measured(round(density, 1), "kg/m³", path)


def is_whole(subject: Subject) -> Iterator[Defect]:
    """Fabrics with a number missing, which a simulation needs."""
    stated = {quantity.key for quantity, _ in _stated(subject)}
    missing = [quantity.key for quantity in QUANTITIES if quantity.key not in stated]
    if missing:
        yield Defect(f"the fabric states no {', '.join(missing)}", "template.json $.fabric", len(missing))


def _stated(subject: Subject) -> Iterator[tuple[Quantity, float]]:
    """Yield the positive numbers that template.json states; what is no such number is for its schema to say."""
    fabric: Any = subject.manifest.get("fabric")
    if not isinstance(fabric, dict):
        raise NotTestableError("template.json states no fabric")
    for quantity in QUANTITIES:
        value: Any = fabric.get(quantity.key)
        if is_number(value) and value > 0:
            yield quantity, float(value)


def _possible(subject: Subject) -> Iterator[tuple[Quantity, float]]:
    """Yield those that some fabric has in these units; fabric.units tells of the others."""
    for quantity, value in _stated(subject):
        low, high = quantity.bounds
        if low <= value <= high:
            yield quantity, value


def _defect(quantity: Quantity, message: str, value: float) -> Defect:
    return Defect(message, f"template.json $.fabric.{quantity.key}", value)


RULES = (
    Rule("DF-FABRIC-001", "fabric.units", Severity.ERROR, ("manifest",),
         "state weight in kg/m², thickness in m, stiffness in N/m and bending in N·m", is_in_si_units),
    Rule("DF-FABRIC-002", "fabric.range", Severity.WARNING, ("manifest",),
         "measure the cloth, or take a fabric of `dressform fabric list`", is_usual),
    Rule("DF-FABRIC-003", "fabric.density", Severity.WARNING, ("manifest",),
         "measure weight and thickness of the same cloth", has_a_possible_density),
    Rule("DF-FABRIC-004", "fabric.incomplete", Severity.WARNING, ("manifest",),
         "take the number from a fabric of `dressform fabric list` that is like it", is_whole),
)  # fmt: skip
