"""Types of template.json: of a draft (draft.schema.json) and of a version (template.schema.json)."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class Source(TypedDict):
    """The artist's file that the garment was made from."""

    file: str
    sha256: str
    bytes: NotRequired[int]
    format: NotRequired[str]
    units: NotRequired[str]
    up: NotRequired[str]
    url: NotRequired[str]
    note: NotRequired[str]


class Size(TypedDict):
    """One size: its mesh, its coarser meshes and the measures it is made for [m]."""

    garment: str
    lods: NotRequired[list[str]]
    measures: NotRequired[dict[str, float]]


class MaterialChange(TypedDict, total=False):
    """What a variant changes in one material; colours are linear, images are paths in the template.

    `material` names another material of the garment that is worn instead; the other keys change that one.
    """

    material: str
    base_color: list[float]
    base_color_image: str
    normal_image: str
    roughness: float
    metallic: float
    sheen: list[float]


class Variant(TypedDict):
    """Another look of the same mesh: changes by material name."""

    title: NotRequired[str]
    materials: dict[str, MaterialChange]


class MetresPerUv(TypedDict):
    """Length on the cloth of one UV unit [m]; None where there is no such UV set."""

    uv0: float | None
    uv1: float | None


class MeshFigures(TypedDict):
    """Figures of the mesh that all sizes share."""

    points: int
    triangles: int
    openings: NotRequired[int]
    components: NotRequired[int]
    charts: NotRequired[int]
    materials: list[str]


class Fabric(TypedDict, total=False):
    """Physics of the cloth, after the open U3M format."""

    name: str
    weight: float
    thickness: float
    stretch_warp: float
    stretch_weft: float
    shear: float
    bending_warp: float
    bending_weft: float
    friction: float


class Permissions(TypedDict, total=False):
    """What the author lets others do with the garment, in the terms of VRM 1.0's `meta`."""

    use: str
    commercial_use: str
    modification: str
    credit: str
    redistribution: bool
    violent_use: bool
    sexual_use: bool
    political_or_religious_use: bool
    antisocial_or_hate_use: bool


class DraftManifest(TypedDict):
    """template.json of a draft."""

    schema: str
    name: str
    title: NotRequired[str]
    description: NotRequired[str]
    category: str
    bodies: NotRequired[list[str]]
    licence: NotRequired[str]
    authors: NotRequired[list[str]]
    permissions: NotRequired[Permissions]
    tags: NotRequired[list[str]]
    source: NotRequired[Source]
    layer: NotRequired[int]
    sizes: dict[str, Size]
    default_size: NotRequired[str]
    variants: NotRequired[dict[str, Variant]]
    metres_per_uv: NotRequired[MetresPerUv]
    mesh: NotRequired[MeshFigures]
    fabric: NotRequired[Fabric]


class FileEntry(TypedDict):
    """A file of a version."""

    sha256: str
    bytes: int


class Digests(TypedDict):
    """Digests of a version's parts; by size for shape, looks and levels of detail, by body family for rig and field."""

    topology: str
    uv0: str | None
    uv1: str | None
    shape: dict[str, str]
    looks: dict[str, str]
    lods: NotRequired[dict[str, str]]
    rig_contract: dict[str, str]
    rig: dict[str, str]
    field: dict[str, str]


class TemplateManifest(TypedDict):
    """template.json of a version."""

    schema: str
    name: str
    version: str
    title: NotRequired[str]
    description: NotRequired[str]
    category: str
    bodies: list[str]
    licence: str
    authors: list[str]
    permissions: NotRequired[Permissions]
    tags: NotRequired[list[str]]
    source: Source | None
    layer: int
    sizes: dict[str, Size]
    default_size: str
    variants: dict[str, Variant]
    metres_per_uv: MetresPerUv
    mesh: MeshFigures
    fabric: NotRequired[Fabric]
    files: dict[str, FileEntry]
    digests: Digests
    tool: str
    report: str
