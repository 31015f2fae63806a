from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.authoring.draft import Draft
from dressform.authoring.steps import _place_relax
from dressform.authoring.steps._place_articulate import JointedBody
from dressform.authoring.steps._place_limbs import unposed
from dressform.authoring.steps._place_openings import find_openings
from dressform.authoring.steps._place_options import PlaceOptions, judge
from dressform.authoring.steps._place_search import search
from dressform.authoring.steps._place_seeds import arm_poses
from dressform.authoring.steps.clean import clean
from dressform.authoring.steps.import_mesh import ImportOptions, import_mesh
from dressform.authoring.steps.place import place, place_mesh, read_corrections
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.body.skinning import skin
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals
from dressform.schemas.errors import InputError, UsageError

GAP = 0.010  # [m] of the test shirt from the skin


@pytest.fixture(scope="module")
def rest() -> RestBody:
    return canonical_rest()


def body_part(rest: RestBody, keep: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the vertex numbers and the triangles of the body's points where `keep` holds."""
    faces = rest.body.faces[keep[rest.body.faces].all(axis=1)]
    used, compact = np.unique(faces, return_inverse=True)
    return used, compact.reshape(-1, 3).astype(np.int32)


def shirt_region(rest: RestBody) -> np.ndarray:
    """Torso and upper arms between hips and neck base, by distance along the arm."""
    points, joints = rest.vertices, rest.canonical_joints()
    body = rest.body
    dominant = body.joint_indices[np.arange(len(points)), body.joint_weights.argmax(axis=1)]
    names = "pelvis spine1 spine2 spine3 left_collar right_collar left_shoulder right_shoulder left_hip right_hip neck"
    inside = np.isin(rest.rig.segment_of_bone[dominant], [JOINT_INDEX[name] for name in names.split()])
    neckline = joints[JOINT_INDEX["neck"], 2] - 0.045 - 0.5 * (joints[JOINT_INDEX["neck"], 1] + 0.06 - points[:, 1])
    along = np.zeros(len(points))
    for side in ("left", "right"):
        shoulder, elbow = joints[JOINT_INDEX[f"{side}_shoulder"]], joints[JOINT_INDEX[f"{side}_elbow"]]
        way = (elbow - shoulder) / np.linalg.norm(elbow - shoulder)
        along = np.where((points[:, 0] > 0) == (side == "left"), (points - shoulder) @ way, along)
    far_out = np.abs(points[:, 0]) > joints[JOINT_INDEX["left_shoulder"], 0]
    return inside & (points[:, 2] > 0.93) & (points[:, 2] < neckline) & ~(far_out & (along > 0.17))


@pytest.fixture(scope="module")
def shirt(rest: RestBody) -> GarmentMesh:
    used, faces = body_part(rest, shirt_region(rest))
    points = (rest.vertices + GAP * vertex_normals(rest.vertices, rest.body.faces))[used]
    return garment(points, faces)


def garment(points: np.ndarray, faces: np.ndarray) -> GarmentMesh:
    ids = np.zeros(len(faces), np.int32)
    return GarmentMesh(points.astype(np.float32), faces, None, None, None, None, (Material(),), ids)


def level(rest: RestBody) -> JointedBody:
    """The body with level arms."""
    return arm_poses(rest)["level"]


def elsewhere(rest: RestBody, shirt: GarmentMesh) -> tuple[GarmentMesh, np.ndarray]:
    """Return the shirt as another artist might have modelled it: in a T-pose, seen from behind, off the ground."""
    posed = level(rest)
    used, _ = body_part(rest, shirt_region(rest))
    normals = vertex_normals(posed.points, rest.body.faces)
    points = (posed.points + GAP * normals)[used]
    return garment(points * (-1, -1, 1) + (0.4, 0.3, -1.1), shirt.faces), points


def test_openings_are_named_by_place(shirt: GarmentMesh) -> None:
    found = {opening.kind: opening for opening in find_openings(shirt.points, shirt.faces, "tee")}
    assert set(found) == {"neck", "hem", "left_sleeve", "right_sleeve"}
    assert found["left_sleeve"].center[0] > 0.2 > -0.2 > found["right_sleeve"].center[0]
    assert found["neck"].normal[2] > 0.5
    assert found["hem"].normal[2] < -0.9
    assert found["left_sleeve"].normal[0] > 0.3


def test_front_is_found_from_the_side(rest: RestBody, shirt: GarmentMesh) -> None:
    turn = np.pi / 2
    c, s = np.cos(turn), np.sin(turn)
    points = shirt.points @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    found = search(points.astype(np.float64), shirt.faces, "tee", rest)
    assert np.linalg.norm(found.fit.stand.apply(points) - shirt.points, axis=1).mean() < 0.015
    assert {o.kind for o in found.openings} >= {"left_sleeve", "right_sleeve"}


def test_a_garment_on_the_body_stays_as_it_is(rest: RestBody, shirt: GarmentMesh) -> None:
    placed = place_mesh(shirt, "tee", rest)
    assert placed.report.kept
    assert placed.mesh.points is shirt.points
    assert placed.confidence > 0.9


def test_a_garment_from_elsewhere_lands_on_the_body(rest: RestBody, shirt: GarmentMesh) -> None:
    away, _ = elsewhere(rest, shirt)
    placed = place_mesh(away, "tee", rest, PlaceOptions(scale=1.0))
    report = placed.report
    assert not report.kept
    assert abs(report.yaw_deg) == pytest.approx(180)
    assert report.limb_turns_deg is not None
    assert report.limb_turns_deg["left_shoulder"] > 25  # its arms were level, the body's hang
    off = np.linalg.norm(placed.mesh.points - shirt.points, axis=1)
    assert np.quantile(off, 0.9) < 0.03
    assert np.median(off) < 0.016
    outside = Surface(rest.vertices, rest.body.faces).signed_distance(placed.mesh.points)
    assert outside.min() > 0.003
    assert report.inside_after == 0.0
    assert report.stretch_p95 < 0.15
    again = place_mesh(placed.mesh, "tee", rest)
    assert again.report.kept


def test_a_smaller_garment_is_scaled_and_says_so(rest: RestBody, shirt: GarmentMesh) -> None:
    small = garment(shirt.points * 0.8, shirt.faces)
    report = place_mesh(small, "tee", rest).report
    assert 1.1 < report.scale < 1.3
    assert "scaled by" in report.reason


def test_artist_moves_what_was_found(rest: RestBody, shirt: GarmentMesh) -> None:
    found = place_mesh(shirt, "tee", rest, PlaceOptions(scale=1.0, yaw_deg=0.0, gap=0.0))
    moved = place_mesh(shirt, "tee", rest, PlaceOptions(scale=1.0, yaw_deg=0.0, gap=0.0, translate=(0, 0, 0.02)))
    way = (moved.mesh.points - found.mesh.points).mean(axis=0)
    assert way[2] == pytest.approx(0.02, abs=0.008)
    assert abs(way[0]) < 0.003
    kept = place_mesh(garment(shirt.points + np.array([0, 0, 5]), shirt.faces), "tee", rest, PlaceOptions(keep=True))
    assert kept.mesh.points[0, 2] > 4


def test_what_fits_nowhere_gets_a_low_confidence_and_words_that_help(rest: RestBody) -> None:
    tile = np.array([(0, 0, 3), (0.3, 0, 3), (0.3, 0.3, 3), (0, 0.3, 3)], np.float32)
    placed = place_mesh(garment(tile, np.array([(0, 1, 2), (0, 2, 3)], np.int32)), "gloves", rest)
    assert placed.confidence < 0.5
    assert "`dressform garment place DRAFT --yaw ANGLE`" in placed.report.reason


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"shift": 1}, "no option 'shift'"),
        ({"translate": [1, 2]}, "three numbers"),
        ({"scale": 0}, "from 0.01 to 100"),
        ({"scale": float("nan")}, "scale needs a number"),
        ({"keep": 1}, "true or false"),
    ],
)
def test_wrong_corrections_are_named(values: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        PlaceOptions.from_mapping(values, "overrides/place.json")


def test_points_that_are_not_finite_are_refused(rest: RestBody, shirt: GarmentMesh) -> None:
    broken = shirt.points.copy()
    broken[3] = np.nan
    with pytest.raises(InputError, match="not finite"):
        place_mesh(garment(broken, shirt.faces), "tee", rest)


def test_judgement_is_the_product_and_names_the_weakest_first() -> None:
    from dressform.authoring.steps._place_options import Evidence

    confidence, reason = judge([Evidence(0.9, "good"), Evidence(0.5, "poor")])
    assert confidence == pytest.approx(0.45)
    assert reason == "poor; good"


def test_unposing_undoes_skinning(rest: RestBody) -> None:
    posed = level(rest)
    body = rest.body
    dense = np.zeros((len(rest.vertices), len(body.joint_names)))
    np.add.at(dense, (np.arange(len(dense))[:, None], body.joint_indices), body.joint_weights)
    back = unposed(posed.points, dense, posed.transforms)
    assert np.abs(back - rest.vertices).max() < 1e-4
    assert np.abs(posed.points - rest.vertices).max() > 0.2
    again = skin(rest.vertices, body.joint_indices, body.joint_weights, posed.transforms)
    assert np.array_equal(again, posed.points)


def grid(count: int, size: float) -> tuple[np.ndarray, np.ndarray]:
    """A flat square of cloth at z = 0."""
    x, y = np.meshgrid(np.linspace(-size, size, count), np.linspace(-size, size, count))
    points = np.stack([x.ravel(), y.ravel(), np.zeros(count * count)], axis=1)
    ids = np.arange(count * count).reshape(count, count)
    a, b, c, d = ids[:-1, :-1].ravel(), ids[:-1, 1:].ravel(), ids[1:, 1:].ravel(), ids[1:, :-1].ravel()
    return points, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)


