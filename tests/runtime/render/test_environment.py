"""Light from pictures all around: what is kept, where the sun is, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest
from numpy.typing import NDArray

from dressform.runtime.render.environment import (
    check_environment,
    project_picture,
    read_environment,
    split_harmonics,
    texel_directions,
    texel_solid_angles,
)
from dressform.runtime.render.harmonics import irradiance, project_radiance, sh_basis, sphere_directions
from dressform.runtime.render.lights import named_light
from dressform.runtime.render.scene import Lighting, studio_radiance
from dressform.runtime.render.sky import sky_radiance, sun_irradiance
from dressform.schemas.errors import DressformError, InputError, UsageError

Picture = NDArray[np.float32]


def mean_radiance(picture: Picture) -> NDArray[np.float64]:
    """Of the sphere: all of a picture's light."""
    rows: NDArray[np.float64] = picture.astype(np.float64).sum(axis=1)
    return texel_solid_angles(*picture.shape[:2]) @ rows / (4.0 * math.pi)


def mean_of(light: Lighting) -> NDArray[np.float64]:
    """The same of a light: its irradiance's mean over all normals is its radiance's over all directions."""
    around = light.sh[0].astype(np.float64) * 0.5 * math.sqrt(1.0 / math.pi)
    mean: NDArray[np.float64] = around + 0.25 * np.asarray(light.sun_color)
    return mean


def lit_by_disc(toward: NDArray[np.float64], radius: float, height: int = 256) -> Picture:
    """A dim, uneven room with one bright disc; the disc's rim is antialiased."""
    fine = 4 * height
    ways = texel_directions(fine, 2 * fine)
    inside = (ways @ toward > math.cos(radius)).astype(np.float32)
    disc = cv2.resize(inside, (2 * height, height), interpolation=cv2.INTER_AREA)
    room = 0.2 + 0.1 * texel_directions(height, 2 * height)
    return np.asarray(room + 400.0 * disc[..., None] * np.array([1.0, 0.9, 0.7]), np.float32)


def test_a_constant_map_is_an_even_room() -> None:
    light = Lighting.environment(np.full((64, 128, 3), 0.7, np.float32))
    assert light.sun_color == (0.0, 0.0, 0.0)
    np.testing.assert_allclose(light.sh[0], 0.7 * 2.0 * math.sqrt(math.pi), rtol=1e-6)
    np.testing.assert_allclose(light.sh[1:], 0.0, atol=1e-3)
    np.testing.assert_allclose(light.shown(sphere_directions(50)), 0.7, atol=1e-3)


def test_a_picture_is_projected_as_the_function_it_shows() -> None:
    ways = texel_directions(128, 256)
    shown = studio_radiance(ways.reshape(-1, 3)).reshape(ways.shape)
    np.testing.assert_allclose(project_picture(shown), project_radiance(studio_radiance), atol=2e-3)


@pytest.mark.parametrize(
    "toward", [(-0.5, -0.6, 0.62), (0.02, -1.0, 0.3), (0.05, 0.0, 1.0), (1.0, 0.9, -0.2), (-0.001, -1.0, 0.0)]
)
@pytest.mark.parametrize("radius_deg", [1.0, 6.0])
def test_a_disc_is_found(toward: tuple[float, float, float], radius_deg: float) -> None:
    """Anywhere, also where the picture's ends meet and around the zenith."""
    way = np.array(toward) / np.linalg.norm(toward)
    picture = lit_by_disc(way, math.radians(radius_deg))
    light = Lighting.environment(picture)
    apart = math.degrees(math.acos(min(float(way @ np.array(light.sun_direction)), 1.0)))
    assert apart < 0.2 + 0.05 * radius_deg
    assert math.degrees(light.sun_radius_rad) == pytest.approx(radius_deg, rel=0.15)
    np.testing.assert_allclose(mean_of(light), mean_radiance(picture), rtol=1e-4)
    want = 400.0 * math.sin(math.radians(radius_deg)) ** 2 * np.array([1.0, 0.9, 0.7])
    np.testing.assert_allclose(light.sun_color, want, rtol=0.05)
    weights = np.maximum(texel_directions(256, 512) @ way, 0.0) * texel_solid_angles(256, 512)[:, None] / math.pi
    np.testing.assert_allclose(light.shown(way), np.einsum("hw,hwc->c", weights, picture), rtol=0.01)


def test_light_turns_counter_clockwise() -> None:
    picture = lit_by_disc(np.array([1.0, 0.0, 0.0]), 0.05)
    light = Lighting.environment(picture, turn_rad=0.5 * math.pi)
    np.testing.assert_allclose(light.sun_direction, [0.0, 1.0, 0.0], atol=0.02)


def test_a_wide_window_stays_with_the_light_around() -> None:
    ways = texel_directions(64, 128)
    picture = (0.1 + 2.0 * (ways @ np.array([0.0, -1.0, 0.0]) > 0.2)[..., None] * np.ones(3)).astype(np.float32)
    light = Lighting.environment(picture)
    assert light.sun_color == (0.0, 0.0, 0.0)
    np.testing.assert_allclose(mean_of(light), mean_radiance(picture), rtol=1e-5)


