"""What a target holds, wherever it lies, under names that tell it apart."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dressform.assets.library import Library
from dressform.schemas.errors import AssetError, DressformError
from dressform.validators.examples.builder import Parts
from dressform.validators.targets import Found, find_all, find_in


def names(found: list[Found]) -> list[str]:
    return [each.subject.name for each in found]


@pytest.fixture
def tree(parts: Parts, tube_library: Path, tmp_path: Path) -> Path:
    """A folder with drafts at several depths, a library and an exported version."""
    root = tmp_path / "garments"
    for path in ("tee", "summer/tee", "summer/more/skirt", ".hidden/tee"):
        parts.write(root / path)
    shutil.copytree(tube_library, root / "library")
    Library.open(tube_library).resolve("tube").export(root / "bought" / "tube")
    (root / "notes").mkdir()
    (root / "notes" / "steps.txt").write_text("nothing")
    return root


def test_a_folder_is_searched_to_the_bottom(tree: Path) -> None:
    found = find_in(tree)
    want = ["bought/tube", "library/tube@1.0.0", "summer/more/skirt", "summer/tee", "tee"]
    assert names(found) == want
    assert [each.subject.kind for each in found] == ["version", "version", "draft", "draft", "draft"]
    assert names(find_in(tree / "summer")) == ["more/skirt", "tee"]
    assert names(find_in(tree / "tee")) == ["tee"]


def test_a_version_alone_is_what_it_is_in_its_library(tree: Path) -> None:
    (alone,) = find_in(tree / "bought" / "tube")
    (within,) = find_in(tree / "library")
    assert alone.subject.name == within.subject.name == "tube@1.0.0"
    assert set(alone.subject.files) == set(within.subject.files)
    assert alone.subject.manifest == within.subject.manifest


def test_a_range_means_one_version(tree: Path, parts: Parts) -> None:
    library = Library.open(tree / "library")
    (found,) = find_all(["tube@^1"], tree / "library")
    assert (found.subject.name, found.folder) == ("tube@1.0.0", library.folder)
    with pytest.raises(AssetError, match="no version of tube fits"):
        find_all(["tube@^2"], tree / "library")
    with pytest.raises(DressformError, match=r"^Tube@@: no such file or folder, and not a template"):
        find_all(["Tube@@"], tree / "library")


def test_a_version_knows_the_one_before_it(tree: Path) -> None:
    folder = tree / "tee"
    from dressform.validators.engine import validate

    library = Library.open(tree / "library")
    manifest = (folder / "template.json").read_text()
    (folder / "template.json").write_text(manifest.replace('"a tailor"', '"another tailor"'))
    later = library.publish(folder, validate(folder, publishing=True))
    first, second = find_in(tree / "library")
    assert (first.subject.previous, second.subject.previous) == (None, first.subject.manifest_file)
    assert find_all([f"tube@{later.version}"], tree / "library")[0].subject.previous == first.subject.manifest_file


def test_each_thing_is_found_once_and_told_apart(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert names(find_all(["tee", ".", "library", "tube@1"], Path("library"))) == [
        "tee", "bought/tube", "library/tube@1.0.0", "summer/more/skirt", "summer/tee"
    ]  # fmt: skip
    assert names(find_all(["tee", "summer/tee"])) == ["tee", "summer/tee"]
    assert names(find_all([tree / "tee", "summer/tee"])) == [(tree / "tee").as_posix(), "summer/tee"]
    both = find_all(["library", "bought/tube"])
    assert names(both) == ["library/tube@1.0.0", "bought/tube"]


def test_what_cannot_be_read_does_not_hide_the_rest(tree: Path) -> None:
    (tree / "tee" / "steps.json").write_text("[]")
    (tree / "library" / "refs" / "zebra.json").write_text("{")
    (tree / "bought" / "tube" / "template.json").write_text("{")
    found = {each.subject.name: each.failure for each in find_in(tree)}
    assert "steps.json holds no list `steps`" in str(found["tee"])
    assert "zebra.json" in str(found["library/zebra"])
    assert found["bought/tube"] is None  # its rules say that template.json is unreadable
    assert found["library/tube@1.0.0"] is None
    for blob in (tree / "library" / "blobs").rglob("*"):
        if blob.is_file():
            blob.write_bytes(b"")
    found = {each.subject.name: each.failure for each in find_in(tree)}
    assert "template.json is missing or damaged" in str(found["library/tube@1.0.0"])


def test_links_lead_nowhere(tree: Path) -> None:
    (tree / "summer" / "loop").symlink_to(tree, target_is_directory=True)
    exported = tree / "bought" / "tube"
    (exported / "outside.png").symlink_to("/etc/hostname")
    assert names(find_in(tree / "summer")) == ["more/skirt", "tee"]
    assert "outside.png" not in find_in(exported)[0].subject.files


@pytest.mark.parametrize(("target", "says"), [("none", "no such file"), ("notes", "holds no draft"),
                                              ("notes/steps.txt", "is a file")])  # fmt: skip
def test_nothing_to_validate_is_one_line(target: str, says: str, tree: Path) -> None:
    with pytest.raises(AssetError, match=says):
        find_in(tree / target)
