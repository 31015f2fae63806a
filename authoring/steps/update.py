"""Update: a garment that was edited in another tool comes back into its draft, which keeps what is still true."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.glb import glb_bytes
from dressform.assets.files.rig import Rig
from dressform.assets.hashing import file_sha256
from dressform.authoring.draft import Draft
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.garment.shape_transfer import bind
from dressform.runtime.geometry.normals import vertex_normals
from dressform.schemas.errors import InputError, UsageError
from dressform.schemas.progress import Progress, silent

from ._figures import mesh_figures
from ._looks import looks_of, with_own_names
from ._rig_painted import PAINTED, painted_bytes, read_painted
from ._update_apply import Changes, applied, merged_variants
from ._update_match import Match, Topology, match, with_sets_of
from ._update_materials import Materials, merged_materials, without_unused
from ._update_strangers import without_joint_layers, without_strangers
from ._update_weights import edited_rows, with_rows
from .import_mesh import Imported, ImportOptions, read_mesh, template_name
from .rig import skeleton_of

STEP = "update"
_FULL_MATERIALS = (".glb", ".gltf")  # formats that say all that a material has
_PLACE = "overrides/place.json"
_ELSEWHERE = 0.02  # [m] a garment whose points moved this far for the most part is not where it was worn
_SOME = 0.5  # a file with less of the draft's points than this is another garment


@dataclass(frozen=True)
class UpdateOptions:
    """How an edited file is taken in.

    Attributes:
        units: The file's unit, one of `METRES_PER_UNIT`; None is told by the points that did not move.
        up: Its up axis, "y" or "z"; None is told in the same way.
        keep_rig_mm: A garment whose points moved less than this keeps its rig and its field [mm].
    """

    units: str | None = None
    up: str | None = None
    keep_rig_mm: float = 5.0

    def __post_init__(self) -> None:
        if not 0 <= self.keep_rig_mm <= 100:
            raise UsageError(f"--keep-rig-mm {self.keep_rig_mm:g} must be between 0 and 100")


@dataclass(frozen=True)
class _Edit:
    """What an edited file comes to.

    Attributes:
        mesh: The garment now.
        found: How the file lies over the draft.
        changes: Of points, UVs, layers and morphs.
        materials: Of materials.
        rows: Weights that were edited, by point.
        notes: What was left as it was, or mended.
    """

    mesh: GarmentMesh
    found: Match
    changes: Changes
    materials: Materials
    rows: Mapping[int, Mapping[str, float]]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Verdict:
    """Whether a step stands, and why."""

    step: str
    stands: bool
    why: str


def update(draft: Draft, source: Path, options: UpdateOptions = UpdateOptions(), progress: Progress = silent) -> Draft:
    """Take an edited file back into a draft; on any error the draft is as it was before.

    Args:
        draft: That the file was exported from.
        source: Any file that `import` reads.
        options: See there.
        progress: Told how far it is.

    Returns:
        The draft; its report for the step says what changed, what stands and what must be redone.
    """
    begun = time.perf_counter()
    mesh = draft.mesh
    progress(0.0, f"reading {source.name}")
    imported = _read(draft, source, options)
    progress(0.3, "finding its points again")
    edit = _edit(draft, mesh, imported, source)
    verdicts = _verdicts(draft, edit, options)
    rig = _kept_rig(draft, edit) if _stands(verdicts, "rig") else None
    progress(0.8, "writing the draft")
    number = 1 + len(draft.report(STEP)["earlier"]) + 1 if draft.has(STEP) else 1
    base = f"source/updates/{number}.glb"
    report = _report(draft, source, edit, verdicts) | {"base": base}
    manifest: dict[str, Any] = {"mesh": {**draft.manifest.get("mesh", {}), **mesh_figures(edit.mesh)}}
    if edit.changes.variants:
        manifest["variants"] = looks_of(edit.mesh, template_name)
    files: dict[str, bytes | Path | None] = {base: glb_bytes(edit.mesh), **_overrides(draft, edit, number)}
    for path, content in _source_files(source, imported).items():
        files[f"source/updates/{number}/{path}"] = content
    done = draft.commit_step(
        STEP,
        {key: value for key, value in asdict(options).items() if value is not None},
        report,
        mesh=edit.mesh,
        rig=rig,
        skeleton=skeleton_of(canonical_rest()) if rig else None,
        manifest=manifest,
        files=files,
        stands=["import", "fix", *(verdict.step for verdict in verdicts if verdict.stands)],
        seconds=time.perf_counter() - begun,
    )
    progress(1.0, "updated")
    return done


def _read(draft: Draft, source: Path, options: UpdateOptions) -> Imported:
    """Read the file; a size that makes no sense is no matter, since its points will tell the unit."""
    stated = ImportOptions(units=options.units, up=options.up, category=draft.manifest["category"])
    try:
        return read_mesh(source, stated)
    except InputError:
        if options.units is not None:
            raise
    return read_mesh(source, replace(stated, units="m"))


def _edit(draft: Draft, mesh: GarmentMesh, imported: Imported, source: Path) -> _Edit:
    """Compare the file with the draft and lay its changes over it."""
    theirs, strangers = without_strangers(imported.mesh)
    theirs, weights = without_joint_layers(theirs, draft.rig.joints if draft.has("rig") else ())
    strangers += weights
    edited = with_sets_of(with_own_names(theirs), mesh)
    found = match(mesh, edited)
    known = len(np.unique(found.numbers[found.numbers >= 0])) / max(1, len(np.unique(mesh.faces)))
    if known < _SOME:
        raise InputError(
            f"{source} has {known:.0%} of the points of {draft.folder}, needed at least {_SOME:.0%} to be an edit of "
            "it; make a draft of its own with `dressform garment import`"
        )
    materials = merged_materials(mesh, found.edited, full=source.suffix.lower() in _FULL_MATERIALS)
    new, changes = applied(mesh, found, materials.ids)
    variants, changes.variants = merged_variants(
        mesh.variants, theirs.variants, materials.ids, len(materials.materials)
    )
    new = without_unused(replace(new, materials=materials.materials, variants=variants))
    rows: Mapping[int, Mapping[str, float]] = {}
    notes = [*strangers, *imported.raw.notes, *changes.notes, *materials.notes]
    if found.turned:
        notes.append("the file's triangles were wound the other way; turned back")
    if edited.skin is not None and draft.has("rig"):
        painted = None if found.topology == "changed" else edited_rows(edited.skin, found.numbers, draft.rig)
        if painted is None:
            why = "its points changed" if found.topology == "changed" else "it hangs on joints that are not the rig's"
            notes.append(f"the file's skin is left out: {why}")
        rows = painted or {}
    if mesh.variants and not theirs.variants:
        notes.append("the file has no variants; the draft's are kept")
    return _Edit(new, found, changes, materials, rows, tuple(notes))


def _verdicts(draft: Draft, edit: _Edit, options: UpdateOptions) -> list[_Verdict]:
    """Say for each step that has run whether it stands."""
    changes, topology = edit.changes, edit.found.topology
    moved = bool(changes.moved.any())
    far = changes.furthest * 1000 > options.keep_rig_mm
    shaped = moved or topology != "same"
    parted = bool(changes.uv0 or changes.uv1 or changes.layers or changes.reassigned)
    named = any(what == ["new"] for what in edit.materials.changes.values())
    touched = bool(shaped or parted or edit.materials.changes or changes.morphs or edit.rows or changes.variants)
    way = f"points moved by up to {changes.furthest * 1000:.1f} mm"
    joined = {"changed": "points were added or removed", "same points": "triangles join the points otherwise"}
    other = joined.get(topology, "")
    verdicts = []
    for entry in draft.steps:
        step = str(entry["step"])
        why = ""
        if step in ("import", STEP):
            continue
        if step == "place" and not _is_worn(edit):
            why = f"the file lies elsewhere: half of its points are more than {1000 * changes.usual:.0f} mm away"
        elif topology == "changed":
            why = f"{other}; it is already on the body" if step == "place" else other
        elif step in ("rig", "rig-smplx", "drape", "learn"):
            why = _rig_doubt(step, moved=moved, far=far, way=way, edit=edit)
        elif step == "unwrap" and topology != "same":
            why = other
        elif step == "lod" and (shaped or parted or named):
            why = other or (way if moved else "its corners' UVs, layers or materials changed")
        elif step == "preview" and touched:
            why = "it shows the garment before the edit"
        verdicts.append(_Verdict(step, not why, why or _reason(step, edit, way if moved else "")))
    return verdicts


def _is_worn(edit: _Edit) -> bool:
    """Say whether the file lies where the draft lies, on the body."""
    return edit.changes.usual < _ELSEWHERE


def _rig_doubt(step: str, *, moved: bool, far: bool, way: str, edit: _Edit) -> str:
    """Say why a step that describes how points follow the body no longer holds, or nothing."""
    if far:
        return way
    if moved and step in ("rig-smplx", "drape"):
        return way
    if step == "learn" and edit.found.topology != "same":
        return "triangles join the points otherwise"
    if step == "learn" and edit.changes.uv1:
        return "the atlas changed, on which it is written"
    if step == "learn" and edit.rows:
        return "skin weights changed"
    return ""


def _reason(step: str, edit: _Edit, way: str) -> str:
    """Say why a step stands."""
    if step == "clean":
        return "its triangles are the same" if edit.found.topology == "same" else "its points are the same"
    if step == "place":
        return "the file lies where the draft lies"
    if step == "unwrap":
        return "the atlas is the file's, checked to be injective" if edit.changes.uv1 else "the atlas is unchanged"
    if step == "rig":
        kept = f"{way}, bound to the body anew" if way else "no point moved"
        return f"{kept}; {len(edit.rows)} points take the weights painted in the file" if edit.rows else kept
    return way or "nothing that it rests on changed"


def _stands(verdicts: list[_Verdict], step: str) -> bool:
    return any(verdict.step == step and verdict.stands for verdict in verdicts)


def _kept_rig(draft: Draft, edit: _Edit) -> Rig | None:
    """Return the rig for points that moved a little and weights that were painted; None when it is as it was."""
    if not edit.changes.moved.any() and not edit.rows and edit.found.topology == "same":
        return None
    rest = canonical_rest()
    points = edit.mesh.points
    binding = bind(points, rest.vertices, rest.body.faces, normals=vertex_normals(points, edit.mesh.faces))
    indices, weights = with_rows(draft.rig, {point: dict(row) for point, row in edit.rows.items()})
    moved: NDArray[np.bool_] = edit.changes.moved
    return replace(
        draft.rig,
        joint_indices=indices,
        joint_weights=weights,
        binding_triangles=np.where(moved, binding.triangles, draft.rig.binding_triangles),
        binding_barycentrics=np.where(moved[:, None], binding.barycentrics, draft.rig.binding_barycentrics),
        binding_offsets=np.where(moved[:, None], binding.offsets, draft.rig.binding_offsets),
    )


def _overrides(draft: Draft, edit: _Edit, number: int) -> dict[str, bytes | Path | None]:
    """Return the draft's corrections after the edit; those that it has taken in are laid aside, not lost."""
    files: dict[str, bytes | Path | None] = {}
    aside = [_PLACE]
    if edit.found.topology == "changed":
        aside.append(PAINTED)
    elif edit.rows:
        count = len(edit.mesh.points)
        files[PAINTED] = painted_bytes({**read_painted(draft.folder, len(draft.mesh.points)), **edit.rows}, count)
    for path in aside:
        if (draft.folder / path).is_file():
            files[f"source/updates/{number}-before/{Path(path).name}"] = (draft.folder / path).read_bytes()
            files[path] = None
    return files


