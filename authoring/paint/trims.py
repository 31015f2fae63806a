"""Fastenings painted on cloth: buttons, buttonholes, rivets, zips."""

from __future__ import annotations

import numpy as np

from dressform.authoring.patterns.pattern import Mark

from .lines import Line, disc, turned
from .look import Rgb
from .options import Brush, color, number
from .ribbon import ribbon
from .sheet import Floats, Index

_LIGHT = np.array([-0.45, 0.80])  # the side that painted roundness is lit from


def paint_button(brush: Brush, mark: Mark, points: Line) -> None:
    """Paint a button with its holes and thread, or only the shadow of one that is geometry."""
    radius = number(brush, mark, "radius", 0.0055)
    painted, holes = number(brush, mark, "painted", 1) > 0, round(number(brush, mark, "holes", 4))
    metal = mark.options.get("name") == "jeans"
    shade = color(brush, mark, brush.look.metal if metal else (0.88, 0.86, 0.82))
    for center in points:
        _contact_shadow(brush, center, radius)
        if painted and metal:
            _dome(brush, center, radius, shade, rim=0.30)
            _dome(brush, center, 0.55 * radius, _times(shade, 0.86), rim=0.35)
        elif painted:
            _dome(brush, center, radius, shade, rim=0.22)
            for k in range(holes):
                place = center + 0.30 * radius * np.array(
                    [np.cos(2 * np.pi * (k + 0.5) / holes), np.sin(2 * np.pi * (k + 0.5) / holes)]
                )
                _tint_disc(brush, place, 0.13 * radius, (0.12, 0.11, 0.10), 0.8)
            if holes >= 2:
                _tint_disc(brush, center, 0.20 * radius, brush.look.stitch_color, 0.7)


def paint_rivet(brush: Brush, mark: Mark, points: Line) -> None:
    """Paint rivets: domed metal that presses into the cloth."""
    radius, metal = number(brush, mark, "radius", 0.0035), color(brush, mark, brush.look.metal)
    for center in points:
        _contact_shadow(brush, center, radius)
        _dome(brush, center, radius, metal, rim=0.35)
        _tint_disc(brush, center, 0.36 * radius, _times(metal, 0.72), 0.8)


def paint_buttonhole(brush: Brush, mark: Mark, points: Line) -> None:
    """Paint buttonholes: a slit between two beads of close stitches, with bars at its ends."""
    length, angle = number(brush, mark, "width", 0.016), number(brush, mark, "angle", 0.0)
    sheet, look = brush.sheet, brush.look
    for center in points:
        line = center + turned(np.array([[-0.5 * length, 0.0], [0.5 * length, 0.0]]), angle)
        way = (line[1] - line[0]) / max(length, 1e-9)
        near = ribbon(sheet, np.stack([line[0] - 0.003 * way, line[1] + 0.003 * way]), brush.panel, 0.006)
        past = np.maximum(np.abs(near.along - np.float32(0.5 * near.length)) - np.float32(0.5 * length), 0)
        side = np.abs(near.beside)
        around = np.maximum(np.hypot(past, np.maximum(side - np.float32(0.0014), 0)), 0)
        sheet.shade(near.index, np.asarray(-0.22 * np.exp(-((around / np.float32(0.0010)) ** 2)), np.float32))
        bead = np.clip((0.0015 - side) / sheet.texel + 0.5, 0, 1) * np.clip((0.0009 - past) / sheet.texel + 0.5, 0, 1)
        threads = 0.90 + 0.10 * np.sin(2 * np.pi * near.along / np.float32(0.0014))
        round_light = 1.05 - 0.25 * np.minimum(((side - np.float32(0.0009)) / np.float32(0.0009)) ** 2, 1)
        shades = np.clip(np.asarray(look.stitch_color, np.float32) * (threads * round_light)[:, None], 0, 1)
        sheet.tint(near.index, np.asarray(shades, np.float32), np.asarray(0.92 * bead, np.float32))
        slit = np.exp(-((near.beside / np.float32(0.00045)) ** 2)) * (past <= 0)
        dark = _times(look.color, 0.40)
        sheet.tint(near.index, dark, np.asarray(0.85 * slit, np.float32))


def bar_tack(brush: Brush, line: Line) -> None:
    """Paint a bar of close stitches along a line."""
    sheet, look = brush.sheet, brush.look
    near = ribbon(sheet, line, brush.panel, 0.005)
    side = np.abs(near.beside)
    half = np.float32(max(0.0009, 1.2 * look.thread))
    past = np.maximum(side - half, 0)
    sheet.shade(near.index, np.asarray(-0.22 * np.exp(-((past / np.float32(0.0010)) ** 2)), np.float32))
    share = np.clip((half - side) / sheet.texel + 0.5, 0, 1)
    light = 1.03 - 0.16 * (side / half) ** 2 + 0.08 * np.sin(2 * np.pi * near.along / np.float32(0.0016))
    shades = np.clip(np.asarray(look.stitch_color, np.float32) * light[:, None], 0, 1)
    sheet.tint(near.index, np.asarray(shades, np.float32), np.asarray(0.92 * share, np.float32))


