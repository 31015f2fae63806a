"""The runtime as a developer uses it: an avatar, a library, frames."""

from __future__ import annotations

import gc
import threading
import warnings
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import dressform as df
from dressform.assets.files.garment import GarmentMesh
from dressform.assets.library import Library
from dressform.runtime.avatar.avatar_file import Avatar
from dressform.runtime.body.canonical import CANONICAL_SHAPE, canonical_rest
from dressform.runtime.motion.procedural import motion
from dressform.runtime.render.drawing import Drawing
from dressform.runtime.render.garment_scene import garment_scene
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Lighting, SceneMesh
from dressform.runtime.session import Look, TryOn
from dressform.schemas.errors import AssetError, UsageError

SIZE = (128, 128)


@pytest.fixture(scope="module")
def tryon(tube_library: Path, plain_avatar: Path) -> TryOn:
    return df.TryOn(plain_avatar, ["tube@^1:M"], library=tube_library, size=SIZE)


def test_frames_show_body_and_garment(tryon: TryOn) -> None:
    frame = next(iter(tryon.stream("idle", fps=10)))
    assert frame.rgb.shape == (128, 128, 3)
    assert frame.rgb.dtype == np.uint8
    seen = set(np.unique(frame.mask).tolist())
    assert {0, 1, 2} <= seen  # background, body, garment
    assert (frame.depth[frame.mask > 0] > 1).all()
    assert frame.rgb[frame.mask == 2].std() > 5


@pytest.mark.parametrize(("preset", "changed"), [("realtime", True), ("quality", False)])
def test_light_is_baked_as_the_person_stands_at_rest(
    preset: str, changed: bool, tube_library: Path, plain_avatar: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown() -> np.ndarray:
        look = Look(preset=preset)
        tryon = TryOn(plain_avatar, ["tube@^1:M"], library=tube_library, size=SIZE, look=look)
        return next(iter(tryon.stream("idle", fps=10))).rgb.astype(int)

    baked = shown()
    monkeypatch.setattr(Renderer, "bake", lambda *_: None)
    bare = shown()
    assert (baked < bare).any() == changed
    assert (baked <= bare + 1).all()  # light is taken away, none comes to it


def test_a_garment_may_be_under_light_of_its_own(tube_library: Path, plain_avatar: Path) -> None:
    studio = Lighting.studio()
    seen = []
    for light in (studio, replace(studio, sh_of={"tube": np.zeros((9, 3), np.float32)})):
        tryon = TryOn(plain_avatar, ["tube@^1:M"], library=tube_library, size=SIZE, look=Look(lighting=light))
        frame = next(iter(tryon.stream("idle", fps=10)))
        seen.append(frame.linear.copy())
    garment = (frame.coverage[..., 2] > 0.999) & (frame.mask == 2)
    elsewhere = frame.coverage[..., 2] == 0.0
    assert seen[1][garment].mean() < 0.7 * seen[0][garment].mean()
    assert np.array_equal(seen[1][elsewhere], seen[0][elsewhere])


def test_sheer_garments_that_memory_does_not_hold_are_refused_in_one_line(
    tube_library: Path, plain_avatar: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sheer(mesh: GarmentMesh, name: str) -> list[SceneMesh]:
        return [replace(part, material=replace(part.material, opacity=0.5)) for part in garment_scene(mesh, name)]

    monkeypatch.setattr("dressform.runtime.session.garment_scene", sheer)
    monkeypatch.setattr("dressform.runtime.render.checks.free_bytes", lambda device: 3_000_000_000)
    with pytest.raises(UsageError, match=r"^--size 512x512 with 8x8 samples a pixel needs .* GB of memory"):
        TryOn(plain_avatar, ["tube@^1:M"], library=tube_library, size=(512, 512), look=Look(samples=8))


def test_the_stream_is_as_long_as_asked_for_and_repeats_itself(tryon: TryOn) -> None:
    first = [frame.rgb.copy() for frame in tryon.stream("catwalk", fps=10, seconds=0.5)]
    second = [frame.rgb.copy() for frame in tryon.stream("catwalk", fps=10, seconds=0.5)]
    assert len(first) == len(second) == 5
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first[0], first[-1])


def test_an_endless_stream_can_be_left(tryon: TryOn) -> None:
    assert len(list(islice(tryon.stream("turn", fps=10), 3))) == 3
    assert len(list(tryon.stream("turn", fps=10, seconds=0.3))) == 3


def test_a_clip_and_a_file_give_the_same_frames_as_the_name(tryon: TryOn, tmp_path: Path) -> None:
    clip = motion("arms-raise")
    clip.write(tmp_path / "clip.safetensors")
    frames = [
        next(iter(tryon.stream(source, fps=10))).rgb.copy()
        for source in ("arms-raise", clip, tmp_path / "clip.safetensors", df.motion("arms-raise"))
    ]
    assert all(np.array_equal(frames[0], frame) for frame in frames[1:])


def test_write_gives_the_video_it_reports(tryon: TryOn, tmp_path: Path) -> None:
    told: list[float] = []
    report = tryon.write(tmp_path / "out.mp4", seconds=0.6, fps=20, progress=lambda f, m: told.append(f))
    with av.open(str(report.path)) as video:
        stream = video.streams.video[0]
        assert (stream.width, stream.height) == SIZE
        assert sum(1 for _ in video.decode(video=0)) == report.frames == 12
    assert told[-1] == 1.0
    assert told == sorted(told)
    assert {"pose", "dress", "draw", "shade"} <= set(report.stages_ms)


def test_refine_changes_a_motion_only_where_it_is_wanted(tube_library: Path, plain_avatar: Path) -> None:
    def frame(refine: str) -> np.ndarray:
        session = TryOn(plain_avatar, library=tube_library, size=SIZE, refine=refine)
        *_, last = (f.rgb.copy() for f in session.stream("catwalk", fps=10, seconds=0.6))
        return last

    off = frame("off")
    assert np.array_equal(off, frame("auto"))
    assert not np.array_equal(off, frame("on"))


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        ({"wear": ["nothing"]}, AssetError, "nothing"),
        ({"wear": ["tube@^9"]}, AssetError, "1.0.0"),
        ({"wear": ["tube:XXL"]}, AssetError, "size"),
        ({"device": "abacus"}, UsageError, "--device"),
        ({"refine": "perhaps"}, UsageError, "refine"),
        ({"size": (0, 512)}, UsageError, "--size must be .* 1 to 16384 px"),
        ({"size": (512.5, 512)}, UsageError, "--size"),
        ({"look": Look(preset="best")}, UsageError, "--preset must be one of realtime, quality"),
    ],
)
def test_wrong_use_is_one_line(
    change: dict[str, object], kind: type[Exception], says: str, tube_library: Path, plain_avatar: Path
) -> None:
    arguments: dict[str, object] = {"wear": ["tube"], "library": tube_library, "size": SIZE, **change}
    with pytest.raises(kind, match=says) as caught:
        TryOn(plain_avatar, **arguments)  # type: ignore[arg-type]  # wrong on purpose
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", [{"fps": 0.0}, {"fps": float("nan")}, {"seconds": float("inf")}, {"seconds": -1.0}])
def test_a_stream_of_no_length_or_rate_is_refused(tryon: TryOn, wrong: dict[str, float], tmp_path: Path) -> None:
    (name,) = wrong
    with pytest.raises(UsageError, match=name):
        next(iter(tryon.stream(**wrong)))
    with pytest.raises(UsageError, match=name):
        tryon.write(tmp_path / "out.mp4", **wrong)
    assert not list(tmp_path.iterdir())


