"""Frames beside path-traced pictures of the same scenes: how far the renderer is from what light does.

Run `python -m dressform.benchmarks.path_traced [NAME …] [--page docs/rendering.md]` (needs `dressform[judge]`).
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rich_click as click
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dressform.runtime.render.follow import Framing
from dressform.schemas.errors import DressformError, UsageError

from .path_traced_scene import LIGHTS, Picture, Setting, Shot, compose, shoot
from .path_tracer import DEPTH, Traced, kept_trace
from .wardrobe_pictures import jpeg_within

Floats = NDArray[np.float32]

PRESETS = ("realtime", "quality")
SAMPLES, SEED = 64, 1
SIZE = (512, 512)
FLIP_GOAL, SSIM_GOAL = 0.12, 0.93
PICTURE_BYTES = 390_000
_SHOWN = 420  # [px] side of a picture of a sheet
_TURNED = Framing(turn_rad=0.6)

SETTINGS: tuple[Setting, ...] = (
    Setting("tee", "female", 1.70, 64.0, ("tee", "trousers"), "catwalk", 12, "studio"),
    Setting("tee-evening", "female", 1.70, 64.0, ("tee/navy", "trousers/black"), "catwalk", 30, "evening"),
    Setting("shirt", "male", 1.80, 78.0, ("shirt", "trousers"), "catwalk", 22, "studio"),
    Setting("shirt-midday", "male", 1.80, 78.0, ("shirt/sky", "shorts"), "idle", 5, "midday"),
    Setting("shirt-room", "female", 1.66, 58.0, ("shirt/sky", "trousers"), "arms-raise", 24, "room"),
    Setting("jacket", "female", 1.66, 58.0, ("tee", "trousers", "jacket"), "catwalk", 40, "studio", _TURNED),
    Setting("jacket-midday", "male", 1.80, 92.0, ("tee/navy", "trousers", "jacket/olive"), "catwalk", 16, "midday"),
    Setting("skirt", "female", 1.74, 62.0, ("long-sleeve", "circle-skirt"), "catwalk", 18, "studio"),
    Setting("skirt-room", "female", 1.74, 62.0, ("long-sleeve/breton", "circle-skirt/emerald"), "turn", 20, "room"),
    Setting("dress", "female", 1.70, 84.0, ("dress",), "arms-raise", 30, "studio"),
    Setting("dress-midday", "female", 1.70, 64.0, ("dress/terracotta",), "catwalk", 26, "midday", _TURNED),
    Setting("shorts-evening", "male", 1.75, 70.0, ("long-sleeve/forest", "shorts/slate"), "turn", 12, "evening"),
)


class Score(NamedTuple):
    """How alike a frame and its reference are: means over the picture, and over the person alone."""

    flip: float
    ssim: float
    person_flip: float
    person_ssim: float


@dataclass(frozen=True)
class Judged:
    """A setting that was judged.

    Attributes:
        setting: What was drawn.
        scores: By preset.
        frames: The frames by preset.
        reference: The path-traced picture.
        flip_map: Of `quality`, in FLIP's colours.
    """

    setting: Setting
    scores: dict[str, Score]
    frames: dict[str, Picture]
    reference: Picture
    flip_map: Picture


def judge(setting: Setting, samples: int, seed: int, keep: Path | None) -> Judged:
    """Draw a setting with every preset, trace it once, and compare."""
    light = LIGHTS[setting.light]()
    shots = shoot(setting, light.lighting, SIZE, PRESETS)
    shot: Shot = shots[PRESETS[-1]]
    traced: Traced = kept_trace(shot, light, samples, seed, keep)
    references = {name: compose(*traced, each) for name, each in shots.items()}
    reference = references["quality"]
    scores = {name: score(each.rgb, references[name], traced.covered > 0.5) for name, each in shots.items()}
    frames = {name: each.rgb for name, each in shots.items()}
    return Judged(setting, scores, frames, reference, _flip_map(frames["quality"], reference))


def score(frame: Picture, reference: Picture, person: NDArray[np.bool_]) -> Score:
    """Return the mean FLIP (Andersson et al. 2020, 67 pixels a degree) and SSIM (Wang et al. 2004) of two pictures."""
    try:
        from skimage.metrics import structural_similarity
    except ImportError:
        raise UsageError("the judge needs scikit-image; run `pip install 'dressform[judge]'`") from None
    flip = _flip(frame, reference)
    kernel = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    ssim, alike = structural_similarity(reference, frame, channel_axis=2, data_range=255, full=True, **kernel)
    return Score(float(flip.mean()), float(ssim), float(flip[person].mean()), float(alike.mean(axis=-1)[person].mean()))


def _flip(frame: Picture, reference: Picture) -> Floats:
    """Return FLIP's error of each pixel [H, W]."""
    return np.asarray(_evaluate(frame, reference, False), np.float32).reshape(*frame.shape[:2], -1)[..., 0]


