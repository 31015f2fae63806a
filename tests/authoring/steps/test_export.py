from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Material, Variant
from dressform.assets.files.glb import write_glb
from dressform.assets.files.glb_read import read_glb
from dressform.assets.files.skeleton import Skeleton
from dressform.authoring.draft import Draft
from dressform.authoring.formats.gltf import read_gltf
from dressform.authoring.steps.export import FORMATS, export
from dressform.authoring.steps.import_mesh import ImportOptions, import_mesh
from dressform.schemas.errors import AssetError, UsageError


def test_export_is_the_garment(tmp_path: Path, skirt_obj: Path) -> None:
    draft = import_mesh(skirt_obj, tmp_path / "draft", ImportOptions())
    target = tmp_path / "out.glb"
    target.write_bytes(b"old")
    assert export(draft, target) == target
    assert target.read_bytes() == (draft.folder / "sizes/M/garment.glb").read_bytes()
    for wrong, error in ((tmp_path / "a.stl", UsageError), (tmp_path / "no" / "a.glb", UsageError)):
        with pytest.raises(error, match="-o"):
            export(draft, wrong)
    with pytest.raises(AssetError, match="it has M"):
        export(draft, target, size="XL")
    with pytest.raises(AssetError, match="garment lod"):
        export(draft, target, lod=1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["draft", "out.glb", "skirt.obj"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_opens_in_metres(tmp_path: Path, skirt_obj: Path, suffix: str) -> None:
    if suffix.startswith(".usd"):
        pytest.importorskip("pxr", reason="usd-core is not installed")
    draft = import_mesh(skirt_obj, tmp_path / "draft", ImportOptions())
    back = import_mesh(export(draft, tmp_path / f"out{suffix}"), tmp_path / "back", ImportOptions(units="m", up="y"))
    np.testing.assert_allclose(np.ptp(back.mesh.points, axis=0), np.ptp(draft.mesh.points, axis=0), atol=1e-5)
    assert len(back.mesh.faces) == len(draft.mesh.faces)


def test_without_skin_there_is_neither_the_rig_nor_the_source_s(tmp_path: Path, skirt: GarmentMesh) -> None:
    from dressform.assets.files.garment import SourceSkin

    count = len(skirt.points)
    rest = np.eye(4, dtype=np.float32)[None]
    skin = SourceSkin(("bone",), np.int32([-1]), rest, np.zeros((count, 1), np.int32), np.ones((count, 1), np.float32))
    write_glb(tmp_path / "in.glb", replace(skirt, skin=skin), None, Skeleton(("bone",), np.int32([-1]), rest))
    draft = import_mesh(tmp_path / "in.glb", tmp_path / "draft", ImportOptions())
    assert read_gltf(export(draft, tmp_path / "with.glb")).skin is not None
    assert read_gltf(export(draft, tmp_path / "bare.glb", skin=False)).skin is None


def test_looks_of_the_template_become_variants_and_come_back(tmp_path: Path, skirt_obj: Path) -> None:
    draft = import_mesh(skirt_obj, tmp_path / "draft", ImportOptions())
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    (draft.folder / "looks").mkdir()
    (draft.folder / "looks" / "check.png").write_bytes(picture.getvalue())
    name = draft.mesh.materials[0].name
    looks = {
        "red": {"title": "Signal red", "materials": {name: {"base_color": [0.6, 0, 0, 1], "roughness": 0.3}}},
        "own": {"materials": {}},
    }
    path = draft.folder / "template.json"
    path.write_text(json.dumps({**draft.manifest, "variants": looks}))
    exported = read_glb(export(Draft.open(draft.folder), tmp_path / "out.glb"))
    assert [variant.name for variant in exported.variants] == ["Signal red", "own"]
    worn = exported.materials[exported.variants[0].materials[0]]
    assert (worn.base_color, worn.roughness) == ((0.6, 0.0, 0.0, 1.0), 0.3)
    assert exported.variants[1].materials[0] == 0
    back = import_mesh(tmp_path / "out.glb", tmp_path / "back", ImportOptions())
    assert back.manifest["variants"] == {
        "signal-red": {"title": "Signal red", "materials": {name: {"material": f"{name}, Signal red"}}},
        "own": {"title": "own", "materials": {}},
    }
    again = read_glb(export(back, tmp_path / "again.glb"))
    assert (again.variants, len(again.materials)) == (exported.variants, len(exported.materials))
    path.write_text(json.dumps({**draft.manifest, "variants": {"x": {"materials": {"silk": {}}}}}))
    with pytest.raises(AssetError, match="needs the material 'silk'"):
        export(Draft.open(draft.folder), tmp_path / "out.glb")


def test_materials_of_one_name_are_told_apart_on_import(tmp_path: Path, skirt: GarmentMesh) -> None:
    ids = (np.arange(len(skirt.faces)) % 2).astype(np.int32)
    twins = (Material("cloth"), Material("cloth", (0.5, 0, 0, 1)))
    write_glb(
        tmp_path / "in.glb", replace(skirt, materials=twins, material_ids=ids, variants=(Variant("Swap", (1, 0)),))
    )
    draft = import_mesh(tmp_path / "in.glb", tmp_path / "draft", ImportOptions())
    assert [m.name for m in draft.mesh.materials] == ["cloth", "cloth 2"]
    assert draft.manifest["variants"]["swap"]["materials"] == {
        "cloth": {"material": "cloth 2"},
        "cloth 2": {"material": "cloth"},
    }