def test_cloth_that_blows_up_in_a_frame_is_left_out_and_told_of_once(
    tube_library: Path, plain_avatar: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = TryOn(plain_avatar, ["tube"], library=tube_library, size=SIZE)
    body, *_ = (len(part) for part in [session.rest.vertices])
    dress, count = session._dress, 0

    def blown(frames: Any, drawing: Drawing) -> Any:
        nonlocal count
        pose = dress(frames, drawing)
        points = drawing.vertices.numpy()
        if count in (1, 2):
            points[body : body + 40] = np.nan
        drawing.vertices.assign(points)
        count += 1
        return pose

    monkeypatch.setattr(session, "_dress", blown)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        frames = [frame.copy() for frame in session.stream("idle", fps=10, seconds=0.5)]
    assert [str(each.message).partition(": ")[2] for each in said] == ["40 of tube"]
    cloth = [int((frame.mask == 2).sum()) for frame in frames]
    assert 0 < max(cloth[1:3]) < 0.99 * min(cloth[0], *cloth[3:])
    assert min(cloth[0], *cloth[3:]) > 0.95 * max(cloth)


def test_a_second_stream_ends_the_first(tryon: TryOn) -> None:
    alone = [frame.rgb.copy() for frame in tryon.stream("turn", fps=10, seconds=0.4)]
    first = tryon.stream("catwalk", fps=10)
    next(first)
    for frame, expected in zip(tryon.stream("turn", fps=10, seconds=0.4), alone, strict=True):
        np.testing.assert_array_equal(frame.rgb, expected)
    with pytest.raises(UsageError, match="another stream of this TryOn has begun"):
        next(first)


def test_a_stream_that_is_left_leaves_no_thread(tryon: TryOn) -> None:
    for frame in tryon.stream("catwalk", fps=10):
        assert frame.rgb.any()
        break
    gc.collect()
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith(("dress", "draw"))]


def test_a_video_that_fails_leaves_the_old_one(tryon: TryOn, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    target.write_bytes(b"old")
    with pytest.raises(UsageError):
        tryon.write(target, "moonwalk", seconds=1)
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_a_shirt_does_not_come_through_the_hem_of_a_jacket() -> None:
    shape = {**CANONICAL_SHAPE, "weight": 0.75, "gender": 1.0}
    avatar = Avatar("anny", shape, {"height": canonical_rest().body.rest(shape).measures().height})
    tryon = df.TryOn(avatar, ["tee:L", "jacket:L"], library=Library.embedded(), size=(512, 512))
    mask = next(iter(tryon.stream("idle", fps=30))).mask
    jacket = mask == 3
    rows = np.flatnonzero(jacket.any(axis=1))
    lowest = slice(rows[-1] - (rows[-1] - rows[0]) // 10, rows[-1] + 1)
    columns = np.flatnonzero(jacket[lowest].any(axis=0))
    middle, width = (columns[0] + columns[-1]) // 2, columns[-1] - columns[0]
    beside_the_zip = np.abs(np.arange(512) - middle) > 0.12 * width
    assert jacket[lowest][:, beside_the_zip].sum() > 500
    assert (mask[lowest][:, beside_the_zip] == 2).sum() == 0  # 79 px while hems counted as what cloth lies on
