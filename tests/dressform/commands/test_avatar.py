from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from dressform.assets.models import model_path
from dressform.commands.avatar import avatar
from dressform.schemas.errors import ConsentError, InputError, ModelFileError, UsageError


def run(*arguments: object) -> str:
    result = CliRunner().invoke(avatar, [str(a) for a in arguments], catch_exceptions=False, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_make_and_measure(tmp_path):
    path = tmp_path / "a.json"
    made = json.loads(run("make", "--gender", "male", "--height-m", 1.8, "-o", path, "--json"))
    assert made["avatar"] == str(path)
    assert made["measures"]["height"] == pytest.approx(1.8, abs=0.003)
    assert json.loads(run("measure", path, "--json"))["measures"] == made["measures"]
    assert "height" in run("measure", path)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (("estimate", "PHOTO", "-o", "OUT"), ConsentError, "--consent self"),
        (("estimate", "absent.jpg", "--consent", "self", "-o", "OUT"), InputError, "no such file"),
        (
            ("estimate", "PHOTO", "--consent", "self", "-o", "no/folder/a.json"),
            UsageError,
            "-o .*no/folder does not exist",
        ),
        (
            ("estimate", "PHOTO", "--consent", "self", "--overlay", "no/o.png"),
            UsageError,
            "--overlay no/o.png: the folder",
        ),
        (("measure", "absent.json", "--picture", "no/m.png"), UsageError, "--picture no/m.png: the folder no does"),
        (("estimate", "PHOTO", "--consent", "self", "--height-m", "172", "-o", "OUT"), UsageError, "centimetres"),
        (("make", "--beta", "1", "-o", "OUT"), UsageError, "--smplx"),
        (("make", "--smplx", "absent.npz", "--gender", "male", "-o", "OUT"), UsageError, "--beta"),
        (("measure", "absent.json"), InputError, "absent.json"),
        (("measure", "absent.json", "--picture", "no.jpg"), UsageError, "--picture no.jpg must end in .png"),
    ],
)
def test_wrong_use_leaves_nothing_behind(tmp_path, monkeypatch, arguments, error, says):
    monkeypatch.chdir(tmp_path)
    photo = tmp_path / "photo.png"
    Image.fromarray(np.full((100, 100, 3), 99, np.uint8)).save(photo)
    named = {"PHOTO": photo, "OUT": tmp_path / "out.json"}
    with pytest.raises(error, match=says):
        run(*[named.get(a, a) for a in arguments])
    assert [p.name for p in tmp_path.iterdir()] == ["photo.png"]


def test_a_photo_without_a_person(tmp_path):
    try:
        model_path("pose_detection.tflite")
    except ModelFileError as error:
        pytest.skip(str(error))
    Image.fromarray(np.full((200, 200, 3), 99, np.uint8)).save(tmp_path / "wall.png")
    with pytest.raises(InputError, match=r"wall.png: no person found"):
        run("estimate", tmp_path / "wall.png", "--consent", "self", "-o", tmp_path / "a.json")
    assert not (tmp_path / "a.json").exists()
