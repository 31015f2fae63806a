"""Fit compared with drapes that were simulated before."""

from types import SimpleNamespace

import pytest

from dressform.assets.atomic import write_bytes
from dressform.assets.library import STARTER, Library
from dressform.authoring.learn.plan import Group, Plan
from dressform.authoring.learn.samples import PLAN, drape_path, write_points
from dressform.authoring.learn.specimen import Specimen
from dressform.benchmarks.fit import _orders, _orders_of_bodies, compare, sampled
from dressform.runtime.body.canonical import CANONICAL_SHAPE
from dressform.schemas.documents import dump_json
from dressform.schemas.errors import InputError


def sizes(**eases):
    return {size: SimpleNamespace(regions={"chest": SimpleNamespace(ease_cm=ease)}) for size, ease in eases.items()}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two folders of samples, each with one size of the T-shirt as it hangs on the body it is made for."""
    garment = Specimen.of(Library.open(STARTER).resolve("tee"))
    made = []
    for size in ("M", "L"):
        folder = tmp_path_factory.mktemp(size)
        garment.write(folder / "garment")
        plan = Plan("test", 0, (Group("poses", "middle", CANONICAL_SHAPE, size, 1),))
        write_bytes(folder / PLAN, dump_json({"garments": [garment.digest], "plan": plan.document()}))
        (folder / "drapes").mkdir()
        write_points(drape_path(folder, "middle", size), [garment.meshes[size].points])
        made.append(folder)
    return made


def test_sizes_of_one_garment_meet_across_folders(folders):
    (trial,) = sampled(folders)
    assert list(trial.drapes) == ["M", "L"]
    figures = compare([trial])
    assert figures["cases"] == 2
    assert set(figures["ease_error_cm"][trial.cut.label]) == {"neck", "chest", "waist", "sleeve", "hem"}
    assert figures["ease_error_mean_cm"] < 0.5
    assert figures["ease_error_worst_cm"]["value"] >= figures["ease_error_mean_cm"]
    assert figures["order_of_sizes_right_percent"] == 100
    assert figures["pairs_of_sizes"] == 5
    assert figures["same_recommendation_percent"] is None  # S was not simulated
    assert figures["pairs_of_bodies"] == 0


def test_orders_that_differ_are_told_and_those_that_hardly_differ_do_not_count():
    assert _orders(sizes(S=1.0, M=2.0), sizes(S=1.0, M=3.0)) == [True]
    assert _orders(sizes(S=2.0, M=1.0), sizes(S=1.0, M=3.0)) == [False]
    assert _orders(sizes(S=2.0, M=1.0), sizes(S=1.0, M=1.1)) == []


def test_bodies_are_ordered_whatever_their_sizes_are():
    thin, stout = ("thin", 5.0, 5.5), ("stout", -3.0, -2.0)
    assert _orders_of_bodies([thin, stout]) == [True]
    assert _orders_of_bodies([thin, ("stout", 6.0, -2.0)]) == [False]
    assert _orders_of_bodies([thin, ("thin", 9.0, 9.5)]) == []  # two sizes on one body
    assert _orders_of_bodies([thin, ("stout", 7.0, 5.4)]) == []  # hardly apart


def test_a_folder_without_samples_is_told(tmp_path):
    with pytest.raises(InputError, match=r"needs a folder of samples \(plan.json\), found none"):
        list(sampled([tmp_path]))


def test_no_drape_at_all_is_told():
    with pytest.raises(InputError, match="no drape to compare with"):
        compare([])
