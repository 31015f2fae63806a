"""The adapter: with PyTorch3D where it is installed, else with a plain stand-in for the one function it calls."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from dressform.runtime.render.backends import pytorch3d_rasterizer as adapter
from dressform.runtime.render.backends.face_map import map_faces
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial
from dressform.schemas.errors import UsageError

Part = tuple[SceneMesh, np.ndarray]
SIZE = (72, 48)
EYE = Camera.look_at((0.13, -4, 1.07), (0.011, 0, 1.017), 0.6, SIZE)  # no edge through a row of pixels' centres


def rasterize_meshes(
    meshes: SimpleNamespace,
    image_size: tuple[int, int],
    blur_radius: float,
    faces_per_pixel: int,
    perspective_correct: bool,
    clip_barycentric_coords: bool,
    cull_backfaces: bool,
    z_clip_value: float | None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, None]:
    """What PyTorch3D documents: x to the left and y up from -1 to 1 along the shorter side, z the depth."""
    assert (blur_radius, perspective_correct, clip_barycentric_coords) == (0.0, True, False)
    height, width = image_size
    short = min(image_size)
    x = (width - 2 * np.arange(width) - 1) / short
    y = (height - 2 * np.arange(height) - 1) / short
    rays = np.stack([*np.meshgrid(x, y), np.ones((height, width))], axis=-1)
    vertices = meshes.verts[0].numpy().astype(np.float64)
    assert z_clip_value is not None or (vertices[meshes.faces[0].numpy(), 2] > 0.0).all()
    depths, shares = [], []
    for face in meshes.faces[0].numpy():
        corners = vertices[face]
        space = np.column_stack([corners[:, :2] * corners[:, 2:], corners[:, 2]]).T
        volume = np.linalg.det(space)
        share = rays @ np.linalg.inv(space).T if abs(volume) > 1e-12 else np.full(rays.shape, -1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            depth, share = 1.0 / share.sum(axis=-1), share / share.sum(axis=-1, keepdims=True)
            seen = (share > 0.0).all(axis=-1) & (depth >= (z_clip_value or 0.0)) & ~(cull_backfaces and volume > 0.0)
        depths.append(np.where(seen, depth, np.inf))
        shares.append(share)
    count = min(faces_per_pixel, len(depths))
    stacked = np.stack(depths, axis=-1)
    order = np.argsort(stacked, axis=-1, kind="stable")[..., :count]
    nearest = np.take_along_axis(stacked, order, axis=-1)
    there = np.isfinite(nearest)
    shares_of = np.take_along_axis(np.stack(shares, axis=-2), order[..., None], axis=-2)
    found = (np.where(there, order, -1), np.where(there, nearest, -1.0), np.where(there[..., None], shares_of, -1.0))
    spare = faces_per_pixel - count
    padded = [
        np.pad(a, [(0, 0), (0, 0), (0, spare), *[(0, 0)] * (a.ndim - 3)], constant_values=-1)[None] for a in found
    ]
    return torch.from_numpy(padded[0]), torch.from_numpy(padded[1]).float(), torch.from_numpy(padded[2]).float(), None


@pytest.fixture(autouse=True)
def pytorch3d(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    adapter.load_pytorch3d.cache_clear()
    try:
        adapter.load_pytorch3d()
    except UsageError:
        names = ("pytorch3d", "pytorch3d.renderer", "pytorch3d.renderer.mesh")
        for name in names:
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
        function = SimpleNamespace(rasterize_meshes=rasterize_meshes)
        monkeypatch.setitem(sys.modules, "pytorch3d.renderer.mesh.rasterize_meshes", function)
        monkeypatch.setitem(sys.modules, "pytorch3d.structures", SimpleNamespace(Meshes=SimpleNamespace))
    yield
    adapter.load_pytorch3d.cache_clear()


def soup(seed: int, count: int, *, behind: bool = False) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    depth = random.uniform(0.5, 3.0, 3 * count)
    if behind:
        depth[:: 3 + seed % 2] *= -1.0
    at = random.uniform(-0.2, 1.2, (3 * count, 2)) * SIZE
    return np.column_stack([at, 1.0 / depth]).astype(np.float32), np.arange(3 * count).reshape(-1, 3)


@pytest.mark.parametrize("double_sided", [True, False])
@pytest.mark.parametrize(("count", "behind"), [(1, False), (40, False), (3, True)])
def test_fragments_agree(count: int, behind: bool, double_sided: bool) -> None:
    seen = 0
    for seed in range(4):
        screen, faces = soup(seed, count, behind=behind)
        ours, theirs = (
            map_faces(screen, faces, SIZE, double_sided=double_sided, raster=raster) for raster in ("warp", "pytorch3d")
        )
        assert (ours.triangles != theirs.triangles).sum() <= 2
        same = (ours.triangles == theirs.triangles) & (ours.triangles >= 0)
        np.testing.assert_allclose(ours.depth[same], theirs.depth[same], rtol=3e-4)
        np.testing.assert_allclose(ours.barycentrics[same], theirs.barycentrics[same], atol=3e-4)
        seen += int(same.sum())
    assert seen > 500


@pytest.mark.parametrize("broken", [(np.nan, np.nan, np.nan), (np.inf, 0.0, 1.0), (0.0, 0.0, -1e9)])
def test_broken_vertices_and_empty_pictures_do_no_harm(broken: tuple[float, float, float]) -> None:
    screen, faces = soup(1, 12)
    screen[4] = broken
    whole = np.delete(faces, 1, axis=0)
    found = map_faces(screen, faces, SIZE, raster="pytorch3d").triangles
    want = map_faces(screen, whole, SIZE, raster="pytorch3d").triangles
    assert np.array_equal(found, np.where(want >= 1, want + 1, want))
    screen[:] = np.nan
    nothing = map_faces(screen, faces, SIZE, raster="pytorch3d")
    assert (nothing.triangles == -1).all()
    assert np.isinf(nothing.depth).all()


def plate(y: float, half: float, *, holes: int | None = None, layer: int = 0, **material: object) -> Part:
    """A square that faces the eye; with holes, a chess board's black fields (0) or white ones (1)."""
    texture = np.full((16, 16, 4), 255, np.uint8)
    texture[..., :3] = np.random.default_rng(int(100 * abs(y))).integers(40, 255, 3)
    if holes is not None:
        row, column = np.indices((16, 16)) // 4
        texture[(row + column) % 2 == holes, 3] = 0
    corners = np.array(
        [(-half, y, 1 - half), (half, y, 1 - half), (half, y, 1 + half), (-half, y, 1 + half)], np.float32
    )
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    surface = SurfaceMaterial(texture, **material)  # type: ignore[arg-type]
    return SceneMesh("plate", faces, uv, faces, surface, layer=layer), corners


