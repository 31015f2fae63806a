"""What moves when nothing but the person does: error and flicker of frames, and whether frames before would help.

Run `dressform bench temporal`, or `python -m dressform.benchmarks.temporal --pictures FOLDER` for crops to look at.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dressform.runtime.render.colour import linear_to_srgb
from dressform.runtime.render.frame import Frame
from dressform.runtime.render.presets import PRESETS
from dressform.runtime.session import Look, TryOn

from .wardrobe import canonical_avatar, wardrobe

FRAMES, SKIPPED, FPS, SIDE = 16, 4, 30.0, 512
REFERENCE = 8  # samples per pixel side
SHARES = (0.5, 0.875)  # of what a surface showed before in what it shows; the last is usual in games
SCENES = {
    "breton": (("long-sleeve/breton", "trousers/indigo"), "catwalk"),
    "shirt": (("shirt/sky", "shorts"), "turn"),
}
_SPREAD = 1.5  # standard deviations of what is around, within which the past has to be
_DEPTH, _TURN_PX = 0.06, 1.5  # by how much what was seen may differ in depth [m] and motion, to be the same surface
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


class Seen(NamedTuple):
    """One frame, and what of it was in the frame before.

    Attributes:
        rgb: sRGB [H, W, 3], 0 to 255.
        person: Which pixels show nothing but a person [H, W].
        place: Where each was a frame before [px], [H, W, 2].
        steady: Which showed the same surface there [H, W].
    """

    rgb: Floats
    person: Flags
    place: Floats
    steady: Flags


class Score(NamedTuple):
    """How good a way to draw a scene is, over pixels that show nothing but a person.

    Attributes:
        error: Mean difference from the reference [levels of 255].
        psnr: Its mean square as a ratio [dB].
        flicker: Mean change of the picture along the motion [levels].
        error_flicker: Mean change of the difference from the reference along the motion [levels]: what is seen to
            shimmer, without what light and folds do.
    """

    error: float
    psnr: float
    flicker: float
    error_flicker: float


def run(frames: int = FRAMES, side: int = SIDE, scenes: Sequence[str] = tuple(SCENES)) -> dict[str, Any]:
    """Draw scenes with each preset as it is, with history, and with 8×8 samples, which they are compared with."""
    found: dict[str, Any] = {"size": f"{side}x{side}", "frames": frames, "judged_from": SKIPPED}
    for preset in PRESETS:
        for name in scenes:
            truth = list(_watched(name, preset, frames, side, REFERENCE))
            ways = {f"history {share:g}": _blended(name, preset, frames, side, share) for share in SHARES}
            ways = {"as drawn": _drawn(name, preset, frames, side), **ways, "8x8": (each.rgb for each in truth)}
            scores = {way: judge(list(pictures), truth)._asdict() for way, pictures in ways.items()}
            found[f"{preset} {name}"] = {
                way: {key: round(value, 2) for key, value in score.items()} for way, score in scores.items()
            }
    return found


def judge(pictures: Sequence[Floats], truth: Sequence[Seen]) -> Score:
    """Compare pictures [H, W, 3] with the reference; the first few, which have little past, are not judged."""
    error, square, flicker, own = [], [], [], []
    last, last_off = pictures[0], pictures[0] - truth[0].rgb
    for number, (picture, true) in enumerate(zip(pictures, truth, strict=True)):
        off, at = picture - true.rgb, true.steady & true.person
        if number >= SKIPPED:
            error.append(float(np.abs(off)[true.person].mean()))
            square.append(float((off[true.person] ** 2).mean()))
            flicker.append(float(np.abs(picture - _read(last, true.place))[at].mean()))
            own.append(float(np.abs(off - _read(last_off, true.place))[at].mean()))
        last, last_off = picture, off
    psnr = 10.0 * np.log10(255.0**2 / max(float(np.mean(square)), 1e-9))
    return Score(float(np.mean(error)), float(psnr), float(np.mean(flicker)), float(np.mean(own)))


def with_history(now: Floats, before: Floats, place: Floats, same: Flags, share: float) -> Floats:
    """Blend linear light [H, W, 3] with that of the frame before, read where each surface was.

    What was there before is kept within the spread of what is around now, in luma and chroma (Karis, "High quality
    temporal supersampling", 2014; Salvi, "An excursion in temporal supersampling", 2016).
    """
    if share == 0.0:
        return now
    old = _luma_chroma(_read(before, place, cv2.INTER_CUBIC))
    new = _luma_chroma(now)
    mean = cv2.blur(new, (3, 3))
    reach = _SPREAD * np.sqrt(np.maximum(cv2.blur(new * new, (3, 3)) - mean * mean, 0.0)) + 1e-4
    farthest = np.maximum(np.abs((old - mean) / reach).max(axis=-1, keepdims=True), 1.0)
    kept = _linear_rgb(mean + (old - mean) / farthest)
    return np.asarray(np.where(same[..., None], now + share * (kept - now), now), np.float32)


def _tryon(name: str, preset: str, side: int, samples: int | None) -> TryOn:
    look = Look(preset=preset, samples=samples)
    return TryOn(canonical_avatar(), SCENES[name][0], library=wardrobe(), size=(side, side), look=look)


def _frames(name: str, preset: str, frames: int, side: int, samples: int | None) -> Iterator[Frame]:
    return _tryon(name, preset, side, samples).stream(SCENES[name][1], fps=FPS, seconds=frames / FPS)


def _drawn(name: str, preset: str, frames: int, side: int) -> Iterator[Floats]:
    for frame in _frames(name, preset, frames, side, None):
        yield frame.rgb.astype(np.float32)


def _watched(name: str, preset: str, frames: int, side: int, samples: int | None) -> Iterator[Seen]:
    """Yield frames and what of them was in the frame before."""
    before: Frame | None = None
    for frame in _frames(name, preset, frames, side, samples):
        place = _place(frame)
        yield Seen(frame.rgb.astype(np.float32), frame.alpha > 0.99, place, _same(frame, before, place))
        before = frame.copy("mask", "depth", "velocity")


def _blended(name: str, preset: str, frames: int, side: int, share: float) -> Iterator[Floats]:
    """Yield a preset's pictures made of samples that are blended with those before, then averaged over pixels."""
    samples = PRESETS[preset].samples
    before: Frame | None = None
    history = np.zeros(0, np.float32)
    for frame in _frames(name, preset, frames, side * samples, 1):
        place = _place(frame)
        light = frame.linear.copy()
        if before is not None:
            light = with_history(light, history, place, _same(frame, before, place), share)
        history, before = light, frame.copy("mask", "depth", "velocity")
        pixels = light.reshape(side, samples, side, samples, 3).mean(axis=(1, 3))
        yield np.asarray(np.rint(255.0 * linear_to_srgb(pixels)), np.float32)


def _place(frame: Frame) -> Floats:
    """Return where each pixel was a frame before [px], 0 at the first pixel's centre."""
    rows, columns = np.indices(frame.mask.shape, np.float32)
    return np.asarray(np.stack([columns, rows], axis=-1) - frame.velocity, np.float32)


def _same(frame: Frame, before: Frame | None, place: Floats) -> Flags:
    """Return which pixels showed the same surface a frame before: the same segment, as deep, and moved alike."""
    if before is None:
        return np.zeros(frame.mask.shape, np.bool_)
    height, width = frame.mask.shape
    x, y = (np.rint(place[..., axis]).astype(np.int64) for axis in (0, 1))
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    x, y = np.where(inside, x, 0), np.where(inside, y, 0)
    alike = inside & (frame.mask > 0) & (before.mask[y, x] == frame.mask)
    deep, then = np.where(alike, frame.depth, 0.0), np.where(alike, before.depth[y, x], 0.0)
    turned = np.abs(before.velocity[y, x] - frame.velocity).max(axis=-1)
    return np.asarray(alike & (np.abs(deep - then) < _DEPTH) & (turned < _TURN_PX * width / SIDE), np.bool_)


def _read(picture: Floats, place: Floats, method: int = cv2.INTER_LINEAR) -> Floats:
    """Read a picture where each pixel was."""
    x, y = (np.ascontiguousarray(place[..., axis]) for axis in (0, 1))
    return np.asarray(cv2.remap(picture, x, y, method), np.float32)


_TO_CHROMA = np.array([[0.25, 0.5, 0.25], [0.5, 0.0, -0.5], [-0.25, 0.5, -0.25]], np.float32)  # YCoCg


def _luma_chroma(rgb: Floats) -> Floats:
    return np.asarray(rgb @ _TO_CHROMA.T, np.float32)


def _linear_rgb(chroma: Floats) -> Floats:
    return np.asarray(chroma @ np.linalg.inv(_TO_CHROMA).T, np.float32)


def _crops(folder: Path, frames: int, side: int) -> None:
    """Write, for each scene and preset, crops of the last frame: as drawn, with each history, with 8×8 samples."""
    folder.mkdir(parents=True, exist_ok=True)
    for preset in PRESETS:
        for name in SCENES:
            true = list(_watched(name, preset, frames, side, REFERENCE))[-1]
            rows = np.flatnonzero(true.person.any(axis=1))
            columns = np.flatnonzero(true.person.any(axis=0))
            top, middle = int(rows[0]), int(columns.mean())
            at = np.s_[top + side // 16 : top + side // 4, max(middle - side // 8, 0) : middle + side // 8]
            shown = [list(_drawn(name, preset, frames, side))[-1]]
            shown += [list(_blended(name, preset, frames, side, share))[-1] for share in SHARES]
            strip = np.concatenate([picture[at] for picture in (*shown, true.rgb)], axis=1)
            large = cv2.resize(strip[..., ::-1], None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)
            cv2.imwrite(str(folder / f"{preset}-{name}.png"), large.astype(np.uint8))


def main() -> None:
    """Print the figures of a run, or write pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=FRAMES)
    parser.add_argument("--side", type=int, default=SIDE, help="of the pictures [px]")
    parser.add_argument("--scenes", nargs="*", choices=SCENES, default=list(SCENES))
    parser.add_argument("--pictures", type=Path, help="write crops into this folder instead")
    given = parser.parse_args()
    if given.pictures is not None:
        _crops(given.pictures, given.frames, given.side)
    else:
        print(json.dumps(run(given.frames, given.side, given.scenes), indent=2))


if __name__ == "__main__":
    main()
