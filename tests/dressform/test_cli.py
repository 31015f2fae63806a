"""The command line as a whole: help everywhere, one line for every mistake, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
import warp as wp

import dressform
from dressform.__main__ import run_command
from dressform.cli import COMMANDS, cli
from dressform.runtime.garment.outfit import Outfit


def commands() -> list[tuple[str, ...]]:
    """Return the path of every command, groups included."""
    found: list[tuple[str, ...]] = []

    def visit(command: click.Command, path: tuple[str, ...]) -> None:
        if path:
            found.append(path)
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                child = command.get_command(context, name)
                assert child is not None
                visit(child, (*path, name))

    visit(cli, ())
    return found


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as exit_:
        run_command(cli, "dressform", arguments)
    printed = capsys.readouterr()
    return int(exit_.value.code or 0), printed.out, printed.err


def test_every_command_of_the_table_is_there() -> None:
    assert {path[0] for path in commands()} == set(COMMANDS)


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_help_shows_an_example(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run([*path, "--help"], capsys)
    assert code == 0
    assert "Example" in out
    assert f"dressform {' '.join(path)}"[:60] in " ".join(out.split())


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(["--version"], capsys)
    assert code == 0
    assert dressform.__version__ in out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nonsense"], 2, "No such command"),
        (["render"], 2, "AVATAR"),
        (["bench", "raster", "--size", "64x64"], 2, "--size is for bench frame"),
        (["render", "missing.json", "-o", "x.mp4"], 1, "missing.json"),
        (["render", "missing.json", "-o", "x.mp4", "--size", "511x512"], 2, "even"),
        (["render", "missing.json", "-o", "x.avi"], 2, "mp4"),
        (["render", "missing.json", "-o", "x.mp4", "--size", "big"], 2, "WIDTHxHEIGHT"),
        (["render", "missing.json", "-o", "x.mp4", "--size", "1x1"], 2, "from 16 to 8192 for h264, got 1x1"),
        (["render", "missing.json", "-o", "x.mp4", "--size", "16384x16384"], 2, "8192 for h264, got 16384x16384"),
        (["render", "missing.json", "-o", "x.mp4", "--device", "cuda:9"], 2, "--device must be one of cpu"),
        (["render", "missing.json", "-o", "no/folder/x.mp4"], 2, "folder"),
        (["render", "missing.json", "-o", "x.mp4", "--light-turn", "nan"], 2, "finite"),
        (["tryon", "missing.jpg", "-o", "x.mp4", "--light", "candle"], 2, "--light must be studio, daylight, photo"),
        (["tryon", "missing.jpg", "-o", "x.mp4", "--light", "missing.hdr"], 2, "missing.hdr: no such file"),
        (["tryon", "photo.jpg", "-o", "x.mp4"], 2, "consent"),
        (["tryon", "photo.jpg", "--consent", "self", "-o", "x.mp4"], 1, "photo.jpg"),
        (["validate"], 2, "TARGET"),
        (["validate", "missing"], 1, "missing"),
        (["library", "show", "nothing", "--library", "none"], 1, "nothing"),
        (["garment", "build", "missing.obj", "-o", "draft"], 1, "missing.obj"),
        (["pattern", "make", "toga", "-o", "draft"], 2, "toga"),
        (["motion", "make", "moonwalk", "-o", "m.json"], 2, "moonwalk"),
        (["models", "fetch", "nothing"], 2, "nothing"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(
    arguments: list[str],
    code: int,
    says: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    found, out, err = run(arguments, capsys)
    assert says in err
    assert "Traceback" not in err
    assert (found, out) == (code, "")
    assert list(tmp_path.iterdir()) == []


def test_a_render_from_the_shell(tube_library: Path, plain_avatar: Path, tmp_path: Path) -> None:
    """stdout holds the JSON and nothing else, even on the first use of every kernel."""
    command = [sys.executable, "-m", "dressform", "render", str(plain_avatar), "--wear", "tube", "--library"]
    command += [str(tube_library), "--motion", "turn", "--seconds", "0.2", "--size", "64x64", "-o", "o.mp4", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["frames"] == 6
    assert (tmp_path / report["path"]).is_file()


def test_cloth_that_blows_up_is_told_of_in_a_line(
    tube_library: Path,
    plain_avatar: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def blown(self: Outfit, transforms: object, out: wp.array, **_: object) -> None:
        out.fill_(wp.vec3(float("nan"), 0.0, 0.0))

    monkeypatch.setattr(Outfit, "pose", blown)
    arguments = ["render", str(plain_avatar), "--wear", "tube", "--library", str(tube_library), "--seconds", "0.2"]
    code, _, err = run([*arguments, "--size", "64x64", "-o", str(tmp_path / "o.mp4")], capsys)
    assert code == 0
    told = [line for line in err.splitlines() if "warning" in line.lower()]
    assert len(told) == 1
    assert "warning: vertices must be finite" in told[0]
    assert "of tube" in told[0]


def test_the_doctor_reports(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(["doctor", "--json"], capsys)
    checks = json.loads(out)["checks"]
    assert {"python", "package", "device", "cache", "model", "codec"} <= {check["group"] for check in checks}
    assert code == int(any(check["cure"] and check["essential"] for check in checks))


def test_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(["validate", "--list-rules", "--format", "json"], capsys)
    assert code == 0
    assert len(json.loads(out)) >= 25
