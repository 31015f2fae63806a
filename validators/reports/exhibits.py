"""What a report shows of a finding: the mesh, the UV set, the texture or the picture that it names, marked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dressform.assets.draft_digest import JUDGED_BY
from dressform.assets.files.garment import GarmentMesh
from dressform.schemas.errors import DressformError
from dressform.schemas.report import Finding
from dressform.validators.rule import NotTestableError
from dressform.validators.subject import Subject

from .exhibit import Exhibit, drawing, photograph
from .location import Location
from .marks import NOTHING, Marks, ids, marks_of
from .safe_text import one_line

if TYPE_CHECKING:
    from .mesh_picture import Sight

Pixels = NDArray[np.uint8]

Body = tuple[NDArray[np.floating], NDArray[np.integer]]

BESIDE_THE_BODY = ("mesh.scale", "mesh.placed", "mesh.stray", "sweep.hide-mask")  # told by how it lies on a body
ON_UV0 = ("uv.uv0-missing", "uv.tiling", "uv.far", "uv.smeared", "uv.texel-density")  # not on the atlas
_BEST_FROM = {"mesh.openings": "from below"}  # what closes an opening is seen from there
_LOST = 0.2  # [m] a smaller garment is pointed at
_SHOWN_WHOLE = ("mesh", "sizes", "lod", "sweep")  # groups whose findings show the garment even without a place on it
_WORST_STRETCH = 2.0  # anisotropy drawn in full red
_WORST_DENSITY = np.log(4.0)  # the same of texels over surface: a quarter or four times the mean


@dataclass(frozen=True)
class Shown:
    """One picture of a finding, still in pixels.

    Attributes:
        caption: What it shows.
        pixels: sRGB uint8 [H, W, 3].
        flat: Whether it is a drawing of few colours rather than a shaded picture.
        again: Draws the same of another garment without marks, for comparison; None where it has nothing to show.
    """

    caption: str
    pixels: Pixels
    flat: bool
    again: Callable[[Subject], Pixels | None]

    def encoded(self) -> Exhibit:
        """Return it as a file that a report can hold."""
        return (drawing if self.flat else photograph)(self.caption, self.pixels)


def exhibits_of(finding: Finding, location: Location) -> list[Exhibit]:
    """Return the pictures of a finding; none where there is nothing to see or the garment is not at hand."""
    return [shown.encoded() for shown in shown_of(finding, location)]


def shown_of(finding: Finding, location: Location) -> list[Shown]:
    """Return the pictures of a finding in pixels."""
    if location.subject is None:
        return []
    try:
        return list(_shown(finding, location.subject, location.path))
    except (DressformError, NotTestableError):  # what cannot be read has findings of its own
        return []


def _shown(finding: Finding, subject: Subject, path: str) -> Iterator[Shown]:
    place = dict(finding.place or {})
    group = finding.name.partition(".")[0]
    if group in ("manifest", "version", "fabric", "field"):  # told by what the file says
        return
    file = _picture_file(subject, path)
    if file is not None:
        yield from _file(path, file)
        return
    image = place.get("image", path)
    if group in ("texture", "material") and isinstance(image, str):
        yield from _texture(subject, image, place)
        return
    if group == "picture":
        return
    mesh = _mesh(subject, path, place)
    if mesh is None:
        return
    if group == "uv":
        yield from _atlas(finding.name, subject, path, place)
        if not any(key in place for key in ("faces", "vertices", "uv")):
            return
    yield from _surface(finding, subject, path, mesh)


def _picture_file(subject: Subject, path: str) -> Path | None:
    """Return the picture or video that a path names: a published one, or one that a draft's step is judged by."""
    if not path.endswith((".png", ".jpg", ".jpeg", ".mp4")):
        return None
    judged = subject.manifest_file.parent / path if subject.kind == "draft" and path in JUDGED_BY else None
    file = subject.files.get(path, judged)
    return file if file is not None and file.is_file() else None


