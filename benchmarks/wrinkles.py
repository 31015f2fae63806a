"""What wrinkles do to shading, on samples that training never saw: on a garment and on its levels of detail.

Run `python -m dressform.benchmarks.wrinkles --samples FOLDER`, a folder of simulated cloth as `dressform garment learn`
makes. A field is trained on its training samples; then normals at places all over the atlas are compared with those of
the simulation, as the mesh alone gives them and as pixels are shaded with the wrinkles.
"""

from __future__ import annotations

import dataclasses
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rich_click as click
import warp as wp
from numpy.typing import NDArray

from dressform.assets.files.digests import topology_digest
from dressform.assets.files.field import Field, lod_field
from dressform.assets.files.field_file import as_written, field_bytes
from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.lod import lod_rig
from dressform.authoring.learn.fit_field import fit_field
from dressform.authoring.learn.gather import dressed_groups, gather
from dressform.authoring.learn.learn import BODY
from dressform.authoring.learn.plan import Split
from dressform.authoring.learn.samples import SampleSet, load_samples
from dressform.authoring.steps._lod_mesh import make_levels
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.outfit import Outfit
from dressform.runtime.garment.wrinkle_texels import SIDE, wrinkle_texels
from dressform.runtime.garment.wrinkles import shaded_normals
from dressform.runtime.geometry.normals import vertex_normals
from dressform.runtime.geometry.rotations import quat_to_matrix
from dressform.runtime.render.devices import device_named
from dressform.schemas.documents import dump_json

Floats = NDArray[np.float32]

RATIOS = (0.5, 0.2)  # of `dressform garment lod`
SPLITS: tuple[Split, ...] = ("poses", "bodies")
LAUNCHES = 200
APART = 3  # texels over which normals are seen to vary: 15 mm on the T-shirt


class _Level(NamedTuple):
    """One level of detail, and where on it the compared places lie."""

    mesh: GarmentMesh
    points: NDArray[np.int32]
    corners: NDArray[np.int32]
    weights: Floats

    def read(self, values: Floats) -> Floats:
        """Return values given per point of the level at the compared places."""
        return np.asarray(np.einsum("nc,ncx->nx", self.weights, values[self.corners]), np.float32)


class _Worn(NamedTuple):
    """A level of detail on a body."""

    level: _Level
    outfit: Outfit
    out: Any
    relief: Any


def run(samples: Path) -> dict[str, Any]:
    """Return by split and level mean angles [degrees] and how much normals vary; what wrinkles take [MB] and [ms]."""
    device_named("cpu")  # keeps Warp from printing between the figures
    held = load_samples(samples)
    field = _trained(held)
    assert field.wrinkles is not None
    places, levels = _levels(held.meshes[held.garment.default_size], field)
    pairs = _pairs(places)
    found: dict[tuple[str, int], list[tuple[float, ...]]] = defaultdict(list)
    costs: list[float] = []
    for split in SPLITS:
        for plain, part in dressed_groups(held, held.samples.of(split)):
            worn = list(_worn(held, plain.rest, plain.size, field, levels))
            for sample in part:
                transforms = plain.rest.skin_transforms(sample.pose)
                truth = _unit(levels[0].read(vertex_normals(sample.points, levels[0].mesh.faces)))
                first: tuple[Floats, Floats] | None = None
                for number, each in enumerate(worn):
                    own, shaded = _normals(each, transforms, places)
                    first = first or (own, shaded)
                    angles = [(own, truth), (shaded, truth), (own, first[0]), (shaded, first[1])]
                    varied = [_variation(normals, pairs) for normals in (own, shaded, truth)]
                    found[split, number].append((*(_apart(*pair) for pair in angles), *varied))
            costs.append(_milliseconds(worn[0], transforms))
    bare = dataclasses.replace(field, wrinkles=None)
    return {
        "levels": {
            f"{split}, level {number}": _figures(np.array(rows))
            for (split, number), rows in sorted(found.items(), key=lambda item: (item[0][1], item[0][0]))
        },
        "megabytes": round((len(field_bytes(field)) - len(field_bytes(bare))) / 1e6, 3),
        "field megabytes": round(len(field_bytes(field)) / 1e6, 3),
        "ms a frame on one core": round(float(np.median(costs)), 3),
    }


def _figures(rows: NDArray[np.float64]) -> dict[str, float]:
    """Return the figures of one level from those of its samples [N, 7]."""
    names = ("to the simulation", "to it with wrinkles", "to the garment itself", "to it with both wrinkled")
    angles = dict(zip(names, np.round(rows[:, :4].mean(axis=0), 2).tolist(), strict=True))
    plain, wrinkled, true = rows[:, 4:].sum(axis=0)
    ratios = {"variation": plain / true, "variation with wrinkles": wrinkled / true}
    return {**angles, **{name: round(float(ratio), 2) for name, ratio in ratios.items()}}


