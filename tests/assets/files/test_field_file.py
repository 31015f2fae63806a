import dataclasses
import json
import struct

import numpy as np
import pytest
from safetensors.numpy import load, save

from dressform.assets.files.field import Field, FieldModel, Wrinkles, field_at, lod_field, wrinkles_at
from dressform.assets.files.field_file import as_written, field_bytes, read_field, write_field
from dressform.schemas.errors import InputError

FEATURES, CENTRES, MODES, POINTS, JOINTS = 3, 5, 4, 20, 2


def make_field(seed=0):
    rng = np.random.default_rng(seed)

    def some(*shape):
        return rng.normal(size=shape).astype(np.float32)

    weights = rng.uniform(0.1, 1, (POINTS, JOINTS))
    model = FieldModel(
        shift=some(FEATURES), scale=some(FEATURES), low=np.full(FEATURES, -1, np.float32),
        high=np.full(FEATURES, 1, np.float32), centres=some(CENTRES, FEATURES), coefficients=some(CENTRES, MODES),
        linear=some(FEATURES, MODES), offset=some(MODES), lowest=np.full(MODES, -3, np.float32),
        highest=np.full(MODES, 3, np.float32), support=some(CENTRES, 2), doubt_full=0.3, doubt_none=0.9,
        doubt_reach=0.5,
    )  # fmt: skip
    return Field(
        body="anny", body_digest="b" * 64, topology="c" * 64, joints=("hip", "knee"), sizes={"S": 0.9, "M": 1.0},
        features=("one", "two", "three"), points=np.arange(0, 2 * POINTS, 2, dtype=np.int32),
        joint_indices=np.tile(np.int32([0, 1]), (POINTS, 1)),
        joint_weights=(weights / weights.sum(axis=1, keepdims=True)).astype(np.float32),
        mean=0.01 * some(POINTS, 3), modes=0.01 * some(MODES, POINTS, 3), model=model, bound=0.1,
    )  # fmt: skip


@pytest.fixture
def field():
    return make_field()


def test_round_trip_is_within_a_step(field, tmp_path):
    path = tmp_path / "field.anny.safetensors"
    write_field(path, field)
    back = read_field(path)
    assert path.read_bytes() == field_bytes(field)
    for name in ("body", "body_digest", "topology", "joints", "sizes", "features", "bound"):
        assert getattr(back, name) == getattr(field, name)
    for name in ("shift", "scale", "low", "high", "coefficients", "linear", "offset", "lowest", "highest", "support"):
        np.testing.assert_array_equal(getattr(back.model, name), getattr(field.model, name))
    np.testing.assert_array_equal(back.points, field.points)
    np.testing.assert_array_equal(back.joint_indices, field.joint_indices)
    np.testing.assert_array_equal(back.mean, field.mean)
    largest = np.abs(field.modes).max(axis=(1, 2), keepdims=True)
    assert np.all(np.abs(back.modes - field.modes) <= 0.5001 * largest / 127)
    np.testing.assert_allclose(back.model.centres, field.model.centres, atol=1e-4)
    np.testing.assert_allclose(back.joint_weights, field.joint_weights, atol=2e-5)
    np.testing.assert_array_equal(as_written(field).modes, back.modes)


def test_modes_are_a_byte_a_number(field):
    big = dataclasses.replace(field, modes=np.tile(field.modes, (64, 1, 1)))
    model = {name: np.tile(getattr(field.model, name), 64) for name in ("offset", "lowest", "highest", "linear")}
    wide = dataclasses.replace(field.model, **model, coefficients=np.tile(field.model.coefficients, 64))
    grown = len(field_bytes(dataclasses.replace(big, model=wide))) - len(field_bytes(field))
    numbers = 63 * MODES * POINTS * 3
    floats = 63 * MODES * (CENTRES + FEATURES + 3 + 1)
    assert grown == pytest.approx(numbers + 4 * floats, rel=0.02)


