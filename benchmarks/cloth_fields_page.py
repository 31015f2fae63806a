"""The page about fields: plain skinning, the field and the simulation side by side, with the figures under them."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dressform.assets.atomic import write_bytes
from dressform.assets.files.garment import GarmentMesh
from dressform.assets.template_version import TemplateVersion
from dressform.authoring.learn.gather import Dressed
from dressform.authoring.learn.learn import BODY
from dressform.authoring.learn.plan import Split
from dressform.authoring.learn.samples import Sample, SampleSet
from dressform.authoring.learn.score import Gauge
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.render.garment_scene import garment_counts, garment_scene
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial
from dressform.schemas.documents import load_json
from dressform.schemas.field import Scores

from .wardrobe_pictures import jpeg_within

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]

TILE = (200, 300)  # [px]
SHEET_BYTES = 400_000
SHOWN: dict[Split, int] = {"poses": 3, "bodies": 3}  # unseen poses of each kind
_BODY = (158, 160, 164)  # sRGB of a dress form
_LINE = 20  # [px] of text
_FOV = math.radians(20)
_YAW = math.radians(25)  # the camera stands to the wearer's left of the front
_MARGIN = 1.25
_KINDS = ("plain skinning", "field", "simulation")


def write_page(
    page: Path,
    garments: Sequence[tuple[str, TemplateVersion, Mapping[Split, Scores]]],
    sets: Mapping[str, SampleSet],
    table: Sequence[str],
    others: Sequence[TemplateVersion] = (),
) -> None:
    """Write the page, and its pictures into `images/fields` beside it.

    Args:
        page: A Markdown file.
        garments: Name in the set, the version with its field, and its scores.
        sets: The set, by garment.
        table: Lines of the table of bars.
        others: Versions that are not judged here: their cards' own scores are shown; their samples are in `sets` too.
    """
    images = page.parent / "images" / "fields"
    lines = [*_HEAD, *table, "", *_scores_head()]
    lines += [_scores_line(name, split, own) for name, _, scores in garments for split, own in scores.items()]
    lines += ["", *_OTHERS, "", *_scores_head()] if others else []
    for version in others:
        card = load_json(version.file(f"field.{BODY}.json"))
        lines += [_scores_line(version.name, split, own) for split, own in card["held_out"].items()]
    for name, version in [*((name, version) for name, version, _ in garments), *((each.name, each) for each in others)]:
        write_bytes(images / f"{name}.jpg", jpeg_within(sheet(sets[name], version), SHEET_BYTES))
        where = Path(os.path.relpath(images, page.parent)).as_posix()
        title = name.replace("-", " ").capitalize()
        lines += ["", f"## {title}", "", f"![{title}: {', '.join(_KINDS)}]({where}/{name}.jpg)"]
    write_bytes(page, ("\n".join(lines) + "\n").encode())


def sheet(samples: SampleSet, version: TemplateVersion) -> Picture:
    """Return six unseen poses, each by plain skinning, by the field and as simulated, uint8 [H, W, 3]."""
    field = version.field()
    blocks = []
    for split, count in SHOWN.items():
        chosen = samples.samples.of(split)
        numbers = np.unique(np.linspace(0, len(chosen) - 1, count).round().astype(int))
        for sample in (chosen[int(number)] for number in numbers):
            rest = samples.rest(sample.body)
            transforms = rest.skin_transforms(sample.pose)
            plain, learned = (Dressed(samples, rest, sample.size, each).worn(transforms) for each in (None, field))
            gauge = Gauge(samples.meshes[sample.size])
            off = [1e3 * float(gauge.errors(worn[-1], sample.points).mean()) for worn in (plain, learned)]
            meshes = [
                *(below.meshes[below.size_like(sample.size)] for below in samples.below),
                version.mesh(sample.size),
            ]
            tiles = _tiles(rest, sample, meshes, (plain, learned, [*sample.below, sample.points]))
            captions = [f"{kind} {error:.1f} mm" for kind, error in zip(_KINDS, off, strict=False)] + [_KINDS[2]]
            blocks.append(_block(tiles, f"{sample.body}, size {sample.size}", captions))
    rows = [np.concatenate(blocks[k : k + 2], axis=1) for k in range(0, len(blocks) - len(blocks) % 2, 2)]
    return np.concatenate(rows)


def _tiles(
    rest: RestBody, sample: Sample, meshes: Sequence[GarmentMesh], worn: Sequence[Sequence[Floats]]
) -> list[Picture]:
    """Return a picture of each way of wearing garments, from the same place."""
    body, posed = rest.body, rest.posed_vertices(sample.pose)
    skin = SurfaceMaterial(np.full((4, 4, 3), _BODY, np.uint8), roughness=0.7)
    scene = [SceneMesh("body", body.faces, body.uv, body.uv_faces, skin)]
    counts = [len(posed)]
    for mesh in meshes:
        scene += garment_scene(mesh, "garment")
        counts += garment_counts(mesh)
    renderer = Renderer(scene, counts, size=TILE, preset="quality")
    low, high = sample.points.min(axis=0), sample.points.max(axis=0)
    middle = ((low + high) / 2).astype(np.float64)
    tall = max(float(high[2] - low[2]), float(np.linalg.norm((high - low)[:2])) * TILE[1] / TILE[0])
    distance = 0.5 * _MARGIN * tall / math.tan(_FOV / 2)
    eye = middle + distance * np.array([math.sin(_YAW), -math.cos(_YAW), 0.08])
    camera = Camera.look_at(eye, middle, _FOV, TILE)
    tiles = []
    for parts in worn:
        renderer.set_vertices(np.concatenate([posed, *parts]))
        tiles.append(renderer.render(camera, Lighting.studio(), Background.studio()).copy().rgb)
    return tiles


def _block(tiles: Sequence[Picture], title: str, captions: Sequence[str]) -> Picture:
    width, height = TILE
    block = Image.new("RGB", (width * len(tiles), height + 2 * _LINE), (250, 250, 248))
    draw, font = ImageDraw.Draw(block), ImageFont.load_default(13)
    draw.text((6, 3), title, (60, 60, 60), font)
    for k, (tile, caption) in enumerate(zip(tiles, captions, strict=True)):
        block.paste(Image.fromarray(tile), (k * width, _LINE))
        draw.text((k * width + 6, height + _LINE + 3), caption, (60, 60, 60), font)
    return np.asarray(block, np.uint8)


def _scores_head() -> list[str]:
    cells = [
        "garment",
        "on",
        "samples",
        "field, mean / p95 [mm]",
        "plain skinning [mm]",
        "penetrating before → after [%]",
    ]
    cells += ["stretch mean / p95 [%]", "crossing pairs", "bending over the simulation's"]
    return [f"| {' | '.join(cells)} |", "| --- | --- |" + " ---: |" * (len(cells) - 2)]


def _scores_line(name: str, split: Split, own: Scores) -> str:
    error, plain, push = own["error_mm"], own["plain_error_mm"], own["penetrating_percent"]
    cells = [
        name,
        split,
        str(own["samples"]),
        f"{error['mean']:.1f} / {error['p95']:.1f}",
        f"{plain['mean']:.1f} / {plain['p95']:.1f}",
        f"{push['before']:.2f} → {push['after']:.3f}",
        f"{own['stretch_percent']['mean']:.1f} / {own['stretch_percent']['p95']:.1f}",
        f"{own['crossing_pairs']:.1f}",
        f"{own['bending_ratio']:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


_OTHERS = (
    "Other garments, as their cards state them: on simulated poses and bodies that were kept from their",
    "training.",
)
_HEAD = (
    "# Fields",
    "",
    "A garment's learned field moves its cloth to where simulation would leave it. This page is written by",
    "`python -m dressform.benchmarks.cloth_fields --set FOLDER --page docs/fields.md`, on the frozen set of simulated",
    "cloth that `python -m dressform.benchmarks.cloth_set --out FOLDER` builds. No field was trained on any of it.",
    "Errors are distances to the simulation over the outer cloth, after push-out.",
    "",
    "How to train one: `dressform garment learn DRAFT`. What its card `field.<body>.json` says: the schema",
    "`schemas/field.schema.json`.",
    "",
)
