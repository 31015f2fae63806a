"""Preview: the garment on a dress form from before and behind, its cloth close up, its colourways, and a turntable."""

from __future__ import annotations

import io
import math
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.looks import worn_look
from dressform.authoring.draft import Draft
from dressform.authoring.stage import Picture, Stage, side_by_side
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.video.writer import VideoWriter
from dressform.schemas.errors import UsageError
from dressform.schemas.progress import Progress, silent

PREVIEW_BYTES = 350_000
_YAW_FRONT, _YAW_BACK = math.radians(24), math.radians(204)
_CLOSE_UP = 0.13  # [m] what the close-up shows from side to side
_MOST_LOOKS = 6  # colourways shown
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

    Its front large on the left; on the right its back, and below that its cloth close up beside its colourways.

    Args:
        mesh: The garment in its own look.
        height: [px], a multiple of 8.
        rest: The canonical body, for a dress form, or None.
        hide: bool [F_body] triangles of the body that the garment covers, or None.
        looks: The garment in each of its further looks.
    """
    side, low = height * 3 // 4, height * 3 // 8
    front = Stage(mesh, rest, hide, (side, height)).view(_YAW_FRONT)
    back = Stage(mesh, rest, hide, (side, height - low)).view(_YAW_BACK)
    shown = list((looks or {}).values())[:_MOST_LOOKS]
    if not shown:
        return _joined(front, back, Stage(mesh, rest, hide, (side, low)).close_up(2 * _CLOSE_UP), front[:0, :0])
    close = Stage(mesh, rest, hide, (low, low)).close_up(_CLOSE_UP)
    across = 1 if len(shown) == 1 else 2 if len(shown) <= 4 else 3
    rows = -(-len(shown) // across)
    size = ((side - low) // across, low // rows)
    pictures = [Stage(look, rest, hide, size).view(_YAW_FRONT) for look in shown]
    return _joined(front, back, close, side_by_side(pictures, across))


def _joined(front: Picture, back: Picture, close: Picture, beside: Picture) -> Picture:
    """Put the views together; what the last does not fill shows the backdrop of its corner."""
    height, side = front.shape[:2]
    picture = np.empty((height, 2 * side, 3), np.uint8)
    picture[:] = back[0, 0]
    picture[:, :side] = front
    picture[: len(back), side:] = back
    picture[len(back) :, side : side + close.shape[1]] = close
    below = picture[len(back) :, side + close.shape[1] :]
    below[: beside.shape[0], : beside.shape[1]] = beside
    return picture


def png_within(picture: Picture, limit: int) -> bytes:
    """Return a picture as PNG of at most `limit` bytes where fewer colours, down to 64, can get it there."""
    image = Image.fromarray(picture)
    for colors in (0, 256, 192, 128, 64):
        file = io.BytesIO()
        (image.quantize(colors, Image.Quantize.MEDIANCUT) if colors else image).save(file, "PNG", optimize=True)
        if file.tell() <= limit:
            break
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
