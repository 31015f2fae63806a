from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from safetensors.numpy import save

from dressform.assets.files.rig import Rig
from dressform.assets.files.rig_file import read_rig, rig_bytes, write_rig
from dressform.schemas.errors import InputError


def test_round_trip_is_exact(rig, tmp_path):
    path = tmp_path / "rig.anny.safetensors"
    write_rig(path, rig)
    back = read_rig(path)
    for name, value in vars(rig).items():
        other = getattr(back, name)
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(other, value)
            assert other.dtype == value.dtype
        else:
            assert other == value
    assert rig_bytes(back) == path.read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: {"joint_weights": r.joint_weights * np.float32(0.93)}, "sum to 0.9300 at point"),
        (lambda r: {"joint_weights": -r.joint_weights}, "negative at point"),
        (lambda r: {"joint_weights": r.joint_weights * np.float32(np.nan)}, "not finite"),
        (lambda r: {"joint_indices": r.joint_indices + 12}, "joint_indices: index"),
        (lambda r: {"binding_triangles": r.binding_triangles + 40}, "binding_triangles: index"),
        (lambda r: {"binding_offsets": r.binding_offsets[:3]}, r"must be \[40, 3\], found \[3, 3\]"),
    ],
)
def test_unsound_rig_is_neither_written_nor_read(rig, tmp_path, change, message):
    broken = dataclasses.replace(rig, **change(rig))
    with pytest.raises(InputError, match=message):
        write_rig(tmp_path / "rig", broken)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "rig").write_bytes(unchecked_bytes(broken))
    with pytest.raises(InputError, match=message):
        read_rig(tmp_path / "rig")


def unchecked_bytes(rig: Rig, **names: object) -> bytes:
    arrays = {name: np.ascontiguousarray(value) for name, value in vars(rig).items() if isinstance(value, np.ndarray)}
    held = {"schema": "dressform/rig/1", "body": rig.body, "body_digest": rig.body_digest, "joints": list(rig.joints)}
    return save(arrays, metadata={"dressform": json.dumps({**held, **names})})


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"schema": "dressform/rig/9"}, "schema is 'dressform/rig/9', needed 'dressform/rig/1'"),
        ({"joints": [1, 2]}, "joints are missing or not text"),
        ({"joints": []}, "joints are missing or not text"),
        ({"body": None}, "body, body_digest or joints"),
    ],
)
def test_wrong_names(rig, tmp_path, names, message):
    (tmp_path / "rig").write_bytes(unchecked_bytes(rig, **names))
    with pytest.raises(InputError, match=message):
        read_rig(tmp_path / "rig")


def test_wrong_type_and_missing_array(rig, tmp_path):
    (tmp_path / "rig").write_bytes(
        unchecked_bytes(dataclasses.replace(rig, joint_weights=rig.joint_weights.astype(np.float64)))
    )
    with pytest.raises(InputError, match="joint_weights is float64, needed float32"):
        read_rig(tmp_path / "rig")
    (tmp_path / "rig").write_bytes(unchecked_bytes(dataclasses.replace(rig, hide="none")))
    with pytest.raises(InputError, match=r"needed .*'hide'"):
        read_rig(tmp_path / "rig")
