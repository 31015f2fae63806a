"""The command line: composes the command groups, each loaded only when it is asked for."""

from __future__ import annotations

import importlib

import rich_click as click

import dressform

# command name -> (module, attribute, one line for the list)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "garment": ("dressform.commands.garment", "garment", "Build garment templates from meshes, step by step or at once."),
    "pattern": ("dressform.commands.pattern", "pattern", "Make parametric garments."),
    "library": ("dressform.commands.library", "library", "List, publish, resolve and verify templates."),
    "validate": ("dressform.commands.validate", "validate", "Check drafts, versions and libraries."),
    "avatar": ("dressform.commands.avatar", "avatar", "Make avatars from a photo or from numbers."),
    "motion": ("dressform.commands.motion", "motion", "List and make motions."),
    "render": ("dressform.commands.render", "render", "Render an avatar wearing garments to a video."),
    "tryon": ("dressform.commands.render", "tryon", "Photo in, try-on video out."),
    "bench": ("dressform.commands.bench", "bench", "Run a benchmark."),
    "models": ("dressform.commands.models", "models", "Fetch and list pinned model files."),
    "doctor": ("dressform.commands.doctor", "doctor", "Show versions, devices, caches and what is missing."),
}


class LazyGroup(click.RichGroup):
    """A group whose commands are imported on first use, so that `dressform --help` stays instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command, or None when there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry[2]) for name, entry in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(dressform.__version__, prog_name="dressform")
def cli() -> None:
    """Garment templates with learned fit, and a try-on renderer that runs on a laptop.

    Example: dressform tryon photo.jpg --consent self --wear tee --wear trousers --motion catwalk -o out.mp4
    """
