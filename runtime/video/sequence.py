"""Frames as pictures: a folder of them that appears when it is whole, or a single file."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import numpy as np

from dressform.schemas.errors import InputError, UsageError

from .exr import NOT_IN_EXR, need_openexr, write_exr
from .pictured import OUTPUTS, Pictured, checked_outputs, plain
from .png import NOT_IN_PNG, png_bytes
from .synthetic import SYNTHETIC_PICTURE

FORMATS = ("png", "exr", "npz")
SIDECAR = "frames.json"
_SCHEMA = "dressform/frames/1"
_LEFT_OUT = {"png": NOT_IN_PNG, "exr": NOT_IN_EXR, "npz": ()}


class SequenceWriter:
    """Write chosen outputs of frames into a folder, each at once: memory does not grow with their number.

    A context manager like `VideoWriter`: the folder appears in one move when it is left normally; left with an
    exception, nothing stays and a folder that was there stays as it was. A folder there is replaced only if it holds
    nothing but such a sequence; where other things were put into it meanwhile, the new one goes beside it.

    Args:
        folder: Where the pictures are to be.
        size: (width, height) [px], even or odd.
        fps: Frames per second, noted in `frames.json`.
        outputs: Names of `OUTPUTS`.
        file_format: "png" one file an output, "exr" one a frame with a channel for each, "npz" arrays as in memory.
        transparent: Whether the picture is cut out, with alpha.
    """

    def __init__(
        self,
        folder: str | Path,
        size: tuple[int, int],
        fps: float,
        outputs: Sequence[str] = ("rgb",),
        *,
        file_format: str = "png",
        transparent: bool = False,
    ) -> None:
        self.path = Path(folder)
        self.outputs = check_sequence(self.path, outputs, file_format)
        self.frames = 0
        self._size, self._fps, self._format, self._transparent = size, fps, file_format, transparent
        self._folder = self.path.absolute()
        self._partial = self._folder.with_name(f".{self.path.name}.{secrets.token_hex(4)}.partial")
        self._closed = False
        self._notes: TextIO | None = None
        try:
            self._partial.mkdir()
        except OSError as error:
            raise UsageError(f"cannot write {self.path}: {error.strerror or error}") from error

    def write(self, frame: Pictured) -> None:
        """Add one frame; it may be reused as soon as this returns."""
        if self._closed:
            raise ValueError("the sequence is already closed")
        if frame.rgb.shape != (self._size[1], self._size[0], 3):
            raise ValueError(f"frame must be {list(self._size)}, got {list(frame.rgb.shape[1::-1])}")
        self.frames += 1
        try:
            for name, file in _files(self.outputs, self._format).items():
                chosen = self.outputs if name == "frame" else (name,)
                target = self._partial / (file % self.frames)
                write_picture(target, frame, chosen, self._fps, transparent=self._transparent)
            self._note(frame)
        except OSError as error:
            raise UsageError(f"cannot write {self.path}: {error.strerror or error}") from error

    def close(self) -> None:
        """Finish the notes and put the folder in place."""
        if self._closed:
            return
        if self._notes is None:
            self.abort()
            raise InputError(f"{self.path}: a sequence needs at least one frame, got none")
        self._closed = True
        try:
            self._notes.write("\n ]\n}\n")
            self._notes.close()
            _put(self._partial, self._folder)
        except OSError as error:
            shutil.rmtree(self._partial, ignore_errors=True)
            raise UsageError(f"cannot write {self.path}: {error.strerror or error}") from error

    def abort(self) -> None:
        """Stop and remove what was written."""
        if self._closed:
            return
        self._closed = True
        if self._notes is not None:
            self._notes.close()
        shutil.rmtree(self._partial, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _note(self, frame: Pictured) -> None:
        """Add a frame's camera to the notes, which begin with what all frames share."""
        if self._notes is None:
            self._notes = (self._partial / SIDECAR).open("w", encoding="utf-8")
            shared = json.dumps(self._shared(frame), indent=1)[:-2]
            self._notes.write(f'{shared},\n "frames": [\n  ')
        else:
            self._notes.write(",\n  ")
        self._notes.write(json.dumps(_camera_note(frame, self.frames, self._fps)))

    def _shared(self, frame: Pictured) -> dict[str, Any]:
        return {
            "schema": _SCHEMA,
            "comment": SYNTHETIC_PICTURE,
            "fps": self._fps,
            "size": list(self._size),
            "files": _files(self.outputs, self._format),
            "outputs": {name: OUTPUTS[name] for name in self.outputs},
            "alpha": "none" if not self._transparent else "premultiplied" if self._format == "exr" else "straight",
            "segments": {name: index for index, name in enumerate(frame.segments)},
            "sample_px": frame.sample_px,
        }


