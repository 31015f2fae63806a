"""How far two versions differ, in numbers: only the parts that `changes.compare` names are read."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.documents import is_number, load_json
from dressform.schemas.errors import DressformError

from .changes import Change, compare, level_of
from .files.garment import GarmentMesh
from .files.glb_read import read_glb
from .files.rig import Rig
from .template_version import TemplateVersion

MOVED = 0.0005  # [m] a point that moved less counts as where it was
WEIGHT_MOVED = 0.01  # share of a point's weight on other joints
_TEXEL_MOVED = 8  # of 255 levels: JPEG's own noise is below


@dataclass(frozen=True)
class Figure:
    """One number of a difference.

    Attributes:
        part: As `Change.part`.
        of: Which size, body family, material or file; empty for the template.
        name: What is counted or measured.
        value: As it is now, or how large the difference is.
        unit: "mm", "%", "px" …; empty for a count.
        old: As it was, or None where the value is the difference itself.
    """

    part: str
    of: str
    name: str
    value: float
    unit: str = ""
    old: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Two versions side by side.

    Attributes:
        old: The earlier one.
        new: The later one.
        changes: In words, the gravest first.
        figures: In numbers, in the order of the parts.
    """

    old: TemplateVersion
    new: TemplateVersion
    changes: Sequence[Change]
    figures: Sequence[Figure]

    @property
    def bump(self) -> str | None:
        """The step that the changes ask for: "major", "minor" or "patch"; None without a change."""
        return level_of(self.changes)


def differences(old: TemplateVersion, new: TemplateVersion) -> Comparison:
    """Compare two versions of a template, in words and in numbers.

    Raises:
        AssetError: When a file that has to be read is damaged or missing.
    """
    changes = compare(old.manifest, new.manifest)
    parts = {change.part for change in changes}
    figures: list[Figure] = []
    if parts & {"topology", "uv", "shape", "looks"}:
        figures += _mesh_figures(old, new, parts)
    if "lods" in parts:
        figures += _lods(old, new)
    if parts & {"rig", "topology"}:
        figures += _rigs(old, new)
    if "field" in parts:
        figures += _fields(old, new)
    if changes:
        was, now = (sum(f["bytes"] for f in v.manifest["files"].values()) / 1e6 for v in (old, new))
        figures.append(Figure("files", "", "all files", now, "MB", was))
    return Comparison(old, new, changes, figures)


def same_topology(old: GarmentMesh, new: GarmentMesh) -> bool:
    """Whether two meshes have the same points and triangles, number by number."""
    return len(old.points) == len(new.points) and np.array_equal(old.faces, new.faces)


def moved(old: GarmentMesh, new: GarmentMesh) -> NDArray[np.float64]:
    """Return how far each point of the new mesh is from where it was [m], float64 [V].

    Where the topology changed too, from the nearest place on the old surface.
    """
    points = new.points.astype(np.float64)
    if same_topology(old, new):
        distance: NDArray[np.float64] = np.linalg.norm(points - old.points, axis=1)
        return distance
    import igl

    squared = igl.point_mesh_squared_distance(points, old.points.astype(np.float64), old.faces.astype(np.int64))[0]
    nearest: NDArray[np.float64] = np.sqrt(np.maximum(np.asarray(squared, np.float64), 0.0))
    return nearest


def _mesh_figures(old: TemplateVersion, new: TemplateVersion, parts: set[str]) -> Iterator[Figure]:
    """Compare the meshes of the sizes that both have; topology, UVs and looks once, since sizes share them."""
    shared = [size for size in new.manifest["sizes"] if size in old.manifest["sizes"]]
    if "topology" in parts:
        yield from _topology(old.manifest["mesh"], new.manifest["mesh"])
    for number, size in enumerate(sorted(shared, key=lambda each: each != new.manifest["default_size"])):
        before, after = (_own_look(version, size) for version in (old, new))
        if number == 0 and "uv" in parts:
            yield from _uvs(before, after)
        if number == 0 and "looks" in parts:
            yield from _looks(before, after)
        if parts & {"topology", "shape"}:
            yield from _shape(size, before, after)


