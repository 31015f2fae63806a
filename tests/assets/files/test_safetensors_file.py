"""What rigs and fields on disk share: truncated, foreign and damaged files give one line."""

import json
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from dressform.assets.files.field_file import field_bytes, read_field
from dressform.assets.files.rig_file import read_rig, rig_bytes
from dressform.assets.files.safetensors_file import encode, read_limited, read_names
from dressform.schemas.errors import InputError

from .test_field_file import make_field

READERS = {"rig": read_rig, "field": read_field}


@pytest.fixture(params=READERS)
def kind(request):
    return request.param


@pytest.fixture
def data(kind, rig):
    return rig_bytes(rig) if kind == "rig" else field_bytes(make_field())


def test_truncated_empty_and_foreign_files(kind, data, tmp_path):
    path = tmp_path / kind
    foreign = [b"", b"\0" * 100, struct.pack("<Q", 2**60) + b"{}", b"not one at all, only text"]
    for content in [*foreign, *(data[:n] for n in range(0, len(data), len(data) // 15))]:
        path.write_bytes(content)
        with pytest.raises(InputError):
            READERS[kind](path)
    with pytest.raises(InputError, match="cannot be read"):
        READERS[kind](tmp_path / "none")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 2**32 - 1), value=st.integers(0, 255))
def test_flipped_bytes_give_what_it_was_or_one_line(kind, data, tmp_path_factory, place, value):
    flipped = bytearray(data)
    flipped[place % len(data)] = value
    path = tmp_path_factory.getbasetemp() / f"flipped_{kind}"
    path.write_bytes(flipped)
    said = ""
    try:
        assert np.isfinite(READERS[kind](path).joint_weights).all()
    except InputError as error:
        said = str(error)
    assert "\n" not in said


def test_a_larger_file_is_not_read(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(bytes(2**20 + 1))
    with pytest.raises(InputError, match="1 MiB, needed at most 1 MiB"):
        read_limited(path, 2**20)
    assert len(read_limited(path, 2**21)) == 2**20 + 1


@pytest.mark.parametrize("entry", ["{", "3", "[]", '"rig"', "{}", "[" * 100_000])
def test_a_header_that_says_something_else_is_refused(entry):
    content = save({"a": np.zeros(1)}, metadata={"dressform": entry})
    with pytest.raises(InputError, match=r"here: not a rig file \(no dressform/rig/1 entry\); rig it again"):
        read_names(content, "here", "dressform/rig/1", "rig it again")


def test_names_come_back_and_equal_files_are_equal_bytes():
    names = {"schema": "dressform/rig/1", "b": [1], "a": {"x": "é"}}
    content = encode({"one": np.ones(2), "two": np.zeros(3)}, names)
    assert content == encode({"two": np.zeros(3), "one": np.ones(2)}, dict(reversed(names.items())))
    assert read_names(content, "here", "dressform/rig/1", "") == json.loads(json.dumps(names))
