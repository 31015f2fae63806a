"""Rules on the pictures that stand for a garment in a list: the preview and the turntable."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.normals import face_areas
from dressform.schemas.report import Severity
from dressform.validators.rule import Defect, Measured, NotTestableError, Rule
from dressform.validators.subject import Subject
from dressform.validators.textures import linear, worn_colours

PREVIEW, TURNTABLE = "preview.png", "turntable.mp4"
_BLANK = 3.0  # standard deviation of grey values that an empty picture stays below
_FROZEN = 1.0  # mean change of the grey values from the first frame that a turning garment exceeds at some time
_MOST_FRAMES, _MOST_FRAME_PIXELS = 240, 2048 * 2048  # more is not decoded: a check has to end
_MOST_PIXELS = 4096 * 4096  # of a preview; more is not decoded
_SIDE = 160  # pictures are compared at about this many pixels along a side
# How far a lit colour may lie from the cloth's own in CIELAB: a and b move with the light's tint and the exposure, the
# lightness falls in shadow. Wide on purpose: only a picture without the garment's colours is a defect.
_HUE_REACH, _DARKER, _LIGHTER = 12.0, 0.35, 1.6
_CELL = 6.0  # colours this close are one [CIELAB]
_MOST_SURFACE = 0.8  # of the surface: buttons and rivets do not stand for a garment
_FOREGROUND = 5.0  # CIELAB distance from the background's colour
_D65 = np.array([0.95047, 1.0, 1.08883])  # white point (IEC 61966-2-1)
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def has_a_preview(subject: Subject) -> Iterator[Defect]:
    """Previews that are missing or no pictures."""
    found = _still(subject)
    if isinstance(found, str):
        yield Defect(found, PREVIEW)


def preview_shows_something(subject: Subject) -> Iterator[Defect | Measured]:
    """Previews that show one colour."""
    spread = float((_pixels(subject) @ np.full(3, 1 / 3)).std())
    if spread < _BLANK:
        yield Defect(f"it is blank: its grey values spread by {spread:.1f}, needed {_BLANK}", PREVIEW, round(spread, 2))


def preview_shows_the_garment(subject: Subject) -> Iterator[Defect | Measured]:
    """Previews that show too little in the garment's own colours: it is not in the picture, or too small."""
    if _pixels(subject).std() < _BLANK:
        raise NotTestableError(f"{PREVIEW} is blank")
    pixels = _lab(linear(_pixels(subject).reshape(-1, 3) / 255))
    edge = _lab(linear(_border(_pixels(subject)) / 255))
    front = np.linalg.norm(pixels - np.median(edge, axis=0), axis=1) > _FOREGROUND
    share = 100 * float(np.mean(front & _near(pixels, _palette(subject))))
    if share < subject.budgets.preview_garment_percent:
        needed = subject.budgets.preview_garment_percent
        found = f"{share:.1f} % of it has the garment's colours, needed {needed:g} %"
        yield Defect(found, PREVIEW, round(share, 2))
    else:
        yield Measured(round(share, 2), "%", PREVIEW)


def has_a_turntable(subject: Subject) -> Iterator[Defect]:
    """Turntables that are missing or no videos."""
    found = _frames(subject)
    if isinstance(found, str):
        yield Defect(found, TURNTABLE)


def turntable_turns(subject: Subject) -> Iterator[Defect]:
    """Turntables whose frames are all alike or blank."""
    frames = _frames(subject)
    if isinstance(frames, str):
        raise NotTestableError(frames)
    moved = float(np.abs(frames - frames[:1]).mean(axis=(1, 2)).max())
    if float(frames.std(axis=(1, 2)).min()) < _BLANK:
        yield Defect(f"one of its {len(frames)} frames is blank", TURNTABLE)
    elif moved < _FROZEN:
        found = f"its {len(frames)} frames change by {moved:.1f} grey values at most, needed {_FROZEN}"
        yield Defect(found, TURNTABLE, round(moved, 3))


def _still(subject: Subject) -> NDArray[np.uint8] | str:
    """Return the preview's pixels at a small size, [H, W, 3], or what is wrong with the file."""
    file = subject.files.get(PREVIEW)
    return f"{PREVIEW} is missing" if file is None else _opened(file, file.stat().st_mtime_ns)


