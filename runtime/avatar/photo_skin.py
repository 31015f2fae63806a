"""What a photo tells of a person's looks: skin tone, hair colour, the light, and skin for the body's atlas."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.protocol import RestBody
from dressform.runtime.render.colour import linear_to_srgb, srgb_to_linear
from dressform.runtime.render.scene import Camera

from .avatar_file import DEFAULT_HAIR_COLOR, DEFAULT_SKIN_TONE, PhotoTexture, Rgb
from .detect import LANDMARKS, Person
from .face_landmarks import OVAL, FaceMarks, face_vertices
from .photo import Photo
from .photo_light import fit_light
from .silhouette import View
from .texture import (
    Texels,
    body_texels,
    face_usable,
    make_texture,
    sample_mask,
    sample_photo,
    skin_likeness,
)

# Human skin's green and blue as a share of its red, linear; what lies beyond is the light's tint or a wrong place.
GREEN_SHARE, BLUE_SHARE = (0.42, 0.80), (0.24, 0.70)
BRIGHTNESS = (0.03, 0.62)  # of the red channel
MIN_PIXELS = 60


@dataclass(frozen=True)
class PhotoSkin:
    """A person's looks.

    Attributes:
        texture: Skin on the atlas, or None where none was seen well enough.
        skin_tone: Linear RGB.
        hair_color: Linear RGB.
        light: Irradiance / pi in spherical harmonics of world directions, float32 [9, 3].
        flags: What was guessed.
    """

    texture: PhotoTexture | None
    skin_tone: Rgb
    hair_color: Rgb
    light: NDArray[np.float32]
    flags: tuple[str, ...]


def read_skin(
    photo: Photo,
    person: Person,
    marks: FaceMarks | None,
    rest: RestBody,
    vertices: NDArray[np.float32],
    camera: Camera,
    view: View,
) -> PhotoSkin:
    """Read skin tone, hair colour, light and skin texture.

    Args:
        photo: The photo.
        person: The person in it.
        marks: Their face, or None where it is not seen.
        rest: The fitted body.
        vertices: Its world positions in the photo's pose, [V, 3] [m].
        camera: The photo's.
        view: The fitted body drawn by that camera.
    """
    flags: list[str] = []
    observed = _observed_tone(photo, person, marks)
    tone = plausible_skin(observed) if observed is not None else np.array(DEFAULT_SKIN_TONE, np.float32)
    if observed is None:
        flags.append("skin_tone_guessed")
    hair = _hair_color(photo, person, marks, tone)
    if hair is None:
        flags.append("hair_color_guessed")
    texels = body_texels(rest, vertices, camera, view)
    reference = tone if observed is None else observed
    light = _light(photo, person, texels, reference)
    texture = None
    if observed is not None:
        face = None
        if marks is not None and face_usable(marks, texels, vertices, camera):
            face = (marks, camera.project(vertices[face_vertices().vertices])[:, :2].astype(np.float32))
        else:
            flags.append("face_not_taken")
        texture = make_texture(photo.rgb, person.mask, texels, observed, light, face)
        texture = _retint(texture, np.asarray(tone / np.maximum(observed, 1e-3), np.float32))
        texture = texture if float(texture.confidence.max()) > 0.2 else None
        light = light * (observed / tone)  # what skin cannot have is the light's: skin times light stays what was seen
    return PhotoSkin(texture, _rgb(tone), _rgb(hair) if hair is not None else DEFAULT_HAIR_COLOR, light, tuple(flags))


def plausible_skin(tone: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the nearest colour that human skin has: tinted light and wrong exposure must not tint the avatar."""
    red = float(np.clip(tone[0], *BRIGHTNESS))
    green = red * float(np.clip(tone[1] / max(float(tone[0]), 1e-3), *GREEN_SHARE))
    blue = red * float(np.clip(tone[2] / max(float(tone[0]), 1e-3), *BLUE_SHARE))
    return np.array([red, green, min(blue, green)], np.float32)


def _rgb(colour: NDArray[np.float32]) -> Rgb:
    return (float(colour[0]), float(colour[1]), float(colour[2]))


