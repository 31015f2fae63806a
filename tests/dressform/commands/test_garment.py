from __future__ import annotations

import json
from pathlib import Path

import pytest

from dressform.__main__ import run_command
from dressform.cli import cli

CUBE = """v 0 0 0\nv 40 0 0\nv 40 60 0\nv 0 60 0\nv 0 0 -20\nv 40 0 -20\nv 40 60 -20\nv 0 60 -20
f 1 2 3 4\nf 6 5 8 7\nf 2 6 7 3\nf 5 1 4 8\n"""  # open above and below


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "box_skirt.obj"
    path.write_text(CUBE)
    return path


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        run_command(cli, "dressform", [str(a) for a in arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


def test_build_prints_json_only(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draft = tmp_path / "draft"
    assert run("garment", "build", source, "-o", draft, "--steps", "import,clean", "--author", "A", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert [step["step"] for step in shown["steps"]] == ["import", "clean"]
    assert shown["steps"][0]["report"]["category"] == "skirt"
    assert json.loads((draft / "template.json").read_text())["authors"] == ["A"]


def test_single_steps(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draft = tmp_path / "draft"
    assert run("garment", "import", source, "-o", draft, "--units", "cm", "--up", "y") == 0
    assert "8 vertices, 8 triangles; 0.01 m per unit (stated); y up (stated); skirt" in capsys.readouterr().out
    assert run("garment", "clean", draft) == 0
    assert "nothing to mend; 1 pieces (skirt), 2 openings" in capsys.readouterr().out
    assert run("garment", "unwrap", draft, "--color", "teal", "--json") == 0
    assert json.loads(capsys.readouterr().out)["report"]["fabrics"] == {"fabric": "#008080"}
    assert run("garment", "export", draft, "-o", tmp_path / "a.glb") == 0
    assert capsys.readouterr().out == f"{tmp_path / 'a.glb'}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("import", "gone.obj", "-o", "draft"), 1, "gone.obj: no such file"),
        (("import", "box_skirt.obj", "-o", "draft", "--units", "ell"), 2, "--units 'ell' is unknown"),
        (("build", "box_skirt.obj", "-o", "draft", "--steps", "x"), 2, "--steps 'x' is unknown"),
        (("unwrap", "gone", "--color", "nvy"), 2, "is no colour"),
        (("clean", "gone"), 1, "no such draft"),
        (("place", "gone"), 1, "no such draft"),
        (("rig", "gone"), 1, "no such draft"),
        (("preview", "gone", "--height", "7"), 2, "--height 7"),
        (("export", "gone", "-o", "a.glb"), 1, "no such draft"),
    ],
)
def test_errors_are_one_line_with_an_exit_code(
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(source.parent)
    assert run("garment", *arguments) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = [line for line in shown.err.splitlines() if line.startswith("dressform: ")]
    assert len(lines) == 1
    assert message in lines[0]
    assert [p.name for p in source.parent.iterdir()] == ["box_skirt.obj"]


@pytest.mark.parametrize("command", ["build", "import", "clean", "unwrap", "place", "rig", "preview", "export"])
def test_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    run("garment", command, "--help")
    assert f"dressform garment {command}" in capsys.readouterr().out
