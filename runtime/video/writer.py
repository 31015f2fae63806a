"""Streaming video files: encoded in a thread of their own, in constant memory, and whole or not there at all."""

from __future__ import annotations

import math
import os
import queue
import secrets
import threading
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import av
import av.container
import av.error
import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import DressformError, InputError, UsageError

from .colour import rgb_to_i420

SYNTHETIC = "Synthetic video: computer-generated try-on made with dressform; not a recording of a real event."


@dataclass(frozen=True)
class _Encoder:
    """How one codec is asked for: library, options, the tag players look for, smallest size [px]."""

    library: str
    options: dict[str, str]
    tag: str
    smallest: int


_ENCODERS: dict[str, _Encoder] = {
    "h264": _Encoder("libx264", {"preset": "veryfast", "crf": "20"}, "avc1", 16),
    "hevc": _Encoder("libx265", {"preset": "superfast", "crf": "23", "x265-params": "log-level=error"}, "hvc1", 32),
    "av1": _Encoder("libsvtav1", {"preset": "10", "crf": "30"}, "av01", 64),
}
# Fragments start at key frames, so that a browser can play the file while it grows and QuickTime still opens it.
_MOVFLAGS = "frag_keyframe+empty_moov+default_base_moof"
_KEY_FRAME_SECONDS = 2.0
_BT709 = 1
_LIMITED_RANGE = 1
_QUEUED_FRAMES = 6


class VideoWriter:
    """Write RGB frames to a fragmented MP4.

    A context manager: leaving it normally finishes the file and puts it in place in one move; leaving it with an
    exception removes what was written, and a file that was at `path` before stays as it was.

    Args:
        path: Target, ending in .mp4 (or .m4v, .mov).
        size: (width, height) [px], both even.
        fps: Frames per second.
        codec: "h264" (plays everywhere), "hevc" or "av1" (no encoder under the GPL).
        crf: Constant quality of the codec (smaller is better); its own good default when None.
        threads: Encoder threads; by default all cores but one, at most four.
    """

    def __init__(
        self,
        path: str | Path,
        size: tuple[int, int],
        fps: float,
        codec: str = "h264",
        *,
        crf: int | None = None,
        threads: int | None = None,
    ) -> None:
        self.path = Path(path)
        self.size = (int(size[0]), int(size[1]))
        self.codec = codec
        self.frames = 0
        encoder = _checked_encoder(self.path, self.size, fps, codec)
        self._partial = self.path.with_name(f".{self.path.stem}.{secrets.token_hex(4)}.partial{self.path.suffix}")
        self._rate = Fraction(fps).limit_denominator(1001)
        self._error: BaseException | None = None
        self._closed = False
        self._aborted = threading.Event()
        shape = (self.size[1], self.size[0], 3)
        self._free: queue.SimpleQueue[NDArray[np.uint8]] = queue.SimpleQueue()
        for _ in range(_QUEUED_FRAMES):
            self._free.put(np.empty(shape, np.uint8))
        self._waiting: queue.SimpleQueue[NDArray[np.uint8] | None] = queue.SimpleQueue()
        options = dict(encoder.options) | ({} if crf is None else {"crf": str(crf)})
        threads = threads or max(1, min(4, (os.cpu_count() or 2) - 1))
        try:
            self._container, self._stream = self._open(encoder, options, threads)
        except OSError as error:
            self._partial.unlink(missing_ok=True)
            raise UsageError(f"cannot write {self.path}: {error.strerror or error}") from error
        self._thread = threading.Thread(target=self._run, name=f"encode {self.path.name}", daemon=True)
        self._thread.start()

    def write(self, rgb: NDArray[np.uint8]) -> None:
        """Add one frame, sRGB uint8 [H, W, 3]; the array may be reused as soon as this returns."""
        if self._closed:
            raise ValueError("the video is already closed")
        width, height = self.size
        if rgb.shape != (height, width, 3) or rgb.dtype != np.uint8:
            raise ValueError(f"frame must be uint8 {[height, width, 3]}, got {rgb.dtype} {list(rgb.shape)}")
        self._raise_if_failed()
        buffer = self._free.get()
        self._raise_if_failed()
        np.copyto(buffer, rgb)
        self._waiting.put(buffer)
        self.frames += 1

    def close(self) -> None:
        """Encode what is waiting, finish the file and put it in place."""
        if self._closed:
            return
        self._closed = True
        self._waiting.put(None)
        self._thread.join()
        if self._error is None and self.frames == 0:
            self._error = InputError(f"{self.path}: a video needs at least one frame, got none")
        if self._error is not None:
            self._partial.unlink(missing_ok=True)
            self._raise_if_failed()
        try:
            os.replace(self._partial, self.path)
        except OSError as error:
            self._partial.unlink(missing_ok=True)
            raise UsageError(f"cannot write {self.path}: {error.strerror or error}") from error

    def abort(self) -> None:
        """Stop and remove what was written; an earlier file at the path stays."""
        if self._closed:
            return
        self._closed = True
        self._aborted.set()
        self._waiting.put(None)
        self._thread.join()
        self._partial.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _open(
        self, encoder: _Encoder, options: dict[str, str], threads: int
    ) -> tuple[av.container.OutputContainer, av.VideoStream]:
        container = av.open(str(self._partial), "w", format="mp4", options={"movflags": _MOVFLAGS})
        container.metadata["comment"] = SYNTHETIC
        container.metadata["description"] = SYNTHETIC
        stream = cast(av.VideoStream, container.add_stream(encoder.library, rate=self._rate, options=options))
        stream.width, stream.height = self.size
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.codec_tag = encoder.tag
        context.gop_size = max(1, round(float(self._rate) * _KEY_FRAME_SECONDS))
        context.thread_count = threads
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = _LIMITED_RANGE
        return container, stream

    def _run(self) -> None:
        """Encode until told to stop; after a failure keep emptying the queue, so that `write` never blocks."""
        try:
            with self._container:
                self._encode_all()
        except BaseException as error:
            self._error = error
            while (buffer := self._waiting.get()) is not None:
                self._free.put(buffer)

    def _encode_all(self) -> None:
        time_base = 1 / self._rate
        count = 0
        while (buffer := self._waiting.get()) is not None:
            if self._aborted.is_set():
                self._free.put(buffer)
                continue
            frame = av.VideoFrame.from_ndarray(rgb_to_i420(buffer), format="yuv420p")
            self._free.put(buffer)
            frame.colorspace, frame.color_range = _BT709, _LIMITED_RANGE
            frame.pts, frame.time_base = count, time_base
            count += 1
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
        if count and not self._aborted.is_set():
            for packet in self._stream.encode(None):
                self._container.mux(packet)

    def _raise_if_failed(self) -> None:
        if self._error is None:
            return
        if isinstance(self._error, DressformError):
            raise self._error
        if isinstance(self._error, OSError | av.error.FFmpegError):
            raise UsageError(f"cannot write {self.path}: {self._error}") from self._error
        raise RuntimeError(f"encoding {self.path} failed") from self._error