def ball(radius: float, center: tuple[float, float, float]) -> _place_relax.Obstacle:
    turn, rise = np.meshgrid(np.linspace(0, 2 * np.pi, 49)[:-1], np.linspace(0.02, np.pi - 0.02, 30))
    around = np.stack([np.cos(turn) * np.sin(rise), np.sin(turn) * np.sin(rise), np.cos(rise)], axis=-1)
    points = (radius * around).reshape(-1, 3)
    ids = np.arange(points.shape[0]).reshape(30, 48)
    a, b = ids[:-1], np.roll(ids, -1, axis=1)[:-1]
    c, d = np.roll(ids, -1, axis=1)[1:], ids[1:]
    faces = np.concatenate([np.stack([a, d, c], -1).reshape(-1, 3), np.stack([a, c, b], -1).reshape(-1, 3)])
    cap = np.stack([ids[0], np.roll(ids[0], -1), np.full(48, len(points))], axis=1)
    base = np.stack([np.roll(ids[-1], -1), ids[-1], np.full(48, len(points) + 1)], axis=1)
    points = np.concatenate([points, [(0, 0, radius), (0, 0, -radius)]]) + center
    return _place_relax.Obstacle(points, np.concatenate([faces, cap, base]).astype(np.int32))


def test_cloth_lies_over_a_ball_without_cutting_it_and_hardly_stretches() -> None:
    points, faces = grid(31, 0.25)
    obstacle = ball(0.1, (0, 0, -0.06))
    gap = 0.004
    worn = _place_relax.relax(points, points, faces, obstacle, gap=gap, anchor=0.001, rounds=40)
    worn = _place_relax.push_out(worn, faces, obstacle, gap=gap)
    assert obstacle.surface.signed_distance(worn).min() > gap - 0.0005
    assert obstacle.surface.signed_distance(worn[faces].mean(axis=1)).min() > 0
    pairs = np.concatenate([faces[:, :2], faces[:, 1:]])
    ratio = np.linalg.norm(worn[pairs[:, 0]] - worn[pairs[:, 1]], axis=1)
    ratio /= np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
    assert np.quantile(np.abs(ratio - 1), 0.95) < 0.10  # a ball is doubly curved: some stretch there must be


