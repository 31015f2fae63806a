"""The four panels of trousers laid flat, in metres, upright, without overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._trousers_shape import Grid, Panel, quads

_MARGIN = 0.02  # [m] between panels
_ORDER = ("front_right", "front_left", "back_left", "back_right")


@dataclass(frozen=True)
class FlatPanel:
    """A panel on the table: polylines of its edges [n, 2] [m], all from top to bottom or from left to right.

    Attributes:
        name: front_left, back_left, front_right or back_right.
        side: Side seam, waist to hem.
        center: Centre seam (CF or CB) from the waist to where the legs part.
        fork: Crotch seam from the centre seam to the inseam.
        inseam: From the crotch seam to the hem.
        waist: Upper edge.
        hem: Lower edge.
        crease: The column that hangs straight, waist to hem.
        inward: +1 when the centre lies to the right of the side seam, else -1.
    """

    name: str
    side: NDArray[np.float64]
    center: NDArray[np.float64]
    fork: NDArray[np.float64]
    inseam: NDArray[np.float64]
    waist: NDArray[np.float64]
    hem: NDArray[np.float64]
    crease: NDArray[np.float64]
    inward: float


@dataclass(frozen=True)
class Layout:
    """All panels in one square.

    Attributes:
        uv: float32 [N, 2] in [0, 1], origin bottom-left.
        uv_faces: int32 [F, 3] into `uv`, for the grid's faces.
        metres: Length of the square's side [m].
        panels: Their edges.
    """

    uv: NDArray[np.float32]
    uv_faces: NDArray[np.int32]
    metres: float
    panels: tuple[FlatPanel, ...]


def lay_out(grid: Grid) -> Layout:
    """Flatten the panels and place them side by side."""
    flat = {panel.name: _flatten(grid.points, panel) for panel in grid.panels}
    left = _MARGIN
    placed: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
    for name in _ORDER:
        hip, leg = flat[name]
        low = min(float(hip[..., 0].min()), float(leg[..., 0].min()))
        high = max(float(hip[..., 0].max()), float(leg[..., 0].max()))
        shift = np.array([left - low, _MARGIN])
        placed[name] = (hip + shift, leg + shift)
        left += high - low + _MARGIN
    metres = max(left, max(float(hip[..., 1].max()) for hip, _ in placed.values()) + _MARGIN)
    uvs, faces, panels, count = [], [], [], 0
    for panel in grid.panels:
        hip, leg = placed[panel.name]
        hip_ids = count + np.arange(panel.hip.size).reshape(panel.hip.shape)
        leg_ids = count + panel.hip.size + np.arange(panel.leg.size).reshape(panel.leg.shape)
        shared = np.isin(panel.leg[0], panel.hip[-1])
        leg_ids[0, shared] = hip_ids[-1]
        uvs += [hip.reshape(-1, 2), leg.reshape(-1, 2)]
        faces += [quads(hip_ids.astype(np.int32)), quads(leg_ids.astype(np.int32))]
        count += panel.hip.size + panel.leg.size
        panels.append(_edges(panel, hip, leg))
    corners = np.concatenate(faces)
    used, compact = np.unique(corners, return_inverse=True)
    uv = (np.concatenate(uvs)[used] / metres).astype(np.float32)
    return Layout(uv, compact.reshape(corners.shape).astype(np.int32), metres, tuple(panels))


def _flatten(points: NDArray[np.float64], panel: Panel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return flat places [rows, columns, 2] [m] of hip and leg: rows keep their lengths, the crease hangs straight."""
    crease = _crease(panel)
    hip, leg = points[panel.hip], points[panel.leg]
    offset = panel.leg.shape[1] - panel.hip.shape[1]
    in_leg = crease + (offset if _center_first(panel) else 0)
    spine = np.concatenate([hip[:, crease], leg[1:, in_leg]])
    fallen = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(spine, axis=0), axis=1))])
    v = fallen[-1] - fallen
    split = len(hip) - 1
    return _rows(hip, crease, v[: split + 1]), _rows(leg, in_leg, v[split:])


def _rows(block: NDArray[np.float64], crease: int, v: NDArray[np.float64]) -> NDArray[np.float64]:
    steps = np.diff(block, axis=1)
    across = np.sqrt(np.maximum((steps**2).sum(axis=2) - steps[..., 2] ** 2, 1e-10))
    u = np.concatenate([np.zeros((len(block), 1)), np.cumsum(across, axis=1)], axis=1)
    u -= u[:, crease : crease + 1]
    rise = block[..., 2] - block[:, crease : crease + 1, 2]
    return np.stack([u, v[:, None] + rise], axis=2)


def _center_first(panel: Panel) -> bool:
    """Say whether the centre seam is the first column of the hip part."""
    return panel.name in ("front_left", "back_right")


def _crease(panel: Panel) -> int:
    """Return the hip column of the crease: halfway between side and centre seam."""
    return int(panel.hip.shape[1]) // 2


def _edges(panel: Panel, hip: NDArray[np.float64], leg: NDArray[np.float64]) -> FlatPanel:
    first = _center_first(panel)
    center, side = (0, -1) if first else (-1, 0)
    extra = leg.shape[1] - hip.shape[1]
    fork = leg[0, extra::-1] if first else leg[0, -extra - 1 :]
    crease = _crease(panel)
    return FlatPanel(
        name=panel.name,
        side=np.concatenate([hip[:, side], leg[1:, side]]),
        center=hip[:, center],
        fork=fork,
        inseam=leg[:, center],
        waist=hip[0],
        hem=leg[-1],
        crease=np.concatenate([hip[:, crease], leg[1:, crease + (extra if first else 0)]]),
        inward=-1.0 if first else 1.0,
    )
