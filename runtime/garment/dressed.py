"""One garment to wear: its mesh, its rig and what they say about its cloth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.field import Field
from dressform.assets.files.garment import GarmentMesh, outer_faces
from dressform.assets.files.rig import Rig
from dressform.runtime.body.canonical import canonical_rest
from dressform.schemas.template import Fabric

from .real_size import RealSize
from .stiff import of_one_part, stiff_pieces
from .turned import turned_over
from .under import NONE, Under, trims_on_cloth, under_cloth

Integers = NDArray[np.int32]


@dataclass(frozen=True)
class DressedGarment:
    """One garment to wear.

    Attributes:
        name: For messages.
        mesh: In the canonical body's rest frame.
        rig: Of the family of the body to dress.
        layer: Higher lies over lower; of equal layers the later lies over the earlier.
        field: The learned deformation field for the body's family, or None: plain skinning.
        size: Which of the garment's sizes it is; needed only where there is a field.
        fabric: Weight and stretch of its cloth, or None.
        keeps_size: Whether its cloth keeps the lengths it was cut with on every body, which a field starts from; else
            it stretches with the body.
        whole: The garment itself where `mesh` is one of its levels of detail: wrinkles are read through its atlas.
    """

    name: str
    mesh: GarmentMesh
    rig: Rig
    layer: int
    field: Field | None = None
    size: str = "M"
    fabric: Fabric | None = None
    keeps_size: bool = False
    whole: GarmentMesh | None = None

    @cached_property
    def real_size(self) -> RealSize:
        """Its soft cloth with the lengths that it was cut with."""
        return RealSize(
            self.mesh.points, self.cloth, stiff=self.stiff, under=self.under, trims=self.trims, fabric=self.fabric
        )

    @cached_property
    def stiff(self) -> list[NDArray[np.int64]]:
        """The points of each piece, or rigid part, that is skinned as one and keeps its shape."""
        return of_one_part(stiff_pieces(self.rig, self.mesh.faces), self.mesh)

    @cached_property
    def turned(self) -> NDArray[np.bool_]:
        """Which of its outer triangles [F_outer] are turned over onto the others, as a collar that is folded down."""
        made_on, outer = canonical_rest(), outer_faces(self.mesh)
        if self.is_stiff:
            return np.zeros(len(outer), np.bool_)
        return turned_over(self.mesh.points, outer, made_on.vertices, made_on.body.faces)

    @cached_property
    def cloth(self) -> Integers:
        """Its outer triangles [F, 3] without those that are turned over: what the skin and lower layers hold up."""
        return outer_faces(self.mesh)[~self.turned]

    @cached_property
    def unfolded(self) -> Integers:
        """Its triangles [F, 3], hems and linings too, without those that are turned over and what hangs on them."""
        over = np.zeros(len(self.mesh.points), np.bool_)
        over[outer_faces(self.mesh)[self.turned].reshape(-1)] = True
        over[self.cloth.reshape(-1)] = False
        return self.mesh.faces[~over[self.mesh.faces].any(axis=1)]

    @cached_property
    def under(self) -> Under:
        """Its inner and turned points, where they lie on its cloth; none where all of it is stiff."""
        return NONE if self.is_stiff else under_cloth(self.mesh, self.turned)

    @cached_property
    def trims(self) -> Under:
        """The points of its buttons and other small rigid parts, where they sit on its cloth."""
        return NONE if self.is_stiff else trims_on_cloth(self.mesh, self.stiff)

    @property
    def is_stiff(self) -> bool:
        """Whether all of it is stiff."""
        return sum(map(len, self.stiff)) == len(np.unique(self.mesh.faces))
