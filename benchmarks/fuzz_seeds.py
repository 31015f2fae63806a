"""Sound and broken files of every kind that a person may hand over: what fuzzing starts from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dressform.assets.bundle import write_bundle
from dressform.assets.library import Library
from dressform.assets.lock import make_lock, write_lock
from dressform.authoring.fabrics.fabric import LIBRARY as FABRICS
from dressform.authoring.patterns.pattern_json import write_pattern
from dressform.authoring.patterns.sizing import pattern_measures
from dressform.authoring.patterns.tank import draft_tank
from dressform.runtime.avatar.avatar_file import Avatar
from dressform.runtime.body.canonical import CANONICAL_SHAPE, canonical_rest
from dressform.runtime.motion.load import load_motion
from dressform.schemas.report import Report
from dressform.validators.engine import validate
from dressform.validators.examples.builder import Parts, rig_for, sound_parts, tube
from dressform.validators.examples.field import carry_a_field
from dressform.validators.examples.table import EXAMPLES
from dressform.validators.profile import FOLDER as PROFILES

from .fuzz_meshes import detailed, mesh_files
from .fuzz_worn import CLIP, DRAFT, FIELD, cloth_clip, worn_draft

# how often each kind is taken, against the others
SHARES = {
    "draft": 20,
    "version": 5,
    "library": 2,
    "mesh": 58,
    "bundle": 4,
    "lock": 1,
    "recipe": 2,
    "pattern": 1,
    "profile": 1,
    "baseline": 1,
    "fabric": 1,
    "motion": 1,
    "avatar": 1,
    "worn": 2,
    "clip": 2,
}
_SOUND = 60  # how often each of the three sound drafts stands among a hundred broken ones


@dataclass(frozen=True)
class Seed:
    """Files that belong together, one or more of which are changed.

    Attributes:
        kind: One of `SHARES`.
        name: What it is.
        files: Path in its folder → content.
        main: The file that is read first; "" where the folder is.
    """

    kind: str
    name: str
    files: Mapping[str, bytes]
    main: str = ""


def make_seeds(folder: Path, *, every: int = 1) -> dict[str, list[Seed]]:
    """Return the seeds by their kind, the same ones every time.

    Args:
        folder: A new folder to write in meanwhile.
        every: Of the validators' broken examples every so many-th is taken.
    """
    seeds = [*_drafts(folder / "drafts", every), *_published(folder / "published"), *_documents(folder / "documents")]
    seeds += [Seed("mesh", name, files, name) for name, files in mesh_files(folder / "meshes")]
    worn = _files(worn_draft(folder / "worn" / DRAFT).parent)
    seeds += [Seed("worn", "field", worn, f"{DRAFT}/{FIELD}"), Seed("clip", "cloth", {CLIP: cloth_clip()}, CLIP)]
    return {kind: [seed for seed in seeds if seed.kind == kind] for kind in SHARES}


def _sound() -> Parts:
    """Return a sound draft of a tube so small that its validation takes moments."""
    mesh = tube(rings=4, around=6)
    parts = sound_parts()
    rig = rig_for(mesh)
    return replace(parts, mesh=mesh, rig=rig, skin=rig)


def _drafts(folder: Path, every: int) -> Iterator[Seed]:
    """Yield sound drafts, one with all that a garment's file can hold, and those that break a rule each."""
    rich = _sound()
    rich.mesh = detailed(rich.mesh)
    rich.manifest["variants"] = {"plain": {}, "dark": {"materials": {"cloth": {"base_color": [0.1, 0.1, 0.1, 1.0]}}}}
    carded = _sound()
    carry_a_field(carded)
    for name, parts in (("sound", _sound()), ("rich", rich), ("field", carded)):
        files = _files(parts.write(folder / name))
        yield from [Seed("draft", name, files)] * _SOUND
    for rule in sorted(EXAMPLES)[::every]:
        example = EXAMPLES[rule]
        if example.change is None:
            continue
        parts = sound_parts()
        if example.prepare:
            example.prepare(parts)
        example.change(parts)
        yield Seed("draft", rule, _files(parts.write(folder / rule)))


