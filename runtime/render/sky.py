"""A clear sky and its sun, from formulas: daylight without a picture of it.

The sky is that of Preetham, Shirley and Smits (1999, A Practical Analytic Model for Daylight): Perez' five-parameter
distribution of luminance and chromaticity for a turbidity. The sun's light is weakened and reddened by air (Rayleigh)
and haze (Angstrom) along Kasten and Young's (1989) air mass.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_GROUND = 0.3  # share of light that pale ground gives back
_SOLAR_KLX = 133.0  # illuminance outside the atmosphere, facing the sun
_WAVELENGTHS_UM = np.array([0.612, 0.549, 0.465])  # where sRGB's primaries are strongest
_RGB_FROM_XYZ = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
# Perez' parameters A to E of Y, x and y: a line in turbidity each
_PEREZ_SLOPE = np.array(
    [
        [0.1787, -0.3554, -0.0227, 0.1206, -0.0670],
        [-0.0193, -0.0665, -0.0004, -0.0641, -0.0033],
        [-0.0167, -0.0950, -0.0079, -0.0441, -0.0109],
    ]
)
_PEREZ_START = np.array(
    [
        [-1.4630, 0.4275, 5.3251, -2.5771, 0.3703],
        [-0.2592, 0.0008, 0.2125, -0.8989, 0.0452],
        [-0.2608, 0.0092, 0.2102, -1.6537, 0.0529],
    ]
)
# chromaticity at the zenith: rows of turbidity squared, turbidity, 1; columns of the sun's zenith angle cubed to 1
_ZENITH_X = np.array(
    [
        [0.00166, -0.00375, 0.00209, 0.0],
        [-0.02903, 0.06377, -0.03202, 0.00394],
        [0.11693, -0.21196, 0.06052, 0.25886],
    ]
)
_ZENITH_Y = np.array(
    [
        [0.00275, -0.00610, 0.00317, 0.0],
        [-0.04214, 0.08970, -0.04153, 0.00516],
        [0.15346, -0.26756, 0.06670, 0.26688],
    ]
)


def sky_radiance(
    directions: NDArray[np.floating], toward: NDArray[np.floating], turbidity: float
) -> NDArray[np.float64]:
    """Return radiance [N, 3] of the sky, without its sun, and of the ground below it [kcd/m², linear sRGB].

    Args:
        directions: Unit vectors [N, 3], z up.
        toward: Unit vector towards the sun, above the horizon.
        turbidity: 2 (clear) to 10 (hazy).
    """
    ways = np.asarray(directions, np.float64)
    lit = _dome(np.where(ways[:, 2:] > 0.0, ways, [0.0, 0.0, 1.0]), toward, turbidity)
    level = _level_irradiance(toward, turbidity) + sun_irradiance(toward, turbidity) * toward[2]
    return np.where(ways[:, 2:] > 0.0, lit, _GROUND * level / math.pi)


def sun_irradiance(toward: NDArray[np.floating], turbidity: float) -> NDArray[np.float64]:
    """Return the irradiance [3] of a surface that faces the sun [klx, linear sRGB]."""
    height = math.degrees(math.asin(min(max(float(toward[2]), 0.0), 1.0)))
    mass = 1.0 / (math.sin(math.radians(height)) + 0.50572 * (height + 6.07995) ** -1.6364)
    haze = max(0.04608 * turbidity - 0.04586, 0.0)
    depth = 0.008735 * _WAVELENGTHS_UM**-4.08 + haze * _WAVELENGTHS_UM**-1.3
    irradiance: NDArray[np.float64] = _SOLAR_KLX * np.exp(-mass * depth)
    return irradiance


def _dome(ways: NDArray[np.float64], toward: NDArray[np.floating], turbidity: float) -> NDArray[np.float64]:
    """Return radiance of upward directions."""
    up = np.maximum(ways[:, 2], 0.01)
    cosine = np.clip(ways @ toward, -1.0, 1.0)
    zenith = math.acos(min(max(float(toward[2]), 0.0), 1.0))
    parameters = _PEREZ_SLOPE * turbidity + _PEREZ_START
    shares = [_perez(row, up, cosine) / _perez(row, np.ones(1), np.array([math.cos(zenith)])) for row in parameters]
    bright, x, y = (share * at for share, at in zip(shares, _at_zenith(zenith, turbidity), strict=True))
    bright = np.maximum(bright, 0.0)
    xyz = np.stack([x / y * bright, bright, (1.0 - x - y) / y * bright], axis=-1)
    return np.asarray(np.maximum(xyz @ _RGB_FROM_XYZ.T, 0.0), np.float64)


def _perez(row: NDArray[np.float64], up: NDArray[np.float64], cosine: NDArray[np.float64]) -> NDArray[np.float64]:
    a, b, c, d, e = row
    horizon = 1.0 + a * np.exp(b / up)
    aureole = 1.0 + c * np.exp(d * np.arccos(cosine)) + e * cosine * cosine
    return np.asarray(horizon * aureole, np.float64)


def _at_zenith(zenith: float, turbidity: float) -> tuple[float, float, float]:
    """Return luminance [kcd/m²] and chromaticity x, y straight up."""
    angle = (4.0 / 9.0 - turbidity / 120.0) * (math.pi - 2.0 * zenith)
    bright = (4.0453 * turbidity - 4.9710) * math.tan(angle) - 0.2155 * turbidity + 2.4192
    haze = np.array([turbidity * turbidity, turbidity, 1.0])
    low = np.array([zenith**3, zenith**2, zenith, 1.0])
    return max(bright, 0.1), float(haze @ _ZENITH_X @ low), float(haze @ _ZENITH_Y @ low)


def _level_irradiance(toward: NDArray[np.floating], turbidity: float, rings: int = 24) -> NDArray[np.float64]:
    """Return the irradiance [3] of level ground from the sky."""
    z, around = np.meshgrid((np.arange(rings) + 0.5) / rings, (np.arange(2 * rings) + 0.5) / rings * math.pi)
    flat = np.sqrt(1.0 - z * z)
    ways = np.stack([flat * np.cos(around), flat * np.sin(around), z], axis=-1).reshape(-1, 3)
    irradiance: NDArray[np.float64] = (
        (_dome(ways, toward, turbidity) * ways[:, 2:]).sum(axis=0) * 2.0 * math.pi / len(ways)
    )
    return irradiance
