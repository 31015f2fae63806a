"""`dressform render` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from dressform.cli import cli
from dressform.schemas.errors import DressformError


@pytest.fixture
def run(tube_library: Path, plain_avatar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)

    def running(*words: str) -> Result:
        common = ["render", str(plain_avatar), "--wear", "tube", "--library", str(tube_library), "--motion", "idle"]
        return CliRunner().invoke(cli, [*common, "--size", "64x80", "--fps", "10", "--seconds", "0.3", *words])

    return running


def test_a_folder_of_outputs(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    result = run(
        "-o", "frames", "--outputs", "rgb,alpha, depth,uv", "--background", "#ff8000", "--shadow", "0", "--json"
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["frames"] == 3
    notes = json.loads((tmp_path / "frames" / "frames.json").read_text())
    assert list(notes["files"]) == ["rgb", "alpha", "depth", "uv"]
    with Image.open(tmp_path / "frames" / "rgb.000003.png") as image:
        assert image.getpixel((1, 1)) == (255, 128, 0)
        assert image.getpixel((1, 79)) == (255, 128, 0)


def test_a_transparent_still_and_a_turntable(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    result = run("-o", "still.png", "--at", "0.2", "--background", "transparent", "--size", "65x81", "--samples", "2")
    assert result.exit_code == 0, result.output
    assert "still.png: 1 frame in" in result.stdout
    with Image.open(tmp_path / "still.png") as image:
        assert (image.mode, image.size) == ("RGBA", (65, 81))
        alpha = np.asarray(image)[..., 3]
    assert alpha[0].max() == 0
    assert alpha.max() == 255
    result = run("-o", "round.webm", "--at", "0.2", "--turntable", "--background", "transparent")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "round.webm").stat().st_size > 500


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "a.mp4", "--background", "transparent"], "needs a codec with alpha"),
        (["-o", "a.mp4", "--outputs", "rgb,depth"], "a video holds the picture only"),
        (["-o", "a.mp4", "--at", "0.1"], "--at is for a still or a turntable"),
        (["-o", "a.mp4", "--background", "sky.png"], "there is no 'sky.png'"),
        (["-o", "out", "--outputs", "colour"], "--outputs must be some of"),
        (["-o", "a.gif"], r"an output must be named"),
    ],
)
def test_wrong_use_leaves_nothing(run, words: list[str], said: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    result = run(*words)
    assert isinstance(result.exception, DressformError)
    assert said in str(result.exception)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "a.mp4", "--at", "1"], "--at is for a still or a turntable, and 'a.mp4' is a video"),
        (["-o", "a.png", "--turntable"], "--turntable makes many pictures, and 'a.png' is one"),
        (["-o", "a.exr", "--turntable", "--at", "1"], "--turntable makes many pictures"),
        (["-o", "a.npz", "--turntable"], "name a video or a folder, or leave --turntable out"),
        (["-o", "a.mp4", "--background", "nosuch.png"], "there is no 'nosuch.png'"),
        (["-o", "a.mp4", "--lock", "x.lock", "--no-lock"], "give either --lock FILE or --no-lock"),
        (["-o", "a.mp4", "--wear", "tube", "--lock", "x.lock"], "x.lock"),
        (["-o", "."], "it would be replaced as a whole"),
    ],
)
@pytest.mark.parametrize("command", ["render", "tryon"])
def test_what_cannot_be_made_is_refused_before_anything_is_read(
    command: str, words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    consent = ["--consent", "self"] if command == "tryon" else []
    result = CliRunner().invoke(cli, [command, "missing", *consent, *words])  # the photo, or the avatar, is not there
    assert isinstance(result.exception, DressformError)
    assert said in str(result.exception)
    assert not list(tmp_path.iterdir())
