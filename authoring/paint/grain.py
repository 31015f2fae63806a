"""How uneven the yarn of a cloth looks at the width of a texel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from dressform.authoring.fabrics.fabric import Fabric
from dressform.schemas.errors import InputError

from .sheet import Floats

_SEED = 20240611
_FINEST = 0.75  # [px] standard deviation; finer noise costs much in a JPEG and the fabric's own tile shows it


@dataclass(frozen=True)
class Grain:
    """Unevenness of a cloth's colour, as shares of the light it reflects.

    Attributes:
        layers: (width across the warp, length along it, strength) of smooth noise [m, m, share].
        flecks: Strength of undyed yarn that shows as short light dashes along the warp.
        rib: (distance, slope, strength) of lines across the picture [m, rise over run, share], or None.
        tone: Strength of slow changes over the whole garment.
        pucker: How much cloth draws up between the stitches of a seam.
        depth: How deep seams and stitches sink, beside thick cloth such as denim.
    """

    layers: tuple[tuple[float, float, float], ...]
    flecks: float = 0.0
    rib: tuple[float, float, float] | None = None
    tone: float = 0.010
    pucker: float = 0.02
    depth: float = 0.8


# Widths are those of yarn slubs as seen at arm's length; strengths were judged by eye on rendered garments.
GRAINS: Mapping[str, Grain] = {
    "denim": Grain(
        ((0.0009, 0.018, 0.042), (0.0012, 0.0016, 0.022), (0.0040, 0.030, 0.012)),
        flecks=0.10,
        rib=(0.0022, 1.7, 0.020),
        tone=0.022,
        pucker=0.055,
        depth=1.0,
    ),
    "jersey": Grain(((0.0009, 0.003, 0.016), (0.006, 0.008, 0.006))),
    "rib": Grain(((0.0009, 0.004, 0.014),)),
    "poplin": Grain(((0.0012, 0.008, 0.007), (0.008, 0.0012, 0.007)), pucker=0.03, depth=0.55),
    "linen": Grain(((0.0013, 0.024, 0.030), (0.024, 0.0013, 0.030)), tone=0.016, pucker=0.03, depth=0.55),
    "wool": Grain(((0.0011, 0.003, 0.030), (0.005, 0.005, 0.015)), rib=(0.0024, 1.0, 0.014), depth=1.0),
    "twill": Grain(((0.0010, 0.004, 0.022), (0.004, 0.006, 0.008)), rib=(0.0022, 1.7, 0.012), pucker=0.03, depth=1.0),
    "satin": Grain(((0.0009, 0.010, 0.008),), pucker=0.03, depth=0.55),
    "corduroy": Grain(((0.0009, 0.005, 0.020), (0.005, 0.012, 0.015)), tone=0.016, pucker=0.03, depth=1.0),
    "leather": Grain(((0.0014, 0.0014, 0.030), (0.006, 0.006, 0.020)), tone=0.020, pucker=0.04, depth=1.0),
    "chiffon": Grain(((0.0009, 0.004, 0.008),), pucker=0.03, depth=0.55),
    "oxford": Grain(((0.0012, 0.008, 0.011), (0.008, 0.0012, 0.011)), pucker=0.03, depth=0.55),
    "velvet": Grain(((0.0012, 0.0016, 0.014), (0.010, 0.014, 0.022)), tone=0.018),
    "terry": Grain(((0.0009, 0.003, 0.020), (0.005, 0.007, 0.010)), pucker=0.03),
    "fleece": Grain(((0.0012, 0.0016, 0.030), (0.004, 0.005, 0.016)), pucker=0.03, depth=1.0),
}
_BY_STRUCTURE = {"woven": "poplin", "knit": "jersey", "pile": "velvet", "grain": "leather"}
_FLECK_LEVEL = 1.35  # standard deviations above which a yarn shows undyed


def grain_of(fabric: str) -> Grain:
    """Return the grain of a fabric by the kind of cloth that its name holds; an InputError when it holds none."""
    for name, grain in GRAINS.items():
        if name in fabric:
            return grain
    raise InputError(f"paint: no grain is known for fabric {fabric!r}; its name must hold one of {', '.join(GRAINS)}")


def grain_name(fabric: Fabric) -> str:
    """Return a name that `grain_of` knows: the fabric's own, else that of a cloth made the same way."""
    if any(name in fabric.name for name in GRAINS):
        return fabric.name
    return _BY_STRUCTURE[next(iter(fabric.look))]


def grain_field(grain: Grain, melange: float, pixels: int, texel: float) -> Floats:
    """Return by which share each texel is lighter or darker, float32 [pixels, pixels].

    Args:
        grain: Of the cloth.
        melange: How strongly fibres of two colours mix, in [0, 1].
        pixels: Side of the picture [px].
        texel: Side of a texel [m].
    """
    random = np.random.default_rng(_SEED)
    field = np.zeros((pixels, pixels), np.float32)
    for across, along, strength in grain.layers:
        field += np.float32(strength) * _noise(random, pixels, across / texel, along / texel)
    if grain.flecks:
        yarn = _noise(random, pixels, 0.0008 / texel, 0.005 / texel)
        field += np.float32(grain.flecks) * np.clip(yarn - _FLECK_LEVEL, 0, 1.5)
    if melange:
        fibres = 0.7 * _noise(random, pixels, 0.0009 / texel, 0.0035 / texel)
        fibres += 0.5 * _noise(random, pixels, 0.0028 / texel, 0.0022 / texel)
        field += np.float32(0.11 * melange) * np.clip(fibres, -2.2, 2.2)
    if grain.rib is not None:
        distance, slope, strength = grain.rib
        rows, columns = np.indices((pixels, pixels), dtype=np.float32)
        way = np.float32(2 * np.pi * texel / (distance * np.hypot(1.0, slope)))
        field += np.float32(strength) * np.sin(way * (np.float32(slope) * columns + rows))
    return field


def _noise(random: np.random.Generator, pixels: int, across: float, along: float) -> Floats:
    """Return smooth noise of unit variance whose blobs are this wide and this tall [px]."""
    sigma = [max(size / 2, _FINEST) for size in (across, along)]
    shrink = [max(1, int(size / 2)) for size in sigma]
    coarse = (pixels // shrink[1] + 2, pixels // shrink[0] + 2)
    rough = random.standard_normal(coarse, np.float32)
    soft = cv2.GaussianBlur(rough, (0, 0), sigma[0] / shrink[0], sigmaY=sigma[1] / shrink[1])
    full = cv2.resize(soft, (pixels, pixels), interpolation=cv2.INTER_LINEAR)
    return np.asarray((full - full.mean()) / max(float(full.std()), 1e-6), np.float32)
