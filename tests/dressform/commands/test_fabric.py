"""`dressform fabric`: lists, cards and swatches."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.__main__ import run_command
from dressform.authoring.fabrics.fabric import fabric_names
from dressform.cli import cli


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as exit_:
        run_command(cli, "dressform", ["fabric", *arguments])
    printed = capsys.readouterr()
    return int(exit_.value.code or 0), printed.out, printed.err


def test_list_names_every_fabric(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "list", "--json")
    assert code == 0
    assert [row["name"] for row in json.loads(out)["fabrics"]] == list(fabric_names())
    code, out, _ = run(capsys, "list")
    assert [line.split()[0] for line in out.splitlines()] == list(fabric_names())


def test_show_gives_the_values_with_units_and_sources(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "show", "denim")
    assert code == 0
    assert "400 g/m²" in out
    assert "µN·m" in out
    assert "KES-F" in out
    code, out, _ = run(capsys, "show", "denim", "--json")
    shown = json.loads(out)
    assert shown["template"]["weight"] == pytest.approx(shown["fabric"]["physics"]["weight"] / 1000)


def test_swatch_is_a_picture_in_the_colour_that_was_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "swatch.png"
    code, out, _ = run(capsys, "swatch", "poplin", "-o", str(path), "--color", "#a01818", "--width-cm", "2")
    assert (code, out.strip()) == (0, str(path))
    pixels = np.asarray(Image.open(path).convert("RGB"), np.float64)
    red, green, blue = pixels[: len(pixels) // 2].mean(axis=(0, 1))
    assert red > 1.5 * green
    assert red > 1.5 * blue


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "demin"), "fabric 'demin' is unknown; did you mean 'denim'?"),
        (("swatch", "denim", "--color", "bleu"), "--color 'bleu' is no colour"),
        (("swatch", "denim", "--width-cm", "900"), "a swatch 900 cm wide; needed 0.5 to 200 cm"),
        (("swatch", "denim", "-o", "no.jpg"), "-o no.jpg must end in .png"),
        (("swatch", "denim", "-o", "no/such/no.png"), "the folder no/such does not exist; make it first"),
    ],
)
def test_mistakes_end_in_one_line_and_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    path = tmp_path / "no.png"
    output = ("-o", str(path)) if arguments[0] == "swatch" and "-o" not in arguments else ()
    code, _, err = run(capsys, *arguments, *output)
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert not path.exists()
