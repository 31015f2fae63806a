"""One to three layers over motions: their order, the body inside them, jumps between frames and the time it takes.

Run `dressform bench layers`, or `python -m dressform.benchmarks.layers --library FOLDER` for another library. Garments
wear their fields where they carry any.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rich_click as click
import warp as wp
from numpy.typing import NDArray

from dressform.assets.library import Library
from dressform.runtime.body.canonical import CANONICAL_SHAPE, canonical_rest
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.outfit import Outfit
from dressform.runtime.garment.penetration import NOTHING
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import face_normals
from dressform.runtime.motion.playback import play
from dressform.runtime.motion.procedural import motion

from .penetration import SHAPES, core_ms, percent
from .wardrobe import wardrobe

OUTFITS = (("tee",), ("trousers",), ("trousers", "tee"), ("trousers", "tee", "jacket"))
BODIES = ("canonical", "heavy woman", "thin man")
MOTIONS = ("catwalk", "turn", "arms-raise")
FPS, SECONDS, EVERY = 24, 4, 16  # every 16th frame of 4 seconds is tested for penetration, all for jumps and time
OVER = 0.001  # [m] cloth that far over the layer above it shows
NEAR = 0.02  # [m] further over it, it is beside it: an arm beside the body
ASIDE = 0.002  # [m] and that far beside its border nothing covers it


def run(library: Path | str | None = None) -> dict[str, Any]:
    """Return the figures of each outfit over all bodies and motions, the worst of them.

    Returns:
        For each outfit: percentages of drawn cloth over the layer above it and of cloth inside the body before and
        after push-out and of layers inside lower ones; the second difference over frames of the points of cloth,
        as skinned, after push-out and of the push alone, largest and 99.9th percentile [mm]; and the time of the
        push-out, on one core, without waiting [ms].
    """
    store = wardrobe() if library is None else Library.open(library)
    return {" + ".join(names): _worst(store, names) for names in OUTFITS}


def _worst(library: Library, names: Sequence[str]) -> dict[str, Any]:
    rows: dict[tuple[str, str], dict[str, float]] = {}
    for name in BODIES:
        outfit = _dressed(library, names, SHAPES[name])
        rows |= {(name, clip): _played(outfit, clip) for clip in MOTIONS}
    keys = next(iter(rows.values()))
    worst: dict[str, Any] = {key: max(row[key] for row in rows.values()) for key in keys}
    worst["push_out_ms"] = round(statistics.median(row["push_out_ms"] for row in rows.values()), 2)
    where = max(rows, key=lambda row: rows[row]["push_jump_mm"])
    return {**worst, "push_jump_at": f"{where[0]}, {where[1]}"}


def _dressed(library: Library, names: Sequence[str], shape: dict[str, float]) -> Outfit:
    rest = canonical_rest().body.rest({**CANONICAL_SHAPE, **shape})
    garments = []
    for order, name in enumerate(names):
        version = library.resolve(name)
        layer = int(version.manifest.get("layer", order))
        mesh, rig = version.mesh(), version.rig(rest.body.family)
        garments.append(DressedGarment(name, mesh, rig, layer, field=version.field(), size=version.size))
    return Outfit(rest, garments)


def _played(outfit: Outfit, clip: str) -> dict[str, float]:
    shown = [~hidden for hidden in outfit.hidden_cloth()]
    out = wp.zeros(sum(outfit.vertex_counts), dtype=wp.vec3)
    before, after, layers = NOTHING, NOTHING, NOTHING
    over, drawn, times = 0, 0, []
    skinned, pushed = [], []
    for frame, pose in enumerate(play(motion(clip), outfit.rest, FPS, SECONDS)):
        transforms = outfit.rest.skin_transforms(pose)
        spent = [core_ms(outfit, transforms, out, push_out=False)]
        skinned.append(out.numpy().copy())
        spent.append(core_ms(outfit, transforms, out, push_out=True))
        times.append(spent[1] - spent[0])
        pushed.append(out.numpy().copy())
        if frame % EVERY == 0:
            before, after = before + outfit.penetration(skinned[-1]), after + outfit.penetration(pushed[-1])
            layers = layers + outfit.layer_penetration(pushed[-1])
            for showing, all_drawn in layers_shown(outfit, pushed[-1], shown):
                over, drawn = over + showing, drawn + all_drawn
    cloth = [np.array(points)[:, outfit.vertex_counts[0] :] for points in (skinned, pushed)]
    return {
        "inner_over_outer_pct": round(100 * over / max(drawn, 1), 3),
        "in_body_before_pct": percent(before),
        "in_body_after_pct": percent(after),
        "in_lower_layer_pct": percent(layers),
        **_jumps("skinned", cloth[0]),
        **_jumps("pushed", cloth[1]),
        **_jumps("push", cloth[1] - cloth[0]),
        "push_out_ms": round(statistics.median(times), 2),
    }


def _jumps(name: str, points: NDArray[np.float32]) -> dict[str, float]:
    """Return the second difference over frames [F, V, 3] of points: the largest, and the 99.9th percentile [mm]."""
    lengths = np.linalg.norm(np.diff(points, n=2, axis=0), axis=2)
    return {
        f"{name}_jump_mm": round(1e3 * float(lengths.max()), 1),
        f"{name}_jump_p999_mm": round(1e3 * float(np.quantile(lengths, 0.999)), 1),
    }


def layers_shown(
    outfit: Outfit, vertices: NDArray[np.float32], shown: Sequence[NDArray[np.bool_]]
) -> Iterator[tuple[int, int]]:
    """Yield, for each garment over each one below it, how many drawn triangles below show through, and of how many.

    Args:
        outfit: What is worn.
        vertices: Those that `Outfit.pose` wrote [V, 3] [m].
        shown: Which triangles [F] of each garment are drawn.
    """
    parts = outfit.split(vertices)[1:]
    for outer in range(1, len(parts)):
        above = outfit.garments[outer].unfolded
        surface = Surface(parts[outer], above, sign="normal")
        normals = face_normals(parts[outer], above)
        for inner in range(outer):
            faces = outfit.garments[inner].mesh.faces[shown[inner]]
            centres = parts[inner][faces].mean(axis=1)
            own = face_normals(parts[inner], faces)
            found = surface.closest_facing(centres, own, cosine=0.2, reach=NEAR)
            met = found.triangles >= 0
            off = centres[met] - found.points[met]
            heights = np.einsum("fc,fc->f", off, normals[found.triangles[met]])
            aside = np.linalg.norm(off - heights[:, None] * normals[found.triangles[met]], axis=1)
            yield int(((heights > OVER) & (aside < ASIDE)).sum()), len(faces)


@click.command()
@click.option("--library", type=click.Path(exists=True, path_type=Path), help="A library with other garments.")
def main(library: Path | None) -> None:
    """Print the figures of each outfit."""
    for outfit, figures in run(library).items():
        click.echo(f"{outfit}: {figures}")


if __name__ == "__main__":
    main()
