"""Warp kernels for painting and dressing a body: texels of its atlas, shade of near skin, outer surface of the head."""

from __future__ import annotations

import warp as wp


@wp.kernel
def rasterise_triangles(
    corners: wp.array2d(dtype=wp.vec2),
    first_column: int,
    first_row: int,
    columns: int,
    rows: int,
    # outputs
    triangles: wp.array2d(dtype=wp.int32),
    barycentrics: wp.array2d(dtype=wp.vec2),
):
    """Write, for every texel whose centre a UV triangle covers, that triangle and its first two barycentrics."""
    t = wp.tid()
    a = corners[t, 0]
    b = corners[t, 1]
    c = corners[t, 2]
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    if wp.abs(area) < 1.0e-9:
        return
    x0 = wp.max(first_column, int(wp.floor(wp.min(wp.min(a[0], b[0]), c[0]) - 0.5)))
    x1 = wp.min(first_column + columns - 1, int(wp.ceil(wp.max(wp.max(a[0], b[0]), c[0]) - 0.5)))
    y0 = wp.max(first_row, int(wp.floor(wp.min(wp.min(a[1], b[1]), c[1]) - 0.5)))
    y1 = wp.min(first_row + rows - 1, int(wp.ceil(wp.max(wp.max(a[1], b[1]), c[1]) - 0.5)))
    for y in range(y0, y1 + 1):
        for x in range(x0, x1 + 1):
            px = float(x) + 0.5
            py = float(y) + 0.5
            w0 = ((b[0] - px) * (c[1] - py) - (b[1] - py) * (c[0] - px)) / area
            w1 = ((c[0] - px) * (a[1] - py) - (c[1] - py) * (a[0] - px)) / area
            if w0 >= -1.0e-6 and w1 >= -1.0e-6 and w0 + w1 <= 1.0 + 1.0e-6:
                triangles[y - first_row, x - first_column] = t
                barycentrics[y - first_row, x - first_column] = wp.vec2(w0, w1)


@wp.kernel
def occlude(
    mesh: wp.uint64,
    points: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    directions: wp.array(dtype=wp.vec3),
    reach: float,
    # outputs
    openness: wp.array(dtype=float),
):
    """Average over a hemisphere how far rays get before they meet the surface, as a share of `reach`."""
    v = wp.tid()
    n = normals[v]
    origin = points[v] + n * (0.01 * reach)
    total = float(0.0)  # noqa: UP018 -- Warp needs the conversion to make a variable of it
    weight = float(0.0)  # noqa: UP018 -- as above
    for k in range(directions.shape[0]):
        d = directions[k]
        cosine = wp.dot(d, n)
        if cosine > 0.0:
            weight += cosine
            hit = wp.mesh_query_ray(mesh, origin, d, reach)
            if hit.result:
                total += cosine * hit.t / reach
            else:
                total += cosine
    openness[v] = total / wp.max(weight, 1.0e-6)


@wp.kernel
def outermost(
    mesh: wp.uint64,
    centre: wp.vec3,
    directions: wp.array(dtype=wp.vec3),
    start: float,
    # outputs
    distances: wp.array(dtype=float),
):
    """Distance from the centre to the last surface along each direction, found by a ray from outside; 0 if none."""
    i = wp.tid()
    d = directions[i]
    hit = wp.mesh_query_ray(mesh, centre + d * start, -d, start)
    if hit.result:
        distances[i] = start - hit.t
    else:
        distances[i] = 0.0