def frames(parts: list[Part], preset: str = "realtime") -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Render by both; rgb, mask, depth of each."""
    found = []
    for raster in ("warp", "pytorch3d"):
        renderer = Renderer([mesh for mesh, _ in parts], [4] * len(parts), SIZE, preset=preset, raster=raster)
        renderer.set_vertices(np.concatenate([vertices for _, vertices in parts]))
        frame = renderer.render(EYE, Lighting.studio(), Background.plain())
        found.append((frame.rgb.copy(), frame.mask.copy(), frame.depth.copy()))
    return found


# the same holes seven times, and then the fields between them: the eighth face behind each other is seen, not the last
MANY_HOLES = [plate(0.5, 0.9), plate(0.1, 0.5, holes=1), *(plate(-0.001 * k, 0.5, holes=0) for k in range(7))]


@pytest.mark.parametrize("preset", ["realtime", "quality"])
@pytest.mark.parametrize(
    "parts",
    [
        [plate(0.0, 0.9), plate(-0.5, 0.4)],
        [plate(0.0, 0.9), plate(0.002, 0.6, layer=2)],  # behind, and yet drawn before
        [plate(0.0, 0.9), plate(-0.5, 0.7, holes=0)],
        MANY_HOLES,
        [plate(0.0, 0.9), (plate(-0.5, 0.4, double_sided=False)[0], plate(-0.5, 0.4)[1][::-1])],  # turned away: unseen
        [plate(0.0, 0.9, double_sided=False), (plate(-0.5, 0.4)[0], plate(-0.5, 0.4)[1][::-1])],  # its inside is seen
        [plate(-4.5, 3.0), plate(0.0, 0.8)],  # behind the eye
        [plate(-3.995, 0.2), plate(0.0, 0.8)],  # nearer than is drawn
    ],
    ids=["depth", "layer", "holes", "many holes", "culled", "inside", "behind", "near"],
)
def test_frames_agree(parts: list[Part], preset: str) -> None:
    (rgb, mask, depth), (rgb_too, mask_too, depth_too) = frames(parts, preset)
    assert (mask != mask_too).sum() <= 4
    # a pixel on the rim of a hole changes by a little what light its neighbours get
    assert (np.abs(rgb.astype(int) - rgb_too).max(axis=-1) > 3).sum() <= 8
    same = (mask == mask_too) & (mask > 0)
    assert same.sum() > 300
    np.testing.assert_allclose(depth[same], depth_too[same], rtol=1e-5)


def test_the_scenes_show_what_they_are_for() -> None:
    def seen(*parts: Part) -> list[int]:
        return np.unique(frames(list(parts))[1][1]).tolist()

    assert seen(plate(0.0, 0.4), plate(0.002, 0.6, layer=2)) == [0, 2]
    assert seen(plate(0.0, 0.6), plate(0.002, 0.6)) == [0, 1]
    assert seen(*MANY_HOLES) == [0, 1, 2, 9]
    assert seen(plate(-3.995, 0.2), plate(0.0, 0.8)) == [0, 2]
    assert seen(plate(-3.9, 0.1), plate(0.0, 0.8)) == [0, 1, 2]
