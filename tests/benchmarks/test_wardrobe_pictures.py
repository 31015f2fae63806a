from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from dressform.assets.library import Library
from dressform.benchmarks import wardrobe_pictures
from dressform.benchmarks.wardrobe_pictures import SHEET_BYTES, WIDTH, jpeg_within, main, page, write_pictures


def test_a_sheet_shows_sides_bodies_a_walk_and_the_cloth(
    tube_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wardrobe_pictures, "_WALK_FRAMES", 2)
    library = Library.open(tube_library)
    (path,) = write_pictures(library, tmp_path / "out", ["tube"], (("male", 1.78, 79.0),))
    assert path.stat().st_size <= SHEET_BYTES
    picture = np.asarray(Image.open(path).convert("RGB"), np.float32)
    assert picture.shape == (400 + 340 + 340 + 420, WIDTH, 3)
    rows = picture[:400], picture[400:740], picture[740:1080], picture[1080:]
    assert all(row.std() > 8 for row in rows)
    sides = [rows[0][:, k * WIDTH // 4 : (k + 1) * WIDTH // 4] for k in range(4)]
    assert all(side[40:].std() > 8 for side in sides)
    text = page([library.resolve("tube")], "out")
    assert re.search(r"^\| tube \| top \| M \| – \| – \| [\d,]+ \| [\d,]+ \| \d+\.\d \|$", text, re.MULTILINE)
    assert "(out/tube.jpg)" in text


def test_pictures_stay_below_their_limit() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    fine, small = jpeg_within(noise, 10**6), jpeg_within(noise, 25_000)
    assert len(small) <= 25_000 < len(fine)


def test_a_folder_that_is_no_library_is_said_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [str(tmp_path), str(tmp_path / "out")])
    assert result.exit_code == 1
    assert f"{tmp_path} is no library" in result.output
    assert not (tmp_path / "out").exists()
