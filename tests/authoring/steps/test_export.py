from __future__ import annotations

from pathlib import Path

import pytest

from dressform.authoring.steps.export import export
from dressform.authoring.steps.import_mesh import ImportOptions, import_mesh
from dressform.schemas.errors import AssetError, UsageError


def test_export_copies_the_garment(tmp_path: Path, skirt_obj: Path) -> None:
    draft = import_mesh(skirt_obj, tmp_path / "draft", ImportOptions())
    target = tmp_path / "out.glb"
    target.write_bytes(b"old")
    assert export(draft, target) == target
    assert target.read_bytes() == (draft.folder / "sizes/M/garment.glb").read_bytes()
    for wrong, error in ((tmp_path / "a.obj", UsageError), (tmp_path / "no" / "a.glb", UsageError)):
        with pytest.raises(error, match="-o"):
            export(draft, wrong)
    with pytest.raises(AssetError, match="it has M"):
        export(draft, target, size="XL")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["draft", "out.glb", "skirt.obj"]
