"""Numbers of the command line that have a range: NaN and infinity lie in none, whatever click compares."""

from __future__ import annotations

import math
from typing import Any

import rich_click as click


class FiniteRange(click.FloatRange):
    """A floating-point number within bounds, as click's own; a bound that is not given is the last finite number."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or fail with one line that names the option."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number
