"""A garment rigged to a body of another family than the one it was made on.

The other body takes the garment's pose; the garment is carried to it over the skin, brought back to its own shape
outside of it, and rigged there. Its weights then take it to the other body's own rest pose, so that skinning it back
gives exactly what was fitted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.rig import Rig, SizeBinding
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.joints import CANONICAL_JOINTS
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.garment.contacts import SKIN_GAP
from dressform.runtime.garment.penetration import body_penetration
from dressform.runtime.garment.rest_fit import settle
from dressform.runtime.garment.shape_transfer import bind, transfer
from dressform.runtime.garment.under import cloth_normals
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals
from dressform.runtime.geometry.rotations import moved_rigidly
from dressform.schemas.errors import InputError
from dressform.schemas.progress import Progress, silent

from ._body_wrap import wrap
from ._place_limbs import unposed
from ._place_relax import Obstacle, relax
from ._rig_overrides import Corrections
from ._rig_pieces import Cloth, cloth_of
from ._rig_transfer import dense_weights
from .rig import RigOptions, RigReport, rig_mesh, with_sizes

_AS_USUAL = RigOptions()
_NONE = Corrections()
_GAP = 0.003  # [m]
_NO_LENGTH = 1e-5  # [m]
_ANCHOR = 0.01
_ROUNDS = 12
_NO_SIZES: Mapping[str, GarmentMesh] = {}
_MOST_RESIDUAL = 0.02  # [m] a wrap further off than this found no body it knows


@dataclass(frozen=True)
class OtherBodyReport:
    """How a garment came onto another family's body.

    Attributes:
        body: The family.
        size: Median of edge lengths on that body over the garment's own: how much it grew with the body.
        strain_p95: 95th percentile of |edge length / own length − 1| on that body, in the pose it was made in.
        strain_of_size_p95: The same against its own lengths × `size`.
        penetrating: Fraction of points and triangle centres more than 1 mm inside, there.
        penetrating_at_rest: The same in the body's own rest pose, under plain skinning.
        residual_p95: 95th percentile of what is left between the two bodies' skins once one lies on the other [m].
        rig: How weights, binding and mask came about.
    """

    body: str
    size: float
    strain_p95: float
    strain_of_size_p95: float
    penetrating: float
    penetrating_at_rest: float
    residual_p95: float
    rig: RigReport

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        own = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "rig"}
        return {**own, **self.rig.to_json()}


def rig_to_other_body(
    mesh: GarmentMesh,
    other: RestBody,
    options: RigOptions = _AS_USUAL,
    *,
    corrections: Corrections = _NONE,
    further: Mapping[str, GarmentMesh] = _NO_SIZES,
    progress: Progress = silent,
) -> tuple[Rig, OtherBodyReport]:
    """Rig a garment that lies on the canonical body to another family's body.

    Args:
        mesh: The garment on the canonical body, in its default size.
        other: The other family's mean body at rest; its bones must all be rigid.
        options: As for the canonical body.
        corrections: The artist's, with places and joints of the canonical body.
        further: The garment in its further sizes, on the canonical body.
        progress: Told how far it is.
    """
    canonical = canonical_rest()
    pose = canonical.rest_pose()
    dressing = other.rested(pose)
    progress(0.0, "laying one body's skin onto the other's")
    laid = wrap(canonical, dressing)
    if laid.residual_p95 > _MOST_RESIDUAL:
        raise InputError(
            f"rig: the {other.body.family} body is too unlike the canonical one: its skin is up to "
            f"{laid.residual_p95 * 1e3:.0f} mm off, needed {_MOST_RESIDUAL * 1e3:.0f}; is it an adult's template?"
        )
    progress(0.3, "carrying the garment over")
    worn = _worn(mesh, canonical, dressing, laid.wrapped)
    progress(0.5, "rigging")
    there = replace(mesh, points=worn.astype(np.float32))
    made, report = rig_mesh(
        there,
        dressing,
        options,
        corrections=replace(corrections, regions=_with_shared_joints(corrections.regions, canonical)),
        named_on=(mesh, canonical),
        progress=lambda f, what: progress(0.5 + 0.4 * f, what),
    )
    progress(0.9, "taking it to the rest pose")
    joints = np.arange(len(other.body.joint_names), dtype=np.int32)
    dense = dense_weights(made.joint_indices, made.joint_weights, joints)

    def rested(points: NDArray[np.floating]) -> NDArray[np.float32]:
        return np.asarray(unposed(points, dense, other.skin_transforms(pose)), np.float32)

    at_rest, faces = rested(there.points), other.body.faces
    own = _bound(replace(mesh, points=at_rest), other)
    worn_sizes = {
        name: replace(each, points=_worn(each, canonical, dressing, laid.wrapped).astype(np.float32))
        for name, each in further.items()
    }
    made = replace(
        with_sizes(made, worn_sizes, dressing, options),  # for what all sizes cover; they are bound at rest
        binding_triangles=own.triangles,
        binding_barycentrics=own.barycentrics,
        binding_offsets=own.offsets,
        sizes={name: _bound(replace(each, points=rested(each.points)), other) for name, each in worn_sizes.items()},
    )
    ratio = _growth(there.points, mesh.points, mesh.faces)
    size = float(np.median(ratio))
    progress(1.0, "rigged")
    return made, OtherBodyReport(
        body=other.body.family,
        size=size,
        strain_p95=float(np.quantile(np.abs(ratio - 1), 0.95)),
        strain_of_size_p95=float(np.quantile(np.abs(ratio / size - 1), 0.95)),
        penetrating=body_penetration(there.points, mesh.faces, Surface(dressing.vertices, faces)).fraction,
        penetrating_at_rest=body_penetration(at_rest, mesh.faces, Surface(other.vertices, faces)).fraction,
        residual_p95=laid.residual_p95,
        rig=report,
    )


def _bound(mesh: GarmentMesh, body: RestBody) -> SizeBinding:
    found = bind(mesh.points, body.vertices, body.body.faces, normals=cloth_normals(mesh))
    return SizeBinding(found.triangles, found.barycentrics, found.offsets)


def _worn(
    mesh: GarmentMesh, canonical: RestBody, dressing: RestBody, wrapped: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the garment [V, 3] around a body in the garment's pose, outside of it and of its own shape [m]."""
    cloth, skin = cloth_of(mesh), canonical.body.faces
    points = cloth.points
    a, b, c = cloth.faces.T
    faces = cloth.faces[(a != b) & (b != c) & (c != a)]  # joining points can leave triangles without area
    binding = bind(points, canonical.vertices, skin, normals=vertex_normals(points, faces))
    carried = transfer(binding, faces, canonical.vertices, wrapped, skin).astype(np.float64)
    obstacle = Obstacle(dressing.vertices, dressing.body.faces)
    # its own shape in the body's size: the pieces of a suit that grew apart from each other would bare the waist
    own = float(np.median(_growth(carried, points, faces))) * points
    relaxed = relax(carried, own, faces, obstacle, gap=_GAP, anchor=_ANCHOR, rounds=_ROUNDS)
    worn = settle(relaxed, faces, dressing.vertices, dressing.body.faces, SKIN_GAP).astype(np.float64)
    return _with_rigid_parts(cloth, carried, worn)[cloth.vertex]


