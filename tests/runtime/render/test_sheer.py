"""Sheer cloth: layers against the plain twin and the closed formula, edges, shadows, outputs, memory."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import warp as wp

from dressform.runtime.render import _reference_sheer as reference
from dressform.runtime.render._kernels_layers import sides_of
from dressform.runtime.render.checks import check_size
from dressform.runtime.render.colour import linear_to_srgb, srgb_to_linear
from dressform.runtime.render.frame import Frame
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh

from .small_scenes import BARE, EVEN, FRONT, SIZE, facing_quad, grey, mesh, picture, quad, sphere

Part = tuple[SceneMesh, np.ndarray]
EMPTY = Background.transparent(ground=0.0)
WHITE = Background.plain((1.0, 1.0, 1.0), ground=0.0)


def rendered(
    parts: list[Part],
    lighting: Lighting = EVEN,
    background: Background = BARE,
    camera: Camera = FRONT,
    preset: str = "realtime",
) -> Frame:
    renderer = Renderer([m for m, _ in parts], [len(v) for _, v in parts], camera.size, preset=preset)
    renderer.set_vertices(np.concatenate([v for _, v in parts]))
    return renderer.render(camera, lighting, background)


def shown(level: int) -> float:
    """Linear light of a grey in the even light, which both sides of cloth have alike."""
    return 0.5 * float(srgb_to_linear(np.array([level], np.uint8))[0])


def test_random_triangles_match_the_twin() -> None:
    random = np.random.default_rng(5)
    faces = np.arange(3 * 40, dtype=np.int32).reshape(-1, 3)
    corners = random.uniform((-0.9, -0.8, 0.1), (0.9, 0.8, 1.9), (40, 3, 3)).astype(np.float32)
    levels, opacity = random.integers(40, 220, 40), random.uniform(0.1, 0.8, 40)
    whole = np.array([[0, 1, 2]])
    parts = [
        (mesh(f"t{i}", whole, 3, grey(int(level), opacity=float(share))), corners[i])
        for i, (level, share) in enumerate(zip(levels, opacity, strict=True))
    ]
    frame = rendered(parts, background=WHITE)
    at = FRONT.project(corners.reshape(-1, 3))
    layers = reference.sheer_layers(np.c_[at[:, :2], 1.0 / at[:, 2]], faces, SIZE, 4)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5 - 48, np.arange(SIZE[1]) + 0.5 - 48)
    ways = np.stack([x, np.full_like(x, FRONT.focal_px), -y], axis=-1)
    ways /= np.linalg.norm(ways, axis=-1, keepdims=True)
    inner = np.ones(SIZE[::-1], np.bool_)  # where the same faces are seen all around: away from every edge
    for down, right in itertools.product((-1, 0, 1), repeat=2):
        inner &= (np.roll(layers, (down, right), axis=(0, 1)) == layers).all(axis=-1)
    light = np.array([[shown(int(level))] * 3 for level in levels])
    checked = 0
    for row, column in np.argwhere(inner & (layers[..., 0] >= 0)):
        seen = reference.slanted(opacity, normal @ ways[row, column])
        color, through = reference.composite(layers[row : row + 1, column : column + 1], seen, light, np.ones(3))
        np.testing.assert_allclose(frame.linear[row, column], color[0, 0], atol=2e-3)
        assert frame.alpha[row, column] == pytest.approx(1.0 - through[0, 0], abs=1e-3)
        checked += 1
    assert checked > 150
    assert (layers[inner][:, 3] >= 0).sum() > 50, "some samples are four layers deep"


@pytest.mark.parametrize("preset", ["realtime", "quality"])
@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_stacked_sheets_are_their_closed_formula_in_any_order(preset: str, count: int) -> None:
    sheets = [facing_quad(0.4, 0.3 * k, grey(60 + 30 * k, opacity=0.2 + 0.15 * k)) for k in range(count)]
    seen = min(count, 4 if preset == "realtime" else 8)  # those beyond are left out
    want, through = 0.0, 1.0
    for k in range(seen):
        want += through * (0.2 + 0.15 * k) * shown(60 + 30 * k)
        through *= 0.8 - 0.15 * k
    frames = [
        rendered(order, background=WHITE, preset=preset).copy("linear", "alpha") for order in (sheets, sheets[::-1])
    ]
    # at the centre the sheets are seen nearly straight on
    np.testing.assert_allclose(frames[0].linear[48, 48], want + through, atol=1e-3)
    assert frames[0].alpha[48, 48] == pytest.approx(1.0 - through, abs=1e-3)
    assert np.array_equal(frames[0].rgb, frames[1].rgb)


def test_what_is_opaque_hides_the_cloth_behind_it_and_shows_through_that_before_it() -> None:
    wall, front, back = (
        facing_quad(0.9, 0.0, grey(200)),
        *(facing_quad(0.4, y, grey(90, opacity=0.5)) for y in (-1, 1)),
    )
    frame = rendered([back, wall, front])
    bare = rendered([wall])
    assert frame.linear[48, 48, 0] < bare.linear[48, 48, 0] - 0.05
    assert frame.alpha[48, 48] == 1.0
    alone = rendered([back, wall])
    np.testing.assert_array_equal(alone.rgb, bare.rgb)


def test_no_seam_shows_between_triangles() -> None:
    """A sheet of 800 triangles, turned in its plane, hides as much at every pixel."""
    row, column = np.meshgrid(np.arange(20), np.arange(20), indexing="ij")
    a = (row * 21 + column).ravel()
    faces = np.concatenate([np.stack([a, a + 1, a + 22], 1), np.stack([a, a + 22, a + 21], 1)])
    across, up = np.meshgrid(np.linspace(-0.7, 0.7, 21), np.linspace(-0.7, 0.7, 21))
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    for angle in (0.0, 0.3):
        flat = np.stack([across.ravel(), up.ravel()], 1) @ (turn if angle else np.eye(2))
        points = np.stack([flat[:, 0], np.zeros(441), flat[:, 1] + 1.0], 1).astype(np.float32)
        far = Camera.look_at((0, -40, 1), (0, 0, 1), 0.06, SIZE)  # seen straight on all over
        alpha = rendered(
            [(mesh("sheet", faces, 441, grey(128, opacity=0.5)), points)], background=EMPTY, camera=far
        ).alpha
        assert np.ptp(alpha[30:66, 30:66]) < 1e-3
        assert alpha[48, 48] == pytest.approx(0.5, abs=1e-3)


def test_cloth_seen_at_a_grazing_angle_hides_more() -> None:
    straight = rendered([facing_quad(0.4, 0.0, grey(100, opacity=0.6))], background=EMPTY).alpha[48, 48]
    leaning = quad([(-0.4, -0.6, 0.6), (0.4, -0.6, 0.6), (0.4, 0.6, 1.4), (-0.4, 0.6, 1.4)], grey(100, opacity=0.6))
    cosine = 0.4 / np.hypot(1.2, 0.8) * 2  # the sheet's normal is (0, -0.8, 1.2) over its length
    assert straight == pytest.approx(0.6, abs=1e-3)
    got = rendered([leaning], background=EMPTY).alpha[48, 48]
    assert got == pytest.approx(1.0 - 0.4 ** (1.0 / cosine), abs=0.01)


@pytest.mark.parametrize("angle", [0.11, 0.7])
def test_edges_of_sheer_cloth_show_the_area_they_cover(angle: float) -> None:
    pixel = 4.0 / FRONT.focal_px
    half = 20.3 * pixel
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    xz = np.array([[-half, -half], [half, -half], [half, half], [-half, half]]) @ turn.T + 0.43 * pixel
    sheet = quad([(float(x), 0.0, float(z) + 1.0) for x, z in xz], grey(255, opacity=0.5))
    alpha = rendered([sheet], background=EMPTY).alpha / 0.5
    assert alpha.sum() == pytest.approx((2 * half / pixel) ** 2, rel=0.01)
    assert ((alpha > 0.05) & (alpha < 0.95)).sum() > 60


def test_edges_behind_sheer_cloth_are_smoothed_too() -> None:
    """The edge of a bright sheet, opaque or sheer, behind a sheer one that covers all of it."""
    for opacity in (1.0, 0.7):
        behind = quad([(-0.5, 0, 0.2), (0.4, 0, 0.3), (0.1, 0, 1.6), (-0.5, 0, 1.5)], grey(250, opacity=opacity))
        rgb = rendered([facing_quad(0.9, -0.5, grey(120, opacity=0.4)), behind]).rgb[..., 0].astype(int)
        dark, bright = rgb[48, 75], rgb[48, 40]
        assert bright > dark + 30
        between = (rgb > dark + 6) & (rgb < bright - 6)
        assert between[35:65].any(axis=1).all()


@pytest.mark.parametrize("preset", ["realtime", "quality"])
def test_shadows_of_sheer_cloth_are_lighter(preset: str) -> None:
    wall = facing_quad(1.2, 0.5, grey(180))
    lighting = replace(EVEN, sun_direction=(0.0, -1.0, 1.0), sun_color=(0.3, 0.3, 0.3))
    camera = Camera.look_at((0, -4, 1), (0, 0, 1), 0.6, (192, 192))

    def shaded(*opacities: float) -> float:
        plates = [
            quad(
                [(-0.2, y, z - 0.1), (0.2, y, z - 0.1), (0.2, y, z + 0.1), (-0.2, y, z + 0.1)],
                grey(180, opacity=opacity),
            )
            for opacity, (y, z) in zip(opacities, ((0.0, 1.5), (-0.3, 1.8)), strict=False)
        ]
        return float(rendered([wall, *plates], lighting, camera=camera, preset=preset).linear[96, 96, 0])

    lit, dark, one, two = shaded(), shaded(1.0), shaded(0.5), shaded(0.5, 0.3)
    # the plates' faces look along y, the sun stands at 45°
    passes, both = 0.5 ** np.sqrt(2.0), (0.5 * 0.7) ** np.sqrt(2.0)
    assert (one - dark) / (lit - dark) == pytest.approx(passes, abs=0.02)
    assert (two - dark) / (lit - dark) == pytest.approx(both, abs=0.02)


def test_the_ground_has_more_light_under_sheer_cloth() -> None:
    vertices, faces = sphere(0.3, (0, 0, 0.6))
    camera = Camera.look_at((0, -3, 2.0), (0, 0, 0.2), 0.8, SIZE)
    lighting, white = replace(Lighting.studio(), sun_direction=(-0.7, 0.0, 0.7)), Background.plain((0.9, 0.9, 0.9))
    right = camera.project(np.array([0.65, 0.0, 0.0]))[:2].astype(int)

    def light(opacity: float) -> float:
        ball = (mesh("ball", faces, len(vertices), grey(200, opacity=opacity)), vertices)
        return float(rendered([ball], lighting, white, camera).linear[right[1], right[0], 0])

    opaque, half, little = (light(opacity) for opacity in (1.0, 0.3, 0.02))
    assert opaque + 0.05 < half < little - 0.05


def test_cloth_lit_from_behind_glows_a_little() -> None:
    behind = replace(EVEN, sun_direction=(0.0, 1.0, 0.2), sun_color=(0.5, 0.5, 0.5))
    opaque = rendered([facing_quad(0.5, 0.0, grey(180))], behind).linear[48, 48, 0]
    thin = rendered([facing_quad(0.5, 0.0, grey(180, opacity=0.999))], behind).linear[48, 48, 0]
    assert opaque + 0.03 < thin < 2.0 * opaque


@pytest.mark.parametrize("preset", ["realtime", "quality"])
def test_outputs_are_of_the_composite_or_of_what_is_nearest(preset: str) -> None:
    veil, plate = facing_quad(0.5, 0.0, grey(120, opacity=0.6)), facing_quad(0.2, 1.0, grey(200))
    parts = [(replace(veil[0], name="veil"), veil[1]), (replace(plate[0], name="plate"), plate[1])]
    frame = rendered(parts, background=EMPTY, preset=preset).copy()
    beside, centre = (48, 30), (48, 48)
    assert frame.alpha[beside] == pytest.approx(0.6, abs=5e-3)
    assert frame.premultiplied[beside] == pytest.approx([*[0.6 * shown(120)] * 3, 0.6], abs=5e-3)
    assert int(frame.rgba[beside][3]) == pytest.approx(153, abs=2)
    assert frame.alpha[centre] == 1.0
    names = frame.segments
    np.testing.assert_allclose(frame.coverage.sum(axis=-1), 1.0, atol=1e-5)
    assert frame.coverage[(*beside, names.index("veil"))] == pytest.approx(0.6, abs=5e-3)
    assert frame.coverage[(*beside, names.index("background"))] == pytest.approx(0.4, abs=5e-3)
    assert frame.coverage[(*centre, names.index("plate"))] == pytest.approx(0.4, abs=5e-3)
    for at in (beside, centre):
        assert names[frame.mask[at]] == "veil"
        assert frame.depth[at] == pytest.approx(4.0, rel=1e-4)
        np.testing.assert_allclose(frame.normals[at], (0, -1, 0), atol=1e-3)
    over = frame.premultiplied[..., :3] + (1.0 - frame.premultiplied[..., 3:]) * 1.0
    np.testing.assert_allclose(over, rendered(parts, background=WHITE, preset=preset).linear, atol=2e-3)


def test_the_shadow_on_the_ground_shows_through_cloth() -> None:
    vertices, faces = sphere(0.3, (0, 0, 0.3))
    ball = (mesh("ball", faces, len(vertices), grey(200)), vertices)
    sheet = quad([(-1, -0.8, 0.01), (1, -0.8, 0.01), (1, -0.8, 0.9), (-1, -0.8, 0.9)], grey(255, opacity=0.3))
    camera = Camera.look_at((0, -3, 1.2), (0, 0, 0.2), 0.8, SIZE)
    lighting = replace(Lighting.studio(), sun_direction=(-0.7, 0.0, 0.7))
    frame = rendered([ball, sheet], lighting, Background.transparent(), camera)
    x, y = camera.project(np.array([0.5, 0.0, 0.0]))[:2].astype(int)
    assert 0.1 < frame.alpha[y, x] < 0.5
    assert frame.shadow[y, x] > 0.1
    assert frame.alpha[y, x] + frame.shadow[y, x] <= 1.0


def test_alpha_of_a_blended_texture_is_opacity_and_holes_take_no_layer() -> None:
    texture = np.full((64, 64, 4), 255, np.uint8)
    texture[:, 16:32, 3], texture[:, 32:, 3] = 128, 0
    lace = replace(grey(0), texture=texture, blended=True, opacity=0.8)
    frame = rendered([facing_quad(0.9, 0.0, lace)], background=EMPTY)
    assert frame.alpha[48, 18] == pytest.approx(0.8, abs=0.01)
    assert frame.alpha[48, 34] == pytest.approx(0.4, abs=0.02)
    assert frame.alpha[48, 70] == 0.0
    assert np.isinf(frame.depth[48, 70])
    cut = rendered([facing_quad(0.9, 0.0, replace(grey(200), texture=texture, opacity=0.5))], background=EMPTY)
    assert cut.alpha[48, 34] == pytest.approx(0.5, abs=0.01)
    assert cut.alpha[48, 70] == 0.0


@pytest.mark.parametrize("texels", [128, 256])
def test_alpha_is_as_sharp_as_colour(texels: int) -> None:
    """Stripes of four texels, seen from where a pixel is about as wide as one or two: as alpha, and as light."""
    stripes = np.where(np.arange(texels) // 4 % 2, 230, 30).astype(np.uint8)
    lace = np.full((texels, texels, 4), 255, np.uint8)
    lace[..., 3] = stripes
    light = np.rint(255 * linear_to_srgb(stripes / np.float32(255))).astype(np.uint8)
    printed = np.repeat(np.broadcast_to(light, (texels, texels))[..., None], 3, axis=2)
    far = Camera.look_at((0, -40, 1), (0, 0, 1), 0.06, SIZE)  # seen straight on all over
    alpha = rendered([facing_quad(0.9, 0.0, replace(grey(0), texture=lace, blended=True))], EVEN, EMPTY, far).alpha
    shown = rendered([facing_quad(0.9, 0.0, replace(grey(0), texture=printed))], EVEN, EMPTY, far).linear[..., 0]
    inner = (slice(30, 66), slice(30, 66))
    np.testing.assert_allclose(alpha[inner], 2.0 * shown[inner], atol=0.02)


def test_what_colour_a_file_has_in_holes_is_of_no_matter() -> None:
    """White lace of single texels, a third of them yarns, far away; its holes are black in the file."""
    lace = np.zeros((256, 256, 4), np.uint8)
    lace[(np.arange(256)[:, None] + np.arange(256)) % 3 == 0] = 255
    frame = rendered([facing_quad(0.9, 0.0, replace(grey(0), texture=lace, blended=True))], EVEN, EMPTY)
    alpha, light = frame.alpha[44:52, 44:52], frame.premultiplied[44:52, 44:52, 0]
    assert alpha.mean() == pytest.approx(1 / 3, abs=0.03)
    np.testing.assert_allclose(light / alpha, shown(255), rtol=0.02)


def test_cloth_around_the_camera_is_drawn() -> None:
    """A sheet that passes the near plane and reaches far behind the camera."""
    floor = quad([(-50, -60, 0.5), (50, -60, 0.5), (50, 60, 0.5), (-50, 60, 0.5)], grey(100, opacity=0.5))
    alpha = rendered([floor], background=EMPTY).alpha
    assert alpha[:40].max() == 0.0
    assert alpha[70:].min() > 0.5


@wp.kernel
def _boxes(corners: wp.array2d[wp.vec3], boxes: wp.array[wp.vec4i]):
    i = wp.tid()
    sides = sides_of(corners[i, 0], corners[i, 1], corners[i, 2], 64, 48)
    boxes[i] = wp.vec4i(sides.x0, sides.y0, sides.x1, sides.y1)


def test_triangles_far_beside_the_picture_are_looked_for_nowhere() -> None:
    """At billions of pixels too, as long lenses see what stands beside what they look at."""
    triangle = np.array([[0.0, 0.0, 1.0], [900.0, 10.0, 1.0], [0.0, 900.0, 1.0]])
    away = np.array([[x, y, 0.0] for x in (-4e9, -1e3, 2.2e9, 3.5e9, 1e12) for y in (-450.0, 2.2e9, -3.5e9)])
    corners = wp.array((triangle + away[:, None]).astype(np.float32), dtype=wp.vec3, device="cpu")
    boxes = wp.zeros(len(away), dtype=wp.vec4i, device="cpu")
    wp.launch(_boxes, len(away), [corners], outputs=[boxes], device="cpu")
    x0, y0, x1, y1 = boxes.numpy().T
    assert ((x0 > x1) | (y0 > y1)).all()


def test_frames_of_scenes_without_sheer_cloth_load_none_of_it() -> None:
    code = (
        "import sys, numpy as np\n"
        "from dressform.runtime.render.renderer import Renderer\n"
        "print([name for name in sys.modules if 'sheer' in name or 'veiled' in name or '_kernels_layers' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert Renderer([facing_quad(0.4, 0.0, grey(100))[0]], [4], SIZE)._sheer is None


def test_frames_leave_nothing_behind_and_keep_their_buffers() -> None:
    sheet, wall = facing_quad(0.4, 0.0, grey(100, opacity=0.5)), facing_quad(0.6, 1.0, grey(220))
    renderer = Renderer([sheet[0], wall[0]], [4, 4], SIZE)
    points = np.concatenate([sheet[1], wall[1]])
    renderer.set_vertices(points)
    first = renderer.render(FRONT, EVEN, BARE).copy()
    assert renderer._sheer is not None
    held = [renderer._sheer.layers.keys.ptr, renderer._sheer.nearest.ptr, renderer._sheer.veil.layers.ptr]
    moved = points.copy()
    moved[:4] += (50.0, 0.0, 0.0)
    renderer.set_vertices(moved)
    gone = renderer.render(FRONT, EVEN, BARE).copy()
    np.testing.assert_array_equal(gone.rgb, picture([wall]))
    assert gone.mask.max() == 2
    renderer.set_vertices(points)
    again = renderer.render(FRONT, EVEN, BARE)
    np.testing.assert_array_equal(again.rgb, first.rgb)
    np.testing.assert_array_equal(again.coverage, first.coverage)
    assert held == [renderer._sheer.layers.keys.ptr, renderer._sheer.nearest.ptr, renderer._sheer.veil.layers.ptr]


def test_pictures_in_the_making_do_not_mix() -> None:
    """Two drawings drawn before the first is coloured, as the pipeline does, on pictures that two cores colour."""
    size = (800, 640)
    camera = Camera.look_at((0, -4, 1), (0, 0, 1), 0.6, size)
    parts = [facing_quad(0.4, 0.0, grey(100, opacity=0.5)), facing_quad(0.6, 1.0, grey(220))]
    points = [np.concatenate([v for _, v in parts]) + np.array([x, 0, 0], np.float32) for x in (0.0, 0.2)]
    ahead, alone = (Renderer([m for m, _ in parts], [4, 4], size, ahead=count) for count in (1, 0))
    for drawing, at in zip(ahead.drawings, points, strict=True):
        drawing.vertices.assign(at.astype(np.float32))
        ahead.draw(drawing, camera, EVEN)
    for drawing, at in zip(ahead.drawings, points, strict=True):
        got = ahead.finish(drawing, EVEN, WHITE).rgb.copy()
        alone.set_vertices(at)
        np.testing.assert_array_equal(got, alone.render(camera, EVEN, WHITE).rgb)


def test_wrong_opacity_and_too_much_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"quad: opacity must be from 0 to 1, got 1\.5"):
        Renderer([facing_quad(0.4, 0.0, grey(100, opacity=1.5))[0]], [4], SIZE)
    monkeypatch.setattr("dressform.runtime.render.checks.free_bytes", lambda device: 3_000_000_000)
    check_size((1920, 1920), 2)
    with pytest.raises(ValueError, match="memory"):
        check_size((1920, 1920), 2, layers=8)
