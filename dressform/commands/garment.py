"""`dressform garment`: from an artist's mesh to a draft, at once or step by step."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from .garment_learn import learn
from .garment_meshes import conversion_lines, meshes
from .garment_options import DRAFT, IMPORT, JSON, LOOK, OUT, PLACE_FILE, SMPLX, SOURCE, TRIANGLES
from .garment_summary import next_step, summary
from .garment_update import update_draft
from .progress import progress_bar

if TYPE_CHECKING:
    from dressform.authoring.draft import Draft
    from dressform.authoring.steps.import_mesh import ImportOptions
    from dressform.authoring.steps.unwrap import UnwrapOptions
    from dressform.schemas.progress import Progress

Result = TypeVar("Result")


@click.group(cls=click.RichGroup)
def garment() -> None:
    """Make garment templates from meshes.

    Example: dressform garment build shirt.glb -o drafts/shirt --category tee --color navy
    """


garment.add_command(meshes)
garment.add_command(learn)


@garment.command()
@SOURCE
@OUT
@IMPORT
@LOOK
@click.option("--steps", help="Only these, comma-separated: import,clean,unwrap,place,rig,lod,preview.")
@click.option("--no-turntable", is_flag=True, help="Leave the turntable video out.")
@TRIANGLES
@PLACE_FILE
@SMPLX
@JSON
def build(
    source: Path,
    folder: Path,
    steps: str | None,
    triangles: int | None,
    place_file: Path | None,
    no_turntable: bool,
    smplx: Path | None,
    as_json: bool,
    color: str | None,
    stripe: str | None,
    fresh_atlas: bool,
    **stated: Any,
) -> None:
    """Run every step on a mesh: .obj .glb .gltf .usd .usda .usdc .usdz .fbx .mhclo .ply .stl.

    Example: dressform garment build shirt.usd -o drafts/shirt --category tee --units cm --licence CC0-1.0
    """
    from dressform.authoring.build import STEPS, BuildOptions
    from dressform.authoring.build import build as run
    from dressform.authoring.steps.clean import CleanOptions
    from dressform.authoring.steps.place import read_corrections
    from dressform.authoring.steps.preview import PreviewOptions

    options = BuildOptions(
        clean=CleanOptions(triangles=triangles),
        place_corrections=None if place_file is None else read_corrections(place_file),
        source=_import_options(stated),
        unwrap=_unwrap_options(color, stripe, fresh_atlas),
        preview=PreviewOptions(turntable=not no_turntable),
        steps=STEPS if steps is None else tuple(word.strip() for word in steps.split(",") if word.strip()),
        smplx=smplx,
    )
    result = _with_bar("build", lambda progress: run(source, folder, options, progress))
    if as_json:
        click.echo(json.dumps(result.to_json(), indent=2))
        return
    for step in result.steps:
        click.echo(f"{step.step:<8} {step.seconds:6.1f} s  {summary(step.step, step.report)}")
        if step.step == "import":
            for line in conversion_lines(step.report, verbose=False):
                click.echo(f"{'':<19}{line}")
    reports = {step.step: step.report for step in result.steps}
    click.echo(f"draft in {folder}, {result.seconds:.1f} s{next_step(folder, reports)}")


@garment.command("import")
@SOURCE
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path), help="Folder of the draft.")
@IMPORT
@click.option(
    "--update",
    "edited",
    type=click.Path(path_type=Path),
    metavar="DRAFT",
    help="SOURCE is an edited export of this draft, which takes the edit in and keeps what is still true.",
)
@click.option("--keep-rig-mm", type=float, help="With --update: points that moved less keep their rig (5 mm).")
@click.option("--rebuild", is_flag=True, help="With --update: run the steps again that the edit took back.")
@click.option("--verbose", is_flag=True, help="List all that was kept, converted and dropped.")
@JSON
def import_command(
    source: Path,
    folder: Path | None,
    edited: Path | None,
    keep_rig_mm: float | None,
    rebuild: bool,
    verbose: bool,
    as_json: bool,
    **stated: Any,
) -> None:
    """Read a mesh file into a draft, in metres and z up; the source is kept untouched beside it.

    With --update the file is an edited export of a draft: points, UVs, weights and materials are taken over, and the
    report says which steps stand and which must be redone.

    Example: dressform garment import shirt.obj -o drafts/shirt --units cm --up y
    """
    from dressform.authoring.steps.import_mesh import import_mesh

    if edited is not None:
        update_draft(source, edited, folder, keep_rig_mm, stated, rebuild=rebuild, as_json=as_json)
        return
    if folder is None or rebuild or keep_rig_mm is not None:
        raise click.UsageError("needed -o DRAFT for a new draft, or --update DRAFT (with --rebuild, --keep-rig-mm)")
    options = _import_options(stated)
    draft = _with_bar("import", lambda progress: import_mesh(source, folder, options, progress))
    _show(draft, "import", as_json)
    if not as_json:
        for line in conversion_lines(draft.report("import"), verbose=verbose):
            click.echo(line)


@garment.command()
@DRAFT
@click.option("--weld", type=float, default=1e-5, show_default=True, help="Join border points closer than this [m].")
@click.option("--thinnest", type=float, default=1e-5, show_default=True, help="Mend triangles thinner than this [m].")
@click.option("--sew", type=float, default=3e-4, show_default=True, help="Sew panels whose borders are this close [m].")
@TRIANGLES
@JSON
def clean(draft: Path, weld: float, thinnest: float, sew: float, triangles: int | None, as_json: bool) -> None:
    """Weld, sew panels, remove debris, orient, find thick cloth, name pieces; every change is counted.

    Example: dressform garment clean drafts/shirt --weld 0.0005
    """
    from dressform.authoring.draft import Draft
    from dressform.authoring.steps.clean import CleanOptions
    from dressform.authoring.steps.clean import clean as run

    options = CleanOptions(weld, thinnest, sew, triangles)
    _show(_with_bar("clean", lambda progress: run(Draft.open(draft), options, progress)), "clean", as_json)


@garment.command()
@DRAFT
@LOOK
@JSON
def unwrap(draft: Path, color: str | None, stripe: str | None, fresh_atlas: bool, as_json: bool) -> None:
    """Make the atlas UV1 (see uv.png), and a fabric where there is no texture; the artist's UVs stay as UV0.

    Example: dressform garment unwrap drafts/shirt --color "#2f4858" --stripe white
    """
    from dressform.authoring.draft import Draft
    from dressform.authoring.steps.unwrap import unwrap as run

    options = _unwrap_options(color, stripe, fresh_atlas)
    _show(_with_bar("unwrap", lambda progress: run(Draft.open(draft), options, progress)), "unwrap", as_json)


@garment.command()
@DRAFT
@click.option("--keep", is_flag=True, help="Leave the garment where it is.")
@click.option("--translate", type=float, nargs=3, help="Move it after the fit: x y z [m].")
@click.option("--rotate", type=float, nargs=3, help="Turn it about its middle: x y z [degrees].")
@click.option("--scale", type=float, help="Scale it by this, instead of what is found.")
@click.option("--arm-angle", type=float, help="Angle of its sleeves below the horizontal [degrees].")
@click.option("--yaw", type=float, help="Turn that makes its front look forward, instead of what is found [degrees].")
@click.option("--gap", type=float, help="Smallest distance between cloth and skin [m].")
@PLACE_FILE
@click.option("--reset", is_flag=True, help="Forget the corrections of earlier runs.")
@JSON
def place(
    draft: Path,
    keep: bool,
    translate: tuple[float, ...] | None,
    rotate: tuple[float, ...] | None,
    scale: float | None,
    arm_angle: float | None,
    yaw: float | None,
    place_file: Path | None,
    gap: float | None,
    reset: bool,
    as_json: bool,
) -> None:
    """Bring the garment onto the canonical body (see place.png); corrections stay for the next run.

    Example: dressform garment place drafts/shirt --translate 0 0.01 -0.02
    """
    from dressform.authoring.build import place_defaults
    from dressform.authoring.draft import Draft
    from dressform.authoring.steps.place import PlaceOptions, read_corrections
    from dressform.authoring.steps.place import place as run

    given = {
        "keep": keep or None,
        "translate": None if translate is None else list(translate),
        "rotate_deg": None if rotate is None else list(rotate),
        "scale": scale,
        "arm_angle_deg": arm_angle,
        "yaw_deg": yaw,
        "gap": gap,
    }
    filed = {} if place_file is None else read_corrections(place_file)
    stated = {name: value for name, value in given.items() if value is not None}
    corrections = {**(given if reset else {}), **filed, **stated}

    def work(progress: Progress) -> Draft:
        opened = Draft.open(draft)
        return run(opened, place_defaults(opened, PlaceOptions()), corrections=corrections, progress=progress)

    _show(_with_bar("place", work), "place", as_json)


@garment.command()
@DRAFT
@click.option("--fabric", help="A fabric by name, or a fabric file; by default the draft's own, else jersey.")
@click.option("--hold", default="none", show_default=True, help="top keeps the highest opening where it is; or none.")
@click.option("--frames", type=int, default=240, show_default=True, help="Of 1/60 s, at most.")
@JSON
def drape(draft: Path, fabric: str | None, hold: str, frames: int, as_json: bool) -> None:
    """Let the garment settle on the canonical body as its cloth would (see drape.png); needs the extra [sim].

    Example: dressform garment drape drafts/skirt --fabric denim --hold top
    """
    from dressform.authoring.draft import Draft
    from dressform.authoring.steps.drape import DrapeStepOptions
    from dressform.authoring.steps.drape import drape_draft as run

    options = DrapeStepOptions(fabric, hold, frames)
    _show(_with_bar("drape", lambda progress: run(Draft.open(draft), options, progress)), "drape", as_json)


@garment.command()
@DRAFT
@click.option(
    "--mask", type=click.Path(path_type=Path), help="PNG over the UVs: white or green copies, black or red inpaints."
)
@click.option(
    "--mask-uv", type=click.Choice(["0", "1"]), help="UV set the mask is painted over; UV0 where there is one."
)
@click.option("--override", type=click.Path(path_type=Path), help="JSON of regions: docs/command-line.md says how.")
@click.option("--reset", is_flag=True, help="Forget the corrections of earlier runs.")
@click.option("--sweep", help="Bodies and poses to try: full (the default), quick or none.")
@click.option("--no-tune", is_flag=True, help="Leave the weights as carried over, not tuned over poses.")
@SMPLX
@JSON
def rig(
    draft: Path,
    mask: Path | None,
    mask_uv: str | None,
    override: Path | None,
    reset: bool,
    sweep: str | None,
    no_tune: bool,
    smplx: Path | None,
    as_json: bool,
) -> None:
    """Give the garment skin weights, its binding to the body, and the mask of the skin it covers.

    See rig_match.png for where weights come from, rig_weights.png for what each place follows, and rig_worst.png for
    the worst pose. Corrections stay for the next run. With --smplx alone, a rigged draft keeps its rig and gets a
    second one, for avatars of SMPL-X.

    Example: dressform garment rig drafts/shirt --mask armpits.png --override collar.json
    """
    from dressform.authoring.draft import Draft
    from dressform.authoring.steps.rig import RigOptions, new_corrections
    from dressform.authoring.steps.rig import rig as run

    options, opened = RigOptions(tune=not no_tune, sweep=sweep or "full"), Draft.open(draft)
    corrections = new_corrections(opened, mask, None if mask_uv is None else int(mask_uv), override, reset=reset)
    if smplx is None or not opened.has("rig") or sweep or no_tune or corrections is not None:
        opened = _with_bar("rig", lambda progress: run(opened, options, corrections=corrections, progress=progress))
        _show(opened, "rig", as_json and smplx is None)
    if smplx is not None:
        _add_smplx(opened, smplx, as_json)


def _add_smplx(draft: Draft, model: Path, as_json: bool) -> None:
    """Rig a rigged draft to SMPL-X as well, and print what came of it."""
    from dressform.authoring.steps.rig_smplx import STEP, rig_smplx

    _show(_with_bar(STEP, lambda progress: rig_smplx(draft, model, progress=progress)), STEP, as_json)


@garment.command()
@DRAFT
@click.option("--ratios", default="0.5,0.2", show_default=True, help="Triangles of each level over the garment's.")
@JSON
def lod(draft: Path, ratios: str, as_json: bool) -> None:
    """Make levels of detail (see lod.png): coarser meshes with the same UVs, seams, openings and rig.

    Example: dressform garment lod drafts/shirt --ratios 0.5,0.2
    """
    from dressform.authoring.draft import Draft
    from dressform.authoring.steps.lod import LodOptions
    from dressform.authoring.steps.lod import lod as run
    from dressform.schemas.errors import UsageError

    try:
        options = LodOptions(tuple(float(word) for word in ratios.split(",")))
    except ValueError:
        raise UsageError(f"--ratios {ratios!r} must be numbers with commas between, e.g. 0.5,0.2") from None
    _show(_with_bar("lod", lambda progress: run(Draft.open(draft), options, progress)), "lod", as_json)


@garment.command()
@DRAFT
@click.option("--height", type=int, default=720, show_default=True, help="Of preview.png [px].")
@click.option("--no-turntable", is_flag=True, help="Leave the turntable video out.")
@JSON
def preview(draft: Path, height: int, no_turntable: bool, as_json: bool) -> None:
    """Render preview.png and turntable.mp4.

    Example: dressform garment preview drafts/shirt --height 1080
    """
    from dressform.authoring.draft import Draft
    from dressform.authoring.steps.preview import PreviewOptions
    from dressform.authoring.steps.preview import preview as run

    options = PreviewOptions(height=height, turntable=not no_turntable)
    _show(_with_bar("preview", lambda progress: run(Draft.open(draft), options, progress)), "preview", as_json)


@garment.command()
@DRAFT
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The file; its ending says what.")
@click.option("--size", default="M", show_default=True, help="Which size.")
@click.option("--lod", type=int, default=0, show_default=True, help="Level of detail; 0 is the garment itself.")
@click.option("--no-skin", is_flag=True, help="Leave skeleton and weights out.")
def export(draft: Path, output: Path, size: str, lod: int, no_skin: bool) -> None:
    """Write the garment as one file for any 3D tool: skinned, with all its looks.

    Example: dressform garment export drafts/shirt -o shirt.glb
    """
    from dressform.authoring.draft import Draft
    from dressform.authoring.steps.export import export as run

    click.echo(run(Draft.open(draft), output, size=size, lod=lod, skin=not no_skin))


def _import_options(stated: dict[str, Any]) -> ImportOptions:
    from dressform.authoring.steps.import_mesh import ImportOptions

    return ImportOptions(**{name: value for name, value in stated.items() if value is not None})


def _unwrap_options(color: str | None, stripe: str | None, fresh_atlas: bool) -> UnwrapOptions:
    from dressform.authoring.steps.unwrap import UnwrapOptions

    return UnwrapOptions(color=color, stripe=stripe, fresh=fresh_atlas)


def _with_bar(title: str, work: Callable[[Progress], Result]) -> Result:
    """Run work under a progress bar, with nothing but its result on stdout."""

    with progress_bar(title) as progress:
        return work(progress)


def _show(draft: Draft, step: str, as_json: bool) -> None:
    """Print what a step reports: a line, or JSON."""
    entry = next(entry for entry in draft.steps if entry["step"] == step)
    if as_json:
        report = {"draft": str(draft.folder), "step": step, "seconds": entry["seconds"], "report": entry["report"]}
        click.echo(json.dumps(report, indent=2))
    else:
        click.echo(f"{step}: {summary(step, entry['report'])}")
