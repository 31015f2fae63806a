"""Simulated garments as USD: meshes whose points are sampled over time."""

from __future__ import annotations

import importlib.util
import json
import tempfile
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from dressform.assets.atomic import replacing
from dressform.assets.files.cloth_clip import ClothClip
from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.glb_buffer import turned
from dressform.schemas.errors import InputError, UsageError
from dressform.schemas.progress import Progress, silent

SUFFIXES = (".usda", ".usdc", ".usd")


def write_usd_clip(path: Path, clip: ClothClip, meshes: list[GarmentMesh], progress: Progress = silent) -> None:
    """Write a clip as one mesh a garment, in metres and y up; time codes are frames.

    A .usda is written as text, frame by frame, and needs nothing installed; the binary forms need usd-core.

    Args:
        path: Ends in one of `SUFFIXES`.
        clip: The clip.
        meshes: Its garments' meshes, in its order.
        progress: Told how far it is.
    """
    check_usd_target(path)
    if path.suffix.lower() == ".usda":
        with replacing(path) as text:
            _write(text, clip, meshes, progress)
        return
    from pxr import Sdf

    with replacing(path) as binary, tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        text = Path(scratch) / "clip.usda"
        _write(text, clip, meshes, progress)
        whole = Path(scratch) / f"clip{path.suffix.lower()}"
        if not Sdf.Layer.FindOrOpen(str(text)).Export(str(whole)):
            raise InputError(f"{path} could not be written by usd-core; write a .usda instead")
        whole.replace(binary)


def check_usd_target(path: Path) -> None:
    """Raise before any work when a clip cannot be written to this path."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path} must end in one of {', '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist; make it first")
    if path.suffix.lower() != ".usda" and importlib.util.find_spec("pxr") is None:
        raise InputError(f"{path}: binary USD needs usd-core; run `pip install 'dressform[usd]'` or write a .usda")


def _write(path: Path, clip: ClothClip, meshes: list[GarmentMesh], progress: Progress) -> None:
    starts = np.cumsum([0, *(garment.points for garment in clip.garments)])
    with path.open("w", encoding="ascii") as file:
        file.write(
            f'#usda 1.0\n(\n    defaultPrim = "clip"\n    metersPerUnit = 1\n    upAxis = "Y"\n'
            f"    startTimeCode = 0\n    endTimeCode = {clip.frames - 1}\n"
            f"    timeCodesPerSecond = {clip.fps:g}\n    framesPerSecond = {clip.fps:g}\n)\n\n"
            'def Xform "clip" (\n    kind = "component"\n)\n{\n'
        )
        for own, (garment, mesh) in enumerate(zip(clip.garments, meshes, strict=True)):
            _write_mesh(file, f"garment_{own + 1}", garment.name, mesh)
            for frame in range(clip.frames):
                points = turned(clip.frame(frame).garments[own])
                file.write(f"            {frame}: {_tuples(points)},\n")
                progress((int(starts[own]) + (frame + 1) / clip.frames * garment.points) / int(starts[-1]), "USD")
            file.write("        }\n    }\n")
        file.write("}\n")


def _write_mesh(file: TextIO, prim: str, name: str, mesh: GarmentMesh) -> None:
    """Write a mesh up to where its samples begin."""
    counts = ", ".join(["3"] * len(mesh.faces))
    corners = ", ".join(map(str, mesh.faces.reshape(-1).tolist()))
    file.write(
        f'    def Mesh "{prim}"\n    {{\n        custom string garment = {json.dumps(name)}\n'
        f"        int[] faceVertexCounts = [{counts}]\n        int[] faceVertexIndices = [{corners}]\n"
        '        uniform token subdivisionScheme = "none"\n        uniform bool doubleSided = 1\n'
    )
    if mesh.uv0 is not None and mesh.uv0_faces is not None:
        places = ", ".join(map(str, mesh.uv0_faces.reshape(-1).tolist()))
        file.write(
            f"        texCoord2f[] primvars:st = {_tuples(mesh.uv0)} (\n            interpolation = "
            f'"faceVarying"\n        )\n        int[] primvars:st:indices = [{places}]\n'
        )
    file.write("        point3f[] points.timeSamples = {\n")


def _tuples(rows: NDArray[np.floating]) -> str:
    """Return numbers [N, K] as USD spells them."""
    return "[" + ", ".join("(" + ", ".join(f"{value:.7g}" for value in row) + ")" for row in rows.tolist()) + "]"
