"""`dressform avatar`: bodies from photos and figures."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from dressform.schemas.errors import UsageError
from dressform.schemas.units import HEIGHTS_M, MASSES_KG

from .finite import FiniteRange
from .output_file import in_folder
from .progress import progress_bar

if TYPE_CHECKING:
    from dressform.runtime.avatar.avatar_file import Avatar

# plain numbers: whoever estimates or makes the avatar checks them, and knows 172 for centimetres
height_help = f"Standing height in metres, {HEIGHTS_M[0]:g} to {HEIGHTS_M[1]:g}."
mass_help = f"Body mass in kilograms, {MASSES_KG[0]:g} to {MASSES_KG[1]:g}."
height_option = click.option("--height-m", type=float, help=height_help)
mass_option = click.option("--mass-kg", type=float, help=mass_help)
gender_option = click.option("--gender", type=click.Choice(["female", "male", "neutral"]), help="Which build.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
out_option = click.option(
    "--output",
    "-o",
    "out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("avatar.json"),
    help="The file to write.",
)


@click.group()
def avatar() -> None:
    """Estimate a body from a photo, make one from figures, measure it. Adults only.

    Example: dressform avatar estimate photo.jpg --consent self --height-m 1.72 -o avatar.json
    """


@avatar.command()
@click.argument("photo", type=click.Path(path_type=Path))
@click.option("--consent", help="'self' for your own photo, or a JSON file with who, for and until.")
@out_option
@height_option
@mass_option
@gender_option
@click.option("--person", type=click.IntRange(1), help="Which person, counted from 1 at the left.")
@click.option(
    "--overlay", "overlay_file", type=click.Path(dir_okay=False, path_type=Path), help="PNG: body over photo."
)
@json_option
def estimate(
    photo: Path,
    consent: str | None,
    out: Path,
    height_m: float | None,
    mass_kg: float | None,
    gender: str | None,
    person: int | None,
    overlay_file: Path | None,
    as_json: bool,
) -> None:
    """Estimate body, skin and light from PHOTO. Height and gender make it much better.

    No copy of the photo is kept: only landmarks, skin unrolled onto the body, and the file's digest.

    Example: dressform avatar estimate photo.jpg --consent self --height-m 1.72 --gender female -o avatar.json
    """
    in_folder(out)
    if overlay_file is not None:
        in_folder(overlay_file, "--overlay")
    from dressform.runtime.avatar.estimate import estimate_avatar

    started = time.perf_counter()
    with progress_bar("avatar") as progress:
        found = estimate_avatar(
            photo, consent=consent, height_m=height_m, mass_kg=mass_kg, gender=gender, person=person, progress=progress
        )
    seconds = time.perf_counter() - started
    found.save(out)
    if overlay_file is not None:
        from dressform.runtime.avatar.overlay import overlay
        from dressform.runtime.avatar.photo import load_photo
        from dressform.runtime.render.image import save_png

        save_png(overlay_file, overlay(load_photo(photo).rgb, found))
    if as_json:
        report = {
            "avatar": str(out),
            "seconds": round(seconds, 2),
            "keypoint_error_px": _rounded(found.quality.get("keypoint_error_px")),
            "mask_iou": _rounded(found.quality.get("mask_iou")),
            "height_m": round(found.height, 3),
            "quality": {"flags": list(found.flags), **{key: _rounded(value) for key, value in found.quality.items()}},
        }
        click.echo(json.dumps(report, indent=2))
        return
    click.echo(f"{out}: {found.height:.2f} m, {found.measures['mass']:.0f} kg, {seconds:.1f} s")
    if found.flags:
        click.echo(f"  mind: {', '.join(flag.replace('_', ' ') for flag in found.flags)}")


@avatar.command()
@out_option
@gender_option
@height_option
@mass_option
@click.option("--age", type=FiniteRange(2 / 3, 1), help="0.67 young adult … 1 old.")
@click.option("--muscle", type=FiniteRange(0, 1), help="0 … 1, 0.5 average.")
@click.option("--weight", type=FiniteRange(0, 1), help="0 … 1; or give --mass-kg.")
@click.option("--proportions", type=FiniteRange(0, 1), help="0 … 1; 1 is a fashion model's.")
@click.option("--smplx", type=click.Path(path_type=Path), help="Your licensed SMPL-X model file, instead of Anny.")
@click.option("--beta", "betas", type=float, multiple=True, help="With --smplx: shape parameters in order; repeatable.")
@json_option
def make(
    out: Path,
    gender: str | None,
    height_m: float | None,
    mass_kg: float | None,
    smplx: Path | None,
    betas: tuple[float, ...],
    as_json: bool,
    **shape: float | None,
) -> None:
    """Make an avatar from figures, or from your SMPL-X file.

    Example: dressform avatar make --gender male --height-m 1.80 --mass-kg 82 -o avatar.json
    """
    in_folder(out)
    given = {key: value for key, value in shape.items() if value is not None}
    if smplx is None and betas:
        raise UsageError("--beta belongs to --smplx FILE; for Anny use --height-m, --mass-kg, --muscle …")
    from dressform.runtime.avatar.make import make_avatar, make_smplx_avatar

    if smplx is not None:
        if given or gender or height_m is not None or mass_kg is not None:
            raise UsageError("--smplx FILE takes its shape from --beta; leave the other figures out")
        made = make_smplx_avatar(smplx, {f"beta{i}": value for i, value in enumerate(betas)})
    else:
        with progress_bar("avatar") as progress:
            made = make_avatar(gender=gender, height_m=height_m, mass_kg=mass_kg, shape=given, progress=progress)
    made.save(out)
    if as_json:
        click.echo(json.dumps({"avatar": str(out), **_measures(made)}, indent=2))
    else:
        click.echo(f"{out}: {made.height:.2f} m, {made.measures['mass']:.0f} kg")


@avatar.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--picture", type=click.Path(dir_okay=False, path_type=Path), help="PNG to write: where each measure was taken."
)
@json_option
def measure(file: Path, picture: Path | None, as_json: bool) -> None:
    """Print the tailor's measures of the avatar in FILE, taken from its body, and show where.

    `dressform pattern make NAME --avatar FILE` makes a garment to these measures.

    Example: dressform avatar measure avatar.json --picture measures.png
    """
    if picture is not None:
        if picture.suffix.lower() != ".png":
            raise UsageError(f"--picture {picture} must end in .png")
        in_folder(picture, "--picture")
    from dressform.runtime.avatar.avatar_file import Avatar
    from dressform.runtime.body.measures import WHERE

    loaded = Avatar.load(file)
    figures: dict[str, object] = {**_measures(loaded)}
    if picture is not None:
        from dressform.runtime.avatar.measure_picture import measure_picture
        from dressform.runtime.render.image import save_png

        save_png(picture, measure_picture(loaded.rest()))
        figures["picture"] = str(picture)
    if as_json:
        click.echo(json.dumps(figures, indent=2))
        return
    for name, value in _measures(loaded)["measures"].items():
        shown = f"{value:.1f} kg" if name == "mass" else f"{value * 100:.1f} cm"
        click.echo(f"{name.replace('_', ' '):<12}{shown:>10}  {WHERE[name]}")
    if picture is not None:
        click.echo(f"see {picture}")


def _measures(found: Avatar) -> dict[str, dict[str, float]]:
    return {"measures": {name: round(value, 4) for name, value in found.rest().measures().as_dict().items()}}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
