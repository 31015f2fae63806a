"""`dressform render` and `dressform tryon`: videos and pictures of an avatar that wears templates."""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import rich_click as click

from dressform.schemas.errors import UsageError

from .avatar import height_option, mass_option
from .finite import FiniteRange
from .picture import OUT_HELP, background_of, picture_options, shot_of, target_of
from .progress import progress_bar

if TYPE_CHECKING:
    from dressform.runtime.avatar.avatar_file import Avatar
    from dressform.runtime.render.scene import Background, Lighting
    from dressform.runtime.render.shot import Shot
    from dressform.runtime.session import VideoReport
    from dressform.schemas.progress import Progress

PRESETS = ["realtime", "quality"]
RASTERS = ["warp", "pytorch3d"]
RASTER_HELP = "What finds the faces seen; pytorch3d, where it is installed, is slow and there to compare with."
LOCK_HELP = "Wear the versions that this file locks; else dressform.lock, where the working folder has one."
SIMULATED_HELP = "Show what `dressform simulate` wrote of this avatar in these garments; it brings motion and length."
FIELD_HELP = "Let cloth fold by the learned fields that garments carry, or skin it plainly."
LIGHT_HELP = "studio, daylight, photo (the avatar's own), or an equirectangular .hdr or .exr picture."
TURN_HELP = "Turns a picture's light about the vertical, counter-clockwise seen from above [degrees]."
REFINE_HELP = "Temporal filter; auto: for captured motions."
Command = TypeVar("Command", bound=Callable[..., Any])


class Size(click.ParamType[tuple[int, int]]):
    """WIDTHxHEIGHT in pixels."""

    name = "WxH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Parse "512x512"."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d{1,6})[x×](\d{1,6})", str(value))
        if not match:
            self.fail(f"needed WIDTHxHEIGHT such as 512x512, found {value!r}", param, ctx)
        return int(match[1]), int(match[2])


def _scene_options(command: Command) -> Command:
    """Add the options that both commands share."""
    choice = click.Choice
    wear = "NAME[@RANGE][:SIZE][/VARIANT]"
    options = (
        click.option("--wear", "-w", multiple=True, metavar=wear, help="A template to wear; repeatable, inner first."),
        click.option("--motion", "-m", default="catwalk", help="A built-in motion or a motion file."),
        click.option("--output", "-o", "out", type=click.Path(path_type=Path), required=True, help=OUT_HELP),
        click.option("--size", type=Size(), default="512x512", help="Picture size; even numbers for a video."),
        click.option("--fps", type=FiniteRange(1, 240), default=30, help="Frames per second."),
        click.option("--seconds", type=FiniteRange(0.04), default=10, help="Length of the video."),
        click.option("--preset", type=choice(PRESETS), default="realtime", help="What the renderer does."),
        click.option("--raster", type=choice(RASTERS), default="warp", help=RASTER_HELP),
        click.option("--light", default="studio", metavar="NAME|FILE", help=LIGHT_HELP),
        click.option("--light-turn", type=FiniteRange(-360, 360), default=0, help=TURN_HELP),
        click.option("--refine", type=choice(["auto", "on", "off"]), default="auto", help=REFINE_HELP),
        click.option("--field/--no-field", default=True, help=FIELD_HELP),
        click.option("--simulated", type=click.Path(path_type=Path), help=SIMULATED_HELP),
        click.option("--device", default="cpu", help="cpu, cuda or cuda:N."),
        click.option("--library", type=click.Path(path_type=Path), help="Library; else the default one."),
        click.option("--lock", type=click.Path(path_type=Path), help=LOCK_HELP),
        click.option("--no-lock", is_flag=True, help="Wear the newest versions although dressform.lock is there."),
        click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON."),
    )
    command = picture_options(command)
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("avatar", type=click.Path(path_type=Path))
@_scene_options
def render(avatar: Path, as_json: bool, **options: Any) -> None:
    """Render AVATAR wearing templates to a video of any length, a still, or a folder of pictures.

    Example: dressform render avatar.json --wear tee@^1 --wear trousers --motion catwalk -o out.mp4
    """
    checked = _check(options)
    with progress_bar("render") as progress:
        report = _write(avatar, progress, checked, **options)
    _print(report, as_json)


