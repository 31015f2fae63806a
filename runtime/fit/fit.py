"""Trying all sizes of a garment on a body, each at its real size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.garment.fitting import band_of, fit_garments
from dressform.runtime.garment.real_size import principal_strain
from dressform.runtime.geometry.normals import face_areas
from dressform.schemas.errors import InputError, UsageError
from dressform.schemas.progress import Progress, silent

from .cut import Cut
from .judge import misfit, off_design, range_notes, recommend, verdict
from .regions import REGIONS, Region, regions
from .report import GarmentFit, RegionFit, SizeFit

ON_FLOOR = 0.01  # [m] below the soles from which cloth is too long
# the measure that a size states for each region; hems are at no fixed place
MEASURE_OF = {
    "neck": "neck",
    "chest": "chest",
    "waist": "waist",
    "hip": "hip",
    "sleeve": "upper_arm",
    "thigh": "thigh",
}


def fit_garment(rest: RestBody, cut: Cut, sizes: Sequence[str] = (), *, progress: Progress = silent) -> GarmentFit:
    """Try sizes of a garment on a body.

    Args:
        rest: The body.
        cut: The garment, with rigs for the body's family.
        sizes: Those to try; all when empty.
        progress: Told after every size.

    Raises:
        UsageError: When a size is not one of the garment's.
        InputError: When nothing of the garment goes round the body.
    """
    unknown = next((size for size in sizes if size not in cut.meshes), None)
    if unknown is not None:
        raise UsageError(f"{cut.label} has no size {unknown!r}; it has {', '.join(cut.meshes)}")
    tried = [size for size in cut.meshes if not sizes or size in sizes]
    design = design_eases(cut)
    fits: dict[str, SizeFit] = {}
    for count, size in enumerate(tried, 1):
        fits[size] = fit_size(rest, cut, size, design)
        progress(count / len(tried), f"size {size}")
    found = {name for fit in fits.values() for name in fit.regions}
    recommended, reason = recommend(fits)
    lacks = tuple(name for name in REGIONS if name not in found)
    notes = range_notes(rest.measures().as_dict(), cut.measures, found)
    below = -float(fits[recommended].points[:, 2].min())
    if below > ON_FLOOR:
        notes.append(f"size {recommended} is {100 * below:.0f} cm too long for this body standing barefoot")
    return GarmentFit(cut.label, fits, recommended, reason, lacks, tuple(notes))


def fit_size(rest: RestBody, cut: Cut, size: str, design: Mapping[str, float]) -> SizeFit:
    """Try one size on; `design` is the ease that each region is designed with, from `design_eases` [m]."""
    garment = cut.garment(size)
    solver = garment.real_size
    (start,) = fit_garments(rest, [garment])
    worn = solver.worn(start, rest.vertices, rest.body.faces, band=band_of(garment, rest))
    return judge_worn(rest, cut, size, worn.points, design, pressure=worn.pressure, soft=solver.soft)


def judge_worn(
    rest: RestBody,
    cut: Cut,
    size: str,
    points: NDArray[np.float32],
    design: Mapping[str, float],
    *,
    pressure: NDArray[np.float32] | None = None,
    soft: NDArray[np.bool_] | None = None,
) -> SizeFit:
    """Judge a size by where its points lie on a body, however they came there: a simulation's drape will do too.

    Args:
        rest: The body in its rest pose.
        cut: The garment.
        size: Which of its sizes.
        points: float32 [V, 3] [m].
        design: The ease that each region is designed with [m].
        pressure: float32 [V] on the skin [Pa]; none when None.
        soft: bool [V] which points are of soft cloth; those of its outer cloth when None.

    Raises:
        InputError: When nothing of the garment goes round the body.
    """
    mesh, cloth = cut.meshes[size], cut.garment(size).cloth
    found = regions(rest, points, mesh.points, cloth)
    if not found:
        raise InputError(
            f"{cut.label}: its fit cannot be judged; needed cloth that goes round the neck, trunk, an arm or a leg, "
            "found none; a hat, a bag or jewellery has no fit to judge"
        )
    if soft is None:
        soft = np.isin(np.arange(len(points)), cloth)
    if pressure is None:
        pressure = np.zeros(len(points), np.float32)
    whole = soft[mesh.faces].all(axis=1)
    strain = np.where(whole, principal_strain(mesh.points, points, mesh.faces), 0.0)
    stretched, areas = np.maximum(strain[whole], 0.0), face_areas(mesh.points, mesh.faces)[whole]
    known = {name: region for name, region in found.items() if name in design}
    offs = {name: off_design(region.ease, design[name], region.body) for name, region in known.items()}
    return SizeFit(
        size=size,
        regions={name: _region(region, design[name], pressure) for name, region in known.items()},
        stretch_mean_percent=100 * float(np.average(stretched, weights=areas)) if len(areas) else 0.0,
        stretch_p95_percent=100 * _percentile(stretched, areas, 0.95),
        misfit=misfit(offs),
        points=points,
        faces=mesh.faces,
        strain=strain.astype(np.float32),
        pressure=pressure,
    )


def design_eases(cut: Cut) -> dict[str, float]:
    """Return the ease of each region that the default size has on the body it is made for [m]."""
    mesh, made_on = cut.meshes[cut.default], canonical_rest()
    found = regions(made_on, mesh.points, mesh.points, cut.garment(cut.default).cloth)
    body, stated = made_on.measures().as_dict(), cut.measures.get(cut.default, {})
    eases = {}
    for name, region in found.items():
        measure = MEASURE_OF.get(name, "")
        eases[name] = region.ease + (body[measure] - stated[measure] if stated.get(measure, 0) > 0 else 0.0)
    return eases


def _region(region: Region, design: float, pressure: NDArray[np.float32]) -> RegionFit:
    kilopascals = float(pressure[region.ring.points].mean()) / 1000
    return RegionFit(
        ease_cm=100 * region.ease,
        design_cm=100 * design,
        body_cm=100 * region.body,
        garment_cm=100 * region.ring.cut,
        strain_percent=100 * region.ring.strain,
        pressure_kpa=kilopascals,
        verdict=verdict(region.ease, design, region.body, kilopascals),
        is_open=not region.ring.is_closed,
    )


def _percentile(values: NDArray[np.float64], weights: NDArray[np.float64], share: float) -> float:
    """Return the value [K] below which a share of the weights [K] lies; 0 where there is none."""
    if not len(values):
        return 0.0
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, share * total[-1])])
