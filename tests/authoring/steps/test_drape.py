"""`garment drape`: an imported garment settles on the body by its own mesh."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, Part
from dressform.authoring.draft import Draft
from dressform.authoring.steps.drape import DrapeStepOptions, drape_draft
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.distance import Surface
from dressform.schemas.errors import AssetError, InputError, UsageError


def hanging(skirt: GarmentMesh, radius: float) -> GarmentMesh:
    """A tube around the hips with a button on it."""
    points = skirt.points.astype(np.float64)
    points -= (points.min(axis=0) + points.max(axis=0)) / 2
    points[:, :2] *= radius / np.linalg.norm(points[:, :2], axis=1).max()
    points[:, 2] += 1.10 - points[:, 2].max()
    button = np.array([[0.0, 0, 0], [0.012, 0, 0], [0, 0, 0.012], [0, -0.004, 0]])
    button += np.array([0.0, -radius - 0.006, 0.9])
    faces = np.array([[0, 1, 2], [0, 3, 1], [1, 3, 2], [2, 3, 0]], np.int32) + len(points)
    ids = np.concatenate([np.zeros(len(skirt.faces), np.int32), np.ones(4, np.int32)])
    return replace(
        skirt,
        points=np.concatenate([points, button]).astype(np.float32),
        faces=np.concatenate([skirt.faces, faces]),
        uv0=None,
        uv0_faces=None,
        uv1=None,
        uv1_faces=None,
        material_ids=np.zeros(len(ids), np.int32),
        parts=(Part("skirt"), Part("button", rigid=True)),
        part_ids=ids,
    )


def placed(folder: Path, mesh: GarmentMesh) -> Draft:
    manifest = {"name": "skirt", "category": "skirt", "sizes": {"M": {}}, "fabric": {"weight": 0.25}}
    return Draft.create(folder).commit_step("import", {}, {}, mesh=mesh, manifest=manifest).commit_step("place", {}, {})


def test_a_tube_hangs_from_its_held_waist_and_its_button_goes_along(tmp_path: Path, skirt: GarmentMesh) -> None:
    mesh = hanging(skirt, 0.24)
    before = placed(tmp_path / "skirt", mesh)
    done = drape_draft(before, DrapeStepOptions(hold="top"))
    assert Draft.open(tmp_path / "skirt").has("drape")
    assert (tmp_path / "skirt" / "drape.png").is_file()
    report, moved = done.report("drape"), done.mesh
    assert report["settled"]
    assert report["penetrating_percent"] == 0
    top = mesh.points[:, 2] > 1.095
    assert np.allclose(moved.points[top, 2], 1.10, atol=0.012)
    assert np.abs(moved.points - mesh.points)[: len(skirt.points)].max() > 0.0005
    button = slice(len(skirt.points), None)
    pairs = edges(mesh.faces[-4:]).vertices
    lengths = [np.linalg.norm(p[pairs[:, 0]] - p[pairs[:, 1]], axis=1) for p in (mesh.points, moved.points)]
    assert np.allclose(*lengths, atol=1e-5)
    cloth = Surface(moved.points[: len(skirt.points)], skirt.faces, sign="normal")
    assert cloth.closest(moved.points[button]).distances.max() < 0.03
    rest = canonical_rest()
    assert Surface(rest.vertices, rest.body.faces).signed_distance(moved.points[: len(skirt.points)]).min() > 0


def test_what_cannot_be_draped_is_said_and_nothing_written(tmp_path: Path, skirt: GarmentMesh) -> None:
    draft = Draft.create(tmp_path / "bare").commit_step("import", {}, {}, mesh=skirt, manifest={"sizes": {"M": {}}})
    with pytest.raises(AssetError, match="garment place"):
        drape_draft(draft)
    assert not Draft.open(draft.folder).has("drape")
    with pytest.raises(UsageError, match="--hold 'waist' must be one of none, top"):
        DrapeStepOptions(hold="waist")
    ready = placed(tmp_path / "ready", hanging(skirt, 0.24))
    with pytest.raises(UsageError, match="did you mean 'denim'"):
        drape_draft(ready, DrapeStepOptions(fabric="denin"))
    stated = ready.folder / "template.json"
    stated.write_text(json.dumps({**json.loads(stated.read_text()), "fabric": {"name": "felt", "weight": 180.0}}))
    with pytest.raises(InputError, match=r"weight is 180 kg/m², .* 180 g/m² is 0.18 kg/m²; correct `fabric` in its"):
        drape_draft(Draft.open(ready.folder))
    assert not Draft.open(ready.folder).has("drape")
