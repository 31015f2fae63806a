"""What is seen on trousers: denim or twill, waistband, fly, pockets, yoke, seams and stitches."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ._cloth_canvas import ClothCanvas, Line, arc, part, point_on, shifted
from ._trousers_panels import FlatPanel, Layout

_BAND = 0.038  # [m] height of the waistband
_BRASS = (0.72, 0.60, 0.38)
_FADED = (0.50, 0.57, 0.66)
# down the crease from the waist, half width, half height [m], strength
_FADED_FRONT = ((0.36, 0.055, 0.15, 0.19), (0.56, 0.05, 0.06, 0.10))
_FADED_BACK = ((0.17, 0.065, 0.06, 0.13),)
_POCKET = ((-0.070, 0.0), (0.070, 0.0), (0.060, -0.115), (0.0, -0.145), (-0.060, -0.115), (-0.070, 0.0))


@dataclass(frozen=True)
class Cloth:
    """How the cloth looks.

    Attributes:
        weave: "denim" (worn, slubby, contrast stitches) or "twill" (even, tonal stitches).
        color: sRGB in [0, 1].
        stitch: sRGB in [0, 1] of the topstitches.
    """

    weave: str
    color: tuple[float, float, float]
    stitch: tuple[float, float, float]


def paint(layout: Layout, cloth: Cloth, pixels: int) -> tuple[bytes, bytes]:
    """Return a base colour JPEG and a normal map PNG for panels laid flat.

    Args:
        layout: The panels.
        cloth: How it looks.
        pixels: Side of the colour picture.
    """
    canvas = ClothCanvas(layout.metres, pixels, cloth.color)
    _weave(canvas, cloth)
    for panel in layout.panels:
        if cloth.weave == "denim":
            _wear(canvas, panel)
        _seams(canvas, panel, cloth)
        _waistband(canvas, panel, cloth)
        if panel.name.startswith("front"):
            _front(canvas, panel, cloth)
        else:
            _back(canvas, panel, cloth)
    colour = cv2.cvtColor(canvas.image(), cv2.COLOR_RGB2BGR)
    normal = cv2.cvtColor(canvas.normal_map(pixels // 2), cv2.COLOR_RGB2BGR)
    done, jpeg = cv2.imencode(".jpg", colour, [cv2.IMWRITE_JPEG_QUALITY, 90])
    also, png = cv2.imencode(".png", normal)
    assert done
    assert also
    return bytes(jpeg.tobytes()), bytes(png.tobytes())


def _weave(canvas: ClothCanvas, cloth: Cloth) -> None:
    """Paint the ground: diagonal ribs at the edge of what the picture resolves, and uneven yarn."""
    rows, columns = np.indices((canvas.pixels, canvas.pixels), dtype=np.float32)
    rib = np.sin((columns + rows) * np.float32(2 * np.pi / 3.3))
    if cloth.weave == "denim":
        yarn = 0.085 * canvas.noise(0.0007, 0.018) + 0.05 * canvas.noise(0.0012, 0.0012)
        canvas.shade(canvas.whole(yarn + 0.045 * canvas.noise(0.05, 0.09) + 0.05 * rib), 1.0)
        canvas.tint(canvas.whole(np.clip(canvas.noise(0.0006, 0.006) - 1.3, 0, 1)), (0.62, 0.68, 0.76), 0.16)
    else:
        yarn = 0.030 * canvas.noise(0.0008, 0.004) + 0.022 * canvas.noise(0.06, 0.10)
        canvas.shade(canvas.whole(yarn + 0.03 * rib), 1.0)
    canvas.raise_by(canvas.whole(rib), 0.00006)


def _wear(canvas: ClothCanvas, panel: FlatPanel) -> None:
    """Paint where denim fades: thighs and knees in front, the seat, and creases that fan out from the hips."""
    front = panel.name.startswith("front")
    for down, wide, tall, strength in _FADED_FRONT if front else _FADED_BACK:
        turn = np.linspace(0, 2 * np.pi, 48)
        oval = point_on(panel.crease, down) + np.column_stack([0.7 * wide * np.cos(turn), 0.7 * tall * np.sin(turn)])
        worn = canvas.glow(canvas.area(oval, room=1.4 * wide), 0.45 * wide)
        canvas.tint(worn.times(1 + 0.18 * canvas.noise(0.004, 0.012, worn)), _FADED, strength)
    if front:
        corner = panel.center[-1]
        for down, bend in ((0.02, 0.028), (0.055, 0.02), (0.095, 0.012)):
            end = point_on(panel.side, 0.20 + 1.2 * down)
            start = corner + np.array([-0.025 * panel.inward, 0.01 - down])
            middle = (start + end) / 2 - np.array([0.0, bend])
            whisker = canvas.glow(canvas.lines([arc(start, middle, start + 0.72 * (end - start))], 0.004), 0.005)
            canvas.tint(whisker, _FADED, 0.12)
            canvas.raise_by(whisker, 0.0006)


def _seams(canvas: ClothCanvas, panel: FlatPanel, cloth: Cloth) -> None:
    """Paint the panel's edges and the hem."""
    canvas.seam([panel.side, panel.center, panel.fork, panel.inseam])
    # walking down an edge, `shifted` moves to the right of the picture: into the panel from an edge on its left
    from_side, from_center = panel.inward, -panel.inward
    hem = 0.028
    lifted = panel.hem + np.array([0.0, hem])
    canvas.seam([lifted], depth=0.35)
    canvas.stitch([lifted - np.array([0.0, 0.002])], cloth.stitch)
    edge = canvas.glow(canvas.lines([panel.hem], 0.003), 0.004)
    canvas.shade(edge, 0.14 if cloth.weave == "denim" else -0.10)
    if panel.name.startswith("back"):  # felled seams show two rows of stitches on the back panel
        rise = np.concatenate([part(panel.center, _BAND + 0.004, 10.0), panel.fork[1:]])
        canvas.stitch([shifted(rise, from_center * 0.004), shifted(rise, from_center * 0.010)], cloth.stitch)
        canvas.stitch([shifted(part(panel.inseam, 0.01, -hem), from_center * 0.004)], cloth.stitch)
    else:
        canvas.stitch([shifted(part(panel.side, _BAND + 0.003, 0.24), from_side * 0.004)], cloth.stitch)


