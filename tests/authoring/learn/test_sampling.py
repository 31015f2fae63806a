from __future__ import annotations

import importlib
import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dressform.assets.library import Library
from dressform.assets.template_version import TemplateVersion
from dressform.authoring.learn import canonical_cloth, sampling, sampling_worker
from dressform.authoring.learn.cloth_on_body import ClothOnBody, Lost, Rested
from dressform.authoring.learn.plan import Group, Plan
from dressform.authoring.learn.samples import SampleSet, load_samples, sample_path
from dressform.authoring.learn.sampling import make_samples
from dressform.authoring.learn.specimen import Specimen
from dressform.authoring.simulate import parts
from dressform.authoring.simulate.posed import CANONICAL
from dressform.runtime.body.canonical import CANONICAL_SHAPE
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.schemas.errors import InputError, UsageError

from .stand_in import dress_in_skin

SLIM, STOUT = {**CANONICAL_SHAPE, "weight": 0.3}, {**CANONICAL_SHAPE, "weight": 0.9}
PLAN = Plan("test", 1, (Group("train", "slim", SLIM, "M", 3), Group("bodies", "stout", STOUT, "M", 2)))


class Counting:
    """Cloth that meets with something at one of its poses."""

    def __init__(self, cloth: ClothOnBody, meet: Callable[[int], Lost | None]) -> None:
        self._cloth, self._meet, self._count = cloth, meet, 0

    def settle(self) -> Sequence[np.ndarray]:
        return self._cloth.settle()

    def pose(self, pose: Pose) -> Rested | Lost:
        self._count += 1
        return self._meet(self._count) or self._cloth.pose(pose)


def dress_that(meet: Callable[[int], Lost | None]) -> Callable[[Sequence[Specimen], str, RestBody], ClothOnBody]:
    return lambda garments, size, rest: Counting(dress_in_skin(garments, size, rest), meet)