def _flip_map(frame: Picture, reference: Picture) -> Picture:
    """Return FLIP's error of each pixel as colours [H, W, 3]."""
    return np.asarray(np.rint(255.0 * np.clip(_evaluate(frame, reference, True), 0.0, 1.0)), np.uint8)


def _evaluate(frame: Picture, reference: Picture, colored: bool) -> Any:
    try:
        import flip_evaluator
    except ImportError:
        raise UsageError("the judge needs FLIP; run `pip install 'dressform[judge]'`") from None
    pictures = (reference.astype(np.float32) / 255.0, frame.astype(np.float32) / 255.0)
    return flip_evaluator.evaluate(*pictures, "LDR", applyMagma=colored)[0]


def sheet(judged: Judged) -> Picture:
    """Set the frames, the reference and where they differ beside each other."""
    labelled = [*judged.frames.items(), ("path traced", judged.reference), ("FLIP, quality", judged.flip_map)]
    row = Image.new("RGB", (_SHOWN * len(labelled), _SHOWN))
    draw, font = ImageDraw.Draw(row), ImageFont.load_default(15)
    for number, (label, picture) in enumerate(labelled):
        row.paste(Image.fromarray(picture).resize((_SHOWN, _SHOWN), Image.Resampling.LANCZOS), (number * _SHOWN, 0))
        ink, rim = ((70, 70, 70), (240, 240, 238)) if picture.mean() > 90 else ((230, 230, 230), (20, 20, 20))
        draw.text((number * _SHOWN + 8, 6), label, ink, font, stroke_width=2, stroke_fill=rim)
    return np.asarray(row, np.uint8)


