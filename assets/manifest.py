"""Makes the template.json of a version from a draft: figures, digests and the list of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version as installed_version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import AssetError
from dressform.schemas.template import Digests, DraftManifest, FileEntry, MeshFigures, TemplateManifest

from .files import digests
from .files.garment import GarmentMesh
from .files.glb_read import read_glb
from .files.lod import lod_points, lods_digest
from .files.rig import Rig
from .files.rig_file import read_rig
from .hashing import file_sha256
from .looks import check_looks

SCHEMA = "dressform/template/1"
UNSTATED = "LicenseRef-unstated"
# where a garment lies over the body when its maker does not say: larger is further out
LAYERS = {
    "underwear": 0, "socks": 5, "trousers": 20, "shorts": 20, "skirt": 25, "tee": 30, "top": 30, "shirt": 30,
    "dress": 30, "suit": 30, "vest": 40, "sweater": 40, "shoes": 45, "jacket": 60, "coat": 70,
}  # fmt: skip
OUTER_LAYER = 50


def make_manifest(
    draft: DraftManifest, files: Mapping[str, Path], *, version: str, report_digest: str
) -> TemplateManifest:
    """Return the manifest of the version that a draft makes.

    Args:
        draft: The draft's own template.json, checked against its schema.
        files: Path in the template → file, without template.json.
        version: The version's number.
        report_digest: sha256 of report.json.

    Raises:
        AssetError: When a file is missing or the sizes do not fit together.
    """
    name = draft["name"]
    meshes = {size: _mesh(name, entry["garment"], files) for size, entry in draft["sizes"].items()}
    rigs = _rigs(name, files)
    _check_sizes(name, meshes, rigs)
    lods = {size: _lods(name, size, draft, files, len(meshes[size].points)) for size in meshes}
    for look, variant in draft.get("variants", {}).items():
        for material, change in variant["materials"].items():
            for path in (change.get("base_color_image"), change.get("normal_image")):
                if path is not None and path not in files:
                    raise AssetError(f"{name}: variant {look} of {material} needs {path}, which is not in the draft")
    check_looks(draft.get("variants", {}), [m.name for m in next(iter(meshes.values())).materials], name)
    default = draft.get("default_size", "M" if "M" in meshes else next(iter(meshes)))
    if default not in meshes:
        raise AssetError(f"{name}: default_size is {default!r}, needed one of {', '.join(meshes)}")
    mesh = meshes[default]
    manifest: TemplateManifest = {
        "schema": SCHEMA,
        "name": name,
        "version": version,
        "category": draft["category"],
        "bodies": sorted(rigs),
        "licence": draft.get("licence", UNSTATED),
        "authors": draft.get("authors", []),
        "source": draft.get("source"),
        "layer": draft.get("layer", LAYERS.get(draft["category"], OUTER_LAYER)),
        "sizes": draft["sizes"],
        "default_size": default,
        "variants": draft.get("variants", {}),
        "metres_per_uv": {
            "uv0": _metres_per_uv(mesh, mesh.uv0, mesh.uv0_faces),
            "uv1": _metres_per_uv(mesh, mesh.uv1, mesh.uv1_faces),
        },
        "mesh": _figures(draft, mesh),
        "files": {path: _entry(file) for path, file in sorted(files.items())},
        "digests": _digests(files, meshes, default, rigs, {size: each for size, each in lods.items() if each}),
        "tool": f"dressform {installed_version('dressform')}",
        "report": report_digest,
    }
    if "title" in draft:
        manifest["title"] = draft["title"]
    if "description" in draft:
        manifest["description"] = draft["description"]
    if "permissions" in draft:
        manifest["permissions"] = draft["permissions"]
    if "tags" in draft:
        manifest["tags"] = draft["tags"]
    if "fabric" in draft:
        manifest["fabric"] = draft["fabric"]
    return manifest


def _mesh(name: str, path: str, files: Mapping[str, Path]) -> GarmentMesh:
    if path not in files:
        raise AssetError(f"{name}: {path} is named in template.json but is not in the draft; export the garment again")
    return read_glb(files[path])


def _lods(name: str, size: str, draft: DraftManifest, files: Mapping[str, Path], count: int) -> list[GarmentMesh]:
    """Read a size's levels of detail and check that they are made of its points."""
    levels = []
    for path in draft["sizes"][size].get("lods", []):
        levels.append(_mesh(name, path, files))
        lod_points(levels[-1], count, f"{name}: {path}")
    return levels


