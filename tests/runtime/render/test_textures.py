"""Texture packing and filtered look-up."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import warp as wp

from dressform.runtime.render import _reference as reference
from dressform.runtime.render._kernels_surface import Surface
from dressform.runtime.render.colour import srgb_to_linear
from dressform.runtime.render.simd.code import simd_code
from dressform.runtime.render.textures import TextureAtlas, pack_textures, spread_colours

wp.set_module_options({"enable_backward": False})


LOOK_UP = """
for (int at = 0; at < uv.shape[0]; at += LANES) {
    Floats u, v, area, rgb[3];
    for (int l = 0; l < LANES; ++l) {
        const int i = clamped_index(at + l, uv.shape[0] - 1);
        u[l] = uv.data[i][0];
        v[l] = uv.data[i][1];
        area[l] = footprint * footprint;
    }
    sample_texture(surface, texels.data, levels.data, u, v, area, rgb);
    for (int l = 0; l < LANES && at + l < uv.shape[0]; ++l)
        colors.data[at + l] = wp::vec3(rgb[0][l], rgb[1][l], rgb[2][l]);
}
"""


@wp.func_native(simd_code("texture") + LOOK_UP)
def look_up_all(
    surface: Surface,
    texels: wp.array[wp.uint32],
    levels: wp.array[wp.int32],
    uv: wp.array[wp.vec2],
    footprint: float,
    colors: wp.array[wp.vec3],
): ...


@wp.kernel
def look_up(
    surface: Surface,
    texels: wp.array[wp.uint32],
    levels: wp.array[wp.int32],
    uv: wp.array[wp.vec2],
    footprint: float,
    colors: wp.array[wp.vec3],
):
    look_up_all(surface, texels, levels, uv, footprint, colors)


def sample(atlas: TextureAtlas, index: int, uv: np.ndarray, footprint: float) -> np.ndarray:
    surface = Surface()
    surface.first_level = index * atlas.offsets.shape[1]
    surface.width_log2, surface.height_log2 = (int(side) for side in atlas.sides_log2[index])
    surface.base = int(atlas.offsets[index, 0])
    colors = wp.zeros(len(uv), dtype=wp.vec3, device="cpu")
    wp.launch(
        look_up,
        1,
        [
            surface,
            wp.array(atlas.texels, dtype=wp.uint32, device="cpu"),
            wp.array(atlas.offsets.ravel(), dtype=wp.int32, device="cpu"),
            wp.array(uv.astype(np.float32), dtype=wp.vec2, device="cpu"),
            footprint,
        ],
        outputs=[colors],
        device="cpu",
    )
    return colors.numpy()


@pytest.fixture(scope="module")
def atlas() -> TextureAtlas:
    random = np.random.default_rng(2)
    return pack_textures(
        [
            random.integers(0, 256, (16, 32, 3), dtype=np.uint8),
            np.full((8, 8, 3), (200, 100, 50), np.uint8),
            np.kron([[0, 255], [255, 0]], np.ones((32, 32))).astype(np.uint8)[..., None].repeat(3, axis=2),
        ]
    )


@pytest.mark.parametrize("level", [0, 1, 3])
def test_one_level_matches_the_reference(atlas: TextureAtlas, level: int) -> None:
    uv = np.random.default_rng(3).uniform(-1.5, 2.5, (50, 2))
    # A footprint of 3 · 4^level texels falls exactly on a level.
    got = sample(atlas, 0, uv, np.sqrt(3.0) * 2.0**level / np.sqrt(16 * 32))
    want = np.array([reference.sample_level(atlas, 0, level, p) for p in uv])
    np.testing.assert_allclose(got, want, atol=2e-3)


@pytest.mark.parametrize("shape", [(16, 32, 3), (32, 16, 4), (1, 8, 4), (4, 1, 3), (1, 1, 3), (30, 50, 4)])
def test_packing_matches_the_reference_to_the_bit(shape: tuple[int, ...]) -> None:
    texture = np.random.default_rng(6).integers(0, 256, shape, dtype=np.uint8)
    linear = np.ones((*shape[:2], 4), np.float32)
    linear[..., :3] = srgb_to_linear(texture[..., :3])
    if shape[2] == 4:
        linear[..., 3] = texture[..., 3].astype(np.float32) / 255.0
    if shape[:2] == (30, 50):
        linear = cv2.resize(linear, (64, 32), interpolation=cv2.INTER_LINEAR)
    want = reference.pack_levels(np.ascontiguousarray(linear[::-1]))
    atlas = pack_textures([texture])
    assert np.array_equal(atlas.texels, np.concatenate([level.ravel() for level in want]))
    assert atlas.cutout[0] == bool((linear[..., 3] < 0.5).any())


def test_a_plain_texture_keeps_its_colour_everywhere(atlas: TextureAtlas) -> None:
    want = srgb_to_linear(np.array([200, 100, 50], np.uint8))
    for footprint in (1e-4, 0.1, 0.37, 5.0):
        got = sample(atlas, 1, np.random.default_rng(4).uniform(-3, 3, (40, 2)), footprint)
        np.testing.assert_allclose(got, np.broadcast_to(want, got.shape), rtol=4e-3)


def test_a_wide_footprint_sees_the_mean_of_linear_light(atlas: TextureAtlas) -> None:
    got = sample(atlas, 2, np.random.default_rng(5).uniform(0, 1, (20, 2)), 2.0)
    np.testing.assert_allclose(got, 0.5, atol=3e-3)


@pytest.mark.parametrize("side", [2.0, np.sqrt(12.0), 5.0, 6.5, np.sqrt(48.0), 9.0])
def test_a_look_up_spreads_as_far_as_the_box_of_a_pixel(side: float) -> None:
    """A thin line is seen from as far away as by a pixel's mean, whose variance is a twelfth of its area [texels²]."""
    texels, shares, spreads = 256, [], []
    for column in range(120, 136):  # lines lie anywhere among the texels of a level
        texture = np.zeros((texels, texels, 3), np.uint8)
        texture[:, column] = 255
        at = np.arange(80, 176, 0.25)
        uv = np.column_stack([at / texels, np.full(len(at), 0.5)])
        shown = sample(pack_textures([texture]), 0, uv, side / texels)[:, 0]
        away = at - (column + 0.5)
        spreads.append(float((shown * away**2).sum() / shown.sum()))
        shares.append(float(shown.sum()) * 0.25)
    assert np.mean(spreads) == pytest.approx(side**2 / 12.0, rel=0.3)
    assert np.mean(shares) == pytest.approx(1.0, rel=0.02)  # and no light is lost


