# mypy: ignore-errors
# ruff: noqa: UP018  (Warp wants variables that loops change to be made by their type)
"""From visibility to linear colour: occlusion, sun and its shadow, fill, gloss, sheen, and the shadow on the ground."""

import warp as wp

from ._kernels_raster import LIGHT_DEPTH_SCALE, LightFrame, to_light
from ._kernels_surface import Surface, sample_texture
from ._kernels_view import (
    EMPTY,
    RELAXED,
    View,
    edge_functions,
    key_face,
    key_inverse_depth,
    ray_direction,
)
from ._kernels_weave import sample_weave, tilted_normal
from ._kernels_wrinkles import blended_turn, wrinkle_texel, wrinkled_normal
from .colour import SHOULDER
from .harmonics import BASIS_SCALE

wp.set_module_options(RELAXED)

SH_0 = wp.constant(BASIS_SCALE[0])
SH_1 = wp.constant(BASIS_SCALE[1])
SH_2 = wp.constant(BASIS_SCALE[4])
SH_20 = wp.constant(BASIS_SCALE[6])
SH_22 = wp.constant(BASIS_SCALE[8])
KNEE = wp.constant(SHOULDER)
# The sun gives nothing to surfaces turned away farther than any terminator reaches.
FARTHEST_WRAP = wp.constant(-0.4)
OCCLUSION_PAIRS = wp.constant(6)


@wp.struct
class Light:
    """What shading needs to know of the light besides its frame."""

    color: wp.vec3
    toward: wp.vec3
    texel: float
    slope: float
    blur: int


@wp.func
def sh_light(sh: wp.array[wp.vec3], n: wp.vec3) -> wp.vec3:
    """Evaluate nine rgb coefficients at a direction (order and convention of `harmonics`)."""
    x = n[0]
    y = n[1]
    z = n[2]
    total = sh[0] * SH_0 + (sh[1] * y + sh[2] * z + sh[3] * x) * SH_1
    total += (sh[4] * (x * y) + sh[5] * (y * z) + sh[7] * (x * z)) * SH_2
    total += sh[6] * (SH_20 * (3.0 * z * z - 1.0)) + sh[8] * (SH_22 * (x * x - y * y))
    return wp.max(total, wp.vec3(0.0, 0.0, 0.0))


@wp.func
def sh_light_blurred(sh: wp.array[wp.vec3], n: wp.vec3) -> wp.vec3:
    """The first four coefficients alone: enough for gloss."""
    total = sh[0] * SH_0 + (sh[1] * n[1] + sh[2] * n[2] + sh[3] * n[0]) * SH_1
    return wp.max(total, wp.vec3(0.0, 0.0, 0.0))


@wp.func
def lit_share(depths: wp.array2d[wp.int32], x: float, y: float, depth: float, width: int) -> float:
    """Return the share of light at a map position: the mean over `width` × `width` texels, smooth as it moves."""
    u = x - 0.5 * float(width)
    v = y - 0.5 * float(width)
    x0 = int(wp.floor(u))
    y0 = int(wp.floor(v))
    if x0 < 0 or y0 < 0 or x0 + width >= depths.shape[1] or y0 + width >= depths.shape[0]:
        return 1.0
    fx = u - float(x0)
    fy = v - float(y0)
    limit = int(depth * LIGHT_DEPTH_SCALE)
    total = float(0.0)
    for j in range(width + 1):
        row = y0 + j
        part = float(0.0)
        if depths[row, x0] >= limit:
            part = 1.0 - fx
        for i in range(1, width):
            if depths[row, x0 + i] >= limit:
                part += 1.0
        if depths[row, x0 + width] >= limit:
            part += fx
        if j == 0:
            part *= 1.0 - fy
        if j == width:
            part *= fy
        total += part
    return total / float(width * width)


@wp.func
def soften_highlight(value: float) -> float:
    """The shoulder of `colour.soften_highlights`."""
    if value <= KNEE:
        return value
    t = (value - KNEE) / (1.0 - KNEE)
    return 1.0 - (1.0 - KNEE) / (1.0 + t + 0.5 * t * t)


