"""Rasterisers by name, and of one's own."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import warp as wp

from dressform.__main__ import run_command
from dressform.cli import cli
from dressform.commands import render as command
from dressform.runtime.render._kernels_view import EMPTY
from dressform.runtime.render.backends import pytorch3d_rasterizer as adapter
from dressform.runtime.render.backends.choose import RASTERS, check_raster
from dressform.runtime.render.backends.face_map import map_faces
from dressform.runtime.render.backends.protocol import DrawnFaces
from dressform.runtime.render.backends.warp_rasterizer import WarpRasterizer
from dressform.runtime.render.face_colors import face_colored
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting
from dressform.schemas.errors import UsageError

SIZE = (32, 24)
FACES = np.array([[0, 1, 2]], np.int32)


@pytest.fixture
def no_pytorch3d(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where it is not installed."""
    monkeypatch.setitem(sys.modules, "pytorch3d", None)
    for name in [name for name in sys.modules if name.startswith("pytorch3d.")]:
        monkeypatch.delitem(sys.modules, name)
    adapter.load_pytorch3d.cache_clear()


def test_an_unknown_rasteriser_is_refused() -> None:
    with pytest.raises(UsageError, match="raster must be one of warp, pytorch3d, got 'opengl'"):
        check_raster("opengl")
    with pytest.raises(UsageError, match="raster must be one of"):
        map_faces(np.ones((3, 3)), FACES, SIZE, raster="opengl")


@pytest.mark.usefixtures("no_pytorch3d")
def test_without_pytorch3d_one_line_says_the_cure() -> None:
    with pytest.raises(UsageError) as error:
        check_raster("pytorch3d")
    assert re.fullmatch(
        r"raster pytorch3d needs PyTorch3D .* \(.*pytorch3d.*\); make test-pytorch3d .*", str(error.value)
    )


@pytest.mark.usefixtures("no_pytorch3d")
def test_render_without_pytorch3d_stops_before_any_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.mp4"
    arguments = ["render", str(tmp_path / "missing.json"), "--raster", "pytorch3d", "-o", str(out)]
    with pytest.raises(SystemExit) as exit_:
        run_command(cli, "dressform", arguments)
    assert exit_.value.code == 2
    assert "raster pytorch3d needs PyTorch3D" in capsys.readouterr().err
    assert not out.exists()


def test_the_command_offers_every_rasteriser() -> None:
    assert tuple(command.RASTERS) == RASTERS


def test_a_rasteriser_of_ones_own_takes_part() -> None:
    """One that lets Warp draw, then cuts the left half off."""

    class Half:
        def __init__(self, faces: DrawnFaces, device: str) -> None:
            self._whole = WarpRasterizer(faces, device)

        def draw(self, screen: wp.array, keys: wp.array, facing: wp.array) -> None:
            self._whole.draw(screen, keys, facing)
            keys.numpy()[:, : SIZE[0] // 2] = EMPTY.value

    points = np.array([[-9, 0, -9], [9, 0, -9], [0, 0, 12]], np.float32)
    masks = []
    for raster in ("warp", Half):
        renderer = Renderer([face_colored("one", FACES, np.full((1, 3), 200, np.uint8))], [3], SIZE, raster=raster)
        renderer.set_vertices(points)
        eye = Camera.look_at((0, -4, 1), (0, 0, 1), 0.6, SIZE)
        masks.append(renderer.render(eye, Lighting.studio(), Background.plain()).mask.copy())
    assert masks[0].all()
    assert not masks[1][:, :16].any()
    assert masks[1][:, 16:].all()
