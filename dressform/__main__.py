"""`python -m dressform` and the `dressform` script: run the command line and turn errors into one line."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType
from typing import NoReturn

import click

from dressform.cli import cli
from dressform.schemas.errors import DressformError


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line, with this process's arguments when None."""
    run_command(cli, "dressform", arguments)


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def run_command(command: click.Command, name: str, arguments: list[str] | None = None) -> NoReturn:
    """Run a command; exit with 0 when good, 1 for a failed job or findings, 2 for wrong use."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)  # so that a stopped job takes its half-written files away
    try:
        code = command.main(args=arguments, prog_name=name, standalone_mode=False)
    except DressformError as error:
        click.echo(f"{name}: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"{name}: interrupted", err=True)
        sys.exit(1)
    except BrokenPipeError:
        # the reader of our output went away; without this Python complains again while it shuts down
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