def check_sequence(folder: Path, outputs: Sequence[str], file_format: str) -> tuple[str, ...]:
    """Return the outputs, or raise the UsageError of a `SequenceWriter`, before any work is done for it."""
    checked = check_format(outputs, file_format)
    if folder.name in ("", ".."):
        raise UsageError(f"cannot write {folder}: it would be replaced as a whole; name a folder in it")
    if not folder.absolute().parent.is_dir():
        raise UsageError(f"cannot write {folder}: the folder {folder.parent} does not exist; make it first")
    if folder.exists() and not _is_sequence(folder):
        raise UsageError(f"cannot write {folder}: it holds other things; name a new folder, or an empty one")
    return checked


def check_format(outputs: Sequence[str], file_format: str) -> tuple[str, ...]:
    """Return the outputs, or raise a UsageError when there are none such, or none such in this format."""
    if file_format not in FORMATS:
        raise UsageError(f"--format must be one of {', '.join(FORMATS)}, got {file_format!r}")
    checked = checked_outputs(outputs)
    if wrong := [name for name in checked if name in _LEFT_OUT[file_format]]:
        others = [other for other in FORMATS if wrong[0] not in _LEFT_OUT[other]]
        raise UsageError(f"--format {file_format} has no room for {wrong[0]}; use {' or '.join(others)}")
    if file_format == "exr":
        need_openexr()
    return checked


def write_picture(
    path: Path, frame: Pictured, outputs: Sequence[str], fps: float, *, transparent: bool = False
) -> None:
    """Write outputs of one frame into one file; its ending says how. A PNG holds one output only."""
    ending = path.suffix.lower()
    if ending == ".exr":
        write_exr(path, frame, outputs, fps, transparent=transparent)
    elif ending == ".png":
        path.write_bytes(png_bytes(frame, outputs[0], transparent=transparent))
    else:
        with path.open("wb") as file:
            np.savez_compressed(file, **_arrays(frame, outputs, transparent=transparent))


def _arrays(frame: Pictured, outputs: Sequence[str], *, transparent: bool) -> dict[str, Any]:
    arrays: dict[str, Any] = {
        "comment": np.array(SYNTHETIC_PICTURE),
        "segment_names": np.array(frame.segments),
    }
    camera = frame.camera
    arrays["T_world_cam"] = np.asarray(camera.T_world_cam, np.float64)
    arrays["intrinsics"] = np.array([camera.focal_px, *camera.center_px])
    for name in outputs:
        if name == "vertices":
            arrays |= {f"vertices.{segment}": seen for segment, seen in frame.seen_vertices.items()}
        else:
            arrays[name.replace("-", "_")] = plain(frame, name, transparent=transparent)
    return arrays


def _files(outputs: Sequence[str], file_format: str) -> dict[str, str]:
    """Return the file names' patterns: by output, or "frame" where one file holds all."""
    names = outputs if file_format == "png" else ("frame",)
    return {name: f"{name}.%06d.{file_format}" for name in names}


def _camera_note(frame: Pictured, number: int, fps: float) -> dict[str, Any]:
    camera = frame.camera
    return {
        "frame": number,
        "seconds": round((number - 1) / fps, 6),
        "focal_px": float(camera.focal_px),
        "center_px": [float(c) for c in camera.center_px],
        "T_world_cam": np.asarray(camera.T_world_cam, np.float64).tolist(),
        "visible": {name: round(share, 6) for name, share in frame.visible.items()},
    }


def _is_sequence(folder: Path) -> bool:
    """Say whether a folder is empty or holds nothing but what a `SequenceWriter` put there."""
    if not folder.is_dir() or folder.is_symlink():
        return False
    held = [entry.name for entry in os.scandir(folder)]
    if not held:
        return True
    try:
        notes = json.loads((folder / SIDECAR).read_text("utf-8"))
        stems = {pattern.split(".")[0] for pattern in notes["files"].values()}
        ours = notes["schema"] == _SCHEMA
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    names = (name.split(".") for name in held if name != SIDECAR)
    return ours and all(
        len(parts) == 3 and parts[0] in stems and parts[1].isdigit() and parts[2] in FORMATS for parts in names
    )


def _put(partial: Path, folder: Path) -> None:
    """Move a folder into place; one that was there is there again when that fails, or when it is no sequence now."""
    if not folder.exists():
        partial.replace(folder)
        return
    token = secrets.token_hex(4)
    old = folder.with_name(f".{folder.name}.{token}.old")
    folder.replace(old)
    if not _is_sequence(old):  # looked at where nobody puts anything into it
        old.replace(folder)
        kept = folder.with_name(f"{folder.name}.{token}")
        partial.replace(kept)
        raise UsageError(
            f"cannot replace {folder}: other things were put into it meanwhile; the pictures are in {kept}"
        )
    try:
        partial.replace(folder)
    except OSError:
        old.replace(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
