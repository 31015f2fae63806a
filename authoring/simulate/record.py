"""Recording a simulated clip: frame by frame into a file, in constant memory, going on where it was interrupted."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from dressform.assets.atomic import sync_file, write_bytes
from dressform.assets.files.cloth_clip import (
    ClothClip,
    ClothFrame,
    WornInClip,
    clip_header,
    frame_bytes,
    frame_size,
    read_clip,
)
from dressform.assets.template_version import TemplateVersion
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.schemas.errors import InputError, UsageError
from dressform.schemas.progress import Progress, silent

from .posed import Dropped, Moment, PosedCloth
from .wearing import MAIN, Wearing

KEPT_EVERY = 10  # frames between two moments that are kept


@dataclass(frozen=True)
class Take:
    """What is recorded.

    Attributes:
        versions: What is worn, innermost first, each in its size.
        rest: The body.
        poses: Its poses, in order; a pose is 360 bytes, so an hour of them is some tens of megabytes.
        fps: Poses per second.
        about: JSON values for the file's header: the motion, what else a viewer wants to know.
        solver: "style3d" or "vbd".
        seed: Of what is random.
    """

    versions: Sequence[TemplateVersion]
    rest: RestBody
    poses: Sequence[Pose]
    fps: float
    about: Mapping[str, Any]
    solver: str = "style3d"
    seed: int = 0


def wearings(versions: Sequence[TemplateVersion], rest: RestBody) -> list[Wearing]:
    """Return garments of a library on a body, innermost first: by their templates' layers, then as given."""
    order = sorted(range(len(versions)), key=lambda k: int(versions[k].manifest.get("layer", k)))
    worn: list[Wearing] = []
    for version in (versions[k] for k in order):
        fabric = version.manifest.get("fabric")
        worn.append(
            Wearing.of(
                version.mesh(),
                version.rig(rest.body.family),
                rest,
                {MAIN: fabric} if fabric else None,
                below=tuple(worn),
                name=version.name,
            )
        )
    return worn


def record(take: Take, path: Path, progress: Progress = silent) -> ClothClip:
    """Simulate a take into a file; it appears at `path` when it is whole.

    Until then the frames lie in `PATH.part`, and the last kept moment in `PATH.moment`. When both are there and belong
    to the same take, the recording goes on from that moment, to the same bits; else it begins anew.

    Args:
        take: What is recorded.
        path: A file that ends in .cloth.
        progress: Told after every frame.

    Raises:
        UsageError: When there is nothing to record, or another run is recording into that file.
        InputError: When a garment cannot be simulated, or newton is missing; when no attempt keeps it together in a
            frame, the message names that one and nothing is left behind.
    """
    if not take.versions:
        raise UsageError("there is nothing to simulate; name a garment with --wear")
    if not take.poses:
        raise UsageError("there is no motion to simulate: it has no frames; ask for more seconds")
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist; make it first")
    with _alone_on(path):
        return _record(take, path, progress)


@contextmanager
def _alone_on(path: Path) -> Iterator[None]:
    """Keep a second run off a recording: it would write into the same part."""
    held = path.with_name(path.name + ".lock")
    lock = FileLock(held, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise UsageError(f"{path}: another run is recording into it; wait for it, or name another file") from None
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes it itself, once it is let go
            held.unlink(missing_ok=True)
        lock.release()


def _record(take: Take, path: Path, progress: Progress) -> ClothClip:
    progress(0.0, "fitting")
    worn = wearings(take.versions, take.rest)
    body = {"body": take.rest.body.family, "measures": _measures(take.rest), "solver": take.solver}
    header = clip_header(take.fps, len(take.poses), _garments(take, worn), {**take.about, **body})
    key = _key(take, header)
    part, kept = path.with_name(path.name + ".part"), path.with_name(path.name + ".moment")
    done, after = _kept(kept, part, key, len(header), worn)
    cloth = PosedCloth(worn, take.rest, solver=take.solver, seed=take.seed)
    with part.open("r+b" if done else "wb") as file:
        size = _frame_size(worn)
        file.seek(0)
        file.write(header)
        file.seek(len(header) + done * size)
        file.truncate()
        progress(done / len(take.poses), "settling")
        left = itertools.islice(take.poses, done, None)
        number = done
        try:
            for number, garments in enumerate(cloth.clip(left, take.fps, after=after), start=done + 1):
                pose = take.poses[number - 1]
                file.write(frame_bytes(ClothFrame(pose.rotations, pose.root, garments)))
                if number % KEPT_EVERY == 0 and number < len(take.poses) and cloth.moment is not None:
                    file.flush()
                    _keep(kept, key, number, cloth.moment)
                progress(number / len(take.poses), f"simulating, frame {number}")
        except Dropped as error:
            part.unlink()
            kept.unlink(missing_ok=True)
            raise InputError(
                f"{path}: frame {number} of {len(take.poses)} cannot be simulated: {error.reason}; "
                "take another size, a slower motion, or `--solver vbd`, which is finer"
            ) from None
    sync_file(part)
    part.replace(path)
    kept.unlink(missing_ok=True)
    return read_clip(path)


def _measures(rest: RestBody) -> dict[str, float]:
    return {name: round(value, 4) for name, value in rest.measures().as_dict().items()}


def _frame_size(worn: Sequence[Wearing]) -> int:
    return frame_size([len(wearing.garment.mesh.points) for wearing in worn])


def _garments(take: Take, worn: Sequence[Wearing]) -> tuple[WornInClip, ...]:
    versions = {version.name: version for version in take.versions}
    found = [(versions[wearing.garment.name], len(wearing.garment.mesh.points)) for wearing in worn]
    return tuple(WornInClip(v.name, v.version, v.digest, v.size, points) for v, points in found)


def _key(take: Take, header: bytes) -> str:
    """Return a digest of all that decides what the frames are."""
    digest = hashlib.sha256(header)
    digest.update(np.int64(take.seed).tobytes() + take.rest.vertices.tobytes())
    for pose in take.poses:
        digest.update(pose.rotations.tobytes() + pose.root.tobytes())
    return digest.hexdigest()


def _keep(path: Path, key: str, frames: int, moment: Moment) -> None:
    """Write a moment, whole or not at all."""
    arrays = {"rotations": moment.pose.rotations, "root": moment.pose.root}
    arrays |= {f"points.{k}": points for k, points in enumerate(moment.points)}
    arrays |= {f"speeds.{k}": speeds for k, speeds in enumerate(moment.speeds or ())}
    ready = {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}
    write_bytes(path, save(ready, metadata={"take": key, "frames": str(frames)}))


def _kept(path: Path, part: Path, key: str, header: int, worn: Sequence[Wearing]) -> tuple[int, Moment | None]:
    """Return how many frames of this take are there, and the moment after them; none when it is another take."""
    try:
        with safe_open(str(path), framework="numpy") as file:
            about = file.metadata() or {}
            if about.get("take") != key:
                return 0, None
            frames = int(about["frames"])
            pose = Pose(file.get_tensor("rotations"), file.get_tensor("root"))
            points = [file.get_tensor(f"points.{k}") for k in range(len(worn))]
            speeds = [file.get_tensor(f"speeds.{k}") for k in range(len(worn))]
        size = _frame_size(worn)
        if part.stat().st_size < header + frames * size:
            return 0, None
    except (OSError, SafetensorError, KeyError, ValueError):
        return 0, None
    return frames, Moment(pose, points, speeds)
