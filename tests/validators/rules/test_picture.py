"""A preview has to show the garment, and a turntable has to turn."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.assets.library import Library
from dressform.validators.examples.builder import Parts, sound_parts, turntable
from dressform.validators.rule import Defect, Measured, NotTestableError
from dressform.validators.rules import picture
from dressform.validators.subject import Subject
from dressform.validators.targets import find_subjects

Linear = tuple[float, float, float]


def scene(colour: tuple[int, int, int], side: int) -> bytes:
    """Return a picture of a light room with a square of a colour in it."""
    room = Image.new("RGB", (96, 64), (240, 239, 237))
    room.paste(colour, (20, 4, 20 + side, 4 + side))
    buffer = io.BytesIO()
    room.save(buffer, "png")
    return buffer.getvalue()


def draft(parts: Parts, folder: Path, base: Linear, preview: bytes) -> Subject:
    cloth = dataclasses.replace(parts.mesh.materials[0], base_color=(*base, 1.0), base_color_image=None)
    parts.change_mesh(materials=(cloth,))
    parts.files["preview.png"] = preview
    (subject,) = find_subjects(parts.write(folder / "draft"))
    return subject


@pytest.mark.parametrize(
    ("base", "shown", "side", "visible"),
    [
        ((0.4, 0.02, 0.02), (150, 30, 30), 40, True),
        ((0.4, 0.02, 0.02), (95, 18, 18), 40, True),  # in shadow
        ((0.4, 0.02, 0.02), (150, 30, 30), 8, False),  # too small
        ((0.4, 0.02, 0.02), (30, 60, 150), 40, False),
        ((0.02, 0.02, 0.4), (150, 30, 30), 40, False),
        ((0.7, 0.7, 0.7), (200, 200, 199), 40, True),
    ],
)
def test_the_garment_is_looked_for_by_its_colours(
    parts: Parts,
    tmp_path: Path,
    base: Linear,
    shown: tuple[int, int, int],
    side: int,
    visible: bool,
) -> None:
    (found,) = picture.preview_shows_the_garment(draft(parts, tmp_path, base, scene(shown, side)))
    assert isinstance(found, Measured if visible else Defect)
    assert found.value == pytest.approx(100 * side * side / (96 * 64) if visible or side == 8 else 0, abs=0.1)


def test_a_button_does_not_stand_for_the_garment(parts: Parts, tmp_path: Path) -> None:
    cloth, button = (
        dataclasses.replace(parts.mesh.materials[0], name=name, base_color=base, base_color_image=None)
        for name, base in (("cloth", (0.4, 0.02, 0.02, 1.0)), ("button", (0.02, 0.02, 0.4, 1.0)))
    )
    ids = (np.arange(len(parts.mesh.faces)) >= 180).astype(np.int32)  # a fifth of the surface
    parts.change_mesh(materials=(cloth, button), material_ids=ids)
    parts.files["preview.png"] = scene((40, 40, 150), 40)
    (subject,) = find_subjects(parts.write(tmp_path / "draft"))
    (found,) = picture.preview_shows_the_garment(subject)
    assert isinstance(found, Defect)


def test_another_garment_is_told_apart_and_its_own_is_found() -> None:
    versions = {subject.name: subject for subject in find_subjects(Library.embedded().folder)}
    skirt, trousers = versions["circle-skirt@1.0.0"], versions["trousers@1.0.0"]
    (own,) = picture.preview_shows_the_garment(skirt)
    assert isinstance(own, Measured)
    swapped = dataclasses.replace(skirt, files={**skirt.files, "preview.png": trousers.files["preview.png"]})
    (other,) = picture.preview_shows_the_garment(swapped)
    assert isinstance(other, Defect)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"no video", "cannot be decoded"), (turntable().replace(b"avc1", b"zzzz"), "of an unknown kind")],
)
def test_a_turntable_that_is_no_video_is_told_once(parts: Parts, tmp_path: Path, content: bytes, says: str) -> None:
    parts.files["turntable.mp4"] = content
    (subject,) = find_subjects(parts.write(tmp_path / "draft"))
    (found,) = picture.has_a_turntable(subject)
    assert says in found.message
    assert str(tmp_path) not in found.message
    with pytest.raises(NotTestableError, match=says):
        list(picture.turntable_turns(subject))


def test_a_file_that_changes_is_read_again(parts: Parts, tmp_path: Path) -> None:
    (subject,) = find_subjects(parts.write(tmp_path / "draft"))
    assert list(picture.turntable_turns(subject)) == []
    subject.files["turntable.mp4"].write_bytes(turntable(turns=False))
    assert len(list(picture.turntable_turns(subject))) == 1


def test_lab_is_the_standards() -> None:
    white, red = picture._lab(np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]))
    assert white == pytest.approx([100, 0, 0], abs=0.02)
    assert red == pytest.approx([53.24, 80.09, 67.20], abs=0.1)


def test_a_preview_that_asks_for_gigabytes_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sound_parts().write(tmp_path / "draft")

    def greedy(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("PIL.Image.open", greedy)
    (file,) = folder.glob("preview.png")
    assert "more memory" in str(picture._opened(file, 1))
