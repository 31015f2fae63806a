"""What a file does not say: units, the up axis and the kind of garment, each with the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.adjacency import boundary_loops, ring_area, ring_length
from dressform.schemas.documents import schema
from dressform.schemas.errors import InputError
from dressform.schemas.units import METRES_PER_UNIT

Points = NDArray[np.float64]

CATEGORIES: tuple[str, ...] = tuple(schema("common")["$defs"]["category"]["enum"])

_TOP, _BOTTOM = (0.30, 0.75, 1.95), (0.25, 1.00, 1.30)
# category → least, usual and most length of the longest side of the bounding box [m]
_SIZES: dict[str, tuple[float, float, float]] = {
    **dict.fromkeys(("tee", "shirt", "top", "sweater", "vest", "jacket"), _TOP),
    "coat": (0.60, 1.10, 1.95),
    "dress": (0.50, 1.05, 1.95),
    "skirt": (0.20, 0.60, 1.20),
    "trousers": _BOTTOM,
    "shorts": (0.20, 0.45, 0.90),
    "suit": (0.60, 1.45, 2.00),
    "hat": (0.10, 0.27, 0.60),
    "shoes": (0.15, 0.35, 0.80),
    "socks": (0.10, 0.30, 0.80),
    "gloves": (0.15, 0.40, 1.95),
    "body": (1.20, 1.70, 2.30),  # what a file holds beside the garment; span of T-pose arms or height
}
_ANY_SIZE = (0.10, 0.85, 2.10)
# how much rarer a unit is among garment files than m, cm and mm; in the unit of |ln(size / usual size)|
_RARITY = {"m": 0.0, "cm": 0.0, "mm": 0.0, "dm": 0.3, "inch": 1.2}

_WORDS = {
    "hat": "hat cap beanie fedora beret helmet turban balaclava headband",
    "shoes": "shoe shoes sneaker sneakers boot boots sandal sandals loafer loafers slipper slippers heels trainers",
    "socks": "sock socks stocking stockings",
    "gloves": "glove gloves mitten mittens",
    "underwear": "underwear briefs boxers bra panties bikini bralette bandeau thong",
    "coat": "coat parka overcoat raincoat trenchcoat robe kimono",
    "jacket": "jacket blazer anorak bomber",
    "vest": "vest gilet waistcoat",
    "sweater": "sweater hoodie pullover jumper cardigan sweatshirt turtleneck",
    "shorts": "shorts",
    "trousers": "trousers trouser pants pant jeans chinos leggings legging tights joggers slacks sweatpants",
    "skirt": "skirt miniskirt kilt sarong",
    "dress": "dress gown sundress nightgown",
    "suit": "suit swimsuit bodysuit onesie catsuit wetsuit leotard jumpsuit overall overalls romper casualsuit "
    "sportsuit "
    "worksuit elegantsuit",
    "tee": "tee tshirt tees",
    "shirt": "shirt blouse polo",
    "top": "top tank tanktop camisole singlet crop poncho cape",
    "accessory": "accessory scarf belt tie necktie glasses sunglasses bag backpack strap sash shawl sleeve cuff "
    "bracelet "
    "watch",
}


@dataclass(frozen=True)
class Guess:
    """A value and why it was taken."""

    value: str
    reason: str


def category_from_name(name: str) -> Guess | None:
    """Read the kind of garment out of a file name such as `unisex_shirt`."""
    plain = re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower().replace("t-shirt", "tshirt").replace("t_shirt", "tshirt")
    words = re.findall(r"[a-z]+", plain)
    for category, known in _WORDS.items():
        for word in words:
            if word in known.split():
                return Guess(category, f"the name says {word!r}")
    return None


def guess_units(longest: float, stated: float | None, stated_reason: str, category: str | None) -> tuple[float, str]:
    """Return metres per unit and the reason: the file's word when it gives a plausible size, else the likeliest unit.

    Args:
        longest: Longest side of the bounding box, file units.
        stated: Metres per unit that the file states, or None.
        stated_reason: Where it states them.
        category: The kind of garment, when known.
    """
    least, usual, most = _SIZES.get(category or "", _ANY_SIZE)
    kind = category or "garment"
    if stated is not None and 0.7 * least <= longest * stated <= 1.3 * most:
        return stated, stated_reason
    fits = {unit: scale for unit, scale in METRES_PER_UNIT.items() if least <= longest * scale <= most}
    said = f"{stated_reason}, but that makes the {kind} {longest * stated:.3g} m long; " if stated is not None else ""
    if not fits:
        raise InputError(
            f"{said}in no unit is a {kind} of {longest:.4g} units between {least:g} and {most:g} m long; "
            "scale it to the size of a person in a 3D tool, or name what it is with --category"
        )
    best = min(fits, key=lambda unit: abs(np.log(longest * fits[unit] / usual)) + _RARITY[unit])
    return fits[best], f"{said}{longest:.4g} units long: a {kind} of {longest * fits[best]:.2f} m if they are {best}"


def check_stated_units(longest: float, unit: str, category: str | None) -> tuple[str, ...]:
    """Return a note when stated units give a garment an odd size; raise when they give it one that nobody wears.

    Args:
        longest: Longest side of the bounding box, file units.
        unit: As stated.
        category: The kind of garment, when known.
    """
    least, _, most = _SIZES.get(category or "", _ANY_SIZE)
    size = longest * METRES_PER_UNIT[unit]
    if least <= size <= most:
        return ()
    likely = [name for name, scale in METRES_PER_UNIT.items() if least <= longest * scale <= most]
    cure = f"did you mean --units {' or '.join(likely)}?" if likely else "scale it in a 3D tool"
    said = f"--units {unit} makes the {category or 'garment'} {size:.3g} m long; usual is {least:g} to {most:g} m"
    if not 0.02 <= size <= 10:
        raise InputError(f"{said}; {cure}")
    return (f"{said}; {cure}",)


def other_units(longest: float, chosen: float, category: str | None) -> tuple[tuple[float, float], ...]:
    """Return what else a guessed unit might be: the factor from the chosen one, and how much less likely it is.

    Args:
        longest: Longest side of the bounding box, file units.
        chosen: Metres per unit as guessed.
        category: The kind of garment, when known.
    """
    least, usual, most = _SIZES.get(category or "", _ANY_SIZE)

    def unlikely(unit: str) -> float:
        return float(abs(np.log(longest * METRES_PER_UNIT[unit] / usual))) + _RARITY[unit]

    fits = {unit: scale for unit, scale in METRES_PER_UNIT.items() if least <= longest * scale <= most}
    first = min((unlikely(unit) for unit, scale in fits.items() if scale == chosen), default=0.0)
    return tuple((scale / chosen, max(0.0, unlikely(unit) - first)) for unit, scale in fits.items() if scale != chosen)


_MOST_ASKED = 200_000  # triangles whose borders are followed


def _level_opening(points: Points, faces: NDArray[np.integer]) -> str | None:
    """Return the axis, "y" or "z", that the largest opening faces clearly, or None."""
    if len(faces) > _MOST_ASKED:
        return None
    size = max(float(np.ptp(points, axis=0).max()), 1e-12)
    _, inverse = np.unique(np.round(points / size, 5), axis=0, return_inverse=True)
    welded = inverse.reshape(-1)[faces].astype(np.int32)
    place = np.zeros((int(welded.max()) + 1, 3))
    place[welded.reshape(-1)] = points[faces.reshape(-1)]
    areas = [ring_area(place[loop]) for loop in boundary_loops(welded)]
    if not areas:
        return None
    largest = np.abs(max(areas, key=lambda area: float(np.linalg.norm(area))))
    if largest[0] > max(largest[1], largest[2]) or np.linalg.norm(largest) < 0.01 * size**2:
        return None
    if max(largest[1], largest[2]) < 2 * min(largest[1], largest[2]):
        return None
    return "y" if largest[1] > largest[2] else "z"


_FLAT = ("hat", "shoes")  # what is deeper than tall


def guess_up(
    points: Points,
    faces: NDArray[np.integer],
    stated: str | None,
    stated_reason: str,
    category: str | None = None,
) -> Guess:
    """Return "y" or "z": the file's word, else the way the largest opening faces, else the longer of the two.

    A hem, a waist or a rim lies level. Without one, a garment is taller than deep, and shoes and hats are deeper than
    tall.

    Args:
        points: [V, 3] in file units and axes.
        faces: [F, 3].
        stated: What the file says.
        stated_reason: Where it says so.
        category: What it is, when that is known.
    """
    if stated is not None:
        return Guess(stated, stated_reason)
    _, y, z = np.ptp(points[np.unique(faces)], axis=0)
    level = _level_opening(points, faces)
    if level is not None:
        return Guess(level, f"its largest opening lies level when {level} is up")
    if category in _FLAT and max(y, z) > 1.15 * min(y, z):
        up, across = ("z", "y") if z < y else ("y", "z")
        return Guess(up, f"{category} {min(y, z):.3g} units along {up} and {max(y, z):.3g} along {across} lie flat")
    if z > 1.15 * y:
        return Guess("z", f"it is {z:.3g} units along z and only {y:.3g} along y")
    if y > 1.15 * z:
        return Guess("y", f"it is {y:.3g} units along y and only {z:.3g} along z")
    return Guess("y", f"it is alike along y ({y:.3g} units) and z ({z:.3g}); most tools export y up")


def category_from_shape(points: Points, faces: NDArray[np.int64]) -> Guess:
    """Tell the kind of garment by its size and openings.

    Args:
        points: Welded points [V, 3], metres, z up.
        faces: [F, 3].
    """
    width, depth, height = np.ptp(points[np.unique(faces)], axis=0)
    if max(width, depth, height) < 0.5 and height < 0.3:
        low = points[:, 2] < points[:, 2].min() + 0.5 * height
        middle = np.abs(points[low, 0] - (points[:, 0].min() + points[:, 0].max()) / 2) < 0.1 * width
        if low.any() and middle.mean() < 0.05:
            return Guess("shoes", f"two low pieces side by side, {height:.2f} m high")
        return Guess("hat", f"{width:.2f} × {depth:.2f} × {height:.2f} m is the size of a head")
    openings = _openings(points, faces)
    found = f"{len(openings)} openings, {height:.2f} m high"
    low, high = points[:, 2].min(), points[:, 2].max()
    top = [z for z, _ in openings if z > low + 0.75 * height]
    bottom = [z for z, _ in openings if z < low + 0.25 * height]
    if height > 1.25 and high - low > 1.2 * width / 2:
        return Guess("suit", found) if len(bottom) != 1 else Guess("dress", found)
    if len(openings) == 3 and len(bottom) == 2:
        return Guess("trousers", f"{found}: one above, two below")
    if len(openings) == 2 and len(top) == 1 and len(bottom) == 1:
        return Guess("skirt" if height < 0.8 else "dress", f"{found}: one above, one below")
    if len(bottom) == 1 and height > 0.85:
        return Guess("dress", f"{found}: one wide opening low down")
    return Guess("top", found)


def _openings(points: Points, faces: NDArray[np.int64]) -> list[tuple[float, float]]:
    """Return height and girth of every boundary loop that a limb, neck or waist could pass [m]."""
    found = []
    for loop in boundary_loops(faces):
        ring = points[loop]
        girth = ring_length(ring)
        if girth > 0.15:
            found.append((float(ring[:, 2].mean()), girth))
    return found
