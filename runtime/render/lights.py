"""Lights by name, as the command line takes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import InputError, UsageError

from .scene import Lighting

BUILT_IN = ("studio", "daylight", "photo")


def named_light(name: str, photo: NDArray[np.floating] | None = None, turn_rad: float = 0.0) -> Lighting:
    """Return a light, as bright as the studio's.

    Args:
        name: "studio", "daylight", "photo" or the path of an equirectangular .hdr or .exr picture.
        photo: Light of the avatar's photo, irradiance / pi [9, 3], or None.
        turn_rad: Turns a picture's light about the vertical, counter-clockwise seen from above.

    Raises:
        UsageError: When there is no such light, or the avatar has none, or it is not a picture's that is to be turned.
        InputError: When the file is no such picture.
    """
    if name in BUILT_IN and turn_rad:
        raise UsageError(f"--light-turn turns the light of a picture; --light is {name}")
    if name == "studio":
        return Lighting.studio()
    if name == "daylight":
        return Lighting.daylight()
    if name == "photo":
        if photo is None:
            raise UsageError(
                "--light photo: the avatar keeps no light; estimate it from a photo, or name another light"
            )
        light = Lighting.harmonics(photo)
    elif name.lower().endswith((".hdr", ".exr")):
        light = Lighting.environment(name, turn_rad)
    else:
        raise UsageError(f"--light must be {', '.join(BUILT_IN)} or a file .hdr or .exr, got {name!r}")
    try:
        return light.exposed()
    except ValueError as error:
        raise InputError(f"{name}: {error}; turn it with --light-turn, or name another light") from None