def _mesh(subject: Subject, path: str, place: Mapping[str, object]) -> GarmentMesh | None:
    """Return the mesh that a finding is about: a level of detail by its file, else that of the size it names."""
    for size, levels in subject.named_levels().items():
        if path in levels:
            level = subject.levels.get((size, levels.index(path) + 1))
            return None if isinstance(level, str) else level
    parts = path.split("/")
    stated = place.get("size") or (parts[1].split(" ")[0] if parts[0] == "sizes" and len(parts) > 1 else None)
    if stated in subject.meshes:
        return subject.meshes[str(stated)]
    return next(iter(subject.meshes.values()), None)


def _surface(finding: Finding, subject: Subject, path: str, mesh: GarmentMesh) -> Iterator[Shown]:
    from .mesh_picture import MeshPicture

    place = dict(finding.place or {})
    marks = marks_of(place, mesh)
    group = finding.name.partition(".")[0]
    if marks.empty and group not in _SHOWN_WHOLE:
        return
    body: Body | None = None
    where, at_rest = "at rest", True
    if "pose" in place and "points" not in place:
        mesh, body = _posed(subject, place)
        marks, where, at_rest = marks_of(place, mesh), f"on the {place.get('body')} in the pose {place['pose']}", False
    elif finding.name in BESIDE_THE_BODY:
        body, where = _canonical(), "on the canonical body"
        marks = _found_again(marks, mesh)
    picture = MeshPicture(mesh, marks, body, prefer=_BEST_FROM.get(finding.name))
    if picture.empty:
        return

    def again(sight: Sight) -> Callable[[Subject], Pixels | None]:
        def draw(other: Subject) -> Pixels | None:
            sound = _mesh(other, path, place)
            if sound is not None and not at_rest:
                sound = _posed(other, place)[0]
            drawn = None if sound is None else MeshPicture(sound, NOTHING, body)
            return None if drawn is None or drawn.empty else drawn.take(sight)

        return draw

    whole, close = picture.whole(), picture.close()
    caption = f"{where}, {whole.side.name}{_said(marks)}"
    yield Shown(caption, picture.take(whole, rings=close is not None), False, again(whole))
    if close is not None:
        caption = f"close up, {_length(close.width)} wide, {close.side.name}"
        yield Shown(caption, picture.take(close), False, again(close))


def _found_again(marks: Marks, mesh: GarmentMesh) -> Marks:
    """Return marks that point at a garment which is too small to be seen on a body."""
    finite = mesh.points[np.isfinite(mesh.points).all(axis=1)].astype(np.float64)
    if not marks.empty or not len(finite) or float(np.ptp(finite, axis=0).max()) > _LOST:
        return marks
    return Marks(marks.faces, finite.mean(axis=0)[None])


def _said(marks: Marks) -> str:
    return "" if marks.empty else ("; red: the triangles" if len(marks.faces) else "; red: the points")


def _length(metres: float) -> str:
    return f"{1e3 * metres:.0f} mm" if metres < 0.01 else f"{1e2 * metres:.2g} cm" if metres < 1 else f"{metres:.3g} m"


def _canonical() -> Body:
    from dressform.runtime.body.canonical import canonical_rest

    rest = canonical_rest()
    return rest.vertices, rest.body.faces


def _posed(subject: Subject, place: Mapping[str, object]) -> tuple[GarmentMesh, Body]:
    """Return a size of a garment on a body and in a pose, and that body."""
    from dressform.validators.slip import slip
    from dressform.validators.trial import dressed_pose
    from dressform.validators.wearable import wearable

    garment = wearable(subject)
    size = str(place.get("size", garment.default_size))
    under = slip() if "layers" in place else None
    outfit, points = dressed_pose(garment, str(place.get("body")), str(place["pose"]), size=size, under=under)
    below = points[:-1]
    starts = np.cumsum([0, *(len(part) for part in below)])
    faces = np.concatenate([own + start for own, start in zip(outfit.faces[:-1], starts[:-1], strict=True)])
    body = (np.concatenate(below), faces)
    return replace(garment.meshes[size], points=np.array(points[-1], np.float32)), body


