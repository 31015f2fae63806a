"""The main job on real input, as `make demo` runs it: a garment mesh and a photo in, a try-on video and a page out."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import av
import numpy as np
import rich_click as click
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from dressform.__main__ import run_command
from dressform.commands.finite import FiniteRange
from dressform.demo_page import Picture, write_page
from dressform.schemas.errors import UsageError
from dressform.schemas.progress import Progress as Tell

if TYPE_CHECKING:
    from dressform.runtime.avatar.avatar_file import Avatar
    from dressform.runtime.session import VideoReport

SECONDS = 12.6  # one whole round of the catwalk
SIZE = (512, 512)
FPS = 30.0
WEAR = ("trousers", "mesh-tee")
Result = TypeVar("Result")


@dataclass
class Stages:
    """Runs the stages under one progress display and remembers how long each took."""

    bar: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, title: str, work: Callable[[Tell], Result]) -> Result:
        """Run one stage; `work` gets a function to tell its progress to."""
        task: TaskID = self.bar.add_task("", title=title, total=1.0)
        started = time.perf_counter()

        def tell(fraction: float, message: str, /) -> None:
            self.bar.update(task, completed=fraction, description=message)

        result = work(tell)
        self.seconds[title] = time.perf_counter() - started
        self.bar.update(task, completed=1.0, description="")
        self.bar.stop_task(task)
        return result


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), help="Where to write.")
@click.option("--photo", type=click.Path(path_type=Path), help="Your own photo; else a picture of a synthetic person.")
@click.option("--consent", help="'self' or a consent file; needed with your own photo.")
@click.option("--seconds", type=FiniteRange(0.1), default=SECONDS, help="Length of the video.")
def demo(out: Path, photo: Path | None, consent: str | None, seconds: float) -> None:
    """Build a template from a bare mesh, estimate an avatar, and write the try-on video and a page about it.

    Example: make demo PHOTO=me.jpg CONSENT=self
    """
    if photo is not None and not consent:
        raise UsageError("your own photo needs consent: make demo PHOTO=me.jpg CONSENT=self (or a consent file)")
    columns = (
        TextColumn("{task.fields[title]:<22}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console) as bar:
        stages = Stages(bar)
        page = make(out, photo, consent, seconds, stages)
    total = sum(stages.seconds.values())
    click.echo(f"{page}  ({total:.0f} s: {', '.join(f'{k} {v:.1f}' for k, v in stages.seconds.items())})")


def make(out: Path, photo: Path | None, consent: str | None, seconds: float, stages: Stages) -> Path:
    """Run every stage and return the page."""
    import warp

    from dressform.assets.library import Library
    from dressform.authoring.synth.studio import render_studio_photo
    from dressform.authoring.wardrobe import publish_mesh_tee
    from dressform.runtime.avatar.estimate import estimate_avatar
    from dressform.runtime.avatar.overlay import overlay
    from dressform.runtime.avatar.photo import load_photo
    from dressform.runtime.body.anny_body import load_anny
    from dressform.runtime.render.image import save_png
    from dressform.runtime.session import TryOn

    warp.config.log_level = warp.LOG_ERROR
    out.mkdir(parents=True, exist_ok=True)
    stages.run("body", lambda tell: load_anny(tell))  # baked on first use, read from the cache afterwards
    library = Library.open(out / "library", over_embedded=True)  # the trousers come from the wardrobe that ships
    stages.run("template mesh-tee", lambda tell: publish_mesh_tee(library, out / "drafts" / "mesh-tee", tell))
    shutil.copyfile(library.resolve("trousers").file("preview.png"), out / "trousers.png")
    if photo is None:
        photo = out / "photo.png"
        stages.run("studio photo", lambda tell: render_studio_photo(out / "photo.png"))
        consent = str(_synthetic_consent(out))
    picture = load_photo(photo)
    avatar = stages.run("avatar", lambda tell: estimate_avatar(photo, consent=consent, progress=tell))
    avatar.save(out / "avatar.json")
    save_png(out / "overlay.png", overlay(picture.rgb, avatar))
    tryon = stages.run("dressing", lambda tell: TryOn(avatar, WEAR, library=library, size=SIZE))
    report = stages.run(
        "video", lambda tell: tryon.write(out / "tryon.mp4", "catwalk", seconds=seconds, fps=FPS, progress=tell)
    )
    save_png(out / "frames.png", frame_strip(report.path))
    return _page(out, avatar, report, stages.seconds)


def frame_strip(video: Path, count: int = 7) -> NDArray[np.uint8]:
    """Return evenly spread frames of a video side by side, each cut to its middle half, sRGB uint8 [H, W, 3]."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        total = sum(1 for _ in container.demux(stream)) - 1  # the last packet is the flush
        wanted = set(np.linspace(0, total - 1, count + 1).astype(int)[:count].tolist())
        container.seek(0)
        pictures = [f.to_ndarray(format="rgb24") for k, f in enumerate(container.decode(video=0)) if k in wanted]
    width = pictures[0].shape[1]
    return np.concatenate([picture[:, width // 4 : -(width // 4)] for picture in pictures], axis=1)


def _synthetic_consent(out: Path) -> Path:
    """Write the consent for the picture that the project renders: it shows nobody."""
    file = out / "consent.json"
    until = dt.date.today() + dt.timedelta(days=365)
    consent = {"who": "nobody: a synthetic person", "for": "the demo of dressform", "until": until.isoformat()}
    file.write_text(json.dumps(consent, indent=2), encoding="utf-8")
    return file


def _page(out: Path, avatar: Avatar, report: VideoReport, seconds: Mapping[str, float]) -> Path:
    """Gather what was made into out/index.html."""
    drafts = out / "drafts"
    pictures = [
        Picture(out / "overlay.png", "The avatar over the photo: outline of the body and the detected landmarks."),
        Picture(drafts / "mesh-tee" / "preview.png", "mesh-tee: newton's bare mesh, unwrapped, placed and rigged."),
        Picture(out / "trousers.png", "trousers: of the wardrobe that ships, sewn from a pattern."),
        Picture(drafts / "mesh-tee" / "uv.png", "The mesh tee's UV layout; colour shows stretch."),
    ]
    video = Picture(report.path, f"{report.frames} frames at {FPS:.0f} a second, {SIZE[0]}×{SIZE[1]}.")
    stages = {name: f"{spent:.1f} s" for name, spent in seconds.items()}
    frame = {name: f"{spent:.1f} ms" for name, spent in report.stages_ms.items()}
    frame["frames a second, encoding included"] = f"{report.frames / report.seconds:.0f}"
    measures = {name.replace("_", " "): f"{value:.2f}" for name, value in avatar.measures.items()}
    tables = {
        "Seconds per stage": {**stages, "together": f"{sum(seconds.values()):.1f} s"},
        "A frame (stages run beside each other)": frame,
        "Measures of the avatar (m, kg)": measures,
    }
    summary = "A garment mesh and one photo in, a try-on video out. The video is synthetic, and its file says so."
    return write_page(out, summary, pictures, tables, video)


def main() -> None:
    """Run the demo as `python -m dressform.demo` does."""
    run_command(demo, "dressform.demo")


if __name__ == "__main__":
    main()
