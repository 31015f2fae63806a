"""Sleeves shaped to a bent arm."""

from __future__ import annotations

import numpy as np

from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.authoring.patterns.meshing import mesh_pattern
from dressform.authoring.patterns.pattern import Edge, EdgeRef, Panel, Pattern, Placement, Seam
from dressform.authoring.simulate.arrange import arrange
from dressform.authoring.simulate.membrane import Membrane, flat_corners
from dressform.authoring.simulate.relax import relax
from dressform.authoring.simulate.shaping import SHRUNK, STRETCHED, shaped
from dressform.runtime.body.protocol import RestBody

from .conftest import EDGE_LENGTH

HALF, TOP, END = 0.19, -0.08, -0.50  # of a straight tube around the arm [m]


def tube() -> FlatMesh:
    corners = np.array([[-HALF, END], [HALF, END], [HALF, TOP], [-HALF, TOP]])
    names = ("hem", "under_back", "top", "under_front")
    edges = tuple(Edge(name, np.stack([corners[k], corners[(k + 1) % 4]])) for k, name in enumerate(names))
    panel = Panel("sleeve", edges, Placement("left_arm", 0.0, 0.0))
    seam = Seam((EdgeRef("sleeve", "under_back"),), (EdgeRef("sleeve", "under_front"),))
    return mesh_pattern(Pattern("sleeve", "top", "M", {}, {}, (panel,), (seam,)), EDGE_LENGTH)


def test_a_sleeve_is_shrunk_inside_the_elbow_and_nowhere_else(rest: RestBody) -> None:
    mesh = tube()
    start, cut = arrange(mesh, rest), flat_corners(mesh)
    out = shaped(mesh, relax(mesh, start, rest, smooth=True), rest)
    lengths = np.ptp(out[..., 1], axis=1) / np.ptp(cut[..., 1], axis=1)
    assert SHRUNK <= lengths.min() < 0.95
    assert lengths.max() <= STRETCHED
    np.testing.assert_array_equal(out[..., 0], cut[..., 0])
    middles = cut.mean(axis=1)
    inside = lengths < 0.97
    assert (middles[inside, 0] < 0.02).mean() > 0.9  # the arm bends forwards, where x < 0 on a left sleeve
    assert np.abs(middles[inside, 1] + 0.29).max() < 0.13
    np.testing.assert_allclose(lengths[np.abs(middles[:, 1] + 0.29) > 0.2], 1.0)
    # cloth of that shape lies around the arm with less of it pushed together
    pushed = [
        np.maximum(-Membrane(shape, mesh.faces, mesh.point_count).strains(worn)[:, 1], 0).mean()
        for shape in (cut, out)
        for worn in [relax(mesh, start, rest, corners=shape)]
    ]
    assert pushed[1] < 0.8 * pushed[0]


def test_a_garment_without_sleeves_stays_as_it_is_cut(top: FlatMesh, rest: RestBody) -> None:
    np.testing.assert_array_equal(shaped(top, arrange(top, rest), rest), flat_corners(top))
