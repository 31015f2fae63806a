"""From a recipe to a draft that can be published: a coarse tank top in two sizes and two colours, with a print."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from dressform.__main__ import run_command
from dressform.assets.library import Library
from dressform.authoring.draft import Draft
from dressform.authoring.patterns import make as make_module
from dressform.authoring.patterns.garment import Made
from dressform.authoring.patterns.kinds import KINDS, kind_of
from dressform.authoring.patterns.make import make_draft
from dressform.authoring.patterns.recipe import Recipe, options_of, read_recipe, recipe_of
from dressform.authoring.steps.preview import PreviewOptions
from dressform.authoring.steps.rig import RigOptions
from dressform.authoring.wardrobe import publish
from dressform.cli import cli
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.geometry.distance import Surface
from dressform.schemas.errors import InputError, UsageError
from dressform.schemas.recipe import RecipeDocument

RECIPE: dict[str, Any] = {
    "schema": "dressform/recipe/1",
    "name": "club-tank",
    "title": "Club tank",
    "pattern": "tank",
    "sizes": ["M", "L"],
    "edge_length": 0.04,
    "cloths": {"main": {"fabric": "jersey", "color": "#ffffff"}, "rib": {"fabric": "collar-rib", "color": "#dddddd"}},
    "colourways": {"white": {}, "navy": {"title": "Navy", "cloths": {"main": {"color": "#102040"}}}},
    "prints": [{"image": "logo.png", "panel": "front", "anchor": "chest", "width_cm": 10}],
    "licence": "CC0-1.0",
    "authors": ["a tailor"],
    "permissions": {"use": "everyone"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recipe")
    Image.new("RGB", (64, 48), (200, 30, 30)).save(folder / "logo.png")
    (folder / "tank.json").write_text(json.dumps(RECIPE))
    return folder


@pytest.fixture(scope="module")
def draft(folder: Path) -> Draft:
    recipe = recipe_of(read_recipe(folder / "tank.json"), folder)
    return make_draft(
        recipe, folder / "draft", rig_options=RigOptions(sweep="none", tune=False),
        preview_options=PreviewOptions(height=192, turntable=False),
    )  # fmt: skip


def test_a_recipe_becomes_a_version_in_every_size_and_colour(draft: Draft, tmp_path: Path) -> None:
    library = Library.open(tmp_path / "library")
    version = publish(library, draft.folder)
    manifest = version.manifest
    assert (set(manifest["sizes"]), manifest["default_size"]) == ({"M", "L"}, "M")
    assert set(manifest["variants"]) == {"white", "navy"}
    assert manifest["fabric"]["weight"] == pytest.approx(0.16, abs=0.1)
    assert manifest["permissions"] == {"use": "everyone"}
    assert manifest["sizes"]["L"]["measures"]["chest"] > manifest["sizes"]["M"]["measures"]["chest"] + 0.03
    own, navy = (library.resolve(f"club-tank:L{look}") for look in ("", "/navy"))
    assert own.mesh().materials[0].base_color_image != navy.mesh().materials[0].base_color_image
    assert len(own.rig().binding_offsets) == len(own.mesh().points)
    assert not any(path.endswith(("uv.png", "place.png")) for path in manifest["files"])


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def quickly(draft: Draft, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Make garments in no time: those of the draft that was made."""
    made = Made({size: draft.mesh_of(size) for size in ("M", "L")}, {}, {}, {}, None)  # type: ignore[arg-type]
    monkeypatch.setattr(make_module, "make_garment", lambda *_, **__: made)
    return monkeypatch


