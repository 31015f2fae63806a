from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dressform.assets.changes import compare
from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.lod import dressed_level, lod_points, lods_digest, plain_materials, with_lod
from dressform.schemas.errors import AssetError


@pytest.fixture
def triangle() -> GarmentMesh:
    points = np.eye(3, dtype=np.float32)
    faces = np.array([[0, 1, 2]], np.int32)
    return GarmentMesh(points, faces, None, None, None, None, (Material("cloth"),), np.zeros(1, np.int32))


def test_a_level_says_what_it_is(triangle: GarmentMesh) -> None:
    level = with_lod(replace(triangle, extras={"mine": 1}), 2, np.array([0, 4, 9]))
    assert level.extras["lod"]["level"] == 2
    assert level.extras["mine"] == 1
    np.testing.assert_array_equal(lod_points(level, 10, "file"), [0, 4, 9])


@pytest.mark.parametrize("listed", [None, "0 4 9", [0, 4], [0, 4, 10], [-1, 4, 9], [4, 0, 9], [0, 4, 4], [0, 4, True]])
def test_what_cannot_be_is_refused(triangle: GarmentMesh, listed: object) -> None:
    level = replace(triangle, extras={"lod": {"level": 1, "points": listed}})
    with pytest.raises(AssetError, match=r"file.*garment lod"):
        lod_points(level, 10, "file")


def test_textures_stay_with_the_garment(triangle: GarmentMesh) -> None:
    garment = replace(
        triangle, materials=(Material("cloth", base_color_image=b"png", record={"a": 1}, images=(b"x",)),)
    )
    level = plain_materials(garment)
    assert level.materials[0].base_color_image is None
    assert dressed_level(level, garment, "file").materials == garment.materials
    with pytest.raises(AssetError, match="other materials"):
        dressed_level(replace(level, materials=(Material("silk"),)), garment, "file")


def test_the_digest_follows_the_choice_of_points_not_their_places(triangle: GarmentMesh) -> None:
    level = with_lod(triangle, 1, np.array([0, 4, 9]))
    moved = replace(level, points=level.points + 1)
    assert lods_digest([level]) == lods_digest([moved])
    assert lods_digest([level]) != lods_digest([with_lod(triangle, 1, np.array([0, 4, 8]))])


def test_other_levels_are_a_minor_change() -> None:
    digests = {"topology": "t", "uv0": None, "uv1": None, "shape": {}, "looks": {}, "rig_contract": {}, "rig": {}}
    old = {"digests": {**digests, "field": {}}, "variants": {}, "layer": 1, "sizes": {}, "files": {}}
    new = {**old, "digests": {**old["digests"], "lods": {"M": "a"}}}  # type: ignore[dict-item]
    for a, b in ((old, new), (new, old)):
        (change,) = compare(a, b)  # type: ignore[arg-type]
        assert (change.level, change.what) == ("minor", "the levels of detail of size M changed")
