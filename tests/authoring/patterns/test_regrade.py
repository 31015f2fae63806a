from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dressform.authoring.patterns._delaunay import areas
from dressform.authoring.patterns.meshing import mesh_pattern
from dressform.authoring.patterns.pattern import Edge
from dressform.authoring.patterns.regrade import regrade
from dressform.schemas.errors import InputError

from .sewing_samples import line, pattern, polygon, rectangle, skirt


@pytest.fixture(scope="module")
def mesh():
    return mesh_pattern(skirt())


def test_the_same_size_is_the_same_mesh(mesh):
    assert regrade(mesh, skirt()).flat == pytest.approx(mesh.flat, abs=1e-12)


@pytest.mark.parametrize(("width", "height"), [(0.36, 0.28), (0.54, 0.33)])
def test_panels_take_the_other_size_evenly(mesh, width, height):
    graded = regrade(mesh, skirt(width, height, "L"))
    assert graded.pattern.size == "L"
    assert (graded.flat_faces == mesh.flat_faces).all()
    assert (graded.layout == mesh.layout).all()
    front = mesh.panel_ids == 0
    assert graded.flat[front] == pytest.approx(mesh.flat[front] * [width / 0.44, height / 0.3], abs=1e-9)
    for (panel, edge), own in graded.edges.items():
        assert graded.flat[own[[0, -1]]] == pytest.approx(graded.pattern.panel(panel).edge(edge).points[[0, -1]])


def test_corners_within_an_edge_stay_corners():
    def hooked(height):
        panel = rectangle("front", 0.2, 0.3)
        side = Edge("right", line((0.1, 0), (0.1, height), (0.07, height), (0.07, 0.3)))
        edges = (panel.edges[0], side, Edge("top", line((0.07, 0.3), (-0.1, 0.3))), panel.edges[3])
        return pattern([replace(panel, edges=edges)])

    mesh = mesh_pattern(hooked(0.1))
    graded = regrade(mesh, hooked(0.2))
    own = graded.flat[graded.edges["front", "right"]]
    assert np.abs(own - [0.1, 0.2]).sum(axis=1).min() < 1e-9
    assert areas(graded.flat, graded.flat_faces.astype(np.int64)).min() > 0


def test_what_differs_is_named(mesh):
    other = skirt()
    with pytest.raises(InputError, match="sizes M and M need the same panels, only one has the panel band"):
        regrade(mesh, pattern(list(other.panels[:2]), list(other.seams[:2])))
    with pytest.raises(InputError, match="need the same seams; draft all sizes with the same options"):
        regrade(mesh, replace(other, seams=other.seams[:3]))
    renamed = polygon("front", [(-0.22, 0), (0.22, 0), (0.22, 0.3), (-0.22, 0.3)], ["hem", "right", "waist", "left"])
    with pytest.raises(InputError, match=r"the same edges on panel front, only one has top"):
        regrade(mesh, pattern([renamed, *other.panels[1:]], list(other.seams[:3])))


def test_a_fold_is_refused():
    square = mesh_pattern(pattern([rectangle("front", 0.2, 0.2)]))
    hollow = Edge("top", line((0.1, 0.2), (0.06, 0.01), (-0.06, 0.01), (-0.1, 0.2)))
    panel = rectangle("front", 0.2, 0.2)
    bent = replace(panel, edges=(*panel.edges[:2], hollow, panel.edges[3]))
    with pytest.raises(InputError, match=r"size XL differs so much from M that triangles of front fold over"):
        regrade(square, pattern([bent], size="XL"))
