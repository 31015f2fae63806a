"""The avatar file: a body, how it stood in the photo, what was seen of its skin, and who agreed to that until when.

No copy of the photo is in it: only skin (face, neck, arms, hands) unrolled onto the body's atlas, landmarks, light, and
the digest of the source.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from dressform.assets.atomic import write_bytes
from dressform.assets.hashing import file_sha256
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.body.smplx_body import load_smplx
from dressform.runtime.render.scene import Camera
from dressform.schemas.documents import check_document, dump_json, load_document
from dressform.schemas.errors import AssetError, ConsentError, InputError

from .consent import Consent

SCHEMA = "dressform/avatar/1"
DEFAULT_SKIN_TONE = (0.52, 0.33, 0.245)  # linear RGB
DEFAULT_HAIR_COLOR = (0.045, 0.028, 0.018)
MAX_TEXTURE_SIDE = 4096
STATURES_M = (0.5, 3.0)  # nobody stands lower or higher; a camera follows what the file says

Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class PhotoTexture:
    """Skin seen in a photo, unrolled onto the body's atlas.

    Attributes:
        rgb: sRGB uint8 [H, W, 3], row 0 at v = 1.
        confidence: Trust in each texel, float32 [H, W] in [0, 1]; 0 where nothing usable was seen.
    """

    rgb: NDArray[np.uint8]
    confidence: NDArray[np.float32]


@dataclass(frozen=True)
class Keypoint:
    """A landmark of the photo: where it is seen and how sure that is, in [0, 1]."""

    name: str
    xy_px: tuple[float, float]
    confidence: float


@dataclass(frozen=True)
class Source:
    """The photo an avatar was made from; only its digest and size are kept."""

    sha256: str
    size: tuple[int, int]


@dataclass(frozen=True)
class BodyFile:
    """The user's licensed body model."""

    file: str
    sha256: str


@dataclass(frozen=True)
class Avatar:
    """A person's body and looks.

    Attributes:
        family: "anny" or "smplx".
        shape: The family's shape parameters.
        measures: Lengths and girths [m] and mass [kg] by name.
        pose: How the person stood in the photo, or None.
        camera: The photo's camera, or None.
        texture: Skin seen in the photo, or None.
        skin_tone: Linear RGB.
        hair_color: Linear RGB.
        light: The photo's light, irradiance / pi in spherical harmonics of world directions, float32 [9, 3], or None.
        keypoints: What the detector saw.
        quality: Figures by name; None where a figure does not apply.
        flags: What to mind, as short names such as "legs_unseen".
        consent: Who agreed; None only without a photo.
        source: The photo; None for an avatar made by hand.
        retention: Last day on which the file may be used; None only without a photo.
        body_file: The body model, for families that need one.
    """

    family: str
    shape: Mapping[str, float]
    measures: Mapping[str, float]
    pose: Pose | None = None
    camera: Camera | None = None
    texture: PhotoTexture | None = None
    skin_tone: Rgb = DEFAULT_SKIN_TONE
    hair_color: Rgb = DEFAULT_HAIR_COLOR
    light: NDArray[np.float32] | None = None
    keypoints: tuple[Keypoint, ...] = ()
    quality: Mapping[str, float | None] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    consent: Consent | None = None
    source: Source | None = None
    retention: dt.date | None = None
    body_file: BodyFile | None = None

    @property
    def height(self) -> float:
        """Standing height [m]."""
        return float(self.measures["height"])

    @property
    def gender(self) -> float:
        """0 masculine … 1 feminine; 0.5 where the family does not say."""
        return float(min(max(self.shape.get("gender", 0.5), 0.0), 1.0))

    def photo_texture(self) -> PhotoTexture | None:
        """Return the skin seen in the photo, if any."""
        return self.texture

    def rest(self) -> RestBody:
        """Return the shaped body in its rest pose."""
        if self.family == "anny":
            return load_anny().rest(self.shape)
        if self.family != "smplx" or self.body_file is None:
            raise AssetError(f"avatar of family {self.family!r}: needed anny, or smplx with a body file; make it again")
        path = Path(self.body_file.file)
        if not path.is_file():
            raise AssetError(
                f"{path}: the avatar's body file is not there; run `dressform avatar make --smplx FILE` again"
            )
        if file_sha256(path) != self.body_file.sha256:
            raise AssetError(f"{path}: is not the file the avatar was made with; run `dressform avatar make` again")
        return load_smplx(path).rest(self.shape)

    def save(self, path: Path | str) -> None:
        """Write the avatar as one JSON file, whole or not at all."""
        document = to_document(self)
        check_document("avatar", document, str(path))
        write_bytes(Path(path), dump_json(document))

    @classmethod
    def load(cls, path: Path | str, *, today: dt.date | None = None) -> Avatar:
        """Read an avatar file.

        Args:
            path: The file.
            today: The day to compare the retention date with; the clock's when None.

        Raises:
            InputError: The file is missing, damaged or does not fit the schema.
            ConsentError: The last day of its retention is over.
        """
        path = Path(path)
        document = load_document("avatar", path)
        avatar = from_document(document, str(path))
        if avatar.retention is not None and avatar.retention < (today or dt.date.today()):
            raise ConsentError(
                f"{path}: could be used until {avatar.retention}; delete it, or estimate it again with a new consent"
            )
        return avatar


