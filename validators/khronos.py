"""The Khronos group's own validator of glTF files, run in Node where that and the npm package are there."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .rule import NotTestableError

PACKAGE = "gltf-validator"
FOLDER = "DRESSFORM_GLTF_VALIDATOR"  # names a folder where `npm install gltf-validator` was run
_BUILT = Path(__file__).parents[1] / "build" / "node"  # where `make node-tools` puts it in a checkout
_SECONDS = 120.0  # a garment of 60,000 triangles takes a third of a second
_MEMORY_MB = 768
_MOST_ISSUES = 200  # of one file
_SCRIPT = """
const validator = require("gltf-validator"), fs = require("fs");
const options = {maxIssues: %d, writeTimestamp: false};
const unread = (error) => [{code: "UNREADABLE", severity: 0, message: String(error), pointer: ""}];
const issues = (file) => validator.validateBytes(new Uint8Array(fs.readFileSync(file)), options).then(
  (report) => report.issues.messages, unread);
(async () => {
  const all = [];
  for (const file of process.argv.slice(1)) all.push(await issues(file));
  console.log(JSON.stringify(all));
})();
"""


@dataclass(frozen=True)
class Issue:
    """What the validator says of one place in a file.

    Attributes:
        code: "ACCESSOR_MIN_MISMATCH" …
        severity: 0 error, 1 warning, 2 information, 3 hint.
        message: In words.
        pointer: JSON pointer into the glTF document; empty for the file as a whole.
    """

    code: str
    severity: int
    message: str
    pointer: str


def state() -> str:
    """Return the validator's version, or why there is none; results of a validation depend on it."""
    try:
        return f"{PACKAGE} {_version(_folder())}"
    except NotTestableError as reason:
        return str(reason)


def issues(files: Sequence[Path]) -> list[list[Issue]]:
    """Return what the validator says of each file.

    Raises:
        NotTestableError: When Node or the package is not there, or it did not come to an end.
    """
    folder = _folder()
    script = _SCRIPT % _MOST_ISSUES
    command = ["node", f"--max-old-space-size={_MEMORY_MB}", "-e", script, *(str(file.resolve()) for file in files)]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=True)
        return [[_issue(entry) for entry in entries] for entries in json.loads(done.stdout)]
    except subprocess.TimeoutExpired:
        raise NotTestableError(f"{PACKAGE} took over {_SECONDS:.0f} s") from None
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no output"])[-1]
        raise NotTestableError(f"{PACKAGE} failed: {last[:200]}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotTestableError(f"{PACKAGE} gave no readable answer ({error})") from None


def _issue(entry: dict[str, object]) -> Issue:
    severity = entry["severity"]
    assert isinstance(severity, int)
    return Issue(str(entry["code"]), severity, str(entry["message"]), str(entry.get("pointer") or ""))


def _folder() -> Path:
    """Return the folder whose node_modules hold the validator."""
    named = os.environ.get(FOLDER)
    folder = Path(named).expanduser() if named else _BUILT
    cure = f"run `npm install {PACKAGE}` in a folder and name it in {FOLDER}"
    if shutil.which("node") is None:
        raise NotTestableError(f"there is no node on the PATH; install Node and {cure}")
    if not (folder / "node_modules" / PACKAGE).is_dir():
        where = f"{FOLDER} names {folder}, which has no node_modules/{PACKAGE}" if named else f"there is no {PACKAGE}"
        raise NotTestableError(f"{where}; {cure}")
    return folder


@functools.cache
def _version(folder: Path) -> str:
    try:
        return str(json.loads((folder / "node_modules" / PACKAGE / "package.json").read_text("utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return "of an unknown version"
