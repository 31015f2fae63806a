"""`dressform simulate`: garments in motion by cloth simulation, into a file."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from dressform.schemas.errors import UsageError

from .finite import FiniteRange
from .output_file import in_folder
from .progress import progress_bar

if TYPE_CHECKING:
    from dressform.assets.files.cloth_clip import ClothClip
    from dressform.assets.template_version import TemplateVersion
    from dressform.authoring.simulate.record import Take


@click.command()
@click.argument("avatar", type=click.Path(path_type=Path))
@click.option(
    "--wear", "-w", multiple=True, metavar="NAME[@RANGE][:SIZE]", help="A template to wear; repeatable, inner first."
)
@click.option("--motion", "-m", default="catwalk", help="A built-in motion or a motion file.")
@click.option("--output", "-o", "out", type=click.Path(path_type=Path), required=True, help="The .cloth file to write.")
@click.option("--seconds", type=FiniteRange(0.04, 3600), default=4, help="Length of the clip.")
@click.option("--fps", type=FiniteRange(1, 240), default=30, help="Frames per second.")
@click.option(
    "--solver", type=click.Choice(["style3d", "vbd"]), default="style3d", help="vbd is finer, and ten times slower."
)
@click.option("--seed", type=int, default=0, help="Of what is random.")
@click.option("--usd", type=click.Path(path_type=Path), help="Write the clip as USD too: .usda, .usdc or .usd.")
@click.option("--library", type=click.Path(path_type=Path), help="Library; else the default one.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def simulate(avatar: Path, out: Path, usd: Path | None, as_json: bool, **options: Any) -> None:
    """Simulate the cloth of what AVATAR wears in a motion; an interrupted run goes on where it was.

    Example: dressform simulate avatar.json --wear tee --motion turn --seconds 2 -o clip.cloth --usd clip.usda
    """
    _check(out, usd, options["wear"])
    from dressform.authoring.formats.usd_clip import check_usd_target, write_usd_clip

    if usd is not None:
        check_usd_target(usd)
    begun = time.perf_counter()
    with progress_bar("simulate") as progress:
        from dressform.authoring.simulate.record import record

        take = _take(avatar, **options)
        clip = record(take, out, progress)
    if usd is not None:
        with progress_bar("usd") as progress:
            write_usd_clip(usd, clip, [_version(take.versions, worn.name).mesh() for worn in clip.garments], progress)
    _print(clip, usd, time.perf_counter() - begun, as_json)


def _check(out: Path, usd: Path | None, wear: tuple[str, ...]) -> None:
    """Refuse what cannot be done before any work is done for it."""
    from dressform.assets.files.cloth_clip import SUFFIX

    if not wear:
        raise UsageError("there is nothing to simulate; name a garment with --wear")
    if out.suffix != SUFFIX:
        raise UsageError(f"--output {out} must end in {SUFFIX}")
    in_folder(out, "--output")
    if usd is not None:
        in_folder(usd, "--usd")
    if usd is not None and usd.resolve() == out.resolve():
        raise UsageError("--usd and --output name the same file")


def _take(
    avatar: Path,
    *,
    wear: tuple[str, ...],
    motion: str,
    seconds: float,
    fps: float,
    solver: str,
    seed: int,
    library: Path | None,
) -> Take:
    from dressform.authoring.simulate.record import Take
    from dressform.runtime.avatar.avatar_file import Avatar
    from dressform.runtime.garment.worn import worn_versions
    from dressform.runtime.motion.load import load_motion
    from dressform.runtime.motion.playback import play

    person = Avatar.load(avatar)
    rest = person.rest()
    clip = load_motion(motion)
    versions = worn_versions(wear, library, None, person.family)
    poses = tuple(play(clip, rest, fps, seconds))
    return Take(versions, rest, poses, fps, {"motion": clip.name}, solver, seed)


def _version(versions: Sequence[TemplateVersion], name: str) -> TemplateVersion:
    return next(version for version in versions if version.name == name)


def _print(clip: ClothClip, usd: Path | None, seconds: float, as_json: bool) -> None:
    if as_json:
        written = {"path": str(clip.path), "usd": None if usd is None else str(usd), "frames": clip.frames}
        worn = [f"{garment.name}@{garment.version}:{garment.size}" for garment in clip.garments]
        click.echo(json.dumps({**written, "fps": clip.fps, "garments": worn, "seconds": round(seconds, 2)}, indent=2))
        return
    size = clip.path.stat().st_size / 1e6
    click.echo(f"{clip.path}: {clip.frames} frames, {size:.1f} MB, in {seconds:.0f} s")
    if usd is not None:
        click.echo(f"{usd}: {usd.stat().st_size / 1e6:.1f} MB")
