import json

import numpy as np
import pytest

from dressform.runtime.motion.clip import MotionClip, read_clip
from dressform.runtime.motion.procedural import motion
from dressform.schemas.errors import InputError


@pytest.fixture
def clip():
    whole = motion("turn")
    part = slice(0, 20)
    return MotionClip(
        "turn", whole.fps, whole.rotations[part], whole.root[part], whole.contacts[part], False, whole.reference_joints
    )


@pytest.mark.parametrize("name", ["turn.safetensors", "turn.json"])
def test_round_trip(tmp_path, clip, name):
    path = tmp_path / name
    clip.write(path)
    back = read_clip(path)
    assert (back.name, back.fps, back.loop, len(back)) == (clip.name, clip.fps, clip.loop, 20)
    np.testing.assert_allclose(back.rotations, clip.rotations, atol=1e-6)
    np.testing.assert_allclose(back.root, clip.root, atol=1e-6)
    np.testing.assert_array_equal(back.contacts, clip.contacts)
    np.testing.assert_allclose(back.reference_joints, clip.reference_joints, atol=1e-6)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_broken_files_end_in_one_line(tmp_path, clip):
    good = tmp_path / "good.safetensors"
    clip.write(good)
    data = good.read_bytes()
    cases = {
        "empty.safetensors": (b"", "not a motion clip"),
        "cut.safetensors": (data[: len(data) // 2], "not a motion clip"),
        "text.json": (b"hello", "not a readable JSON document"),
        "header.json": (json.dumps({"schema": "dressform/motion/1"}).encode(), "name"),
    }
    for name, (content, message) in cases.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InputError, match=message) as caught:
            read_clip(path)
        assert "\n" not in str(caught.value)
        assert name in str(caught.value)
    with pytest.raises(InputError, match=r"no such motion file"):
        read_clip(tmp_path / "absent.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"root": np.zeros((19, 3), np.float32)}, r"root must have shape \[20, 3\], found \[19, 3\]"),
        ({"root": np.full((20, 3), np.nan, np.float32)}, "root must be finite"),
        ({"rotations": np.zeros((20, 22, 4), np.float32)}, "length 1, found length 0.000"),
    ],
)
def test_broken_arrays_are_named(tmp_path, clip, change, message):
    import dataclasses

    path = tmp_path / "bad.safetensors"
    dataclasses.replace(clip, **change).write(path)
    with pytest.raises(InputError, match=message):
        read_clip(path)
