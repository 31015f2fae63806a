# mypy: ignore-errors
"""Where edges pass between the centres of neighbouring pixels: silhouettes, and meshes that run into each other."""

import warp as wp

from dressform.runtime.geometry.simd.code import SIMD_OPTIONS

from ._kernels_raster import homogeneous, in_front, near_cut
from ._kernels_view import CROSSING_SCALE, EMPTY, INVERSE_NEAR, key_face, key_inverse_depth
from .simd.code import simd_code

wp.set_module_options(SIMD_OPTIONS)


@wp.func
def offer_crossing(
    keys: wp.array2d[wp.int64],
    face_mesh: wp.array[wp.int32],
    crossings: wp.array2d[wp.int32],
    x: int,
    y: int,
    step_x: int,
    step_y: int,
    t: float,
    inverse_depth: float,
    first_inside: bool,
    mesh: int,
    tolerance: float,
) -> None:
    """Record that a silhouette passes between a pixel and its right or lower neighbour, if that is what is seen."""
    inside = keys[y, x]
    outside = keys[y + step_y, x + step_x]
    share = t
    if not first_inside:
        inside = keys[y + step_y, x + step_x]
        outside = keys[y, x]
        share = 1.0 - t
    if inside >= EMPTY or outside <= inside:
        return
    if face_mesh[key_face(inside)] != mesh:
        return
    if wp.abs(1.0 / key_inverse_depth(inside) - 1.0 / inverse_depth) > tolerance:
        return
    # Bit 0 says which of the two is in front; the farther-reaching edge wins, as coverage is a union.
    entry = (int(share * CROSSING_SCALE) + 1) * 2
    if first_inside:
        entry += 1
    wp.atomic_max(crossings, y, x, entry)


@wp.func
def before_near(corner: wp.vec3, other: wp.vec3) -> wp.vec3:
    """A corner, or where the edge to the other one, which is in front, meets the near plane."""
    if in_front(corner):
        return corner
    cut = near_cut(homogeneous(corner), homogeneous(other))
    return wp.vec3(float(cut[0]), float(cut[1]), INVERSE_NEAR)


@wp.func
def find_crossing(
    i: int,
    screen: wp.array[wp.vec3],
    edges: wp.array2d[wp.int32],
    edge_faces: wp.array2d[wp.int32],
    faces: wp.array2d[wp.int32],
    facing: wp.array[wp.int8],
    face_mesh: wp.array[wp.int32],
    keys: wp.array2d[wp.int64],
    focal: float,
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
) -> None:
    """Mark where a silhouette edge passes between the centres of neighbouring pixels."""
    face = edge_faces[i, 0]
    if int(facing[face]) == 0:
        face = edge_faces[i, 1]
    from_a = screen[edges[i, 0]]
    from_b = screen[edges[i, 1]]
    if not (in_front(from_a) or in_front(from_b)):
        return
    a = before_near(from_a, from_b)
    b = before_near(from_b, from_a)
    third = faces[face, 0]
    if third == edges[i, 0] or third == edges[i, 1]:
        third = faces[face, 1]
        if third == edges[i, 0] or third == edges[i, 1]:
            third = faces[face, 2]
    c = screen[third]
    dx = b[0] - a[0]
    dy = b[1] - a[1]
    # a corner behind the camera is seen on the other side of the edge
    turn = (dx * (c[1] - a[1]) - dy * (c[0] - a[0])) * wp.sign(c[2])
    mesh = face_mesh[face]
    width = keys.shape[1]
    height = keys.shape[0]
    # On a rounded silhouette depth falls away steeply within one pixel; this allows for it.
    tolerance = 0.02 + 8.0 / (focal * wp.min(a[2], b[2]))
    if dy != 0.0:
        y0 = int(wp.ceil(wp.clamp(wp.min(a[1], b[1]) - 0.5, 0.0, float(height))))
        y1 = int(wp.ceil(wp.clamp(wp.max(a[1], b[1]) - 0.5, 0.0, float(height))))
        for y in range(y0, y1):
            s = (float(y) + 0.5 - a[1]) / dy
            at = a[0] + s * dx - 0.5
            x = int(wp.floor(at))
            if x >= 0 and x < width - 1:
                offer_crossing(
                    keys,
                    face_mesh,
                    across,
                    x,
                    y,
                    1,
                    0,
                    at - float(x),
                    a[2] + s * (b[2] - a[2]),
                    turn * dy > 0.0,
                    mesh,
                    tolerance,
                )
    if dx != 0.0:
        x0 = int(wp.ceil(wp.clamp(wp.min(a[0], b[0]) - 0.5, 0.0, float(width))))
        x1 = int(wp.ceil(wp.clamp(wp.max(a[0], b[0]) - 0.5, 0.0, float(width))))
        for x in range(x0, x1):
            s = (float(x) + 0.5 - a[0]) / dx
            at = a[1] + s * dy - 0.5
            y = int(wp.floor(at))
            if y >= 0 and y < height - 1:
                offer_crossing(
                    keys,
                    face_mesh,
                    down,
                    x,
                    y,
                    0,
                    1,
                    at - float(y),
                    a[2] + s * (b[2] - a[2]),
                    turn * dx < 0.0,
                    mesh,
                    tolerance,
                )


