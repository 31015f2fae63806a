"""The command line: composes the command groups, each loaded only when it is asked for."""

from __future__ import annotations

import importlib

import rich_click as click

import dressform

# command name -> (module, attribute); these modules import heavy packages only inside their commands
COMMANDS: dict[str, tuple[str, str]] = {
    "garment": ("dressform.commands.garment", "garment"),
    "pattern": ("dressform.commands.pattern", "pattern"),
    "fabric": ("dressform.commands.fabric", "fabric"),
    "library": ("dressform.commands.library", "library"),
    "validate": ("dressform.commands.validate", "validate"),
    "fit-matrix": ("dressform.commands.fit_matrix", "fit_matrix"),
    "fit": ("dressform.commands.fit", "fit"),
    "simulate": ("dressform.commands.simulate", "simulate"),
    "avatar": ("dressform.commands.avatar", "avatar"),
    "motion": ("dressform.commands.motion", "motion"),
    "render": ("dressform.commands.render", "render"),
    "tryon": ("dressform.commands.render", "tryon"),
    "bench": ("dressform.commands.bench", "bench"),
    "models": ("dressform.commands.models", "models"),
    "doctor": ("dressform.commands.doctor", "doctor"),
}


# commands that never reach a kernel, or quieten Warp themselves when they do
WITHOUT_WARP = {"fabric", "library", "models", "motion", "validate"}


class LazyGroup(click.RichGroup):
    """A group whose commands are imported on first use, so that one command does not pay for another."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command, or None when there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is to run, and keep Warp's greeting off the standard output it will write to."""
        name, command, rest = super().resolve_command(ctx, args)
        publishes = rest[:1] == ["publish"]
        if (name not in WITHOUT_WARP or publishes) and not {"-h", "--help"} & set(rest):
            from dressform.commands.quiet import quieten_warp

            quieten_warp()
        return name, command, rest


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(dressform.__version__, prog_name="dressform")
def cli() -> None:
    """Garment templates with learned fit, and a try-on renderer that runs on a laptop.

    Example: dressform tryon photo.jpg --consent self --wear tee --wear trousers --motion catwalk -o out.mp4
    """
