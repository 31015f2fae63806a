"""`dressform bench NAME`: run a program of benchmarks/ and print its figures."""

from __future__ import annotations

import json
from typing import Any

import rich_click as click

from dressform.schemas.errors import UsageError

from .render import PRESETS, Size

BENCHMARKS = {
    "frame": "frames a second of the realtime preset, as `dressform render` writes them",
    "first_frame": "seconds from the start of a process to its first frame, stage by stage, with warm caches",
    "cuda": "the same frames on CPU and CUDA: rate and difference",
    "outputs": "what a frame's depth, normals, masks … cost when asked for, how exact they are, memory of a sequence",
    "sheer": "a walk in a skirt of chiffon beside the same of poplin: milliseconds a frame, pixels that flicker",
    "raster": "rasterising the dressed body on one core, and how that grows with pixels and triangles",
    "temporal": "what flickers along the motion, error against 8×8 samples; the same with the frames before blended in",
    "differentiable": "pictures with gradients: forwards, backwards; a pose, a light and a texture that come back",
    "build": "import + clean + unwrap + place + rig of the T-shirt",
    "unwrap": "charts, stretch, overlaps and use of the square of real garments' atlases; speed at 20,000 triangles",
    "rig": "stretch and penetration of rigged garments over bodies and poses, as carried over and as tuned",
    "lod": "distance of levels of detail from their garments; cleaning a million triangles",
    "posed_cloth": "simulated garments in a pose: seconds, penetration, stretch, repeatability under start noise",
    "patterns": "the garments that ship against their flat panels: stretch, cloth inside the body, cloth through cloth",
    "place": "garments of other bodies, poses, units and frames brought onto the canonical body",
    "field": "a learned field's cost a frame, part by part; its kernels against their plain twin",
    "penetration": "penetrating vertices over the walk, before and after push-out",
    "layers": "one to three layers over motions: their order, penetration, jumps between frames, milliseconds",
    "fit": "every size of tee and trousers on six bodies: ease, order and recommendation beside simulation, seconds",
    "fit_matrix": "the garments that ship on bodies, in poses, over each other: penetration, stretch, holes, seconds",
    "memory": "resident memory at every 500th of 20,000 frames, and its slope",
    "refine": "acceleration error and lag of the temporal filter on a noisy walk",
    "smplx_rig": "rigging tee and trousers to stand-ins for SMPL-X: seconds, strain, penetration over the walk",
    "crash": "a library's jobs killed at random instants and hindered by faults; writers and readers that meet",
    "fuzz": "2,000 changed garments, rigs, manifests, bundles …: how each ended (the module's own options run more)",
    "fuzz_frames": "2,000 random scenes, cameras and sizes, sound and spoilt, against the plain twin: how each ended",
    "validate": "a library of 100 templates against every rule that does not move them; the same again",
    "avatar": "error of the photo fit on synthetic people",
}


@click.command()
@click.argument("name", type=click.Choice([*BENCHMARKS, "all"]))
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option("--profile", is_flag=True, help="Of frame: where its time goes, part by part, on one core.")
@click.option("--size", type=Size(), help="Of frame: picture size; 512x512 by default.")
@click.option("--preset", type=click.Choice(PRESETS), help="Of frame: what the renderer does; realtime by default.")
def bench(name: str, as_json: bool, profile: bool, size: tuple[int, int] | None, preset: str | None) -> None:
    """Run the benchmark NAME (or all of them) and print its figures.

    Example: dressform bench frame --size 1024x1024 --json
    """
    import importlib

    given = {"size": size, "preset": preset}
    options: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    for option, asked in {**given, "profile": profile}.items():
        if asked and name != "frame":
            raise UsageError(f"--{option} is for bench frame, got bench {name}")
    names = list(BENCHMARKS) if name == "all" else [name]
    results = {}
    for one in names:
        click.echo(f"{one}: {BENCHMARKS[one]} …", err=True)
        if profile:
            results[one] = importlib.import_module("dressform.benchmarks.frame_profile").profile(**options)
        else:
            results[one] = importlib.import_module(f"dressform.benchmarks.{one}").run(**options)
        if not as_json:
            for key, value in results[one].items():
                click.echo(f"  {key}: {value}")
    if as_json:
        click.echo(json.dumps(results[name] if name != "all" else results, indent=2))
