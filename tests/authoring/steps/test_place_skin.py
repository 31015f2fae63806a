from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.authoring.draft import Draft
from dressform.authoring.steps import _place_relax
from dressform.authoring.steps._place_articulate import Stand
from dressform.authoring.steps._place_evidence import skin_evidence
from dressform.authoring.steps._place_hang import Hang
from dressform.authoring.steps._place_options import judge
from dressform.authoring.steps._place_overlay import poking_share, views
from dressform.authoring.steps._place_rigid import widened
from dressform.authoring.steps._place_wear import coarser, stretch_p95
from dressform.benchmarks.place_trials import garment, wearer
from dressform.cli import cli
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.geometry.distance import Surface


def mesh_of(points: np.ndarray, faces: np.ndarray) -> GarmentMesh:
    ids = np.zeros(len(faces), np.int32)
    return GarmentMesh(points.astype(np.float32), faces, None, None, None, None, (Material(),), ids)


@pytest.fixture(scope="module")
def beanie() -> tuple[np.ndarray, np.ndarray]:
    made = garment("beanie")
    return made.on(wearer("canonical", "rest")).astype(np.float64), made.faces


def test_a_tight_hat_grows_and_keeps_its_shape(beanie: tuple[np.ndarray, np.ndarray]) -> None:
    points, faces = beanie
    rest = canonical_rest()
    middle = points.mean(axis=0)
    tight = (points - middle) * 0.93 + middle - (0, 0, 0.004)
    body = Surface(rest.vertices, rest.body.faces)
    assert (body.signed_distance(tight) < 0).mean() > 0.1
    obstacle = _place_relax.Obstacle(rest.vertices, rest.body.faces)
    worn = widened(tight, faces, np.zeros(len(points), np.intp), obstacle, gap=0.0015)
    assert (body.signed_distance(worn) < 0).mean() < 0.01
    assert stretch_p95(worn, tight, faces) < 0.065
    centered = worn - worn.mean(axis=0)
    ratio = np.linalg.lstsq(tight - tight.mean(axis=0), centered, rcond=None)[0]
    assert np.abs(ratio - np.diag(np.diag(ratio))).max() < 1e-6  # nothing bent or sheared


def test_skin_through_a_hat_is_red_and_takes_confidence(beanie: tuple[np.ndarray, np.ndarray]) -> None:
    points, faces = beanie
    rest = canonical_rest()
    body = (rest.vertices, rest.body.faces)
    assert poking_share(*body, points, faces) == 0.0
    sunk = points - (0, 0.012, 0)
    share = poking_share(*body, sunk, faces)
    assert share > 0.05
    (picture,), broken = views(*body, sunk, faces, size=(140, 190), angles_deg=(180.0,))
    red = (picture == (232, 28, 60)).all(axis=2)
    assert red.sum() > 20
    assert broken > 0
    confidence, reason = judge(skin_evidence(0.1, share))
    assert confidence < 0.5
    assert "skin pokes through" in reason
    assert skin_evidence(0.0, 0.0) == []


def test_the_bodys_points_through_a_large_triangle_are_covered() -> None:
    rest = canonical_rest()
    obstacle = _place_relax.Obstacle(rest.vertices, rest.body.faces)
    crown = float(rest.vertices[:, 2].max())
    top = rest.vertices[rest.vertices[:, 2].argmax()].astype(np.float64)
    faces = np.array([(0, 1, 2)], np.int32)
    points = top + np.array([(-0.05, -0.05, -0.003), (0.05, -0.05, -0.003), (0.0, 0.06, -0.003)])
    corners, ways = _place_relax.poked_through(points, faces, obstacle, 0.001)
    assert set(corners.tolist()) == {0, 1, 2}
    assert ways[:, 2].max() > 0.0005
    clear = points + np.array((0, 0, 0.02))
    assert len(_place_relax.poked_through(clear, faces, obstacle, 0.001)[0]) == 0
    assert crown > 1.5


def test_a_skirt_hangs_where_its_waist_goes_round_the_body() -> None:
    made, rest = garment("skirt"), canonical_rest()
    points = made.on(wearer("canonical", "rest")).astype(np.float64)
    hang = Hang(points, made.faces, "skirt", rest)

    def cost(lift: float, scale: float = 1.0) -> float:
        return hang.cost(Stand(points.mean(axis=0), points.mean(axis=0) + np.array((0, 0, lift)), np.eye(3), scale))

    assert cost(0.0) < 0.05
    assert cost(0.3) > 1.0
    assert cost(-0.3) > 1.0
    assert cost(0.0, 1.4) > cost(0.0)
    assert Hang(points, made.faces, "hat", rest).cost(Stand(points[0], points[0] + 1.0, np.eye(3))) == 0.0


def test_a_fine_mesh_is_fitted_by_a_coarser_one() -> None:
    x, y = np.meshgrid(np.linspace(0, 1, 200), np.linspace(0, 1, 200))
    points = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    ids = np.arange(x.size).reshape(x.shape)
    a, b, c, d = (part.ravel() for part in (ids[:-1, :-1], ids[:-1, 1:], ids[1:, 1:], ids[1:, :-1]))
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)
    small, reduced, stands_for = coarser(points, faces)
    assert stands_for is not None
    assert len(small) <= 30_000
    assert np.linalg.norm(small[stands_for] - points, axis=1).max() < 0.02
    assert reduced.max() < len(small)
    assert coarser(points[:300], faces[:0])[2] is None


def test_a_file_of_corrections_on_the_command_line_stays_for_the_next_run(tmp_path: Path) -> None:
    made = garment("belt")
    draft = Draft.create(tmp_path / "belt").commit_step(
        "import",
        {},
        {"on_canonical_body": False, "guessed": [], "other_units": []},
        mesh=mesh_of(made.on(wearer("canonical", "rest")), made.faces),
        manifest={"name": "belt", "category": "accessory"},
    )
    corrections = tmp_path / "mine.json"
    corrections.write_text('{"keep": true, "gap": 0.002}')
    run = CliRunner()
    done = run.invoke(cli, ["garment", "place", str(draft.folder), "--place", str(corrections), "--json"])
    assert done.exit_code == 0, done.output
    corrections.unlink()
    again = run.invoke(cli, ["garment", "place", str(draft.folder), "--json"])
    assert again.exit_code == 0, again.output
    assert json.loads((draft.folder / "overrides" / "place.json").read_text()) == {"keep": True, "gap": 0.002}
    assert Draft.open(draft.folder).report("place")["reason"].startswith("left where it is")
    wrong = run.invoke(cli, ["garment", "place", str(draft.folder), "--place", str(corrections)])
    assert wrong.exit_code != 0
