"""Simulated clips as USD."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dressform.assets.files.cloth_clip import ClothClip, ClothFrame, WornInClip, clip_header, frame_bytes, read_clip
from dressform.assets.files.garment import GarmentMesh, Material
from dressform.authoring.formats.usd_clip import write_usd_clip
from dressform.schemas.errors import UsageError


@pytest.fixture
def clip(tmp_path: Path) -> ClothClip:
    """Three frames of two garments, of five and of four points."""
    random = np.random.default_rng(3)

    def some(*shape: int) -> np.ndarray:
        return random.normal(size=shape).astype(np.float32)

    still = np.tile(np.array([0, 0, 0, 1], np.float32), (22, 1))
    worn = (WornInClip("tee", "1.0.0", "a" * 64, "M", 5), WornInClip("skirt", "1.2.0", "b" * 64, "S", 4))
    frames = [ClothFrame(still, some(3), [some(5, 3), some(4, 3)]) for _ in range(3)]
    path = tmp_path / "walk.cloth"
    path.write_bytes(clip_header(24.0, 3, worn, {"motion": "walk"}) + b"".join(map(frame_bytes, frames)))
    return read_clip(path)


def plain(count: int) -> GarmentMesh:
    faces = np.array([[0, 1, 2], [1, 3, 2]], np.int32)
    return GarmentMesh(
        np.zeros((count, 3), np.float32), faces, None, None, None, None, (Material(),), np.zeros(2, np.int32)
    )


@pytest.mark.parametrize("suffix", [".usda", ".usdc"])
def test_usd_has_a_sample_of_each_garment_a_frame(clip: ClothClip, suffix: str) -> None:
    usd = pytest.importorskip("pxr.Usd")
    target = clip.path.with_suffix(suffix)
    write_usd_clip(target, clip, [plain(5), plain(4)])
    stage = usd.Stage.Open(str(target))
    assert (stage.GetEndTimeCode(), stage.GetTimeCodesPerSecond()) == (2.0, 24.0)
    attribute = stage.GetPrimAtPath("/clip/garment_2").GetAttribute("points")
    assert attribute.GetTimeSamples() == [0.0, 1.0, 2.0]
    x, y, z = clip.frame(1).garments[1].T
    assert np.allclose(np.array(attribute.Get(1)), np.stack([x, z, -y], axis=1), atol=1e-5)
    assert [path.name for path in target.parent.iterdir() if path.name.startswith(".")] == []


def test_a_target_that_usd_cannot_have_is_refused(clip: ClothClip) -> None:
    with pytest.raises(UsageError, match=r"must end in one of .usda, .usdc, .usd"):
        write_usd_clip(clip.path.with_suffix(".fbx"), clip, [plain(5), plain(4)])
