"""`python -m dressform` and the `dressform` script: run the command line and turn errors into one line."""

from __future__ import annotations

import os
import sys

import click

from dressform.cli import cli
from dressform.schemas.errors import DressformError


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exit with 0 when good, 1 for a failed job or findings, 2 for wrong use."""
    try:
        code = cli.main(args=arguments, prog_name="dressform", standalone_mode=False)
    except DressformError as error:
        click.echo(f"dressform: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("dressform: interrupted", err=True)
        sys.exit(1)
    except BrokenPipeError:
        # the reader of our output went away; without this Python complains again while it shuts down
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
