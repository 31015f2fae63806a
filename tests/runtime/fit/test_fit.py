"""The garments that ship, on bodies thin and heavy."""

from dataclasses import replace

import numpy as np
import pytest

from dressform.assets.library import STARTER, Library
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.body_range import ranged_body
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.fit.cut import Cut
from dressform.runtime.fit.fit import design_eases, fit_garment, judge_worn
from dressform.runtime.fit.picture import PAPER, TOP, VIEW, cloth_colors, fit_picture, stacked
from dressform.runtime.fit.regions import regions
from dressform.runtime.fit.report import GarmentFit
from dressform.runtime.garment.dressed import DressedGarment
from dressform.schemas.errors import InputError, UsageError


@pytest.fixture(scope="module")
def tee():
    return Cut.of(Library.open(STARTER).resolve("tee"), "anny")


@pytest.fixture(scope="module")
def heavy():
    return ranged_body(load_anny(), "heavy man")


@pytest.fixture(scope="module")
def small_on_heavy(tee, heavy):
    return fit_garment(heavy, tee, ["S"])


def own_regions(name):
    version = Library.open(STARTER).resolve(name)
    mesh = version.mesh()
    cloth = DressedGarment(name, mesh, version.rig("anny"), 0).cloth
    return regions(canonical_rest(), mesh.points, mesh.points, cloth)


@pytest.mark.parametrize(
    ("name", "has"),
    [
        ("tee", {"neck", "chest", "waist", "sleeve", "hem"}),
        ("trousers", {"waist", "hip", "thigh", "hem"}),
        ("circle-skirt", {"waist", "hip", "hem"}),
    ],
)
def test_a_garment_has_the_regions_a_tailor_would_name(name, has):
    found = own_regions(name)
    assert set(found) == has
    assert all(0 < region.ease < 2 for region in found.values())
    assert all(region.ring.is_closed for region in found.values())


def test_an_open_jacket_is_measured_as_far_as_it_goes_round():
    found = own_regions("jacket")
    assert not found["chest"].ring.is_closed
    assert 0.05 < found["chest"].ease < 0.3


def test_a_small_tee_on_a_big_body_is_tight(small_on_heavy):
    size = small_on_heavy.sizes["S"]
    chest = size.regions["chest"]
    assert chest.ease_cm < 0
    assert chest.strain_percent == pytest.approx(-100 * chest.ease_cm / chest.garment_cm, abs=4)
    assert chest.verdict == "tight"
    assert 0 < chest.pressure_kpa < 2
    assert size.stretch_p95_percent > 6
    assert small_on_heavy.lacks == ("hip", "thigh")
    assert any("chest" in note for note in small_on_heavy.notes)


def test_a_large_tee_on_a_thin_body_is_loose(tee):
    found = fit_garment(ranged_body(load_anny(), "thin woman"), tee, ["L"]).sizes["L"]
    assert found.regions["chest"].verdict == "loose"
    assert found.regions["chest"].ease_cm > 20
    assert found.stretch_p95_percent < 2


def test_the_default_size_on_its_own_body_is_as_designed(tee):
    found = judge_worn(canonical_rest(), tee, "M", tee.meshes["M"].points, design_eases(tee))
    assert found.misfit < 0.05
    assert {region.verdict for region in found.regions.values()} == {"good"}
    assert found.stretch_p95_percent == pytest.approx(0, abs=1e-3)


def test_the_picture_shows_tight_cloth_warm(small_on_heavy, heavy):
    colors = cloth_colors(small_on_heavy.sizes["S"], heavy).astype(int)
    size = small_on_heavy.sizes["S"]
    tight, slack = size.strain > 0.12, np.abs(size.strain) < 0.003
    assert (colors[tight, 0] - colors[tight, 2]).mean() > 100
    assert (colors[slack, 0] - colors[slack, 2]).mean() < 40
    sheet = fit_picture(small_on_heavy, heavy)
    assert sheet.dtype == np.uint8
    both = stacked([sheet, sheet[:, :100]])
    assert both.shape == (2 * sheet.shape[0], sheet.shape[1], 3)
    np.testing.assert_array_equal(both[-1, -1], PAPER)


def test_a_size_that_is_not_there(tee):
    with pytest.raises(UsageError, match=r"tee@1\.\d+\.\d+ has no size 'XL'; it has S, M, L"):
        fit_garment(canonical_rest(), tee, ["XL"])


def test_what_goes_round_nothing_cannot_be_judged(tee):
    mesh = tee.meshes["M"]
    patch = replace(mesh, faces=mesh.faces[:40], parts=(), part_ids=None)
    with pytest.raises(InputError, match="its fit cannot be judged; needed cloth that goes round"):
        judge_worn(canonical_rest(), replace(tee, meshes={"M": patch}), "M", mesh.points, {})


def test_no_arm_comes_back_into_a_picture_that_its_elbow_lies_outside_of():
    trousers = Cut.of(Library.open(STARTER).resolve("trousers"), "anny")
    mesh = trousers.meshes["L"]
    worn = judge_worn(canonical_rest(), trousers, "L", mesh.points, design_eases(trousers))
    fit = GarmentFit("trousers", {"L": worn}, "L", "", (), ())
    sheet = fit_picture(fit, canonical_rest()).astype(int)
    sides = [sheet[TOP + 2 : TOP + 60, left : left + 40] for left in (2, VIEW[0] - 42, VIEW[0] + 2, 2 * VIEW[0] - 42)]
    assert max(np.abs(side - PAPER).max() for side in sides) < 12  # the ground's shade is paper too
