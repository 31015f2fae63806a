"""A small library, jobs on it, and what has to hold whatever became of a job."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dressform.assets.bundle import import_bundle, write_bundle
from dressform.assets.draft_digest import draft_digest
from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.glb import write_glb
from dressform.assets.files.rig import Rig
from dressform.assets.files.rig_file import write_rig
from dressform.assets.gc import collect
from dressform.assets.library import Library
from dressform.assets.search import Query, search
from dressform.assets.store import Store
from dressform.assets.verify import verify
from dressform.schemas.errors import DressformError
from dressform.schemas.report import Report, Severity

SIZES = ("S", "M")


@dataclass(frozen=True)
class Job:
    """Something that writes to a library.

    Attributes:
        name: Of the job.
        run: Does it on the library in a folder.
        adds: Versions that are there after it.
        frees: Whether no loose blob is left after it.
        indexes: Whether it writes what is searched.
    """

    name: str
    run: Callable[[Path], object]
    adds: tuple[str, ...] = ()
    frees: bool = False
    indexes: bool = False


@dataclass(frozen=True)
class Scene:
    """What every trial starts from.

    Attributes:
        folder: Holds `library` (a tee and a skirt, loose old blobs), `draft` (of the next tee) and `coats.tar`.
        versions: Label → sha256 of template.json of the library's versions.
    """

    folder: Path
    versions: dict[str, str]

    @property
    def jobs(self) -> tuple[Job, ...]:
        """What is killed and hindered."""
        draft, bundle = self.folder / "draft", self.folder / "coats.tar"
        return (
            Job("publish", lambda folder: publish(folder, draft), ("tee@1.0.1",)),
            Job("gc", lambda folder: collect(Library.open(folder), grace_s=0.0), frees=True),
            Job("import", lambda folder: import_bundle(Library.open(folder), bundle), ("coat@1.0.0", "coat@1.0.1")),
            Job("index", rebuild_index, indexes=True),
        )

    def copy(self, folder: Path) -> Path:
        """Make a folder anew with a copy of the library for one trial, times too, and return the copy."""
        shutil.rmtree(folder, ignore_errors=True)
        return Path(shutil.copytree(self.folder / "library", folder / "library"))


def make_scene(folder: Path) -> Scene:
    """Make a scene in a new folder."""
    library = Library.open(folder / "library")
    for name in ("tee", "skirt"):
        publish(library.folder, make_draft(folder / "drafts" / name, name, name))
    for i in range(6):
        store = library.stores()[0]
        with store.writing():
            os.utime(store.blob_path(store.add_bytes(bytes([i]) * 5000)), (1.0, 1.0))
    other = Library.open(folder / "other")
    for seed in (1, 2):
        publish(other.folder, make_draft(folder / "drafts" / f"coat{seed}", "coat", "coat", seed=seed))
    write_bundle(other, other.versions(), folder / "coats.tar")
    make_draft(folder / "draft", "tee", "tee", seed=3)
    return Scene(folder, {version.label: version.digest for version in library.versions()})


def make_draft(folder: Path, name: str, category: str, *, seed: int = 0) -> Path:
    """Write a small draft; another seed is another preview, hence another patch version."""
    mesh = _strip()
    for size in SIZES:
        grown = dataclasses.replace(mesh, points=mesh.points * np.float32(1.0 + 0.05 * SIZES.index(size)))
        write_glb(folder / "sizes" / size / "garment.glb", grown)
    write_rig(folder / "rig.anny.safetensors", _rig(len(mesh.points)))
    (folder / "preview.png").write_bytes(np.random.default_rng(seed).bytes(60_000))
    manifest = {
        "schema": "dressform/draft/1",
        "name": name,
        "category": category,
        "licence": "CC0-1.0",
        "authors": ["a tailor"],
        "sizes": {size: {"garment": f"sizes/{size}/garment.glb"} for size in SIZES},
    }
    (folder / "template.json").write_text(json.dumps(manifest))
    return folder


def publish(library: Path, draft: Path, version: str | None = None) -> bool:
    """Publish a draft under a clean report, and say whether a version was made."""
    report = Report(str(draft), draft_digest(draft), passed=1)
    return Library.open(library).publish(draft, report, version).created


def rebuild_index(folder: Path) -> None:
    """Make a library's index anew, and the one that is searched."""
    library = Library.open(folder)
    with library.stores()[0].writing():
        library.stores()[0].rebuild_index()
    search(library, Query(), rebuild=True)


