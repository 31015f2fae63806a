"""`dressform motion`: the motions that come with dressform."""

from __future__ import annotations

import json
from pathlib import Path

import rich_click as click


@click.group()
def motion() -> None:
    """List motions and write them to files.

    Example: dressform motion make catwalk -o catwalk.safetensors
    """


@motion.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_motions(as_json: bool) -> None:
    """List the motions that `render` and `tryon` know by name.

    Example: dressform motion list --json
    """
    from dressform.runtime.motion.procedural import DESCRIPTIONS, MOTIONS
    from dressform.runtime.motion.procedural import motion as make

    clips = [make(name) for name in MOTIONS]
    if as_json:
        rows = [
            {"name": c.name, "seconds": c.seconds, "loop": c.loop, "description": DESCRIPTIONS[c.name]} for c in clips
        ]
        click.echo(json.dumps({"motions": rows}))
        return
    for clip in clips:
        click.echo(f"{clip.name:<12} {clip.seconds:5.1f} s  {DESCRIPTIONS[clip.name]}")


@motion.command("make")
@click.argument("name")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write; .json for a readable document, else safetensors.",
)
def make_motion(name: str, output: Path) -> None:
    """Write a motion as a clip file.

    Example: dressform motion make catwalk -o catwalk.safetensors
    """
    from dressform.runtime.motion.procedural import motion as make

    make(name).write(output)
    click.echo(output)
