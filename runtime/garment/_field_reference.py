"""A field's frame in plain numpy: slow, obvious, what the kernels are compared with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.field import Field

from .field_base import Carried
from .field_code import Code

Floats = NDArray[np.float32]


def moved(field: Field, code: Code, carried: Carried, plain: Floats) -> Floats:
    """Return where the field puts the cloth, world float32 [P, 3] [m].

    Args:
        field: The field.
        code: What its model says.
        carried: The cloth carried by the field's weights.
        plain: The same points by plain skinning [P, 3] [m].
    """
    displacement = field.mean + np.einsum("k,kpx->px", code.coefficients, field.modes)
    goal = carried.points + np.einsum("pab,pb->pa", carried.turns, displacement)
    move = code.confidence * (goal - plain)
    length = np.linalg.norm(move, axis=1, keepdims=True)
    return np.asarray(plain + move * np.minimum(1, field.bound / np.maximum(length, 1e-12)), np.float32)
