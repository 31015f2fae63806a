"""Pictures of a difference: where cloth moved is coloured, where it did not is pale."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.assets.differences import Comparison, differences
from dressform.assets.draft_digest import draft_digest
from dressform.assets.files.glb import write_glb
from dressform.assets.library import Library
from dressform.authoring.version_pictures import heat_map, write_pictures
from dressform.schemas.errors import UsageError
from dressform.schemas.report import Report


@pytest.fixture
def lengthened(tube_library: Path, tmp_path: Path) -> Comparison:
    """The tube, and the tube with its lower edge let down by 40 mm."""
    shutil.copytree(tube_library.parent / "draft", tmp_path / "draft")
    library = Library.open(shutil.copytree(tube_library, tmp_path / "library"))
    old = library.resolve("tube")
    mesh = old.mesh()
    points = mesh.points.copy()
    points[: 64 * 4, 2] -= 0.04
    write_glb(tmp_path / "draft" / "sizes" / "M" / "garment.glb", dataclasses.replace(mesh, points=points))
    report = Report("tube", draft_digest(tmp_path / "draft"), passed=1)  # what the rules say is not tested here
    return differences(old, library.publish(tmp_path / "draft", report))


def test_pictures(lengthened: Comparison, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "pictures"
    written = write_pictures(lengthened, folder)
    assert [path.name for path in written] == ["before-after.png", "moved-M.png"]
    wide, tall = Image.open(written[0]).size
    assert wide == 2 * Image.open(written[1]).size[0]
    shown = np.asarray(Image.open(written[1]).convert("RGB")).astype(int)[40:-60]
    red = (shown[..., 0] - shown[..., 2] > 70) & (shown[..., 1] < 150)
    rows = np.flatnonzero(red.any(axis=1))
    assert len(rows)
    assert rows.min() > 0.4 * tall  # only the lower edge moved
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot write"):
        write_pictures(lengthened, tmp_path / "file")


def test_the_scale_ends_at_what_moved(lengthened: Comparison) -> None:
    painted, top = heat_map(lengthened.old.mesh(), lengthened.new.mesh())
    assert top == 50
    assert painted.uv0 is not None
    np.testing.assert_allclose(np.unique(painted.uv0[:, 0]), [0.01, 0.8 * 0.98 + 0.01], atol=1e-4)
