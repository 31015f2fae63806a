"""The picture of docs/fit.md: a T-shirt in all sizes on a thin, an average and a heavy body."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from PIL import Image

from dressform.assets.atomic import write_bytes
from dressform.assets.library import STARTER, Library
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.body_range import ranged_body
from dressform.runtime.fit.cut import Cut
from dressform.runtime.fit.fit import fit_garment
from dressform.runtime.fit.picture import fit_picture, stacked

BODIES = ("thin woman", "average man", "heavy man")


def main() -> None:
    """Draw it, scaled to a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path, help="JPEG to write")
    parser.add_argument("--wear", default="tee", help="which garment of the starter library")
    options = parser.parse_args()
    cut = Cut.of(Library.open(STARTER).resolve(options.wear), "anny")
    sheets = []
    for name in BODIES:
        rest = ranged_body(load_anny(), name)
        sheets.append(fit_picture(fit_garment(rest, cut), rest))
    file = io.BytesIO()
    page = Image.fromarray(stacked(sheets))
    page.resize((page.width * 2 // 3, page.height * 2 // 3), Image.Resampling.LANCZOS).save(file, "JPEG", quality=84)
    write_bytes(options.path, file.getvalue())


if __name__ == "__main__":
    main()