def _trained(samples: SampleSet) -> Field:
    mesh = samples.meshes[samples.garment.default_size]
    body_digest, topology = load_anny().topology_digest, topology_digest(mesh)
    fitted = fit_field(gather(samples), body=BODY, body_digest=body_digest, topology=topology)
    return as_written(fitted.field)


def _levels(mesh: GarmentMesh, field: Field) -> tuple[NDArray[np.int32], list[_Level]]:
    """Return the texels that lie on wrinkled cloth of every level, and the levels, the garment itself first."""
    meshes = [(mesh, np.arange(len(mesh.points), dtype=np.int32))]
    meshes += [(level.mesh, level.points) for level in make_levels(mesh, RATIOS)]
    found = []
    for each, points in meshes:
        texels = wrinkle_texels(each, np.arange(len(points), dtype=np.int32))
        assert texels is not None
        inside = np.isin(points, field.points)[texels.corners].all(axis=1) & (texels.barycentrics >= 0).all(axis=1)
        found.append((each, points, texels, np.flatnonzero(inside)))
    places = found[0][2].places[found[0][3]]
    for _, _, texels, rows in found[1:]:
        places = np.intersect1d(places, texels.places[rows])
    levels = []
    for each, points, texels, _ in found:
        at = np.searchsorted(texels.places, places)
        levels.append(_Level(each, points, texels.corners[at], texels.barycentrics[at]))
    return places, levels


def _worn(samples: SampleSet, rest: RestBody, size: str, field: Field, levels: list[_Level]) -> Iterator[_Worn]:
    """Yield the levels of one size of a garment worn by itself on a body."""
    whole, rig, fabric = samples.meshes[size], samples.rig(size), samples.garment.fabric
    for level in levels:
        mesh = dataclasses.replace(level.mesh, points=whole.points[level.points])
        own = lod_field(field, level.points)
        garment = DressedGarment(
            *(samples.garment.name, mesh, lod_rig(rig, level.points), 0),
            field=own,
            size=size,
            fabric=fabric,
            keeps_size=True,
            whole=whole,
        )
        outfit = Outfit(rest, [garment])
        out = wp.zeros(sum(outfit.vertex_counts), dtype=wp.vec3, device="cpu")
        yield _Worn(level, outfit, out, outfit.relief())


def _normals(worn: _Worn, transforms: Floats, places: NDArray[np.int32]) -> tuple[Floats, Floats]:
    """Return the unit normals [N, 3] at the places, the mesh's own and those that pixels are shaded by."""
    worn.outfit.pose(transforms, worn.out, relief=worn.relief)
    level = worn.level
    own = _unit(level.read(vertex_normals(worn.outfit.split(worn.out.numpy())[1], level.mesh.faces)))
    turns = worn.outfit.split(worn.relief.turns.numpy())[1]
    corners = turns[level.corners]
    corners = np.where((corners * corners[:, :1]).sum(axis=-1, keepdims=True) < 0, -corners, corners)
    turn = np.einsum("nc,ncx->nx", level.weights, corners)
    share = np.linalg.norm(turn, axis=1, keepdims=True)
    matrices = quat_to_matrix(turn / np.maximum(share, 1e-9))
    wrinkled = np.einsum("nab,nb->na", matrices, worn.relief.texels.numpy()[places]).astype(np.float32)
    return own, shaded_normals(own, wrinkled, share.astype(np.float32))


def _milliseconds(worn: _Worn, transforms: Floats) -> float:
    """Return what wrinkles add to the posing of a garment, on one core [ms]."""

    def median(pose: Callable[[], None]) -> float:
        spent = []
        for _ in range(LAUNCHES):
            started = time.thread_time()
            pose()
            spent.append(time.thread_time() - started)
        return 1e3 * float(np.median(spent))

    outfit, out, relief = worn.outfit, worn.out, worn.relief
    with_them = median(lambda: outfit.pose(transforms, out, push_out=False, relief=relief))
    return with_them - median(lambda: outfit.pose(transforms, out, push_out=False))


def _pairs(places: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows of places [M] that lie `APART` texels from each other in a row or a column of the atlas."""
    both = [np.intersect1d(places, places - step, return_indices=True)[1:] for step in (APART, APART * SIDE)]
    one, other = (np.concatenate(column) for column in zip(*both, strict=True))
    return one, other


def _variation(normals: Floats, pairs: tuple[NDArray[np.intp], NDArray[np.intp]]) -> float:
    return float(((normals[pairs[0]] - normals[pairs[1]]) ** 2).sum())


def _apart(one: Floats, other: Floats) -> float:
    return float(np.degrees(np.arccos((one * other).sum(axis=1).clip(-1, 1))).mean())


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)


@click.command()
@click.option("--samples", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(samples: Path) -> None:
    """Print the figures as JSON."""
    click.echo(dump_json({"atlas": SIDE, **run(samples)}).decode())


if __name__ == "__main__":
    main()