@functools.lru_cache(maxsize=4)
def _opened(file: Path, modified_ns: int) -> NDArray[np.uint8] | str:
    """Decode a preview once for its three rules; the time of its last change tells a new one."""
    from PIL import Image

    try:
        with Image.open(file) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                return f"{picture.width}×{picture.height} px, needed at most {_MOST_PIXELS} in all"
            step = max(1, max(picture.size) // (2 * _SIDE))
            return np.asarray(picture.convert("RGB"))[::step, ::step].copy()
    except MemoryError:  # a few bytes of a picture may ask for gigabytes
        return f"{PREVIEW} cannot be decoded: it needs more memory than a check may take"
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return f"{PREVIEW} cannot be decoded: {str(error).replace(str(file), PREVIEW)}"


def _pixels(subject: Subject) -> NDArray[np.uint8]:
    found = _still(subject)
    if isinstance(found, str):
        raise NotTestableError(found)
    return found


def _frames(subject: Subject) -> NDArray[np.float32] | str:
    """Return the turntable's frames in grey at a small size, [N, H, W], or what is wrong with the file."""
    file = subject.files.get(TURNTABLE)
    return f"{TURNTABLE} is missing" if file is None else _decoded(file, file.stat().st_mtime_ns)


@functools.lru_cache(maxsize=2)
def _decoded(file: Path, modified_ns: int) -> NDArray[np.float32] | str:
    """Decode a turntable once for its two rules; the time of its last change tells a new one."""
    import av

    try:
        with av.open(str(file)) as container:
            if not container.streams.video:
                return f"{TURNTABLE} holds no video"
            stream = container.streams.video[0]
            if getattr(stream, "codec_context", None) is None:  # its types say that it always has one
                return f"{TURNTABLE} holds a video of an unknown kind"
            frames = []
            if stream.width * stream.height > _MOST_FRAME_PIXELS:
                return f"{stream.width}×{stream.height} px, needed at most {_MOST_FRAME_PIXELS} in all"
            for frame in islice(container.decode(stream), _MOST_FRAMES):
                if frame.width * frame.height > _MOST_FRAME_PIXELS:
                    return f"{TURNTABLE} changes its size as it plays"
                step = max(1, max(frame.width, frame.height) // _SIDE)
                frames.append(frame.to_ndarray(format="gray")[::step, ::step].copy())
    except (OSError, ValueError, av.FFmpegError) as error:
        return f"{TURNTABLE} cannot be decoded: {getattr(error, 'strerror', None) or error}"
    if len({frame.shape for frame in frames}) != 1:
        return f"{TURNTABLE} holds no frame" if not frames else f"{TURNTABLE} changes its size as it plays"
    return np.stack(frames).astype(np.float32)


def _border(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the pixels at the picture's edge, [N, 3]."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _palette(subject: Subject) -> NDArray[np.float64]:
    """Return the colours of most of the garment's surface in its own look, CIELAB, each once to within a few units."""
    mesh = next(iter(subject.meshes.values()), None)
    if mesh is None:
        raise NotTestableError("it has no size")
    colours, areas = [], []
    surface = face_areas(mesh.points, mesh.faces)
    for index, material in enumerate(mesh.materials):
        colours.append(worn_colours(mesh, index, subject.picture_of(material.base_color_image)))
        areas.append(surface[mesh.material_ids == index])
    cells, which = np.unique(np.round(_lab(np.concatenate(colours)) / _CELL), axis=0, return_inverse=True)
    held = np.bincount(which.reshape(-1), np.concatenate(areas))
    order = np.argsort(-held, kind="stable")
    before = np.cumsum(held[order]) - held[order]
    kept: NDArray[np.float64] = cells[order[before <= _MOST_SURFACE * held.sum()]] * _CELL
    return kept


def _near(pixels: NDArray[np.float64], palette: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which pixels may be one of the palette's colours in some light, bool [N]; all in CIELAB."""
    near = np.zeros(len(pixels), np.bool_)
    for colour in palette:
        shade = np.clip(pixels[:, :1] / max(float(colour[0]), 1.0), 0.2, 1.0)  # colours fade with the light
        hue = np.linalg.norm(pixels[:, 1:] - colour[1:] * shade, axis=1) < _HUE_REACH
        low, high = _DARKER * colour[0] - 5, _LIGHTER * colour[0] + 10
        near |= hue & (pixels[:, 0] > low) & (pixels[:, 0] < high)
    return near


def _lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return CIELAB of linear sRGB colours [N, 3] (CIE 15, D65)."""
    ratio = rgb @ _TO_XYZ.T / _D65
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


RULES = (
    Rule("DF-PICTURE-001", "picture.preview", Severity.ERROR, ("previewed",),
         "run dressform garment preview", has_a_preview),
    Rule("DF-PICTURE-002", "picture.blank", Severity.ERROR, ("previewed",),
         "run dressform garment preview", preview_shows_something),
    Rule("DF-PICTURE-003", "picture.garment", Severity.WARNING, ("previewed", "mesh", "manifest"),
         "run dressform garment preview", preview_shows_the_garment),
    Rule("DF-PICTURE-004", "picture.turntable", Severity.WARNING, ("previewed",),
         "run dressform garment preview without --no-turntable", has_a_turntable),
    Rule("DF-PICTURE-005", "picture.frozen", Severity.WARNING, ("previewed",),
         "run dressform garment preview", turntable_turns),
)  # fmt: skip
