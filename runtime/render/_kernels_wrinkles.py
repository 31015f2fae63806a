# mypy: ignore-errors
"""The normal of cloth whose wrinkles are learned: read from a moving atlas, turned with the cloth."""

import warp as wp

wp.set_module_options({"enable_backward": False})

# cosine between the mesh's normal and the wrinkles' from which on these have their whole share; at 0 they have none
FACING = wp.constant(0.5)
LEAST = wp.constant(1.0e-3)  # shorter normals and turns are none


@wp.func
def wrinkle_texel(texels: wp.array[wp.vec3], first: int, side: int, uv: wp.vec2) -> wp.vec3:
    """Bilinear look-up in one garment's atlas; ends at the edge."""
    last = float(side - 1)
    u = wp.clamp(uv[0] * float(side) - 0.5, 0.0, last)
    v = wp.clamp(uv[1] * float(side) - 0.5, 0.0, last)
    x0 = wp.min(int(u), side - 2)
    y0 = wp.min(int(v), side - 2)
    fu = u - float(x0)
    fv = v - float(y0)
    at = first + y0 * side + x0
    low = texels[at] * (1.0 - fu) + texels[at + 1] * fu
    high = texels[at + side] * (1.0 - fu) + texels[at + side + 1] * fu
    return low * (1.0 - fv) + high * fv


@wp.func
def blended_turn(a: wp.vec4, b: wp.vec4, c: wp.vec4, w: wp.vec3) -> wp.vec4:
    """Blend a face's turns: quaternions of either sign, as long as the wrinkles' share."""
    lead = a
    if wp.dot(lead, lead) == 0.0:
        lead = b
    return w[0] * a + w[1] * wp.where(wp.dot(lead, b) < 0.0, -b, b) + w[2] * wp.where(wp.dot(lead, c) < 0.0, -c, c)


@wp.func
def wrinkled_normal(n: wp.vec3, carried: wp.vec3, turn: wp.vec4) -> wp.vec3:
    """Mix a mesh's unit normal with the one read for it, which is given before its turn."""
    share = wp.length(turn)
    size = wp.length(carried)
    if share < LEAST or size < LEAST:
        return n
    q = wp.quat(turn[0], turn[1], turn[2], turn[3]) / share
    own = wp.quat_rotate(q, carried / size)
    facing = wp.clamp(wp.dot(n, own) / FACING, 0.0, 1.0)
    return wp.normalize(n + (share * facing) * (own - n))
