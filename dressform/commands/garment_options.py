"""Arguments and options that several commands of `dressform garment` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

Function = TypeVar("Function", bound=Callable[..., Any])

SOURCE = click.argument("source", type=click.Path(path_type=Path))
DRAFT = click.argument("draft", type=click.Path(path_type=Path))
OUT = click.option(
    "-o", "--output", "folder", type=click.Path(path_type=Path), required=True, help="Folder of the draft."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")


def together(*options: Callable[[Any], Any]) -> Callable[[Function], Function]:
    """Return one decorator that adds several options, in the order given."""

    def add(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return add


IMPORT = together(
    click.option("--name", help="Name of the template; by default the file's."),
    click.option("--category", help="Such as tee, shirt, trousers, dress; by default told from the name or the shape."),
    click.option("--units", help="mm, cm, dm, m or inch; by default what the file says or its size suggests."),
    click.option("--up", help="The file's up axis, y or z; by default what the file says or its shape suggests."),
    click.option("--licence", help="SPDX identifier, such as CC0-1.0."),
    click.option("--author", "authors", multiple=True, help="Who made it; repeat for several."),
    click.option("--tag", "tags", multiple=True, help="A word to find it by, such as summer; repeat for several."),
    click.option(
        "--pick", multiple=True, help="Take only this object of the file (`*` for any text); repeat for more."
    ),
)
SMPLX = click.option(
    "--smplx",
    type=click.Path(path_type=Path),
    help="Rig it to this SMPL-X model file (.npz) as well; it is not copied.",
)
PLACE_FILE = click.option(
    "--place",
    "place_file",
    type=click.Path(path_type=Path),
    help="JSON file of corrections to the place: keep, translate, rotate_deg, yaw_deg, scale, arm_angle_deg, gap.",
)
TRIANGLES = click.option(
    "--triangles",
    type=int,
    help="Collapse a mesh of more triangles to so many, 0 for never; by default one of over 200,000 to 100,000.",
)
LOOK = together(
    click.option("--color", help="Of materials without a texture: a CSS name or #rrggbb."),
    click.option("--stripe", help="A second colour, in level stripes."),
    click.option("--fresh-atlas", is_flag=True, help="Make a new atlas even when the artist's UVs could serve."),
)
