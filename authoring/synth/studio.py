"""A studio photo of a person who does not exist, for demos, tests and benchmarks: no real person's picture ships."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.assets.atomic import replacing
from dressform.runtime.avatar.appearance import Appearance, AppearancePart, build_appearance, scene_meshes
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.joints import CANONICAL_JOINTS, JOINT_INDEX
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.body.skinning import skin
from dressform.runtime.geometry.rotations import quat_from_rotvec
from dressform.runtime.render.colour import linear_to_srgb
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial
from dressform.schemas.errors import InputError, UsageError

from .shell_clothes import HEM, Shell, make_top, make_trousers_shell

Floats = NDArray[np.float32]
Rgb = tuple[float, float, float]

FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}
VERTICAL_FOV_RAD = math.radians(21.0)
GRAIN = 1.3  # [8-bit steps] deviation of the sensor's noise

SKIN_TONES: tuple[Rgb, ...] = ((0.60, 0.40, 0.30), (0.50, 0.30, 0.20), (0.34, 0.19, 0.12), (0.14, 0.065, 0.038))
HAIR_COLOURS: tuple[Rgb, ...] = ((0.19, 0.10, 0.045), (0.07, 0.035, 0.018), (0.03, 0.016, 0.010), (0.010, 0.008, 0.007))
CLOTH_COLOURS: tuple[Rgb, ...] = (
    (0.05, 0.10, 0.16),
    (0.42, 0.40, 0.36),
    (0.16, 0.05, 0.05),
    (0.05, 0.09, 0.06),
    (0.03, 0.03, 0.035),
)


@dataclass(frozen=True)
class StudioPerson:
    """Who stands in the studio; colours are linear RGB.

    The default is a woman of about 1.70 m and slim to average build.

    Attributes:
        shape: Of Anny's body.
        skin_tone: Of the skin.
        hair_color: Of hair and brows.
        top_color: Of the long-sleeved top.
        trousers_color: Of the trousers.
        yaw_rad: How far the person is turned from the camera, positive to the person's left.
    """

    shape: Mapping[str, float] = field(
        default_factory=lambda: {"gender": 1.0, "age": 0.5, "muscle": 0.45, "weight": 0.4, "height": 0.4}
    )
    skin_tone: Rgb = SKIN_TONES[1]
    hair_color: Rgb = HAIR_COLOURS[1]
    top_color: Rgb = CLOTH_COLOURS[0]
    trousers_color: Rgb = (0.115, 0.105, 0.09)
    yaw_rad: float = 0.32


@dataclass(frozen=True)
class StudioPhoto:
    """What the picture shows, for those who compare an estimate with it.

    Attributes:
        person: Who.
        rest: The shaped body.
        pose: How it stands (world: the person faces −y, turned by the person's yaw).
        camera: That took the picture.
        joints_px: Canonical joints in the picture, float32 [22, 2] [px].
    """

    person: StudioPerson
    rest: RestBody
    pose: Pose
    camera: Camera
    joints_px: Floats


def random_person(seed: int) -> StudioPerson:
    """Draw an adult: any build, either gender, and colours of skin, hair and clothes."""
    rng = np.random.default_rng(seed)

    def pick(colours: Sequence[Rgb]) -> Rgb:
        return colours[int(rng.integers(len(colours)))]

    shape = {name: float(rng.uniform(0.25, 0.75)) for name in ("age", "muscle", "weight", "height", "proportions")}
    shape["gender"] = float(rng.integers(2))
    tone = int(rng.integers(len(SKIN_TONES)))
    hair = HAIR_COLOURS[int(rng.integers(max(tone, 1) if tone > 1 else 0, len(HAIR_COLOURS)))]
    top, trousers = pick(CLOTH_COLOURS), pick(CLOTH_COLOURS)
    return StudioPerson(shape, SKIN_TONES[tone], hair, top, trousers, float(rng.uniform(-0.4, 0.4)))


def render_studio_photo(
    path: Path, *, person: StudioPerson | None = None, size: tuple[int, int] = (900, 1200), seed: int = 0
) -> StudioPhoto:
    """Write a photo of a synthetic, clothed person, standing relaxed before a plain background.

    Args:
        path: .jpg or .png; replaced whole or left as it was.
        person: Who; the default woman if None.
        size: (width, height) [px], at least 64 each.
        seed: Of the sensor's noise.

    Returns:
        What the picture shows.
    """
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise UsageError(f"{path}: a studio photo needs the suffix .jpg or .png, got {path.suffix!r}")
    if min(size) < 64:
        raise InputError(f"a studio photo needs at least 64 × 64 pixels, got {size[0]} × {size[1]}")
    who = person or StudioPerson()
    rest = load_anny().rest(who.shape)
    look = build_appearance(
        rest, skin_tone=who.skin_tone, hair_color=who.hair_color, gender=float(who.shape.get("gender", 0.5))
    )
    clothes = (make_trousers_shell(rest), make_top(rest))
    pose = relaxed_pose(rest, who.yaw_rad)
    vertices = _vertices(rest, look, clothes, pose)
    vertices[:, 2] -= vertices[:, 2].min()
    camera = _camera(vertices, size)
    meshes = _meshes(rest, look, clothes, (who.trousers_color, who.top_color))
    counts = [len(rest.vertices), *(len(p.points) for p in look.parts), *(len(p.points) for p in clothes)]
    renderer = Renderer(meshes, counts, size=size, preset="quality")
    renderer.set_vertices(vertices)
    rgb = renderer.render(camera, Lighting.studio(), Background.studio((0.80, 0.805, 0.81))).rgb
    noise = np.random.default_rng(seed).normal(0, GRAIN, rgb.shape)
    _save(np.clip(rgb + noise + 0.5, 0, 255).astype(np.uint8), path, form)
    joints = camera.project(rest.posed_joints(pose))[:, :2].astype(np.float32)
    return StudioPhoto(who, rest, pose, camera, joints)


def relaxed_pose(rest: RestBody, yaw_rad: float) -> Pose:
    """Stand at ease: arms a little away from the body, elbows soft, weight on one leg, soles on the ground."""
    turns = dict.fromkeys(CANONICAL_JOINTS, (0.0, 0.0, 0.0))
    turns |= {
        "pelvis": (0.0, 0.0, yaw_rad),
        "spine2": (0.02, 0.0, -0.04),
        "neck": (0.03, 0.0, -0.06),
        "head": (0.02, 0.0, -0.12),
        "left_shoulder": (0.0, 1.18, 0.06),
        "right_shoulder": (0.0, -1.14, -0.10),
        "left_elbow": (0.0, 0.0, -0.26),
        "right_elbow": (0.0, 0.0, 0.34),
        "left_hip": (0.0, 0.03, 0.08),
        "right_hip": (0.0, -0.015, -0.10),
        "left_ankle": (0.0, -0.03, 0.0),
        "right_ankle": (0.0, 0.015, 0.0),
    }
    rotvecs = np.array([turns[name] for name in CANONICAL_JOINTS], np.float32)
    standing = Pose(np.asarray(quat_from_rotvec(rotvecs), np.float32), np.zeros(3, np.float32))
    joints = rest.posed_joints(standing)
    feet = joints[[JOINT_INDEX["left_foot"], JOINT_INDEX["right_foot"]]]
    soles = rest.posed_vertices(standing)[:, 2].min()
    root = np.array([-feet[:, 0].mean(), -feet[:, 1].mean(), -soles], np.float32)
    return Pose(standing.rotations, root)


def _vertices(rest: RestBody, look: Appearance, clothes: Sequence[Shell], pose: Pose) -> Floats:
    transforms = rest.skin_transforms(pose)
    body = skin(rest.vertices, rest.body.joint_indices, rest.body.joint_weights, transforms)
    pieces: list[AppearancePart | Shell] = [*look.parts, *clothes]
    posed = [skin(piece.points, piece.joint_indices, piece.joint_weights, transforms) for piece in pieces]
    return np.concatenate([body, *posed])


def _camera(vertices: Floats, size: tuple[int, int]) -> Camera:
    """Frame the whole person with room above and below, lens at chest height."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    tall, wide = float(high[2] - low[2]), float(high[0] - low[0])
    seen = max(1.16 * tall, 1.25 * wide * size[1] / size[0])
    distance = 0.5 * seen / math.tan(0.5 * VERTICAL_FOV_RAD)
    middle = np.array([0.5 * (low[0] + high[0]), 0.0, 0.5 * tall])
    eye = middle + np.array([0.0, -distance, 0.12 * tall])
    return Camera.look_at(eye, middle, VERTICAL_FOV_RAD, size)


def _meshes(
    rest: RestBody, look: Appearance, clothes: Sequence[Shell], colours: Sequence[Rgb]
) -> tuple[SceneMesh, ...]:
    covered = np.logical_or.reduce([shell.covers for shell in clothes])
    cloth = tuple(
        SceneMesh(shell.name, shell.faces, shell.uv, shell.faces, SurfaceMaterial(_cloth(colour), 0.95, 0.02))
        for shell, colour in zip(clothes, colours, strict=True)
    )
    return (*scene_meshes(look, rest.body, covered=covered), *cloth)


def _cloth(colour: Rgb) -> NDArray[np.uint8]:
    """Plain fabric whose rows run from a border inwards: a stitched hem, then even cloth; sRGB uint8 [128, 128, 3]."""
    inside = (1 - (np.arange(128) + 0.5) / 128) * HEM
    shade = 1 - 0.25 * np.exp(-(((inside - 0.018) / 0.0012) ** 2)) - 0.3 * np.exp(-((inside / 0.002) ** 2))
    weave = 1 + 0.03 * np.random.default_rng(23).standard_normal((128, 128))
    light = (shade[:, None] * weave)[..., None] * np.array(colour)
    return (255 * linear_to_srgb(light) + 0.5).astype(np.uint8)


def _save(rgb: NDArray[np.uint8], path: Path, form: str) -> None:
    with replacing(path) as beside:
        Image.fromarray(rgb).save(beside, form, **({"quality": 93} if form == "JPEG" else {}))