def _published(folder: Path) -> Iterator[Seed]:
    """Yield a library of two versions, its bundle, its lock, and a version in a folder of its own."""
    draft = sound_parts().write(folder / "draft")
    library = Library.open(folder / "library")
    library.publish(draft, _report(draft))
    manifest = json.loads((draft / "template.json").read_text())
    (draft / "template.json").write_text(json.dumps({**manifest, "title": "A tube"}))
    version = library.publish(draft, _report(draft))
    version.export(folder / "version")
    write_bundle(library, library.versions(), folder / "a.bundle")
    write_lock(folder / "dressform.lock", make_lock(library, ["tube@^1:M"], ["anny"]))
    files = _files(folder / "library")
    files = {path: data for path, data in files.items() if path != ".lock"}
    yield Seed("library", "library", files)
    yield Seed("version", "version", _files(folder / "version"))
    yield Seed("bundle", "bundle", {"a.bundle": (folder / "a.bundle").read_bytes()}, "a.bundle")
    locked = {"dressform.lock": (folder / "dressform.lock").read_bytes()}
    yield Seed("lock", "lock", locked | {f"library/{path}": data for path, data in files.items()}, "dressform.lock")


def _report(draft: Path) -> Report:
    """Return a report that says the same wherever the draft lies."""
    report = validate(draft, publishing=True)
    report.target = "draft"
    report.subjects = [replace(each, path="draft") for each in report.subjects]
    return report


def _documents(folder: Path) -> Iterator[Seed]:
    """Yield what people and steps write beside garments."""
    folder.mkdir(parents=True)
    write_pattern(folder / "tank.json", draft_tank(pattern_measures("M")))
    pattern = (folder / "tank.json").read_bytes()
    yield Seed("pattern", "tank", {"tank.json": pattern}, "tank.json")
    recipe = {"schema": "dressform/recipe/1", "name": "own", "pattern": "tank.json"}
    own = {"recipe.json": json.dumps(recipe).encode(), "tank.json": pattern}
    yield Seed("recipe", "own pattern", own, "recipe.json")
    for path in sorted((Path(FABRICS).parents[1] / "patterns" / "recipes").glob("*.json")):
        yield Seed("recipe", path.stem, {"recipe.json": path.read_bytes()}, "recipe.json")
    for path in sorted(Path(FABRICS).glob("*.json"))[::4]:
        yield Seed("fabric", path.stem, {"fabric.json": path.read_bytes()}, "fabric.json")
    for path in sorted(PROFILES.glob("*.yaml")):
        yield Seed("profile", path.stem, {"own.yaml": path.read_bytes()}, "own.yaml")
    yield Seed("profile", "own", {"own.yaml": json.dumps(_PROFILE, indent=1).encode()}, "own.yaml")
    yield Seed("baseline", "two", {"baseline.json": json.dumps(_BASELINE).encode()}, "baseline.json")
    clip = load_motion("idle")
    short = replace(clip, rotations=clip.rotations[:3], root=clip.root[:3], contacts=clip.contacts[:3])
    for name in ("clip.json", "clip.safetensors"):
        short.write(folder / name)
        yield Seed("motion", name, {name: (folder / name).read_bytes()}, name)
    Avatar("anny", CANONICAL_SHAPE, {"height": canonical_rest().measures().height}).save(folder / "avatar.json")
    yield Seed("avatar", "canonical", {"avatar.json": (folder / "avatar.json").read_bytes()}, "avatar.json")


def _files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


_PROFILE: dict[str, Any] = {
    "schema": "dressform/profile/1",
    "extends": "web",
    "sweep": False,
    "budgets": {"triangles": 5000},
    "severities": {"uv.*": "warning", "mesh.degenerate": "off"},
    "ignore": [{"rule": "mesh.*", "path": "tube/*", "reason": "a trial", "until": "2030-01-31"}],
}
_BASELINE: dict[str, Any] = {
    "schema": "dressform/baseline/1",
    "findings": [
        {"rule": "DF-MESH-003", "name": "mesh.degenerate", "path": "tube/sizes/M/garment.glb", "value": 3.0},
        {"rule": "DF-UV-001", "name": "uv.missing", "path": "tube/sizes/M/garment.glb", "value": None},
    ],
}
