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

from .colour import load_conversion, rgb_to_i420, rgb_to_yuv444p10
from .synthetic import SYNTHETIC as SYNTHETIC


@dataclass(frozen=True)
class _Encoder:
    """How one codec is asked for: library, options, the tag players look for, smallest size [px], container, names.

    `opaque` and `clear` are its pixel formats without and with alpha; those that have none get no alpha.
    """

    library: str
    options: dict[str, str]
    tag: str
    smallest: int
    container: str = "mp4"
    endings: tuple[str, ...] = (".mp4", ".m4v", ".mov")
    opaque: str = "yuv420p"
    clear: str = ""


_ENCODERS: dict[str, _Encoder] = {
    "h264": _Encoder("libx264", {"preset": "veryfast", "crf": "20"}, "avc1", 16),
    "hevc": _Encoder("libx265", {"preset": "superfast", "crf": "23", "x265-params": "log-level=error"}, "hvc1", 32),
    "av1": _Encoder("libsvtav1", {"preset": "10", "crf": "30"}, "av01", 64),
    "prores": _Encoder(
        *("prores_ks", {"profile": "4444", "vendor": "apl0", "alpha_bits": "8"}, "ap4h", 16, "mov", (".mov",)),
        *("yuv444p10le", "yuva444p10le"),
    ),
    "vp9": _Encoder(
        "libvpx-vp9",
        {"crf": "22", "b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1", "auto-alt-ref": "0"},
        *("", 16, "webm", (".webm",), "yuv420p", "yuva420p"),
    ),
}
CODECS = tuple(_ENCODERS)
ALPHA_CODECS = tuple(name for name, encoder in _ENCODERS.items() if encoder.clear)
# Fragments start at key frames, so that a browser can play the file while it grows and QuickTime still opens it.
_MOVFLAGS = "frag_keyframe+empty_moov+default_base_moof"
_KEY_FRAME_SECONDS = 2.0
_BT709 = 1
_LIMITED_RANGE = 1
_QUEUED_FRAMES = 6


