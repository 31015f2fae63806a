"""T-shirt, long-sleeve, tank top and dress: can every size be cut, sewn and worn?"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dressform.authoring.patterns._form import stand
from dressform.authoring.patterns.check import check_pattern
from dressform.authoring.patterns.dress import DressOptions, draft_dress
from dressform.authoring.patterns.meshing import mesh_pattern
from dressform.authoring.patterns.sizing import SIZES, pattern_measures
from dressform.authoring.patterns.tank import TankOptions, draft_tank
from dressform.authoring.patterns.tee import LongSleeveOptions, TeeOptions, draft_long_sleeve, draft_tee
from dressform.schemas.errors import UsageError

DRAFTS = {
    "tee": (draft_tee, TeeOptions),
    "long-sleeve": (draft_long_sleeve, LongSleeveOptions),
    "tank": (draft_tank, TankOptions),
    "dress": (draft_dress, DressOptions),
}
CHART = {"XS": -0.08, "S": -0.04, "M": 0.0, "L": 0.04, "XL": 0.09, "XXL": 0.14}


def lengths(pattern, seam):
    return [sum(pattern.edge(ref).length for ref in chain) for chain in (seam.first, seam.second)]


@pytest.mark.parametrize("kind", DRAFTS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("fit", ["slim", "regular", "loose"])
def test_every_size_and_fit_can_be_cut_and_sewn(kind, size, fit):
    draft, options = DRAFTS[kind]
    pattern = draft(pattern_measures(size), options(fit=fit), size)
    check_pattern(pattern)
    for seam in pattern.seams:
        first, second = lengths(pattern, seam)
        assert second / (first * (1 + seam.gathers)) == pytest.approx(1, abs=0.01), seam


@pytest.mark.parametrize("kind", DRAFTS)
def test_every_kind_is_one_sewn_surface(kind):
    mesh = mesh_pattern(DRAFTS[kind][0](pattern_measures("M")), 0.03)
    label = np.arange(mesh.point_count)
    for _ in range(200):  # the least label spreads over each connected piece
        before = label.copy()
        for a, b in itertools.permutations(range(3), 2):
            np.minimum.at(label, mesh.faces[:, a], label[mesh.faces[:, b]])
        if (label == before).all():
            break
    assert len(np.unique(label)) == 1


@pytest.mark.parametrize("kind", DRAFTS)
def test_the_grade_moves_finished_measures_by_what_the_size_says(kind):
    draft = DRAFTS[kind][0]
    base = draft(pattern_measures("M"), size="M").finished
    for size, growth in CHART.items():
        graded = draft(pattern_measures(size), size=size).finished
        assert graded["chest"] - base["chest"] == pytest.approx(growth, abs=2e-3), size
        if "waist" in base:
            assert graded["waist"] - base["waist"] == pytest.approx(growth, abs=4e-3), size
    order = [draft(pattern_measures(size), size=size).finished["length"] for size in SIZES]
    assert order == sorted(order)


@pytest.mark.parametrize("kind", DRAFTS)
def test_panels_are_drawn_as_a_cutter_would(kind):
    pattern = DRAFTS[kind][0](pattern_measures("M"))
    front, back = pattern.panel("front"), pattern.panel("back")
    assert front.edge("neckline").points[:, 1].min() < back.edge("neckline").points[:, 1].min() - 0.03
    for panel in (front, back):
        mirror = panel.outline * (-1, 1)
        gaps = np.linalg.norm(mirror[:, None] - panel.outline[None], axis=2).min(axis=1)
        assert gaps.max() < 1e-6, "left and right differ"
        tip, neck = (
            panel.edge("shoulder_left").points[[0, -1]]
            if panel is front
            else panel.edge("shoulder_right").points[[0, -1]]
        )
        slope = np.degrees(np.arctan2(neck[1] - tip[1], tip[0] - neck[0]))
        assert 12 < slope < 26
        for edge in panel.edges:
            if edge.name.startswith(("neckline", "armscye")):
                assert np.linalg.norm(np.diff(edge.points, axis=0), axis=1).max() <= 0.005 + 1e-9
    # side by side at the shoulder seam, the neckline runs on without a corner
    ahead, behind = front.edge("neckline").points, back.edge("neckline").points
    seam = front.edge("shoulder_left").points
    along = (seam[-1] - seam[0]) / np.linalg.norm(seam[-1] - seam[0])
    for curve, direction in ((ahead[1] - ahead[0], along), (behind[1] - behind[0], along)):
        assert abs(curve @ direction) / np.linalg.norm(curve) < 0.2


def test_bands_are_shorter_inside_and_as_long_as_their_seam_outside():
    pattern = draft_tee(pattern_measures("M"))
    for side in ("front", "back"):
        strip = pattern.panel(f"neckband_{side}")
        assert strip.slot == "rib"
        assert strip.edge("outer").length == pytest.approx(pattern.panel(side).edge("neckline").length, rel=1e-3)
        assert 0.80 < strip.edge("inner").length / strip.edge("outer").length < 0.96
        assert strip.edge("end_left").length == pytest.approx(0.02, abs=1e-6)


def test_hems_are_turned_and_sewn_edges_are_not():
    for kind, (draft, _) in DRAFTS.items():
        pattern = draft(pattern_measures("M"))
        hems = [edge for panel in pattern.panels for edge in panel.edges if edge.name == "hem"]
        assert any(edge.turn > 0.01 for edge in hems), kind
        for seam in pattern.seams:
            assert all(pattern.edge(ref).turn == 0 for ref in seam.first + seam.second), kind


def test_options_move_what_they_name():
    measures = pattern_measures("M")
    plain = draft_tee(measures)
    assert draft_tee(measures, TeeOptions(length=0.05)).finished["length"] == pytest.approx(
        plain.finished["length"] + 0.05
    )
    assert draft_tee(measures, TeeOptions(ease=0.20)).finished["chest"] == pytest.approx(measures["chest"] + 0.20)
    assert draft_tee(measures, TeeOptions(sleeve=0.5)).finished["sleeve"] > plain.finished["sleeve"] + 0.06
    assert draft_long_sleeve(measures).finished["sleeve"] == pytest.approx(
        measures["arm"] - stand().tip_along_arm, abs=0.02
    )
    deeper = draft_tank(measures, TankOptions(neck_drop=0.10)).panel("front").edge("neckline").points[:, 1].min()
    assert deeper < draft_tank(measures).panel("front").edge("neckline").points[:, 1].min() - 0.05


@pytest.mark.parametrize("skirt", ["a-line", "flared", "gathered"])
def test_skirts_of_a_dress_differ_and_meet_the_bodice(skirt):
    for sleeves in ("short", "none"):
        pattern = draft_dress(pattern_measures("M"), DressOptions(skirt=skirt, sleeves=sleeves))
        check_pattern(pattern)
        assert ("sleeve_left" in [panel.name for panel in pattern.panels]) == (sleeves == "short")
    waists = [seam for seam in pattern.seams if seam.second[0].edge == "waist"]
    assert len(waists) == 2
    assert all((seam.gathers > 0.4) == (skirt == "gathered") for seam in waists)
    assert pattern.finished["hem"] > pattern.measures["hip"] + 0.3


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: TeeOptions(fit="baggy"), "fit 'baggy' is unknown; needed one of slim, regular, loose"),
        (lambda: TeeOptions(ease=-0.1), "ease needs 0 to 0.4 m, found -0.1 m"),
        (lambda: LongSleeveOptions(sleeve=float("nan")), "sleeve needs -0.12 to 0.06 m, found nan m"),
        (lambda: TankOptions(strap=0.3), "strap needs 0.03 to 0.1 m, found 0.3 m"),
        (lambda: DressOptions(skirt="mermaid"), "skirt 'mermaid' is unknown; needed one of a-line, flared, gathered"),
        (lambda: DressOptions(length=2.0), "length needs 0.28 to 0.92, found 2"),
    ],
)
def test_options_out_of_bounds_are_refused_in_one_line(make, said):
    with pytest.raises(UsageError) as caught:
        make()
    assert str(caught.value) == said


def test_measures_that_make_panels_cross_are_refused():
    measures = dict(pattern_measures("M"))
    measures["shoulder"] = 0.55  # believable alone, too broad for so narrow a chest
    with pytest.raises(UsageError, match="panels of the bodice would cross: its chest needs more than"):
        draft_tee(measures, TeeOptions(ease=0.0))
