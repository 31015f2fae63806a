"""Trousers, shorts and skirts: every size can be cut and sewn, fits its measures, and refuses what cannot be."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from dressform.authoring.patterns.check import check_pattern
from dressform.authoring.patterns.lower_body import lower_body, stand_height
from dressform.authoring.patterns.meshing import mesh_pattern
from dressform.authoring.patterns.pattern import Pattern
from dressform.authoring.patterns.shorts import ShortsOptions, draft_shorts
from dressform.authoring.patterns.sizing import SIZES, canonical_measures, pattern_measures
from dressform.authoring.patterns.skirts import (
    CircleSkirtOptions,
    PencilSkirtOptions,
    draft_circle_skirt,
    draft_pencil_skirt,
)
from dressform.authoring.patterns.trousers import TrousersOptions, draft_trousers
from dressform.authoring.simulate.arrange import arrange
from dressform.runtime.body.canonical import canonical_rest
from dressform.schemas.errors import UsageError

Draft = Callable[[Mapping[str, float], str], Pattern]

VARIANTS: dict[str, Draft] = {
    "trousers": lambda measures, size: draft_trousers(measures, size=size),
    "trousers slim": lambda measures, size: draft_trousers(measures, TrousersOptions(fit="slim"), size),
    "trousers wide": lambda measures, size: draft_trousers(measures, TrousersOptions(fit="wide", ease=0.02), size),
    "trousers high": lambda measures, size: draft_trousers(measures, TrousersOptions(waist_drop=0.0), size),
    "trousers low": lambda measures, size: draft_trousers(measures, TrousersOptions(waist_drop=0.12), size),
    "trousers cropped": lambda measures, size: draft_trousers(measures, TrousersOptions(hem_height=0.30), size),
    "shorts": lambda measures, size: draft_shorts(measures, size=size),
    "shorts slim": lambda measures, size: draft_shorts(measures, ShortsOptions("slim", inseam=0.08), size),
    "shorts wide": lambda measures, size: draft_shorts(measures, ShortsOptions("wide", inseam=0.32), size),
    "pencil-skirt": lambda measures, size: draft_pencil_skirt(measures, size=size),
    "pencil-skirt long": lambda measures, size: draft_pencil_skirt(
        measures, PencilSkirtOptions(length=0.9, taper=0.03, slit=0.3), size
    ),
    "circle-skirt": lambda measures, size: draft_circle_skirt(measures, size=size),
    "circle-skirt half": lambda measures, size: draft_circle_skirt(measures, CircleSkirtOptions("half", 0.9), size),
    "circle-skirt full": lambda measures, size: draft_circle_skirt(measures, CircleSkirtOptions("full", 0.4), size),
}
PLAIN = ("trousers", "shorts", "pencil-skirt", "circle-skirt")


def drafted(kind: str, size: str = "M") -> Pattern:
    return VARIANTS[kind](pattern_measures(size), size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", VARIANTS)
def test_can_be_cut_and_sewn_in_every_size(kind: str, size: str) -> None:
    pattern = drafted(kind, size)
    check_pattern(pattern)  # closed, counter-clockwise, no crossing, seams of equal length, marks inside
    assert pattern.size == size
    for seam in pattern.seams:
        first, second = (sum(pattern.edge(ref).length for ref in refs) for refs in (seam.first, seam.second))
        assert first == pytest.approx(second, rel=0.004)


@pytest.mark.parametrize("kind", VARIANTS)
def test_every_edge_is_sewn_or_turned(kind: str) -> None:
    pattern = drafted(kind)
    sewn = {(ref.panel, ref.edge) for seam in pattern.seams for ref in seam.first + seam.second}
    for panel in pattern.panels:
        for edge in panel.edges:
            assert ((panel.name, edge.name) in sewn) != (edge.turn > 0), (panel.name, edge.name)


@pytest.mark.parametrize("kind", VARIANTS)
def test_seams_end_at_shared_corners_seen_from_the_waist(kind: str) -> None:
    """Both sides of a seam run from the same end: the higher end of one lies at the higher end of the other."""
    pattern = drafted(kind)
    for seam in pattern.seams:
        if seam.first[0].panel.startswith("waistband"):
            continue
        start = pattern.edge(seam.first[0]).points[0, 1] - pattern.edge(seam.first[-1]).points[-1, 1]
        end = pattern.edge(seam.second[0]).points[-1, 1] - pattern.edge(seam.second[-1]).points[0, 1]
        if min(abs(start), abs(end)) > 0.03:
            assert np.sign(start) == np.sign(end), seam


@pytest.mark.parametrize("kind", VARIANTS)
def test_left_and_right_are_mirror_images(kind: str) -> None:
    pattern = drafted(kind)
    names = {panel.name for panel in pattern.panels}
    for name in names:
        if name.endswith("_left"):
            left, right = pattern.panel(name), pattern.panel(name.removesuffix("left") + "right")
            assert {edge.name for edge in left.edges} == {edge.name for edge in right.edges}
            for edge in left.edges:
                mirrored = right.edge(edge.name).points[::-1] * (-1.0, 1.0)
                np.testing.assert_allclose(edge.points, mirrored, atol=1e-12)


@pytest.mark.parametrize("kind", PLAIN)
def test_grading_follows_the_body(kind: str) -> None:
    """Waist and hips of the garment grow as those of the body do; lengths of legs and skirts stay."""
    by_size = {size: drafted(kind, size) for size in SIZES}
    for size in SIZES:
        for name in {"waist", "hip"} & set(by_size["M"].finished):
            grown = by_size[size].finished[name] - by_size["M"].finished[name]
            body = by_size[size].measures[name] - by_size["M"].measures[name]
            assert grown == pytest.approx(body, abs=0.009), (size, name)
        for name in {"inseam", "length"} & set(by_size["M"].finished):
            assert by_size[size].finished[name] == pytest.approx(by_size["M"].finished[name], abs=0.004)


@pytest.mark.parametrize(
    ("kind", "drop"), [("trousers", 0.095), ("shorts", 0.085), ("pencil-skirt", 0.0), ("circle-skirt", 0.0)]
)
def test_the_canonical_body_can_close_a_small(kind: str, drop: float) -> None:
    worn = lower_body(canonical_measures())
    assert drafted(kind, "S").finished["waist"] * 1.06 > worn.girth(drop)
    assert 0.005 < drafted(kind, "M").finished["waist"] - worn.girth(drop) < 0.035


@pytest.mark.parametrize("kind", PLAIN)
def test_the_waistband_is_held_where_it_belongs(kind: str) -> None:
    pattern = drafted(kind)
    body = lower_body(canonical_measures())
    for hold in pattern.holds:
        assert hold.height is not None
        assert body.inseam + 0.1 < hold.height < stand_height(body, 0.0) + 0.02
        assert pattern.edge(hold.edge).turn > 0


def test_heights_are_those_of_the_canonical_body() -> None:
    body = lower_body(canonical_measures())
    assert stand_height(body, body.rise) == pytest.approx(canonical_measures()["inseam"])
    assert stand_height(body, 0.0) - stand_height(body, body.rise) == pytest.approx(body.rise, abs=0.003)
    assert body.girth(0.0) == pytest.approx(canonical_measures()["waist"], abs=1e-3)
    assert max(body.girth(drop) for drop in np.linspace(0, body.rise, 30)) == pytest.approx(body.hip, abs=0.004)


def test_the_back_rise_is_longer_and_its_fork_reaches_further() -> None:
    finished = drafted("trousers").finished
    assert 0.04 < finished["back_rise"] - finished["front_rise"] < 0.13
    pattern = drafted("trousers")
    front, back = (np.ptp(pattern.panel(name).outline[:, 0]) for name in ("front_left", "back_left"))
    assert back > front + 0.04


def test_fits_are_ordered_from_slim_to_wide() -> None:
    slim, straight, wide = (drafted(kind).finished for kind in ("trousers slim", "trousers", "trousers wide"))
    for name in ("hip", "thigh", "knee", "hem"):
        assert slim[name] < straight[name] < wide[name]


def test_circle_skirt_is_the_circle_it_says() -> None:
    for fullness, share in (("half", 0.5), ("full", 1.0)):
        options = CircleSkirtOptions(fullness, 0.6)
        finished = draft_circle_skirt(canonical_measures(), options).finished
        hang = 0.6 - 0.03
        assert finished["hem"] - finished["waist"] == pytest.approx(2 * np.pi * share * hang, rel=1e-3)


def test_a_fuller_waist_than_hips_still_drafts() -> None:
    measures = pattern_measures("M", {"waist": 1.10, "hip": 1.06, "chest": 1.1})
    for kind in PLAIN:
        check_pattern(VARIANTS[kind](measures, "M"))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: TrousersOptions(fit="baggy"), "fit 'baggy' is unknown; needed one of slim, straight, wide"),
        (lambda: TrousersOptions(waist_drop=0.5), "waist_drop needs 0 to 0.13 m, found 0.5"),
        (lambda: TrousersOptions(hem_height=float("nan")), "hem_height needs"),
        (lambda: TrousersOptions(ease=-0.1), "ease needs"),
        (lambda: ShortsOptions(inseam=0.9), "inseam needs 0.06 to 0.34 m, found 0.9"),
        (lambda: ShortsOptions(fit=""), "fit '' is unknown"),
        (lambda: PencilSkirtOptions(length=2.0), "length needs"),
        (lambda: PencilSkirtOptions(length=0.4, slit=0.2), "slit of so short a skirt needs"),
        (lambda: CircleSkirtOptions(fullness="double"), "fullness 'double' is unknown"),
        (lambda: CircleSkirtOptions(length=0.0), "length needs"),
    ],
)
def test_bad_options_end_in_one_line(make: Callable[[], object], said: str) -> None:
    with pytest.raises(UsageError) as error:
        make()
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_circle_skirt_starts_in_even_folds() -> None:
    """Around the hem the start stands off and comes back as often as the pattern says, both sides alike."""
    pattern = drafted("circle-skirt")
    folds = pattern.panel("front").placement.folds
    assert folds == pattern.panel("back").placement.folds > 4
    mesh = mesh_pattern(pattern, 0.03)
    points = arrange(mesh, canonical_rest())
    hem = np.concatenate([mesh.points[mesh.edges[name, "hem"]][:-1] for name in ("front", "back")])
    reach = np.hypot(points[hem, 0], points[hem, 1] - points[hem, 1].mean())
    spectrum = np.abs(np.fft.rfft(reach - reach.mean()))
    spectrum[:3] = 0  # the body's own oval
    assert int(spectrum.argmax()) == folds
    around = np.linalg.norm(np.roll(points[hem], -1, axis=0) - points[hem], axis=1).sum()
    assert 0.8 < around / pattern.finished["hem"] < 1.05


def test_the_edges_of_the_slit_run_apart() -> None:
    pattern = drafted("pencil-skirt")
    left, right = (pattern.panel(f"back_{side}").edge("slit").points for side in ("left", "right"))
    assert right[0, 0] == pytest.approx(0)
    assert right[-1, 0] == pytest.approx(0.006)
    assert left[:, 0].max() <= 0 <= right[:, 0].min()