def _rigs(name: str, files: Mapping[str, Path]) -> dict[str, Rig]:
    """Read the rigs by body family."""
    rigs = {}
    for path, file in files.items():
        if path.startswith("rig.") and path.endswith(".safetensors"):
            rig = read_rig(file)
            if path != f"rig.{rig.body}.safetensors":
                raise AssetError(f"{name}: {path} is a rig for {rig.body}; name it rig.{rig.body}.safetensors")
            rigs[rig.body] = rig
    if not rigs:
        raise AssetError(f"{name} has no rig; run `dressform garment rig` on the draft")
    return rigs


def _check_sizes(name: str, meshes: Mapping[str, GarmentMesh], rigs: Mapping[str, Rig]) -> None:
    """All sizes share topology and UVs, and the rigs have a row for every point."""
    first, *others = meshes
    shared = {"topology": digests.topology_digest, "UV0": digests.uv0_digest, "UV1": digests.uv1_digest}
    for what, digest in shared.items():
        for other in others:
            if digest(meshes[first]) != digest(meshes[other]):
                raise AssetError(f"{name}: sizes {first} and {other} differ in {what}; all sizes must share it")
    count = len(meshes[first].points)
    for body, rig in rigs.items():
        if len(rig.joint_indices) != count:
            rows = len(rig.joint_indices)
            raise AssetError(f"{name}: the rig for {body} has {rows} points, the mesh {count}; run `rig` again")


def _figures(draft: DraftManifest, mesh: GarmentMesh) -> MeshFigures:
    figures: MeshFigures = {
        "points": len(mesh.points),
        "triangles": len(mesh.faces),
        "materials": [material.name for material in mesh.materials],
    }
    return {**draft["mesh"], **figures} if "mesh" in draft else figures


def _digests(
    files: Mapping[str, Path],
    meshes: Mapping[str, GarmentMesh],
    default: str,
    rigs: Mapping[str, Rig],
    lods: Mapping[str, Sequence[GarmentMesh]],
) -> Digests:
    mesh = meshes[default]
    fields = [path for path in files if path.startswith("field.") and path.endswith(".safetensors")]
    found: Digests = {
        "topology": digests.topology_digest(mesh),
        "uv0": digests.uv0_digest(mesh),
        "uv1": digests.uv1_digest(mesh),
        "shape": {size: digests.shape_digest(each) for size, each in meshes.items()},
        "looks": {size: digests.looks_digest(each) for size, each in meshes.items()},
        "rig_contract": {body: digests.rig_contract_digest(rig) for body, rig in rigs.items()},
        "rig": {body: digests.rig_digest(rig) for body, rig in rigs.items()},
        "field": {path.split(".")[1]: file_sha256(files[path]) for path in fields},
    }
    if lods:
        found["lods"] = {size: lods_digest(each) for size, each in lods.items()}
    return found


def _entry(file: Path) -> FileEntry:
    return {"sha256": file_sha256(file), "bytes": file.stat().st_size}


def _metres_per_uv(
    mesh: GarmentMesh, uv: NDArray[np.float32] | None, uv_faces: NDArray[np.int32] | None
) -> float | None:
    """Median over the triangles of √(area on the cloth / area in UV) [m]; None without that UV set."""
    if uv is None or uv_faces is None:
        return None
    corners = mesh.points[mesh.faces].astype(np.float64)
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    a, b = np.moveaxis((uv[uv_faces][:, 1:] - uv[uv_faces][:, :1]).astype(np.float64), 1, 0)
    uv_area = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    sound = (uv_area > 1e-14) & (area > 0)
    return round(float(np.median(np.sqrt(area[sound] / uv_area[sound]))), 6) if sound.any() else None
