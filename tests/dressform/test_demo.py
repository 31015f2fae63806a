"""What the demo adds to the parts it joins: its page, its strip of frames, its questions."""

from __future__ import annotations

import html.parser
from pathlib import Path

import numpy as np
import pytest

from dressform.__main__ import run_command
from dressform.demo import demo, frame_strip
from dressform.demo_page import Picture, write_page
from dressform.runtime.video.writer import VideoWriter


def test_your_own_photo_needs_consent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        run_command(demo, "dressform.demo", ["--photo", "me.jpg", "--out", str(tmp_path / "out")])
    assert exit_.value.code == 2
    assert "consent" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_page_holds_what_it_shows(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "a.png"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(b"png")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "video.mp4").write_bytes(b"mp4")
    page = write_page(
        folder,
        "One & two",
        [Picture(elsewhere, "a <tag>")],
        {"Times": {"tee": "1 s"}},
        Picture(folder / "video.mp4", "v"),
    )
    found: list[str] = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(value for name, value in attrs if name == "src" and value)

    Reader().feed(page.read_text())
    assert sorted(found) == ["a.png", "video.mp4"]
    assert all((folder / name).is_file() for name in found)
    assert "a &lt;tag&gt;" in page.read_text()
    assert "One &amp; two" in page.read_text()


def test_the_strip_shows_frames_in_order(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "ramp.mp4", (64, 32), 10) as video:
        for level in np.linspace(20, 230, 16):
            video.write(np.full((32, 64, 3), round(float(level)), np.uint8))
    strip = frame_strip(tmp_path / "ramp.mp4", count=4)
    assert strip.shape == (32, 4 * 32, 3)
    levels = strip.reshape(32, 4, 32, 3).mean(axis=(0, 2, 3))
    assert (np.diff(levels) > 20).all()


def test_every_benchmark_is_there() -> None:
    import importlib

    from dressform.commands.bench import BENCHMARKS

    for name in BENCHMARKS:
        assert callable(importlib.import_module(f"dressform.benchmarks.{name}").run)
