"""What a tailor would call each chart: front, back, left sleeve, right leg …, told from where it lies and faces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh

Floats = NDArray[np.float64]

_WRAPS = 0.45  # mean normal shorter than this: the chart goes around something
_ASIDE = 0.15  # of the garment's half width: a chart whose middle is farther out is a left or a right one
_BODY, _HIGH = 0.15, 0.75  # part of all cloth that the body has at least; height above which small charts are collars
_NEAR = 0.06  # of the garment's width: charts whose middles differ by less lie over each other


def chart_names(mesh: GarmentMesh, charts: NDArray[np.int32], category: str, small: NDArray[np.bool_]) -> list[str]:
    """Return a name for each chart, all different.

    Args:
        mesh: The garment [m], z up, facing -y; the wearer's left is at +x.
        charts: int32 [F], numbered from 0.
        category: Of the garment.
        small: bool [F] faces of small parts such as buttons.
    """
    corners = mesh.points[mesh.faces].astype(np.float64)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2
    area = np.linalg.norm(normal, axis=1)
    count = int(charts.max(initial=-1)) + 1
    total = np.maximum(np.bincount(charts, area, count), 1e-30)
    facing = np.stack([np.bincount(charts, normal[:, k], count) for k in range(3)], axis=1) / total[:, None]
    center = (
        np.stack([np.bincount(charts, area * corners[:, :, k].mean(1), count) for k in range(3)], 1) / total[:, None]
    )
    low, high = mesh.points.min(axis=0).astype(np.float64), mesh.points.max(axis=0).astype(np.float64)
    place = (center - (low + high) / 2) / np.maximum((high - low) / 2, 1e-9)
    tiny = np.bincount(charts, small, count) > 0.5 * np.bincount(charts, minlength=count)
    names = []
    for k in range(count):
        part = "small part" if tiny[k] else _part(facing[k], place[k], category, float(total[k] / total.sum()))
        aside = "left " if place[k, 0] > _ASIDE else "right " if place[k, 0] < -_ASIDE else ""
        names.append(part if part == "small part" else aside + part)
    names = _split_middle(names, center[:, 0], float((low[0] + high[0]) / 2), float(high[0] - low[0]))
    return _numbered(names, -total)


def _part(facing: Floats, place: Floats, category: str, share: float) -> str:
    if category == "shoes":
        return "sole" if facing[2] < -0.5 else "upper" if facing[2] > 0.5 else _side(facing)
    if category == "hat":
        return "crown" if facing[2] > 0.5 else "brim" if abs(facing[2]) > 0.3 and place[2] < 0 else _side(facing)
    if np.linalg.norm(facing) < _WRAPS:
        if abs(place[0]) > _ASIDE and category not in {"trousers", "shorts", "skirt"} and place[2] > -0.1:
            return "sleeve"
        if category in {"trousers", "shorts", "suit"} and place[2] < 0 and share > _BODY / 2:
            return "leg"
        return "body" if share > _BODY else "collar" if place[2] > _HIGH else "band"
    return "collar" if share < _BODY / 3 and place[2] > _HIGH and abs(place[0]) < _ASIDE else _side(facing)


def _side(facing: Floats) -> str:
    axis = int(np.argmax(np.abs(facing)))
    if axis == 1:
        return "front" if facing[1] < 0 else "back"
    if axis == 2:
        return "top" if facing[2] > 0 else "underside"
    return "side"


def _split_middle(names: list[str], x: Floats, middle: float, width: float) -> list[str]:
    """Tell two charts of one name apart by left and right where they lie beside each other."""
    out = list(names)
    for name in set(names):
        same = [k for k, other in enumerate(names) if other == name]
        if len(same) == 2 and not name.startswith(("left", "right", "small")):
            first, second = sorted(same, key=lambda k: float(x[k]))
            if x[first] < middle - _NEAR * width and x[second] > middle + _NEAR * width:
                out[first], out[second] = f"right {name}", f"left {name}"
    return out


def _numbered(names: list[str], rank: Floats) -> list[str]:
    out = list(names)
    for name in set(names):
        same = sorted((k for k, other in enumerate(names) if other == name), key=lambda k: float(rank[k]))
        for number, k in enumerate(same, start=1):
            if len(same) > 1:
                out[k] = f"{name} {number}"
    return out