def test_the_sun_is_taken_out_of_harmonics() -> None:
    toward = np.array([-0.6, -0.48, 0.64])
    sun = irradiance(math.pi * sh_basis(toward)[:, None] * np.array([0.6, 0.5, 0.4]))
    room = irradiance(project_radiance(lambda ways: 0.5 + 0.1 * ways))
    found = split_harmonics(sun + room)
    assert float(np.array(found.toward) @ toward) > 0.98
    np.testing.assert_allclose(found.color, [0.6, 0.5, 0.4], atol=0.12)
    back = found.sh + irradiance(math.pi * sh_basis(found.toward)[:, None] * np.array(found.color))
    np.testing.assert_allclose(back, sun + room, atol=1e-5)
    assert (sh_basis(sphere_directions(400)) @ found.sh).min() > 0.0
    even = split_harmonics(irradiance(project_radiance(lambda ways: np.full((len(ways), 3), 0.5))))
    assert max(even.color) < 1e-3


def test_daylight_is_a_warm_sun_in_a_blue_sky() -> None:
    toward = np.array([0.0, -0.6, 0.8])
    up = sky_radiance(np.array([[0.0, 0.6, 0.8]]), toward, 3.0)[0]
    assert up[2] > 1.3 * up[0]
    high, low = sun_irradiance(toward, 3.0), sun_irradiance(np.array([0.0, -0.995, 0.1]), 3.0)
    assert 60.0 < high[1] < 110.0  # klx, as lighting handbooks give for clear air
    assert low[0] / low[2] > 2.0 * high[0] / high[2]
    light = Lighting.daylight()
    front = light.shown(np.array([0.0, -1.0, 0.0]))
    assert front.max() / front.min() < 1.1  # a camera balanced for daylight sees white
    for bad in ((0.0, 3.0), (0.5, 1.0), (math.nan, 3.0)):
        with pytest.raises(ValueError, match="elevation_rad"):
            Lighting.daylight(elevation_rad=bad[0], turbidity=bad[1])


def test_named_lights_are_as_bright_as_the_studio(tmp_path: Path) -> None:
    file = tmp_path / "room.hdr"
    assert cv2.imwrite(str(file), lit_by_disc(np.array([-0.6, -0.6, 0.53]), 0.02, 64)[..., ::-1])
    photo = irradiance(project_radiance(lambda ways: 0.02 + 0.01 * ways))
    ball = sphere_directions(2000)
    seen = np.maximum(-ball[:, 1], 0.0)
    want = (Lighting.studio().shown(ball) @ np.array([0.2126, 0.7152, 0.0722])) @ seen
    for name in ("studio", "daylight", "photo", str(file)):
        shown = named_light(name, photo).shown(ball) @ np.array([0.2126, 0.7152, 0.0722])
        assert shown @ seen == pytest.approx(want, rel=1e-3)


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    picture = lit_by_disc(np.array([0.0, -1.0, 0.0]), 0.1, 32)
    assert cv2.imwrite(str(tmp_path / "a.hdr"), picture[..., ::-1])
    np.testing.assert_allclose(read_environment(tmp_path / "a.hdr"), picture, rtol=0.02, atol=0.01)


def test_exr_is_read_where_it_can_be(tmp_path: Path) -> None:
    picture = lit_by_disc(np.array([0.0, -1.0, 0.0]), 0.1, 32)
    with OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": picture}) as file:
        file.write(str(tmp_path / "a.exr"))
    np.testing.assert_array_equal(read_environment(tmp_path / "a.exr"), picture)
    (tmp_path / "b.exr").write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot be read"):
        read_environment(tmp_path / "b.exr")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda p: p[:, :-3], "twice as wide as high"),
        (lambda p: p[..., 0], "3 channels"),
        (lambda p: np.where(p > 1.0, np.nan, p), "not finite"),
        (lambda p: np.where(p > 1.0, np.inf, p), "not finite"),
        (lambda p: p - 0.4, "negative"),
        (lambda p: 0.0 * p, "black"),
    ],
)
def test_bad_pictures_are_refused(spoil: object, said: str) -> None:
    assert callable(spoil)
    bad = np.asarray(spoil(lit_by_disc(np.array([0.0, -1.0, 0.0]), 0.2, 32)), np.float32)
    with pytest.raises(ValueError, match=said):
        check_environment(bad)


def test_what_compression_left_below_zero_is_taken_for_zero() -> None:
    clean = lit_by_disc(np.array([0.0, -1.0, 0.0]), 0.2, 32)
    ringing = clean.copy()
    ringing[::7, ::5] = -2e-3
    found = check_environment(ringing)
    assert (ringing < 0.0).any()
    np.testing.assert_array_equal(found, np.maximum(ringing, 0.0))


def test_bad_files_are_refused_in_one_line(tmp_path: Path) -> None:
    black, text = tmp_path / "black.hdr", tmp_path / "text.hdr"
    assert cv2.imwrite(str(black), np.zeros((8, 16, 3), np.float32))
    text.write_text("no picture")
    dark = np.zeros((32, 64, 3), np.float32)
    dark[8, 32] = 1e3  # straight behind
    assert cv2.imwrite(str(tmp_path / "behind.hdr"), dark)
    cases: tuple[tuple[str, type[DressformError], str], ...] = (
        (str(tmp_path / "none.hdr"), UsageError, "no such file"),
        (str(black), InputError, "black"),
        (str(text), InputError, "Radiance"),
        (str(tmp_path), UsageError, "studio, daylight, photo"),
        ("candle", UsageError, "studio, daylight, photo"),
        ("photo", UsageError, "keeps no light"),
    )
    for name, kind, said in cases:
        with pytest.raises(kind, match=said):
            named_light(name)
    with pytest.raises(UsageError, match="--light-turn"):
        named_light("daylight", turn_rad=1.0)
