from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from dressform.authoring.patterns._outline import outline_distances, signed_area
from dressform.authoring.patterns.layout import GAP, HEM_GAP, TRIM_STRIP, lay_out, trim_strip
from dressform.authoring.patterns.meshing import mesh_pattern
from dressform.authoring.patterns.shirt import draft_shirt
from dressform.authoring.patterns.sizing import pattern_measures

from .sewing_samples import TORSO, pattern, rectangle, skirt


def placed(sample):
    shifts, sheet = lay_out(sample)
    return {panel.name: panel.outline + shift for panel, shift in zip(sample.panels, shifts, strict=True)}, sheet


def test_a_shirt_fills_its_sheet():
    shirt = draft_shirt(pattern_measures("M"))
    outlines, sheet = placed(shirt)
    assert sum(signed_area(outline) for outline in outlines.values()) >= 0.54 * sheet**2
    for first, second in itertools.combinations(outlines.values(), 2):
        assert min(outline_distances(first, second).min(), outline_distances(second, first).min()) >= GAP - 0.003
    for outline in outlines.values():
        assert outline.min() > 0.01
        assert outline.max() < sheet - 0.01
        assert outline[:, 1].min() > TRIM_STRIP


def test_turned_hems_have_room():
    panels = [rectangle(name, 0.3, 0.2, turns=dict.fromkeys(("hem", "top"), 0.05)) for name in ("one", "two", "three")]
    outlines, _ = placed(pattern(panels))
    for first, second in itertools.combinations(outlines.values(), 2):
        if np.ptp(np.stack([first[:, 0].min(), second[:, 0].min()])) < 0.2:  # above each other
            apart = min(outline_distances(first, second).min(), outline_distances(second, first).min())
            assert apart >= 0.1 + HEM_GAP - 0.003


def test_left_and_right_lie_beside_each_other_as_seen():
    back = replace(TORSO, angle=np.pi)
    panels = [
        rectangle("back", 0.4, 0.5, placement=back),
        rectangle("front_left", 0.2, 0.5),
        rectangle("sleeve_left", 0.2, 0.2),
        rectangle("front_right", 0.2, 0.5),
        rectangle("yoke_right", 0.1, 0.1, placement=back),
        rectangle("sleeve_right", 0.2, 0.2),
        rectangle("yoke_left", 0.1, 0.1, placement=back),
    ]
    outlines, _ = placed(pattern(panels))
    low = {name: outline.min(axis=0) for name, outline in outlines.items()}
    for left, right in (("front_right", "front_left"), ("sleeve_right", "sleeve_left"), ("yoke_left", "yoke_right")):
        assert low[left][1] == low[right][1]
        assert 0 < low[right][0] - low[left][0] < np.ptp(outlines[left][:, 0]) + GAP + 0.02


def test_the_layout_is_the_panels_at_true_size():
    mesh = mesh_pattern(skirt())
    for number in range(3):
        own = mesh.panel_ids == number
        moved = mesh.layout[own] * mesh.sheet - mesh.flat[own]
        assert np.ptp(moved, axis=0).max() < 1e-5
    left, bottom, right, top = trim_strip(mesh.sheet)
    assert 0 < left < right < 1
    assert 0 < bottom < top < mesh.layout[:, 1].min()
