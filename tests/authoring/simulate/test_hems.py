"""Hems are heavier and stiffer than plain cloth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.authoring.patterns.kinds import kind_of
from dressform.authoring.patterns.meshing import mesh_pattern
from dressform.authoring.patterns.sizing import pattern_measures
from dressform.authoring.simulate.cloth import BENDING, Cloth
from dressform.authoring.simulate.drape import _turned
from dressform.authoring.simulate.membrane import flat_corners


def _skirt(size: str) -> FlatMesh:
    kind = kind_of("circle-skirt")
    return mesh_pattern(kind.draft(pattern_measures(size), kind.options(), size), 0.04)


def test_cloth_is_heavier_and_stiffer_where_a_hem_is_turned() -> None:
    mesh = _skirt("M")
    near = _turned(mesh)
    radius = mesh.pattern.panel("front").placement.fan
    front = mesh.face_panels == 0
    assert 0 < near[front].sum() < 0.2 * front.sum()
    middles = flat_corners(mesh).mean(axis=1)
    reach = np.hypot(middles[:, 0], radius - middles[:, 1])
    assert reach[front & near].min() > reach[front].max() - 0.03
    plain = Cloth.of(None)
    assert plain.turned().density == pytest.approx(2 * plain.density)
    assert plain.turned().bending == pytest.approx(8 * plain.bending)
    assert replace(plain, bending=BENDING[1]).turned().bending == BENDING[1]
