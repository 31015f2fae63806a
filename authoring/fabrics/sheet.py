"""One picture of all fabrics, for the docs: python -m dressform.authoring.fabrics.sheet docs/images/fabrics.jpg."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from dressform.assets.atomic import write_bytes

from .fabric import Fabric, fabric, fabric_names
from .swatch import swatch
from .tile import fabric_tile

_SIDE = 360  # [px] of a swatch
_CAPTION = 40  # [px]
_COLUMNS = 4
_WIDTHS = (0.02, 0.10)  # [m] close by, and at arm's length


def sheet() -> Image.Image:
    """Draw every fabric twice: 2 cm and 10 cm wide."""
    found = [fabric(name) for name in fabric_names()]
    rows = -(-len(found) // (_COLUMNS // 2))
    out = Image.new("RGB", (_COLUMNS * _SIDE, rows * (_SIDE + _CAPTION)), (250, 250, 248))
    for number, one in enumerate(found):
        row, column = divmod(number, _COLUMNS // 2)
        _paste(out, one, column * 2 * _SIDE, row * (_SIDE + _CAPTION))
    return out


def _paste(out: Image.Image, one: Fabric, left: int, top: int) -> None:
    tile = fabric_tile(one)
    for number, width in enumerate(_WIDTHS):
        small = Image.fromarray(swatch(one, width, tile=tile)).resize((_SIDE - 4, _SIDE), Image.Resampling.LANCZOS)
        out.paste(small, (left + number * _SIDE, top + _CAPTION))
    # the font that Pillow brings has neither × nor ²
    text = f"{one.document['title'].replace('×', 'x')}, {one.physics['weight']:g} gsm"
    ImageDraw.Draw(out).text((left + 8, top + 10), text, fill=(20, 20, 20), font=ImageFont.load_default(20))


def main() -> None:
    """Write the picture to the path that is given."""
    file = io.BytesIO()
    sheet().save(file, "JPEG", quality=72)
    write_bytes(Path(sys.argv[1]), file.getvalue())


if __name__ == "__main__":
    main()
