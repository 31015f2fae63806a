"""The weave of cloth: packing, filtered look-up, tilted normals, whole frames, and steadiness in motion."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import warp as wp

from dressform.runtime.render import _reference as reference
from dressform.runtime.render import weave as weaves
from dressform.runtime.render._kernels_surface import Surface
from dressform.runtime.render.colour import linear_to_srgb, srgb_to_linear
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial
from dressform.runtime.render.simd.code import simd_code
from dressform.runtime.render.weave import SOFTENING, PackedWeave, Weave, kept_weave, pack_weave, weave_key

wp.set_module_options({"enable_backward": False})

DEVICES = ["cpu", *(["cuda:0"] if wp.is_cuda_available() else [])]
SIZE = (96, 96)
BARE = Background.plain((0.0, 0.0, 0.0), ground=0.0)
FACES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
UV = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)


def ribs(side: int = 64, count: int = 4, strength: float = 0.6) -> np.ndarray:
    """A normal map of ridges that run along v: a sine of slopes along u."""
    slope = strength * np.sin(2 * np.pi * count * (np.arange(side) + 0.5) / side)
    normal = np.stack([slope, np.zeros(side), np.ones(side)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.broadcast_to(np.round(128 + 127 * normal).astype(np.uint8), (side, side, 3)).copy()


def rough_weave(seed: int = 1, size: tuple[int, int] = (32, 64)) -> Weave:
    random = np.random.default_rng(seed)
    normal = np.concatenate([random.integers(60, 196, (*size, 2)), np.full((*size, 1), 235)], axis=-1)
    cavity, roughness = (random.integers(low, 256, size, dtype=np.uint8) for low in (100, 60))
    return Weave(normal.astype(np.uint8), cavity, roughness)


def plate(weave: Weave | None, repeats: float, distance: float = 2.0, **look: object) -> tuple[SceneMesh, np.ndarray]:
    """A square of one metre that faces the camera at the origin, `distance` ahead."""
    matte = {"roughness": 1.0, "specular": 0.0} | look
    material = SurfaceMaterial(np.full((4, 4, 3), 150, np.uint8), weave=weave, **matte)  # type: ignore[arg-type]
    points = np.array([[-0.5, distance, 0], [0.5, distance, 0], [0.5, distance, 1], [-0.5, distance, 1]], np.float32)
    return SceneMesh("plate", FACES, UV, FACES, material, weave_uv=UV[FACES] * np.float32(repeats)), points


def picture(part: tuple[SceneMesh, np.ndarray], lighting: Lighting, shift: float = 0.0) -> np.ndarray:
    renderer = Renderer([part[0]], [4], SIZE)
    renderer.set_vertices(part[1])
    camera = Camera.look_at((shift, 0, 0.5), (shift, 2, 0.5), 0.4, SIZE)
    return renderer.render(camera, lighting, BARE).rgb.copy()


def sun(x: float, z: float, strength: float = 0.5) -> Lighting:
    toward = np.array([x, -1.0, z]) / np.linalg.norm([x, -1.0, z])
    sh = np.zeros((9, 3), np.float32)
    sh[0], sh[3] = 1.0, -0.2
    return Lighting(sh, (float(toward[0]), float(toward[1]), float(toward[2])), (strength, strength, strength))


LOOK_UP = """
for (int at = 0; at < uv.shape[0]; at += LANES) {
    Floats u, v, area, woven[4];
    for (int l = 0; l < LANES; ++l) {
        const int i = clamped_index(at + l, uv.shape[0] - 1);
        u[l] = uv.data[i][0];
        v[l] = uv.data[i][1];
        area[l] = footprint;
    }
    sample_weave(surface, texels.data, levels.data, u, v, area, woven);
    for (int l = 0; l < LANES && at + l < uv.shape[0]; ++l)
        values.data[at + l] = wp::vec4(woven[0][l], woven[1][l], woven[2][l], woven[3][l]);
}
"""
TILT = """
Floats normal[3], b[3], c[3], at_b[2], at_c[2], u, v;
for (int l = 0; l < LANES; ++l) {
    for (int axis = 0; axis < 3; ++axis) {
        normal[axis][l] = n[axis];
        b[axis][l] = edge_b[axis];
        c[axis][l] = edge_c[axis];
    }
    for (int axis = 0; axis < 2; ++axis) {
        at_b[axis][l] = uv_b[axis];
        at_c[axis][l] = uv_c[axis];
    }
    u[l] = slopes[0];
    v[l] = slopes[1];
}
tilt_normal(normal, b, c, at_b, at_c, u, v);
out.data[0] = wp::vec3(normal[0][LANES - 1], normal[1][LANES - 1], normal[2][LANES - 1]);
"""


@wp.func_native(simd_code("texture", "weave") + LOOK_UP)
def look_up_all(
    surface: Surface,
    texels: wp.array[wp.uint32],
    levels: wp.array[wp.int32],
    uv: wp.array[wp.vec2],
    footprint: float,
    values: wp.array[wp.vec4],
): ...


@wp.func_native(simd_code("texture", "weave") + TILT)
def tilt_all(
    n: wp.vec3, edge_b: wp.vec3, edge_c: wp.vec3, uv_b: wp.vec2, uv_c: wp.vec2, slopes: wp.vec2, out: wp.array[wp.vec3]
): ...


@wp.kernel
def look_up(
    surface: Surface,
    texels: wp.array[wp.uint32],
    levels: wp.array[wp.int32],
    uv: wp.array[wp.vec2],
    footprint: float,
    values: wp.array[wp.vec4],
):
    look_up_all(surface, texels, levels, uv, footprint, values)


@wp.kernel
def tilt(
    n: wp.vec3, edge_b: wp.vec3, edge_c: wp.vec3, uv_b: wp.vec2, uv_c: wp.vec2, slopes: wp.vec2, out: wp.array[wp.vec3]
):
    tilt_all(n, edge_b, edge_c, uv_b, uv_c, slopes, out)


def sample(packed: PackedWeave, uv: np.ndarray, level: float, device: str) -> np.ndarray:
    surface = Surface()
    surface.weave_first, surface.weave_top = 0, len(packed.levels) - 1
    surface.weave_width_log2, surface.weave_height_log2 = packed.sides_log2
    starts = np.cumsum([0, *(part.size for part in packed.levels[:-1])]).astype(np.int32)
    texels = np.concatenate([part.ravel() for part in packed.levels])
    values = wp.zeros(len(uv), dtype=wp.vec4, device=device)
    arrays = [
        wp.array(texels, dtype=wp.uint32, device=device),
        wp.array(starts, dtype=wp.int32, device=device),
        wp.array(uv.astype(np.float32), dtype=wp.vec2, device=device),
    ]
    footprint = 4.0**level / SOFTENING / 2.0 ** sum(packed.sides_log2)
    wp.launch(look_up, 1, [surface, *arrays, footprint], outputs=[values], device=device)
    return np.asarray(values.numpy())


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("level", [0.0, 1.0, 2.5, 9.0])
def test_a_look_up_matches_the_reference(device: str, level: float) -> None:
    packed = pack_weave(rough_weave(), 0.7)
    uv = np.random.default_rng(3).uniform(-1.5, 2.5, (40, 2))
    # the kernel's logarithm is exact on whole levels and runs straight between powers of two
    read = min(level if level % 1 == 0 else int(level) + 0.5, len(packed.levels) - 1)
    want = np.array([reference.sample_weave(packed, read, p) for p in uv])
    np.testing.assert_allclose(sample(packed, uv, level, device), want, atol=3e-3)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_tilted_normal_matches_the_reference(device: str, mirrored: bool) -> None:
    random = np.random.default_rng(5)
    triangle, uv, slopes = random.normal(size=(3, 3)), random.normal(size=(3, 2)), random.uniform(-0.8, 0.8, 2)
    if mirrored:
        uv[:, 0] *= -1.0
    normal = np.cross(triangle[1] - triangle[0], triangle[2] - triangle[0])
    normal /= np.linalg.norm(normal)
    out = wp.zeros(1, dtype=wp.vec3, device=device)
    vectors = [wp.vec3(*map(float, v)) for v in (normal, triangle[1] - triangle[0], triangle[2] - triangle[0])]
    plane = [wp.vec2(*map(float, v)) for v in (uv[1] - uv[0], uv[2] - uv[0], slopes)]
    wp.launch(tilt, 1, [*vectors, *plane], outputs=[out], device=device)
    np.testing.assert_allclose(out.numpy()[0], reference.tilted_normal(normal, triangle, uv, slopes), atol=1e-5)


def test_slopes_average_out_and_what_they_scattered_becomes_roughness() -> None:
    packed = pack_weave(Weave(ribs(strength=0.6)), 0.5)
    slopes = [((level & 511) / 128.0 - 2.0).std() for level in packed.levels]
    assert slopes[0] == pytest.approx(0.6 / np.sqrt(2), rel=0.03)
    assert all(later < earlier + 1e-3 for earlier, later in pairwise(slopes))
    assert slopes[-1] == 0.0
    # GGX: alpha² grows by the variance of the slopes, here half the square of the sine's height
    assert packed.roughness == pytest.approx((0.5**4 + 0.6**2 / 2) ** 0.25, rel=0.02)
    assert (packed.levels[-1] >> 26).max() == round(packed.roughness * 63)


def test_a_tile_keeps_the_mean_colour_and_a_map_of_a_whole_garment_its_own() -> None:
    cavity = np.kron([[255, 51]], np.ones((8, 4))).astype(np.uint8)
    tile, whole = (pack_weave(Weave(cavity=cavity, tiled=tiled), 0.8) for tiled in (True, False))
    for packed, mean in ((tile, 1.0), (whole, 0.6)):
        for level in packed.levels:
            assert (((level >> 18) & 255) / 128.0).mean() == pytest.approx(mean, abs=0.01)


def test_a_flat_weave_is_not_looked_at() -> None:
    assert len(pack_weave(Weave(np.full((16, 16, 3), (128, 128, 255), np.uint8)), 0.8).levels) == 1


@pytest.mark.parametrize("flat", [False, True])
def test_a_kept_weave_is_the_one_that_was_packed(flat: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRESSFORM_CACHE", str(tmp_path))
    weave = Weave(np.full((16, 8, 3), (128, 128, 255), np.uint8)) if flat else rough_weave()
    want = pack_weave(weave, 0.7)
    kept_weave(weave, 0.7)
    monkeypatch.setattr(weaves, "pack_weave", None)  # not asked for again
    got = kept_weave(weave, 0.7)
    assert (got.sides_log2, got.roughness) == (want.sides_log2, want.roughness)
    for one, other in zip(got.levels, want.levels, strict=True):
        assert np.array_equal(one, other)
    assert weave_key(weave, 0.7) != weave_key(weave, 0.71)
    assert weave_key(weave, 0.7) != weave_key(replace(weave, tiled=False), 0.7)


@pytest.mark.parametrize("maps", [{}, {"cavity": np.zeros((4, 4))}, {"normal": np.zeros((0, 4, 3), np.uint8)}])
def test_wrong_maps_are_refused(maps: dict[str, np.ndarray]) -> None:
    with pytest.raises(ValueError, match="a weave must have"):
        pack_weave(Weave(**maps), 0.8)


@pytest.mark.parametrize("repeats", [1.0, 3.0])
def test_a_frame_matches_the_reference(repeats: float) -> None:
    weave = replace(rough_weave(size=(16, 16)), roughness=None)
    light = sun(0.5, 0.4)
    rgb = picture(plate(weave, repeats), light)
    packed = pack_weave(weave, 1.0)
    focal = 48 / np.tan(0.2)
    albedo = np.full(3, srgb_to_linear(np.array([150], np.uint8))[0])
    corners = np.array([[-0.5, 2, 0], [0.5, 2, 0], [0.5, 2, 1]])
    texels = SOFTENING * (16 * repeats * 2.0 / focal) ** 2
    power = int(np.floor(np.log2(max(texels, 1.0))))
    level = 0.5 * (power + max(texels, 1.0) / 2**power - 1.0)
    for y in range(14, 84, 7):
        for x in range(14, 84, 7):
            at = np.array([(x + 0.5 - 48), -(y + 0.5 - 48)]) * 2.0 / focal + 0.5
            slope_u, slope_v, cavity, _ = reference.sample_weave(packed, level, at * repeats)
            normal = reference.tilted_normal(
                np.array([0.0, -1, 0]), corners, UV[:3].astype(float), np.array([slope_u, slope_v])
            )
            color = reference.matte_color(
                albedo * cavity, normal, light.sh, np.array(light.sun_direction), np.array(light.sun_color), 0.06
            )
            assert np.abs(rgb[y, x] - 255 * linear_to_srgb(color)).max() < 3.0, (x, y)


def test_each_slope_is_brightest_in_light_from_its_own_side() -> None:
    """The left half leans along +u (to the right), the right half along -u; from behind the relief is inside out."""
    normal = np.full((64, 64, 3), (200, 128, 232), np.uint8)
    normal[:, 32:, 0] = 56
    mesh, points = plate(Weave(normal, tiled=False), 1.0, inside=(1.0, 1.0, 1.0))
    rgb = picture((mesh, points), sun(0.7, 0.0)).astype(int)
    left, right = rgb[48, 30, 0], rgb[48, 66, 0]
    assert left > right + 15
    behind = picture((mesh, points[[1, 0, 3, 2]]), sun(0.7, 0.0)).astype(int)
    # what is a valley from before is a ridge from behind
    assert abs(behind[48, 30, 0] - right) <= 1
    assert abs(behind[48, 66, 0] - left) <= 1


def test_far_away_the_weave_is_gone_and_the_colour_stays() -> None:
    far = plate(Weave(ribs(), ribs()[..., 0]), 200.0)
    bare = plate(None, 200.0)
    assert np.abs(picture(far, sun(0.3, 0.2)).astype(int) - picture(bare, sun(0.3, 0.2))).max() <= 1


def test_nothing_flickers_as_the_camera_slides_by_parts_of_a_pixel() -> None:
    """At every fineness, from four pixels a rib to a quarter: pixels change no faster than the pattern itself can."""
    for repeats in (3.0, 6.0, 12.0, 24.0, 48.0):
        part = plate(Weave(ribs(128, 4), normal_scale=1.0), repeats, roughness=0.5, specular=0.04)
        frames = np.array([picture(part, sun(0.4, 0.3), shift)[24:72, 24:72] for shift in np.linspace(0, 0.03, 7)])
        means = frames.astype(float).mean(axis=(1, 2, 3))
        assert np.ptp(means) < 1.5, repeats
        pixels_a_rib = 96 / (2 * 2 * np.tan(0.2)) * 2 / (4 * repeats) / 2
        if pixels_a_rib < 1.0:
            assert np.abs(np.diff(frames.astype(float), axis=0)).mean() < 2.0, repeats


def test_materials_share_equal_weaves_and_textures() -> None:
    mesh, _ = plate(rough_weave(), 3.0)
    alone = Renderer([mesh], [4], SIZE)
    again = replace(mesh, material=replace(mesh.material, weave=rough_weave(), sheen=(0.1, 0.1, 0.1)))
    both = Renderer([mesh, again], [4, 4], SIZE)
    assert both._texels.shape == alone._texels.shape


def test_metal_is_the_colour_of_its_gloss_and_varnish_shines() -> None:
    light = Lighting(np.zeros((9, 3), np.float32), (0.0, -1.0, 0.0), (0.2, 0.2, 0.2))
    texture = np.full((4, 4, 3), (255, 190, 140), np.uint8)

    def shown(**look: object) -> np.ndarray:
        mesh, points = plate(None, 1.0, roughness=0.6, **look)
        return picture((replace(mesh, material=replace(mesh.material, texture=texture)), points), light)[48, 48]

    metal = srgb_to_linear(shown(metallic=1.0, specular=0.04))
    plain = srgb_to_linear(shown(specular=0.0))
    assert metal[2] / metal[0] == pytest.approx(plain[2] / plain[0], rel=0.1)  # tinted, as its matte light would be
    varnished = srgb_to_linear(shown(specular=0.0, coat=1.0, coat_roughness=0.2))
    assert (varnished - plain)[2] > 0.2


def test_weave_uv_of_the_wrong_shape_is_refused() -> None:
    mesh, _ = plate(rough_weave(), 1.0)
    with pytest.raises(ValueError, match=r"weave_uv must be \[2, 3, 2\]"):
        Renderer([replace(mesh, weave_uv=UV)], [4], SIZE)