def test_free_cloth_takes_back_its_own_shape() -> None:
    points, faces = grid(13, 0.2)
    reference = points + np.stack([0 * points[:, 0], 0 * points[:, 0], 0.02 * np.sin(20 * points[:, 0])], axis=1)
    crumpled = reference + np.random.default_rng(3).normal(0, 0.004, reference.shape)
    smooth = _place_relax.relax(crumpled, reference, faces, ball(0.05, (0, 0, 9)), anchor=1e-3, rounds=30)
    assert np.abs(smooth - reference).mean() < 0.3 * np.abs(crumpled - reference).mean()


def test_push_out_leaves_far_cloth_alone() -> None:
    points, faces = grid(41, 0.5)
    moved = _place_relax.push_out(points, faces, ball(0.1, (0, 0, -0.08)), gap=0.004)
    far = np.linalg.norm(points[:, :2], axis=1) > 0.3
    assert np.array_equal(moved[far], points[far])
    assert moved[np.argmin(np.linalg.norm(points, axis=1)), 2] > 0.023


def test_the_step_keeps_corrections_in_the_draft(tmp_path: Path, rest: RestBody, shirt: GarmentMesh) -> None:
    draft = Draft.create(tmp_path / "shirt").commit_step(
        "import",
        {},
        {"on_canonical_body": False, "guessed": [], "other_units": []},
        mesh=shirt,
        manifest={"name": "shirt", "category": "tee"},
    )
    draft = place(draft)
    assert draft.report("place")["kept"]
    assert (draft.folder / "place.png").stat().st_size > 5000
    draft = place(draft, corrections={"keep": True})
    assert json.loads((draft.folder / "overrides" / "place.json").read_text()) == {"keep": True}
    draft = place(Draft.open(draft.folder))
    assert "left where it is" in draft.report("place")["reason"]
    place(draft, PlaceOptions(keep=True), corrections={"keep": None, "gap": 0.003})
    assert json.loads((draft.folder / "overrides" / "place.json").read_text()) == {"gap": 0.003}
    with pytest.raises(UsageError, match="no option"):
        place(draft, corrections={"turn": 3})


