"""The file of a simulated clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dressform.assets.files.cloth_clip import ClothFrame, WornInClip, clip_header, frame_bytes, read_clip
from dressform.schemas.errors import InputError

GARMENTS = (WornInClip("tee", "1.0.0", "a" * 64, "M", 5), WornInClip("skirt", "1.2.0", "b" * 64, "S", 4))


def frames(count: int = 3) -> list[ClothFrame]:
    random = np.random.default_rng(3)

    def some(*shape: int) -> np.ndarray:
        return random.normal(size=shape).astype(np.float32)

    def turns() -> np.ndarray:
        quaternions = some(22, 4)
        return quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)

    return [ClothFrame(turns(), some(3), [some(5, 3), some(4, 3)]) for _ in range(count)]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "walk.cloth"
    header = clip_header(24.0, 3, GARMENTS, {"motion": "walk", "measures": {"height": 1.7}})
    path.write_bytes(header + b"".join(map(frame_bytes, frames())))
    return path


def test_a_clip_reads_back_as_it_was_written(clip: Path) -> None:
    found = read_clip(clip)
    assert (found.fps, found.frames, found.garments) == (24.0, 3, GARMENTS)
    assert found.about == {"motion": "walk", "measures": {"height": 1.7}}
    for got, want in zip(found, frames(), strict=True):
        assert np.array_equal(got.rotations, want.rotations)
        assert np.array_equal(got.root, want.root)
        assert all(np.array_equal(a, b) for a, b in zip(got.garments, want.garments, strict=True))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: b"PK" + data[2:], "another kind of file"),
        (lambda data: data[:-4], "needed .* bytes for 3 frames"),
        (lambda data: data[:8] + b"\xff\xff\xff\xff" + data[12:], "header.*not a readable JSON document"),
        (lambda data: data.replace(b'"fps"', b'"fpx"'), "its header is damaged .'fps' is missing."),
        (lambda data: data.replace(b'"frames": 3', b'"frames":-3'), "does not describe a clip"),
        (lambda data: data[:5], "another kind of file"),
        (lambda data: data[:8] + (60_000).to_bytes(4, "little") + b"[" * 60_000, "not a readable JSON document"),
        (lambda data: data.replace(b'"frames": 3', b'"frames":1e999'), "not a readable JSON document"),
        (lambda data: data.replace(b'"frames": 3', b'"frames":[]'), "a value is of another type"),
        (lambda data: data.replace(b'"fps": 24.0', b'"fps":1e-30'), "does not describe a clip"),
        (lambda data: data.replace(b'"fps": 24.0', b'"fps":"abc"'), "does not describe a clip"),
        (lambda data: data.replace(b'"garments": [', b'"garments":77,"x":['), "not a readable|of another type"),
        (lambda data: data.replace(b'"size": "M"', b'"size": 7  '), "a value is of another type"),
        (lambda data: data.replace(b'{"height": 1.7}', b'["height", 1.7]'), "does not describe a clip"),
        (lambda data: data.replace(b'{"height": 1.7}', b'{"height":"17"}'), "does not describe a clip"),
    ],
)
def test_a_damaged_clip_is_refused_in_one_line(clip: Path, damage: object, message: str) -> None:
    clip.write_bytes(damage(clip.read_bytes()))  # type: ignore[operator]
    with pytest.raises(InputError, match=message):
        read_clip(clip)


@pytest.mark.parametrize(
    ("from_end", "value", "message"),
    [
        (4, np.nan, "frame 2 holds what is not a number"),
        (4, 1e30, "frame 2 holds a place farther than 100 km away"),
        (4 * 30, -np.inf, "frame 2 holds what is not a number"),
        (4 * 28, 3e5, "frame 2 holds a place farther"),
        (4 * 31, 7.0, "frame 2 holds a rotation that is no quaternion of length 1"),
    ],
)
def test_a_frame_that_no_body_can_show_is_refused(clip: Path, from_end: int, value: float, message: str) -> None:
    data = bytearray(clip.read_bytes())
    data[len(data) - from_end : len(data) - from_end + 4] = np.float32(value).tobytes()
    clip.write_bytes(data)
    found = read_clip(clip)
    found.frame(1)
    with pytest.raises(InputError, match=message):
        found.frame(2)


def test_a_frame_that_is_not_there_is_refused(clip: Path) -> None:
    with pytest.raises(InputError, match="has frames 0 to 2, not 3"):
        read_clip(clip).frame(3)