def _retint(texture: PhotoTexture, gain: NDArray[np.float32]) -> PhotoTexture:
    """Multiply by the gain that made the tone plausible, so that taken skin matches the painted one."""
    if np.allclose(gain, 1.0, atol=0.01):
        return texture
    table = np.clip(srgb_to_linear(np.arange(256, dtype=np.uint8))[:, None] * gain, 0.0, 1.0).astype(np.float32)
    bytes_of = np.round(linear_to_srgb(table) * 255.0).astype(np.uint8)
    return PhotoTexture(np.stack([bytes_of[texture.rgb[..., c], c] for c in range(3)], -1), texture.confidence)


def _observed_tone(photo: Photo, person: Person, marks: FaceMarks | None) -> NDArray[np.float32] | None:
    """Return the median colour of the face's inside, or None where no face is seen."""
    height, width = photo.rgb.shape[:2]
    area = np.zeros((height, width), np.uint8)
    if marks is not None:
        oval = marks.points_px[list(OVAL)]
        inner = oval.mean(0) + 0.72 * (oval - oval.mean(0))
        cv2.fillPoly(area, [np.round(inner).astype(np.int32)], 1)
    else:
        at = {name: i for i, name in enumerate(LANDMARKS)}
        if person.visibility[[at["nose"], at["left_eye"], at["right_eye"]]].min() < 0.5:
            return None
        eyes = person.points_px[[at["left_eye"], at["right_eye"]]]
        reach = max(2.0, 0.5 * float(np.linalg.norm(eyes[0] - eyes[1])))
        centre = tuple(int(v) for v in person.points_px[at["nose"]])
        cv2.circle(area, centre, round(reach), 1, -1)
    chosen = (area > 0) & (person.mask > 0.5)
    if np.count_nonzero(chosen) < MIN_PIXELS:
        return None
    pixels = srgb_to_linear(photo.rgb[chosen])
    level = pixels.mean(1)
    # deep shadow (eyes, nostrils, beard) and highlights lie at the ends
    middle = pixels[(level > np.quantile(level, 0.35)) & (level < np.quantile(level, 0.9))]
    return np.asarray(np.median(middle, axis=0), np.float32)


def _hair_color(
    photo: Photo, person: Person, marks: FaceMarks | None, tone: NDArray[np.float32]
) -> NDArray[np.float32] | None:
    """Return the median colour above the forehead within the person's mask, or None where hair is not seen."""
    if marks is None:
        return None
    oval = marks.points_px[list(OVAL)]
    top, chin, right, left = (marks.points_px[i] for i in (10, 152, 234, 454))
    up = top - chin
    band = np.array([top + 0.10 * up, top + 0.24 * up])
    half = 0.28 * (left - right)
    corners = np.array([band[0] - half, band[0] + half, band[1] + half, band[1] - half])
    area = np.zeros(person.mask.shape, np.uint8)
    cv2.fillPoly(area, [np.round(corners).astype(np.int32)], 1)
    face = np.zeros_like(area)
    cv2.fillPoly(face, [np.round(oval).astype(np.int32)], 1)
    chosen = (area > 0) & (face == 0) & (person.mask > 0.6)
    if np.count_nonzero(chosen) < MIN_PIXELS // 2:
        return None
    pixels = srgb_to_linear(photo.rgb[chosen])
    hair = pixels[skin_likeness(pixels, tone) < 0.5]
    if len(hair) < 0.4 * len(pixels):
        return None
    return np.clip(np.median(hair, axis=0), 0.004, 0.7).astype(np.float32)


def _light(photo: Photo, person: Person, texels: Texels, tone: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fit the light to skin-coloured texels of head and forearms, at most 20,000 of them."""
    skin = (texels.head + texels.forearm > 0.5) & texels.visible & (texels.facing > 0.3)
    rows = np.flatnonzero(skin)
    rows = rows[:: max(1, len(rows) // 20_000)]
    places = texels.places_px[rows]
    rows = rows[sample_mask(person.mask, places) > 0.8]
    linear = sample_photo(photo.rgb, texels.places_px[rows])
    weights = skin_likeness(linear, tone) * texels.facing[rows]
    keep = weights > 0.05
    return fit_light(linear[keep], texels.normals[rows][keep], weights[keep], tone)