def _atlas(name: str, subject: Subject, path: str, place: Mapping[str, object]) -> Iterator[Shown]:
    from .atlas_picture import AtlasPicture

    mesh = _mesh(subject, path, place)
    heat, told = _heat(name, subject, place)
    first_set = name in ON_UV0
    label = "UV0" if first_set else "UV1"

    def picture(of: GarmentMesh | None, marked: bool) -> AtlasPicture | None:
        uv, uv_faces = (None, None) if of is None else (of.uv0, of.uv0_faces) if first_set else (of.uv1, of.uv1_faces)
        if of is None or uv is None or uv_faces is None:
            return None
        faces = ids(place.get("faces") if marked and heat is None else None, len(of.faces))
        corners = ids(place.get("uv") if marked else None, len(uv))
        return AtlasPicture(uv, uv_faces, faces, corners, heat if marked else None)

    drawn = picture(mesh, True)
    if drawn is None:
        return

    def whole(other: Subject) -> Pixels | None:
        sound = picture(_mesh(other, path, place), False)
        return None if sound is None else sound.whole()

    close = drawn.close()
    yield Shown(f"{label}, the unit square framed{told}", drawn.whole(rings=close is not None), True, whole)
    if close is not None:
        yield Shown(f"{label} close up", close, True, lambda other: None)


def _heat(name: str, subject: Subject, place: Mapping[str, object]) -> tuple[NDArray[np.float64] | None, str]:
    """Return how red to draw each triangle for a rule on the whole atlas, and what that means; None for others."""
    measures = subject.atlas.get(str(place.get("size")))
    if measures is None or name not in ("uv.stretch", "uv.distorted", "uv.density"):
        return None, ""
    if name == "uv.density":
        off = np.abs(np.log(np.maximum(np.nan_to_num(measures.area_ratio, nan=1.0), 1e-9)))
        return off / _WORST_DENSITY, "; the redder, the further from the mean density, full red at four times"
    stretch = (np.nan_to_num(measures.anisotropy, nan=1.0, posinf=_WORST_STRETCH) - 1.0) / (_WORST_STRETCH - 1.0)
    return stretch, f"; the redder, the more drawn out, full red at {_WORST_STRETCH:g} times"


def _texture(subject: Subject, image: str, place: Mapping[str, object]) -> Iterator[Shown]:
    from .texture_picture import texture_pictures

    listed = place.get("texels")
    pairs = [each for each in listed if isinstance(each, list) and len(each) == 2] if isinstance(listed, list) else []
    texels = np.array(pairs, np.float64).reshape(-1, 2)
    texture = next((each for each in subject.textures if each.place == image), None)
    if texture is None or isinstance(texture.picture, str):
        return
    whole, close = texture_pictures(texture.picture, texels)

    def again(other: Subject) -> Pixels | None:
        sound = next((each for each in other.textures if each.place == image), None)
        if sound is None or isinstance(sound.picture, str):
            return None
        return texture_pictures(sound.picture, texels[:0])[0]

    size = f"{texture.picture.width}×{texture.picture.height} px"
    yield Shown(f"{one_line(image)}, {size}", whole, False, again)
    if close is not None:
        yield Shown("close up, one square a texel", close, True, lambda other: None)


def _file(path: str, file: Path) -> Iterator[Shown]:
    """Show a picture as it is, or four frames of a video."""
    pixels = _contents(file)
    if pixels is not None:
        yield Shown(one_line(path), pixels, False, lambda other: _of(other, path))


def thumbnail(subject: Subject) -> Pixels | None:
    """Return the garment's preview, small, sRGB uint8 [H, W, 3]; None where there is none that can be read."""
    import cv2

    pixels = _of(subject, "preview.png")
    if pixels is None:
        return None
    share = min(1.0, 168 / pixels.shape[0])
    size = max(1, round(share * pixels.shape[1])), max(1, round(share * pixels.shape[0]))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _of(subject: Subject, path: str) -> Pixels | None:
    return _contents(subject.files[path]) if path in subject.files else None


def _contents(file: Path) -> Pixels | None:
    from PIL import Image

    from .texture_picture import fitted, frames_of

    if file.suffix == ".mp4":
        return frames_of(file)
    try:
        with Image.open(file) as picture:
            picture.load()
            return fitted(picture, 880, 440)
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
