"""Rules on template.json find what disagrees, and survive whatever stands in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dressform.validators.engine import validate
from dressform.validators.examples.builder import Parts, picture
from dressform.validators.examples.manifest import with_variant
from dressform.validators.rule import Defect
from dressform.validators.rules import licence, lod, manifest, sizes

Find = Callable[[str, Parts], list[Defect]]
STRANGE = (None, True, 7, -1e308, "", "../x", [], [{}], {"M": 3}, {"M": {"garment": [], "lods": [1]}}, {"x": {"y": 1}})


@pytest.mark.parametrize("value", STRANGE, ids=repr)
def test_no_value_of_a_key_stops_a_rule(parts: Parts, tmp_path: Path, value: object) -> None:
    folder = parts.write(tmp_path / "draft")
    rules = (*manifest.RULES, *licence.RULES, *sizes.RULES, *lod.RULES)
    keys = ("sizes", "variants", "mesh", "metres_per_uv", "files", "permissions", "bodies", "default_size", "licence")
    for key in keys:
        (folder / "template.json").write_text(json.dumps({**parts.manifest, key: value}))
        assert "manifest.schema" in {finding.name for finding in validate(folder, rules=rules).findings}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"material": "fabric", "base_color_image": "looks/navy.png"}, []),
        ({"material": "silk"}, ["silk"]),
        ({"normal_image": "looks/other.png"}, ["looks/other.png"]),
    ],
)
def test_variants_find_materials_and_pictures(
    parts: Parts, defects: Find, change: dict[str, Any], found: list[str]
) -> None:
    with_variant(parts)
    parts.files["looks/navy.png"] = picture()
    parts.manifest["variants"]["navy"]["materials"]["fabric"] = change
    messages = [defect.message for defect in defects("manifest.variants", parts)]
    assert [name for name in found if any(name in message for message in messages)] == found
    assert len(messages) == len(found)


@pytest.mark.parametrize("path", ["looks/aux.png", "looks/NUL", "com1/a.png"])
def test_names_of_devices_are_not_portable(parts: Parts, defects: Find, path: str) -> None:
    parts.files[path] = b"x"
    assert [found.path for found in defects("manifest.portable", parts)] == [path]


def test_a_length_within_a_tenth_is_the_mesh_s(parts: Parts, defects: Find) -> None:
    parts.manifest["metres_per_uv"] = {"uv0": 1.5, "uv1": 1.3}
    assert defects("manifest.metres-per-uv", parts) == []
    parts.manifest["metres_per_uv"] = {"uv0": 1.6, "uv1": None}
    assert len(defects("manifest.metres-per-uv", parts)) == 2
