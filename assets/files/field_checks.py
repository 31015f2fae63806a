"""Checks that the arrays of a field fit together; everything behind them may trust the arrays."""

from __future__ import annotations

import numpy as np

from dressform.schemas.errors import InputError

from .checks import MAX_POINTS, WEIGHT_TOLERANCE, check_finite, check_indices
from .field import Field, Wrinkles

MAX_MODES = 512
MAX_CENTRES = 20_000
MAX_FEATURES = 1_000
MAX_JOINTS_A_POINT = 16
MAX_BOUND = 1.0  # [m]
MAX_VALUE = 1e6  # of any number: products of such numbers stay finite in float32
LEAST_SIZE, MOST_SIZE = 0.2, 5.0  # of a size's girth over the default's
_AGAIN = "run `dressform garment learn` again"


def check_field(field: Field, where: str) -> None:
    """Raise an InputError unless shapes, indices and numbers of a field are sound."""
    _check_shapes(field, where)
    for name, array in _floats(field).items():
        _check_values(array, f"{where}: {name}")
    check_indices(field.joint_indices, len(field.joints), f"{where}: joint_indices")
    check_indices(field.points, MAX_POINTS, f"{where}: points")
    if np.any(np.diff(field.points) <= 0):
        raise InputError(f"{where}: points must ascend; {_AGAIN}")
    sums = field.joint_weights.sum(axis=1, dtype=np.float64)
    if field.joint_weights.min(initial=0) < 0 or np.abs(sums - 1).max(initial=0) > WEIGHT_TOLERANCE:
        row = int(np.argmax(np.abs(sums - 1)))
        raise InputError(f"{where}: joint_weights sum to {sums[row]:.4f} in row {row}, needed 1; {_AGAIN}")
    _check_numbers(field, where)
    if field.wrinkles is not None:
        _check_wrinkles(field.wrinkles, len(field.modes), where)


def _check_wrinkles(wrinkles: Wrinkles, modes: int, where: str) -> None:
    points, own = len(wrinkles.points), len(wrinkles.modes)
    if not 1 <= own <= MAX_MODES:
        raise InputError(f"{where}: {own} wrinkle_modes, needed 1 to {MAX_MODES}")
    for name, array, shape in (
        ("wrinkle_mean", wrinkles.mean, (points, 3)),
        ("wrinkle_modes", wrinkles.modes, (own, points, 3)),
        ("wrinkle_mix", wrinkles.mix, (own, modes)),
    ):
        if array.shape != shape:
            raise InputError(f"{where}: {name} must be {list(shape)}, found {list(array.shape)}")
        _check_values(array, f"{where}: {name}")
    if not 0 < wrinkles.share <= 1:
        raise InputError(f"{where}: wrinkle_share is {wrinkles.share:g}, needed above 0 and at most 1; {_AGAIN}")


def _check_values(array: np.ndarray, what: str) -> None:
    check_finite(np.atleast_1d(array), what)
    if array.size and float(np.abs(array).max()) > MAX_VALUE:
        raise InputError(f"{what} holds {float(np.abs(array).max()):g}, needed at most {MAX_VALUE:g}")


def _check_shapes(field: Field, where: str) -> None:
    model = field.model
    points, modes = len(field.points), len(field.modes)
    features, centres = len(field.features), len(model.centres)
    slots = field.joint_indices.shape[1] if field.joint_indices.ndim == 2 else 0
    rank = model.support.shape[1] if model.support.ndim == 2 else 0
    for name, count, most in (
        ("points", points, MAX_POINTS),
        ("modes", modes, MAX_MODES),
        ("features", features, MAX_FEATURES),
        ("centres", centres, MAX_CENTRES),
        ("joints a point", slots, MAX_JOINTS_A_POINT),
        ("columns of support", rank, centres),
    ):
        if not 1 <= count <= most:
            raise InputError(f"{where}: {count} {name}, needed 1 to {most}")
    needed = {
        "points": (field.points, (points,)),
        "joint_indices": (field.joint_indices, (points, slots)),
        "joint_weights": (field.joint_weights, (points, slots)),
        "mean": (field.mean, (points, 3)),
        "modes": (field.modes, (modes, points, 3)),
        **{name: (getattr(model, name), (features,)) for name in ("shift", "scale", "low", "high")},
        **{name: (getattr(model, name), (modes,)) for name in ("offset", "lowest", "highest")},
        "centres": (model.centres, (centres, features)),
        "coefficients": (model.coefficients, (centres, modes)),
        "linear": (model.linear, (features, modes)),
        "support": (model.support, (centres, rank)),
    }
    for name, (array, shape) in needed.items():
        if array.shape != shape:
            raise InputError(f"{where}: {name} must be {list(shape)}, found {list(array.shape)}")


def _check_numbers(field: Field, where: str) -> None:
    model = field.model
    if not 0 < field.bound <= MAX_BOUND:
        raise InputError(f"{where}: bound is {field.bound:g} m, needed above 0 and at most {MAX_BOUND:g} m")
    if not 0 <= model.doubt_full < model.doubt_none <= 1:
        found = f"{model.doubt_full:g} and {model.doubt_none:g}"
        raise InputError(f"{where}: doubt_full and doubt_none are {found}, needed to ascend within 0 to 1")
    if not 0 < model.doubt_reach < np.inf:
        raise InputError(f"{where}: doubt_reach is {model.doubt_reach:g}, needed above 0; {_AGAIN}")
    for low, high in (("low", "high"), ("lowest", "highest")):
        if np.any(getattr(model, low) > getattr(model, high)):
            raise InputError(f"{where}: {low} is above {high} for some entry; {_AGAIN}")
    for size, ratio in field.sizes.items():
        if not LEAST_SIZE <= ratio <= MOST_SIZE:
            raise InputError(
                f"{where}: size {size} has {ratio:g} of the default's girth, needed {LEAST_SIZE} to {MOST_SIZE}"
            )


def _floats(field: Field) -> dict[str, np.ndarray]:
    model = {name: value for name, value in vars(field.model).items() if isinstance(value, np.ndarray)}
    return {"joint_weights": field.joint_weights, "mean": field.mean, "modes": field.modes, **model}
