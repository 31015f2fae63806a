"""What a field's model says of one pose, body and size."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.field import FieldModel

Floats = NDArray[np.float32]


class Code(NamedTuple):
    """What a field says of one pose, body and size.

    Attributes:
        coefficients: float32 [K] of the modes.
        doubt: How far the features are from the training: 0 on a sample, 1 far away.
        confidence: Share in [0, 1] with which the field acts.
    """

    coefficients: Floats
    doubt: float
    confidence: float


def read_model(model: FieldModel, features: Floats) -> Code:
    """Return what the model says of features float32 [D]."""
    kept = (np.clip(features, model.low, model.high) - model.shift) * model.scale
    near = np.exp(-0.5 * np.sum((kept - model.centres) ** 2, axis=1))
    coefficients = model.offset + kept @ model.linear + near @ model.coefficients
    as_it_is = (features - model.shift) * model.scale
    squared = np.sum((as_it_is - model.centres) ** 2, axis=1)
    support = np.exp(-0.5 * model.doubt_reach * squared) @ model.support
    doubt = float(np.clip(1 - support @ support, 0, 1))
    part = np.clip((doubt - model.doubt_full) / (model.doubt_none - model.doubt_full), 0, 1)
    confidence = float(1 - part * part * (3 - 2 * part))
    return Code(np.clip(coefficients, model.lowest, model.highest).astype(np.float32), doubt, confidence)
