"""Pictures of what differs between two versions: before and after, and how far the surface moved."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dressform.assets.differences import MOVED, Comparison, moved
from dressform.assets.draft_version import UNNUMBERED
from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.template_version import TemplateVersion
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.render.image import save_png
from dressform.schemas.errors import UsageError
from dressform.schemas.progress import Progress, silent

from .stage import Picture, Stage, paper, side_by_side

_VIEW = (360, 540)  # [px] of one garment from one side
_CAPTION = 34  # [px] height of the line above
_YAWS = (math.radians(18), math.radians(198))  # front and back, a little from the side
# from still cloth to the farthest: light to dark, so that it reads in grey too (sRGB)
_RAMP = ((0.88, 0.88, 0.86), (0.99, 0.83, 0.47), (0.94, 0.46, 0.20), (0.66, 0.09, 0.19), (0.29, 0.02, 0.18))
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)  # [mm] where a scale may end
_INK, _FAINT = (32, 32, 30), (110, 108, 104)


@dataclass(frozen=True)
class _Form:
    """The canonical body and the triangles of it that each version covers, for the dress form under the garments."""

    rest: RestBody | None
    hides: tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None] = (None, None)


def write_pictures(comparison: Comparison, folder: Path, progress: Progress = silent) -> list[Path]:
    """Write pictures of what differs into a folder and return their paths.

    `before-after.png` shows both versions in their own look, `before-after-LOOK.png` a colourway that changed, and
    `moved-SIZE.png` in colour how far each place of the cloth moved, where any did.

    Args:
        comparison: The versions, compared.
        folder: Made where it is not there; files of these names in it are replaced.
        progress: Told how far it is.

    Raises:
        UsageError: When the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror}; name another folder") from None
    old, new = comparison.old, comparison.new
    form = _form(old, new)
    pictures: list[tuple[str, Callable[[], Picture | None]]] = [
        ("before-after", partial(_before_after, old, new, form))
    ]
    for look in _changed_looks(comparison):
        worn = (replace(old, variant=look), replace(new, variant=look))
        pictures.append((f"before-after-{look}", partial(_before_after, *worn, form)))
    if {"shape", "topology"} & {change.part for change in comparison.changes}:
        shared = [size for size in new.manifest["sizes"] if size in old.manifest["sizes"]]
        pictures += [(f"moved-{size}", partial(_moved, old, new, form, size)) for size in shared]
    written = []
    for number, (name, draw) in enumerate(pictures):
        progress(number / len(pictures), f"drawing {name}")
        picture = draw()
        if picture is not None:
            written.append(folder / f"{name}.png")
            save_png(written[-1], picture)
    progress(1.0, "drawn")
    return written


def heat_map(old: GarmentMesh, new: GarmentMesh) -> tuple[GarmentMesh, float]:
    """Return the new mesh coloured by how far each place moved, and where the colours end [mm]."""
    far = 1000 * moved(old, new)
    reach = float(np.percentile(far, 99.5))
    top = float(next((step for step in _STEPS if step >= reach), _STEPS[-1]))
    across = np.clip(far / top, 0, 1) * 0.98 + 0.01  # inside the ramp's outer texels
    uv = np.stack([across, np.full(len(far), 0.5)], axis=1).astype(np.float32)
    paint = Material("moved", (1.0, 1.0, 1.0, 1.0), _ramp_image(), roughness=1.0)
    ids = np.zeros(len(new.faces), np.int32)
    plain = replace(new, uv0=uv, uv0_faces=new.faces, materials=(paint,), material_ids=ids, variants=(), layers=())
    return plain, top


def _form(old: TemplateVersion, new: TemplateVersion) -> _Form:
    """Return the dress form; none where a version is not made for the canonical body."""
    if any("anny" not in version.manifest["bodies"] for version in (old, new)):
        return _Form(None)
    return _Form(canonical_rest(), (old.rig("anny").hide, new.rig("anny").hide))