def changed(field, **changes):
    own = {name: value for name, value in changes.items() if name in vars(field)}
    others = {name: value for name, value in changes.items() if name not in own}
    return dataclasses.replace(field, **own, model=dataclasses.replace(field.model, **others))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bound": 4.0}, "bound is 4 m, needed above 0 and at most 1 m"),
        ({"bound": float("nan")}, "bound"),
        ({"doubt_none": 0.2}, "doubt_full and doubt_none are 0.3 and 0.2"),
        ({"doubt_reach": 0.0}, "doubt_reach is 0, needed above 0"),
        ({"low": np.full(FEATURES, 2, np.float32)}, "low is above high"),
        ({"mean": np.full((POINTS, 3), np.nan, np.float32)}, "mean: row 0 is not finite"),
        ({"scale": np.full(FEATURES, 1e30, np.float32)}, r"scale holds 1e\+30"),
        ({"offset": np.zeros(2, np.float32)}, r"offset must be \[4\], found \[2\]"),
        ({"points": np.zeros(POINTS, np.int32)}, "points must ascend"),
        ({"points": np.arange(POINTS, dtype=np.int32) - 3}, "points: index -3 is out of range"),
        ({"joint_indices": np.full((POINTS, JOINTS), 7, np.int32)}, "joint_indices: index 7"),
        ({"joint_weights": np.full((POINTS, JOINTS), 0.2, np.float32)}, "joint_weights sum to 0.4000 in row 0"),
        ({"sizes": {"M": 40.0}}, "size M has 40 of the default's girth"),
    ],
)
def test_an_unsound_field_is_not_written(field, tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        write_field(tmp_path / "field", changed(field, **changes))
    assert list(tmp_path.iterdir()) == []


def doctored(field, arrays=(), **names):
    data = field_bytes(field)
    length = struct.unpack_from("<Q", data)[0]
    held = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["dressform"])
    return save({**load(data), **dict(arrays)}, metadata={"dressform": json.dumps({**held, **names})})


@pytest.mark.parametrize(
    ("arrays", "names", "message"),
    [
        ({}, {"schema": "dressform/field/9"}, "schema is 'dressform/field/9', needed 'dressform/field/1'"),
        ({}, {"bound": True}, "one of joints, features"),
        ({}, {"sizes": {}}, "one of joints, features"),
        ({}, {"features": ["one", 2, "three"]}, "one of joints, features"),
        ({}, {"doubt_full": float("nan")}, "one of joints, features|doubt_full"),
        ({"modes": np.zeros((MODES, POINTS, 3), np.float32)}, {}, "modes is float32, needed int8"),
        ({"modes": np.zeros((), np.int8)}, {}, "mode_steps must be one for each of the modes"),
        ({"mode_steps": np.ones(2, np.float32)}, {}, "mode_steps must be one for each of the modes"),
        ({"mode_steps": np.full(MODES, np.inf, np.float32)}, {}, "modes: row 0 is not finite"),
        ({"joint_weights": np.zeros((POINTS, JOINTS), np.uint16)}, {}, "joint_weights sum to 0.0000"),
        ({"extra": np.zeros(1, np.float32)}, {}, "holds .*extra"),
    ],
)
def test_a_hostile_file_is_refused(field, tmp_path, arrays, names, message):
    path = tmp_path / "field"
    path.write_bytes(doctored(field, arrays.items(), **names))
    with pytest.raises(InputError, match=message):
        read_field(path)


def test_it_reads_at_any_place_of_the_garment(field):
    faces = np.array([[0, 2, 4], [1, 2, 3]], np.int32)  # points 1 and 3 are not the field's
    mean, modes = field_at(field, faces, np.array([[0.2, 0.3, 0.5], [0.25, 0.5, 0.25]], np.float32))
    expected = 0.2 * field.mean[0] + 0.3 * field.mean[1] + 0.5 * field.mean[2]
    np.testing.assert_allclose(mean, [expected, 0.5 * field.mean[1]], rtol=1e-5)
    np.testing.assert_allclose(modes[:, 1], 0.5 * field.modes[:, 1], rtol=1e-5)


def test_a_level_of_detail_keeps_the_rows_of_its_points(field):
    kept = np.array([0, 3, 4, 10, 11, 38], np.int32)
    level = lod_field(field, kept)
    np.testing.assert_array_equal(kept[level.points], [0, 4, 10, 38])
    np.testing.assert_array_equal(level.mean, field.mean[[0, 2, 5, 19]])
    np.testing.assert_array_equal(level.modes, field.modes[:, [0, 2, 5, 19]])