def check_target(path: str | Path, size: tuple[int, int], fps: float, codec: str = "h264") -> None:
    """Raise the UsageError that a `VideoWriter` of these arguments would raise, before any work is done for it."""
    _checked_encoder(Path(path), size, fps, codec)


def _checked_encoder(path: Path, size: tuple[int, int], fps: float, codec: str) -> _Encoder:
    """Return the encoder for these wishes, or raise one line that says what is wrong with them."""
    encoder = _ENCODERS.get(codec)
    if encoder is None:
        raise UsageError(f"--codec must be one of {', '.join(_ENCODERS)}, got {codec!r}")
    if encoder.library not in av.codecs_available:
        raise UsageError(
            f"--codec {codec} needs {encoder.library}, which this build of PyAV lacks; install av from PyPI"
        )
    if path.suffix.lower() not in (".mp4", ".m4v", ".mov"):
        raise UsageError(f"a video must be named *.mp4, got {path.name!r}")
    if not path.parent.is_dir():
        raise UsageError(f"cannot write {path}: the folder {path.parent} does not exist; make it first")
    if path.is_dir():
        raise UsageError(f"cannot write {path}: it is a folder; name a file in it")
    width, height = size
    if width % 2 or height % 2 or min(size) < encoder.smallest or max(size) > 8192:
        raise UsageError(
            f"--size must be two even numbers from {encoder.smallest} to 8192 for {codec}, got {width}x{height}"
        )
    if not (math.isfinite(fps) and 1 <= fps <= 240):
        raise UsageError(f"--fps must be from 1 to 240, got {fps}")
    return encoder
