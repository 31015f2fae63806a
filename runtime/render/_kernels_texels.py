# mypy: ignore-errors
"""Packing of textures and their smaller copies, on the host; a thread packs a row."""

import warp as wp

wp.set_module_options({"enable_backward": False})


@wp.func
def channel(linear: float) -> wp.uint32:
    return wp.uint32(wp.rint(wp.sqrt(wp.clamp(linear, 0.0, 1.0)) * 1023.0))


@wp.func
def coverage(share: float) -> wp.uint32:
    return wp.uint32(wp.rint(wp.clamp(share, 0.0, 1.0) * 3.0)) << wp.uint32(30)


@wp.func
def packed(linear: wp.vec4) -> wp.uint32:
    """Pack linear light and coverage into a texel, see `textures`."""
    rgb = channel(linear[0]) | (channel(linear[1]) << wp.uint32(10)) | (channel(linear[2]) << wp.uint32(20))
    return rgb | coverage(linear[3])


@wp.func
def decode(texture: wp.array3d[wp.uint8], decoded: wp.array[float], y: int, x: int) -> wp.vec4:
    """Return linear light and coverage of one texel of an sRGB picture."""
    share = wp.float32(1.0)
    if texture.shape[2] == 4:
        share = float(texture[y, x, 3]) / 255.0
    red, green, blue = int(texture[y, x, 0]), int(texture[y, x, 1]), int(texture[y, x, 2])
    return wp.vec4(decoded[red], decoded[green], decoded[blue], share)


@wp.func
def mean(top_left: wp.vec4, bottom_left: wp.vec4, top_right: wp.vec4, bottom_right: wp.vec4) -> wp.vec4:
    return 0.5 * (0.5 * (top_left + bottom_left) + 0.5 * (top_right + bottom_right))


@wp.kernel
def pack_channels(
    decoded: wp.array[float],
    # outputs
    channels: wp.array[wp.uint32],
):
    """Tabulate what each byte of an sRGB picture packs to."""
    i = wp.tid()
    channels[i] = channel(decoded[i])


@wp.kernel
def pack_picture(
    texture: wp.array3d[wp.uint8],
    channels: wp.array[wp.uint32],
    # outputs
    texels: wp.array2d[wp.uint32],
):
    """Pack one row of an sRGB picture, first row at the top, into texels, first row at the bottom."""
    y = wp.tid()
    to = texture.shape[0] - 1 - y
    for x in range(texture.shape[1]):
        red, green, blue = int(texture[y, x, 0]), int(texture[y, x, 1]), int(texture[y, x, 2])
        share = wp.float32(1.0)
        if texture.shape[2] == 4:
            share = float(texture[y, x, 3]) / 255.0
        rgb = channels[red] | (channels[green] << wp.uint32(10)) | (channels[blue] << wp.uint32(20))
        texels[to, x] = rgb | coverage(share)


@wp.kernel
def pack(
    linear: wp.array2d[wp.vec4],
    # outputs
    texels: wp.array2d[wp.uint32],
):
    """Pack one row of linear light."""
    y = wp.tid()
    for x in range(linear.shape[1]):
        texels[y, x] = packed(linear[y, x])


@wp.kernel
def halve_picture(
    texture: wp.array3d[wp.uint8],
    decoded: wp.array[float],
    # outputs
    linear: wp.array2d[wp.vec4],
    texels: wp.array2d[wp.uint32],
):
    """Average and pack one row of the first smaller copy of an sRGB picture, whose first row is at the top."""
    y = wp.tid()
    last = texture.shape[0] - 1
    top = last - 2 * y
    bottom = last - wp.min(2 * y + 1, last)
    for x in range(linear.shape[1]):
        left = 2 * x
        right = wp.min(left + 1, texture.shape[1] - 1)
        value = mean(
            decode(texture, decoded, top, left),
            decode(texture, decoded, bottom, left),
            decode(texture, decoded, top, right),
            decode(texture, decoded, bottom, right),
        )
        linear[y, x] = value
        texels[y, x] = packed(value)


@wp.kernel
def halve(
    above: wp.array2d[wp.vec4],
    # outputs
    linear: wp.array2d[wp.vec4],
    texels: wp.array2d[wp.uint32],
):
    """Average and pack one row of the next smaller copy; a side of 1 stays 1."""
    y = wp.tid()
    top = 2 * y
    bottom = wp.min(top + 1, above.shape[0] - 1)
    for x in range(linear.shape[1]):
        left = 2 * x
        right = wp.min(left + 1, above.shape[1] - 1)
        value = mean(above[top, left], above[bottom, left], above[top, right], above[bottom, right])
        linear[y, x] = value
        texels[y, x] = packed(value)