@wp.func
def depth_or(keys: wp.array2d[wp.int64], x: int, y: int, otherwise: float) -> float:
    if x < 0 or y < 0 or x >= keys.shape[1] or y >= keys.shape[0]:
        return otherwise
    key = keys[y, x]
    if key >= EMPTY:
        return otherwise
    return 1.0 / key_inverse_depth(key)


@wp.func
def closed_in(centre: float, near_side: float, far_side: float, reach: float) -> float:
    """How much a pair of opposite samples stands before the line through the centre, fading for unrelated surfaces."""
    a = centre - near_side
    b = centre - far_side
    if a > 2.0 * reach:
        a = wp.max(0.0, 4.0 * reach - a)
    if b > 2.0 * reach:
        b = wp.max(0.0, 4.0 * reach - b)
    a = wp.max(a, -2.0 * reach)
    b = wp.max(b, -2.0 * reach)
    return wp.clamp((a + b) / (2.0 * reach), 0.0, 1.0)


@wp.kernel
def measure_occlusion(
    keys: wp.array2d[wp.int64],
    focal: float,
    reach: float,
    directions: wp.array[wp.vec2],
    box: wp.vec4i,
    # outputs
    openness: wp.array2d[float],
) -> None:
    """Estimate, at half resolution, how open the surface is to light from all around (1 is open)."""
    i, j = wp.tid()
    row = (box[1] >> 1) + i
    column = (box[0] >> 1) + j
    y = row * 2
    x = column * 2
    key = keys[y, x]
    if key >= EMPTY:
        openness[row, column] = 1.0
        return
    inverse_depth = key_inverse_depth(key)
    centre = 1.0 / inverse_depth
    total = float(0.0)
    # The pattern turns from pixel to pixel in blocks of 2 × 2, which the bilinear look-up averages.
    pattern = ((row & 1) * 2 + (column & 1)) * OCCLUSION_PAIRS
    for k in range(OCCLUSION_PAIRS):
        offset = directions[pattern + k]
        metres = reach * wp.length(offset)
        dx = int(wp.round(offset[0] * reach * focal * inverse_depth))
        dy = int(wp.round(offset[1] * reach * focal * inverse_depth))
        near_side = depth_or(keys, x + dx, y + dy, centre + 2.0 * metres)
        far_side = depth_or(keys, x - dx, y - dy, centre + 2.0 * metres)
        total += closed_in(centre, near_side, far_side, metres)
    openness[row, column] = 1.0 - total / float(OCCLUSION_PAIRS)


@wp.func
def sample_openness(openness: wp.array2d[float], x: int, y: int) -> float:
    """Average the four nearest half-resolution values: they hold the four patterns, one each."""
    row = wp.clamp((y - 1) >> 1, 0, openness.shape[0] - 2)
    column = wp.clamp((x - 1) >> 1, 0, openness.shape[1] - 2)
    top = openness[row, column] + openness[row, column + 1]
    return 0.25 * (top + openness[row + 1, column] + openness[row + 1, column + 1])


@wp.func
def direct_light(nl: float, surface: Surface) -> wp.vec3:
    """Matte answer to the sun per channel: a soft terminator, redder and wider where light seeps through skin."""
    out = wp.vec3(0.0, 0.0, 0.0)
    for channel in range(3):
        reach = wp.max(nl + surface.wrap[channel], 0.0) * surface.wrap_scale[channel]
        out[channel] = reach * (1.0 - 0.5 * surface.wrap[channel] * (1.0 - reach))
    return out


@wp.func
def glint(nl: float, nh: float, lh: float, spread_2: float) -> float:
    """GGX with Kelemen's visibility, without Fresnel's factor; `spread_2` is the square of its alpha."""
    base = nh * nh * (spread_2 - 1.0) + 1.0
    return nl * spread_2 / (base * base * 4.0 * lh * lh)