def make_wrinkles(field, seed=1):
    rng = np.random.default_rng(seed)

    def some(*shape):
        return rng.normal(size=shape).astype(np.float32)

    return Wrinkles(field.points, some(POINTS, 3), some(3, POINTS, 3), some(3, MODES), 0.6)


@pytest.fixture
def wrinkled(field):
    return dataclasses.replace(field, wrinkles=make_wrinkles(field))


def test_wrinkles_come_back_within_a_step(wrinkled, field, tmp_path):
    path = tmp_path / "field.anny.safetensors"
    write_field(path, wrinkled)
    back, given = read_field(path).wrinkles, wrinkled.wrinkles
    for name in ("points", "mean", "mix", "share"):
        np.testing.assert_array_equal(getattr(back, name), getattr(given, name))
    largest = np.abs(given.modes).max(axis=(1, 2), keepdims=True)
    assert np.all(np.abs(back.modes - given.modes) <= 0.5001 * largest / 127)
    write_field(path, field)
    assert read_field(path).wrinkles is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"share": 0.0}, "wrinkle_share is 0, needed above 0 and at most 1"),
        ({"share": float("nan")}, "wrinkle_share is nan"),
        ({"mean": np.zeros((2, 3), np.float32)}, r"wrinkle_mean must be \[20, 3\], found \[2, 3\]"),
        ({"mix": np.zeros((3, 9), np.float32)}, r"wrinkle_mix must be \[3, 4\], found \[3, 9\]"),
        ({"mix": np.full((3, MODES), np.inf, np.float32)}, "wrinkle_mix: row 0 is not finite"),
        ({"mix": np.full((3, MODES), 1e9, np.float32)}, r"wrinkle_mix holds 1e\+09"),
        ({"modes": np.zeros((0, POINTS, 3), np.float32)}, "0 wrinkle_modes, needed 1 to 512"),
    ],
)
def test_unsound_wrinkles_are_not_written(wrinkled, changes, message):
    changed = dataclasses.replace(wrinkled, wrinkles=dataclasses.replace(wrinkled.wrinkles, **changes))
    with pytest.raises(InputError, match=message):
        field_bytes(changed)


@pytest.mark.parametrize(
    ("arrays", "names", "message"),
    [
        ({}, {"wrinkle_share": "much"}, "wrinkle_share is missing or of another type"),
        ({"wrinkle_modes": np.zeros((3, POINTS, 3), np.float32)}, {}, "wrinkle_modes is float32, needed int8"),
        ({"wrinkle_modes": np.zeros((), np.int8)}, {}, "wrinkle_steps must be one for each of the wrinkle_modes"),
        ({"wrinkle_modes": np.zeros((3, 2, 3), np.int8)}, {}, "wrinkle_modes must be"),
    ],
)
def test_hostile_wrinkles_are_refused(wrinkled, tmp_path, arrays, names, message):
    path = tmp_path / "field"
    path.write_bytes(doctored(wrinkled, arrays.items(), **names))
    with pytest.raises(InputError, match=message):
        read_field(path)


def test_a_part_of_the_wrinkles_is_refused(wrinkled, tmp_path):
    path = tmp_path / "field"
    for missing in ("wrinkle_mean", "wrinkle_modes", "wrinkle_steps", "wrinkle_mix"):
        arrays = load(field_bytes(wrinkled))
        del arrays[missing]
        data = field_bytes(wrinkled)
        length = struct.unpack_from("<Q", data)[0]
        path.write_bytes(save(arrays, metadata=json.loads(data[8 : 8 + length])["__metadata__"]))
        with pytest.raises(InputError, match=r"needed .*wrinkle"):
            read_field(path)


def test_every_level_of_detail_reads_the_same_wrinkles(wrinkled):
    level = lod_field(wrinkled, np.array([0, 1, 4, 8], np.int32))
    assert level.wrinkles is wrinkled.wrinkles
    faces, weights = np.array([[0, 2, 1]], np.int32), np.array([[0.2, 0.3, 0.5]], np.float32)
    mean, modes = wrinkles_at(level.wrinkles, faces, weights)
    held = wrinkled.wrinkles
    np.testing.assert_allclose(mean[0], 0.2 * held.mean[0] + 0.3 * held.mean[1], atol=1e-6)  # point 1 has none
    np.testing.assert_allclose(modes[:, 0], 0.2 * held.modes[:, 0] + 0.3 * held.modes[:, 1], atol=1e-6)
