"""Samples of simulated cloth on disk: one garment on bodies in poses, each where simulation leaves it.

A folder holds

    plan.json                     what it is to hold, of which garments, by digest, and how they are simulated
    garment/, below.0/ …          the garment, and what is worn under it, as they were simulated
    drapes/BODY.SIZE.safetensors  each body and size at rest
    samples/ID.safetensors        one pose
    dropped/ID.json               a pose that could not be simulated, and why
    set.json                      written last: every sample with its sha256, and the digest of them all
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from dressform.assets.atomic import write_bytes
from dressform.assets.files.field import Field
from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.rig import Rig
from dressform.assets.template_version import TemplateVersion
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.schemas.documents import load_json
from dressform.schemas.errors import InputError

from .plan import Plan, Split, file_name
from .specimen import Specimen

Floats = NDArray[np.float32]

SCHEMA = "dressform/cloth-samples/1"
SET, PLAN = "set.json", "plan.json"
AGAIN = "make the samples again"


@dataclass(frozen=True)
class Sample:
    """One simulated pose.

    Attributes:
        id: Unique in its set.
        split: What it is for.
        body: The body's name.
        shape: The body's shape parameters.
        size: The garment's size.
        pose: The body's pose.
        points: float32 [V, 3] the whole garment where the cloth came to rest, world [m].
        still_mm: How far the fastest point still moved in the last frame [mm].
        below: float32 [V, 3] of each garment worn under it, from the inside [m].
    """

    id: str
    split: Split
    body: str
    shape: Mapping[str, float]
    size: str
    pose: Pose
    points: Floats
    still_mm: float
    below: tuple[Floats, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A sample as the set lists it: all but its arrays."""

    id: str
    split: Split
    body: str
    size: str
    still_mm: float
    sha256: str