def to_document(avatar: Avatar) -> dict[str, Any]:
    """Return the JSON document of an avatar."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "family": avatar.family,
        "shape": {key: _number(value) for key, value in avatar.shape.items()},
        "measures": {key: _number(value) for key, value in avatar.measures.items()},
        "appearance": {"skin_tone": _numbers(avatar.skin_tone), "hair_color": _numbers(avatar.hair_color)},
        "consent": None,
        "source": None,
        "retention": None if avatar.retention is None else avatar.retention.isoformat(),
    }
    if avatar.consent is not None:
        consent = avatar.consent
        document["consent"] = {"who": consent.who, "for": consent.purpose, "until": consent.until.isoformat()}
    if avatar.source is not None:
        document["source"] = {"kind": "photo", "sha256": avatar.source.sha256, "size": list(avatar.source.size)}
    if avatar.pose is not None:
        rotations = [_numbers(row) for row in avatar.pose.rotations]
        document["pose"] = {"rotations": rotations, "root": _numbers(avatar.pose.root)}
    if avatar.camera is not None:
        camera = avatar.camera
        document["camera"] = {
            "T_world_cam": [_numbers(row) for row in np.asarray(camera.T_world_cam)],
            "focal_px": _number(camera.focal_px),
            "center_px": _numbers(camera.center_px),
            "size": [int(side) for side in camera.size],
        }
    if avatar.light is not None:
        document["lighting"] = {"sh": [_numbers(row) for row in avatar.light]}
    if avatar.keypoints:
        document["keypoints"] = [
            {"name": k.name, "xy_px": [round(v, 2) for v in k.xy_px], "confidence": round(k.confidence, 3)}
            for k in avatar.keypoints
        ]
    if avatar.quality or avatar.flags:
        figures = {key: None if value is None else _number(value) for key, value in avatar.quality.items()}
        document["quality"] = {"flags": list(avatar.flags), **figures}
    if avatar.texture is not None:
        document["texture"] = _texture_document(avatar.texture)
    if avatar.body_file is not None:
        document["body_file"] = {"file": avatar.body_file.file, "sha256": avatar.body_file.sha256}
    return document


def from_document(document: Mapping[str, Any], where: str) -> Avatar:
    """Return the avatar of a document that fits the schema; `where` names it in errors."""
    pose, camera, quality = document.get("pose"), document.get("camera"), dict(document.get("quality", {}))
    flags = tuple(quality.pop("flags", ()))
    looks = document.get("appearance", {})
    light = document.get("lighting")
    consent, source, model = document["consent"], document["source"], document.get("body_file")
    if "height" not in document["measures"]:
        raise InputError(f"{where}: at $.measures: needed a height; run `dressform avatar measure` or make it again")
    low, high = STATURES_M
    if not low <= document["measures"]["height"] <= high:
        found = f"{document['measures']['height']:g} m"
        raise InputError(f"{where}: at $.measures.height: {found}, needed {low:g} to {high:g} m; make the avatar again")
    return Avatar(
        family=document["family"],
        shape=dict(document["shape"]),
        measures=dict(document["measures"]),
        pose=None if pose is None else _pose(pose, where),
        camera=None if camera is None else _camera(camera),
        texture=_texture(document["texture"], where) if "texture" in document else None,
        skin_tone=_rgb(looks.get("skin_tone", DEFAULT_SKIN_TONE)),
        hair_color=_rgb(looks.get("hair_color", DEFAULT_HAIR_COLOR)),
        light=None if light is None else np.asarray(light["sh"], np.float32),
        keypoints=tuple(
            Keypoint(k["name"], (k["xy_px"][0], k["xy_px"][1]), k["confidence"]) for k in document.get("keypoints", ())
        ),
        quality=quality,
        flags=flags,
        consent=None if consent is None else Consent(consent["who"], consent["for"], _date(consent["until"], where)),
        source=None if source is None else Source(source["sha256"], tuple(source.get("size", (0, 0)))),
        retention=None if document["retention"] is None else _date(document["retention"], where),
        body_file=None if model is None else BodyFile(model["file"], model["sha256"]),
    )


def _number(value: float) -> float:
    return round(float(value), 6)


def _numbers(values: Any) -> list[float]:
    return [_number(value) for value in values]


def _rgb(values: Any) -> Rgb:
    return (float(values[0]), float(values[1]), float(values[2]))


def _date(text: str, where: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{where}: {text!r} is no date; needed YYYY-MM-DD") from None


def _pose(document: Mapping[str, Any], where: str) -> Pose:
    rotations = np.asarray(document["rotations"], np.float32)
    lengths = np.linalg.norm(rotations, axis=1, keepdims=True)
    if (lengths < 0.5).any():
        raise InputError(f"{where}: at $.pose.rotations: needed unit quaternions; estimate the avatar again")
    return Pose(rotations / lengths, np.asarray(document["root"], np.float32))


def _camera(document: Mapping[str, Any]) -> Camera:
    centre, size = document["center_px"], document["size"]
    return Camera(
        np.asarray(document["T_world_cam"], np.float64),
        float(document["focal_px"]),
        (float(centre[0]), float(centre[1])),
        (int(size[0]), int(size[1])),
    )


def _texture_document(texture: PhotoTexture) -> dict[str, Any]:
    """Embed the texture as PNG; its alpha is the confidence, and colours that nobody trusts are left out."""
    alpha = np.round(np.clip(texture.confidence, 0.0, 1.0) * 255.0).astype(np.uint8)
    rgb = np.where(alpha[..., None] > 0, texture.rgb, 0)
    buffer = io.BytesIO()
    Image.fromarray(np.dstack([rgb, alpha]).astype(np.uint8)).save(buffer, "PNG")
    data = buffer.getvalue()
    return {
        "data": base64.b64encode(data).decode("ascii"),
        "sha256": hashlib.sha256(data).hexdigest(),
        "coverage": _number(float((alpha > 0).mean())),
    }


def _texture(document: Mapping[str, Any], where: str) -> PhotoTexture:
    place = f"{where}: at $.texture"
    try:
        if "data" in document:
            data = base64.b64decode(document["data"], validate=True)
        else:
            data = (Path(where).parent / document["file"]).read_bytes()
        if hashlib.sha256(data).hexdigest() != document["sha256"]:
            raise InputError(f"{place}: does not match its sha256; estimate the avatar again")
        with Image.open(io.BytesIO(data)) as image:
            if max(image.size) > MAX_TEXTURE_SIDE:
                raise InputError(f"{place}: is {image.size[0]}×{image.size[1]}; needed at most {MAX_TEXTURE_SIDE}")
            pixels = np.asarray(image.convert("RGBA"), np.uint8)
    except (binascii.Error, ValueError, OSError, UnidentifiedImageError, SyntaxError) as error:
        raise InputError(f"{place}: cannot be read ({error}); estimate the avatar again") from None
    return PhotoTexture(np.ascontiguousarray(pixels[..., :3]), pixels[..., 3].astype(np.float32) / 255.0)
