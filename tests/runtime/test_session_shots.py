"""Stills, turntables and what is written of frames, through the whole runtime."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import dressform as df
from dressform.runtime.body.protocol import Pose
from dressform.runtime.motion.playback import Player
from dressform.runtime.render.scene import Background
from dressform.runtime.render.shot import Shot
from dressform.runtime.session import Look, TryOn
from dressform.schemas.errors import UsageError

SIZE = (120, 160)


@pytest.fixture(scope="module")
def tryon(tube_library: Path, plain_avatar: Path) -> TryOn:
    return df.TryOn(plain_avatar, ["tube@^1:M"], library=tube_library, size=SIZE)


@pytest.fixture(scope="module")
def clear(tube_library: Path, plain_avatar: Path) -> TryOn:
    look = Look(background=Background.transparent())
    return df.TryOn(plain_avatar, ["tube@^1:M"], library=tube_library, size=SIZE, look=look)


def test_a_still_is_the_frame_of_the_stream_with_its_velocity(tryon: TryOn) -> None:
    *_, streamed = (frame.copy("velocity", "depth") for frame in tryon.stream("catwalk", fps=10, seconds=0.8))
    (still,) = (frame.copy("velocity", "depth") for frame in tryon.stream("catwalk", fps=10, shot=Shot(at=0.7)))
    assert np.array_equal(still.rgb, streamed.rgb)
    assert np.array_equal(still.depth, streamed.depth)
    assert np.array_equal(still.velocity, streamed.velocity)
    assert np.abs(still.velocity).max() > 0.5


@pytest.mark.parametrize("refine", ["off", "on"])
def test_a_late_still_starts_late_and_is_the_frame_of_the_stream(
    tryon: TryOn, refine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tryon, "_refine", refine)
    *_, streamed = (frame.copy("velocity", "depth") for frame in tryon.stream("catwalk", fps=8, seconds=9))
    played = 0
    original = Player.pose_at

    def counted(player: Player, time: float) -> Pose:
        nonlocal played
        played += 1
        return original(player, time)

    monkeypatch.setattr(Player, "pose_at", counted)
    (still,) = (frame.copy("velocity", "depth") for frame in tryon.stream("catwalk", fps=8, shot=Shot(at=8.875)))
    assert played < 24 + 30  # poses that tell how the clip is fitted, then three seconds
    # the sun's map has grown with what the stream has shown: edges of shadows differ, and nothing else
    apart = np.abs(still.rgb.astype(int) - streamed.rgb).max(axis=-1)
    assert (apart > 3).mean() < 0.01
    np.testing.assert_allclose(still.depth, streamed.depth, rtol=1e-6)
    np.testing.assert_allclose(still.velocity, streamed.velocity, atol=1e-4)
    assert len(list(tryon.stream("catwalk", fps=30, shot=Shot(at=86400.0)))) == 1


def test_a_second_stream_has_no_motion_since_the_first(tryon: TryOn) -> None:
    """Even one that is left early, with frames in the making that nobody saw."""
    for _ in range(2):
        stream = tryon.stream("catwalk", fps=10)
        assert np.abs(next(stream).velocity).max() < 1e-3
        assert np.abs(next(stream).velocity).max() > 0.5
        stream.close()


def test_a_turntable_of_a_held_pose_has_no_seam(tryon: TryOn) -> None:
    shot = Shot(at=0.5, turntable=True)
    frames = [frame.copy("velocity") for frame in tryon.stream("catwalk", fps=8, seconds=3, shot=shot)]
    assert len(frames) == 24
    eyes = np.array([frame.camera.T_world_cam[:2, 3] for frame in frames])
    steps = np.linalg.norm(np.diff(eyes, axis=0, append=eyes[:1]), axis=1)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-6)
    # the camera goes to the right, so what is near moves to the left, from the first frame on and at an even pace
    first, last = (np.percentile(np.abs(frames[index].velocity[..., 0]), 99) for index in (0, -1))
    assert first == pytest.approx(last, rel=0.25)
    assert first > 0.5


def test_a_turntable_in_motion_ends_where_it_began(tryon: TryOn) -> None:
    clip = df.motion("arms-raise")
    shot = Shot(turntable=True)
    fps = 4.0
    frames = [frame.copy("mask") for frame in tryon.stream(clip, fps=fps, seconds=7, shot=shot)]
    assert len(frames) == 28
    centres = [frame.camera.T_world_cam[:3, 3] for frame in frames]
    around = np.unwrap([np.arctan2(eye[1], eye[0]) for eye in centres])
    np.testing.assert_allclose(np.diff(around), 2 * np.pi / 28, atol=0.01)
    changed = [np.mean(a.mask != b.mask) for a, b in zip(frames, [*frames[1:], frames[0]], strict=True)]
    assert changed[-1] <= 1.2 * max(changed[:-1])


def test_a_cut_out_video_and_its_pictures_agree(clear: TryOn, tmp_path: Path) -> None:
    report = clear.write(tmp_path / "a.mov", "idle", seconds=0.3, fps=10)
    assert report.frames == 3
    clear.write(tmp_path / "a.webm", "idle", seconds=0.3, fps=10)
    clear.write(tmp_path / "a", "idle", seconds=0.3, fps=10, outputs=["rgb", "segments"])
    with av.open(str(tmp_path / "a.mov")) as container:
        frame = next(container.decode(video=0))
        values = np.frombuffer(frame.planes[3], np.uint16).reshape(SIZE[1], -1)[:, : SIZE[0]]
    with Image.open(tmp_path / "a" / "rgb.000001.png") as image:
        shown = np.asarray(image)
    assert shown.shape == (SIZE[1], SIZE[0], 4)
    assert np.abs(values / 4095 - shown[..., 3] / 255).max() < 0.01
    notes = json.loads((tmp_path / "a" / "frames.json").read_text())
    assert notes["alpha"] == "straight"
    assert notes["segments"]["tube"] == 2
    assert 0.02 < notes["frames"][0]["visible"]["tube"] < 0.3


def test_pictures_are_written_by_name(tryon: TryOn, tmp_path: Path) -> None:
    assert tryon.write(tmp_path / "still.png", "idle").frames == 1
    assert tryon.write(tmp_path / "still.npz", "idle", shot=Shot(at=0.2), outputs=["depth", "vertices"]).frames == 1
    with np.load(tmp_path / "still.npz") as held:
        assert held["depth"].shape == SIZE[::-1]
        assert held["vertices.tube"].any()
        assert not held["vertices.tube"].all()
    with pytest.raises(UsageError, match=r"--at is for a still or a turntable, and 'a\.mp4' is a video"):
        tryon.write(tmp_path / "a.mp4", "idle", shot=Shot(at=0.2))
    (tmp_path / "a.exr").write_text("before")
    with pytest.raises(UsageError, match=r"--turntable makes many pictures, and 'a\.exr' is one"):
        tryon.write(tmp_path / "a.exr", "idle", shot=Shot(turntable=True))
    assert (tmp_path / "a.exr").read_text() == "before"
    assert not (tmp_path / "a.mp4").exists()


def test_supersampled_stills_of_odd_size(tube_library: Path, plain_avatar: Path) -> None:
    pictures = []
    for samples in (1, 3):
        look = Look(samples=samples)
        session = df.TryOn(plain_avatar, ["tube@^1:M"], library=tube_library, size=(101, 143), look=look)
        (frame,) = session.stream("idle", shot=Shot(at=0.0))
        assert frame.sample_px == 0.5
        pictures.append(frame.rgb.astype(float))
    assert pictures[0].shape == (143, 101, 3)
    assert 0.1 < np.abs(pictures[0] - pictures[1]).mean() < 3
