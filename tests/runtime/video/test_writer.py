"""Videos are read back and compared with what was put in."""

from __future__ import annotations

import threading
from pathlib import Path

import av
import numpy as np
import pytest

from dressform.runtime.video.bt709 import CHROMA, LUMA
from dressform.runtime.video.colour import rgb_to_i420
from dressform.runtime.video.writer import SYNTHETIC, VideoWriter
from dressform.schemas.errors import InputError, UsageError


def picture(step: int, width: int = 128, height: int = 96) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    phase = 0.05 * step
    rgb = np.stack([0.5 + 0.4 * np.sin(4 * x + phase), y, 0.3 + 0.3 * np.cos(3 * y - phase)], axis=-1)
    return np.round(255 * rgb.clip(0, 1)).astype(np.uint8)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255.0**2 / np.mean((a.astype(float) - b.astype(float)) ** 2)))


def i420_to_rgb(planes: np.ndarray) -> np.ndarray:
    """The textbook inverse of BT.709 limited range."""
    height = planes.shape[0] * 2 // 3
    width = planes.shape[1]
    luma = (planes[:height].astype(float) - 16) / 219
    cb, cr = (planes[height:].reshape(2, height // 2, width // 2).astype(float) - 128) / 224
    cb, cr = (np.kron(c, np.ones((2, 2))) for c in (cb, cr))
    red = luma + 1.5748 * cr
    blue = luma + 1.8556 * cb
    green = (luma - 0.2126 * red - 0.0722 * blue) / 0.7152
    return np.round(255 * np.stack([red, green, blue], -1).clip(0, 1)).astype(np.uint8)


@pytest.mark.parametrize("shape", [(2, 2), (34, 70), (64, 192)])
def test_planes_are_those_of_the_standard(shape: tuple[int, int]) -> None:
    height, width = shape
    rgb = np.random.default_rng(5).integers(0, 256, (height, width, 3), np.uint8)
    rgb[0, :2] = [[0], [255]]
    means = rgb.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))
    planes = [rgb @ LUMA[0] + 16, *np.moveaxis(means @ CHROMA.T + 128, -1, 0)]
    assert np.abs(rgb_to_i420(rgb).ravel() - np.concatenate([plane.ravel() for plane in planes])).max() <= 0.51


@pytest.mark.parametrize(
    ("codec", "name", "tag"), [("h264", "h264", "avc1"), ("hevc", "hevc", "hvc1"), ("av1", "av1", "av01")]
)
def test_video_reads_back(tmp_path: Path, codec: str, name: str, tag: str) -> None:
    path = tmp_path / "out.mp4"
    with VideoWriter(path, (128, 96), 30, codec) as video:
        for step in range(20):
            video.write(picture(step))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="yuv420p") for frame in container.decode(stream)]
        assert (stream.width, stream.height) == (128, 96)
        assert stream.average_rate == 30
        assert stream.codec_context.codec.canonical_name == name
        assert stream.codec_context.codec_tag == tag
        assert container.metadata["comment"] == SYNTHETIC
        assert (stream.codec_context.colorspace, stream.codec_context.color_range) == (1, 1)
    assert len(frames) == 20
    assert psnr(i420_to_rgb(frames[13]), picture(13)) > 34
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.mp4"]


def test_file_is_fragmented(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with VideoWriter(path, (64, 64), 10) as video:
        for step in range(45):
            video.write(picture(step, 64, 64))
    data = path.read_bytes()
    assert data.count(b"moof") == 3  # one fragment per key frame, one key frame every two seconds
    assert data.index(b"moov") < data.index(b"moof")


def test_fractional_rate(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with VideoWriter(path, (64, 64), 30000 / 1001) as video:
        for step in range(5):
            video.write(picture(step, 64, 64))
    with av.open(str(path)) as container:
        assert str(container.streams.video[0].average_rate) == "30000/1001"


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (203, 160, 131)])
def test_colour_round_trip(colour: tuple[int, int, int]) -> None:
    rgb = np.broadcast_to(np.array(colour, np.uint8), (8, 8, 3)).copy()
    assert np.abs(i420_to_rgb(rgb_to_i420(rgb)).astype(int) - rgb).max() <= 2


def test_interruption_leaves_nothing_and_keeps_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.write_bytes(b"earlier")

    def interrupted() -> None:
        with VideoWriter(path, (64, 64), 30) as video:
            video.write(picture(0, 64, 64))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]
    assert path.read_bytes() == b"earlier"


def test_no_frames_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one frame"), VideoWriter(tmp_path / "out.mp4", (64, 64), 30):
        pass
    assert list(tmp_path.iterdir()) == []


def test_failure_in_the_thread_reaches_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(pixels: np.ndarray, pixel_format: str, *, shared: bool) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dressform.runtime.video.writer._video_frame", broken)

    def write_many() -> None:
        with VideoWriter(tmp_path / "out.mp4", (64, 64), 30) as video:
            for step in range(50):
                video.write(picture(step, 64, 64))

    with pytest.raises(UsageError, match="No space left"):
        write_many()
    assert list(tmp_path.iterdir()) == []