def _with_rigid_parts(cloth: Cloth, carried: NDArray[np.float64], worn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the worn points [U, 3] with each rigid part (a button) in its own shape, moved as the cloth by it.

    Args:
        cloth: The garment on the body it was made on.
        carried: Its points before cloth was brought back to its shape [U, 3] [m].
        worn: And after [U, 3] [m].
    """
    soft = np.flatnonzero(cloth.rigid < 0)
    result = worn.copy()
    for part in np.unique(cloth.rigid[cloth.rigid >= 0]):
        own = np.flatnonzero(cloth.rigid == part)
        beside = soft[cKDTree(cloth.points[soft]).query(cloth.points[own])[1]] if len(soft) else own
        result[own] = moved_rigidly(cloth.points[own], carried[own] + worn[beside] - carried[beside])
    return result


def _with_shared_joints(regions: Sequence[Mapping[str, Any]], canonical: RestBody) -> tuple[Mapping[str, Any], ...]:
    """Return corrections whose orders name canonical joints, which every family has, for the canonical body's own."""
    bones = canonical.body.joint_names

    def shared(name: str) -> str:
        return CANONICAL_JOINTS[canonical.rig.segment_of_bone[bones.index(name)]] if name in bones else name

    changed: list[Mapping[str, Any]] = []
    for region in regions:
        told = dict(region)
        if "rigid" in told:
            told["rigid"] = shared(told["rigid"])
        if "exclude" in told:
            told["exclude"] = [shared(name) for name in told["exclude"]]
        if "weights" in told:
            summed: dict[str, float] = {}
            for name, value in told["weights"].items():
                summed[shared(name)] = summed.get(shared(name), 0.0) + float(value)
            told["weights"] = summed
        changed.append(told)
    return tuple(changed)


def _growth(points: NDArray[np.floating], own: NDArray[np.floating], faces: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the length of each edge [E] over its own; edges of no length are left out."""
    pairs = edges(faces).vertices
    now, before = (
        np.linalg.norm(each[pairs[:, 0]].astype(np.float64) - each[pairs[:, 1]], axis=1) for each in (points, own)
    )
    long = before > _NO_LENGTH
    return np.asarray(now[long] / before[long], np.float64)