def _waistband(canvas: ClothCanvas, panel: FlatPanel, cloth: Cloth) -> None:
    """Paint the band: its seam, two rows of stitches, belt loops, a button in front."""
    lower = panel.waist - np.array([0.0, _BAND])
    canvas.shade(canvas.area(np.concatenate([panel.waist, lower[::-1]])), -0.05)
    canvas.shade(canvas.glow(canvas.lines([lower - np.array([0.0, 0.002])], 0.004), 0.003), -0.22)
    canvas.seam([lower], depth=0.7)
    canvas.stitch([panel.waist - np.array([0.0, 0.003]), lower + np.array([0.0, 0.003])], cloth.stitch)
    length = float(np.linalg.norm(np.diff(panel.waist, axis=0), axis=1).sum())
    middle = 0.42 if panel.inward > 0 else 0.58
    at_center = 0.985 if panel.inward > 0 else 0.015
    for share in [middle] if panel.name.startswith("front") else [middle, at_center]:
        _belt_loop(canvas, point_on(panel.waist, share * length), cloth)
    if panel.name == "front_left":
        center = panel.waist[0] + np.array([0.012, -_BAND / 2])
        for radius, color in ((0.0088, (0.30, 0.25, 0.16)), (0.008, _BRASS), (0.0045, (0.60, 0.49, 0.30))):
            canvas.tint(canvas.area(_disc(center, radius)), color)
        canvas.raise_by(canvas.area(_disc(center, 0.008)), 0.002)


def _belt_loop(canvas: ClothCanvas, top: NDArray[np.float64], cloth: Cloth) -> None:
    half, tall = 0.0055, _BAND + 0.010
    corners = top + np.array([(-half, 0.001), (half, 0.001), (half, -tall), (-half, -tall), (-half, 0.001)])
    inside = canvas.area(corners)
    canvas.shade(canvas.glow(canvas.lines([corners], 0.003), 0.0025).times(1 - inside.share), -0.35)
    canvas.shade(inside, 0.10)
    canvas.raise_by(inside, 0.0018)
    rows = [corners[[0, 3]] + np.array([0.002, 0.0]), corners[[1, 2]] - np.array([0.002, 0.0])]
    canvas.stitch(rows, cloth.stitch, width=0.001)
    for down in (0.004, tall - 0.003):
        canvas.tint(canvas.lines([top + np.array([(-half, -down), (half, -down)])], 0.0016), cloth.stitch, 0.8)


