"""Pictures of every template of a library, to judge it by and to show it: a sheet each, and a page about them all.

Run `python -m dressform.benchmarks.wardrobe_pictures LIBRARY OUT [NAME …] [--page FILE.md]`.
"""

from __future__ import annotations

import functools
import io
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import rich_click as click
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dressform.assets.library import Library
from dressform.assets.sizes import nearest_size, ordered_sizes
from dressform.assets.template_version import TemplateVersion
from dressform.authoring.stage import Stage
from dressform.runtime.avatar.avatar_file import Avatar
from dressform.runtime.avatar.make import make_avatar
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.render.follow import Framing
from dressform.runtime.session import Look, TryOn
from dressform.schemas.errors import DressformError, UsageError

Picture = NDArray[np.uint8]
Labelled = tuple[str, Picture]
Figure = tuple[str, float, float]  # gender, height [m], mass [kg]

WIDTH = 1200  # [px] of a sheet
SHEET_BYTES = 380_000
BODIES: tuple[Figure, ...] = (  # thin, average and heavy
    ("female", 1.66, 48.0),
    ("female", 1.66, 64.0),
    ("female", 1.66, 92.0),
    ("male", 1.78, 58.0),
    ("male", 1.78, 79.0),
    ("male", 1.78, 112.0),
)
_FPS = 30.0
_WORN_FRAME = 10  # of the walk
_WALK_EVERY, _WALK_FRAMES = 6, 6
_WALK_TURN = math.radians(35)
_CLOSE = 0.11  # [m] from side to side
_QUALITIES = (86, 80, 74, 66, 58)