@wp.func
def shade_pixel(
    key: wp.int64,
    x: int,
    y: int,
    vertices: wp.array[wp.vec3],
    screen: wp.array[wp.vec3],
    normals: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    face_uv: wp.array2d[wp.vec2],
    weave_uv: wp.array2d[wp.vec2],
    atlas_uv: wp.array2d[wp.vec2],
    face_mesh: wp.array[wp.int32],
    facing: wp.array[wp.int8],
    surfaces: wp.array[Surface],
    texels: wp.array[wp.uint32],
    levels: wp.array[wp.int32],
    turns: wp.array[wp.vec4],
    wrinkles: wp.array[wp.vec3],
    sh: wp.array[wp.vec3],
    light: Light,
    frame: LightFrame,
    depths: wp.array2d[wp.int32],
    openness: wp.array2d[float],
    view: View,
) -> wp.vec3:
    """Return one pixel's colour, linear and with its highlights softened."""
    face = key_face(key)
    i = faces[face, 0]
    j = faces[face, 1]
    k = faces[face, 2]
    a = screen[i]
    b = screen[j]
    c = screen[k]
    e = edge_functions(a, b, c, float(x) + 0.5, float(y) + 0.5)
    w = wp.vec3(e[0] * a[2], e[1] * b[2], e[2] * c[2])
    scale = 1.0 / (w[0] + w[1] + w[2])
    w = w * scale
    inverse_depth = (e[0] * a[2] + e[1] * b[2] + e[2] * c[2]) / (e[0] + e[1] + e[2])
    surface = surfaces[face_mesh[face]]

    ray = ray_direction(view, float(x) + 0.5, float(y) + 0.5)
    point = view.eye + ray / inverse_depth
    n = wp.normalize(w[0] * normals[i] + w[1] * normals[j] + w[2] * normals[k])
    if surface.wrinkle_side > 0:
        turn = blended_turn(turns[i], turns[j], turns[k], w)
        place = w[0] * atlas_uv[face, 0] + w[1] * atlas_uv[face, 1] + w[2] * atlas_uv[face, 2]
        n = wrinkled_normal(n, wrinkle_texel(wrinkles, surface.wrinkle_first, surface.wrinkle_side, place), turn)
    front = facing[face] > wp.int8(0)
    if not front:
        n = -n
    to_eye = -wp.normalize(ray)
    nv = wp.dot(n, to_eye)
    # Smooth normals may lean away from the eye at silhouettes; bend them back just enough.
    if nv < 0.02:
        n = wp.normalize(n + to_eye * (0.02 - nv))
        nv = 0.02

    # Texture: texels per pixel from the areas that the face has in uv and on the screen. A tilted pixel is taken for no
    # narrower than half its length: grazing surfaces stay sharp along the view without crawling across it.
    uv_a = face_uv[face, 0]
    uv_b = face_uv[face, 1] - uv_a
    uv_c = face_uv[face, 2] - uv_a
    uv = uv_a + w[1] * uv_b + w[2] * uv_c
    per_pixel = wp.max(1.0, 0.5 / nv) / wp.abs(e[0] + e[1] + e[2])
    footprint = wp.abs(uv_b[0] * uv_c[1] - uv_b[1] * uv_c[0]) * per_pixel
    albedo = sample_texture(surface, texels, levels, uv, footprint)
    if not front:
        albedo = wp.cw_mul(albedo, surface.inside)
    roughness = surface.roughness
    if surface.weave_first >= 0 and footprint * surface.weave_gate < 1.0:
        at_a = weave_uv[face, 0]
        at_b = weave_uv[face, 1] - at_a
        at_c = weave_uv[face, 2] - at_a
        covered = wp.abs(at_b[0] * at_c[1] - at_b[1] * at_c[0]) * per_pixel
        woven = sample_weave(surface, texels, levels, at_a + w[1] * at_b + w[2] * at_c, covered)
        way = wp.where(front, 1.0, -1.0)
        edge_b = vertices[j] - vertices[i]
        edge_c = vertices[k] - vertices[i]
        n = tilted_normal(n, edge_b, edge_c, at_b, at_c, woven[0] * way, woven[1] * way)
        nv = wp.max(wp.dot(n, to_eye), 0.02)
        albedo *= woven[2]
        roughness = woven[3]
    nl = wp.dot(n, light.toward)

    # Shadow: looked up a little off the surface; where the light grazes it, by what the surface gains within the blur.
    grazing = wp.sqrt(wp.max(1.0 - nl * nl, 0.0))
    share = float(0.0)
    if nl > FARTHEST_WRAP:
        q = to_light(frame, point + n * (light.texel * (0.6 + light.slope * grazing)))
        share = lit_share(depths, q[0], q[1], q[2] - light.texel * 1.2, light.blur)
    open_share = sample_openness(openness, x, y)
    crease = wp.vec3(open_share, open_share, open_share)
    # Light that bounces about in a crease takes on the surface's colour (Jimenez et al. 2016, their multi-bounce fit).
    for channel in range(3):
        tint = albedo[channel]
        bounced = ((2.0404 * tint - 0.3324) * open_share - 4.7951 * tint + 0.6417) * open_share + 2.7552 * tint + 0.6903
        crease[channel] = wp.max(open_share, bounced * open_share)

    ambient = wp.cw_mul(sh_light(sh, n), crease)
    sun = light.color * share
    diffuse = ambient + wp.cw_mul(sun, direct_light(nl, surface))

    # Gloss of the sun (GGX with Kelemen's visibility) and of the surroundings (the fill, seen in the mirror direction).
    away = 1.0 - nv
    away_3 = away * away * away
    gloss = wp.vec3(0.0, 0.0, 0.0)
    varnish = wp.vec3(0.0, 0.0, 0.0)
    alpha = roughness * roughness
    if nl > 0.0 and share > 0.0:
        half = wp.normalize(light.toward + to_eye)
        nh = wp.dot(n, half)
        lh = wp.max(wp.dot(light.toward, half), 0.1)
        lean = (1.0 - lh) * (1.0 - lh)
        fresnel = surface.specular + (1.0 - surface.specular) * lean * lean * (1.0 - lh)
        gloss = sun * (fresnel * glint(nl, nh, lh, wp.max(alpha * alpha, 0.002)))
        if surface.coat > 0.0:
            narrow = surface.coat_roughness * surface.coat_roughness
            varnish = sun * (0.04 * glint(nl, nh, lh, wp.max(narrow * narrow, 0.002)))
    mirror = 2.0 * nv * n - to_eye
    rim = surface.specular + wp.max(1.0 - roughness - surface.specular, 0.0) * away_3 * away * away
    around = sh_light_blurred(sh, mirror) * open_share
    gloss += around * rim
    # Metal has no matte light of its own, and its gloss is of its colour.
    if surface.metallic > 0.0:
        gloss = gloss * (1.0 - surface.metallic) + wp.cw_mul(gloss, albedo) * surface.metallic
        diffuse = diffuse * (1.0 - surface.metallic)
    total = wp.cw_mul(albedo, diffuse) + gloss + wp.cw_mul(surface.sheen, diffuse) * away_3
    if surface.coat > 0.0:
        turned_back = 0.04 + 0.96 * away_3 * away * away
        total = total * (1.0 - surface.coat * turned_back) + (varnish + around * turned_back) * surface.coat
    return wp.vec3(soften_highlight(total[0]), soften_highlight(total[1]), soften_highlight(total[2]))