def broken_promises(scene: Scene, folder: Path, job: Job, *, done: bool) -> list[str]:
    """Return what does not hold in a library on which a job was killed, hindered or done; then do the job again.

    Args:
        scene: What the trial started from.
        folder: The library.
        job: The job.
        done: Whether it had said that it is done.
    """
    try:
        broken = _damage(scene, folder, job) + (_lack(scene, folder, job) if done else [])
        job.run(folder)
        return broken + [f"after the retry: {each}" for each in _lack(scene, folder, job)]
    except DressformError as error:
        return [f"{job.name}: {error}"]


def _damage(scene: Scene, folder: Path, job: Job) -> list[str]:
    """Return what must not be, whatever became of the job."""
    library = Library.open(folder)
    findings = verify(library).findings  # reads every byte
    broken = [f"{each.rule} {each.path}: {each.message}" for each in findings if each.severity is Severity.ERROR]
    found = _versions(folder)
    broken += [f"{label} is gone or another" for label, digest in scene.versions.items() if found.get(label) != digest]
    new = set(found) - set(scene.versions)
    if not new <= set(job.adds):
        broken.append(f"nobody asked for {sorted(new)}")
    listed = {f"{row.name}@{row.version}" for row in library.list()}
    if not listed <= set(found) or len(listed) != len(library.names()):
        broken.append("the list is not what the refs are")
    if job.indexes and {f"{hit.name}@{hit.version}" for hit in search(library, Query())} != listed:
        broken.append("the search finds something else")
    return broken


def _lack(scene: Scene, folder: Path, job: Job) -> list[str]:
    """Return what the job should have done and has not."""
    library = Library.open(folder)
    broken = [f"{label} is missing" for label in job.adds if label not in _versions(folder)]
    for label in sorted(set(job.adds) & set(_versions(folder))):
        version = library.resolve(label)
        files = [version.file(path) for path in version.files]  # hashes each
        if not files or len(version.mesh().points) != len(version.rig().joint_indices):
            broken.append(f"{label} is torn")
    if job.frees and collect(library, grace_s=0.0, dry_run=True).removed:
        broken.append("loose blobs are left")
    if any((folder / "tmp").glob("*")):
        broken.append("scratch files are left")
    return broken


def _versions(folder: Path) -> dict[str, str]:
    """Return label → sha256 of template.json, as the refs have it."""
    refs = Store(folder).refs()
    return {f"{name}@{n}": held["manifest"] for name, ref in refs.items() for n, held in ref["versions"].items()}


def _strip() -> GarmentMesh:
    """Two rows of points with one UV set."""
    u, v = np.meshgrid(np.linspace(0.0, 1.0, 8), np.linspace(0.0, 1.0, 4))
    uv = np.stack([u.ravel(), v.ravel()], axis=1).astype(np.float32)
    points = np.stack([u.ravel() * 0.4, np.zeros(u.size), v.ravel() * 0.6 + 0.9], axis=1).astype(np.float32)
    corner = np.array([row * 8 + column for row in range(3) for column in range(7)])
    faces = np.concatenate([corner[:, None] + [0, 1, 9], corner[:, None] + [0, 9, 8]]).astype(np.int32)
    return GarmentMesh(points, faces, uv, faces, uv, faces, (Material(),), np.zeros(len(faces), np.int32))


def _rig(points: int) -> Rig:
    weights = np.zeros((points, 8), np.float32)
    weights[:, 0] = 1.0
    middle = np.full((points, 3), 1 / 3, np.float32)
    binding = (np.zeros(points, np.int32), middle, np.zeros((points, 3), np.float32))
    return Rig(
        "anny", "ab" * 32, ("pelvis",), np.zeros((points, 8), np.int32), weights, *binding, np.zeros(9, np.bool_)
    )
