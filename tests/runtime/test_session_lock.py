"""What a try-on wears when a lock says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dressform.__main__ import main
from dressform.assets.library import Library
from dressform.assets.lock import make_lock, write_lock
from dressform.runtime.garment.worn import worn_versions
from dressform.schemas.errors import AssetError, UsageError


@pytest.fixture
def locked(tube_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a library that holds tube 1.0.0 and 1.0.1, and a lock of the first."""
    library = Library.open(shutil.copytree(tube_library, tmp_path / "library"))
    first = library.resolve("tube")
    write_lock(tmp_path / "dressform.lock", make_lock(library, ["tube"]))
    first.export(tmp_path / "exported")
    manifest = json.loads((tmp_path / "exported" / "template.json").read_text())
    (tmp_path / "exported" / "template.json").write_text(json.dumps({**manifest, "version": "1.0.1", "layer": 77}))
    library.import_version(tmp_path / "exported")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_locked_version_is_worn(locked: Path) -> None:
    def worn(*wear: str, lock: str | None = None, family: str = "anny") -> list[str]:
        return [version.label for version in worn_versions(wear, locked / "library", lock, family)]

    assert worn("tube") == ["tube@1.0.1"]
    assert worn("tube", lock="dressform.lock") == ["tube@1.0.0"]
    assert worn() == []
    with pytest.raises(AssetError, match=r"dressform\.lock locks tube@1\.0\.0, which tube@1\.0\.1 does not allow"):
        worn("tube@1.0.1", lock="dressform.lock")
    with pytest.raises(AssetError, match="no rig for the body smplx"):
        worn("tube", family="smplx")
    with pytest.raises(UsageError, match="names tube twice"):
        worn("tube", "tube:M")


def test_render_finds_the_lock_in_the_working_folder(
    locked: Path, plain_avatar: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def render(*options: str) -> tuple[int, str]:
        base = ["render", str(plain_avatar), "-o", "out.mp4", "--library", "library", "--size", "64x64"]
        with pytest.raises(SystemExit) as ended:
            main([*base, "--seconds", "0.04", *options])
        return int(ended.value.code or 0), capsys.readouterr().err

    code, err = render("--wear", "tube@1.0.1")
    assert code == 1
    assert "versions as dressform.lock names them" in err
    assert "dressform.lock locks tube@1.0.0" in err
    code, err = render("--wear", "shirt", "--lock", "dressform.lock")
    assert (code, "does not lock shirt; it locks tube" in err) == (1, True)
    assert render("--wear", "tube", "--lock", "dressform.lock", "--no-lock")[0] == 2
    code, err = render("--wear", "tube@1.0.1", "--no-lock")
    assert (code, "locks" in err) == (0, False)
