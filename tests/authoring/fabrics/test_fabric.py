"""Fabric files: all are valid, physically plausible, and a wrong one is refused in one line."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from dressform.authoring.fabrics.fabric import LIBRARY, counts, fabric, fabric_names, repeats, template_fabric
from dressform.schemas.documents import check_document, document_errors, dump_json
from dressform.schemas.errors import InputError, UsageError

NEEDED = {
    "denim", "jersey", "poplin", "linen", "wool-twill", "satin", "corduroy", "knit-rib", "leather", "chiffon",
    "french-terry", "fleece", "oxford", "chino-twill", "velvet", "collar-rib",
}  # fmt: skip


def write(folder: Path, **changes: object) -> Path:
    document = copy.deepcopy(json.loads((LIBRARY / "denim.json").read_text()))
    for key, value in changes.items():
        place = document
        *steps, last = key.split("__")
        for step in steps:
            place = place[step]
        place[last] = value
    path = folder / "my.json"
    path.write_bytes(dump_json(document))
    return path


def test_the_library_has_what_garments_are_cut_from() -> None:
    assert set(fabric_names()) >= NEEDED


@pytest.mark.parametrize("name", fabric_names())
def test_a_file_of_the_library_is_valid_and_free(name: str) -> None:
    document = json.loads((LIBRARY / f"{name}.json").read_text())
    assert document_errors("fabric", document) == []
    assert document["name"] == name
    assert document["licence"] == "CC0-1.0"
    assert document["authors"] == ["dressform"]
    assert {"weight", "thickness", "stretch", "shear", "bending", "friction"} <= set(document["sources"])


@pytest.mark.parametrize("name", fabric_names())
def test_physics_is_plausible(name: str) -> None:
    physics = fabric(name).physics
    density = physics["weight"] * 1e-3 / (physics["thickness"] * 1e-3)
    assert 80 < density < 900  # cloth is mostly air: cotton itself has 1,540 kg/m³
    assert physics["shear"] < min(physics["stretch_warp"], physics["stretch_weft"])
    # bending lengths (B / weight per area)^(1/3), as a cantilever test measures them, from limp to leather
    for way in (physics["bending_warp"], physics["bending_weft"]):
        length = (way * 1e-6 / (physics["weight"] * 1e-3 * 9.81)) ** (1 / 3)
        assert 0.008 < length < 0.035
    # no cloth is stiffer than a solid plate of its own stretch, E h³ / 12 = (E h) h² / 12
    assert physics["bending_warp"] * 1e-6 < physics["stretch_warp"] * (physics["thickness"] * 1e-3) ** 2 / 12


def test_order_of_the_physics_is_what_a_tailor_feels() -> None:
    stiff = [fabric(name).physics["bending_warp"] for name in ("chiffon", "poplin", "chino-twill", "denim")]
    assert stiff == sorted(stiff)
    assert fabric("jersey").physics["stretch_weft"] < 0.1 * fabric("poplin").physics["stretch_weft"]
    assert fabric("knit-rib").physics["stretch_weft"] < fabric("jersey").physics["stretch_weft"]


def test_template_fabric_is_in_the_units_of_a_template() -> None:
    converted = template_fabric(fabric("denim"))
    physics = fabric("denim").physics
    assert converted["weight"] == pytest.approx(physics["weight"] / 1000)
    assert converted["thickness"] == pytest.approx(physics["thickness"] / 1000)
    assert converted["bending_weft"] == pytest.approx(physics["bending_weft"] / 1e6)
    assert converted["stretch_warp"] == physics["stretch_warp"]
    from dressform.schemas.documents import schema

    manifest = {"schema": "dressform/draft/1", "name": "x", "category": "tee", "sizes": {"M": {"garment": "a.glb"}}}
    assert "fabric" in schema("draft")["properties"]
    check_document("draft", {**manifest, "fabric": converted}, "draft")


def test_a_file_of_the_users_own_is_accepted_where_a_name_is(tmp_path: Path) -> None:
    assert fabric(str(write(tmp_path, name="my-denim"))).name == "my-denim"


def test_an_unknown_name_says_what_is_near_and_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"'wool_twil' is unknown; did you mean 'wool-twill'\? there are .*denim"):
        fabric("wool_twil")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"physics__weight": 0.4}, r"my\.json: at \$\.physics\.weight: 0\.4 is less than the minimum of 5"),
        ({"look": {}}, r"at \$\.look: "),
        (
            {"tile": 0.021},
            r"at \$\.tile: 0\.021 m holds 35\.\d+ of weft_per_cm, needed a multiple of 4; a tile of 0\.0216 m",
        ),
        ({"look__woven__step": 4}, r"at \$\.look\.woven\.step: 4, needed less than over \+ under, 4"),
        ({"schema": "dressform/template/1"}, r"at \$\.schema: "),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        fabric(str(write(tmp_path, **changes)))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: cannot be read"):
        fabric(str(tmp_path / "none.json"))


@pytest.mark.parametrize("name", fabric_names())
def test_tiles_hold_whole_repeats_of_what_the_file_counts(name: str) -> None:
    found = fabric(name)
    for per_cm, repeat in counts(found).values():
        held = repeats(per_cm, found.tile_m, repeat)
        assert held % repeat == 0
        assert held / (100 * found.tile_m) == pytest.approx(per_cm, rel=0.02)
