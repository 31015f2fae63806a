"""Where the panels of a garment start: rolled around the body, sewn points brought together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.authoring.patterns.pattern import Limb, Panel
from dressform.runtime.body.protocol import RestBody
from dressform.schemas.errors import InputError

from .supports import STATION, Tube, Tubes

Floats = NDArray[np.float64]

FARTHEST_SEAM = 0.5  # two sewn edges further apart have been put in the wrong place [m]
LAYER_GAP = 0.006  # how much further out each further layer starts [m]
EVEN_WIDTHS = 4.0  # standard deviation over which the widths of a garment are evened [rings]
STANDING = 0.4  # share of a fan's width beyond the body by which it still stands off, where it starts in folds
CROTCH_BLEND = 0.10  # over this height above the crotch a trouser leg opens into its half of the trunk [m]


def arrange(mesh: FlatMesh, rest: RestBody) -> Floats:
    """Return the start of each point of the worn garment [P, 3] [m]: around the body, not yet free of strain."""
    tubes = Tubes(rest)
    placed = np.zeros((len(mesh.flat), 3))
    for index, panel in enumerate(mesh.pattern.panels):
        chosen = np.flatnonzero(mesh.panel_ids == index)
        placed[chosen] = _panel_points(mesh, tubes, panel, mesh.flat[chosen])
    _check_near(mesh, placed)
    return weld(mesh, placed)


def _check_near(mesh: FlatMesh, placed: Floats) -> None:
    """Refuse a panel that starts far from what it is sewn to: its placement is a mistake."""
    gaps = np.linalg.norm(placed - weld(mesh, placed)[mesh.points], axis=1)
    for (name, edge), flat in mesh.edges.items():
        if not mesh.pattern.panel(name).formed and (gap := 2 * float(gaps[flat].mean())) > FARTHEST_SEAM:
            raise InputError(
                f"panel {name}: its edge {edge} starts {gap:.2f} m from what it is sewn to, needed at most "
                f"{FARTHEST_SEAM}; correct the height, angle or limb of the panel's placement"
            )


def weld(mesh: FlatMesh, flat_values: Floats) -> Floats:
    """Return for each point the mean [P, K] of what its flat points hold [N, K]."""
    total = np.zeros((mesh.point_count, flat_values.shape[1]))
    np.add.at(total, mesh.points, flat_values)
    return total / np.bincount(mesh.points, minlength=mesh.point_count)[:, None]


def _panel_points(mesh: FlatMesh, tubes: Tubes, panel: Panel, flat: Floats) -> Floats:
    place = panel.placement
    flat = _unfanned(panel, flat)
    stations = flat[:, 1] + (-place.height if place.limb.endswith("_arm") else place.height)
    clearance = place.clearance + panel.layer * LAYER_GAP
    around = tubes[place.limb]
    if place.folds:
        return _folded(mesh, around, panel, stations, flat[:, 0])
    points = around.at(stations, flat[:, 0], place.angle, _offsets(mesh, around, place.limb, clearance))
    if not place.limb.endswith("_leg"):
        return points
    crotch = tubes.rest.measures().inseam
    weight = np.clip((stations - crotch) / CROTCH_BLEND, 0, 1)
    weight = (weight * weight * (3 - 2 * weight))[:, None]
    trunk = tubes["torso"]
    angle = _trunk_angle(place.angle, place.limb)
    upper = trunk.at(stations, flat[:, 0], angle, np.full(len(trunk.stations), clearance))
    return (1 - weight) * points + weight * upper


def _folded(mesh: FlatMesh, around: Tube, panel: Panel, stations: Floats, along: Floats) -> Floats:
    """Return points [N, 3] around a limb whose width beyond the body is laid in even waves."""
    place = panel.placement
    rings = [other for other in mesh.pattern.panels if other.placement.limb == place.limb and other.placement.fan > 0]
    span = sum(
        np.ptp(np.arctan2(own[:, 0], ring.placement.fan - own[:, 1])) for ring in rings for own in [ring.outline]
    )
    wide = span * (place.fan + place.height - around.stations)
    wide = np.maximum(wide, STATION)  # above the ring's middle there is no cloth
    middle = place.clearance + STANDING * np.maximum(wide - around.girths(place.clearance), 0) / (2 * np.pi)
    girths = around.girths(0.0) + 2 * np.pi * middle
    points = around.at(stations, along * np.interp(stations, around.stations, girths / wide), place.angle, middle)
    # a wave of this height around a circle is longer than the circle by what was taken away
    heights = girths / (np.pi * place.folds) * np.sqrt(np.maximum(wide / girths - 1, 0))
    turns = place.angle + 2 * np.pi * along / np.interp(stations, around.stations, wide)
    centers = np.stack([np.interp(stations, around.stations, axis) for axis in around.centers.T], axis=1)
    outward = points - centers
    outward[:, 2] = 0.0
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-9)
    wave = np.interp(stations, around.stations, heights) * np.cos(place.folds * turns)
    return np.asarray(points + wave[:, None] * outward)


def _unfanned(panel: Panel, flat: Floats) -> Floats:
    """Return where points [..., 2] of a panel lie once the circles of its fan run level; areas stay."""
    fan = panel.placement.fan
    if fan <= 0:
        return flat
    reach = np.hypot(flat[..., 0], fan - flat[..., 1])
    return np.stack([reach * np.arctan2(flat[..., 0], fan - flat[..., 1]), fan - reach], axis=-1)


def _trunk_angle(angle: float, limb: Limb) -> float:
    """Return the angle around the trunk of an angle around a leg: the inside of the leg is the middle of the body."""
    outside = np.pi / 2 if limb == "left_leg" else -np.pi / 2
    off = (angle - outside + np.pi) % (2 * np.pi) - np.pi
    return float(outside + off / 2)


def _offsets(mesh: FlatMesh, around: Tube, limb: Limb, clearance: float) -> Floats:
    """Return how far off the body each ring lies [K], so that the widest layer on this limb fits around it [m]."""
    girths = around.girths(clearance)
    widths = np.zeros(len(around.stations))
    for index, panel in enumerate(mesh.pattern.panels):
        if panel.placement.limb == limb and panel.layer == 0 and not panel.formed:
            faces = mesh.flat_faces[mesh.face_panels == index]
            corners = _unfanned(panel, mesh.flat[faces])
            one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
            areas = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]) / 2
            height = panel.placement.height
            levels = corners[..., 1].mean(axis=1) + (-height if limb.endswith("_arm") else height)
            rows = np.round((levels - around.stations[0]) / STATION).astype(int)
            inside = (rows >= 0) & (rows < len(widths))
            np.add.at(widths, rows[inside], areas[inside] / STATION)
    covered = np.flatnonzero(widths)
    if len(covered) > 1:  # below its hem the garment counts on, so that evening does not draw the hem in
        widths[: covered[1]] = widths[covered[1]]
    smooth = gaussian_filter1d(widths, EVEN_WIDTHS, mode="nearest")
    return clearance + np.maximum(smooth - girths, 0) / (2 * np.pi)
