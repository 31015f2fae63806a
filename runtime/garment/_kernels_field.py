# mypy: ignore-errors
"""Warp kernels of a deformation field."""

from __future__ import annotations

import warp as wp

wp.set_module_options({"enable_backward": False})

NEWTON_STEPS = wp.constant(12)  # of the nearest rotation; a matrix as blended skins have takes three or four
CLOSE = wp.constant(1.0e-6)  # squared change of the last step that is close enough
LEAST_VOLUME = wp.constant(1.0e-4)  # blended joints that squash space to less than this turn cloth no way

BLOCK = 8  # points whose modes are summed together: long vectors are what a CPU adds fast
Block = wp.types.vector(length=3 * BLOCK, dtype=wp.float32)


@wp.kernel
def near_centres(
    features: wp.array2d(dtype=wp.float32),
    centres: wp.array2d(dtype=wp.float32),
    doubt_reach: float,
    # outputs
    near: wp.array2d(dtype=wp.float32),
) -> None:
    # row 0 of the features is kept to the trained range, row 1 is as it is
    i = wp.tid()
    kept = wp.float32(0.0)
    free = wp.float32(0.0)
    for d in range(centres.shape[1]):
        centre = centres[i, d]
        a = features[0, d] - centre
        b = features[1, d] - centre
        kept += a * a
        free += b * b
    near[0, i] = wp.exp(-0.5 * kept)
    near[1, i] = wp.exp(-0.5 * doubt_reach * free)


@wp.kernel
def weigh_modes(
    features: wp.array2d(dtype=wp.float32),
    near: wp.array2d(dtype=wp.float32),
    linear: wp.array2d(dtype=wp.float32),
    radial: wp.array2d(dtype=wp.float32),
    offset: wp.array(dtype=wp.float32),
    lowest: wp.array(dtype=wp.float32),
    highest: wp.array(dtype=wp.float32),
    # outputs
    coefficients: wp.array(dtype=wp.float32),
) -> None:
    k = wp.tid()
    total = offset[k]
    for d in range(linear.shape[1]):
        total += features[0, d] * linear[k, d]
    for i in range(radial.shape[1]):
        total += near[0, i] * radial[k, i]
    coefficients[k] = wp.clamp(total, lowest[k], highest[k])


@wp.kernel
def project_support(
    near: wp.array2d(dtype=wp.float32),
    support: wp.array2d(dtype=wp.float32),
    # outputs
    known: wp.array(dtype=wp.float32),
) -> None:
    g = wp.tid()
    total = wp.float32(0.0)
    for i in range(support.shape[1]):
        total += near[1, i] * support[g, i]
    known[g] = total * total


@wp.kernel
def confide(
    known: wp.array(dtype=wp.float32),
    doubt_full: float,
    doubt_none: float,
    # outputs
    confidence: wp.array(dtype=wp.float32),
) -> None:
    total = wp.float32(0.0)
    for g in range(known.shape[0]):
        total += known[g]
    doubt = wp.clamp(1.0 - total, 0.0, 1.0)
    part = wp.clamp((doubt - doubt_full) / (doubt_none - doubt_full), 0.0, 1.0)
    confidence[0] = 1.0 - part * part * (3.0 - 2.0 * part)


@wp.func
def linear_part(matrix: wp.mat44) -> wp.mat33:
    return wp.mat33(
        matrix[0, 0], matrix[0, 1], matrix[0, 2],
        matrix[1, 0], matrix[1, 1], matrix[1, 2],
        matrix[2, 0], matrix[2, 1], matrix[2, 2],
    )  # fmt: skip


@wp.func
def nearest_rotation(matrix: wp.mat33, otherwise: wp.mat33) -> wp.mat33:
    # Newton's iteration for the polar factor (Higham 1986): mean with the inverse transposed, from cross products
    a = matrix[0]
    b = matrix[1]
    c = matrix[2]
    if wp.dot(a, wp.cross(b, c)) < LEAST_VOLUME:
        return otherwise
    change = wp.float32(1.0)
    for _step in range(NEWTON_STEPS):
        if change > CLOSE:
            x = wp.cross(b, c)
            y = wp.cross(c, a)
            z = wp.cross(a, b)
            scale = 0.5 / wp.dot(a, x)
            next_a = 0.5 * a + scale * x
            next_b = 0.5 * b + scale * y
            next_c = 0.5 * c + scale * z
            change = wp.length_sq(next_a - a) + wp.length_sq(next_b - b) + wp.length_sq(next_c - c)
            a = next_a
            b = next_b
            c = next_c
    return wp.matrix_from_rows(a, b, c)


@wp.kernel
def sum_modes(
    mean: wp.array(dtype=Block),
    modes: wp.array2d(dtype=Block),
    coefficients: wp.array(dtype=wp.float32),
    # outputs
    displacements: wp.array(dtype=Block),
) -> None:
    i = wp.tid()
    total = mean[i]
    for k in range(modes.shape[1]):
        total += coefficients[k] * modes[i, k]
    displacements[i] = total


@wp.kernel
def move_cloth(
    rest: wp.array(dtype=wp.vec3),
    places: wp.array(dtype=wp.int32),
    joint_indices: wp.array2d(dtype=wp.int32),
    joint_weights: wp.array2d(dtype=wp.float32),
    transforms: wp.array(dtype=wp.mat44),
    displacements: wp.array(dtype=wp.vec3),
    confidence: wp.array(dtype=wp.float32),
    bound: float,
    wrinkle_share: float,
    # outputs
    points: wp.array(dtype=wp.vec3),
    turns: wp.array(dtype=wp.vec4),
) -> None:
    # turns may be empty; else each is as long as the share that the wrinkles have
    i = wp.tid()
    place = places[i]
    share = confidence[0]
    if share == 0.0:
        if turns.shape[0] > 0:
            turns[place] = wp.vec4()
        return
    blended = wp.mat44()
    heaviest = wp.int32(0)
    most = wp.float32(0.0)
    for k in range(joint_indices.shape[1]):
        weight = joint_weights[i, k]
        if weight > 0.0:
            blended += weight * transforms[joint_indices[i, k]]
            if weight > most:
                most = weight
                heaviest = joint_indices[i, k]
    turn = nearest_rotation(linear_part(blended), linear_part(transforms[heaviest]))
    if turns.shape[0] > 0:
        q = wp.quat_from_matrix(turn)
        turns[place] = (share * wrinkle_share) * wp.vec4(q[0], q[1], q[2], q[3])
    plain = points[place]
    move = share * (wp.transform_point(blended, rest[place]) + turn * displacements[i] - plain)
    length = wp.length(move)
    if length > bound:
        move *= bound / length
    points[place] = plain + move
