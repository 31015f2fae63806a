"""Pictures of synthetic persons, drawn with everything about them known, for tests of what is estimated from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pytest
from numpy.typing import NDArray

from dressform.assets.models import model_path
from dressform.runtime.avatar.appearance import build_appearance, scene_meshes
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.body.skinning import skin
from dressform.runtime.geometry.rotations import quat_from_rotvec
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting
from dressform.schemas.errors import ModelFileError

MODELS = ("pose_detection.tflite", "pose_landmark_full.tflite", "face_landmark.tflite")
WOMAN = MappingProxyType({"gender": 1.0, "height": 0.36})  # of 1.65 m
SKIN_TONE, HAIR_COLOR = (0.45, 0.28, 0.20), (0.05, 0.03, 0.02)
FIELD_OF_VIEW_RAD = 0.5


@dataclass(frozen=True)
class Known:
    """A picture and the truth about it: sRGB uint8 [H, W, 3], body, pose, camera, and where the person is [H, W]."""

    rgb: NDArray[np.uint8]
    rest: RestBody
    pose: Pose
    camera: Camera
    mask: NDArray[np.bool_]


@pytest.fixture(scope="session")
def models() -> None:
    try:
        for name in MODELS:
            model_path(name)
    except ModelFileError as error:
        pytest.skip(str(error))


def relaxed_pose(turn: float) -> Pose:
    """Arms hanging a little away from the body, turned by `turn` [rad] to the person's left."""
    rotations = Pose.t_pose().rotations.copy()
    for name, rotvec in (
        ("pelvis", (0.0, 0.0, turn)),
        ("left_shoulder", (0.0, 1.15, 0.0)),
        ("right_shoulder", (0.0, -1.15, 0.0)),
        ("left_elbow", (0.0, 0.0, -0.25)),
        ("right_elbow", (0.0, 0.0, 0.25)),
    ):
        rotations[JOINT_INDEX[name]] = quat_from_rotvec(np.array(rotvec))
    return Pose(rotations.astype(np.float32), np.zeros(3, np.float32))


def draw(
    *,
    shape: Mapping[str, float] = WOMAN,
    turn: float = 0.2,
    size: tuple[int, int] = (600, 800),
    look_at: float | None = None,
    distance: float | None = None,
) -> Known:
    """Draw a person who fills the picture, or what is at the height `look_at` [m] from `distance` [m]."""
    rest, pose = load_anny().rest(shape), relaxed_pose(turn)
    look = build_appearance(rest, skin_tone=SKIN_TONE, hair_color=HAIR_COLOR, gender=float(shape.get("gender", 0.5)))
    transforms = rest.skin_transforms(pose)
    parts = [skin(part.points, part.joint_indices, part.joint_weights, transforms) for part in look.parts]
    vertices = np.concatenate([rest.posed_vertices(pose), *parts]).astype(np.float32)
    height = float(rest.measures().height)
    away = distance or 1.1 * height / (2.0 * math.tan(FIELD_OF_VIEW_RAD / 2))
    middle = height / 2 if look_at is None else look_at
    eye = (0.0, -away, middle + 0.1 * height)
    camera = Camera.look_at(eye, (0.0, 0.0, middle), FIELD_OF_VIEW_RAD, size)
    counts = [len(rest.vertices), *(len(part.points) for part in look.parts)]
    renderer = Renderer(list(scene_meshes(look, rest.body)), counts, size=size, preset="quality")
    renderer.set_vertices(vertices)
    frame = renderer.render(camera, Lighting.studio(), Background.studio())
    return Known(frame.rgb.copy(), rest, pose, camera, frame.mask > 0)


@pytest.fixture(scope="session")
def person() -> Callable[..., Known]:
    """How to draw one; see `draw`."""
    return draw


@pytest.fixture(scope="session")
def standing(person: Callable[..., Known]) -> Known:
    """A woman who stands before the camera, turned a little."""
    return person()
