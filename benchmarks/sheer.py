"""What a frame with a garment in sheer cloth costs beside the same in its own cloth, and how steady its picture is."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import rich_click as click
from numpy.typing import NDArray

from dressform.authoring.fabrics.fabric import fabric
from dressform.authoring.fabrics.material import fabric_material
from dressform.runtime import session
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.worn import dressed_garments
from dressform.runtime.render.scene import Lighting
from dressform.runtime.render.shot import Shot
from dressform.runtime.session import Look, TryOn

from .wardrobe import canonical_avatar, wardrobe
from .wardrobe_pictures import jpeg_within

WEAR = ("trousers", "long-sleeve", "circle-skirt")
SKIRT = {"circle-skirt": (0.62, 0.42, 0.44)}
SHIRT = {"shirt": (0.75, 0.78, 0.85)}
FRAMES, BLOCK = 100, 20
SHEET_SIZE, SHEET_BYTES = (360, 480), 150_000
_FIRM = ("button", "zip")  # materials of trims
_JUMP = 24  # levels of 255


def run(frames: int = FRAMES) -> dict[str, Any]:
    """Render a walk twice, in turn: the skirt over trousers in its poplin, and in chiffon."""
    results: dict[str, Any] = {"wear": list(WEAR), "preset": "realtime", "frames": frames}
    for size in ((512, 512), (1024, 1024)):
        results[f"{size[0]}x{size[1]}"] = _compared(size, frames)
    return results


def _compared(size: tuple[int, int], frames: int) -> dict[str, float]:
    """Return processor milliseconds a frame, the median of blocks, and how many of 10,000 pixels flicker."""
    plain, sheer = dressed(WEAR, {}, size), dressed(WEAR, SKIRT, size)
    streams = {name: each.stream("catwalk") for name, each in (("opaque", plain), ("sheer", sheer))}
    spent: dict[str, list[float]] = {name: [] for name in streams}
    jumps: dict[str, list[float]] = {name: [] for name in streams}
    share = 0.0
    # frames are made ahead on threads of their own, so that only many of them together can be told apart
    for block, (name, stream) in itertools.product(range(1 + frames // BLOCK), streams.items()):
        started, kept = time.process_time(), []
        for frame in itertools.islice(stream, BLOCK):
            kept.append(frame.rgb.copy())
        if block:
            spent[name].append(1e3 * (time.process_time() - started) / BLOCK)
        jumps[name] += [_jumps(kept[at : at + 3]) for at in range(BLOCK - 2)]
        share = frame.visible["circle-skirt"]
    return {
        **{f"{name}_ms": round(statistics.median(each), 1) for name, each in spent.items()},
        "skirt_share": round(share, 3),
        **{f"flicker_{name}": round(1e4 * statistics.mean(each), 2) for name, each in jumps.items()},
    }


def _jumps(three: list[NDArray[np.uint8]]) -> float:
    """Return the share of pixels that are in the middle one of three frames far from both others, to the same side."""
    before, now, after = (frame.astype(np.int16) for frame in three)
    there, back = now - before, now - after
    jumped = (np.minimum(np.abs(there), np.abs(back)) > _JUMP) & (np.sign(there) == np.sign(back))
    return float(jumped.any(axis=-1).mean())


def dressed(
    wear: tuple[str, ...], sheer: Mapping[str, tuple[float, float, float]], size: tuple[int, int], **look: Any
) -> TryOn:
    """Return the canonical body in garments of the starter wardrobe, some of them in chiffon.

    Args:
        wear: What is worn.
        sheer: Linear colours by the names of garments that are made of chiffon instead.
        size: (width, height) [px].
        look: Options of `Look`.
    """
    with _made_of_chiffon(sheer):
        return TryOn(canonical_avatar(), wear, library=wardrobe(), size=size, look=Look(**look))


def sheet() -> NDArray[np.uint8]:
    """Draw a skirt, a shirt and a dress of chiffon with the `quality` preset, in studio and daylight."""
    scenes: tuple[tuple[tuple[str, ...], dict[str, tuple[float, float, float]]], ...] = (
        (("circle-skirt",), SKIRT),
        (("trousers", "shirt"), SHIRT),
        (("dress",), {"dress": (0.1, 0.3, 0.25)}),
    )
    rows = []
    for light in (Lighting.studio(), Lighting.daylight()):
        shown = [dressed(wear, sheer, SHEET_SIZE, preset="quality", lighting=light) for wear, sheer in scenes]
        still = Shot(at=0.5)
        rows.append(np.hstack([next(iter(tryon.stream("catwalk", shot=still))).rgb.copy() for tryon in shown]))
    return np.vstack(rows)


@contextmanager
def _made_of_chiffon(sheer: Mapping[str, tuple[float, float, float]]) -> Iterator[None]:
    def restyled(*args: Any, **options: Any) -> list[DressedGarment]:
        return [_restyled(each, sheer.get(each.name)) for each in dressed_garments(*args, **options)]

    with mock.patch.object(session, "dressed_garments", restyled):
        yield


def _restyled(garment: DressedGarment, color: tuple[float, float, float] | None) -> DressedGarment:
    if color is None:
        return garment
    chiffon = fabric("chiffon")
    materials = tuple(
        each if each.name.startswith(_FIRM) else fabric_material(chiffon, each.name, sheet_m=1.0, base_color=color)
        for each in garment.mesh.materials
    )
    return replace(garment, mesh=replace(garment.mesh, materials=materials))


@click.command()
@click.argument("picture", type=click.Path(path_type=Path))
def main(picture: Path) -> None:
    """Draw garments of chiffon."""
    picture.write_bytes(jpeg_within(sheet(), SHEET_BYTES))


if __name__ == "__main__":
    main()
