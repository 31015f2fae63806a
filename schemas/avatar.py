"""Types of an avatar file (avatar.schema.json)."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class PoseDocument(TypedDict):
    """Local rotations [22, 4] xyzw of the canonical joints from the T-pose, root [3] in metres."""

    rotations: list[list[float]]
    root: list[float]


class CameraDocument(TypedDict):
    """Pinhole camera of the source picture."""

    T_world_cam: list[list[float]]
    focal_px: float
    center_px: list[float]
    size: list[int]


class TextureDocument(TypedDict):
    """Skin texture: an image beside the file (`file`) or embedded as base64 (`data`)."""

    file: NotRequired[str]
    data: NotRequired[str]
    sha256: str
    coverage: NotRequired[float]


class AppearanceDocument(TypedDict, total=False):
    """Colours (linear) and hair of the default head."""

    skin_tone: list[float]
    hair_color: list[float]
    eye_color: list[float]
    hair: str


class LightingDocument(TypedDict):
    """Light of the source picture: spherical harmonics [9, 3] of linear RGB, and the sun."""

    sh: list[list[float]]
    sun_direction: NotRequired[list[float]]
    sun_color: NotRequired[list[float]]


class KeypointDocument(TypedDict):
    """A landmark found in the source picture."""

    name: str
    xy_px: list[float]
    confidence: float


# who agreed, to what, until which day; `for` is a Python keyword, hence this form
ConsentDocument = TypedDict("ConsentDocument", {"who": str, "for": str, "until": str})


class PhotoSource(TypedDict):
    """The photo, which is not kept."""

    sha256: str
    kind: str
    size: NotRequired[list[int]]


class BodyFile(TypedDict):
    """The user's licensed body model."""

    file: str
    sha256: str


class SmplxVector(TypedDict):
    """SMPL-X parameters: axis-angle [rad], hands as PCA coefficients, translation [m]."""

    betas: list[float]
    expression: NotRequired[list[float]]
    global_orient: list[float]
    body_pose: list[float]
    jaw_pose: NotRequired[list[float]]
    left_hand_pca: NotRequired[list[float]]
    right_hand_pca: NotRequired[list[float]]
    transl: NotRequired[list[float]]


class AvatarDocument(TypedDict):
    """An avatar file."""

    schema: str
    name: NotRequired[str]
    family: str
    shape: dict[str, float]
    body_file: NotRequired[BodyFile]
    smplx: NotRequired[SmplxVector]
    measures: dict[str, float]
    pose: NotRequired[PoseDocument]
    camera: NotRequired[CameraDocument]
    texture: NotRequired[TextureDocument]
    appearance: NotRequired[AppearanceDocument]
    lighting: NotRequired[LightingDocument]
    keypoints: NotRequired[list[KeypointDocument]]
    quality: NotRequired[dict[str, object]]
    consent: ConsentDocument | None
    source: PhotoSource | None
    retention: str | None
    tool: NotRequired[str]
