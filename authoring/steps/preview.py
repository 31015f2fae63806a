"""Preview: the garment on a dress form from before and behind, its cloth close up, its colourways, and a turntable."""

from __future__ import annotations

import io
import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.looks import worn_look
from dressform.authoring.draft import Draft
from dressform.authoring.stage import Picture, Stage, paper, side_by_side
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.video.writer import VideoWriter
from dressform.schemas.errors import UsageError
from dressform.schemas.progress import Progress, silent

PREVIEW_BYTES = 450_000
_YAW_FRONT, _YAW_BACK = math.radians(24), math.radians(204)
_CLOSE_UP = 0.13  # [m] what the close-up shows from side to side
_MOST_LOOKS = 6  # colourways shown
_WIDE = 1.05  # times its height: a garment that is wider than this is laid out as a wide one
_TURN_SECONDS, _TURN_FPS = 3.0, 20


@dataclass(frozen=True)
class PreviewOptions:
    """What the pictures show.

    Attributes:
        height: Of preview.png [px]; it is half as wide again.
        turntable: Whether turntable.mp4 is made too.
        form: Whether the garment hangs on the dress form (once it is placed).
    """

    height: int = 720
    turntable: bool = True
    form: bool = True

    def __post_init__(self) -> None:
        if not 64 <= self.height <= 4096 or self.height % 8:
            raise UsageError(f"--height {self.height} must be a multiple of 8 from 64 to 4096")


def preview_picture(
    mesh: GarmentMesh,
    height: int,
    rest: RestBody | None = None,
    hide: NDArray[np.bool_] | None = None,
    looks: Mapping[str, GarmentMesh] | None = None,
) -> Picture:
    """Return the picture that stands for a garment, uint8 [height, 3/2 height, 3].

    Its front and back, its cloth close up, and its colourways, laid out as suits its shape.

    Args:
        mesh: The garment in its own look.
        height: [px], a multiple of 8.
        rest: The canonical body, for a dress form, or None.
        hide: bool [F_body] triangles of the body that the garment covers, or None.
        looks: The garment in each of its further looks.
    """
    spread = np.ptp(mesh.points, axis=0)
    layout = _wide if spread[0] > _WIDE * spread[2] else _tall
    return layout(mesh, height, rest, hide, list((looks or {}).values())[:_MOST_LOOKS])


def _tall(
    mesh: GarmentMesh,
    height: int,
    rest: RestBody | None,
    hide: NDArray[np.bool_] | None,
    looks: Sequence[GarmentMesh],
) -> Picture:
    """Lay out a garment that is taller than wide: its front over the full height, the rest beside it."""
    side, low = height * 3 // 4, height * 3 // 8
    front = Stage(mesh, rest, hide, (side, height)).view(_YAW_FRONT, alone=True)
    back = Stage(mesh, rest, hide, (side, height - low)).view(_YAW_BACK, alone=True)
    close_up = 2 * _CLOSE_UP if not looks else _CLOSE_UP
    close = Stage(mesh, rest, hide, (low if looks else side, low)).close_up(close_up)
    beside = _looks(looks, rest, hide, (side - close.shape[1], low))
    return np.concatenate([front, np.concatenate([back, np.concatenate([close, beside], axis=1)])], axis=1)


def _wide(
    mesh: GarmentMesh,
    height: int,
    rest: RestBody | None,
    hide: NDArray[np.bool_] | None,
    looks: Sequence[GarmentMesh],
) -> Picture:
    """Lay out a garment that is wider than tall: front and back above, the rest below."""
    low = height * 3 // 8
    high, left, width = height - low, height * 7 // 8, height * 3 // 2
    front = Stage(mesh, rest, hide, (left, high)).view(_YAW_FRONT, alone=True)
    back = Stage(mesh, rest, hide, (width - left, high)).view(_YAW_BACK, alone=True)
    close = Stage(mesh, rest, hide, (low, low))
    closes = np.concatenate([close.close_up(_CLOSE_UP), close.close_up(_CLOSE_UP, hem=True)], axis=1)
    beside = _looks(looks, rest, hide, (width - 2 * low, low))
    return np.concatenate([np.concatenate([front, back], axis=1), np.concatenate([closes, beside], axis=1)])


def _looks(
    looks: Sequence[GarmentMesh], rest: RestBody | None, hide: NDArray[np.bool_] | None, size: tuple[int, int]
) -> Picture:
    """Show colourways in as few rows as suits them, [H, W, 3] of this size; plain backdrop where there is none."""
    picture = np.broadcast_to(paper(), (size[1], size[0], 3)).copy()
    if looks and size[0] > 0:
        across = min(len(looks), 2 if len(looks) <= 4 else 3)
        each = (size[0] // across, size[1] // -(-len(looks) // across))
        shown = side_by_side([Stage(look, rest, hide, each).view(_YAW_FRONT, alone=True) for look in looks], across)
        picture[: shown.shape[0], : shown.shape[1]] = shown
    return picture


def png_within(picture: Picture, limit: int) -> bytes:
    """Return a picture as PNG; where it is larger than `limit` bytes, in 256 colours, dithered so that none is seen."""
    image = Image.fromarray(picture)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    if file.tell() > limit:
        file = io.BytesIO()
        few = image.quantize(256, Image.Quantize.MEDIANCUT)
        image.quantize(256, palette=few, dither=Image.Dither.FLOYDSTEINBERG).save(file, "PNG", optimize=True)
    return file.getvalue()


def turntable_video(stage: Stage, progress: Progress = silent) -> bytes:
    """Return one full turn as MP4."""
    frames = int(_TURN_SECONDS * _TURN_FPS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "turntable.mp4"
        with VideoWriter(path, stage.size, _TURN_FPS) as video:
            for k in range(frames):
                video.write(stage.view(2 * math.pi * k / frames))
                progress(k / frames, "filming the turntable")
        return path.read_bytes()


def preview(draft: Draft, options: PreviewOptions = PreviewOptions(), progress: Progress = silent) -> Draft:
    """Render a draft's pictures."""
    start = time.perf_counter()
    progress(0.0, "rendering the preview")
    mesh = draft.mesh
    rest = canonical_rest() if options.form and draft.has("place") else None
    hide = draft.rig.hide if rest is not None and draft.has("rig") else None
    looks = {
        name: worn_look(mesh, look, lambda path: (draft.folder / path).read_bytes())
        for name, look in draft.manifest.get("variants", {}).items()
    }
    picture = png_within(preview_picture(mesh, options.height, rest, hide, looks), PREVIEW_BYTES)
    files: dict[str, bytes | None] = {"preview.png": picture, "turntable.mp4": None}
    if options.turntable:
        small = Stage(mesh, rest, hide, (384, 512), preset="realtime")
        files["turntable.mp4"] = turntable_video(small, lambda f, m: progress(0.3 + 0.7 * f, m))
    report = {"on_form": rest is not None, "files": sorted(name for name, content in files.items() if content)}
    done = draft.commit_step("preview", asdict(options), report, files=files, seconds=time.perf_counter() - start)
    progress(1.0, "previewed")
    return done
