"""Small patterns for tests: a skirt, a square with a dart, an apron turned all around."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.authoring.patterns.pattern import Edge, EdgeRef, Panel, Pattern, Placement, Seam

TORSO = Placement("torso", 0.0, 1.0)
Corner = tuple[float, float]


def line(*points):
    return np.array(points, np.float64)


def refs(*names):
    return tuple(EdgeRef(*name.split(".")) for name in names)


def polygon(name: str, corners: list[Corner], names: list[str], turns: dict[str, float] | None = None, **more) -> Panel:
    """A panel with straight edges; `turns` by edge name."""
    ends = [*corners[1:], corners[0]]
    edges = tuple(
        Edge(edge, line(a, b), turn=(turns or {}).get(edge, 0.0))
        for edge, a, b in zip(names, corners, ends, strict=True)
    )
    return Panel(name, edges, more.pop("placement", TORSO), **more)


def rectangle(name: str, width: float, height: float, **more) -> Panel:
    corners = [(-width / 2, 0.0), (width / 2, 0.0), (width / 2, height), (-width / 2, height)]
    return polygon(name, corners, ["hem", "right", "top", "left"], **more)


def pattern(panels: list[Panel], seams: list[Seam] | tuple[()] = (), size: str = "M", **more) -> Pattern:
    return Pattern("sample", "other", size, {"chest": 0.98}, {"length": 0.3}, tuple(panels), tuple(seams), **more)


def skirt(width: float = 0.44, height: float = 0.3, size: str = "M", band: float = 0.02) -> Pattern:
    """Two halves with hems of 3 cm, and a narrow band around the waist."""
    panels = [
        rectangle("front", width, height, turns={"hem": 0.03}),
        rectangle("back", width, height, turns={"hem": 0.03}, placement=replace(TORSO, angle=np.pi)),
        rectangle("band", 2 * width, band, slot="rib"),
    ]
    seams = [
        Seam(refs("front.right"), refs("back.left")),
        Seam(refs("back.right"), refs("front.left")),
        Seam(refs("band.right"), refs("band.left")),
        Seam(refs("band.hem"), refs("back.top", "front.top")),
    ]
    return pattern(panels, seams, size)


def worn_skirt(mesh: FlatMesh):
    """The skirt's points on an upright cylinder [m]."""
    front = mesh.pattern.panel("front")
    radius, top = front.edge("hem").length / np.pi, front.edge("right").length
    middles = np.array([0.0, np.pi, 1.5 * np.pi])[mesh.panel_ids]
    angle = middles + mesh.flat[:, 0] / radius
    height = mesh.flat[:, 1] + np.array([0.0, 0.0, top])[mesh.panel_ids]
    points = np.zeros((mesh.point_count, 3))
    points[mesh.points] = np.stack([radius * np.sin(angle), -radius * np.cos(angle), height], axis=1)
    return points


def darted() -> Pattern:
    """A square with a dart of 3 cm at its top, sewn up."""
    corners = [(-0.15, 0.0), (0.15, 0.0), (0.15, 0.2), (0.015, 0.2), (0.0, 0.1), (-0.015, 0.2), (-0.15, 0.2)]
    names = ["hem", "right", "top_right", "dart_right", "dart_left", "top_left", "left"]
    panel = polygon("front", corners, names)
    return pattern([panel], [Seam(refs("front.dart_right"), refs("front.dart_left"))])


def apron(turn: float = 0.02) -> Pattern:
    """A square whose four edges are turned."""
    return pattern([rectangle("front", 0.2, 0.2, turns=dict.fromkeys(("hem", "right", "top", "left"), turn))])
