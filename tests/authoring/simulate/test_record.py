"""Recording: whole or not at all, and on from where it was interrupted."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dressform.authoring.simulate import record as module
from dressform.authoring.simulate.posed import Dropped, Moment
from dressform.authoring.simulate.record import Take, record
from dressform.authoring.simulate.wearing import Wearing
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import Pose
from dressform.schemas.errors import InputError, UsageError

COUNT = 23
REST = canonical_rest()


class Counting:
    """Cloth whose every frame follows from the one before; it can be interrupted."""

    breaks_at = COUNT + 1
    simulated = 0

    def __init__(self, worn: list[Wearing], *_: Any, **__: Any) -> None:
        self.points = worn[0].garment.mesh.points
        self.moment: Moment | None = None

    def clip(self, poses: Any, _: float, *, after: Moment | None) -> Any:
        self.moment = after
        for pose in poses:
            last = np.zeros_like(self.points) if self.moment is None else self.moment.points[0]
            Counting.simulated += 1
            if Counting.simulated == Counting.breaks_at:
                raise KeyboardInterrupt
            self.moment = Moment(pose, [last * np.float32(1.1) + 1], [last])
            yield self.moment.points


@pytest.fixture
def take(skirt: Wearing, monkeypatch: pytest.MonkeyPatch) -> Take:
    monkeypatch.setattr(module, "PosedCloth", Counting)
    monkeypatch.setattr(module, "wearings", lambda *_: [skirt])
    monkeypatch.setattr(Counting, "simulated", 0)
    version: Any = SimpleNamespace(name="skirt", version="1.0.0", digest="a" * 64, size="M")
    pose = REST.rest_pose()
    poses = tuple(Pose(pose.rotations, pose.root + np.float32(k)) for k in range(COUNT))
    return Take([version], REST, poses, 30.0, {"motion": "test"})


def test_an_interrupted_recording_goes_on_to_the_same_file(
    take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = tmp_path / "whole.cloth", tmp_path / "broken.cloth"
    record(take, whole)
    monkeypatch.setattr(Counting, "simulated", 0)
    monkeypatch.setattr(Counting, "breaks_at", 17)
    with pytest.raises(KeyboardInterrupt):
        record(take, broken)
    assert not broken.exists()
    monkeypatch.setattr(Counting, "breaks_at", 10 * COUNT)
    monkeypatch.setattr(Counting, "simulated", 0)
    record(take, broken)
    assert Counting.simulated == COUNT - 10
    assert broken.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.cloth", "whole.cloth"]


# the second body's measures are the first's, to the four digits that the header gives
@pytest.mark.parametrize("change", [{"seed": 5}, {"rest": replace(REST, vertices=REST.vertices + np.float32(1e-6))}])
def test_what_was_begun_for_another_take_is_not_gone_on_with(
    change: dict[str, Any], take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.cloth"
    monkeypatch.setattr(Counting, "breaks_at", 17)
    with pytest.raises(KeyboardInterrupt):
        record(take, path)
    monkeypatch.setattr(Counting, "breaks_at", 10 * COUNT)
    monkeypatch.setattr(Counting, "simulated", 0)
    record(replace(take, **change), path)
    assert Counting.simulated == COUNT


def test_a_frame_that_no_attempt_can_simulate_is_named_and_nothing_is_left(
    take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(cloth: Counting, poses: Any, fps: float, *, after: Moment | None) -> Any:
        yield from itertools.islice(whole(cloth, poses, fps, after=after), 12)
        raise Dropped("the skirt is torn")

    whole = Counting.clip
    monkeypatch.setattr(Counting, "clip", torn)
    with pytest.raises(InputError, match=r"a.cloth: frame 12 of 23 cannot be simulated: the skirt is torn; take"):
        record(take, tmp_path / "a.cloth")
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_record_is_refused(take: Take, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no frames"):
        record(Take(take.versions, take.rest, (), 30.0, {}), tmp_path / "a.cloth")
    with pytest.raises(InputError, match="does not exist"):
        record(take, tmp_path / "none" / "a.cloth")


def test_a_second_run_on_the_same_file_is_refused_and_leaves_the_first_alone(
    take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(cloth: Counting, poses: Any, fps: float, *, after: Moment | None) -> Any:
        for number, garments in enumerate(whole(cloth, poses, fps, after=after)):
            if number == 12:
                before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
                with pytest.raises(UsageError, match=r"a.cloth: another run is recording into it; wait for"):
                    record(replace(take, seed=5), tmp_path / "a.cloth")
                assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
                refused.append(number)
            yield garments

    whole, refused = Counting.clip, []
    monkeypatch.setattr(Counting, "breaks_at", 10 * COUNT)
    record(take, tmp_path / "b.cloth")
    monkeypatch.setattr(Counting, "clip", meanwhile)
    record(take, tmp_path / "a.cloth")
    assert refused == [12]
    assert (tmp_path / "a.cloth").read_bytes() == (tmp_path / "b.cloth").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.cloth", "b.cloth"]


def test_a_lock_that_a_killed_run_left_is_no_obstacle(take: Take, tmp_path: Path) -> None:
    (tmp_path / "a.cloth.lock").touch()
    record(take, tmp_path / "a.cloth")
    assert [path.name for path in tmp_path.iterdir()] == ["a.cloth"]
