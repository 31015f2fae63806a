"""Rules on template.json: its schema, what it says of the garment, and the files that it lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from dressform.assets.files import digests
from dressform.assets.files.garment import GarmentMesh
from dressform.assets.hashing import file_sha256
from dressform.schemas.documents import document_errors, is_number
from dressform.schemas.report import Severity
from dressform.validators.rule import Defect, NotTestableError, Rule
from dressform.validators.subject import Subject

# names that Windows keeps for devices, whatever their ending (Microsoft, "Naming Files, Paths, and Namespaces")
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
OFF = 0.1  # of the metres per UV unit: mean by area and median over the triangles differ by less


def follows_schema(subject: Subject) -> Iterator[Defect]:
    """Every violation of the template schema."""
    kind = "template" if subject.kind == "version" else "draft"
    for path, message in document_errors(kind, subject.manifest):
        yield Defect(message, f"template.json {path}")


def sizes_have_meshes(subject: Subject) -> Iterator[Defect]:
    """Every size that the manifest names and no folder holds, and the other way round."""
    named = set(_table(subject, "sizes") or subject.sizes)
    for size in sorted(named - set(subject.sizes)):
        yield Defect(f"size {size} is named but sizes/{size}/garment.glb is not there", "template.json $.sizes")
    for size in sorted(set(subject.sizes) - named):
        message = f"sizes/{size}/garment.glb is there but size {size} is not named"
        yield Defect(message, f"sizes/{size}", place={"size": size})


def sizes_name_their_own_mesh(subject: Subject) -> Iterator[Defect]:
    """Sizes whose `garment` is another file than the mesh in their folder."""
    for size, entry in sorted(_table(subject, "sizes").items()):
        path = entry.get("garment") if isinstance(entry, dict) else None
        if path != f"sizes/{size}/garment.glb":
            message = f"the mesh of size {size} is {str(path)[:80]!r}, needed 'sizes/{size}/garment.glb'"
            yield Defect(message, f"template.json $.sizes.{size}.garment", place={"size": size})


def default_size_is_there(subject: Subject) -> Iterator[Defect]:
    """A default size that is none of the sizes."""
    default, sizes = subject.manifest.get("default_size"), sorted(_table(subject, "sizes"))
    if default is not None and default not in sizes:
        message = f"the default size is {str(default)[:40]!r}, needed one of {', '.join(sizes)}"
        yield Defect(message, "template.json $.default_size")


def variants_find_what_they_name(subject: Subject) -> Iterator[Defect]:
    """Variants that change materials, or wear materials or pictures, that are not there."""
    variants = _table(subject, "variants")
    if not variants:
        raise NotTestableError("there are no variants")
    materials = {material.name for mesh in subject.meshes.values() for material in mesh.materials}
    for variant, entry in sorted(variants.items()):
        path = f"template.json $.variants.{variant}"
        changes = entry.get("materials") if isinstance(entry, dict) else None
        for name, change in sorted(changes.items()) if isinstance(changes, dict) else ():
            change = change if isinstance(change, dict) else {}
            for needed in (name, change.get("material", name)):
                if needed not in materials:
                    there = ", ".join(sorted(materials))
                    yield Defect(f"variant {variant} needs the material {str(needed)[:80]!r}; there are {there}", path)
            for key in ("base_color_image", "normal_image"):
                if change.get(key, "template.json") not in {*subject.files, "template.json"}:
                    yield Defect(f"variant {variant} needs {str(change[key])[:120]}, which is not there", path)


def bodies_have_rigs(subject: Subject) -> Iterator[Defect]:
    """Body families that the manifest names without a rig, and rigs that it does not name."""
    bodies = subject.manifest.get("bodies")
    if not isinstance(bodies, list):
        raise NotTestableError("the draft names no body families; publishing does")
    named, there = {str(body) for body in bodies}, set(subject.rigs)
    for body in sorted(named - there):
        yield Defect(f"the body family {body[:40]} has no rig.{body[:40]}.safetensors", "template.json $.bodies")
    for body in sorted(there - named):
        yield Defect(f"there is a rig for {body}, which is not named", "template.json $.bodies")


def figures_of(mesh: GarmentMesh) -> dict[str, object]:
    """Return the figures that a manifest states of a mesh, sorted by name."""
    from dressform.runtime.geometry.uv_measures import uv_charts

    found: dict[str, object] = {
        "points": len(mesh.points),
        "triangles": len(mesh.faces),
        "materials": [material.name for material in mesh.materials],
    }
    if mesh.uv1_faces is not None:
        found["charts"] = int(uv_charts(mesh.uv1_faces).max(initial=-1)) + 1
    return dict(sorted(found.items()))


def figures_are_the_mesh_s(subject: Subject) -> Iterator[Defect]:
    """Figures of the mesh that are not what the mesh has."""
    stated, mesh = _table(subject, "mesh"), subject.meshes.get(subject.default_size)
    if not stated or mesh is None:
        raise NotTestableError("the manifest states no figures of the mesh")
    for name, value in figures_of(mesh).items():
        if name in stated and stated[name] != value:
            message = f"{name} is {str(stated[name])[:80]}, the mesh has {str(value)[:80]}"
            yield Defect(message, f"template.json $.mesh.{name}")


def metres_per_uv_are_the_mesh_s(subject: Subject) -> Iterator[Defect]:
    """A length of the UV unit on the cloth that is not the mesh's."""
    stated, mesh = _table(subject, "metres_per_uv"), subject.meshes.get(subject.default_size)
    if not stated or mesh is None:
        raise NotTestableError("the manifest does not state the length of a UV unit")
    from dressform.runtime.geometry.uv_measures import uv_measures

    for name, uv, uv_faces in (("uv0", mesh.uv0, mesh.uv0_faces), ("uv1", mesh.uv1, mesh.uv1_faces)):
        value, path = stated.get(name), f"template.json $.metres_per_uv.{name}"
        if uv is None or uv_faces is None:
            if value is not None:
                yield Defect(f"{str(value)[:40]} m, but the mesh has no {name.upper()}", path)
            continue
        found = uv_measures(mesh.points, mesh.faces, uv, uv_faces, overlaps=False).meters_per_uv
        if value is None or not is_number(value):
            yield Defect(f"the length of a unit of {name.upper()} is not stated, the mesh has {found:.4f} m", path)
        elif np.isfinite(found) and not abs(value - found) <= OFF * found:
            yield Defect(f"{value:g} m along a unit of {name.upper()}, the mesh has {found:.4f} m", path, float(value))


