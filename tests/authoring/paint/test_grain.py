"""Every fabric has a grain to be painted with, a user's own too."""

from __future__ import annotations

import pytest

from dressform.authoring.fabrics.fabric import Fabric, fabric, fabric_names
from dressform.authoring.paint.grain import GRAINS, grain_name, grain_of
from dressform.schemas.errors import InputError


def test_the_fabrics_that_ship_keep_their_own_grain() -> None:
    for name in fabric_names():
        assert grain_name(fabric(name)) == name
        assert grain_of(name) in GRAINS.values()


@pytest.mark.parametrize("kind", ["oxford", "jersey", "fleece", "leather"])
def test_a_fabric_of_ones_own_is_painted_like_a_cloth_made_the_same_way(kind: str) -> None:
    own = Fabric({**fabric(kind).document, "name": "highland-cloth"})
    assert grain_of(grain_name(own)) in GRAINS.values()
    with pytest.raises(InputError, match="no grain is known for fabric 'highland-cloth'"):
        grain_of(own.name)
