"""One garment on one body as cloth: what of it is simulated, its rest metric, where it starts and what holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.rig import Rig
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.outfit import Outfit
from dressform.runtime.garment.waistband import waistband
from dressform.schemas.template import Fabric

from .cloth import Cloth, check_physics
from .parts import Trims, along_grain, hanging_faces, laid_flat

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]

MAIN = "main"  # the slot that other slots without a fabric are cut from


@dataclass(frozen=True)
class Wearing:
    """A garment on a body, ready to be simulated.

    Attributes:
        garment: The whole garment.
        points: int [P] into the garment's points: what is simulated.
        faces: int32 [F, 3] into `points`.
        corners: float64 [F, 3, 2] each triangle's corners laid flat: the size's own metric, which does not grow with
            the body; y along the warp [m].
        cloths: The cloths it is made of.
        cloth_of: int [F] into `cloths`.
        fitted: float32 [V, 3] the whole garment as the runtime fits it to the body [m].
        joint_indices: int32 [P, K] into the body's joints.
        joint_weights: float32 [P, K].
        band: int [H] into `points`: the waistband's border, empty where shoulders hold the garment up.
        trims: What is not simulated.
    """

    garment: DressedGarment
    points: NDArray[np.intp]
    faces: Integers
    corners: Floats
    cloths: tuple[Cloth, ...]
    cloth_of: NDArray[np.intp]
    fitted: NDArray[np.float32]
    joint_indices: Integers
    joint_weights: NDArray[np.float32]
    band: NDArray[np.intp]
    trims: Trims

    @classmethod
    def of(
        cls,
        mesh: GarmentMesh,
        rig: Rig,
        rest: RestBody,
        fabrics: Mapping[str, Fabric] | None = None,
        *,
        below: Sequence[Wearing] = (),
        name: str = "the garment",
    ) -> Wearing:
        """Return a garment of one size on a body.

        Args:
            mesh: The garment of that size, on the canonical body.
            rig: Of that size, for the body's family.
            rest: The body.
            fabrics: Physics by the materials' names; one that is missing is cut from "main", and that from jersey.
            below: What is worn under it on the same body, innermost first.
            name: For messages.

        Raises:
            InputError: When it has no cloth or a triangle without area, or a fabric's physics are no cloth's.
            AssetError: When the rig is not for this body or mesh.
        """
        garment = DressedGarment(name, mesh, rig, len(below))
        rows = hanging_faces(mesh, garment.stiff, name)
        under = [DressedGarment(w.garment.name, w.garment.mesh, w.garment.rig, k) for k, w in enumerate(below)]
        fitted = Outfit(rest, [*under, garment]).rest_points[-1]
        kept = np.unique(mesh.faces[rows]).astype(np.intp)
        number = np.full(len(mesh.points), -1, np.int32)
        number[kept] = np.arange(len(kept))
        faces = number[mesh.faces[rows]]
        start = mesh.points[kept].astype(np.float64)
        joints = np.array([rest.body.joint_names.index(joint) for joint in rig.joints], np.int32)
        joint_indices, joint_weights = joints[rig.joint_indices[kept]], rig.joint_weights[kept]
        names = [material.name for material in mesh.materials]
        return cls(
            garment=garment,
            points=kept,
            faces=faces,
            corners=along_grain(mesh, rows, laid_flat(start, faces)),
            cloths=tuple(_cloth(fabrics or {}, slot, name) for slot in names),
            cloth_of=mesh.material_ids[rows].astype(np.intp),
            fitted=fitted,
            joint_indices=joint_indices,
            joint_weights=joint_weights,
            band=waistband(start, faces, joint_indices, joint_weights, rest),
            trims=Trims.of(mesh, mesh.faces[rows], garment.stiff, garment.under),
        )

    def expand(self, simulated: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the whole garment's points float32 [V, 3] for simulated ones [P, 3] [m].

        Inner shells and hems keep their place under the cloth, stiff pieces their shape.
        """
        whole = self.fitted.astype(np.float64)
        whole[self.points] = simulated
        return self.trims.followed(whole)


def _cloth(fabrics: Mapping[str, Fabric], slot: str, name: str) -> Cloth:
    """Return the cloth that a slot is made of."""
    fabric = fabrics.get(slot, fabrics.get(MAIN))
    check_physics(fabric, name)
    return Cloth.of(fabric)