def sheet(library: Library, version: TemplateVersion, bodies: Sequence[Figure] = BODIES) -> Picture:
    """Return the contact sheet of a template, uint8 [H, WIDTH, 3].

    Its sides on the form; worn by every body in the nearest size; a walk; its cloth at the upper edge and at the hem;
    its other looks.
    """
    worn = []
    for figure in bodies:
        tryon = _worn(library, version, figure, (WIDTH // len(bodies), 340))
        size = _size_for(version, _avatar(figure))
        worn.append((f"{size}: {figure[0]} {figure[1]:.2f} m {figure[2]:g} kg", _frames(tryon, [_WORN_FRAME])[0]))
    tryon = _worn(library, version, bodies[min(1, len(bodies) - 1)], (WIDTH // _WALK_FRAMES, 340), _WALK_TURN)
    times = [k * _WALK_EVERY for k in range(_WALK_FRAMES)]
    walk = [(f"{t / _FPS:.1f} s", frame) for t, frame in zip(times, _frames(tryon, times), strict=True)]
    return np.concatenate([_row(row) for row in (_sides(version), worn, walk, _cloth(version))])


def _sides(version: TemplateVersion) -> list[Labelled]:
    stage = Stage(version.mesh(), canonical_rest(), version.rig().hide, (WIDTH // 4, 400))
    named = (("front", 0), ("left", 90), ("back", 180), ("right", 270))
    # turning the garment to its right shows its left side
    return [(label, stage.view(-math.radians(degrees))) for label, degrees in named]


def _cloth(version: TemplateVersion) -> list[Labelled]:
    """Return close-ups at the upper edge and at the hem, and every other look."""
    rest, hide, looks = canonical_rest(), version.rig().hide, list(version.manifest["variants"])[:4]
    side = WIDTH // (2 + len(looks))
    close = Stage(version.mesh(), rest, hide, (side, min(side, 420)))
    row = [(f"{100 * _CLOSE:g} cm", close.close_up(_CLOSE, hem=hem)) for hem in (False, True)]
    for look in looks:
        stage = Stage(version.mesh(variant=look), rest, hide, (side, min(side, 420)))
        row.append((look, stage.view(math.radians(24))))
    return row


def _worn(
    library: Library, version: TemplateVersion, figure: Figure, size: tuple[int, int], turn_rad: float = 0.0
) -> TryOn:
    avatar = _avatar(figure)
    look = Look(preset="quality", framing=Framing(margin=1.2, turn_rad=turn_rad))
    return TryOn(avatar, [f"{version.label}:{_size_for(version, avatar)}"], library=library, size=size, look=look)


@functools.cache
def _avatar(figure: Figure) -> Avatar:
    gender, height, mass = figure
    return make_avatar(gender=gender, height_m=height, mass_kg=mass)


def _size_for(version: TemplateVersion, avatar: Avatar) -> str:
    """Return the size that is nearest to an avatar's girths."""
    measures = {size: entry.get("measures", {}) for size, entry in version.manifest["sizes"].items()}
    return nearest_size(measures, avatar.measures, version.manifest["default_size"])


def _frames(tryon: TryOn, wanted: Sequence[int]) -> list[Picture]:
    found = []
    for number, frame in enumerate(tryon.stream("catwalk", fps=_FPS, seconds=(wanted[-1] + 1) / _FPS)):
        if number in wanted:
            found.append(frame.rgb.copy())
    return found


def _row(pictures: Sequence[Labelled]) -> Picture:
    """Set pictures of one height beside each other, each with its label; the row is WIDTH wide."""
    height = pictures[0][1].shape[0]
    row = Image.new("RGB", (WIDTH, height), tuple(int(v) for v in pictures[-1][1][0, -1]))
    draw, font = ImageDraw.Draw(row), ImageFont.load_default(15)
    left = 0
    for label, picture in pictures:
        row.paste(Image.fromarray(picture), (left, 0))
        draw.text((left + 8, 6), label, (70, 70, 70), font, stroke_width=2, stroke_fill=(240, 240, 238))
        left += picture.shape[1]
    return np.asarray(row, np.uint8)


def jpeg_within(picture: Picture, limit: int) -> bytes:
    """Return a picture as the best JPEG of at most `limit` bytes, or as the smallest tried."""
    for quality in _QUALITIES:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=quality, optimize=True, progressive=True)
        if file.tell() <= limit:
            break
    return file.getvalue()


def page(versions: Sequence[TemplateVersion], pictures: str) -> str:
    """Return a Markdown page about templates, whose sheets lie in the folder `pictures` beside it."""
    lines = [
        "# The wardrobe",
        "",
        "The garments that ship. Each is made from a recipe in `authoring/patterns/recipes/`, which",
        "`dressform pattern recipe NAME` hands out to change; `make wardrobe` makes them all anew, and this page.",
        "",
        "Each sheet shows four sides on the dress form; thin, average and heavy bodies of both genders; a walk; the",
        "cloth at the upper edge and at the hem; and other looks.",
        "",
        "| garment | category | sizes | looks | fabrics | points | triangles | MB |",
        "| --- | --- | --- | --- | --- | ---: | ---: | ---: |",
        *(_line(version) for version in versions),
    ]
    for version in versions:
        title = version.manifest.get("title", version.name)
        lines += ["", f"## {title}", ""]
        if version.manifest.get("description"):
            lines += [str(version.manifest["description"]), ""]
        lines.append(f"![{title}: sides, bodies, walk, cloth]({pictures}/{version.name}.jpg)")
    return "\n".join(lines) + "\n"


def _line(version: TemplateVersion) -> str:
    manifest = version.manifest
    megabytes = sum(entry["bytes"] for entry in manifest["files"].values()) / 1e6
    fabric = manifest.get("fabric", {}).get("name", "–")
    mesh = manifest["mesh"]
    cells = [
        *(
            version.name,
            manifest["category"],
            " ".join(ordered_sizes(manifest["sizes"])),
            ", ".join(manifest["variants"]) or "–",
        ),
        *(fabric, f"{mesh['points']:,}", f"{mesh['triangles']:,}", f"{megabytes:.1f}"),
    ]
    return f"| {' | '.join(cells)} |"


def write_pictures(
    library: Library, out: Path, names: Sequence[str] = (), bodies: Sequence[Figure] = BODIES
) -> Iterator[Path]:
    """Write a sheet for each template, or for those named, and yield its path."""
    for version in _chosen(library, names):
        content = jpeg_within(sheet(library, version, bodies), SHEET_BYTES)
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"{version.name}.jpg"
        path.write_bytes(content)
        yield path


def _chosen(library: Library, names: Sequence[str]) -> list[TemplateVersion]:
    return [library.resolve(name) for name in names or library.names()]


@click.command()
@click.argument("library", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.argument("names", nargs=-1)
@click.option("--page", "page_file", type=click.Path(dir_okay=False, path_type=Path), help="Write a Markdown page too.")
def main(library: Path, out: Path, names: tuple[str, ...], page_file: Path | None) -> None:
    """Draw contact sheets of the templates of LIBRARY (or of NAMES) into OUT.

    Example: python -m dressform.benchmarks.wardrobe_pictures wardrobe docs/images/wardrobe --page docs/wardrobe.md
    """
    try:
        if not Library.is_library(library):
            raise UsageError(f"{library} is no library")
        opened = Library.open(library)
        for path in write_pictures(opened, out, names):
            click.echo(f"{path} {path.stat().st_size // 1000} kB")
        if page_file is not None:
            pictures = Path(os.path.relpath(out, page_file.parent)).as_posix()
            page_file.write_text(page(_chosen(opened, names), pictures), encoding="utf-8")
    except DressformError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