def paths_stay_inside(subject: Subject) -> Iterator[Defect]:
    """Every path that leaves the template's folder."""
    for path in [*_table(subject, "files"), *subject.files]:
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts or "\\" in path or ":" in path:
            yield Defect(f"the path {path[:200]!r} leaves the template's folder", "template.json $.files")


def paths_are_portable(subject: Subject) -> Iterator[Defect]:
    """Paths that Windows or macOS cannot hold beside each other, or at all."""
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted({*_table(subject, "files"), *subject.files}):
        alike[path.casefold()].append(path)
        if any(part.split(".")[0].casefold() in DEVICES for part in path.split("/")):
            yield Defect(f"{path} has the name of a device on Windows", path)
    for paths in alike.values():
        if len(paths) > 1:
            yield Defect(f"{' and '.join(paths)} are one file where the case of letters does not count", paths[0])


def files_are_listed(subject: Subject) -> Iterator[Defect]:
    """Files that are listed and not there, or there and not listed."""
    listed, there = set(_table(subject, "files")), set(subject.files) - {"template.json"}
    for path in sorted(listed - there):
        yield Defect(f"{path} is listed but not there", path)
    for path in sorted(there - listed):
        yield Defect(f"{path} is there but not listed", path)


def files_have_their_length(subject: Subject) -> Iterator[Defect]:
    """Files with more or fewer bytes than the manifest says."""
    for path, entry in sorted(_table(subject, "files").items()):
        found = subject.files[path].stat().st_size if path in subject.files else None
        if found is not None and found != _stated(entry, "bytes"):
            yield Defect(f"{found} bytes, the manifest says {str(_stated(entry, 'bytes'))[:40]}", path, found)


def digests_match(subject: Subject) -> Iterator[Defect]:
    """Files of the right length whose bytes are not the ones the manifest vouches for."""
    for path, entry in sorted(_table(subject, "files").items()):
        file = subject.files.get(path)
        if file is None or file.stat().st_size != _stated(entry, "bytes"):
            continue
        found = file_sha256(file)
        if found != _stated(entry, "sha256"):
            yield Defect(f"sha256 is {found[:12]}…, the manifest says {str(_stated(entry, 'sha256'))[:12]}…", path)


