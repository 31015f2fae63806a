import dataclasses

import numpy as np
import pytest

from dressform.assets.files.field import FieldModel
from dressform.runtime.garment.field_code import read_model


@pytest.fixture
def model():
    rng = np.random.default_rng(1)
    centres = np.array([[0.0, 0.0], [1.0, 0.5], [-1.0, 2.0]], np.float32)
    kernel = np.exp(-0.5 * np.sum((centres[:, None] - centres[None]) ** 2, axis=-1))
    values, vectors = np.linalg.eigh(kernel)
    return FieldModel(
        shift=np.array([0.5, -0.5], np.float32),
        scale=np.array([2.0, 1.0], np.float32),
        low=np.array([-5, -5], np.float32),
        high=np.array([5, 5], np.float32),
        centres=centres,
        coefficients=rng.normal(size=(3, 4)).astype(np.float32),
        linear=rng.normal(size=(2, 4)).astype(np.float32),
        offset=rng.normal(size=4).astype(np.float32),
        lowest=np.full(4, -100, np.float32),
        highest=np.full(4, 100, np.float32),
        support=(vectors / np.sqrt(values)).astype(np.float32),
        doubt_full=0.2,
        doubt_none=0.8,
    )


def features_of(model, row):
    return (model.centres[row] / model.scale + model.shift).astype(np.float32)


def test_coefficients_are_the_linear_and_the_radial_part(model):
    z = model.centres[1]
    near = np.exp(-0.5 * ((z - model.centres) ** 2).sum(axis=1))
    expected = model.offset + z @ model.linear + near @ model.coefficients
    np.testing.assert_allclose(read_model(model, features_of(model, 1)).coefficients, expected, rtol=1e-4, atol=1e-5)


def test_on_a_sample_there_is_no_doubt_and_far_away_no_confidence(model):
    here, away = (read_model(model, f) for f in (features_of(model, 0), np.array([60, 60], np.float32)))
    assert (here.doubt, here.confidence) == pytest.approx((0, 1), abs=1e-5)
    assert (away.doubt, away.confidence) == (1, 0)


def test_confidence_falls_smoothly(model):
    line = np.linspace(0, 3, 1501)[:, None] * np.float32([1, 1]) + features_of(model, 1)
    confidence = np.array([read_model(model, f.astype(np.float32)).confidence for f in line])
    assert np.all(np.diff(confidence) <= 1e-6)
    assert np.abs(np.diff(confidence)).max() < 0.02


def test_coefficients_stay_in_their_range_and_features_beyond_theirs_change_nothing(model):
    narrow = dataclasses.replace(
        model, lowest=np.full(4, -0.1, np.float32), highest=np.full(4, 0.2, np.float32), high=np.float32([1, 1])
    )
    far = read_model(narrow, np.array([9, 9], np.float32))
    assert np.all((far.coefficients >= -0.1) & (far.coefficients <= 0.2))
    np.testing.assert_array_equal(far.coefficients, read_model(narrow, np.float32([1, 1])).coefficients)
