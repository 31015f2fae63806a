"""Simulated clips shown by a try-on: their garments and poses, on the body that they were simulated on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dressform.assets.files.cloth_clip import ClothClip, ClothFrame, WornInClip, clip_header, frame_bytes, read_clip
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.render.shot import Shot
from dressform.runtime.session import TryOn
from dressform.schemas.errors import InputError

FRAMES = 3
Clip = Callable[..., ClothClip]


@pytest.fixture(scope="module")
def tryon(tube_library: Path, plain_avatar: Path) -> TryOn:
    return TryOn(plain_avatar, ["tube"], library=tube_library, size=(128, 128))


@pytest.fixture
def clip(tryon: TryOn, tmp_path: Path) -> Clip:
    """Write a clip of the tube, which rises from frame to frame, and of the body, whose arms stay down."""

    def write(name: str = "tube", size: str = "M", points: int | None = None, taller: float = 0.0) -> ClothClip:
        rest = canonical_rest()
        (cloth,) = tryon.outfit.rest_points
        pose = rest.rest_pose()
        shown = cloth if points is None else cloth[:points]
        rises = [np.array([0, 0, 0.1 * k], np.float32) for k in range(FRAMES)]
        frames = [ClothFrame(pose.rotations, pose.root, [shown + rise]) for rise in rises]
        measures = rest.measures().as_dict()
        measures["height"] += taller
        worn = (WornInClip(name, "1.0.0", "0" * 64, size, len(shown)),)
        path = tmp_path / "walk.cloth"
        header = clip_header(12.0, FRAMES, worn, {"measures": measures})
        path.write_bytes(header + b"".join(map(frame_bytes, frames)))
        return read_clip(path)

    return write


def test_frames_show_the_garments_where_they_were_simulated(tryon: TryOn, clip: Clip) -> None:
    assert tryon.replay(clip()).fps == 12.0
    middles, bodies = [], []
    for frame in tryon.stream(fps=12.0):
        middles.append(float(np.argwhere(frame.mask == 2)[:, 0].mean()))
        bodies.append(tryon.outfit.split(tryon._renderer.vertices.numpy())[0].copy())
    assert len(middles) == FRAMES
    assert np.all(np.diff(middles) < -2), "the tube rises in the picture"
    assert all(np.array_equal(bodies[0], body) for body in bodies), "and the body stands still"


def test_garments_are_lifted_onto_the_ground_with_the_body(
    tryon: TryOn, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tryon, "_appearance", replace(tryon._appearance, ground_offset=0.03))
    tryon.replay(clip())
    next(iter(tryon.stream()))
    body, cloth = tryon.outfit.split(tryon._renderer.vertices.numpy())
    assert np.abs(cloth - tryon.outfit.rest_points[0] - (0, 0, 0.03)).max() < 1e-4
    assert body[:, 2].max() == pytest.approx(canonical_rest().vertices[:, 2].max() + 0.03, abs=1e-4)


def test_a_replayed_shot_goes_by_the_clips_rate(tryon: TryOn, clip: Clip) -> None:
    tryon.replay(clip())
    rows = [float(np.argwhere(frame.mask == 2)[:, 0].mean()) for frame in tryon.stream(fps=50)]
    for at, shown in ((0.0, 0), (1 / 12, 1), (2 / 12, 2), (86400.0, 2)):
        (still,) = tryon.stream(fps=50, shot=Shot(at=at))
        assert float(np.argwhere(still.mask == 2)[:, 0].mean()) == pytest.approx(rows[shown], abs=1e-3)
    assert len(list(tryon.stream(fps=50, seconds=2.0, shot=Shot(at=0.0, turntable=True)))) == 24


def test_a_replayed_video_has_the_length_and_rate_of_its_clip(tryon: TryOn, clip: Clip, tmp_path: Path) -> None:
    tryon.replay(clip())
    assert tryon.write(tmp_path / "walk.mp4", seconds=9.0, fps=30.0).frames == FRAMES


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"name": "skirt"}, r"needed skirt:M \(\d+ points\), found tube:M \(\d+ points\)"),
        ({"size": "L"}, r"needed tube:L \(\d+ points\), found tube:M"),
        ({"points": 7}, r"needed tube:M \(7 points\), found tube:M"),
        ({"taller": 0.01}, "simulated on another body; simulate it for this avatar"),
    ],
)
def test_a_clip_of_something_else_is_refused(tryon: TryOn, clip: Clip, other: dict[str, object], message: str) -> None:
    before = tryon.simulated
    with pytest.raises(InputError, match=message):
        tryon.replay(clip(**other))
    assert tryon.simulated is before


def test_a_running_stream_keeps_its_motion(tryon: TryOn, clip: Clip) -> None:
    tryon.simulated = None
    alone = [frame.rgb.copy() for frame in tryon.stream("idle", fps=10, seconds=0.3)]
    stream = tryon.stream("idle", fps=10, seconds=0.3)
    frames = [next(stream).rgb.copy()]
    tryon.replay(clip())
    frames += [frame.rgb.copy() for frame in stream]
    assert np.array_equal(frames, alone)
