"""What is known of a garment when its fit is judged: its sizes as they are cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.rig import Rig
from dressform.assets.sizes import ordered_sizes
from dressform.assets.template_version import TemplateVersion
from dressform.runtime.garment.dressed import DressedGarment
from dressform.schemas.template import Fabric


@dataclass(frozen=True)
class Cut:
    """A garment in all its sizes.

    Attributes:
        label: For messages.
        default: The size that the design is judged by.
        meshes: By size, from small to large.
        rigs: By size.
        measures: The body measures that each size is made for [m]; empty where it states none.
        fabric: Weight and stretch of its cloth, or None.
    """

    label: str
    default: str
    meshes: Mapping[str, GarmentMesh]
    rigs: Mapping[str, Rig]
    measures: Mapping[str, Mapping[str, float]]
    fabric: Fabric | None = None

    @classmethod
    def of(cls, version: TemplateVersion, family: str) -> Cut:
        """Read all sizes of a version for a body family.

        Raises:
            AssetError: When it has no rig for that family, or a file is missing or damaged.
        """
        manifest = version.manifest
        sizes = ordered_sizes(manifest["sizes"])
        return cls(
            label=version.label,
            default=manifest["default_size"],
            meshes={size: version.mesh(size) for size in sizes},
            rigs={size: replace(version, size=size).rig(family) for size in sizes},
            measures={size: manifest["sizes"][size].get("measures", {}) for size in sizes},
            fabric=manifest.get("fabric"),
        )

    @cached_property
    def _garments(self) -> dict[str, DressedGarment]:
        return {
            size: DressedGarment(self.label, mesh, self.rigs[size], 0, fabric=self.fabric)
            for size, mesh in self.meshes.items()
        }

    def garment(self, size: str) -> DressedGarment:
        """Return a size as it is worn, alone."""
        return self._garments[size]
