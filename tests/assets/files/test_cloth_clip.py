"""The file of a simulated clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dressform.assets.files.cloth_clip import ClothFrame, WornInClip, clip_header, frame_bytes, read_clip
from dressform.assets.files.garment import GarmentMesh, Material
from dressform.authoring.formats.usd_clip import write_usd_clip
from dressform.schemas.errors import InputError, UsageError

GARMENTS = (WornInClip("tee", "1.0.0", "a" * 64, "M", 5), WornInClip("skirt", "1.2.0", "b" * 64, "S", 4))


def frames(count: int = 3) -> list[ClothFrame]:
    random = np.random.default_rng(3)

    def some(*shape: int) -> np.ndarray:
        return random.normal(size=shape).astype(np.float32)

    return [ClothFrame(some(22, 4), some(3), [some(5, 3), some(4, 3)]) for _ in range(count)]


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
        (lambda data: data.replace(b'"fps"', b'"fpx"'), "its header is damaged"),
        (lambda data: data.replace(b'"frames": 3', b'"frames":-3'), "does not describe a clip"),
        (lambda data: data[:5], "another kind of file"),
        (lambda data: data[:8] + (60_000).to_bytes(4, "little") + b"[" * 60_000, "not a readable JSON document"),
        (lambda data: data.replace(b'"frames": 3', b'"frames":1e999'), "not a readable JSON document"),
    ],
)
def test_a_damaged_clip_is_refused_in_one_line(clip: Path, damage: object, message: str) -> None:
    clip.write_bytes(damage(clip.read_bytes()))  # type: ignore[operator]
    with pytest.raises(InputError, match=message):
        read_clip(clip)


def test_a_frame_that_holds_nan_is_refused(clip: Path) -> None:
    clip.write_bytes(clip.read_bytes()[:-4] + np.float32(np.nan).tobytes())
    found = read_clip(clip)
    found.frame(1)
    with pytest.raises(InputError, match="frame 2 holds what is not a number"):
        found.frame(2)


def test_a_frame_that_is_not_there_is_refused(clip: Path) -> None:
    with pytest.raises(InputError, match="has frames 0 to 2, not 3"):
        read_clip(clip).frame(3)


def plain(count: int) -> GarmentMesh:
    faces = np.array([[0, 1, 2], [1, 3, 2]], np.int32)
    return GarmentMesh(
        np.zeros((count, 3), np.float32), faces, None, None, None, None, (Material(),), np.zeros(2, np.int32)
    )


@pytest.mark.parametrize("suffix", [".usda", ".usdc"])
def test_usd_has_a_sample_of_each_garment_a_frame(clip: Path, suffix: str) -> None:
    usd = pytest.importorskip("pxr.Usd")
    target = clip.with_suffix(suffix)
    write_usd_clip(target, read_clip(clip), [plain(5), plain(4)])
    stage = usd.Stage.Open(str(target))
    assert (stage.GetEndTimeCode(), stage.GetTimeCodesPerSecond()) == (2.0, 24.0)
    attribute = stage.GetPrimAtPath("/clip/garment_2").GetAttribute("points")
    assert attribute.GetTimeSamples() == [0.0, 1.0, 2.0]
    x, y, z = frames()[1].garments[1].T
    assert np.allclose(np.array(attribute.Get(1)), np.stack([x, z, -y], axis=1), atol=1e-5)
    assert [path.name for path in clip.parent.iterdir() if path.name.startswith(".")] == []


def test_a_target_that_usd_cannot_have_is_refused(clip: Path) -> None:
    with pytest.raises(UsageError, match=r"must end in one of .usda, .usdc, .usd"):
        write_usd_clip(clip.with_suffix(".fbx"), read_clip(clip), [plain(5), plain(4)])
