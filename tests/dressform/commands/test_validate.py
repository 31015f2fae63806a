"""`dressform validate`: what it writes where, what fails, and what a wrong call is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dressform.__main__ import run_command
from dressform.cli import cli
from dressform.schemas.documents import check_document
from dressform.validators.examples.builder import Parts
from dressform.validators.result_cache import ResultCache


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as exit_:
        run_command(cli, "dressform", ["validate", *map(str, arguments)])
    printed = capsys.readouterr()
    return int(exit_.value.code or 0), printed.out, printed.err


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(ResultCache, "of_user", lambda: ResultCache(folder))


@pytest.fixture
def drafts(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound draft, one without authors (a warning) and one with a broken size (an error), in the working folder."""
    parts.write(tmp_path / "drafts" / "sound")
    parts.manifest["authors"] = []
    parts.write(tmp_path / "drafts" / "unsigned")
    parts.manifest["authors"] = ["a tailor"]
    parts.manifest["sizes"]["L"] = {"garment": "sizes/L/garment.glb"}
    parts.write(tmp_path / "drafts" / "torn")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "drafts"


def test_the_exit_code_is_the_gate(drafts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "drafts/sound")[0] == 0
    assert run(capsys, "drafts/unsigned")[0] == 0
    assert run(capsys, "drafts/unsigned", "--fail-on", "warning")[0] == 1
    assert run(capsys, "drafts/torn")[0] == 1
    assert run(capsys, "drafts/torn", "--fail-on", "never")[0] == 0
    code, out, _ = run(capsys, "drafts")
    assert code == 1
    assert "manifest.sizes" in out


def test_every_form_of_report(drafts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "drafts", "--format", "json")
    report = json.loads(out)
    check_document("report", report, "report")
    assert [subject["name"] for subject in report["subjects"]] == ["sound", "torn", "unsigned"]
    errors = report["summary"]["errors"]
    assert (code, errors > 0) == (1, True)
    code, out, _ = run(capsys, "drafts", "--format", "sarif")
    levels = [result["level"] for result in json.loads(out)["runs"][0]["results"]]
    assert levels.count("error") == errors
    code, out, _ = run(capsys, "drafts", "--format", "junit", "-o", "junit.xml")
    assert (code, out) == (1, "")
    suites = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert int(suites.get("failures", 0)) + int(suites.get("errors", 0)) == errors
    code, out, _ = run(capsys, "drafts", "--format", "html", "-o", "report.html")
    assert (code, out) == (1, "")
    assert "manifest.sizes" in (tmp_path / "report.html").read_text()
    assert "measured" not in run(capsys, "drafts/sound")[1]
    assert "measured  sound/sizes/M  uv.stretch  " in run(capsys, "drafts/sound", "--measured")[1]


def test_a_team_gates_by_profile_and_baseline(drafts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("team.yaml").write_text("schema: dressform/profile/1\nseverities: {manifest.authors: error}\n")
    assert run(capsys, "drafts/unsigned", "--profile", "team.yaml")[0] == 1
    code, out, err = run(capsys, "drafts", "--profile", "team.yaml", "--write-baseline", "known.json")
    assert (code, out) == (0, "")
    assert "known from now on" in err
    again = run(capsys, "drafts", "--profile", "team.yaml", "--baseline", "known.json", "--format", "json")
    assert again[0] == 0
    assert json.loads(again[1])["findings"] == []
    manifest = drafts / "unsigned" / "template.json"
    manifest.write_text(manifest.read_text().replace('"authors": []', '"authors": ["a tailor"]'))
    code, out, _ = run(capsys, "drafts", "--profile", "team.yaml", "--baseline", "known.json", "--format", "json")
    assert (code, [each["name"] for each in json.loads(out)["gone"]]) == (0, ["manifest.authors"])


def test_only_what_changed(drafts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["init", "-q"], ["add", "drafts"], ["commit", "-q", "-m", "x"]):
        own = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *own, *arguments], cwd=tmp_path, check=True)
    assert run(capsys, "drafts", "--changed-since", "HEAD")[0] == 0
    (drafts / "unsigned" / "preview.png").write_bytes(b"no picture")
    code, out, _ = run(capsys, "drafts", "--changed-since", "HEAD", "--format", "json")
    assert (code, [each["name"] for each in json.loads(out)["subjects"]]) == (1, ["unsigned"])


def test_a_mended_copy_is_reported(drafts: Path, parts: Parts, capsys: pytest.CaptureFixture[str]) -> None:
    parts.manifest["sizes"].pop("L", None)
    parts.change_rig(joint_weights=parts.rig.joint_weights * 2)
    original = parts.write(drafts / "heavy")
    before = {path: path.read_bytes() for path in original.rglob("*") if path.is_file()}
    assert run(capsys, original)[0] == 1
    code, out, _ = run(capsys, original, "--fix", "--into", "mended")
    assert code == 0, out
    assert "skin.sum" in out
    assert Path("mended/template.json").is_file()
    assert {path: path.read_bytes() for path in original.rglob("*") if path.is_file()} == before
    assert run(capsys, "mended")[0] == 0


def test_a_version_by_range(drafts: Path, tube_library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "tube@^1", "--library", tube_library, "--format", "json")
    assert [each["name"] for each in json.loads(out)["subjects"]] == ["tube@1.0.0"]
    assert code == 0


def test_a_run_from_the_cache_loads_nothing_heavy(drafts: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from dressform.__main__ import main\n"
        "try: main(['validate', 'drafts', '--format', 'json', '-o', sys.argv[1]])\n"
        "except SystemExit: print([m for m in ('warp', 'torch', 'scipy', 'igl', 'anny', 'cv2') if m in sys.modules])"
    )
    for name in ("first", "second"):
        command = [sys.executable, "-c", code, f"{name}.json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()


def test_the_lists(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--list-profiles")
    assert code == 0
    assert out.split("\n")[0].split() == ["default", "film", "marketplace", "mobile", "web"]
    code, out, _ = run(capsys, "--list-profiles", "--format", "json")
    assert {row["name"]: row["sweep"] for row in json.loads(out)}["film"] is True
    code, out, _ = run(capsys, "--list-rules")
    assert "DF-MESH-001" in out
    assert run(capsys, "--list-rules", "--format", "html")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["drafts", "--profile", "webb"], 2, "there are default, film"),
        (["drafts", "--baseline", "known.json"], 2, "--write-baseline"),
        (["drafts", "--changed-since", "HEAD"], 2, "git repository"),
        (["drafts", "--into", "x"], 2, "--fix"),
        (["drafts", "--fix", "--baseline", "known.json"], 2, "gate"),
        (["drafts", "--jobs", "0"], 2, "1<=x<=256"),
        (["drafts/sound/template.json"], 1, "is a file"),
        (["tee@^9", "--library", "nowhere"], 1, "tee"),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str], code: int, says: str, drafts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = sorted(Path().iterdir())
    found, out, err = run(capsys, *arguments)
    assert (found, out) == (code, "")
    assert says in err
    assert "Traceback" not in err
    assert sorted(Path().iterdir()) == there
