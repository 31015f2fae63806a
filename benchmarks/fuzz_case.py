"""One case of fuzzing: which files are changed and how, all from the seed and the number."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from random import Random

from .fuzz_containers import change_file
from .fuzz_seeds import SHARES, Seed

# how often a file is the one that changes, against the others of its seed
_WEIGHTS = {".glb": 6, ".cloth": 6, ".safetensors": 4, ".json": 4, ".obj": 4, ".mhclo": 4, ".gltf": 4}
_SECRET = b"secret"


@dataclass(frozen=True)
class Case:
    """Files with changes.

    Attributes:
        kind: By which door they come in.
        seed: The name of what they were before.
        changed: The paths that were changed.
        main: The file that is read first.
        files: Path → content.
    """

    kind: str
    seed: str
    changed: tuple[str, ...]
    main: str
    files: Mapping[str, bytes]

    def write(self, folder: Path) -> None:
        """Write the files to a new folder, an older one of the name is deleted."""
        shutil.rmtree(folder, ignore_errors=True)
        for path, data in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)


def make_case(seeds: Mapping[str, Sequence[Seed]], random: Random, kinds: Sequence[str] = ()) -> Case:
    """Return a case.

    Args:
        seeds: By their kind.
        random: Decides everything.
        kinds: The kinds to choose from; all when empty.
    """
    names = list(kinds or SHARES)
    kind = random.choices(names, [SHARES[name] for name in names])[0]
    seed = random.choice(list(seeds[kind]))
    files = dict(seed.files)
    changed: list[str] = []
    for _ in range(random.choice([1, 1, 1, 2])):
        weights = [_weight(path, seed.main) for path in files]
        path = random.choices(list(files), weights)[0]
        other = random.choice(list(seeds[kind])).files.get(path, b"")
        files[path] = change_file(path, files[path], random, other)
        changed.append(path)
    return Case(kind, seed.name, tuple(dict.fromkeys(changed)), seed.main, files)


def write_secrets(folder: Path) -> None:
    """Lay files beside the folder of the cases that none of them may reach."""
    folder.mkdir(parents=True, exist_ok=True)
    for ending in ("png", "obj", "mtl", "bin", "json"):
        (folder / f"secret.{ending}").write_bytes(_SECRET)


def _weight(path: str, main: str) -> int:
    return 8 if path == main else _WEIGHTS.get(PurePosixPath(path).suffix, 1)