def _own_look(version: TemplateVersion, size: str) -> GarmentMesh:
    return read_glb(version.file(version.manifest["sizes"][size]["garment"]))


def _topology(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Figure]:
    for name in ("points", "triangles", "openings", "components", "charts"):
        if name in old and name in new:
            yield Figure("topology", "", name, new[name], old=old[name])


def _shape(size: str, old: GarmentMesh, new: GarmentMesh) -> Iterator[Figure]:
    distance = moved(old, new)
    yield Figure("shape", f"size {size}", "points moved", 100 * float(np.mean(distance > MOVED)), "%")
    for name, value in (
        ("mean", distance.mean()),
        ("95th percentile", np.percentile(distance, 95)),
        ("largest", distance.max()),
    ):
        yield Figure("shape", f"size {size}", f"{name} move", 1000 * float(value), "mm")
    area_old, area_new = (float(_areas(mesh).sum()) for mesh in (old, new))
    yield Figure("shape", f"size {size}", "cloth", area_new, "m²", area_old)


def _areas(mesh: GarmentMesh) -> NDArray[np.float64]:
    corners = mesh.points[mesh.faces].astype(np.float64)
    areas: NDArray[np.float64] = 0.5 * np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    return areas


def _uvs(old: GarmentMesh, new: GarmentMesh) -> Iterator[Figure]:
    """Compare both UV sets corner by corner; other triangles have other UVs, of which the count is told elsewhere."""
    for name in ("uv0", "uv1"):
        was, now = (_corners(mesh, name) for mesh in (old, new))
        if was is None or now is None:
            counts = [0 if each is None else len(each) for each in (was, now)]
            if counts[0] != counts[1]:
                yield Figure("uv", name, "triangles with UVs", counts[1], old=counts[0])
        elif was.shape == now.shape:
            apart = np.linalg.norm(now - was, axis=2).max(axis=1)
            yield Figure("uv", name, "triangles changed", 100 * float(np.mean(apart > 1e-6)), "%")
            yield Figure("uv", name, "mean move", 1000 * float(apart.mean()), "‰ of the square")


def _corners(mesh: GarmentMesh, name: str) -> NDArray[np.float64] | None:
    """Return the UVs of every triangle's corners, float64 [F, 3, 2], or None without that set."""
    uv, faces = getattr(mesh, name), getattr(mesh, f"{name}_faces")
    return None if uv is None or faces is None else uv[faces].astype(np.float64)


def _looks(old: GarmentMesh, new: GarmentMesh) -> Iterator[Figure]:
    before, after = ({material.name: material for material in mesh.materials} for mesh in (old, new))
    if set(before) != set(after):
        yield Figure("looks", "", "materials", len(after), old=len(before))
    for name in [name for name in after if name in before]:
        for key in ("roughness", "metallic"):
            was, now = getattr(before[name], key), getattr(after[name], key)
            if abs(was - now) > 1e-6:
                yield Figure("looks", name, key, now, old=was)
        for key in ("base_color_image", "normal_image"):
            was, now = getattr(before[name], key), getattr(after[name], key)
            if was != now:
                words = "colour texture" if key == "base_color_image" else "normal map"
                yield from _pictures(name, words, was, now)
        if before[name].base_color != after[name].base_color:
            shift = np.abs(np.subtract(after[name].base_color, before[name].base_color)).max()
            yield Figure("looks", name, "largest change of the base colour", 100 * float(shift), "%")


def _pictures(material: str, words: str, old: bytes | None, new: bytes | None) -> Iterator[Figure]:
    """Compare two textures: their widths, and how many texels differ where they are equally large."""
    was, now = (_pixels(image) for image in (old, new))
    widths = [0 if each is None else each.shape[1] for each in (was, now)]
    if was is None or now is None or was.shape != now.shape:
        yield Figure("looks", material, f"{words}'s width", widths[1], "px", widths[0])
    else:
        apart = np.abs(now.astype(np.int16) - was).max(axis=2)
        yield Figure("looks", material, f"{words}'s texels changed", 100 * float(np.mean(apart > _TEXEL_MOVED)), "%")


