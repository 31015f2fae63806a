from __future__ import annotations

import dataclasses

import pytest

from dressform.assets.files.garment import Material
from dressform.assets.looks import check_looks, with_looks, worn_look
from dressform.schemas.errors import AssetError
from dressform.schemas.template import Variant


def no_image(path: str) -> bytes:
    raise AssertionError(path)


def test_a_look_wears_another_material_and_changes_it(tube) -> None:
    spare = Material("spare", (0.0, 1.0, 0.0, 1.0), roughness=0.4)
    mesh = dataclasses.replace(tube, materials=(*tube.materials, spare))
    look: Variant = {"materials": {"rib": {"material": "spare", "metallic": 1.0}}}
    worn = worn_look(mesh, look, no_image)
    assert worn.materials[0] == mesh.materials[0]
    assert worn.materials[1] == dataclasses.replace(spare, metallic=1.0)


def test_looks_become_variants_that_share_materials(tube) -> None:
    looks: dict[str, Variant] = {
        "red": {"title": "Red", "materials": {"rib": {"base_color": [1, 0, 0, 1]}, "cotton": {"material": "rib"}}},
        "own": {"materials": {}},
        "patched": {"materials": {"rib": {"base_color_image": "looks/patch.png"}}},
    }
    dressed = with_looks(tube, looks, lambda path: path.encode())
    assert [(v.name, v.materials) for v in dressed.variants] == [
        ("Red", (1, 2, 2, 3)), ("own", (0, 1, 2, 3)), ("patched", (0, 3, 2, 3)),
    ]  # fmt: skip
    assert [m.name for m in dressed.materials] == ["cotton", "rib", "rib, Red", "rib, patched"]
    assert dressed.materials[3].base_color_image == b"looks/patch.png"
    for number, look in enumerate(looks.values()):
        worn = worn_look(tube, look, lambda path: path.encode()).materials
        shown = [dressed.materials[k] for k in dressed.variants[number].materials[:2]]
        assert [dataclasses.replace(m, name="") for m in worn] == [dataclasses.replace(m, name="") for m in shown]
    assert with_looks(tube, {}, no_image) is tube


def test_looks_of_materials_that_are_not_there(tube) -> None:
    names = [material.name for material in tube.materials]
    check_looks({"red": {"materials": {"rib": {"material": "cotton"}}}}, names, "tee")
    for materials in ({"silk": {}}, {"rib": {"material": "silk"}}):
        with pytest.raises(AssetError, match="variant red needs the material 'silk'; the garment has cotton, rib"):
            check_looks({"red": {"materials": materials}}, names, "tee")