@click.command()
@click.argument("photo", type=click.Path(path_type=Path))
@click.option("--consent", help="'self', or a consent file of the person in the photo.")
@height_option
@mass_option
@click.option("--gender", type=click.Choice(["female", "male", "neutral"]), help="Which bodies to expect.")
@click.option("--person", type=click.IntRange(1), help="Which person, when several are in the photo.")
@_scene_options
def tryon(
    photo: Path,
    consent: str | None,
    height_m: float | None,
    mass_kg: float | None,
    gender: str | None,
    person: int | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Estimate an avatar from PHOTO and render it wearing templates.

    Example: dressform tryon photo.jpg --consent self --wear tee --wear trousers -o out.mp4
    """
    from dressform.runtime.avatar.consent import CURE
    from dressform.runtime.avatar.estimate import estimate_avatar
    from dressform.schemas.errors import ConsentError

    checked = _check(options)
    if options["light"] != "photo":  # which the avatar will bring
        _light(None, **options)
    if not consent:
        raise ConsentError(f"a photo is processed only with consent; {CURE}")
    with progress_bar("avatar") as progress:
        avatar = estimate_avatar(
            photo, consent=consent, height_m=height_m, mass_kg=mass_kg, gender=gender, person=person, progress=progress
        )
    with progress_bar("render") as progress:
        report = _write(avatar, progress, checked, **options)
    _print(report, as_json)


class _Checked(NamedTuple):
    """What is made of options before any work is done."""

    shot: Shot
    background: Background
    lock: Path | None


def _check(options: dict[str, Any]) -> _Checked:
    """Refuse what cannot be written, shown or locked, or a rasteriser that is not there, before any work is done."""
    from dressform.runtime.render.backends.choose import check_raster
    from dressform.runtime.render.shot import check_written

    target, shot = target_of(options), shot_of(options)
    target.check()
    check_written(shot, target.kind, target.path.name)
    check_raster(options["raster"])
    background = background_of(options)
    return _Checked(shot, background, _lock(options["lock"], options["wear"], no_lock=options["no_lock"]))


def _light(avatar: Avatar | None, *, light: str, light_turn: float, **_: Any) -> Lighting:
    """Return the light that is asked for; the avatar is needed for its photo's only."""
    from dressform.runtime.render.lights import named_light

    return named_light(light, None if avatar is None else avatar.light, math.radians(light_turn))


def _lock(named: Path | None, wear: Sequence[str], *, no_lock: bool) -> Path | None:
    """Return the lock that tells which versions are worn, or None; one that was not named is said to be used.

    Raises:
        UsageError: When one is named and none is wanted.
        InputError: When the one that is named cannot be read.
    """
    from dressform.assets.lock import LOCK_FILE, read_lock

    if named is not None and no_lock:
        raise UsageError("give either --lock FILE or --no-lock")
    if not wear or no_lock:
        return None
    if named is not None:
        read_lock(named)
        return named
    found = Path(LOCK_FILE)
    if not found.is_file():
        return None
    click.echo(f"versions as {LOCK_FILE} names them; --no-lock for the newest", err=True)
    return found


def _write(avatar: Avatar | Path, progress: Progress, checked: _Checked, **options: Any) -> VideoReport:
    """Render what was checked."""
    from dressform.runtime.avatar.avatar_file import Avatar
    from dressform.runtime.session import Look, TryOn

    if options["light"] == "photo" and not isinstance(avatar, Avatar):
        avatar = Avatar.load(avatar)
    light = _light(avatar if isinstance(avatar, Avatar) else None, **options)
    drawn = {name: options[name] for name in ("preset", "raster", "samples")}
    look = Look(background=checked.background, lighting=light, **drawn)
    tryon = TryOn(
        avatar,
        options["wear"],
        library=options["library"],
        lock=checked.lock,
        size=options["size"],
        device=options["device"],
        look=look,
        refine=options["refine"],
        field=options["field"],
    )
    if options["simulated"] is not None:
        tryon.replay(options["simulated"])
    for reason in tryon.unusable_fields.values():
        click.echo(f"posed without its field: {reason}", err=True)
    chosen = {name: options[name] for name in ("seconds", "fps", "codec", "file_format")}
    outputs = target_of(options).outputs
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        return tryon.write(
            options["out"], options["motion"], **chosen, shot=checked.shot, outputs=outputs, progress=progress
        )


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    """Show what a run warns of as a line, without the place in the code."""
    click.echo(f"warning: {message}", err=True)


def _print(report: VideoReport, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**asdict(report), "path": str(report.path)}, indent=2))
    else:
        fps, frames = report.frames / report.seconds, "1 frame" if report.frames == 1 else f"{report.frames} frames"
        click.echo(f"{report.path}: {frames} in {report.seconds:.1f} s ({fps:.0f} a second)")
