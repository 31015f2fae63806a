"""What rounded edges of cloth cost and how they look: triangles, time of a frame, close-ups with and without.

Run `python -m dressform.benchmarks.hems [PICTURE.jpg]`.
"""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rich_click as click
from numpy.typing import NDArray
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dressform.assets.files.garment import outer_faces
from dressform.assets.library import Library
from dressform.runtime.avatar.avatar_file import Avatar
from dressform.runtime.avatar.make import make_avatar
from dressform.runtime.render.garment_scene import garment_counts, garment_scene
from dressform.runtime.render.hem_topology import with_rims
from dressform.runtime.render.hems import with_hems
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh
from dressform.runtime.render.topology import join_meshes, pair_edges
from dressform.runtime.session import Look, TryOn

Picture = NDArray[np.uint8]

FRAMES = 24
TILE = (420, 280)  # [px]
SAMPLES = 4  # a side of a pixel of pictures
QUALITY = 82  # of a JPEG
_FOV = 0.16  # [rad]
_WIDE = 0.15  # [m] that a picture shows from side to side


class View(NamedTuple):
    """A close-up.

    Attributes:
        wear: Templates.
        garment: Whose edge is seen.
        opening: Which of its openings, in the order of their points.
        azimuth, elevation: Where the camera stands [rad]; 0 is in front.
        sheet: Whether turned cloth is left out, as of a mesh that an artist modelled as a sheet.
    """

    wear: tuple[str, ...]
    garment: str
    opening: int
    azimuth: float
    elevation: float
    sheet: bool


VIEWS = (
    View(("tee", "trousers"), "tee", 2, -0.5, -0.25, sheet=False),
    View(("tee", "circle-skirt"), "circle-skirt", 0, -0.5, -0.25, sheet=False),
    View(("tee", "shorts"), "shorts", 0, -0.6, -0.35, sheet=True),
)


class _Worn(TryOn):
    """A try-on of garments with hems."""

    hems, sheets = True, False

    def _scene(self, person: list[SceneMesh], cloth: list[SceneMesh]) -> tuple[list[SceneMesh], list[int]]:
        meshes, counts = super()._scene(person, cloth)
        return [self._changed(mesh) for mesh in meshes], counts

    def _changed(self, mesh: SceneMesh) -> SceneMesh:
        if mesh.hem is None:
            return mesh
        if self.sheets and mesh.hem.inner is not None:
            own = {name: getattr(mesh, name) for name in ("faces", "uv_faces", "hidden", "weave_uv", "atlas_uv")}
            left: dict[str, Any] = {
                name: None if values is None else values[~mesh.hem.inner] for name, values in own.items()
            }
            mesh = replace(mesh, **left, hem=replace(mesh.hem, inner=None))
        return mesh if self.hems else replace(mesh, hem=None)


class _Bare(_Worn):
    """The same without hems."""

    hems = False


class _Sheets(_Worn):
    """The same of sheets."""

    sheets = True


class _BareSheets(_Bare):
    """Sheets without hems."""

    sheets = True


def pairs() -> Picture:
    """Return close-ups without hems on the left and with them on the right, uint8 [H, W, 3]."""
    return np.concatenate([np.concatenate([close_up(view, hems=hems) for hems in (False, True)], 1) for view in VIEWS])


def close_up(view: View, *, hems: bool) -> Picture:
    """Return one, uint8 [H, W, 3]."""
    kind = {(True, False): _Worn, (False, False): _Bare, (True, True): _Sheets, (False, True): _BareSheets}
    tryon = kind[hems, view.sheet](_avatar(), view.wear, size=TILE, look=Look(preset="quality", samples=SAMPLES))
    next(tryon.stream("catwalk", fps=30.0))
    renderer, first = tryon._renderer, len(tryon.rest.vertices)
    for garment in tryon.outfit.garments:
        points = renderer.vertices.numpy()[first : first + len(garment.mesh.points)].astype(np.float64)
        if garment.name == view.garment:
            opening = _openings(outer_faces(garment.mesh), len(points))[view.opening]
            camera = _camera(points[opening], view)
            return renderer.render(camera, Lighting.studio(), Background.studio()).rgb.copy()
        first += len(points)
    raise ValueError(f"{view.garment} is not among {view.wear}")


def _openings(faces: NDArray[np.int32], count: int) -> list[NDArray[np.int64]]:
    """Return the points around each opening."""
    edges, beside = pair_edges(faces, count)
    ends = edges[beside[:, 1] < 0]
    links = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    _, label = connected_components(links, directed=False)
    border = np.unique(ends)
    return [border[label[border] == each] for each in dict.fromkeys(label[border].tolist())]


def _camera(points: NDArray[np.float64], view: View) -> Camera:
    flat = math.cos(view.elevation)
    toward = np.array([math.sin(view.azimuth) * flat, -math.cos(view.azimuth) * flat, math.sin(view.elevation)])
    target = points[np.argmax((points - points.mean(axis=0)) @ toward)]
    tall = _WIDE * TILE[1] / TILE[0]
    return Camera.look_at(target + toward * 0.5 * tall / math.tan(0.5 * _FOV), target, _FOV, TILE)


def _avatar() -> Avatar:
    return make_avatar(gender="female", height_m=1.68, mass_kg=62.0)


def triangles() -> dict[str, tuple[int, int]]:
    """Return how many triangles each garment of the starter library has, without and with hems."""
    library, found = Library.embedded(), {}
    for name in library.names():
        version = library.resolve(name)
        mesh = version.mesh()
        scene = with_hems(garment_scene(mesh, name), mesh, version.manifest.get("fabric"))
        plain = join_meshes(scene, garment_counts(mesh))
        found[name] = (len(plain.faces), len(with_rims(plain, scene)[0].faces))
    return found


def frame_ms(size: tuple[int, int]) -> tuple[float, float]:
    """Return the median time of a frame of the quality preset without and with hems [ms], taken in turn."""
    tryons = [
        kind(_avatar(), ("tee", "trousers"), size=size, look=Look(preset="quality")).stream("catwalk", fps=30.0)
        for kind in (_Bare, _Worn)
    ]
    spent: tuple[list[float], list[float]] = ([], [])
    for number in range(FRAMES + 4):
        for times, frames in zip(spent, tryons, strict=True):
            started = time.perf_counter()
            next(frames)
            if number >= 4:
                times.append(1e3 * (time.perf_counter() - started))
    return statistics.median(spent[0]), statistics.median(spent[1])


@click.command()
@click.argument("picture", type=click.Path(path_type=Path), required=False)
def main(picture: Path | None) -> None:
    """Print what hems cost, or draw close-ups without and with them."""
    if picture is not None:
        Image.fromarray(pairs()).save(picture, quality=QUALITY, optimize=True)
        return
    for name, (plain, hemmed) in triangles().items():
        click.echo(f"{name}: {plain} triangles, {hemmed} with hems")
    for side in (512, 1024):
        without, with_them = frame_ms((side, side))
        click.echo(f"{side}x{side}, tee and trousers, quality: {without:.1f} ms a frame, {with_them:.1f} with hems")


if __name__ == "__main__":
    main()
