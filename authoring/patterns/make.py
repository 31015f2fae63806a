"""From a recipe to a draft that is ready to validate and publish."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dressform.authoring.draft import Draft
from dressform.authoring.fabrics.fabric import template_fabric
from dressform.authoring.steps._figures import mesh_figures
from dressform.authoring.steps.clean import clean_mesh
from dressform.authoring.steps.place import PlaceOptions, place
from dressform.authoring.steps.preview import PreviewOptions, preview
from dressform.authoring.steps.rig import RigOptions, rig
from dressform.authoring.steps.unwrap import UnwrapOptions, unwrap
from dressform.schemas.documents import dump_json
from dressform.schemas.licences import UNSTATED
from dressform.schemas.progress import Progress, part, silent

from .garment import Made, make_garment
from .recipe import Recipe

SOURCE = "recipe.json"
MAIN_SLOT = "main"
_RIG, _PREVIEW = RigOptions(), PreviewOptions()
_REPAIRS = ("degenerate_faces", "duplicate_faces", "nonmanifold_edges", "faces_turned", "points_welded", "seams_sewn")


def make_draft(
    recipe: Recipe,
    folder: Path,
    *,
    rig_options: RigOptions = _RIG,
    preview_options: PreviewOptions = _PREVIEW,
    progress: Progress = silent,
) -> Draft:
    """Make a recipe's garment on the canonical body and take it through the steps of a build.

    Args:
        recipe: Read and checked.
        folder: Where the draft goes once it is made; as it was when anything fails or is interrupted, but for a
            picture beside it when the garment cannot be worn.
        rig_options: Of the step rig.
        preview_options: Of the step preview.
        progress: Told how far it is.
    """
    draft = Draft.create(folder)
    folder = draft.folder
    beside = next(parent for parent in folder.resolve().parents if parent.is_dir())
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=beside) as scratch:
        work = Path(scratch) / folder.name
        if (folder / "overrides").is_dir():
            shutil.copytree(folder / "overrides", work / "overrides")
        picture = folder.with_name(f"{folder.name}-drape-failed.png")
        made = _stepped(recipe, work, picture, rig_options, preview_options, progress)
        draft = draft.replaced_by(made)
    progress(1.0, "made")
    return draft


def _stepped(
    recipe: Recipe,
    folder: Path,
    picture: Path,
    rig_options: RigOptions,
    preview_options: PreviewOptions,
    progress: Progress,
) -> Draft:
    """Make the draft step by step in a folder that nobody looks at."""
    begun = time.perf_counter()
    made = make_garment(recipe, picture=picture, progress=part(progress, 0.0, 0.6))
    draft = _imported(Draft(folder, {}, ()), recipe, made, time.perf_counter() - begun)
    progress(0.6, "checking the mesh")
    draft = _checked(draft)
    progress(0.63, "checking the layout")
    draft = unwrap(draft, UnwrapOptions(fabric=False))
    progress(0.66, "placing")
    draft = place(draft, PlaceOptions(keep=True))
    draft = draft.commit_step("drape", {"solver": "style3d"}, {"sizes": made.drapes}, seconds=_seconds(made))
    draft = rig(draft, rig_options, progress=part(progress, 0.68, 0.85, "rigging: "))
    return preview(draft, preview_options, progress=part(progress, 0.85, 1.0))


def _imported(draft: Draft, recipe: Recipe, made: Made, seconds: float) -> Draft:
    """Commit the meshes as the step import does, with the recipe as their source."""
    document = recipe.document
    source = dump_json(document)
    mesh = made.meshes[recipe.default_size]
    manifest: dict[str, Any] = {
        "schema": "dressform/draft/1",
        "name": recipe.name,
        "category": recipe.category,
        "licence": document.get("licence", UNSTATED),
        "authors": list(document.get("authors", ())),
        "source": {
            "file": SOURCE,
            "sha256": hashlib.sha256(source).hexdigest(),
            "bytes": len(source),
            "format": "recipe",
            "units": "m",
            "up": "z",
        },
        "sizes": {
            size: {"garment": f"sizes/{size}/garment.glb", "measures": _rounded(pattern.measures)}
            for size, pattern in recipe.patterns.items()
        },
        "default_size": recipe.default_size,
        "mesh": mesh_figures(mesh),
        "fabric": template_fabric(recipe.fabrics.get(MAIN_SLOT, next(iter(recipe.fabrics.values())))),
    }
    for key in ("title", "description", "permissions", "tags", "layer"):
        if key in document:
            manifest[key] = document[key]
    if made.variants:
        manifest["variants"] = dict(made.variants)
    report = {
        "file": SOURCE,
        "pattern": document["pattern"],
        "vertices": len(mesh.points),
        "triangles": len(mesh.faces),
        "metres_per_unit": 1.0,
        "up": "z",
        "category": recipe.category,
        "on_canonical_body": True,
        "finished": {size: _rounded(pattern.finished) for size, pattern in recipe.patterns.items()},
        "notes": [],
    }
    return draft.commit_step(
        "import",
        json.loads(source),
        report,
        mesh=mesh,
        further={size: each for size, each in made.meshes.items() if size != recipe.default_size},
        manifest=manifest,
        files={f"source/{SOURCE}": source, **made.files},
        seconds=seconds,
    )


def _checked(draft: Draft) -> Draft:
    """Commit what the step clean finds; a mesh cut from a pattern needs none of its repairs."""
    begun = time.perf_counter()
    cleaned, report = clean_mesh(draft.mesh, category=draft.manifest["category"])
    found = report.to_json()
    repaired = [name for name in _REPAIRS if found[name]]
    assert not repaired, f"the pattern's mesh needed {repaired}"
    assert len(cleaned.faces) == len(draft.mesh.faces)
    return draft.commit_step("clean", {}, found, seconds=time.perf_counter() - begun)


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(float(value), 4) for name, value in values.items()}


def _seconds(made: Made) -> float:
    return float(sum(report["seconds"] for report in made.drapes.values()))
