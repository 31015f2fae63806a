"""Tiles repeat without a seam, in the counts that their files say."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from numpy.typing import NDArray

from dressform.authoring.fabrics.fabric import counts, fabric, fabric_names
from dressform.authoring.fabrics.tile import Tile, fabric_tile
from dressform.authoring.fabrics.unevenness import fabric_unevenness
from dressform.schemas.errors import UsageError

PIXELS = 256


@functools.cache
def tile(name: str) -> Tile:
    return fabric_tile(fabric(name), PIXELS)


def steps(field: NDArray[np.float32], axis: int) -> NDArray[np.float64]:
    """Return the mean step from each row (or column) to the next, the last one to the first."""
    return np.abs(np.roll(field, -1, axis=axis) - field).astype(np.float64).mean(axis=1 - axis)


@pytest.mark.parametrize("name", fabric_names())
def test_opposite_borders_continue(name: str) -> None:
    shown = tile(name)
    for field in (shown.height, shown.color.mean(axis=2), shown.normal.astype(np.float32).mean(axis=2)):
        for axis in (0, 1):
            found = steps(field, axis)
            assert found[-1] <= 1.15 * found[:-1].max()


@pytest.mark.parametrize("name", fabric_names())
def test_the_spectrum_has_no_seam(name: str) -> None:
    """A jump at the border puts power on every odd frequency of the axes, also far above the yarns'."""
    height = tile(name).height.astype(np.float64)
    for axis in (0, 1):
        profile = height.mean(axis=axis)
        power = np.abs(np.fft.rfft(profile))[PIXELS // 4 :]
        jump = np.abs(np.fft.rfft(np.linspace(-0.5, 0.5, PIXELS)))[PIXELS // 4 :] * np.ptp(profile)
        assert power[1::2].mean() < 2.0 * power[::2].mean() + 0.05 * jump.mean()


@pytest.mark.parametrize("name", [name for name in fabric_names() if counts(fabric(name))])
def test_yarns_counted_back_are_those_of_the_file(name: str) -> None:
    found, shown = fabric(name), tile(name)
    for axis, (key, (per_cm, repeat)) in enumerate(counts(found).items()):
        wanted = per_cm * 100 * found.tile_m
        # the mean along the yarns leaves the row of their backs; a rib's wales stand out in pairs
        profile = shown.height.astype(np.float64).mean(axis=axis)
        power = np.abs(np.fft.rfft(profile - profile.mean()))
        low = 1 if "knit" in found.look and repeat > 1 else round(0.6 * wanted)
        peak = low + int(np.argmax(power[low : round(1.4 * wanted) + 1]))
        wales = repeat if "knit" in found.look else 1
        assert peak * wales == pytest.approx(wanted, rel=0.02), key


@pytest.mark.parametrize("name", fabric_names())
def test_normals_are_unit_vectors_and_the_cloth_is_flat(name: str) -> None:
    normal = tile(name).normal / 127.5 - 1
    assert np.abs(np.linalg.norm(normal, axis=2) - 1).max() < 0.012  # half a step of 8 bits in each of three
    assert np.abs(normal[..., :2].mean(axis=(0, 1))).max() < 0.01
    assert normal[..., 2].min() >= 0
    assert normal[..., :2].std() > 0.02


def test_green_points_up_the_cloth() -> None:
    """Where the height rises towards the top of the picture, the normal leans down."""
    shown = tile("linen")
    rise = np.roll(shown.height, 1, axis=0) - np.roll(shown.height, -1, axis=0)
    right = np.roll(shown.height, -1, axis=1) - np.roll(shown.height, 1, axis=1)
    normal = shown.normal / 127.5 - 1
    assert np.corrcoef(rise.ravel(), normal[..., 1].ravel())[0, 1] < -0.8
    assert np.corrcoef(right.ravel(), normal[..., 0].ravel())[0, 1] < -0.8


@pytest.mark.parametrize("name", fabric_names())
def test_colours_are_a_ratio_and_orm_has_its_channels(name: str) -> None:
    shown = tile(name)
    assert shown.color.mean(axis=(0, 1)) == pytest.approx([1, 1, 1], abs=1e-3)
    assert shown.color.min() >= 0
    assert not shown.orm[..., 2].any()
    assert shown.orm[..., 0].max() > 250
    assert shown.orm[..., 1].min() > 200
    assert shown.size_m == fabric(name).tile_m


def test_denim_is_a_right_hand_twill_of_dark_warp_and_light_weft() -> None:
    shown = tile("denim")
    light = shown.color.mean(axis=2)
    assert light.max() > 2.0  # undyed weft
    spectrum = np.abs(np.fft.fft2(light - light.mean()))
    ends, picks = round(25 * 2.4 / 4), round(16.67 * 2.4 / 4)
    # rows run down, so a line that rises to the right has both frequencies of one sign
    assert spectrum[picks, ends] > 5 * spectrum[-picks, ends]


def test_undyed_weft_stays_undyed_whatever_the_dye() -> None:
    grey = fabric_tile(fabric("denim"), PIXELS, (0.1, 0.1, 0.1)).color
    red = fabric_tile(fabric("denim"), PIXELS, (0.3, 0.03, 0.03)).color * np.array([0.3, 0.03, 0.03])
    weft = grey.mean(axis=2) > 2
    assert np.ptp(red[weft].mean(axis=0)) < 0.3 * np.ptp(red[~weft].mean(axis=0)) + 0.02


def test_chiffon_has_gaps_and_denim_none() -> None:
    assert 0.4 < tile("chiffon").cover.mean() < 0.85
    assert tile("denim").cover.mean() > 0.97


def test_a_tile_is_the_same_every_time() -> None:
    again = fabric_tile(fabric("jersey"), PIXELS)
    for key in ("normal", "orm", "color", "height"):
        assert (getattr(again, key) == getattr(tile("jersey"), key)).all()


def test_a_tile_of_no_size_is_refused() -> None:
    with pytest.raises(UsageError, match="a tile of 8 pixels; needed 64 to 2048"):
        fabric_tile(fabric("denim"), 8)


def test_unevenness_has_mean_one_and_does_not_repeat_with_the_tile() -> None:
    denim = fabric("denim")
    uneven = fabric_unevenness(denim, (300, 400), 0.0008)
    assert uneven.shape == (300, 400)
    assert float(uneven.mean()) == pytest.approx(1, abs=1e-4)
    assert 0.03 < float(uneven.std()) < 0.3
    # streaks of denim run along the warp
    assert np.abs(np.diff(uneven, axis=0)).mean() < 0.7 * np.abs(np.diff(uneven, axis=1)).mean()
    shift = round(denim.tile_m / 0.0008)
    left, right = uneven[:, :-shift].ravel(), uneven[:, shift:].ravel()
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.3
    assert (fabric_unevenness(denim, (300, 400), 0.0008) == uneven).all()
    assert (fabric_unevenness(denim, (300, 400), 0.0008, seed=1) != uneven).any()