def table(judged: Sequence[Judged]) -> list[str]:
    """Return the lines of a Markdown table: each scene, then the means."""
    lines = [
        "| scene | wears | motion, frame | light | FLIP | SSIM | FLIP, person | SSIM, person |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for each in judged:
        setting = each.setting
        about = [setting.name, ", ".join(setting.wear), f"{setting.motion} {setting.frame}", setting.light]
        lines.append(_row(about, [each.scores[name] for name in PRESETS]))
    means = [Score(*np.mean([each.scores[name] for each in judged], axis=0).tolist()) for name in PRESETS]
    lines.append(_row(["**mean**", "", "", ""], means))
    return lines


def _row(about: list[str], scores: list[Score]) -> str:
    cells = [" / ".join(f"{getattr(score, name):.3f}" for score in scores) for name in Score._fields]
    return "| " + " | ".join([*about, *cells]) + " |"


def reached(judged: Sequence[Judged]) -> bool:
    """Whether every scene, by the quality preset, is as near to its reference as is asked."""
    scores = [each.scores["quality"] for each in judged]
    return all(score.flip <= FLIP_GOAL and score.ssim >= SSIM_GOAL for score in scores)


def page(judged: Sequence[Judged], pictures: str, samples: int, seed: int) -> str:
    """Return a Markdown page about the comparison, whose pictures lie in the folder `pictures` beside it."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, no GPU"
    verdict = "Every scene reaches" if reached(judged) else "Not every scene reaches"
    lines = [
        "# Frames beside path tracing",
        "",
        "How near the renderer's pictures are to what light does. Each scene is drawn with both presets, and traced by",
        "[Mitsuba 3](https://mitsuba-renderer.org): the same triangles with the same normals, wrinkles included, the",
        "same camera, textures and light. The tracer has the whole radiance around where the renderer has nine",
        "coefficients, the sun as a disc or the whole picture of the room, light that bounces, and Disney's principled",
        "surface with the material's figures. The highlights' shoulder, the sRGB curve and the backdrop are the",
        "renderer's own; of the ground only the shadow is traced. Threads too small to be seen are left out, and light",
        "that seeps through skin: the traced skin is matte. One model of a surface is compared with another: Disney's",
        "matte part gives back more than the renderer's where light or eye graze a rough surface. The traced pictures",
        "are a little noisy, which costs both presets some SSIM.",
        "",
        "FLIP (0 is alike, 67 pixels a degree) and SSIM (1 is alike) are means over the picture, and, harder, over the",
        f"person alone; `realtime` / `quality`. {verdict} what is asked of",
        f"`quality`: FLIP at most {FLIP_GOAL} and SSIM at least {SSIM_GOAL} over the picture.",
        "",
        *table(judged),
        "",
        f"{SIZE[0]}×{SIZE[1]} pixels, {samples} paths a pixel of up to {DEPTH - 1} segments, seed {seed}; {machine}.",
        "`python -m dressform.benchmarks.path_traced --page docs/rendering.md` makes this page and its pictures anew.",
    ]
    for each in judged:
        title = f"{each.setting.name}: {', '.join(each.setting.wear)} in the light of {each.setting.light}"
        lines += ["", f"![{title}]({pictures}/{each.setting.name}.jpg)"]
    return "\n".join(lines) + "\n"


def chosen(names: Sequence[str]) -> list[Setting]:
    """Return the settings of these names, or all."""
    known = {setting.name: setting for setting in SETTINGS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"there is no scene {unknown[0]!r}; use some of {', '.join(known)}")
    return [known[name] for name in names or known]


@click.command()
@click.argument("names", nargs=-1)
@click.option("--page", "page_file", type=click.Path(dir_okay=False, path_type=Path), help="Write a Markdown page.")
@click.option("--pictures", type=click.Path(file_okay=False, path_type=Path), help="Folder of pictures.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Folder that keeps what was traced.")
@click.option("--samples", type=click.IntRange(1), default=SAMPLES, help="Paths a pixel.")
@click.option("--seed", type=click.IntRange(0), default=SEED)
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def main(
    names: tuple[str, ...],
    page_file: Path | None,
    pictures: Path | None,
    keep: Path | None,
    samples: int,
    seed: int,
    as_json: bool,
) -> None:
    """Judge the renderer by path-traced pictures of the scenes NAMES, or of all.

    Example: python -m dressform.benchmarks.path_traced tee jacket --pictures build/judge
    """
    if page_file is not None and pictures is None:
        pictures = page_file.parent / "images" / "rendering"
    try:
        judged = []
        for setting in chosen(names):
            judged.append(judge(setting, samples, seed, keep))
            click.echo(f"{setting.name}: {judged[-1].scores['quality']}", err=True)
            if pictures is not None:
                pictures.mkdir(parents=True, exist_ok=True)
                (pictures / f"{setting.name}.jpg").write_bytes(jpeg_within(sheet(judged[-1]), PICTURE_BYTES))
    except DressformError as error:
        raise click.ClickException(str(error)) from error
    if page_file is not None and pictures is not None:
        shown = Path(os.path.relpath(pictures, page_file.parent)).as_posix()
        page_file.write_text(page(judged, shown, samples, seed), encoding="utf-8")
    if as_json:
        found = [{"name": j.setting.name, **{n: s._asdict() for n, s in j.scores.items()}} for j in judged]
        click.echo(json.dumps({"scenes": found, "reached": reached(judged)}, indent=2))
    else:
        click.echo("\n".join(table(judged)))


if __name__ == "__main__":
    main()
