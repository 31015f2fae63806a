"""Pictures of a rig: where its weights come from, what each place follows, and the worst pose of the sweep."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.rig import Rig
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.joints import CANONICAL_JOINTS
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.garment.penetration import DEPTH
from dressform.runtime.garment.stretch import edge_ratios
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.render.face_colors import face_colored
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial

from ._rig_sweep import PoseCheck, Sweep, dressed_pose
from ._rig_weights import Origin

Rgb = tuple[int, int, int]

_SKIN: Rgb = (214, 196, 183)
_PAPER: Rgb = (245, 245, 243)
_INK: Rgb = (34, 36, 40)
_FOV = math.radians(18.0)
_VIEW = (520, 720)  # [px]
_LEGEND_LINE = 34  # [px]
_MARGIN = 1.1

_ORIGINS: dict[Origin, tuple[Rgb, str]] = {
    Origin.COPIED: ((86, 148, 100), "copied from the skin below"),
    Origin.SOLVED: ((228, 138, 52), "inpainted: no sure match"),
    Origin.HANGING: ((66, 128, 196), "hangs around both legs"),
    Origin.LAYER: ((142, 108, 184), "follows the cloth beside it"),
    Origin.RIGID: ((92, 96, 104), "rigid part"),
    Origin.SOURCE: ((40, 150, 156), "the file's own skin"),
    Origin.CORRECTED: ((206, 62, 110), "your correction"),
}
# up to which edge length over its own a colour goes
_STRAINS: tuple[tuple[float, Rgb, str], ...] = (
    (1.1, (112, 138, 168), "within 10 %"),
    (1.25, (138, 178, 116), "stretched to 25 %"),
    (1.5, (236, 200, 72), "to 50 %"),
    (2.0, (232, 130, 44), "to double length"),
    (np.inf, (196, 40, 44), "beyond"),
)
# what each canonical joint moves, and its colour
_SEGMENTS: dict[str, tuple[str, Rgb]] = {
    "pelvis": ("hips", (196, 70, 70)),
    "hip": ("thigh", (240, 160, 60)),
    "knee": ("shin", (232, 214, 90)),
    "ankle": ("foot", (176, 128, 80)),
    "foot": ("toes", (140, 110, 100)),
    "spine1": ("waist", (206, 100, 170)),
    "spine2": ("ribs", (140, 100, 210)),
    "spine3": ("chest", (80, 120, 220)),
    "neck": ("neck", (120, 200, 220)),
    "head": ("head", (200, 200, 205)),
    "collar": ("shoulder", (70, 190, 180)),
    "shoulder": ("upper arm", (120, 210, 100)),
    "elbow": ("forearm", (190, 220, 90)),
    "wrist": ("hand", (230, 235, 150)),
}
_MEETS = 0.4  # a segment with this part of the strongest one's votes is named beside it, as at an armpit
_INSIDE: tuple[Rgb, str] = (214, 30, 190), "inside the body"


def match_picture(mesh: GarmentMesh, origins: NDArray[np.int8], rest: RestBody) -> bytes:
    """Return a PNG, front, side and back: cloth coloured by where its weights come from, with a legend in per cent.

    Args:
        mesh: The garment on the rest body.
        origins: int8 [V], an `Origin` each.
        rest: The body.
    """
    palette = np.array([_ORIGINS[origin][0] for origin in Origin], np.uint8)
    corners = origins[mesh.faces]
    # the rarer says more: a triangle is a correction, a rigid part … when any of its corners is
    classes = corners.max(axis=1)
    share = np.bincount(origins, minlength=len(Origin)) / max(len(origins), 1)
    legend = [
        (color, f"{text}: {_percent(float(share[origin]))}")
        for origin, (color, text) in _ORIGINS.items()
        if share[origin]
    ]
    picture = _views(mesh, mesh.points, palette[classes], rest.vertices, rest.body.faces)
    return _png(picture, "Where the weights come from: front, left side, back", legend)


def weights_picture(mesh: GarmentMesh, rig: Rig, rest: RestBody) -> bytes:
    """Return a PNG, front, side and back: each place has the mixed colour of the body's segments it follows.

    Args:
        mesh: The garment on the rest body.
        rig: Its rig.
        rest: The body.
    """
    colors = _segment_colors()
    segments = rest.rig.segment_of_bone[rig.joint_indices]
    mixed = np.einsum("vk,vkc->vc", rig.joint_weights, colors[segments].astype(np.float64))
    faces = mixed[mesh.faces].mean(axis=1)
    total = np.bincount(segments.ravel(), rig.joint_weights.ravel(), minlength=len(CANONICAL_JOINTS))
    shown = [joint for joint in np.argsort(-total) if total[joint] > 0.004 * total.sum()][:16]
    legend = [(_rgb(colors[joint]), _segment_name(int(joint))) for joint in sorted(shown)]
    picture = _views(mesh, mesh.points, np.clip(faces, 0, 255).astype(np.uint8), rest.vertices, rest.body.faces)
    return _png(picture, "What the cloth follows, colours mixed by weight: front, left side, back", legend)


def worst_picture(mesh: GarmentMesh, rig: Rig, sweep: Sweep) -> bytes:
    """Return a PNG of the worst pose after push-out: strained cloth and cloth inside the body are coloured and named.

    Args:
        mesh: The garment on the canonical body.
        rig: Its rig.
        sweep: Where the worst pose is found.
    """
    rest = canonical_rest()
    check = sweep.worst
    body, cloth = dressed_pose(mesh, rig, rest, check)
    ratios = edge_ratios(mesh, cloth)[edges(mesh.faces).face_edges].max(axis=1)
    classes = np.searchsorted([limit for limit, _, _ in _STRAINS[:-1]], ratios)
    centres = cloth[mesh.faces].mean(axis=1)
    points = np.concatenate([cloth, centres]).astype(np.float32)
    deep = Surface(body, rest.body.faces).signed_distance(points) < -DEPTH
    inside = deep[: len(cloth)][mesh.faces].any(axis=1) | deep[len(cloth) :]
    palette = np.array([color for _, color, _ in _STRAINS] + [_INSIDE[0]], np.uint8)
    classes = np.where(inside, len(_STRAINS), classes)
    share = np.bincount(classes, minlength=len(palette)) / max(len(classes), 1)
    names = [text for _, _, text in _STRAINS] + [_INSIDE[1]]
    legend = [(_rgb(palette[k]), f"{name}: {_percent(float(share[k]))}") for k, name in enumerate(names) if share[k]]
    picture = _views(mesh, cloth, palette[classes], body, rest.body.faces, angles_deg=(25.0, 115.0, 205.0))
    return _png(picture, _worst_title(check, mesh, rig, rest, ratios, inside), legend)


def _worst_title(
    check: PoseCheck,
    mesh: GarmentMesh,
    rig: Rig,
    rest: RestBody,
    ratios: NDArray[np.floating],
    inside: NDArray[np.bool_],
) -> str:
    def place(chosen: NDArray[np.bool_]) -> str:
        strongest = rig.joint_indices[np.arange(len(mesh.points)), rig.joint_weights.argmax(axis=1)]
        votes = np.bincount(rest.rig.segment_of_bone[strongest[mesh.faces[chosen]]].ravel(), minlength=2)
        first, second = (int(k) for k in np.argsort(-votes, kind="stable")[:2])
        if votes[second] < _MEETS * votes[first]:
            return f"at the {_segment_name(first)}"
        if _sideless(CANONICAL_JOINTS[first]) == _sideless(CANONICAL_JOINTS[second]):
            return f"at the {_SEGMENTS[_sideless(CANONICAL_JOINTS[first])][0]} on both sides"
        return f"between {_segment_name(first)} and {_segment_name(second)}"

    strained = ratios > max(1.25, float(np.quantile(ratios, 0.97)))
    said = [f"Worst pose: {check.pose.replace('_', ' ')}, {check.body}"]
    if strained.any():
        said.append(f"strained most {place(strained)}")
    if inside.any():
        said.append(f"inside the body {place(inside)}")
    return "; ".join(said)


def _views(
    mesh: GarmentMesh,
    points: NDArray[np.floating],
    face_colors: NDArray[np.uint8],
    body: NDArray[np.floating],
    body_faces: NDArray[np.int32],
    *,
    angles_deg: Sequence[float] = (0.0, 90.0, 180.0),
) -> NDArray[np.uint8]:
    """Return pictures side by side, uint8 [H, 3 W, 3], of coloured cloth on a body."""
    plain = SurfaceMaterial(np.full((4, 4, 3), _SKIN, np.uint8))
    skin = SceneMesh("body", body_faces, np.full((1, 2), 0.5, np.float32), np.zeros_like(body_faces), plain)
    cloth = face_colored("garment", mesh.faces, face_colors)
    renderer = Renderer([skin, cloth], [len(body), len(points)], size=_VIEW)
    renderer.set_vertices(np.concatenate([body, points]).astype(np.float32))
    low, high = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
    middle = (low + high) / 2
    radius = float(np.linalg.norm(points[:, :2] - middle[:2], axis=1).max())
    tall = max(float(high[2] - low[2]) + 0.04, 2 * radius * _VIEW[1] / _VIEW[0])
    distance = _MARGIN * tall / 2 / math.tan(_FOV / 2) + radius / 2
    pictures = []
    for angle in np.radians(angles_deg):
        eye = middle + distance * np.array([math.sin(angle), -math.cos(angle), 0.06])
        camera = Camera.look_at(eye, middle, _FOV, _VIEW)
        plain_ground = Background.plain((0.93, 0.93, 0.92))
        pictures.append(renderer.render(camera, Lighting.studio(), plain_ground).rgb.copy())
    return np.concatenate(pictures, axis=1)


def _png(picture: NDArray[np.uint8], title: str, legend: Sequence[tuple[Rgb, str]]) -> bytes:
    """Return the picture with a title over it and a legend below as PNG."""
    width = picture.shape[1]
    font, large = ImageFont.load_default(20), ImageFont.load_default(24)
    places, x, line = [], 20, 0
    for color, text in legend:
        wide = 34 + int(font.getlength(text)) + 30
        if x + wide > width and x > 20:
            x, line = 20, line + 1
        places.append((x, line, color, text))
        x += wide
    top, below = 56, 24 + _LEGEND_LINE * (line + 1)
    sheet = Image.new("RGB", (width, top + picture.shape[0] + below), _PAPER)
    sheet.paste(Image.fromarray(picture), (0, top))
    draw = ImageDraw.Draw(sheet)
    draw.text((20, 14), title, _INK, large)
    for x, line, color, text in places:
        y = top + picture.shape[0] + 14 + line * _LEGEND_LINE
        draw.rectangle((x, y, x + 24, y + 22), fill=color, outline=_INK)
        draw.text((x + 34, y - 1), text, _INK, font)
    file = io.BytesIO()
    sheet.save(file, "PNG", optimize=True)
    return file.getvalue()


def _segment_colors() -> NDArray[np.uint8]:
    """Return a colour for each canonical joint; the right side's are darker than the left's, uint8 [22, 3]."""
    colors = np.array([_SEGMENTS[_sideless(name)][1] for name in CANONICAL_JOINTS], np.float64)
    right = np.array([name.startswith("right_") for name in CANONICAL_JOINTS])
    colors[right] *= 0.62
    return colors.astype(np.uint8)


def _segment_name(joint: int) -> str:
    """Return what an artist calls the segment that a canonical joint moves."""
    name = CANONICAL_JOINTS[joint]
    side = name.split("_")[0] + " " if "_" in name else ""
    return side + _SEGMENTS[_sideless(name)][0]


def _sideless(name: str) -> str:
    return name.removeprefix("left_").removeprefix("right_")


def _rgb(color: NDArray[np.uint8]) -> Rgb:
    return int(color[0]), int(color[1]), int(color[2])


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else f"{100 * share:.2g} %"
