"""The Khronos validator is run where it is, and its absence or failure is a reason, never a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from dressform.validators import khronos
from dressform.validators.rule import NotTestableError


@pytest.fixture
def fake_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that stands in for node, beside a package that stands in for the validator."""
    package = tmp_path / "node_modules" / khronos.PACKAGE
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"version": "9.8.7"}')
    node = tmp_path / "bin" / "node"
    node.parent.mkdir()
    node.write_text("#!/bin/sh\necho '[]'\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", f"{node.parent}:/bin:/usr/bin")
    monkeypatch.setenv(khronos.FOLDER, str(tmp_path))
    return node


def test_what_it_says_is_read(fake_node: Path) -> None:
    said = '[[{"code": "SOME_CODE", "severity": 1, "message": "Some words.", "pointer": "/asset"}], []]'
    fake_node.write_text(f"#!/bin/sh\necho '{said}'\n")
    found = khronos.issues([Path("a.glb"), Path("b.glb")])
    assert found == [[khronos.Issue("SOME_CODE", 1, "Some words.", "/asset")], []]
    assert khronos.state() == "gltf-validator 9.8.7"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("echo nonsense", "no readable answer"),
        ("echo '[[{}]]'", "no readable answer"),
        ("echo 'RangeError: out of memory' >&2; exit 3", "failed: RangeError: out of memory"),
        ("exec sleep 5", "took over"),
    ],
)
def test_a_failure_is_a_reason(fake_node: Path, monkeypatch: pytest.MonkeyPatch, program: str, reason: str) -> None:
    monkeypatch.setattr(khronos, "_SECONDS", 0.5)
    fake_node.write_text(f"#!/bin/sh\n{program}\n")
    with pytest.raises(NotTestableError, match=reason):
        khronos.issues([Path("a.glb")])


def test_its_absence_names_the_cure(fake_node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(khronos.FOLDER, str(tmp_path / "elsewhere"))
    with pytest.raises(NotTestableError, match=r"elsewhere, which has no node_modules.*run `npm install"):
        khronos.issues([])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotTestableError, match="no node on the PATH"):
        khronos.issues([])
    assert "no node on the PATH" in khronos.state()
