"""`dressform simulate`: what it refuses, and that a recording which was interrupted goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from dressform.commands.simulate import simulate
from dressform.schemas.errors import InputError, UsageError


def refused(*arguments: str) -> BaseException | None:
    return CliRunner().invoke(simulate, list(arguments)).exception


def test_wrong_use_is_refused_before_any_work(tmp_path: Path) -> None:
    clip, avatar = str(tmp_path / "a.cloth"), str(tmp_path / "none.json")
    wrong = refused(avatar, "-o", clip)
    assert isinstance(wrong, UsageError)
    assert "nothing to simulate" in str(wrong)
    wrong = refused(avatar, "-w", "tee", "-o", str(tmp_path / "a.mp4"))
    assert isinstance(wrong, UsageError)
    assert "must end in .cloth" in str(wrong)
    wrong = refused(avatar, "-w", "tee", "-o", clip, "--usd", str(tmp_path / "a.obj"))
    assert isinstance(wrong, UsageError)
    assert "must end in .usda, .usdc, .usd" in str(wrong).replace("one of ", "")
    for option, name in (("--output", "a.cloth"), ("--usd", "a.usda")):
        wrong = refused(avatar, "-w", "tee", "-o", clip, option, str(tmp_path / "no" / name))
        assert isinstance(wrong, UsageError)
        assert f"{option} {tmp_path / 'no' / name}: the folder {tmp_path / 'no'} does not exist" in str(wrong)
    (tmp_path / "b.cloth").mkdir()
    wrong = refused(avatar, "-w", "tee", "-o", str(tmp_path / "b.cloth"))
    assert isinstance(wrong, UsageError)
    assert "b.cloth is a folder; name a file in it" in str(wrong)
    (tmp_path / "b.cloth").rmdir()
    wrong = refused(avatar, "-w", "tee", "-o", clip)
    assert isinstance(wrong, (InputError, UsageError))
    assert "none.json" in str(wrong)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", [("--seconds", "0"), ("--seconds", "1e9"), ("--fps", "nan"), ("--solver", "xpbd")])
def test_options_out_of_range_exit_with_two(option: tuple[str, str]) -> None:
    result = CliRunner().invoke(simulate, ["a.json", "-w", "tee", "-o", "a.cloth", *option])
    assert result.exit_code == 2
