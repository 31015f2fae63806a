"""The C++ that shading is made of: the shadow's look-up, and that a GPU's compiler takes it."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import numpy as np
import pytest
import warp as wp

from dressform.runtime.render import _kernels_resolve
from dressform.runtime.render import _reference as reference
from dressform.runtime.render._kernels_view import LIGHT_DEPTH_SCALE
from dressform.runtime.render.colour import encode_table
from dressform.runtime.render.simd.code import simd_code

wp.set_module_options({"enable_backward": False})

DEVICES = ["cpu", *(["cuda:0"] if wp.is_cuda_available() else [])]
SHARES = """
for (int at = 0; at < places.shape[0]; at += LANES) {
    Floats x, y, depth, share;
    for (int l = 0; l < LANES; ++l) {
        const int i = clamped_index(at + l, places.shape[0] - 1);
        x[l] = places.data[i][0];
        y[l] = places.data[i][1];
        depth[l] = places.data[i][2];
    }
    lit_share(depths, x, y, depth, width, share);
    for (int l = 0; l < LANES && at + l < places.shape[0]; ++l)
        shares.data[at + l] = share[l];
}
"""


@wp.func_native(simd_code("fours", "shadow") + SHARES)
def all_shares(depths: wp.array2d[wp.int32], places: wp.array[wp.vec3], width: int, shares: wp.array[float]): ...


@wp.kernel
def find_shares(depths: wp.array2d[wp.int32], places: wp.array[wp.vec3], width: int, shares: wp.array[float]):
    all_shares(depths, places, width, shares)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("width", [1, 4, 8])
def test_the_share_of_light_matches_the_reference(device: str, width: int) -> None:
    random = np.random.default_rng(width)
    depths = random.uniform(1.0, 2.0, (40, 48))
    # a texel's depth is never within rounding of the one it is held against
    whole = np.round(depths * 50) * int(LIGHT_DEPTH_SCALE) // 50
    places = np.stack([*(random.uniform(width / 2 + 0.01, side - width / 2 - 0.01, 90) for side in (48, 40))], axis=-1)
    depth = random.integers(50, 100, 90) / 50 + 0.01
    held = [
        wp.array(whole.astype(np.int32), dtype=wp.int32, device=device),
        wp.array(np.column_stack([places, depth]).astype(np.float32), dtype=wp.vec3, device=device),
    ]
    shares = wp.zeros(90, dtype=float, device=device)
    wp.launch(find_shares, 1, [*held, width], outputs=[shares], device=device)
    want = [
        reference.lit_share(whole / LIGHT_DEPTH_SCALE, x, y, far, width)
        for (x, y), far in zip(places, depth, strict=True)
    ]
    assert 0.05 < np.mean(want) < 0.95
    # near the last rows of the map a vector would read past its end: there, the light counts as whole
    inside = np.isclose(shares.numpy(), want, atol=2e-5)
    spared = (shares.numpy() == 1.0) & (places[:, 1] > 40 - width / 2 - 2)
    assert (inside | spared).all()
    assert inside.sum() > 80


@pytest.mark.parametrize("device", DEVICES)
def test_outside_the_map_the_sun_shines(device: str) -> None:
    depths = wp.zeros((16, 16), dtype=wp.int32, device=device)
    places = np.array([[-3, 8, 1], [8, -3, 1], [19, 8, 1], [8, 19, 1], [0.5, 8, 1]], np.float32)
    shares = wp.zeros(5, dtype=float, device=device)
    wp.launch(
        find_shares, 1, [depths, wp.array(places, dtype=wp.vec3, device=device), 4], outputs=[shares], device=device
    )
    assert (shares.numpy() == 1.0).all()


@pytest.mark.parametrize("device", DEVICES)
def test_8_bit_srgb_has_the_bytes_of_the_table(device: str) -> None:
    table = encode_table()
    linear = np.linspace(0.0, 1.0, len(table)) ** 2
    light = np.concatenate([linear, [-0.5, 1.5, 1e30]]).astype(np.float32)[:, None, None].repeat(3, axis=2)
    rgb = wp.zeros((len(light), 1, 3), dtype=wp.uint8, device=device)
    backdrop = wp.array(light, dtype=wp.vec3, device=device)
    wp.launch(_kernels_resolve.encode_backdrop, (len(light), 1), [backdrop, 1], outputs=[rgb], device=device)
    np.testing.assert_array_equal(rgb.numpy()[:, 0, 1], [*table, 0, 255, 255])


@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        ("render._kernels_shade", "shade"),
        ("render._kernels_raster", "draw_triangles"),
        ("render._kernels_edges", "find_crossings"),
        ("render._kernels_ground", "shade_ground"),
        ("render._kernels_resolve", "resolve"),
        ("render._kernels_outputs", "read_normals"),
        ("garment._kernels", "push"),
        ("garment._kernels_field", "move_cloth"),
        ("garment._kernels_strain", "shorten"),
        ("body._kernels", "skin_points"),
    ],
)
def test_the_code_is_taken_by_the_compiler_for_gpus(name: str, kernel: str, tmp_path: Path) -> None:
    wp.compile_aot_module(
        importlib.import_module(f"dressform.runtime.{name}"), arch=80, use_ptx=True, module_dir=tmp_path
    )
    (made,) = tmp_path.glob("*.ptx")
    assert re.search(rf"\.entry {kernel}\w*", made.read_text())