@wp.kernel
def shade(
    keys: wp.array2d[wp.int64],
    vertices: wp.array[wp.vec3],
    screen: wp.array[wp.vec3],
    normals: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    face_uv: wp.array2d[wp.vec2],
    weave_uv: wp.array2d[wp.vec2],
    atlas_uv: wp.array2d[wp.vec2],
    face_mesh: wp.array[wp.int32],
    facing: wp.array[wp.int8],
    surfaces: wp.array[Surface],
    texels: wp.array[wp.uint32],
    levels: wp.array[wp.int32],
    turns: wp.array[wp.vec4],
    wrinkles: wp.array[wp.vec3],
    sh: wp.array[wp.vec3],
    light: Light,
    frame: LightFrame,
    depths: wp.array2d[wp.int32],
    openness: wp.array2d[float],
    view: View,
    box: wp.vec4i,
    strip: int,
    # outputs
    color: wp.array2d[wp.vec3],
) -> None:
    """Colour the pixels of one strip of a row of the box that show a surface."""
    row, part = wp.tid()
    y = box[1] + row
    first = box[0] + part * strip
    for x in range(first, wp.min(first + strip, box[2])):
        key = keys[y, x]
        if key < EMPTY:
            color[y, x] = shade_pixel(
                key,
                x,
                y,
                vertices,
                screen,
                normals,
                faces,
                face_uv,
                weave_uv,
                atlas_uv,
                face_mesh,
                facing,
                surfaces,
                texels,
                levels,
                turns,
                wrinkles,
                sh,
                light,
                frame,
                depths,
                openness,
                view,
            )