def test_failure_at_the_end_reaches_the_caller_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encode_all = VideoWriter._encode_all

    def broken(video: VideoWriter) -> None:
        encode_all(video)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(VideoWriter, "_encode_all", broken)
    video = VideoWriter(tmp_path / "out.mp4", (64, 64), 30)
    video.write(picture(0, 64, 64))
    found: list[BaseException] = []

    def close() -> None:
        try:
            video.close()
        except UsageError as error:
            found.append(error)

    closing = threading.Thread(target=close, daemon=True)
    closing.start()
    closing.join(timeout=20)
    assert not closing.is_alive()
    assert "No space left" in str(found[0])
    assert list(tmp_path.iterdir()) == []


def test_the_callers_array_may_be_reused(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    rgb = np.empty((64, 64, 3), np.uint8)
    with VideoWriter(path, (64, 64), 30) as video:
        for step in range(10):
            rgb[:] = 20 * step
            video.write(rgb)
    with av.open(str(path)) as container:
        greys = [float(frame.to_ndarray(format="gray").mean()) for frame in container.decode(video=0)]
    assert np.allclose(greys, [20 * step for step in range(10)], atol=3)


@pytest.mark.parametrize(
    ("size", "fps", "codec", "name", "said"),
    [
        ((513, 512), 30, "h264", "a.mp4", "513x512"),
        ((512, 511), 30, "h264", "a.mp4", "even"),
        ((0, 0), 30, "h264", "a.mp4", "0x0"),
        ((64, 64), 0, "h264", "a.mp4", "--fps"),
        ((64, 64), float("nan"), "h264", "a.mp4", "--fps"),
        ((64, 64), 30, "vp8", "a.mp4", "h264, hevc, av1"),
        ((64, 64), 30, "vp9", "a.mp4", r"named \*.webm"),
        ((64, 64), 30, "prores", "a.mp4", r"named \*.mov"),
        ((64, 64), 30, "h264", "a.gif", r"\*.mp4"),
        ((64, 64), 30, "h264", "none/a.mp4", "does not exist"),
    ],
)
def test_wrong_use_is_one_clear_line(
    tmp_path: Path, size: tuple[int, int], fps: float, codec: str, name: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        VideoWriter(tmp_path / name, size, fps, codec)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def cutout(step: int, width: int = 130, height: int = 98) -> np.ndarray:
    """A soft disc that moves, straight alpha."""
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height))
    alpha = ((0.35 - np.hypot(x - 0.01 * step, y)) * 20).clip(0, 1)
    return np.dstack([picture(step, width, height), np.round(255 * alpha).astype(np.uint8)])


def clear_frames(path: Path, decoder: str | None) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        if decoder is None:
            return list(container.decode(stream))
        # FFmpeg's own decoder of VP9 drops the alpha; libvpx reads it
        context = av.CodecContext.create(decoder, "r")
        packets = list(container.demux(stream))
        return [frame for packet in packets for frame in context.decode(packet if packet.size else None)]


@pytest.mark.parametrize(
    ("codec", "name", "decoder", "alpha_error", "quality"),
    [("prores", "a.mov", None, 0.003, 45), ("vp9", "a.webm", "libvpx-vp9", 0.06, 36)],
)
def test_alpha_is_kept(
    tmp_path: Path, codec: str, name: str, decoder: str | None, alpha_error: float, quality: float
) -> None:
    path = tmp_path / name
    with VideoWriter(path, (130, 98), 25, codec, alpha=True) as video:
        for step in range(12):
            video.write(cutout(step))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert container.metadata.get("comment", container.metadata.get("COMMENT")) == SYNTHETIC
        assert stream.codec_context.colorspace == 1
        if codec == "vp9":
            assert stream.metadata["ALPHA_MODE"] == "1"
        else:
            assert stream.codec_context.codec_tag == "ap4h"
    frames = clear_frames(path, decoder)
    assert len(frames) == 12
    for step in (0, 7, 11):
        frame, want = frames[step], cutout(step)
        plane = frame.planes[3]
        deep = frame.format.components[3].bits
        values = np.frombuffer(plane, np.uint8 if deep == 8 else np.uint16).reshape(plane.height, -1)[:, :130]
        assert np.abs(values / (2.0**deep - 1) - want[..., 3] / 255).max() < alpha_error
        rgb = frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
        assert psnr(rgb, want[..., :3]) > quality


def test_alpha_codecs_do_without_it_too(tmp_path: Path) -> None:
    for codec, name, wanted in (("prores", "a.mov", "yuv444p"), ("vp9", "a.webm", "yuv420p")):
        with VideoWriter(tmp_path / name, (130, 98), 25, codec) as video:
            for step in range(4):
                video.write(picture(step, 130, 98))
        with av.open(str(tmp_path / name)) as container:
            frame = next(container.decode(video=0))
            assert frame.format.name.startswith(wanted)
            assert psnr(frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray(), picture(0, 130, 98)) > 35
    with pytest.raises(UsageError, match="needs a codec with alpha, prores or vp9"):
        VideoWriter(tmp_path / "b.mp4", (130, 98), 25, alpha=True)
    with (
        pytest.raises(ValueError, match=r"frame must be uint8 \[98, 130, 4\]"),
        VideoWriter(tmp_path / "b.mov", (130, 98), 25, "prores", alpha=True) as video,
    ):
        video.write(picture(0, 130, 98))
    assert not (tmp_path / "b.mov").exists()