def part_digests_match(subject: Subject) -> Iterator[Defect]:
    """Digests of the parts, by which versions are compared, that are not those of the parts."""
    stated, mesh = _table(subject, "digests"), subject.meshes.get(subject.default_size)
    if mesh is None:
        return
    fields = [path for path in subject.files if path.startswith("field.") and path.endswith(".safetensors")]
    found: dict[str, object] = {
        "topology": digests.topology_digest(mesh),
        "uv0": digests.uv0_digest(mesh),
        "uv1": digests.uv1_digest(mesh),
        "shape": _by_name(subject.meshes, digests.shape_digest),
        "looks": _by_name(subject.meshes, digests.looks_digest),
        "rig_contract": _by_name(subject.rigs, digests.rig_contract_digest),
        "rig": _by_name(subject.rigs, digests.rig_digest),
        "field": {path.split(".")[1]: file_sha256(subject.files[path]) for path in fields},
    }
    for part, value in found.items():
        if stated.get(part) != value:
            message = f"the digest of {part.replace('_', ' ')} is not that of the files"
            yield Defect(message, f"template.json $.digests.{part}")


def _by_name(parts: dict[str, Any], digest: Callable[[Any], str]) -> dict[str, str]:
    return {name: digest(part) for name, part in parts.items()}


def _table(subject: Subject, key: str) -> dict[str, Any]:
    """Return an object of template.json, empty where it is not there or is none (which the schema tells)."""
    value = subject.manifest.get(key)
    return value if isinstance(value, dict) else {}


def _stated(entry: object, key: str) -> object:
    return entry.get(key) if isinstance(entry, dict) else None


_RESTORE = "restore the file or publish the draft again; a version is never edited"
RULES = (
    Rule("DF-MANIFEST-001", "manifest.schema", Severity.ERROR, ("manifest",),
         "correct the key that the message names", follows_schema),
    Rule("DF-MANIFEST-004", "manifest.sizes", Severity.ERROR, ("manifest",),
         "make `sizes` name the folders under sizes/", sizes_have_meshes),
    Rule("DF-MANIFEST-005", "manifest.paths", Severity.ERROR, ("manifest",),
         "use relative paths inside the template's folder", paths_stay_inside),
    Rule("DF-MANIFEST-006", "manifest.files", Severity.ERROR, ("version",),
         "publish the draft again; a version is never edited", files_are_listed),
    Rule("DF-MANIFEST-007", "manifest.digests", Severity.ERROR, ("version",), _RESTORE, digests_match),
    Rule("DF-MANIFEST-010", "manifest.portable", Severity.ERROR, ("manifest",),
         "rename the file or the size", paths_are_portable),
    Rule("DF-MANIFEST-011", "manifest.size-file", Severity.ERROR, ("manifest",),
         "let each size name the mesh in its own folder", sizes_name_their_own_mesh),
    Rule("DF-MANIFEST-012", "manifest.default-size", Severity.ERROR, ("manifest",),
         "make `default_size` one of the sizes", default_size_is_there),
    Rule("DF-MANIFEST-013", "manifest.variants", Severity.ERROR, ("manifest", "mesh"),
         "correct the material's name or add the picture under looks/", variants_find_what_they_name),
    Rule("DF-MANIFEST-014", "manifest.bodies", Severity.ERROR, ("manifest", "rig"),
         "make `bodies` name the rigs, or run dressform garment rig", bodies_have_rigs),
    Rule("DF-MANIFEST-015", "manifest.figures", Severity.ERROR, ("manifest", "unwrapped"),
         "run dressform garment unwrap again, which states them anew", figures_are_the_mesh_s),
    Rule("DF-MANIFEST-016", "manifest.metres-per-uv", Severity.WARNING, ("manifest", "unwrapped"),
         "run dressform garment unwrap again, which measures it", metres_per_uv_are_the_mesh_s),
    Rule("DF-MANIFEST-017", "manifest.bytes", Severity.ERROR, ("version",), _RESTORE, files_have_their_length),
    Rule("DF-MANIFEST-018", "manifest.parts", Severity.ERROR, ("version", "rig", "mesh"),
         "publish the draft again; a version is never edited", part_digests_match),
)  # fmt: skip