def _pixels(image: bytes | None) -> NDArray[np.uint8] | None:
    if image is None:
        return None
    from PIL import Image

    with Image.open(io.BytesIO(image)) as opened:
        return np.asarray(opened.convert("RGBA"), np.uint8)


def _lods(old: TemplateVersion, new: TemplateVersion) -> Iterator[Figure]:
    for size in sorted({*old.manifest["sizes"], *new.manifest["sizes"]}):
        before, after = (_level_triangles(version, size) for version in (old, new))
        for level in range(max(len(before), len(after))):
            was, now = (counts[level] if level < len(counts) else 0 for counts in (before, after))
            yield Figure("lods", f"size {size}", f"triangles of level {level + 1}", now, old=was)


def _level_triangles(version: TemplateVersion, size: str) -> list[int]:
    paths = version.manifest["sizes"].get(size, {"garment": ""}).get("lods", [])
    return [len(read_glb(version.file(path)).faces) for path in paths]


def _rigs(old: TemplateVersion, new: TemplateVersion) -> Iterator[Figure]:
    before, after = old.manifest["digests"]["rig"], new.manifest["digests"]["rig"]
    for body in [body for body in after if body in before and before[body] != after[body]]:
        was, now = old.rig(body), new.rig(body)
        if len(was.joint_weights) == len(now.joint_weights):
            share = _weights_moved(was, now)
            yield Figure("rig", body, "points whose weights changed", 100 * float(np.mean(share > WEIGHT_MOVED)), "%")
            yield Figure("rig", body, "most weight moved to other joints", 100 * float(share.max()), "%")
            bound = np.linalg.norm(now.binding_offsets - was.binding_offsets, axis=1)
            hung = (now.binding_triangles != was.binding_triangles) | (bound > MOVED)
            yield Figure("rig", body, "points hung elsewhere on the body", 100 * float(np.mean(hung)), "%")
        yield Figure("rig", body, "body triangles hidden", int(now.hide.sum()), old=int(was.hide.sum()))


def _weights_moved(old: Rig, new: Rig) -> NDArray[np.float64]:
    """Return which share of each point's weight lies on other joints than before, float64 [V] in [0, 1]."""
    names = list(dict.fromkeys([*old.joints, *new.joints]))
    dense = np.zeros((2, len(old.joint_weights), len(names)))
    rows = np.arange(len(old.joint_weights))[:, None]
    for k, rig in enumerate((old, new)):
        columns = np.array([names.index(joint) for joint in rig.joints])
        np.add.at(dense[k], (rows, columns[rig.joint_indices]), rig.joint_weights)
    share: NDArray[np.float64] = 0.5 * np.abs(dense[1] - dense[0]).sum(axis=1)
    return share


def _fields(old: TemplateVersion, new: TemplateVersion) -> Iterator[Figure]:
    """Compare the fields' sizes and the numbers on their cards."""
    before, after = old.manifest["digests"]["field"], new.manifest["digests"]["field"]
    for body in [body for body in after if before.get(body) != after[body]]:
        path = f"field.{body}.safetensors"
        sizes = [v.manifest["files"].get(path, {"bytes": 0})["bytes"] / 1e6 for v in (old, new)]
        yield Figure("field", body, "file", sizes[1], "MB", sizes[0])
        was, now = (dict(_numbers(_card(version, body))) for version in (old, new))
        for name in [name for name in now if name in was and was[name] != now[name]]:
            yield Figure("field", body, name, now[name], old=was[name])


def _card(version: TemplateVersion, body: str) -> Mapping[str, Any]:
    path = f"field.{body}.json"
    if path not in version.files:
        return {}
    try:
        return load_json(version.file(path))
    except DressformError:
        return {}  # what is wrong with a card is for the validators to say


def _numbers(card: Mapping[str, Any], stem: str = "") -> Iterator[tuple[str, float]]:
    """Yield the numbers of a card by their dotted names."""
    for key, value in sorted(card.items()):
        if isinstance(value, dict):
            yield from _numbers(value, f"{stem}{key}.")
        elif is_number(value):
            yield f"{stem}{key}", float(value)