def test_blending_between_levels_is_continuous(atlas: TextureAtlas) -> None:
    uv = np.array([[0.3, 0.7]])
    colors = np.array([sample(atlas, 0, uv, f)[0] for f in np.geomspace(0.01, 2.0, 400)])
    assert np.abs(np.diff(colors, axis=0)).max() < 0.02


def test_origin_is_bottom_left() -> None:
    texture = np.zeros((4, 4, 3), np.uint8)
    texture[0, :, 0] = 255  # top row red
    atlas = pack_textures([texture])
    top, bottom = sample(atlas, 0, np.array([[0.5, 0.875], [0.5, 0.125]]), 1e-4)
    np.testing.assert_allclose(top, [1, 0, 0], atol=1e-3)
    np.testing.assert_allclose(bottom, [0, 0, 0], atol=1e-3)


def test_every_8_bit_level_survives_packing() -> None:
    ramp = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, axis=2)
    atlas = pack_textures([ramp])
    got = sample(atlas, 0, np.column_stack([(np.arange(256) + 0.5) / 256, np.full(256, 0.5)]), 1e-5)
    np.testing.assert_allclose(got[:, 0], srgb_to_linear(np.arange(256, dtype=np.uint8)), atol=1.1e-3)
    assert len(np.unique(got[:, 0])) == 256


def test_other_sizes_are_scaled_and_holes_noted() -> None:
    texture = np.full((30, 50, 4), 255, np.uint8)
    assert not pack_textures([texture]).cutout[0]
    texture[:10, :, 3] = 0
    atlas = pack_textures([texture])
    assert atlas.cutout[0]
    assert atlas.sides_log2[0].tolist() == [6, 5]


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 2), (0, 8, 3)])
def test_wrong_textures_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="texture must be"):
        pack_textures([np.zeros(shape, np.uint8)])


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (64, 16)])
def test_holes_take_the_colour_around_them_and_the_rest_stays(size: tuple[int, int]) -> None:
    texture = np.random.default_rng(3).integers(1, 256, (*size, 4)).astype(np.uint8)
    texture[:, : size[1] // 2] = 0
    got = spread_colours(texture)
    np.testing.assert_array_equal(got[texture[..., 3] > 0], texture[texture[..., 3] > 0])
    np.testing.assert_array_equal(got[..., 3], texture[..., 3])
    assert (got[..., :3] > 0).all()
    np.testing.assert_array_equal(spread_colours(np.zeros((*size, 4), np.uint8)), 0)
