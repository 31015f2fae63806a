"""What a path is written as: a video, a picture, or a folder of pictures."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from dressform.schemas.errors import InputError, UsageError
from dressform.schemas.units import LARGEST_SIDE

from .pictured import Pictured
from .sequence import FORMATS, SequenceWriter, check_format, check_sequence, write_picture

_VIDEOS = (".mp4", ".m4v", ".mov", ".webm")


@dataclass(frozen=True)
class Target:
    """Where frames go, and as what.

    Attributes:
        path: `*.mp4`, `*.mov` or `*.webm` is a video, `*.png`, `*.exr` or `*.npz` one picture, another a folder.
        size: (width, height) [px].
        fps: Frames per second.
        codec: Of a video; by its name when None.
        outputs: What is written of a frame, names of `pictured.OUTPUTS`; a video and a single PNG hold one.
        file_format: Of a folder's pictures, "png", "exr" or "npz"; png when None.
        transparent: Whether what is behind is left out and alpha kept.
    """

    path: Path
    size: tuple[int, int]
    fps: float
    codec: str | None = None
    outputs: Sequence[str] = ("rgb",)
    file_format: str | None = None
    transparent: bool = False

    @property
    def kind(self) -> str:
        """ "video", "picture" or "folder"."""
        ending = self.path.suffix.lower()
        if ending in _VIDEOS:
            return "video"
        return "picture" if ending[1:] in FORMATS and not self.path.is_dir() else "folder"

    @property
    def video_codec(self) -> str:
        """The codec of a video: the one asked for, else the one for its name."""
        ending = self.path.suffix.lower()
        if self.codec is None and ending == ".webm":
            return "vp9"
        return self.codec or ("prores" if ending == ".mov" and self.transparent else "h264")

    def check(self) -> None:
        """Raise the UsageError that writing would raise, before any work is done for it."""
        if self.kind == "video":
            self._check_video()
        elif self.kind == "picture":
            self._check_picture()
        else:
            if self.path.suffix and self.file_format is None and not self.path.is_dir():
                known = ", ".join(f"*{ending}" for ending in (*_VIDEOS, *(f".{name}" for name in FORMATS)))
                raise UsageError(f"an output must be named {known} or as a folder, got {self.path.name!r}")
            self._check_size()
            check_sequence(self.path, self.outputs, self.file_format or "png")
        if self.codec is not None and self.kind != "video":
            raise UsageError(f"--codec is for videos, and {self.path.name!r} is none; leave it out")

    def open(self) -> Sink:
        """Return the writer, which takes frames and is a context manager."""
        self.check()
        if self.kind == "video":
            return _VideoSink(self)
        if self.kind == "picture":
            return _PictureSink(self)
        chosen = self.file_format or "png"
        return SequenceWriter(
            self.path, self.size, self.fps, self.outputs, file_format=chosen, transparent=self.transparent
        )

    def _check_video(self) -> None:
        from .writer import check_target

        if tuple(self.outputs) != ("rgb",) or self.file_format is not None:
            raise UsageError("a video holds the picture only; for --outputs or --format name a folder, *.exr or *.npz")
        check_target(self.path, self.size, self.fps, self.video_codec, alpha=self.transparent)

    def _check_picture(self) -> None:
        ending = self.path.suffix.lower()[1:]
        if self.file_format not in (None, ending):
            raise UsageError(f"--format {self.file_format} does not go with {self.path.name!r}; leave it out")
        outputs = check_format(self.outputs, ending)
        if ending == "png" and len(outputs) > 1:
            raise UsageError(f"a PNG holds one output, got {','.join(outputs)}; name a folder, *.exr or *.npz")
        if not self.path.absolute().parent.is_dir():
            raise UsageError(f"cannot write {self.path}: the folder {self.path.parent} does not exist; make it first")
        self._check_size()

    def _check_size(self) -> None:
        if min(self.size) < 1 or max(self.size) > LARGEST_SIDE:
            raise UsageError(f"--size must be from 1 to {LARGEST_SIDE} a side, got {self.size[0]}x{self.size[1]}")


@dataclass(frozen=True)
class VideoReport:
    """What was written, and where the time went.

    Attributes:
        path: The file or folder.
        frames: Number of frames.
        seconds: Wall clock from the first pose to the finished file [s].
        stages_ms: Mean time a frame spent in each stage [ms]; stages run beside each other, so they do not add up to
            the wall clock.
    """

    path: Path
    frames: int
    seconds: float
    stages_ms: dict[str, float]


class Sink(AbstractContextManager["Sink"], Protocol):
    """What frames are written to."""

    def write(self, frame: Pictured) -> None:
        """Add one frame; it may be reused as soon as this returns."""


class _VideoSink:
    def __init__(self, target: Target) -> None:
        from .writer import VideoWriter  # loads FFmpeg, which pictures do without

        self._clear = target.transparent
        self._writer = VideoWriter(target.path, target.size, target.fps, target.video_codec, alpha=self._clear)

    def write(self, frame: Pictured) -> None:
        self._writer.write(frame.rgba if self._clear else frame.rgb)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.__exit__(kind, error, trace)


class _PictureSink:
    def __init__(self, target: Target) -> None:
        self._target = target
        path = target.path
        self._partial = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial{path.suffix}")

    def write(self, frame: Pictured) -> None:
        target = self._target
        try:
            write_picture(self._partial, frame, target.outputs, target.fps, transparent=target.transparent)
        except OSError as error:
            raise UsageError(f"cannot write {target.path}: {error.strerror or error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        path = self._target.path
        try:
            if kind is None and not self._partial.exists():
                raise InputError(f"{path}: a picture needs a frame, got none")
            if kind is None:
                os.replace(self._partial, path)
        except OSError as failed:
            raise UsageError(f"cannot write {path}: {failed.strerror or failed}") from failed
        finally:
            self._partial.unlink(missing_ok=True)