def test_an_interrupted_draft_leaves_its_folder_as_it_was(
    draft: Draft, folder: Path, tmp_path: Path, quickly: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> Draft:
        raise KeyboardInterrupt

    quickly.setattr(make_module, "rig", interrupted)
    before = shutil.copytree(draft.folder, tmp_path / "before")
    for target in (before, tmp_path / "new"):
        with pytest.raises(KeyboardInterrupt):
            make_draft(recipe_of(read_recipe(folder / "tank.json"), folder), target)
    assert _files(before) == _files(draft.folder)
    assert list(tmp_path.iterdir()) == [before]


def test_a_draft_made_again_replaces_all_but_the_overrides(
    draft: Draft, folder: Path, tmp_path: Path, quickly: pytest.MonkeyPatch
) -> None:
    for step in ("rig", "preview"):
        quickly.setattr(make_module, step, lambda draft, *_, **__: draft)
    again = shutil.copytree(draft.folder, tmp_path / "again")
    (again / "overrides" / "rig.json").write_text("{}")
    made = make_draft(recipe_of(read_recipe(folder / "tank.json"), folder), again)
    assert made.folder == again
    assert [entry["step"] for entry in Draft.open(again).steps] == ["import", "clean", "unwrap", "place", "drape"]
    assert (again / "overrides" / "rig.json").is_file()
    assert not (again / "rig.anny.safetensors").exists(), "of the draft before"
    assert list(tmp_path.iterdir()) == [again]


def test_the_drape_lies_on_the_body_and_sizes_differ(draft: Draft) -> None:
    rest = canonical_rest()
    body = Surface(rest.vertices, rest.body.faces)
    for size in ("M", "L"):
        mesh, report = draft.mesh_of(size), draft.report("drape")["sizes"][size]
        assert body.signed_distance(mesh.points).min() > -0.001
        assert report["stretch_p95_percent"] <= 6
        assert report["settled"]
        assert report["penetrating_percent"] < 0.5, "triangles of 4 cm cut corners; points do not"
    wider = np.ptp(draft.mesh_of("L").points[:, 0]) - np.ptp(draft.mesh_of("M").points[:, 0])
    assert wider > 0.003
    assert [part.inner for part in draft.mesh.parts[:2]] == [False, True]


def test_the_print_has_a_crisp_picture_of_its_own(draft: Draft) -> None:
    printed = [material for material in draft.mesh.materials if material.name == "main-print"]
    assert len(printed) == 1
    assert printed[0].base_color_image is not None
    assert draft.manifest["variants"]["navy"]["materials"]["main-print"]["base_color_image"].startswith("looks/navy/")


def test_every_kind_has_a_recipe_that_can_be_drafted_in_its_sizes() -> None:
    for name, kind in KINDS.items():
        recipe = recipe_of(read_recipe(kind.recipe), kind.recipe.parent, name)
        assert recipe.name == name
        assert list(recipe.patterns) == ["S", "M", "L"]
        assert len(recipe.colourways) == 2
        slots = {panel.slot for panel in recipe.patterns["M"].panels}
        assert set(recipe.fabrics) == slots
        assert recipe.document["licence"] == "CC0-1.0"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"licence": "free"}, "tank.json $.licence: 'free' is no SPDX licence expression"),
        ({"sizes": ["M", "XM"]}, "XM"),
        ({"default_size": "XL"}, "default_size XL is not among the sizes M, L"),
        ({"pattern": "tunk"}, "did you mean 'tank'"),
        ({"options": {"fitt": "slim"}}, "did you mean 'fit'"),
        ({"options": {"ease": "wide"}}, "ease needs a number, found 'wide'"),
        ({"measures": {"chest": 97.0}}, "chest"),
        ({"measures": {"breast": 0.97}}, "breast"),
        ({"cloths": {"main": {"fabric": "denym"}}}, "did you mean 'denim'"),
        ({"cloths": {"lining": {"fabric": "satin"}}}, "has no cloth 'lining'; it has main, rib"),
        ({"colourways": {"a": {}, "b": {"cloths": {"main": {"fabric": "linen"}}}}}, "keeps its fabric"),
        ({"prints": [{"image": "logo.png", "panel": "sleeve", "width_cm": 4}]}, "no panel 'sleeve'"),
        ({"prints": [{"image": "logo.png", "panel": "front", "width_cm": 90}]}, "front"),
    ],
)
def test_bad_recipes_get_one_line_before_any_work(folder: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises((UsageError, InputError)) as caught:
        recipe_of(cast("RecipeDocument", {**RECIPE, **change}), folder, "tank.json")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_options_are_read_as_the_command_line_gives_them() -> None:
    shirt = kind_of("shirt")
    options = options_of(shirt, {"pocket": "no", "ease": "0.1", "fit": "slim"}, "shirt")
    assert (options.pocket, options.ease, options.fit) == (False, 0.1, "slim")


def run(*arguments: str) -> int:
    try:
        run_command(cli, "dressform", list(arguments))
    except SystemExit as stopped:
        return int(stopped.code or 0)
    return 0


def test_the_command_line_shows_exports_and_writes_recipes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("pattern", "show", "tank", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["cloths"] == ["main", "rib"]
    assert set(shown["finished"]) == {"XS", "S", "M", "L", "XL", "XXL"}
    for name in ("tank.svg", "tank.dxf", "tank.json"):
        assert run("pattern", "export", "tank", "-o", str(tmp_path / name), "--size", "L") == 0
        assert (tmp_path / name).stat().st_size > 1000
    assert run("pattern", "recipe", "tank", "-o", str(tmp_path / "mine.json")) == 0
    assert read_recipe(tmp_path / "mine.json")["pattern"] == "tank"
    capsys.readouterr()


@pytest.mark.parametrize(
    ("given", "looks"),
    [
        ((), ["rust", "black"]),
        (("--fabric", "rib=knit-rib"), ["rust", "black"]),
        (("--color", "black"), ["black"]),
        (("--color", "red"), []),
    ],
)
def test_looks_are_kept_chosen_or_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: tuple[str, ...], looks: list[str]
) -> None:
    made: list[Recipe] = []

    def stop(recipe: Recipe, *_: object, **__: object) -> None:
        made.append(recipe)
        raise InputError("enough seen")

    monkeypatch.setattr("dressform.authoring.patterns.make.make_draft", stop)
    assert run("pattern", "make", "tank", "-o", str(tmp_path / "tank"), *given) == 1
    (recipe,) = made
    assert list(recipe.document.get("colourways", {})) == looks
    if not looks:
        assert recipe.document["cloths"]["main"]["color"] == "#ff0000"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("make", "tank", "-o", "OUT", "--measure", "chest"), "must be NAME=VALUE"),
        (("make", "tank", "-o", "OUT", "--measure", "chest=wide"), "needs metres such as 0.96"),
        (("make", "tank", "-o", "OUT", "--measure", "chest=-1"), "needs a positive number"),
        (("make", "tank", "-o", "OUT", "--measure", "chest=nan"), "needs a positive number"),
        (("make", "tank", "-o", "OUT", "--size", "H"), "H"),
        (("make", "tank", "-o", "OUT", "--fabric", "tweed"), "tweed"),
        (("make", "tank", "-o", "OUT", "--color", "bluish"), "bluish"),
        (("make", "tank", "-o", "OUT", "--color", "bluish"), "or alone a look of the recipe: rust, black"),
        (("make", "tank", "-o", "OUT", "--color", "rust", "--color", "rib=red"), "'rust' is no colour"),
        (("make", "tank", "-o", "OUT", "--color", "red", "--color", "main=blue"), "given twice for the main"),
        (("export", "tank", "-o", "OUT.pdf"), "must end in .svg, .dxf or .json"),
        (("export", "tank", "-o", "OUT.json", "--size", "S", "--size", "M"), "a .json holds one size"),
        (("recipe", "tank", "-o", "OUT"), "must end in .json"),
        (("recipe", "tank", "-o", "OUT/mine.json"), "out does not exist; make it first"),
    ],
)
def test_wrong_use_gets_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    given = [text.replace("OUT", str(tmp_path / "out")) for text in arguments]
    assert run("pattern", *given) in (1, 2)
    errors = capsys.readouterr().err
    assert words in errors
    assert "Traceback" not in errors
    assert not list(tmp_path.iterdir())