@wp.func_native(simd_code("crossings"))
def silhouettes(
    screen: wp.array[wp.vec3],
    edges: wp.array2d[wp.int32],
    edge_faces: wp.array2d[wp.int32],
    facing: wp.array[wp.int8],
    first: int,
) -> int: ...


@wp.kernel
def find_crossings(
    screen: wp.array[wp.vec3],
    edges: wp.array2d[wp.int32],
    edge_faces: wp.array2d[wp.int32],
    faces: wp.array2d[wp.int32],
    facing: wp.array[wp.int8],
    face_mesh: wp.array[wp.int32],
    keys: wp.array2d[wp.int64],
    focal: float,
    lanes: int,
    # outputs
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
) -> None:
    """Mark where the silhouettes among `lanes` edges pass between the centres of neighbouring pixels."""
    first = wp.tid() * lanes
    found = silhouettes(screen, edges, edge_faces, facing, first)
    if found != 0:
        for lane in range(lanes):
            if (found >> lane) & 1 != 0:
                find_crossing(
                    first + lane, screen, edges, edge_faces, faces, facing, face_mesh, keys, focal, across, down
                )


@wp.func
def inverse_depth_change(
    screen: wp.array[wp.vec3], faces: wp.array2d[wp.int32], face: int, step_x: int, step_y: int
) -> float:
    """How a face's inverse depth changes from a pixel to its right (step_x) or lower (step_y) neighbour."""
    a = screen[faces[face, 0]]
    b = screen[faces[face, 1]]
    c = screen[faces[face, 2]]
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    change = float(step_x) * ((b[1] - c[1]) * a[2] + (c[1] - a[1]) * b[2] + (a[1] - b[1]) * c[2])
    change += float(step_y) * ((c[0] - b[0]) * a[2] + (a[0] - c[0]) * b[2] + (b[0] - a[0]) * c[2])
    return change / area


@wp.func
def meeting_entry(
    screen: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    here: wp.int64,
    there: wp.int64,
    step_x: int,
    step_y: int,
) -> int:
    """The crossing where the surfaces seen at two neighbours pass through each other; 0 if they do not between them."""
    here_change = inverse_depth_change(screen, faces, key_face(here), step_x, step_y)
    there_change = inverse_depth_change(screen, faces, key_face(there), step_x, step_y)
    gap = key_inverse_depth(there) - there_change - key_inverse_depth(here)
    closing = here_change - there_change
    if gap >= 0.0 or closing > gap:
        return 0
    return (int(gap / closing * CROSSING_SCALE) + 1) * 2 + 1


@wp.func_native(simd_code("meetings"))
def neighbours(
    keys: wp.array2d[wp.int64],
    face_mesh: wp.array[wp.int32],
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
    y: int,
    first: int,
    end: int,
) -> int: ...


@wp.kernel
def find_meetings(
    keys: wp.array2d[wp.int64],
    screen: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    face_mesh: wp.array[wp.int32],
    box: wp.vec4i,
    strip: int,
    lanes: int,
    # outputs
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
) -> None:
    """Mark where two meshes run into each other between neighbouring pixels: no silhouette tells of those edges."""
    row, part = wp.tid()
    y = box[1] + row
    start = box[0] + part * strip
    end = wp.min(start + strip, box[2])
    for first in range(start, end, lanes):
        found = neighbours(keys, face_mesh, across, down, y, first, end)
        if found != 0:
            for lane in range(lanes):
                x = first + lane
                if (found >> lane) & 1 != 0:
                    across[y, x] = meeting_entry(screen, faces, keys[y, x], keys[y, x + 1], 1, 0)
                if (found >> (lane + lanes)) & 1 != 0:
                    down[y, x] = meeting_entry(screen, faces, keys[y, x], keys[y + 1, x], 0, 1)
