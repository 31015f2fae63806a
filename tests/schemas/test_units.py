from __future__ import annotations

import pytest

from dressform.schemas.errors import UsageError
from dressform.schemas.units import metres_per


def test_units():
    assert 12 * metres_per("in") == pytest.approx(metres_per("ft"))
    assert 100 * metres_per("cm") == 10 * metres_per("dm") == 1000 * metres_per("mm") == metres_per("m")
    with pytest.raises(UsageError, match="unknown unit 'ell'; needed one of m, dm"):
        metres_per("ell")