def _changed_looks(comparison: Comparison) -> Iterator[str]:
    """Yield the colourways that both versions have and that changed."""
    both = [look for look in comparison.new.manifest["variants"] if look in comparison.old.manifest["variants"]]
    words = {change.what for change in comparison.changes if change.part == "looks"}
    yield from (look for look in both if f"the look of variant {look} changed" in words)


def _before_after(old: TemplateVersion, new: TemplateVersion, form: _Form) -> Picture:
    """Show both versions from the front and from behind, in one size that both have, at one scale."""
    sizes = (new.size if new.size in old.manifest["sizes"] else old.size, new.size)
    meshes = [version.mesh(each) for version, each in zip((old, new), sizes, strict=True)]
    framed = np.concatenate([mesh.points for mesh in meshes])
    columns = []
    for version, mesh, hide, each in zip((old, new), meshes, form.hides, sizes, strict=True):
        stage = Stage(mesh, form.rest, hide, _VIEW, framed=framed)
        look = f" in {version.variant}" if version.variant else ""
        views = side_by_side([stage.view(yaw) for yaw in _YAWS], len(_YAWS))
        columns.append(_captioned(views, f"{_label(version)}, size {each}{look}"))
    return np.concatenate(columns, axis=1)


def _moved(old: TemplateVersion, new: TemplateVersion, form: _Form, size: str) -> Picture | None:
    """Show in colour how far a size moved, or return None when it did not."""
    meshes = (old.mesh(size), new.mesh(size))
    if float(moved(*meshes).max()) <= MOVED:
        return None
    painted, top = heat_map(*meshes)
    stage = Stage(painted, form.rest, form.hides[1], _VIEW)
    views = side_by_side([stage.view(yaw) for yaw in _YAWS], len(_YAWS))
    title = f"{old.label} to {_label(new)}, size {size}: how far the cloth moved"
    return np.concatenate([_captioned(views, title), _legend(views.shape[1], top)])


def _label(version: TemplateVersion) -> str:
    """Name a version as a caption does; a draft has no number yet."""
    return f"the draft of {version.name}" if version.version == UNNUMBERED else version.label


def _captioned(picture: Picture, text: str) -> Picture:
    line = Image.fromarray(np.broadcast_to(paper(), (_CAPTION, picture.shape[1], 3)).copy())
    ImageDraw.Draw(line).text((14, 10), text, fill=_INK, font=ImageFont.load_default(18))
    return np.concatenate([np.asarray(line, np.uint8), picture])


def _legend(width: int, top: float) -> Picture:
    """Draw the scale of the colours, 0 to `top` millimetres, uint8 [56, width, 3]."""
    band = Image.fromarray(np.broadcast_to(paper(), (56, width, 3)).copy())
    left, right = width // 8, width - width // 8
    colors = np.asarray(np.rint(255 * _ramp(np.linspace(0, 1, right - left))), np.uint8)
    band.paste(Image.fromarray(np.broadcast_to(colors, (14, right - left, 3)).copy()), (left, 8))
    draw, font = ImageDraw.Draw(band), ImageFont.load_default(16)
    for share in (0.0, 0.5, 1.0):
        label = f"{share * top:g} mm" + (" and more" if share == 1.0 else "")
        draw.text((left + share * (right - left), 28), label, fill=_FAINT, font=font, anchor="ma")
    return np.asarray(band, np.uint8)


def _ramp(at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the colours at places in [0, 1], sRGB float [N, 3]."""
    stops = np.linspace(0, 1, len(_RAMP))
    return np.stack([np.interp(at, stops, [color[c] for color in _RAMP]) for c in range(3)], axis=1)


def _ramp_image() -> bytes:
    colors = np.asarray(np.rint(255 * _ramp((np.arange(256) + 0.5) / 256)), np.uint8)
    file = io.BytesIO()
    Image.fromarray(np.broadcast_to(colors, (4, 256, 3)).copy()).save(file, format="PNG")
    return file.getvalue()
