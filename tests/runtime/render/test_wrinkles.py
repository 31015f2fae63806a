"""Normals read from a moving atlas, turned with the cloth and mixed with the mesh's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import warp as wp

from dressform.runtime.garment.wrinkles import shaded_normals
from dressform.runtime.geometry.rotations import quat_to_matrix
from dressform.runtime.render.garment_scene import with_wrinkles
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial
from dressform.runtime.render.simd.code import simd_code
from dressform.validators.examples.builder import tube

DEVICES = ["cpu", *(["cuda:0"] if wp.is_cuda_available() else [])]
SIZE, SIDE = (64, 64), 16
FRONT = Camera.look_at((0, -4, 1), (0, 0, 1), 0.6, SIZE)
BACK = Camera.look_at((0, 4, 1), (0, 0, 1), 0.6, SIZE)
BARE = Background.plain((0.0, 0.0, 0.0), ground=0.0)
FACES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
UV = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)


MIXED = """
for (int at = 0; at < normals.shape[0]; at += LANES) {
    Floats n[3], read[3], turn[4], shares[3];
    Ints corner[3];
    for (int l = 0; l < LANES; ++l) {
        const int i = clamped_index(at + l, normals.shape[0] - 1);
        for (int axis = 0; axis < 3; ++axis) {
            n[axis][l] = normals.data[i][axis];
            read[axis][l] = carried.data[i][axis];
            shares[axis][l] = w[axis];
            corner[axis][l] = 3 * i + axis;
        }
    }
    blend_turns((const float*)turns.data, corner, shares, turn);
    mix_wrinkles(n, read, turn);
    for (int l = 0; l < LANES && at + l < normals.shape[0]; ++l)
        out.data[at + l] = wp::vec3(n[0][l], n[1][l], n[2][l]);
}
"""
LOOKED_UP = """
for (int at = 0; at < uv.shape[0]; at += LANES) {
    Floats u, v, read[3];
    for (int l = 0; l < LANES; ++l) {
        const int i = clamped_index(at + l, uv.shape[0] - 1);
        u[l] = uv.data[i][0];
        v[l] = uv.data[i][1];
    }
    wrinkle_texel((const float*)texels.data, first, side, u, v, read);
    for (int l = 0; l < LANES && at + l < uv.shape[0]; ++l)
        out.data[at + l] = wp::vec3(read[0][l], read[1][l], read[2][l]);
}
"""


@wp.func_native(simd_code("fours", "wrinkles") + MIXED)
def mix_all(
    normals: wp.array[wp.vec3], carried: wp.array[wp.vec3], turns: wp.array[wp.vec4], w: wp.vec3, out: wp.array[wp.vec3]
): ...


@wp.func_native(simd_code("fours", "wrinkles") + LOOKED_UP)
def look_all_up(texels: wp.array[wp.vec3], first: int, side: int, uv: wp.array[wp.vec2], out: wp.array[wp.vec3]): ...


@wp.kernel
def mixed(
    normals: wp.array[wp.vec3], carried: wp.array[wp.vec3], turns: wp.array[wp.vec4], w: wp.vec3, out: wp.array[wp.vec3]
):
    mix_all(normals, carried, turns, w, out)


@wp.kernel
def looked_up(texels: wp.array[wp.vec3], first: int, side: int, uv: wp.array[wp.vec2], out: wp.array[wp.vec3]):
    look_all_up(texels, first, side, uv, out)


@pytest.mark.parametrize("device", DEVICES)
def test_the_mix_matches_the_reference(device: str) -> None:
    rng = np.random.default_rng(2)
    count, share = 200, 0.6
    normals = rng.normal(size=(count, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    carried = rng.normal(size=(count, 3))
    turn = rng.normal(size=(count, 4))
    turn /= np.linalg.norm(turn, axis=1, keepdims=True)
    # a turn and its negative are the same turn: corners come with either sign
    corners = share * turn[:, None] * rng.choice([-1, 1], (count, 3, 1))
    arrays = [wp.array(a.astype(np.float32), dtype=wp.vec3, device=device) for a in (normals, carried)]
    turns = wp.array(corners.reshape(-1, 4).astype(np.float32), dtype=wp.vec4, device=device)
    out = wp.zeros(count, dtype=wp.vec3, device=device)
    wp.launch(mixed, 1, [*arrays, turns, wp.vec3(0.2, 0.3, 0.5)], outputs=[out], device=device)
    own = np.einsum("nab,nb->na", quat_to_matrix(turn), carried)
    np.testing.assert_allclose(out.numpy(), shaded_normals(normals, own, share), atol=2e-5)


@pytest.mark.parametrize("device", DEVICES)
def test_a_look_up_is_linear_between_texels_and_ends_at_the_edge(device: str) -> None:
    rows, columns = np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")
    ramp = np.stack([columns, rows, np.ones_like(rows)], axis=-1).reshape(-1, 3)
    texels = np.concatenate([np.full((7, 3), 99.0), ramp]).astype(np.float32)
    uv = np.random.default_rng(0).uniform(-0.1, 1.1, (100, 2)).astype(np.float32)
    out = wp.zeros(len(uv), dtype=wp.vec3, device=device)
    held = [wp.array(texels, dtype=wp.vec3, device=device), 7, SIDE, wp.array(uv, dtype=wp.vec2, device=device)]
    wp.launch(looked_up, 1, held, outputs=[out], device=device)
    expected = np.clip(uv * SIDE - 0.5, 0, SIDE - 1)
    np.testing.assert_allclose(out.numpy()[:, :2], expected, atol=1e-4)
    np.testing.assert_allclose(out.numpy()[:, 2], 1, atol=1e-5)


def square(uv: np.ndarray = UV, side: int = SIDE) -> SceneMesh:
    """A square before the camera that faces it, with its atlas."""
    grey = SurfaceMaterial(np.full((4, 4, 3), 128, np.uint8), roughness=1.0, specular=0.0, inside=(1.0, 1.0, 1.0))
    return SceneMesh("square", FACES, UV, FACES, grey, atlas_uv=uv[FACES], wrinkle_side=side)


CORNERS = np.array([(-0.5, 0, 0.5), (0.5, 0, 0.5), (0.5, 0, 1.5), (-0.5, 0, 1.5)], np.float32)
FROM_RIGHT = Lighting(np.zeros((9, 3), np.float32), (0.6, -0.8, 0.0), (0.8, 0.8, 0.8))


def shown(
    mesh: SceneMesh, normal: np.ndarray, turn: np.ndarray, camera: Camera = FRONT, light: Lighting = FROM_RIGHT
) -> np.ndarray:
    """Return the middle of the square, sRGB [h, w, 3], shaded by one normal per texel [S, S, 3] or for all."""
    renderer = Renderer([mesh], [4], SIZE)
    renderer.set_vertices(CORNERS)
    renderer.turns.assign(np.tile(turn, (4, 1)).astype(np.float32))
    side = mesh.wrinkle_side
    renderer.wrinkles.assign(np.broadcast_to(normal, (side, side, 3)).reshape(-1, 3).astype(np.float32))
    return renderer.render(camera, light, BARE).rgb[26:38, 26:38].astype(float)


NO_TURN, NONE = np.array([0, 0, 0, 1.0]), np.zeros(4)
STRAIGHT, TO_RIGHT, TO_LEFT = np.array([0, -1.0, 0]), np.array([0.5, -0.87, 0]), np.array([-0.5, -0.87, 0])


def test_a_normal_toward_the_light_is_brighter_and_no_share_changes_nothing() -> None:
    level = {
        name: shown(square(), normal, turn).mean()
        for name, normal, turn in (
            ("right", TO_RIGHT, NO_TURN), ("left", TO_LEFT, NO_TURN), ("straight", STRAIGHT, NO_TURN),
            ("none", TO_RIGHT, NONE), ("part", TO_RIGHT, 0.3 * NO_TURN), ("empty", np.zeros(3), NO_TURN),
        )
    }  # fmt: skip
    assert level["right"] > level["part"] > level["straight"] > level["left"]
    assert level["none"] == level["straight"] == level["empty"]


def test_normals_turn_with_the_cloth() -> None:
    half = np.deg2rad(30) / 2
    turn = np.array([0, 0, np.sin(half), np.cos(half)])  # about z: forward goes to the right
    turned = np.array([0.5, -np.sqrt(0.75), 0])
    np.testing.assert_allclose(shown(square(), STRAIGHT, turn), shown(square(), turned, NO_TURN), atol=1)


def test_both_sides_are_lit_alike() -> None:
    behind = Lighting(np.zeros((9, 3), np.float32), (0.6, 0.8, 0.0), (0.8, 0.8, 0.8))
    leaning = np.array([-0.5, -0.87, 0])  # seen from behind it looks to +x, towards that light
    front = shown(square(), TO_RIGHT, NO_TURN).mean()
    back = shown(square(), leaning, NO_TURN, BACK, behind).mean()
    assert back == pytest.approx(front, abs=1.5)


@pytest.mark.parametrize("flip", [False, True])
def test_a_mirrored_chart_is_read_where_it_lies(flip: bool) -> None:
    uv = UV * np.array([-1, 1]) + np.array([1, 0]) if flip else UV
    texels = np.where(np.arange(SIDE)[None, :, None] < SIDE // 2, TO_LEFT, TO_RIGHT)
    texels = np.broadcast_to(texels[:, ::-1] if flip else texels, (SIDE, SIDE, 3))
    seen = shown(square(uv.astype(np.float32)), texels, NO_TURN)
    # the left half of the square looks away from the light on every chart
    assert seen[:, :5].mean() < seen[:, 7:].mean() - 10


def test_materials_of_one_garment_share_its_wrinkles() -> None:
    first, second = replace(square(), faces=FACES[:1]), replace(square(), faces=FACES[1:])
    first, second = (replace(m, uv_faces=m.faces, atlas_uv=UV[m.faces]) for m in (first, second))
    renderer = Renderer([first, second, square(side=4)], [4, 0, 4], SIZE)
    assert len(renderer.wrinkles) == SIDE**2 + 4**2
    assert len(renderer.turns) == 8
    with pytest.raises(ValueError, match="wrinkle_side must be one, got 16 and 8"):
        Renderer([first, replace(second, wrinkle_side=8)], [4, 0], SIZE)


def test_wrinkles_without_their_atlas_are_refused() -> None:
    with pytest.raises(ValueError, match=r"square: wrinkles need an atlas_uv \[2, 3, 2\], got None"):
        Renderer([replace(square(), atlas_uv=None)], [4], SIZE)


def test_a_scene_without_wrinkles_needs_no_room() -> None:
    renderer = Renderer([replace(square(), wrinkle_side=0, atlas_uv=None)], [4], SIZE)
    assert len(renderer.turns) == len(renderer.wrinkles) == 1


def test_each_corner_reads_the_garment_s_atlas() -> None:
    mesh = tube(rings=4, around=8)
    scene = [replace(square(), faces=mesh.faces, uv_faces=mesh.faces, atlas_uv=None, wrinkle_side=0)]
    assert mesh.uv1 is not None
    assert mesh.uv1_faces is not None
    (part,) = with_wrinkles(scene, mesh, 32)
    assert part.wrinkle_side == 32
    assert part.atlas_uv is not None
    np.testing.assert_array_equal(part.atlas_uv, mesh.uv1[mesh.uv1_faces])
    assert with_wrinkles(scene, mesh, 0) == scene
