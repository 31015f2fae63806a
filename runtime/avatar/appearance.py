"""How a body looks before any garment: skin in a neutral base layer, eyes, hair and plain shoes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import PIL
import scipy
import warp as wp
from numpy.typing import NDArray

from dressform.assets.derived import Arrays, derived_arrays, derived_key
from dressform.runtime import geometry
from dressform.runtime.body.protocol import Body, RestBody
from dressform.runtime.geometry.coarse import CoarseFaces, coarse_faces
from dressform.runtime.render import colour
from dressform.runtime.render.scene import SceneMesh, SurfaceMaterial
from dressform.schemas.errors import InputError

from .body_canvas import body_canvas, canvas_key
from .eyes import EyePiece, build_eyes, build_lashes, eye_faces, eye_texture
from .hair_cap import BOB, CROP, HairStyle, build_hair, hair_texture, scalp_density
from .head_frame import head_frame
from .shoes import Shoe, build_shoes, shoe_texture
from .skin_texture import SeenTexture, paint_body

Floats = NDArray[np.float32]

INFLUENCES = 8  # joints that move a point of a part
# The code and the packages that decide how skin is painted.
_MADE_BY = (sys.modules[str(__package__)], colour, np, scipy, cv2, PIL, wp)
_COARSE_BY = (*_MADE_BY, geometry)


@dataclass(frozen=True)
class AppearancePart:
    """A mesh that the body's joints move, in the body's rest frame.

    Attributes:
        name: "eyes" (with lashes), "hair" or "shoes".
        points: float32 [P, 3] [m].
        faces: int32 [F, 3], counter-clockwise seen from outside.
        uv: float32 [N, 2], origin bottom-left.
        uv_faces: int32 [F, 3] into `uv`.
        texture: sRGB uint8 [H, W, 3], row 0 at v = 1.
        joint_indices: int32 [P, 8] joints of the body; unused entries have weight 0.
        joint_weights: float32 [P, 8], rows sum to 1.
        double_sided: Whether back faces are seen.
        roughness: 0 mirror-like to 1 matte.
        specular: Reflectance at normal incidence.
    """

    name: str
    points: Floats
    faces: NDArray[np.int32]
    uv: Floats
    uv_faces: NDArray[np.int32]
    texture: NDArray[np.uint8]
    joint_indices: NDArray[np.int32]
    joint_weights: Floats
    double_sided: bool
    roughness: float
    specular: float


@dataclass(frozen=True)
class Appearance:
    """Everything of a person that is not a garment.

    Attributes:
        body_texture: sRGB uint8 [2048, 2048, 3] over the body's UVs, row 0 at v = 1.
        parts: Eyes (where the family's are known), hair, shoes.
        hidden_body_faces: Body faces that the parts replace (feet, eyeballs), bool [F].
        ground_offset: How far the parts reach below the bare soles [m]; raise the person by it. The shoes' soles lie
            where the bare soles would, so it is 0 up to rounding.
        coarse_body: Fewer body faces to draw in place of all of them, or None.
    """

    body_texture: NDArray[np.uint8]
    parts: tuple[AppearancePart, ...]
    hidden_body_faces: NDArray[np.bool_]
    ground_offset: float
    coarse_body: CoarseFaces | None = None


def build_appearance(
    rest: RestBody,
    *,
    skin_tone: Sequence[float],
    hair_color: Sequence[float],
    gender: float,
    base_texture: SeenTexture | None = None,
    shoes: tuple[Shoe, Shoe] | None = None,
    keep: bool = False,
) -> Appearance:
    """Dress a shaped body in skin, base layer, eyes, hair and shoes.

    Args:
        rest: The shaped body.
        skin_tone: Linear RGB in [0, 1].
        hair_color: Linear RGB in [0, 1].
        gender: 0 masculine … 1 feminine; above 0.5 the hair is a bob, else a crop.
        base_texture: What a photo has shown of the skin, or None.
        shoes: Of `build_shoes`, where they have been built already.
        keep: Whether the texture of the skin is kept in the cache, so that the next process finds it there; never one
            that shows what a photo has.

    Returns:
        The same appearance for the same arguments, always.
    """
    tone, hair = _colour("skin_tone", skin_tone), _colour("hair_color", hair_color)
    if not 0 <= gender <= 1:
        raise InputError(f"gender must be between 0 (masculine) and 1 (feminine), got {gender}")
    style = BOB if gender > 0.5 else CROP
    body = rest.body
    canvas = body_canvas(body)

    def paint() -> Arrays:
        scalp = None
        if canvas.head is not None:
            scalp = scalp_density(style, head_frame(body.rest({})), canvas.head.points)
        painted = paint_body(
            canvas, skin_tone=tone, hair_colour=hair, femininity=gender, scalp=scalp, seen=base_texture
        )
        return {"texture": painted}

    if keep and base_texture is None:
        skin = derived_arrays("skin", derived_key(_MADE_BY, canvas_key(body), tone, hair, gender), paint)
    else:
        skin = paint()
    pair = shoes or build_shoes(rest)
    parts = _parts(rest, pair, tone, hair, gender)
    hidden = np.asarray((pair[0].inside | pair[1].inside)[body.faces].all(axis=1), np.bool_)
    if canvas.face is not None:
        hidden = hidden | eye_faces(body)
    lowest = min(float(part.points[:, 2].min()) for part in parts)
    return Appearance(skin["texture"], parts, hidden, max(-lowest, 0.0) + 0.0)


def coarse_appearance(appearance: Appearance, body: Body, gender: float, tolerance: float) -> Appearance:
    """Return an appearance that is drawn with fewer triangles.

    Which are left follows from the family's average body, once and for all: it is kept in the cache and says nothing of
    the person.

    Args:
        appearance: Of a body.
        body: Its family.
        gender: As of `build_appearance`.
        tolerance: How far what is drawn may lie from where it was [m], see `coarse_faces`.
    """
    femininity = float(gender > 0.5)

    def make() -> Arrays:
        average, black = body.rest({}), np.zeros(3, np.float32)
        skin = coarse_faces(average.vertices, body.faces, body.uv, body.uv_faces, tolerance)
        found = {"body.faces": skin.faces, "body.uv_faces": skin.uv_faces}
        for part in _parts(average, build_shoes(average), black, black, femininity):
            fewer = coarse_faces(part.points, part.faces, part.uv, part.uv_faces, tolerance)
            found |= {f"{part.name}.fine": part.faces, f"{part.name}.faces": fewer.faces}
            found[f"{part.name}.uv_faces"] = fewer.uv_faces
        return found

    kept = derived_arrays("coarse", derived_key(_COARSE_BY, canvas_key(body), femininity, tolerance), make)
    parts = [_coarse(part, kept) for part in appearance.parts]
    skin = CoarseFaces(kept["body.faces"], kept["body.uv_faces"])
    return replace(appearance, parts=tuple(parts), coarse_body=skin)


def _coarse(part: AppearancePart, kept: Arrays) -> AppearancePart:
    """Return a part with the triangles that are kept for it, and without the points that these leave out."""
    if not np.array_equal(kept.get(f"{part.name}.fine", ()), part.faces):
        return part
    used, faces = np.unique(kept[f"{part.name}.faces"], return_inverse=True)
    return replace(
        part,
        points=part.points[used],
        faces=faces.reshape(-1, 3).astype(np.int32),
        uv_faces=kept[f"{part.name}.uv_faces"],
        joint_indices=part.joint_indices[used],
        joint_weights=part.joint_weights[used],
    )


def _parts(
    rest: RestBody, shoes: tuple[Shoe, Shoe], skin_tone: Floats, hair_colour: Floats, gender: float
) -> tuple[AppearancePart, ...]:
    """Build eyes (where the family's are known), hair and shoes."""
    face = body_canvas(rest.body).face
    parts = [_hair(rest, BOB if gender > 0.5 else CROP, hair_colour), _shoes(shoes)]
    if face is not None:
        pieces = [*build_eyes(rest), *build_lashes(rest, face, gender)]
        parts.insert(0, _eyes(pieces, eye_texture(skin_tone, hair_colour)))
    return tuple(parts)


def scene_meshes(
    appearance: Appearance, body: Body, *, covered: NDArray[np.bool_] | None = None
) -> tuple[SceneMesh, ...]:
    """Return what the renderer draws of a person: the body first, then the parts in order.

    Args:
        appearance: Of that body.
        body: Its family.
        covered: Further body faces to leave out, because garments cover them, bool [F], or None.
    """
    hidden = appearance.hidden_body_faces if covered is None else appearance.hidden_body_faces | covered
    skin = SurfaceMaterial(appearance.body_texture, 0.9, 0.02, double_sided=False, subsurface=0.5)
    meshes = [SceneMesh("body", body.faces, body.uv, body.uv_faces, skin, hidden, coarse=appearance.coarse_body)]
    for part in appearance.parts:
        material = SurfaceMaterial(part.texture, part.roughness, part.specular, double_sided=part.double_sided)
        meshes.append(SceneMesh(part.name, part.faces, part.uv, part.uv_faces, material))
    return tuple(meshes)


def _colour(name: str, values: Sequence[float]) -> Floats:
    colour = np.asarray(values, np.float32)
    if colour.shape != (3,) or not np.isfinite(colour).all() or colour.min() < 0 or colour.max() > 1:
        raise InputError(f"{name} must be three linear RGB values between 0 and 1, got {list(values)}")
    return colour


def _follow(count: int, joint: int) -> tuple[NDArray[np.int32], Floats]:
    """Skin weights of points that one joint moves."""
    indices, weights = np.zeros((count, INFLUENCES), np.int32), np.zeros((count, INFLUENCES), np.float32)
    indices[:, 0], weights[:, 0] = joint, 1
    return indices, weights


def _hair(rest: RestBody, style: HairStyle, colour: Floats) -> AppearancePart:
    shell = build_hair(style, head_frame(rest))
    indices, weights = _follow(len(shell.points), rest.body.joint_names.index("head"))
    return AppearancePart(
        "hair",
        shell.points,
        shell.faces,
        shell.uv,
        shell.uv_faces,
        hair_texture(colour, style),
        indices,
        weights,
        True,
        0.9,
        0.02,
    )


def _eyes(eyes: Sequence[EyePiece], texture: NDArray[np.uint8]) -> AppearancePart:
    starts = np.concatenate([[0], np.cumsum([len(eye.points) for eye in eyes])])
    faces = np.concatenate([eye.faces + start for eye, start in zip(eyes, starts, strict=False)]).astype(np.int32)
    skins = [_follow(len(eye.points), eye.joint) for eye in eyes]
    return AppearancePart(
        "eyes",
        np.concatenate([eye.points for eye in eyes]),
        faces,
        np.concatenate([eye.uv for eye in eyes]),
        faces,
        texture,
        np.concatenate([indices for indices, _ in skins]),
        np.concatenate([weights for _, weights in skins]),
        True,
        0.7,
        0.02,
    )


def _shoes(pair: tuple[Shoe, Shoe]) -> AppearancePart:
    return AppearancePart(
        "shoes",
        np.concatenate([shoe.points for shoe in pair]),
        np.concatenate([pair[0].faces, pair[1].faces + np.int32(len(pair[0].points))]),
        np.concatenate([shoe.uv for shoe in pair]),
        np.concatenate([pair[0].uv_faces, pair[1].uv_faces + np.int32(len(pair[0].uv))]),
        shoe_texture(),
        np.concatenate([shoe.joint_indices for shoe in pair]),
        np.concatenate([shoe.joint_weights for shoe in pair]),
        False,
        0.9,
        0.02,
    )
