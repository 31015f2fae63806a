from __future__ import annotations

import io
import math
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.authoring.draft import Draft
from dressform.authoring.stage import Stage
from dressform.authoring.steps.import_mesh import ImportOptions, import_mesh
from dressform.authoring.steps.preview import PREVIEW_BYTES, PreviewOptions, png_within, preview, preview_picture
from dressform.runtime.body.canonical import canonical_rest
from dressform.schemas.errors import UsageError

SIZE = (144, 192)


def colored(mesh: GarmentMesh, *colors: tuple[float, float, float]) -> GarmentMesh:
    """Paint equal parts of a garment by height."""
    middle = mesh.points[mesh.faces][:, :, 2].mean(axis=1)
    ids = (np.argsort(np.argsort(middle)) * len(colors) // len(middle)).astype(np.int32)
    return replace(mesh, materials=tuple(Material(base_color=(*c, 1.0)) for c in colors), material_ids=ids)


def reddish(picture: np.ndarray) -> np.ndarray:
    return (picture[..., 0].astype(int) - picture[..., 1]) > 60


def bluish(picture: np.ndarray) -> np.ndarray:
    return (picture[..., 2].astype(int) - picture[..., 0]) > 50


RED, BLUE = (0.6, 0.02, 0.02), (0.02, 0.02, 0.6)


# where front, back, close-ups and colourways stand in a picture of 192 rows: (rows, columns)
WIDE = ((slice(0, 120), slice(0, 168)), (slice(0, 120), slice(168, 288)), (slice(120, 192), slice(0, 144)))
WIDE_LOOKS = (slice(120, 192), slice(144, 288))
TALL = ((slice(0, 192), slice(0, 144)), (slice(0, 120), slice(144, 288)), (slice(120, 192), slice(144, 216)))
TALL_LOOKS = (slice(120, 192), slice(216, 288))


def stretched(tee: GarmentMesh, *, tall: bool) -> GarmentMesh:
    return replace(tee, points=tee.points * np.float32((1, 1, 2 if tall else 1)))


@pytest.mark.parametrize(("tall", "views"), [(False, WIDE), (True, TALL)])
def test_front_and_back_show_the_garment_whole_and_the_close_up_its_cloth(
    tee: GarmentMesh, tall: bool, views: tuple[tuple[slice, slice], ...]
) -> None:
    garment = stretched(tee, tall=tall)
    picture = preview_picture(colored(garment, RED), 192, looks={"own": colored(garment, RED)})
    assert picture.shape == (192, 288, 3)
    red = reddish(picture)
    for place in views[:2]:
        view = red[place]
        assert 0.1 < view.mean() < 0.6
        assert not view[[0, -1]].any()
        assert not view[:, [0, -1]].any()
    assert red[views[2]].mean() > 0.5


@pytest.mark.parametrize("tall", [False, True])
@pytest.mark.parametrize("count", [1, 3, 6])
def test_every_colourway_is_shown_beside_the_close_up(tee: GarmentMesh, count: int, tall: bool) -> None:
    garment = stretched(tee, tall=tall)
    looks = {f"look{k}": colored(garment, BLUE) for k in range(count)}
    blue = bluish(preview_picture(colored(garment, RED), 192, looks=looks))
    place = TALL_LOOKS if tall else WIDE_LOOKS
    corner = blue[place].copy()
    blue[place] = False
    assert not blue.any()
    across, rows = {1: (1, 1), 3: (2, 2), 6: (3, 2)}[count]
    height, width = corner.shape[0] // rows, corner.shape[1] // across
    shown = [
        corner[row * height :, column * width :][:height, :width].mean() > 0.05
        for row in range(rows)
        for column in range(across)
    ]
    assert sum(shown) == count


def test_the_form_ends_where_the_garment_does(tee: GarmentMesh) -> None:
    """No head, no hands: what is seen besides the tee is a neck, its wooden cap, and a pole below the hem."""
    rest = canonical_rest()
    bare = Stage(colored(tee, RED), None, None, SIZE).view(0.0).astype(int)
    formed = Stage(colored(tee, RED), rest, None, SIZE).view(0.0).astype(int)
    added = np.abs(formed - bare).max(axis=-1) > 12
    red = reddish(bare)
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    assert added[: rows[0]].any(), "a neck above the collar"
    assert added[rows[-1] + 2 :].any(axis=0).sum() < 12, "a thin pole below the hem"
    assert added[rows[-1] + 2 :].any(), "a pole"
    assert not added[: max(rows[0] - 35, 0)].any(), "no head"
    assert not added[:, : max(columns[0] - 12, 0)].any(), "no hands"
    assert not added[:, columns[-1] + 13 :].any(), "no hands"


def test_large_previews_get_fewer_colours() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 450, 3), dtype=np.uint8)
    small = png_within(noise, 1000)
    assert len(small) < 0.5 * len(png_within(noise, 10**9))
    assert len(np.unique(np.asarray(Image.open(io.BytesIO(small)).convert("RGB")).reshape(-1, 3), axis=0)) <= 256
    flat = np.full((300, 450, 3), (10, 20, 30), np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png_within(flat, PREVIEW_BYTES)))), flat)


def test_every_material_is_drawn(tee: GarmentMesh) -> None:
    picture = Stage(colored(tee, (0.6, 0.02, 0.02), (0.02, 0.02, 0.6)), None, None, SIZE).view(0.0).astype(int)
    red, blue = picture[..., 0] - picture[..., 2] > 50, picture[..., 2] - picture[..., 0] > 50
    assert np.flatnonzero(red.any(axis=1)).mean() > np.flatnonzero(blue.any(axis=1)).mean() + 10, "blue is above red"


def test_it_turns_counter_clockwise_seen_from_above(skirt: GarmentMesh) -> None:
    # a mark at the front, x = 0; a quarter turn takes it to +x, the right of the picture
    front = skirt.points[skirt.faces].mean(axis=1)[:, 1] < -0.15
    materials = (Material(base_color=(0.7, 0.7, 0.7, 1.0)), Material(base_color=(0.6, 0.02, 0.02, 1.0)))
    mesh = replace(skirt, materials=materials, material_ids=front.astype(np.int32))
    stage = Stage(mesh, None, None, SIZE)

    def middle_of_mark(yaw: float) -> float:
        picture = stage.view(yaw).astype(int)
        columns = np.flatnonzero((picture[..., 0] - picture[..., 1] > 40).any(axis=0))
        return float(columns.mean()) / SIZE[0]

    assert middle_of_mark(0.0) == pytest.approx(0.5, abs=0.03)
    assert middle_of_mark(math.radians(50)) > 0.6


def test_files_of_the_step(tmp_path: Path, skirt_obj: Path) -> None:
    draft = import_mesh(skirt_obj, tmp_path / "draft", ImportOptions())
    done = preview(draft, PreviewOptions(height=128))
    assert done.report("preview") == {"on_form": False, "files": ["preview.png", "turntable.mp4"]}
    assert Image.open(done.folder / "preview.png").size == (192, 128)
    with av.open(str(done.folder / "turntable.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == 60
    plain = preview(Draft.open(done.folder), PreviewOptions(height=128, turntable=False))
    assert not (plain.folder / "turntable.mp4").exists()


@pytest.mark.parametrize("height", [10, 100, 5000])
def test_heights(height: int) -> None:
    with pytest.raises(UsageError, match="--height"):
        PreviewOptions(height=height)
