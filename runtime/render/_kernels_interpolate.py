# mypy: ignore-errors
"""Attributes at pixels; unlike the other kernels of this folder, with a backward pass."""

import warp as wp


@wp.kernel
def interpolate(
    attributes: wp.array2d[float],
    screen: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    triangles: wp.array2d[wp.int32],
    # outputs
    image: wp.array3d[float],
) -> None:
    """Blend the attributes of the face seen at a pixel, correct in perspective; leave other pixels alone."""
    y, x, channel = wp.tid()
    face = triangles[y, x]
    if face >= 0:
        i = faces[face, 0]
        j = faces[face, 1]
        k = faces[face, 2]
        a = screen[i]
        b = screen[j]
        c = screen[k]
        px = float(x) + 0.5
        py = float(y) + 0.5
        wa = ((b[0] - px) * (c[1] - py) - (c[0] - px) * (b[1] - py)) * a[2]
        wb = ((c[0] - px) * (a[1] - py) - (a[0] - px) * (c[1] - py)) * b[2]
        wc = ((a[0] - px) * (b[1] - py) - (b[0] - px) * (a[1] - py)) * c[2]
        blend = wa * attributes[i, channel] + wb * attributes[j, channel] + wc * attributes[k, channel]
        image[y, x, channel] = blend / (wa + wb + wc)
