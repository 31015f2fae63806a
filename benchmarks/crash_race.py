"""Writers that meet in one library, and readers that read while it is written to."""

from __future__ import annotations

import itertools
import os
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from dressform.assets.bundle import import_bundle
from dressform.assets.gc import collect
from dressform.assets.library import Library
from dressform.assets.search import Query, search
from dressform.assets.semver import Version, parse_version
from dressform.assets.verify import verify
from dressform.schemas.errors import AssetError

from .crash_child import DONE, TOLD, End, start, wait
from .crash_scene import Scene, make_draft, publish

READERS = 8


def two_publishers(folder: Path, races: int) -> tuple[dict[str, int], list[str]]:
    """Let two processes publish the same version of different content at once, again and again.

    Returns:
        How the processes ended, and what should not have happened.
    """
    drafts = [make_draft(folder / f"draft{seed}", "tee", "tee", seed=seed) for seed in (1, 2)]
    ends: Counter[str] = Counter()
    broken = []
    for race in range(races):
        library = folder / "library"
        shutil.rmtree(library, ignore_errors=True)
        results = _meet(library, drafts, [folder / f"note{i}" for i in range(2)])
        ends.update(result.how for result in results)
        told = [result.said for result in results if result.how == TOLD]
        if sorted(result.how for result in results) != [DONE, TOLD] or "tee@1.0.0 is there already" not in told[0]:
            broken.append(f"race {race}: {[(result.how, result.said) for result in results]}")
        opened = Library.open(library)
        if [version.label for version in opened.versions()] != ["tee@1.0.0"] or verify(opened).summary()["errors"]:
            broken.append(f"race {race}: the library is damaged")
    return dict(sorted(ends.items())), broken


def _meet(library: Path, drafts: Sequence[Path], notes: Sequence[Path]) -> list[End]:
    """Let a process for each draft publish it as 1.0.0, all at one moment."""
    ready, go = os.pipe()

    def publish_at_once(draft: Path) -> None:
        os.read(ready, 1)
        publish(library, draft, "1.0.0")

    pids = [start(partial(publish_at_once, draft), note) for draft, note in zip(drafts, notes, strict=True)]
    os.write(go, bytes(len(pids)))  # one for each
    ends = [wait(pid, note) for pid, note in zip(pids, notes, strict=True)]
    os.close(ready)
    os.close(go)
    return ends


def readers_while_writing(scene: Scene, folder: Path, seconds: float) -> tuple[dict[str, int], list[str]]:
    """Publish, import, yank and collect for a while, with eight processes reading all the time.

    Returns:
        How often a whole library was read and how many versions were written, and what should not have happened.
    """
    folder.mkdir(parents=True)
    library = scene.copy(folder / "readers")
    stop = folder / "stop"
    counts = [folder / f"count{i}" for i in range(READERS)]
    notes = [folder / f"note{i}" for i in range(READERS)]
    pids = [start(partial(_read_until, library, stop, count), note) for count, note in zip(counts, notes, strict=True)]
    until = time.perf_counter() + seconds
    try:
        import_bundle(Library.open(library), scene.folder / "coats.tar")
        for seed in itertools.count(10):
            publish(library, make_draft(folder / "draft", "tee", "tee", seed=seed))
            collect(Library.open(library), grace_s=0.0)
            if seed % 3 == 0:
                Library.open(library).yank("tee", f"1.0.{seed - 10}", "superseded")
            if time.perf_counter() > until:
                break
    finally:
        stop.touch()
        ends = [wait(pid, note) for pid, note in zip(pids, notes, strict=True)]
    broken = [f"a reader: {end.said}" for end in ends if end.how != DONE]
    reads = sum(int(count.read_text()) for count in counts if count.exists())
    written = len(Library.open(library).versions()) - len(scene.versions)
    return {"readers": READERS, "reads": reads, "versions_written": written}, broken


def _read_until(library: Path, stop: Path, count: Path) -> None:
    """Read every template at its newest version, in full, until told to stop; what was there once must stay."""
    seen: dict[str, str] = {}
    highest: dict[str, Version] = {}
    reads = 0
    while not stop.exists():
        opened = Library.open(library)
        search(opened, Query())
        for row in opened.list():
            version = opened.resolve(row.name)
            files = [version.file(path) for path in version.files]  # hashes each
            if not files or len(version.mesh().points) != len(version.rig().joint_indices):
                raise AssetError(f"{version.label} is torn")
            found = {each.label: each.digest for each in opened.versions(row.name)}
            if any(found.get(label) != digest for label, digest in seen.items() if label.startswith(f"{row.name}@")):
                raise AssetError(f"a version of {row.name} went or changed")
            seen |= found
            newest = max(parse_version(label.partition("@")[2]) for label in found)
            if newest < highest.setdefault(row.name, newest):
                raise AssetError(f"{row.name} went back to {newest}")
            highest[row.name] = newest
        reads += 1
    count.write_text(str(reads))
