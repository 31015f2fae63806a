"""Sequences of pictures are read back, value for value, by other libraries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR
import pytest
from numpy.typing import NDArray
from PIL import Image

from dressform.runtime.video.cryptomatte import crypto_header, id_bits, murmur3
from dressform.runtime.video.exr import NOWHERE
from dressform.runtime.video.pictured import OUTPUTS
from dressform.runtime.video.sequence import SIDECAR, SequenceWriter
from dressform.runtime.video.synthetic import SYNTHETIC_PICTURE
from dressform.runtime.video.target import Target
from dressform.schemas.documents import check_document
from dressform.schemas.errors import InputError, UsageError

WIDTH, HEIGHT = 23, 17


@dataclass
class Seen:
    """A camera two metres before the origin."""

    T_world_cam: NDArray[np.float64] = field(
        default_factory=lambda: np.array([[1.0, 0, 0, 0], [0, 0, 1, -2], [0, -1, 0, 0], [0, 0, 0, 1]])
    )
    focal_px: float = 31.5
    center_px: tuple[float, float] = (11.5, 8.5)


class Still:
    """A frame of random values of the right kinds; the left quarter shows nothing."""

    def __init__(self, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        shape = (HEIGHT, WIDTH)
        self.segments = ("background", "body", "tee", "shoe left")
        self.camera, self.sample_px = Seen(), 0.25
        self.mask = random.integers(1, 4, shape, dtype=np.uint8)
        self.mask[:, :6] = 0
        there = (self.mask > 0)[..., None]
        self.rgb = random.integers(0, 256, (*shape, 3), dtype=np.uint8)
        self.rgba = random.integers(0, 256, (*shape, 4), dtype=np.uint8)
        self.linear = random.random((*shape, 3), np.float32)
        self.premultiplied = random.random((*shape, 4), np.float32)
        self.alpha, self.shadow = random.random(shape, np.float32), random.random(shape, np.float32)
        self.depth = np.where(self.mask > 0, random.uniform(1, 6, shape), np.inf).astype(np.float32)
        normals = random.normal(size=(*shape, 3))
        self.normals = (there * normals / np.linalg.norm(normals, axis=-1, keepdims=True)).astype(np.float32)
        self.view_normals = self.normals[..., [2, 0, 1]]
        self.uv = (there * random.uniform(-1, 3, (*shape, 2))).astype(np.float32)
        self.velocity = (there * random.normal(scale=30, size=(*shape, 2))).astype(np.float32)
        shares = random.random((*shape, 4), np.float32) * (random.random((*shape, 4)) > 0.5)
        self.coverage = shares.astype(np.float32)
        self.seen_vertices = {"body": random.random(40) > 0.5, "tee": random.random(9) > 0.5}
        self.visible = {"background": 0.25, "tee": 0.5}


class StoppedError(Exception):
    pass


@contextmanager
def stopped() -> Iterator[None]:
    """The block stops half-way."""
    try:
        yield
    except StoppedError:
        return
    pytest.fail("the block went on")


def sequence(folder: Path, frames: int, **options: Any) -> list[Still]:
    made = [Still(seed) for seed in range(frames)]
    with SequenceWriter(folder, (WIDTH, HEIGHT), 24, **options) as writer:
        for frame in made:
            writer.write(frame)
    return made


def read(path: Path) -> NDArray[Any]:
    """Return pixels as PNG stores them, rgb order."""
    pixels = np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
    return pixels if pixels.ndim == 2 else pixels[..., [2, 1, 0, *range(3, pixels.shape[2])]]


def test_png_holds_what_the_formats_page_says(tmp_path: Path) -> None:
    names = [name for name in OUTPUTS if name not in ("coverage", "vertices")]
    frame = sequence(tmp_path / "out", 2, outputs=names)[1]
    held = {name: read(tmp_path / "out" / f"{name}.000002.png") for name in names}
    there = frame.mask > 0
    assert np.array_equal(held["rgb"], frame.rgb)
    assert np.abs(held["alpha"] / 255 - frame.alpha).max() <= 0.5 / 255 + 1e-6
    assert np.abs(held["shadow"] / 255 - frame.shadow).max() <= 0.5 / 255 + 1e-6
    assert held["depth"].dtype == np.uint16
    assert np.abs(held["depth"] / 1000 - frame.depth)[there].max() <= 0.00051
    assert not held["depth"][~there].any()
    for name, values in (("normals", frame.normals), ("view-normals", frame.view_normals)):
        assert np.abs(held[name] / 32767.5 - 1 - values)[there].max() < 2e-5
        assert not held[name][~there].any()
    apart = np.abs(held["uv"][..., :2] / 65535 - frame.uv % 1)[there]
    assert np.minimum(apart, 1 - apart).max() < 1e-5
    assert np.array_equal(held["uv"][..., 2], 65535 * there)
    assert np.abs((held["velocity"][..., :2] - 32768.0) / 64 - frame.velocity)[there].max() <= 0.5 / 64 + 1e-4
    assert np.array_equal(held["velocity"][..., 2], there)
    with Image.open(tmp_path / "out" / "segments.000002.png") as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image), frame.mask)
        assert image.info["Comment"] == SYNTHETIC_PICTURE
    with Image.open(tmp_path / "out" / "rgb.000001.png") as image:
        assert (image.info["Comment"], image.info["srgb"]) == (SYNTHETIC_PICTURE, 0)
    assert len(list((tmp_path / "out").iterdir())) == 2 * len(names) + 1


def test_a_transparent_png_has_straight_alpha(tmp_path: Path) -> None:
    (frame,) = sequence(tmp_path / "out", 1, transparent=True)
    assert np.array_equal(read(tmp_path / "out" / "rgb.000001.png"), frame.rgba)


def test_exr_has_the_channels_that_programs_look_for(tmp_path: Path) -> None:
    names = [name for name in OUTPUTS if name != "vertices"]
    (frame,) = sequence(tmp_path / "out", 1, outputs=names, file_format="exr")
    with OpenEXR.File(str(tmp_path / "out" / "frame.000001.exr"), separate_channels=True) as file:
        held = {name: channel.pixels for name, channel in file.channels().items()}
        header = dict(file.header())
    want: dict[str, tuple[type, NDArray[Any]]] = {
        **{name: (np.float16, frame.linear[..., index]) for index, name in enumerate("RGB")},
        "alpha.A": (np.float16, frame.alpha),
        "shadow.A": (np.float16, frame.shadow),
        "Z": (np.float32, np.where(np.isinf(frame.depth), NOWHERE, frame.depth)),
        **{f"N.{name}": (np.float16, frame.normals[..., index]) for index, name in enumerate("XYZ")},
        **{f"Nv.{name}": (np.float16, frame.view_normals[..., index]) for index, name in enumerate("XYZ")},
        "segment.I": (np.uint32, frame.mask),
        **{f"uv.{name}": (np.float32, frame.uv[..., index]) for index, name in enumerate("UV")},
        **{f"velocity.{name}": (np.float32, frame.velocity[..., index]) for index, name in enumerate("XY")},
    }
    assert set(held) == set(want) | {f"segments{rank:02}.{letter}" for rank in range(3) for letter in "RGBA"}
    for name, (dtype, values) in want.items():
        assert held[name].dtype == dtype, name
        assert np.array_equal(held[name], values.astype(dtype)), name
    assert header["comments"] == SYNTHETIC_PICTURE
    assert header["framesPerSecond"] == Fraction(24)
    assert json.loads(header["dressform/segments"]) == {"background": 0, "body": 1, "tee": 2, "shoe left": 3}
    # row vectors, camera along -z: what is straight ahead in the world lies on the negative axis
    np.testing.assert_allclose(np.array([0.0, 1.0, 0.5, 1.0]) @ header["worldToCamera"], [0, 0.5, -3, 1], atol=1e-6)


def test_a_transparent_exr_is_premultiplied(tmp_path: Path) -> None:
    (frame,) = sequence(tmp_path / "out", 1, outputs=["rgb", "alpha"], file_format="exr", transparent=True)
    with OpenEXR.File(str(tmp_path / "out" / "frame.000001.exr"), separate_channels=True) as file:
        held = {name: channel.pixels for name, channel in file.channels().items()}
    assert set(held) == set("RGBA")
    assert np.array_equal(np.stack([held[name] for name in "RGBA"], axis=-1), frame.premultiplied.astype(np.float16))


def test_cryptomatte_names_every_share(tmp_path: Path) -> None:
    # test vectors of the reference implementation of MurmurHash3_x86_32
    assert [murmur3(text) for text in ("", "hello", "The quick brown fox jumps over the lazy dog")] == [
        *(0, 0x248BFA47, 0x2E4FF723),
    ]
    (frame,) = sequence(tmp_path / "out", 1, outputs=["coverage"], file_format="exr")
    with OpenEXR.File(str(tmp_path / "out" / "frame.000001.exr"), separate_channels=True) as file:
        held = {name: channel.pixels for name, channel in file.channels().items()}
        header = dict(file.header())
    key = f"cryptomatte/{murmur3('segments'):08x}"[:19]
    manifest = json.loads(header[f"{key}/manifest"])
    assert header[f"{key}/conversion"] == "uint32_to_float32"
    assert header[f"{key}/hash"] == "MurmurHash3_32"
    assert set(manifest) == {"body", "tee", "shoe left"}
    for index, name in enumerate(frame.segments[1:], start=1):
        wanted = np.array(int(manifest[name], 16), np.uint32).view(np.float32)
        found = np.zeros((HEIGHT, WIDTH), np.float32)
        for layer in ("segments00", "segments01", "segments02"):
            for number, share in (("R", "G"), ("B", "A")):
                found += np.where(held[f"{layer}.{number}"] == wanted, held[f"{layer}.{share}"], 0)
        assert np.array_equal(found, frame.coverage[..., index])
    assert (held["segments00.G"] >= held["segments00.A"]).all()
    assert all(0 < id_bits(name) >> 23 & 255 < 255 for name in map(str, range(2000)))
    assert list(crypto_header(frame.segments)) == [
        f"{key}/{name}" for name in ("name", "hash", "conversion", "manifest")
    ]


def test_npz_holds_everything_as_it_is(tmp_path: Path) -> None:
    (frame,) = sequence(tmp_path / "out", 1, outputs=list(OUTPUTS), file_format="npz")
    with np.load(tmp_path / "out" / "frame.000001.npz") as held:
        assert np.array_equal(held["segments"], frame.mask)
        assert np.array_equal(held["view_normals"], frame.view_normals)
        assert np.array_equal(held["vertices.tee"], frame.seen_vertices["tee"])
        assert held["segment_names"].tolist() == list(frame.segments)
        assert held["intrinsics"].tolist() == [31.5, 11.5, 8.5]
        assert str(held["comment"]) == SYNTHETIC_PICTURE
        for name in ("rgb", "alpha", "shadow", "depth", "normals", "uv", "velocity", "coverage"):
            assert np.array_equal(held[name], getattr(frame, name)), name


def test_the_notes_say_what_is_there_and_where_the_camera_was(tmp_path: Path) -> None:
    sequence(tmp_path / "out", 3, outputs=["rgb", "depth"])
    notes = json.loads((tmp_path / "out" / SIDECAR).read_text())
    check_document("frames", notes, "frames.json")
    assert (notes["fps"], notes["size"], notes["alpha"], notes["sample_px"]) == (24, [WIDTH, HEIGHT], "none", 0.25)
    assert notes["files"] == {"rgb": "rgb.%06d.png", "depth": "depth.%06d.png"}
    assert notes["segments"] == {"background": 0, "body": 1, "tee": 2, "shoe left": 3}
    assert [each["frame"] for each in notes["frames"]] == [1, 2, 3]
    assert notes["frames"][2]["seconds"] == pytest.approx(2 / 24, abs=1e-6)
    assert notes["frames"][1]["T_world_cam"] == Seen().T_world_cam.tolist()
    assert notes["frames"][0]["visible"] == {"background": 0.25, "tee": 0.5}
    for output, pattern in notes["files"].items():
        assert output in notes["outputs"]
        assert all((tmp_path / "out" / (pattern % each["frame"])).is_file() for each in notes["frames"])


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "out"
    writer = SequenceWriter(target, (WIDTH, HEIGHT), 24)
    with stopped(), writer:
        writer.write(Still())
        assert not target.exists()
        raise StoppedError
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="at least one frame"), SequenceWriter(target, (WIDTH, HEIGHT), 24):
        pass
    assert not list(tmp_path.iterdir())


def test_a_sequence_is_replaced_by_the_next_and_nothing_else_is(tmp_path: Path) -> None:
    target = tmp_path / "out"
    sequence(target, 3)
    with stopped(), SequenceWriter(target, (WIDTH, HEIGHT), 24):
        raise StoppedError
    assert len(list(target.iterdir())) == 4
    sequence(target, 1, outputs=["rgb", "uv"])
    assert sorted(path.name for path in target.iterdir()) == [SIDECAR, "rgb.000001.png", "uv.000001.png"]
    assert list(tmp_path.iterdir()) == [target]
    (target / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="it holds other things"):
        SequenceWriter(target, (WIDTH, HEIGHT), 24)
    (tmp_path / "empty").mkdir()
    sequence(tmp_path / "empty", 1)
    (tmp_path / "file").write_text("keep")
    with pytest.raises(UsageError, match="it holds other things"):
        SequenceWriter(tmp_path / "file", (WIDTH, HEIGHT), 24)
    assert (tmp_path / "file").read_text() == "keep"


@pytest.mark.parametrize("before", [True, False])
def test_what_is_put_into_the_folder_meanwhile_stays(tmp_path: Path, before: bool) -> None:
    target = tmp_path / "out"
    if before:
        sequence(target, 3)
    writer = SequenceWriter(target, (WIDTH, HEIGHT), 24)
    writer.write(Still())
    target.mkdir(exist_ok=True)
    (target / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="other things were put into it meanwhile; the pictures are in ") as caught:
        writer.close()
    kept = Path(str(caught.value).split(" are in ")[1])
    assert (target / "mine.txt").read_text() == "keep"
    assert len(list(target.iterdir())) == (5 if before else 1)
    assert sorted(path.name for path in kept.iterdir()) == [SIDECAR, "rgb.000001.png"]
    assert sorted(tmp_path.iterdir()) == sorted([target, kept])


@pytest.mark.parametrize("name", [".", "..", "a/..", "/"])
def test_the_folder_that_one_is_in_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    with pytest.raises(UsageError, match="it would be replaced as a whole; name a folder in it"):
        Target(Path(name), (WIDTH, HEIGHT), 24).check()
    with pytest.raises(UsageError, match="it would be replaced as a whole; name a folder in it"):
        SequenceWriter(Path(name), (WIDTH, HEIGHT), 24)


def test_a_folder_is_where_it_was_named_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with SequenceWriter("out", (WIDTH, HEIGHT), 24) as writer:
        writer.write(Still())
        (tmp_path / "other").mkdir()
        monkeypatch.chdir(tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "out"]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("out", {"outputs": ["rgb", "depht"]}, "--outputs must be some of rgb,.*, got depht"),
        ("out", {"outputs": []}, "got nothing"),
        ("out", {"outputs": ["coverage"]}, "--format png has no room for coverage; use exr or npz"),
        ("out", {"outputs": ["vertices"], "file_format": "exr"}, "no room for vertices; use npz"),
        ("out", {"file_format": "tga"}, "--format must be one of png, exr, npz, got 'tga'"),
        ("none/out", {}, "does not exist; make it first"),
        ("a.png", {"outputs": ["rgb", "uv"]}, "a PNG holds one output, got rgb,uv"),
        ("a.exr", {"file_format": "png"}, "--format png does not go with 'a.exr'"),
        ("none/a.exr", {}, "does not exist; make it first"),
        ("a.png", {"codec": "h264"}, "--codec is for videos"),
        ("a.mp4", {"outputs": ["depth"]}, "a video holds the picture only"),
        ("a.mp4", {"transparent": True}, "needs a codec with alpha, prores or vp9"),
        ("a.gif", {}, r"must be named \*.mp4, .*\*.exr"),
        ("a.png", {"size": (0, 5)}, "--size must be from 1 to 16384"),
    ],
)
def test_wrong_use_is_one_clear_line(tmp_path: Path, name: str, options: dict[str, Any], said: str) -> None:
    target = Target(**{"path": tmp_path / name, "size": (WIDTH, HEIGHT), "fps": 24, **options})
    with pytest.raises(UsageError, match=said) as caught:
        target.check()
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_one_picture_replaces_a_file_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "still.png"
    path.write_text("before")
    with stopped(), Target(path, (WIDTH, HEIGHT), 24).open() as sink:
        sink.write(Still())
        raise StoppedError
    assert path.read_text() == "before"
    with Target(path, (WIDTH, HEIGHT), 24).open() as sink:
        sink.write(Still())
    assert np.array_equal(read(path), Still().rgb)
    assert list(tmp_path.iterdir()) == [path]


def test_the_codec_follows_from_the_name() -> None:
    chosen = {
        (name, clear): Target(Path(name), (64, 64), 24, transparent=clear).video_codec
        for name in ("a.mp4", "a.mov", "a.webm")
        for clear in (False, True)
    }
    assert chosen == {
        ("a.mp4", False): "h264", ("a.mp4", True): "h264", ("a.mov", False): "h264", ("a.mov", True): "prores",
        ("a.webm", False): "vp9", ("a.webm", True): "vp9",
    }  # fmt: skip
