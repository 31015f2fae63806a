"""How a cloth of a garment looks when it is painted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dressform.schemas.errors import InputError

Rgb = tuple[float, float, float]
Direction = Literal["along", "across"]


@dataclass(frozen=True)
class Stripe:
    """Parallel bands in another colour; two stripes that cross make a check.

    Attributes:
        color: sRGB in [0, 1].
        width: Of a band [m].
        period: From one band to the next [m].
        direction: "across" the panel (level rings around the body) or "along" it (upright).
        offset: How far the first band is moved [m].
        strength: How much of the cloth's colour it covers, in (0, 1]; woven checks cover half where threads cross.
    """

    color: Rgb
    width: float
    period: float
    direction: Direction = "across"
    offset: float = 0.0
    strength: float = 1.0

    def __post_init__(self) -> None:
        _check_color("stripe color", self.color)
        if not 0.001 <= self.width < self.period:
            raise InputError(
                f"stripe: width {1000 * self.width:.1f} mm must be at least 1 mm and less than the period"
                f" {1000 * self.period:.1f} mm"
            )
        if not 0 < self.strength <= 1:
            raise InputError(f"stripe: strength {self.strength:g} must be above 0 and at most 1")


@dataclass(frozen=True)
class ClothLook:
    """A slot's cloth in one colourway.

    Attributes:
        color: sRGB in [0, 1] of the cloth.
        fabric: Name of the fabric, which says how uneven its yarn looks; see `grain.GRAINS`.
        stitch: sRGB in [0, 1] of the topstitches; None takes a tone of the cloth.
        stripes: In the order in which they are laid over the cloth.
        melange: How strongly fibres of two colours mix, in [0, 1].
        wash: How far a garment dyed with indigo has faded where it is worn, in [0, 1].
        fade: sRGB in [0, 1] towards which a wash goes.
        stitch_length: Of one topstitch [m].
        stitch_gap: Between two [m].
        thread: Width of the thread [m].
        hem_rows: Rows of topstitches along a turned hem; 0 where it is folded (a rib) or sewn blind.
        metal: sRGB in [0, 1] of rivets, zip teeth and painted buttons.
    """

    color: Rgb
    fabric: str = "jersey"
    stitch: Rgb | None = None
    stripes: tuple[Stripe, ...] = ()
    melange: float = 0.0
    wash: float = 0.0
    fade: Rgb = (0.62, 0.68, 0.76)
    stitch_length: float = 0.0026
    stitch_gap: float = 0.0007
    thread: float = 0.0006
    hem_rows: int = 1
    metal: Rgb = (0.72, 0.60, 0.38)

    def __post_init__(self) -> None:
        for name, color in (("color", self.color), ("stitch", self.stitch), ("fade", self.fade), ("metal", self.metal)):
            if color is not None:
                _check_color(name, color)
        for name, share in (("melange", self.melange), ("wash", self.wash)):
            if not 0 <= share <= 1:
                raise InputError(f"look: {name} {share:g} must be from 0 to 1")
        if not 0 <= self.hem_rows <= 3:
            raise InputError(f"look: hem_rows {self.hem_rows} must be from 0 to 3")
        if not (0.001 <= self.stitch_length <= 0.02 and 0.0002 <= self.stitch_gap <= 0.02):
            raise InputError(
                f"look: stitches of {1000 * self.stitch_length:.1f} mm with gaps of {1000 * self.stitch_gap:.1f} mm;"
                " give 1 to 20 mm and 0.2 to 20 mm"
            )
        if not 0.0001 <= self.thread <= 0.003:
            raise InputError(f"look: a thread of {1000 * self.thread:.2f} mm; give 0.1 to 3 mm")

    @property
    def stitch_color(self) -> Rgb:
        """The thread's colour: its own, or a tone that is just seen on the cloth."""
        if self.stitch is not None:
            return self.stitch
        light = sum(self.color) / 3
        share = 0.78 if light < 0.6 else 0.92  # on light cloth the furrow alone shows a stitch
        red, green, blue = (c + 0.16 * (1 - c) if light < 0.3 else share * c for c in self.color)
        return (red, green, blue)


def _check_color(name: str, color: Rgb) -> None:
    if len(color) != 3 or not all(0 <= value <= 1 for value in color):
        raise InputError(f"look: {name} {color} must be three sRGB values from 0 to 1")
