"""Options of what a rendered picture shows besides people, and of what is written of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from .finite import FiniteRange

if TYPE_CHECKING:
    from dressform.runtime.render.scene import Background
    from dressform.runtime.render.shot import Shot
    from dressform.runtime.video.target import Target

CODECS = ["h264", "hevc", "av1", "prores", "vp9"]
CODEC_HELP = "Video codec; by the file's name when not given. prores (*.mov) and vp9 (*.webm) keep transparency."
OUTPUTS_HELP = "What a folder, EXR or NPZ holds: rgb,alpha,shadow,depth,normals,view-normals,segments,coverage,uv,…"
BACKGROUND_HELP = "studio, transparent, a colour (#e8e4df), two with a comma (from top to bottom), or a picture file."
AT_HELP = "A still of this moment [s]; with --turntable, the pose that is held."
OUT_HELP = "*.mp4, *.mov, *.webm; *.png, *.exr, *.npz for a still; else a folder of pictures."
Command = TypeVar("Command", bound=Callable[..., Any])


def picture_options(command: Command) -> Command:
    """Add the options."""
    ending = click.Choice(["png", "exr", "npz"])
    options = (
        click.option("--codec", type=click.Choice(CODECS), help=CODEC_HELP),
        click.option("--outputs", default="rgb", metavar="NAME,…", help=OUTPUTS_HELP),
        click.option("--format", "file_format", type=ending, help="Of a folder's pictures; png when not given."),
        click.option("--at", type=FiniteRange(0, 86400), help=AT_HELP),
        click.option("--turntable", is_flag=True, help="The camera goes once around the person, without a seam."),
        click.option("--background", default="studio", help=BACKGROUND_HELP),
        click.option("--shadow", type=FiniteRange(0, 1), default=1, help="Strength of the shadow on the ground."),
        click.option("--samples", type=click.IntRange(1, 8), help="Samples per pixel side, not the preset's."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def target_of(options: dict[str, Any]) -> Target:
    """Return where options say that frames go."""
    from dressform.runtime.video.target import Target

    names = tuple(name.strip() for name in options["outputs"].split(",") if name.strip())
    clear = options["background"] == "transparent"
    out: Path = options["out"]
    return Target(out, options["size"], options["fps"], options["codec"], names, options["file_format"], clear)


def shot_of(options: dict[str, Any]) -> Shot:
    """Return what part of the motion options ask for."""
    from dressform.runtime.render.shot import Shot

    return Shot(options["at"], options["turntable"])


def background_of(options: dict[str, Any]) -> Background:
    """Return what is behind the person."""
    from dressform.runtime.render.background_named import background_named

    return background_named(options["background"], ground=options["shadow"])
