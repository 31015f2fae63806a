import json

import pytest
from click.testing import CliRunner
from PIL import Image

import dressform as df
from dressform.cli import cli
from dressform.schemas.errors import AssetError, UsageError


def call(*args):
    return CliRunner().invoke(cli, ["fit", *map(str, args)], catch_exceptions=True)


def test_figures_and_picture(plain_avatar, tube_library, tmp_path):
    picture = tmp_path / "fit.png"
    result = call(plain_avatar, "--wear", "tube", "--library", tube_library, "--json", "-o", picture)
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    (tube,) = data["garments"]
    assert tube["garment"] == "tube@1.0.0"
    assert tube["recommended"] == "M"
    assert list(tube["sizes"]) == ["M"]
    regions = tube["sizes"]["M"]["regions"]
    assert set(regions) | set(tube["lacks"]) == {"neck", "chest", "waist", "hip", "sleeve", "thigh", "hem"}
    assert regions["waist"]["verdict"] == "good"  # it is tried on the body that it is made for
    assert regions["waist"]["ease_cm"] == pytest.approx(regions["waist"]["design_cm"], abs=0.5)
    assert data["picture"] == str(picture)
    with Image.open(picture) as image:
        assert image.width > 600


def test_words(plain_avatar, tube_library):
    result = call(plain_avatar, "--wear", "tube:M", "--library", tube_library)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("tube@1.0.0: size M\n  M sits as designed (")
    assert "it has no neck" in result.stdout


def test_from_python(plain_avatar, tube_library):
    found = df.fit(plain_avatar, "tube", library=tube_library)
    assert found.recommended == "M"
    assert found.garment == "tube@1.0.0"
    assert len(found.sizes["M"].points) == len(found.sizes["M"].pressure)


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--wear", "tube", "--size", "XL"], "tube@1.0.0 has no size 'XL'; it has M"),
        (["--wear", "tube", "-o", "fit.jpg"], "-o fit.jpg: the picture is a PNG; name a file that ends in .png"),
        (["--wear", "tube", "-o", "no/fit.png"], "-o no/fit.png: the folder no does not exist; make it first"),
        (["--wear", "No Such"], "--wear No Such: 'No Such' is not a name"),
    ],
)
def test_wrong_use_is_said_in_a_line(plain_avatar, tube_library, args, line):
    result = call(plain_avatar, *args, "--library", tube_library)
    assert isinstance(result.exception, UsageError)
    assert line in str(result.exception)


def test_a_template_that_is_not_there(plain_avatar, tube_library):
    result = call(plain_avatar, "--wear", "cape", "--library", tube_library)
    assert isinstance(result.exception, AssetError)