def _disc(center: NDArray[np.float64], radius: float) -> Line:
    turn = np.linspace(0, 2 * np.pi, 40)
    return np.asarray(center + radius * np.column_stack([np.cos(turn), np.sin(turn)]), np.float64)


def _front(canvas: ClothCanvas, panel: FlatPanel, cloth: Cloth) -> None:
    """Paint the fly (on the wearer's left) and the scooped pocket with its facing."""
    inward = panel.inward
    if panel.name == "front_left":
        top, bottom = point_on(panel.center, _BAND), point_on(panel.center, -0.004)
        width = 0.034
        straight = np.array([top + np.array([width, 0.0]), bottom + np.array([width, 0.055])])
        curve = arc(straight[-1], bottom + np.array([width, 0.018]), bottom + np.array([0.002, 0.0]))
        fly = np.concatenate([straight, curve[1:]])
        canvas.stitch([fly, fly - np.array([0.006, 0.0])], cloth.stitch)
        ridge = canvas.glow(canvas.lines([fly], 0.006), 0.004)
        canvas.shade(ridge, 0.05)
        canvas.raise_by(ridge, 0.0006)
    start = (panel.waist[0] if inward > 0 else panel.waist[-1]) + np.array([0.088 * inward, -_BAND])
    end = point_on(panel.side, _BAND + 0.105)
    scoop = arc(start, np.array([start[0] - 0.012 * inward, end[1] + 0.012]), end)
    canvas.shade(canvas.area(np.concatenate([scoop, point_on(panel.side, _BAND)[None]])), -0.16)
    canvas.shade(canvas.glow(canvas.lines([shifted(scoop, -0.0012 * inward)], 0.0015), 0.0015), -0.45)
    canvas.seam([scoop], depth=0.8)
    canvas.stitch([shifted(scoop, 0.003 * inward), shifted(scoop, 0.009 * inward)], cloth.stitch)
    if cloth.weave == "denim":
        for place in (scoop[1], scoop[-2]):
            canvas.tint(canvas.area(_disc(place + np.array([0.004 * inward, -0.003]), 0.0032)), _BRASS)


def _back(canvas: ClothCanvas, panel: FlatPanel, cloth: Cloth) -> None:
    """Paint the yoke and a patch pocket (denim) or a welt pocket (twill)."""
    inward = panel.inward
    high, low = point_on(panel.side, _BAND + 0.030), point_on(panel.center, _BAND + 0.068)
    middle = (high + low) / 2 + np.array([0.004 * inward, -0.022])
    if cloth.weave == "twill":
        welt = middle + np.array([(-0.062, 0.006), (0.062, 0.006), (0.062, -0.006), (-0.062, -0.006), (-0.062, 0.006)])
        canvas.shade(canvas.glow(canvas.lines([welt], 0.002), 0.002), -0.30)
        canvas.seam([welt, welt[[0, 1]] - np.array([0.0, 0.006])], depth=0.9)
        return
    yoke = np.linspace(high, low, 24)
    canvas.seam([yoke])
    canvas.stitch([yoke - np.array([0.0, 0.003]), yoke - np.array([0.0, 0.009])], cloth.stitch)
    tilt = 0.06 * inward
    turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    pocket = middle + np.array(_POCKET) @ turn
    inside = canvas.area(pocket)
    canvas.shade(canvas.glow(canvas.lines([pocket], 0.003), 0.0035).times(1 - 0.8 * inside.share), -0.28)
    canvas.shade(inside, 0.035)
    canvas.raise_by(inside, 0.0008)
    center = middle + np.array([(0.0, -0.062)]) @ turn
    canvas.stitch([center + (pocket - center) * factor for factor in (0.955, 0.885)], cloth.stitch)
    canvas.stitch([np.linspace(pocket[0], pocket[1], 12) - np.array([0.0, 0.016])], cloth.stitch)
