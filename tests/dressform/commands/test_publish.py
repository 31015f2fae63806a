"""`dressform library publish --profile`: a profile that moves garments keeps one out that moves badly."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from dressform.assets.library import Library
from dressform.cli import cli
from dressform.validators.examples.table import write_broken

PROFILE = """schema: dressform/profile/1
sweep: true
budgets:
  sweep_bodies: [average woman]
  sweep_poses: [bend]
"""


def publish(draft: Path, library: Path, *more: str) -> Result:
    args = ["library", "publish", str(draft), "--library", str(library), *more]
    return CliRunner().invoke(cli, args, standalone_mode=False)


def test_the_sweep_of_a_profile_gates_publishing(tmp_path: Path) -> None:
    draft, library = write_broken("sweep.hide-mask", tmp_path), tmp_path / "library"
    profile = tmp_path / "team.yaml"
    profile.write_text(PROFILE)
    refused = publish(draft, library, "--profile", str(profile))
    assert refused.return_value == 1
    assert "sweep.hide-mask" in refused.stderr
    assert not library.exists()
    profile.write_text(PROFILE + "severities: {sweep.*: warning}\n")
    assert publish(draft, library, "--profile", str(profile)).return_value == 0
    assert Library.open(library).names() == ["tube"]