def test_running_again_starts_from_what_was_modelled(tmp_path: Path, rest: RestBody, shirt: GarmentMesh) -> None:
    away, _ = elsewhere(rest, shirt)
    source = tmp_path / "tee.obj"
    y_up = np.stack([away.points[:, 0], away.points[:, 2], -away.points[:, 1]], axis=1) * 100
    lines = ["v " + " ".join(f"{x:.4f}" for x in p) for p in y_up]
    lines += ["f " + " ".join(str(k + 1) for k in face) for face in away.faces]
    source.write_text("\n".join(lines) + "\n")
    options = ImportOptions(category="tee", units="cm", up="y")
    draft = clean(import_mesh(source, tmp_path / "draft", options))
    first = place(draft, corrections={"scale": 1.05, "yaw_deg": 180})
    again = place(first)
    assert again.report("place")["scale"] == pytest.approx(1.05)
    assert np.array_equal(again.mesh.points, first.mesh.points)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1]", "holds a list; needed a JSON object"),
        ("{", "is not JSON"),
        ('{"turn": 3}', "no option 'turn'"),
        ('{"yaw_deg": "left"}', "yaw_deg needs a number"),
        (None, "cannot be read"),
    ],
)
def test_a_broken_file_of_corrections_gets_one_line(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "mine.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=words) as caught:
        read_corrections(path)
    assert "\n" not in str(caught.value)
    assert "mine.json" in str(caught.value)


def test_corrections_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"yaw_deg": 180, "translate": [0, 0.01, 0], "scale": null}')
    assert read_corrections(path) == {"yaw_deg": 180, "translate": [0, 0.01, 0], "scale": None}
