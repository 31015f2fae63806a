"""Painting the UV sheet of a garment: cloth, seams, hems and whatever is worked on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.schemas.errors import InputError

from .grain import grain_field, grain_of
from .jpeg import encoded
from .look import ClothLook, Stripe
from .marks import paint_marks
from .seams import paint_hems, paint_seams
from .sheet import MARGIN, Floats, Index, Sheet
from .tone import over_panel, slow_noise
from .wash import wear

TEXEL = 0.00068  # [m] the finest that a picture of the whole garment needs; prints have their own
BUDGET = 215_000  # bytes of a base colour picture: it lies in every size's file
_FADE_OUT = 0.016  # [m] over which the grain ends beyond the margin


@dataclass(frozen=True)
class SheetPictures:
    """Pictures over UV0 of a garment.

    Attributes:
        base_color: sRGB JPEG.
        figures: "pixels", "texel_mm", "bytes" and "quality" of it.
    """

    base_color: bytes
    figures: Mapping[str, float]


def sheet_pixels(mesh: FlatMesh) -> int:
    """Return the side of the picture that a sheet needs [px], a power of two: 1024 or 2048."""
    needed = mesh.sheet / TEXEL
    return 1024 if needed <= 1024 else 2048


def paint_sheet(mesh: FlatMesh, looks: Mapping[str, ClothLook], *, pixels: int | None = None) -> SheetPictures:
    """Paint the UV sheet of a garment.

    Args:
        mesh: Panels and where they lie on the sheet.
        looks: A look for each slot of the pattern.
        pixels: Side of the picture [px], a multiple of 4; None chooses by the sheet's size.
    """
    sheet = painted(mesh, looks, pixels)
    jpeg, quality = encoded(sheet.image(), BUDGET)
    figures = {
        "pixels": float(sheet.pixels),
        "texel_mm": 1000 * sheet.texel,
        "bytes": float(len(jpeg)),
        "quality": float(quality),
    }
    return SheetPictures(jpeg, figures)


def painted(mesh: FlatMesh, looks: Mapping[str, ClothLook], pixels: int | None = None) -> Sheet:
    """Return the painted sheet before it is encoded; arguments as for `paint_sheet`."""
    missing = sorted({panel.slot for panel in mesh.pattern.panels} - set(looks))
    if missing:
        raise InputError(
            f"paint: the pattern {mesh.pattern.name!r} has no look for {', '.join(missing)}; give one each"
        )
    sheet = Sheet(mesh, sheet_pixels(mesh) if pixels is None else pixels)
    _ground(sheet, looks)
    sheet.ground = sheet.color.copy()
    paint_seams(sheet, looks)
    paint_hems(sheet, looks)
    paint_marks(sheet, looks)
    return sheet


def _ground(sheet: Sheet, looks: Mapping[str, ClothLook]) -> None:
    """Lay the cloth: its colour, stripes, grain and slow changes of tone."""
    pattern = sheet.mesh.pattern
    slow = slow_noise(sheet.mesh)
    fields: dict[tuple[str, float], Floats] = {}
    for number, panel in enumerate(pattern.panels):
        look = looks[panel.slot]
        everywhere = np.flatnonzero(sheet.owner.reshape(-1) == number)
        sheet.color.reshape(-1, 3)[everywhere] = look.color
        index = sheet.texels(number)
        places = sheet.places(index) - sheet.offsets[number]
        ending = np.clip((np.float32(MARGIN) - sheet.beyond.reshape(-1)[index]) / np.float32(_FADE_OUT), 0, 1)
        for stripe in look.stripes:
            _stripe(sheet, index, places + np.array([0.0, panel.placement.height]), stripe, ending)
        key = (look.fabric, look.melange)
        grain = grain_of(look.fabric)
        if key not in fields:
            fields[key] = grain_field(grain, look.melange, sheet.pixels, sheet.texel)
        uneven = fields[key].reshape(-1)[index] + grain.tone * over_panel(sheet, number, index, slow)
        sheet.shade(index, np.asarray(uneven * ending, np.float32))
        wear(sheet, number, look)


def _stripe(
    sheet: Sheet,
    index: Index,
    places: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    stripe: Stripe,
    ending: Floats,
) -> None:
    way = places[:, 1] if stripe.direction == "across" else places[:, 0]
    from_middle = np.abs((way - stripe.offset + 0.5 * stripe.period) % stripe.period - 0.5 * stripe.period)
    share = np.clip((0.5 * stripe.width - from_middle) / sheet.texel + 0.5, 0, 1) * stripe.strength * ending
    sheet.tint(index, stripe.color, share.astype(np.float32))