def paint_zip(brush: Brush, mark: Mark, line: Line) -> None:
    """Paint a zip: teeth that mesh along a line, between two strips of tape."""
    width, tape = number(brush, mark, "width", 0.006), number(brush, mark, "tape", 0.024)
    metal, sheet = color(brush, mark, brush.look.metal), brush.sheet
    near = ribbon(sheet, line, brush.panel, 0.5 * max(width, tape) + 0.004)
    side = np.abs(near.beside)
    woven = np.clip((0.5 * tape - side) / sheet.texel + 0.5, 0, 1)
    ribs = 1 + 0.10 * np.sin(2 * np.pi * side / np.float32(0.0022))
    cloth = np.clip(np.asarray(_times(brush.look.color, 0.80), np.float32) * ribs[:, None], 0, 1)
    sheet.tint(near.index, np.asarray(cloth, np.float32), woven.astype(np.float32))
    edge = np.exp(-(((side - np.float32(0.5 * tape)) / np.float32(0.0008)) ** 2))
    sheet.shade(near.index, np.asarray(-0.25 * edge, np.float32))
    under = np.exp(-((np.maximum(side - np.float32(0.5 * width), 0) / np.float32(0.0010)) ** 2))
    sheet.shade(near.index, np.asarray(-0.30 * under, np.float32))
    pitch = np.float32(0.0026)
    shift = np.where(near.beside > 0, np.float32(0.0), 0.5 * pitch)  # the teeth of one side stand between the other's
    place = np.abs((near.along + shift) % pitch - 0.5 * pitch)
    tooth = np.clip((0.30 * pitch - place) / sheet.texel + 0.5, 0, 1)
    tooth *= np.clip((0.5 * width - side) / sheet.texel + 0.5, 0, 1)
    bright = 1.15 - 0.45 * side / np.float32(0.5 * width)
    shades = np.clip(np.asarray(metal, np.float32) * bright[:, None], 0, 1)
    sheet.tint(near.index, np.asarray(shades, np.float32), np.asarray(0.95 * tooth, np.float32))


def _contact_shadow(brush: Brush, center: Line, radius: float) -> None:
    """Darken the cloth around a round thing that lies on it."""
    index, distance, _ = _around(brush, center - 0.12 * radius * _LIGHT, 1.9 * radius)
    soft = np.exp(-((np.maximum(distance - 0.85 * radius, 0) / np.float32(0.30 * radius)) ** 2))
    brush.sheet.shade(index, np.asarray(-0.38 * soft, np.float32))


def _dome(brush: Brush, center: Line, radius: float, shade: Rgb, rim: float) -> None:
    """Paint a round thing with a raised rim, lit from above."""
    index, distance, lit = _around(brush, center, radius + 2 * brush.sheet.texel)
    share = np.clip((radius - distance) / brush.sheet.texel + 0.5, 0, 1)
    inner = distance / np.float32(radius)
    bevel = np.clip((inner - (1 - rim)) / rim, 0, 1)
    light = 1.0 + 0.28 * bevel * lit - 0.12 * bevel - 0.10 * np.exp(-(((inner - (1 - rim)) / 0.10) ** 2)) * lit
    shades = np.clip(np.asarray(shade, np.float32) * light[:, None], 0, 1)
    brush.sheet.tint(index, np.asarray(shades, np.float32), share.astype(np.float32))


def _tint_disc(brush: Brush, center: Line, radius: float, shade: Rgb, strength: float) -> None:
    index, distance, _ = _around(brush, center, radius + 2 * brush.sheet.texel)
    share = strength * np.clip((radius - distance) / brush.sheet.texel + 0.5, 0, 1)
    brush.sheet.tint(index, shade, share.astype(np.float32))


def _around(brush: Brush, center: Line, reach: float) -> tuple[Index, Floats, Floats]:
    """Return the panel's texels near a point, their distance from it [m], and how far they lie towards the light."""
    index, _ = brush.sheet.area(disc(center, reach), brush.panel)
    way = brush.sheet.places(index) - center
    distance = np.hypot(way[:, 0], way[:, 1])
    lit = way @ _LIGHT / np.maximum(distance, 1e-6)
    return index, distance.astype(np.float32), lit.astype(np.float32)


def _times(shade: Rgb, factor: float) -> Rgb:
    red, green, blue = shade
    return (min(red * factor, 1.0), min(green * factor, 1.0), min(blue * factor, 1.0))
