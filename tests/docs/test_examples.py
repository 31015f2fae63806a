"""Every example of README and docs runs, in the order of its page."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from dressform.__main__ import run_command
from dressform.assets.library import Library
from dressform.assets.models import model_files, model_path
from dressform.cli import cli
from dressform.schemas.errors import ModelFileError

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "docs/python.md",
    "docs/command-line.md",
    "docs/formats.md",
    "docs/round-trip.md",
    "docs/validate-in-ci.md",
    "docs/fabrics.md",
    "docs/library.md",
    "docs/profiles.md",
    "docs/versions.md",
    "docs/fit.md",
    "docs/simulate.md",
)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def models_are_fetched() -> bool:
    try:
        return all(model_path(name) for name, model in model_files().items() if not model.optional)
    except ModelFileError:
        return False


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, tube_library: Path) -> Path:
    """A folder as a user might have it: a mesh, a photo, a draft, and a library with stand-ins for tee and trousers."""
    from dressform.authoring.build import BuildOptions, build
    from dressform.authoring.steps.import_mesh import ImportOptions
    from dressform.authoring.synth.studio import render_studio_photo

    folder = tmp_path_factory.mktemp("workplace")
    tube = Library.open(tube_library).resolve("tube")
    glb = tube.files["sizes/M/garment.glb"]
    (folder / "shirt.glb").write_bytes(glb.read_bytes())
    render_studio_photo(folder / "photo.jpg", size=(600, 800))
    options = ImportOptions(name="shirt", category="tee", licence="CC0-1.0", authors=("a tailor",))
    build(folder / "shirt.glb", folder / "untouched", BuildOptions(source=options))
    return folder


@pytest.fixture
def in_workplace(workplace: Path, tube_library: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(workplace)
    for changed in ("drafts", "library"):  # a page may take steps of the draft back, and publish
        shutil.rmtree(changed, ignore_errors=True)
    shutil.copytree("untouched", "drafts/shirt")
    shutil.copytree(stand_ins(workplace), "library")
    monkeypatch.setenv("DRESSFORM_LIBRARY", str(workplace / "library"))
    return workplace


def stand_ins(folder: Path) -> Path:
    """Publish the draft as `tee` and as `trousers`, once."""
    import json

    from dressform.validators.engine import validate

    library = folder / "stand-ins"
    if not library.exists():
        manifest = folder / "drafts" / "shirt" / "template.json"
        content = manifest.read_text()
        for layer, name in enumerate(("trousers", "tee")):
            manifest.write_text(json.dumps({**json.loads(content), "name": name, "layer": layer}))
            draft = folder / "drafts" / "shirt"
            Library.open(library).publish(draft, validate(draft, publishing=True))
        manifest.write_text(content)
    return library


def blocks(page: str, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall((ROOT / page).read_text()) if kind == language]


@pytest.mark.skipif(not models_are_fetched(), reason="needs the model files: dressform models fetch")
@pytest.mark.parametrize("page", PAGES)
def test_the_examples_run(page: str, in_workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for kind, body in FENCE.findall((ROOT / page).read_text()):
        if kind == "python":
            exec(compile(body, page, "exec"), names)
        elif kind == "yaml" and (named := re.match(r"# (\S+\.yaml)\n", body)):
            (in_workplace / named[1]).write_text(body)
        elif kind == "console":
            for line in re.findall(r"^\$ dressform (.*)$", body, re.MULTILINE):
                with pytest.raises(SystemExit) as exit_:
                    run_command(cli, "dressform", shlex.split(line))
                assert not exit_.value.code, f"{line}: {capsys.readouterr().err}"


def test_the_pages_have_examples() -> None:
    assert all(blocks(page, "python") or blocks(page, "console") for page in PAGES)


def test_the_readme_names_commands_and_files_that_exist() -> None:
    text = (ROOT / "README.md").read_text()
    for target in re.findall(r"\]\(((?!http)[^)#]+)\)", text):
        assert (ROOT / target).exists(), target
    for line in re.findall(r"^dressform (.*?)(?:#.*)?$", text, re.MULTILINE):
        words = [word for word in shlex.split(line) if not word.startswith("-")]
        command: Any = cli
        for word in words:
            import click

            if not isinstance(command, click.Group):
                break
            command = command.get_command(click.Context(command), word)
            assert command is not None, line
