"""From a pattern to a draft that is ready to validate and publish."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dressform.assets.files.garment import GarmentMesh
from dressform.authoring.draft import SIZE, Draft
from dressform.authoring.steps._figures import mesh_figures
from dressform.authoring.steps.clean import clean
from dressform.authoring.steps.import_mesh import template_name
from dressform.authoring.steps.place import PlaceOptions, place
from dressform.authoring.steps.preview import preview
from dressform.authoring.steps.rig import rig
from dressform.authoring.steps.unwrap import unwrap
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.schemas.errors import UsageError
from dressform.schemas.progress import Progress, silent

from .trousers import TrousersOptions, make_trousers


@dataclass(frozen=True)
class Pattern:
    """A garment that the program drafts itself.

    Attributes:
        category: Of the template.
        summary: One line for the list.
        make: Options (JSON values) → mesh on a rest body and the options in full.
    """

    category: str
    summary: str
    make: Callable[[RestBody, Mapping[str, Any]], tuple[GarmentMesh, dict[str, Any]]]


def _trousers(rest: RestBody, options: Mapping[str, Any]) -> tuple[GarmentMesh, dict[str, Any]]:
    chosen = TrousersOptions(**options)
    return make_trousers(rest, chosen), asdict(chosen)


PATTERNS: dict[str, Pattern] = {
    "trousers": Pattern("trousers", "jeans or chinos, straight or slim; --color, --weave, --fit", _trousers),
}


def make_draft(
    pattern: str,
    folder: Path,
    options: Mapping[str, Any],
    *,
    name: str | None = None,
    progress: Progress = silent,
) -> Draft:
    """Make a pattern on the canonical body and run the steps of a build on it.

    Args:
        pattern: A name of `PATTERNS`.
        folder: Where the draft is made.
        options: The pattern's own.
        name: The template's name; None takes the pattern's.
        progress: Told how far it is.
    """
    if pattern not in PATTERNS:
        raise UsageError(f"there is no pattern {pattern!r}; use one of {', '.join(PATTERNS)}")
    name = name or pattern
    if name != template_name(name):
        raise UsageError(f"--name {name!r} must be lower-case letters, digits and hyphens; try {template_name(name)!r}")
    begun = time.perf_counter()
    known = PATTERNS[pattern]
    draft = Draft.create(folder)
    progress(0.0, "drafting the pattern")
    mesh, recipe = known.make(canonical_rest(), options)
    draft = _imported(draft, name, pattern, mesh, recipe, time.perf_counter() - begun)
    progress(0.3, "cleaning")
    draft = clean(draft)
    progress(0.4, "checking the layout")
    draft = unwrap(draft)
    progress(0.55, "placing")
    draft = place(draft, PlaceOptions(keep=True))
    progress(0.65, "rigging")
    draft = rig(draft)
    progress(0.8, "taking pictures")
    draft = preview(draft)
    progress(1.0, "made")
    return draft


def _imported(
    draft: Draft, name: str, pattern: str, mesh: GarmentMesh, recipe: dict[str, Any], seconds: float
) -> Draft:
    """Commit the mesh as the step import does, with the recipe as its source."""
    known = PATTERNS[pattern]
    source = (json.dumps({"pattern": pattern, "options": recipe}, indent=2) + "\n").encode()
    manifest = {
        "schema": "dressform/draft/1",
        "name": name,
        "category": known.category,
        "licence": "CC0-1.0",
        "authors": ["dressform"],
        "source": {
            "file": "pattern.json",
            "sha256": hashlib.sha256(source).hexdigest(),
            "bytes": len(source),
            "format": "pattern",
            "units": "m",
            "up": "z",
        },
        "sizes": {SIZE: {"garment": f"sizes/{SIZE}/garment.glb"}},
        "default_size": SIZE,
        "mesh": mesh_figures(mesh),
    }
    report = {
        "file": "pattern.json",
        "pattern": pattern,
        "vertices": len(mesh.points),
        "triangles": len(mesh.faces),
        "metres_per_unit": 1.0,
        "up": "z",
        "category": known.category,
        "on_canonical_body": True,
        "notes": [],
    }
    return draft.commit_step(
        "import",
        {"pattern": pattern, "name": name, **recipe},
        report,
        mesh=mesh,
        manifest=manifest,
        files={"source/pattern.json": source},
        seconds=seconds,
    )