class VideoWriter:
    """Write RGB or RGBA frames to a fragmented MP4, a MOV or a WebM.

    A context manager: leaving it normally finishes the file and puts it in place in one move; leaving it with an
    exception removes what was written, and a file that was at `path` before stays as it was.

    Args:
        path: Target, ending in .mp4 (or .m4v, .mov), for prores in .mov, for vp9 in .webm.
        size: (width, height) [px], both even.
        fps: Frames per second.
        codec: "h264" (plays everywhere), "hevc", "av1" (no encoder under the GPL), "prores" (ProRes 4444, for editing)
            or "vp9" (for browsers).
        alpha: Whether frames have straight alpha, which prores and vp9 keep.
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
        alpha: bool = False,
        crf: int | None = None,
        threads: int | None = None,
    ) -> None:
        self.path = Path(path)
        self.size = (int(size[0]), int(size[1]))
        self.codec = codec
        self.frames = 0
        self.alpha = alpha
        encoder = _checked_encoder(self.path, self.size, fps, codec, alpha=alpha)
        self._partial = self.path.with_name(f".{self.path.stem}.{secrets.token_hex(4)}.partial{self.path.suffix}")
        self._rate = Fraction(fps).limit_denominator(1001)
        self._error: BaseException | None = None
        self._closed = False
        self._aborted = threading.Event()
        self._ended = False  # whether the end was taken from the queue
        self._format = encoder.clear if alpha else encoder.opaque
        height, width = self.size[1], self.size[0]
        self._shape = (height, width, 4 if alpha else 3)
        # most frames wait as the encoder takes them
        shape = (height * 3 // 2, width) if self._format == "yuv420p" else self._shape
        self._free: queue.SimpleQueue[NDArray[np.uint8]] = queue.SimpleQueue()
        for _ in range(_QUEUED_FRAMES):
            self._free.put(np.empty(shape, np.uint8))
        self._waiting: queue.SimpleQueue[NDArray[np.uint8] | None] = queue.SimpleQueue()
        options = dict(encoder.options) | ({"crf": str(crf)} if crf is not None and "crf" in encoder.options else {})
        threads = threads or max(1, min(4, (os.cpu_count() or 2) - 1))
        try:
            self._container, self._stream = self._open(encoder, options, threads)
        except OSError as error:
            self._partial.unlink(missing_ok=True)
            raise UsageError(f"cannot write {self.path}: {error.strerror or error}") from error
        load_conversion()
        self._thread = threading.Thread(target=self._run, name=f"encode {self.path.name}", daemon=True)
        self._thread.start()

    def write(self, rgb: NDArray[np.uint8]) -> None:
        """Add one frame, sRGB uint8 [H, W, 3], or [H, W, 4] with alpha; it may be reused as soon as this returns."""
        if self._closed:
            raise ValueError("the video is already closed")
        if rgb.shape != self._shape or rgb.dtype != np.uint8:
            raise ValueError(f"frame must be uint8 {list(self._shape)}, got {rgb.dtype} {list(rgb.shape)}")
        self._raise_if_failed()
        buffer = self._free.get()
        self._raise_if_failed()
        if self._format == "yuv420p":
            rgb_to_i420(np.ascontiguousarray(rgb), buffer)
        else:
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
        flags = {"movflags": _MOVFLAGS} if encoder.container == "mp4" else {}
        container = av.open(str(self._partial), "w", format=encoder.container, options=flags)
        container.metadata["comment"] = SYNTHETIC
        container.metadata["description"] = SYNTHETIC
        stream = cast(av.VideoStream, container.add_stream(encoder.library, rate=self._rate, options=options))
        stream.width, stream.height = self.size
        stream.pix_fmt = self._format
        if self.alpha:
            stream.metadata["alpha_mode"] = "1"  # without it players of WebM take no notice of the alpha
        context = stream.codec_context
        if encoder.tag:
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
            while (buffer := self._next()) is not None:
                self._free.put(buffer)

    def _next(self) -> NDArray[np.uint8] | None:
        """Wait for the next frame; None at the end, and ever after."""
        buffer = None if self._ended else self._waiting.get()
        self._ended = buffer is None
        return buffer

    def _encode_all(self) -> None:
        time_base = 1 / self._rate
        count = 0
        while (buffer := self._next()) is not None:
            if self._aborted.is_set():
                self._free.put(buffer)
                continue
            frame = _video_frame(buffer, self._format, shared=self.codec == "h264")
            frame.colorspace, frame.color_range = _BT709, _LIMITED_RANGE
            frame.pts, frame.time_base = count, time_base
            count += 1
            packets = self._stream.encode(frame)
            self._free.put(buffer)
            for packet in packets:
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


def check_target(
    path: str | Path, size: tuple[int, int], fps: float, codec: str = "h264", *, alpha: bool = False
) -> None:
    """Raise the UsageError that a `VideoWriter` of these arguments would raise, before any work is done for it."""
    _checked_encoder(Path(path), size, fps, codec, alpha=alpha)


def _video_frame(pixels: NDArray[np.uint8], pixel_format: str, *, shared: bool) -> av.VideoFrame:
    """Return I420 [H * 3 / 2, W], or sRGB [H, W, 3 or 4], as a frame of one of the encoders' pixel formats.

    Args:
        pixels: What is shown, I420 for yuv420p.
        pixel_format: Of the encoder.
        shared: Whether the frame may be made of I420's own memory: x264 copies a frame before `encode` returns.
    """
    if pixel_format == "yuv420p":
        if shared and pixels.shape[0] % 6 == 0:  # PyAV cuts other heights
            return av.VideoFrame.from_numpy_buffer(pixels, format=pixel_format)
        return av.VideoFrame.from_ndarray(pixels, format=pixel_format)
    height, width = pixels.shape[:2]
    frame = av.VideoFrame(width, height, pixel_format)
    if pixel_format == "yuva420p":
        packed = rgb_to_i420(np.ascontiguousarray(pixels[..., :3]))
        chroma = packed[height:].reshape(2, height // 2, width // 2)
        planes = [packed[:height], chroma[0], chroma[1], pixels[..., 3]]
    else:
        planes = [*rgb_to_yuv444p10(np.ascontiguousarray(pixels[..., :3]))]
        if pixels.shape[2] == 4:
            planes.append(np.rint(pixels[..., 3] * np.float32(1023 / 255)).astype(np.uint16))
    for plane, values in zip(frame.planes, planes, strict=True):
        rows = np.zeros((plane.height, plane.line_size), np.uint8)  # rows are longer than the picture is wide
        rows.view(values.dtype)[:, : values.shape[1]] = values
        plane.update(rows.tobytes())
    return frame


def _checked_encoder(path: Path, size: tuple[int, int], fps: float, codec: str, *, alpha: bool) -> _Encoder:
    """Return the encoder for these wishes, or raise one line that says what is wrong with them."""
    encoder = _ENCODERS.get(codec)
    if encoder is None:
        raise UsageError(f"--codec must be one of {', '.join(_ENCODERS)}, got {codec!r}")
    if encoder.library not in av.codecs_available:
        raise UsageError(
            f"--codec {codec} needs {encoder.library}, which this build of PyAV lacks; install av from PyPI"
        )
    if path.suffix.lower() not in encoder.endings:
        raise UsageError(f"a video in {codec} must be named *{encoder.endings[0]}, got {path.name!r}")
    if alpha and not encoder.clear:
        raise UsageError(
            f"a transparent background needs a codec with alpha, {' or '.join(ALPHA_CODECS)}, or png, exr or npz "
            f"pictures; got {codec}"
        )
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
