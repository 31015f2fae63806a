"""Numbers that no range of an option holds."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from dressform.commands import finite
from dressform.commands.finite import FiniteRange


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "NaN", "1e999"])
@pytest.mark.parametrize("bounds", [FiniteRange(), FiniteRange(0.04), FiniteRange(max=3.0), FiniteRange(1, 240)])
def test_what_is_no_finite_number_is_refused(bounds: FiniteRange, text: str) -> None:
    with pytest.raises(click.BadParameter):
        bounds.convert(text, None, None)


def test_numbers_within_bounds_are_taken() -> None:
    assert FiniteRange(0.04).convert("1e300", None, None) == 1e300
    with pytest.raises(click.BadParameter, match="is not in the range"):
        FiniteRange(0.04).convert("0.01", None, None)


def test_no_command_takes_clicks_own_range() -> None:
    """Whose bounds NaN passes, as it compares with nothing."""
    folder = Path(finite.__file__).parents[1]
    own = [path for path in folder.rglob("*.py") if re.search(r"click\.FloatRange\(", path.read_text("utf-8"))]
    assert own == []