def _source_files(source: Path, imported: Imported) -> dict[str, Path]:
    folder = source.parent.resolve()
    found = {path.resolve().relative_to(folder).as_posix(): path for path in imported.raw.companions}
    return {source.name: source, **found}


def _report(draft: Draft, source: Path, edit: _Edit, verdicts: list[_Verdict]) -> dict[str, Any]:
    earlier: list[dict[str, Any]] = []
    if draft.has(STEP):
        last = draft.report(STEP)
        earlier = [*last["earlier"], {"file": last["file"], "sha256": last["sha256"]}]
    topology: Topology = edit.found.topology
    return {
        "file": source.name,
        "sha256": file_sha256(source),
        "earlier": earlier,
        "frame": edit.found.frame.said(),
        "topology": topology,
        "told_by": edit.found.told_by,
        "vertices": len(edit.mesh.points),
        "triangles": len(edit.mesh.faces),
        "changes": {
            **edit.changes.to_json(),
            "materials": edit.materials.changes,
            "weights_painted": len(edit.rows),
        },
        "worn": _is_worn(edit),
        "stands": [{"step": v.step, "why": v.why} for v in verdicts if v.stands],
        "redo": [
            {"step": v.step, "why": v.why, "command": _command(v.step, draft, worn=_is_worn(edit))}
            for v in verdicts
            if not v.stands
        ],
        "notes": list(dict.fromkeys(edit.notes)),
    }


def _command(step: str, draft: Draft, *, worn: bool) -> str:
    if step == "rig-smplx":
        return f"dressform garment rig {draft.folder} --smplx FILE"
    return f"dressform garment {step} {draft.folder}" + (" --keep" if step == "place" and worn else "")
