"""One synthetic studio photo, what is detected in it, and the avatar estimated from it, shared by all tests here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dressform.assets.models import model_path
from dressform.authoring.synth.studio import StudioPerson, StudioPhoto, render_studio_photo
from dressform.runtime.avatar.avatar_file import Avatar
from dressform.runtime.avatar.detect import Person, detect_person
from dressform.runtime.avatar.estimate import estimate_avatar
from dressform.runtime.avatar.photo import Photo, load_photo
from dressform.schemas.errors import ModelFileError

SIZE = (720, 960)  # the least at which a standing person's face is large enough to be taken
MODELS = ("pose_detection.tflite", "pose_landmark_full.tflite", "face_landmark.tflite")
# clothes of colours that no skin has, so that they are known where they must not be
VIVID = StudioPerson(top_color=(0.02, 0.45, 0.05), trousers_color=(0.10, 0.02, 0.50))


@dataclass(frozen=True)
class Studio:
    """A photo file, its pixels, and the truth."""

    path: Path
    photo: Photo
    truth: StudioPhoto

    @property
    def rgb(self) -> NDArray[np.uint8]:
        return self.photo.rgb

    @property
    def height_m(self) -> float:
        return self.truth.rest.measures().height


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    path = tmp_path_factory.mktemp("studio") / "person.png"
    truth = render_studio_photo(path, person=VIVID, size=SIZE)
    return Studio(path, load_photo(path), truth)


@pytest.fixture(scope="session")
def networks() -> None:
    try:
        for name in MODELS:
            model_path(name)
    except ModelFileError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def person(studio: Studio, networks: None) -> Person:
    return detect_person(studio.photo)


@pytest.fixture(scope="session")
def estimated(studio: Studio, networks: None) -> Avatar:
    return estimate_avatar(studio.path, consent="self", height_m=studio.height_m, gender="female")