class Samples(Sequence[Sample]):
    """Samples that are read from disk when they are asked for."""

    def __init__(self, folder: Path, plan: Plan, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self._folder = folder
        self._plan = plan
        self._shapes = {group.body: group.shape for group in plan.groups}

    def __len__(self) -> int:
        return len(self.entries)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Samples: ...
    def __getitem__(self, index: int | slice) -> Sample | Samples:
        """Read one sample, or return some of them unread."""
        if isinstance(index, slice):
            return Samples(self._folder, self._plan, self.entries[index])
        entry = self.entries[index]
        path = sample_path(self._folder, entry.id)
        pose, points, still_mm = read_sample(path, entry.sha256)
        shape = self._shapes[entry.body]
        return Sample(
            entry.id, entry.split, entry.body, shape, entry.size, pose, points[-1], still_mm, tuple(points[:-1])
        )

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    def of(self, split: Split) -> Samples:
        """Return the samples of one split, unread."""
        return Samples(self._folder, self._plan, (entry for entry in self.entries if entry.split == split))


@dataclass(frozen=True)
class SampleSet:
    """A finished set of samples of one garment.

    Attributes:
        folder: Where it lies.
        plan: What it was made by.
        garment: Which garment, in all its sizes.
        below: What is worn under it, from the inside.
        samples: In the plan's order, without those that were dropped.
        dropped: By sample, why it could not be simulated.
        digest: sha256 of the ids and contents of all samples.
        simulation: What `simulation` said when it was begun; None when a `dress` of the caller's own made it.
        below_fields: The field that each garment below is shown with, from the inside; empty: plain skinning. The
            simulations do not know them: they are what a wearer sees under the garment that is learned or judged.
    """

    folder: Path
    plan: Plan
    garment: Specimen
    below: tuple[Specimen, ...]
    samples: Samples
    dropped: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    simulation: Mapping[str, Any] | None = None
    below_fields: tuple[Field | None, ...] = ()

    def over(self, versions: Sequence[TemplateVersion]) -> SampleSet:
        """Return the set with the garments below shown by the fields of their versions, from the inside.

        Raises:
            InputError: Other garments were simulated below.
        """
        if len(versions) != len(self.below):
            found = f"{len(self.below)} garments below, asked to show {len(versions)}"
            raise InputError(f"{self.folder}: {found}; name those that it was simulated over")
        for version, below in zip(versions, self.below, strict=True):
            if Specimen.of(version).digest != below.digest:
                raise InputError(f"{self.folder}: simulated over another {below.name} than {version.label}; {AGAIN}")
        return replace(self, below_fields=tuple(version.field() for version in versions))

    @property
    def meshes(self) -> Mapping[str, GarmentMesh]:
        """The garment's mesh by size."""
        return self.garment.meshes

    def rig(self, size: str) -> Rig:
        """Return the garment's rig with a size's binding."""
        return self.garment.rig_of(size)

    def rest(self, body: str) -> RestBody:
        """Return one of the set's bodies in its rest pose."""
        return rest_of(next(group for group in self.plan.groups if group.body == body).shape)

    def drape(self, body: str, size: str) -> Floats:
        """Return the garment at rest on one of the set's bodies, float32 [V, 3] [m]."""
        return read_points(drape_path(self.folder, body, size))[-1]


def rest_of(shape: Mapping[str, float]) -> RestBody:
    """Return the body of a shape, made once."""
    return _rest(tuple(sorted(shape.items())))


@lru_cache(maxsize=32)
def _rest(shape: tuple[tuple[str, float], ...]) -> RestBody:
    return load_anny().rest(dict(shape))


def load_samples(folder: Path) -> SampleSet:
    """Open a finished set; samples are read, and checked against their sha256, when they are used.

    Raises:
        InputError: The folder holds no set, an unfinished one, or one that does not hang together.
    """
    path = folder / SET
    if not path.is_file():
        state = "an unfinished one" if (folder / PLAN).is_file() else "none"
        raise InputError(f"{folder}: needs a finished set of samples ({SET}), found {state}; {AGAIN}")
    held, asked = load_json(path), load_json(folder / PLAN)
    try:
        if held["schema"] != SCHEMA:
            raise InputError(f"{path}: needs {SCHEMA}, found {str(held['schema'])[:40]!r}; {AGAIN}")
        plan = Plan.from_document(asked["plan"])
        entries = [Entry(**entry) for entry in held["samples"]]
        dropped = {str(name): str(why) for name, why in held["dropped"].items()}
        digests = [str(digest) for digest in asked["garments"]]
        listed, simulated = str(held["digest"]), asked["simulation"]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not a set of samples ({error}); {AGAIN}") from error
    if set_digest(entries) != listed:
        raise InputError(f"{path}: its samples do not add up to its digest; {AGAIN}")
    garments = read_garments(folder, len(digests))
    if [garment.digest for garment in garments] != digests:
        raise InputError(f"{folder}: it holds other garments than {PLAN} names; {AGAIN}")
    samples = Samples(folder, plan, entries)
    return SampleSet(folder, plan, garments[-1], garments[:-1], samples, dropped, listed, simulated)


def set_digest(entries: Iterable[Entry]) -> str:
    """Return the sha256 of ids and contents, in any order of the samples."""
    lines = sorted(f"{entry.id} {entry.sha256}\n" for entry in entries)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def garment_folders(folder: Path, count: int) -> list[Path]:
    """Return where a set's garments lie, from the inside; the last is the one that it is about."""
    return [folder / f"below.{index}" for index in range(count - 1)] + [folder / "garment"]


def read_garments(folder: Path, count: int) -> tuple[Specimen, ...]:
    """Read a set's garments from the inside."""
    return tuple(Specimen.read(each) for each in garment_folders(folder, count))


def sample_path(folder: Path, sample_id: str) -> Path:
    """Return where a sample lies."""
    return folder / "samples" / f"{sample_id}.safetensors"


def drape_path(folder: Path, body: str, size: str) -> Path:
    """Return where the garments at rest on a body lie."""
    return folder / "drapes" / f"{file_name(body)}.{size}.safetensors"


def write_points(path: Path, points: Sequence[Floats], **further: NDArray[np.floating]) -> None:
    """Write the points of garments from the inside, each [V, 3] [m], and further arrays by name, atomically."""
    arrays = {**{f"points.{layer}": each for layer, each in enumerate(points)}, **further}
    write_bytes(path, save({name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}))


def write_sample(path: Path, pose: Pose, points: Sequence[Floats], still_mm: float) -> None:
    """Write a pose, the points of the garments from the inside [m], and how still they were [mm], atomically."""
    write_points(path, points, rotations=pose.rotations, root=pose.root, still_mm=np.array([still_mm]))


def read_points(path: Path) -> list[Floats]:
    """Read the points of garments from the inside, each float32 [V, 3] [m]."""
    return _points(path, _read(path))


def read_sample(path: Path, sha256: str | None = None) -> tuple[Pose, list[Floats], float]:
    """Read a pose, the points of the garments from the inside, and how still they were [mm].

    Raises:
        InputError: The file is missing, not a sample, holds NaN, or has not this sha256.
    """
    arrays = _read(path, sha256)
    try:
        pose = Pose(arrays["rotations"], arrays["root"])
        still_mm = float(arrays["still_mm"].item())
    except (KeyError, ValueError) as error:
        raise InputError(f"{path}: not a sample ({error}); {AGAIN}") from error
    return pose, _points(path, arrays), still_mm


def _points(path: Path, arrays: Mapping[str, NDArray[Any]]) -> list[Floats]:
    count = sum(name.startswith("points.") for name in arrays)
    points = [arrays[f"points.{layer}"] for layer in range(count)]
    if not points or not all(np.isfinite(each).all() and each.shape[1:] == (3,) for each in points):
        raise InputError(f"{path}: needs finite points [V, 3], found others; {AGAIN}")
    return points


def _read(path: Path, sha256: str | None = None) -> dict[str, NDArray[Any]]:
    try:
        data = path.read_bytes()
        if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
            raise InputError(f"{path}: damaged, its sha256 is not the one that {SET} names; {AGAIN}")
        return load(data)
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a sample ({error}); {AGAIN}") from error