@pytest.fixture
def any_pose(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poses that cost nothing, where what they are does not matter."""
    monkeypatch.setattr(sampling_worker, "draw_pose", lambda rest, random: Pose.t_pose())


@pytest.fixture(scope="module")
def garment(tube_library: Path) -> TemplateVersion:
    return Library.open(tube_library).resolve("tube")


@pytest.fixture(scope="module")
def made(garment: TemplateVersion, tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    return make_samples(garment, PLAN, tmp_path_factory.mktemp("set") / "new", dress=dress_in_skin, workers=1)


def test_a_set_holds_what_was_planned(made: SampleSet, garment: TemplateVersion) -> None:
    assert [sample.id for sample in made.samples] == [group.sample_id(index) for group, index in PLAN]
    assert [len(made.samples.of(split)) for split in ("train", "poses", "bodies")] == [3, 0, 2]
    sample = made.samples.of("bodies")[0]
    assert sample.shape == STOUT
    assert sample.points.dtype == np.float32
    assert sample.points.shape == garment.mesh().points.shape == made.drape("stout", "M").shape
    assert made.rest("stout").measures().mass > made.rest("slim").measures().mass
    np.testing.assert_array_equal(made.meshes["M"].points, garment.mesh().points)
    np.testing.assert_array_equal(made.rig("M").joint_weights, garment.rig().joint_weights)


def test_samples_are_read_when_they_are_used(made: SampleSet) -> None:
    later = load_samples(made.folder).samples[1:]
    assert len(later) == 4
    np.testing.assert_array_equal(later[0].points, made.samples[1].points)
    np.testing.assert_array_equal(later[0].pose.rotations, made.samples[1].pose.rotations)


def test_any_number_of_workers_makes_the_same_set(
    garment: TemplateVersion, made: SampleSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))  # where a new process finds the stand-in
    dress = importlib.import_module("stand_in").dress_in_skin
    assert make_samples(garment, PLAN, tmp_path / "two", dress=dress, workers=2).digest == made.digest


def test_an_interrupted_run_is_taken_up_to_the_same_set(
    garment: TemplateVersion, made: SampleSet, tmp_path: Path
) -> None:
    def stop(count: int) -> None:
        if count == 3:
            raise KeyboardInterrupt

    folder = tmp_path / "set"
    with pytest.raises(KeyboardInterrupt):
        make_samples(garment, PLAN, folder, dress=dress_that(stop), workers=1)
    first = sample_path(folder, "train.slim.M.000")
    written, torn = first.stat().st_mtime_ns, first.with_name(f".{first.name}.xyz.part")
    torn.write_bytes(b"half a sam")
    with pytest.raises(InputError, match="found an unfinished one"):
        load_samples(folder)
    again = make_samples(garment, PLAN, folder, dress=dress_in_skin, workers=1)
    assert again.digest == made.digest
    assert first.stat().st_mtime_ns == written
    assert not torn.exists()


def test_an_interrupted_run_waits_for_no_worker(
    garment: TemplateVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(share: float, what: str) -> None:
        told.append(what)
        if len(told) == 2:
            raise KeyboardInterrupt

    told: list[str] = []
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    dress = importlib.import_module("stand_in").dress_for_ever
    with pytest.raises(KeyboardInterrupt):
        make_samples(garment, PLAN, tmp_path / "set", dress=dress, workers=2, progress=stop)
    assert multiprocessing.active_children() == []


def test_a_finished_set_is_opened_as_it_is(garment: TemplateVersion, made: SampleSet) -> None:
    def never(count: int) -> None:
        raise AssertionError("simulated again")

    assert make_samples(garment, PLAN, made.folder, dress=dress_that(never)).digest == made.digest


@pytest.mark.usefixtures("any_pose")
def test_a_few_lost_poses_are_left_out_and_counted(garment: TemplateVersion, tmp_path: Path) -> None:
    plan = Plan("test", 1, (Group("train", "slim", SLIM, "M", 20),))
    lost = dress_that(lambda count: Lost("the cloth is torn") if count == 5 else None)
    found = make_samples(garment, plan, tmp_path / "set", dress=lost, workers=1)
    assert found.dropped == {"train.slim.M.004": "the cloth is torn"}
    assert len(found.samples) == 19


@pytest.mark.usefixtures("any_pose")
def test_too_many_lost_poses_fail_and_may_be_tried_again(garment: TemplateVersion, tmp_path: Path) -> None:
    plan = Plan("test", 1, (Group("train", "slim", SLIM, "M", 3),))
    lost = dress_that(lambda count: Lost("a coordinate is not a number") if count == 2 else None)
    with pytest.raises(InputError, match=r"1 of 3 poses .* train.slim.M.001 \(a coordinate is not a number\)"):
        make_samples(garment, plan, tmp_path / "set", dress=lost, workers=1)
    assert len(make_samples(garment, plan, tmp_path / "set", dress=dress_in_skin, workers=1).samples) == 3


@pytest.mark.usefixtures("any_pose")
def test_a_body_that_cannot_wear_it_loses_all_its_poses(garment: TemplateVersion, tmp_path: Path) -> None:
    def unwearable(garments: Sequence[Specimen], size: str, rest: RestBody) -> ClothOnBody:
        raise InputError("the cloth slides off")

    with pytest.raises(InputError, match=r"5 of 5 poses .*the cloth slides off"):
        make_samples(garment, PLAN, tmp_path / "set", dress=unwearable, workers=1)


def test_what_is_no_cloth_is_refused_before_anything_is_simulated(
    garment: TemplateVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MOST_PIECES", 0)
    with pytest.raises(InputError, match=r"its cloth is in 1 pieces that hang on their own, needed at most 0"):
        make_samples(garment, PLAN, tmp_path / "set", dress=dress_in_skin, workers=1)
    assert not (tmp_path / "set").exists()


def test_a_folder_of_something_else_is_refused(garment: TemplateVersion, made: SampleSet, tmp_path: Path) -> None:
    other = replace(PLAN, seed=2)
    with pytest.raises(UsageError, match="holds samples of another plan"):
        make_samples(garment, other, made.folder, dress=dress_in_skin)
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(UsageError, match="is not empty and holds no samples"):
        make_samples(garment, PLAN, tmp_path, dress=dress_in_skin)
    with pytest.raises(UsageError, match=r"letters.txt is a file"):
        make_samples(garment, PLAN, tmp_path / "letters.txt", dress=dress_in_skin)
    with pytest.raises(UsageError, match=r"size XL, which tube@1.0.0 lacks; it has M"):
        make_samples(garment, Plan("test", 1, (Group("train", "slim", SLIM, "XL", 1),)), tmp_path / "new")
    with pytest.raises(UsageError, match="at least 1 is needed, got 0"):
        make_samples(garment, PLAN, tmp_path / "new", dress=dress_in_skin, workers=0)
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


@pytest.mark.usefixtures("any_pose")
def test_samples_of_another_protocol_are_not_gone_on_with(
    garment: TemplateVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan("test", 1, (Group("train", "slim", SLIM, "M", 1),))
    monkeypatch.setattr(sampling, "canonical_cloth", dress_in_skin)
    made = make_samples(garment, plan, tmp_path / "set", workers=1)
    assert made.simulation is not None
    assert made.simulation["finish"] == CANONICAL.finish
    assert made.simulation["attempts"]
    assert make_samples(garment, plan, tmp_path / "set").digest == made.digest
    monkeypatch.setattr(canonical_cloth, "CANONICAL", replace(CANONICAL, finish=4))
    with pytest.raises(UsageError, match="holds samples of another simulation; name another folder"):
        make_samples(garment, plan, tmp_path / "set")


@pytest.mark.usefixtures("any_pose")
def test_damage_is_found(garment: TemplateVersion, tmp_path: Path) -> None:
    plan = Plan("test", 1, (Group("train", "slim", SLIM, "M", 1),))
    made = make_samples(garment, plan, tmp_path / "set", dress=dress_in_skin, workers=1)
    path = sample_path(made.folder, "train.slim.M.000")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged, its sha256"):
        made.samples[0]
    held = made.folder / "set.json"
    held.write_text(held.read_text().replace("train.slim.M.000", "train.slim.M.001"))
    with pytest.raises(InputError, match="do not add up"):
        load_samples(made.folder)


@pytest.mark.usefixtures("any_pose")
def test_what_is_worn_below_is_sampled_too(garment: TemplateVersion, tmp_path: Path) -> None:
    plan = Plan("test", 1, (Group("train", "slim", SLIM, "M", 1),))
    made = make_samples(garment, plan, tmp_path / "set", dress=dress_in_skin, below=[garment], workers=1)
    (sample,) = made.samples
    assert [specimen.name for specimen in (*made.below, made.garment)] == ["tube", "tube"]
    assert sample.below[0].shape == sample.points.shape
    assert not np.array_equal(sample.below[0], sample.points)
